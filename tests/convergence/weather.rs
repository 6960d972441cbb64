//! What a network does to an exchange between peers.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};

use everpage::sync::frame::FrameHead;
use everpage::sync::{Hello, InProcess, ItemHash, Outcome, Remote, RemoteError};

use crate::rng::Rng;

/// The end of a stream of frames.
pub const END: u8 = 0;

/// A peer behind a network of some quality.
pub struct Distant {
    peer: InProcess,
    /// So many of a hundred messages have a fate.
    foul: usize,
    rng: RefCell<Rng>,
    failed: Cell<bool>,
    acknowledged: RefCell<Vec<Outcome>>,
    /// Streams that were pushed and are still under way a second time.
    astray: RefCell<Vec<Vec<u8>>>,
}

enum Fate {
    Arrives,
    /// Nobody hears of it.
    Lost,
    /// It is done, and nobody hears that.
    Unanswered,
    /// It breaks off.
    Cut,
    /// It arrives, and then once more.
    Twice,
    /// It arrives, and a copy of it much later.
    Astray,
    /// It arrives in another order.
    Shuffled,
}

impl Distant {
    pub fn new(peer: InProcess, foul: usize, seed: u64) -> Self {
        Self {
            peer,
            foul,
            rng: RefCell::new(Rng::new(seed)),
            failed: Cell::new(false),
            acknowledged: RefCell::default(),
            astray: RefCell::default(),
        }
    }

    /// Tells whether the network gave a reason for an exchange to fail.
    pub fn failed(&self) -> bool {
        self.failed.get()
    }

    /// Returns what the peer said it has, and the streams that come again later.
    pub fn into_books(self) -> (Vec<Outcome>, Vec<Vec<u8>>) {
        (self.acknowledged.into_inner(), self.astray.into_inner())
    }

    fn fate(&self) -> Fate {
        let mut rng = self.rng.borrow_mut();
        if !rng.chance(self.foul) {
            return Fate::Arrives;
        }
        match rng.below(6) {
            0 => Fate::Lost,
            1 => Fate::Unanswered,
            2 => Fate::Cut,
            3 => Fate::Twice,
            4 => Fate::Astray,
            _ => Fate::Shuffled,
        }
    }

    fn below(&self, n: usize) -> usize {
        self.rng.borrow_mut().below(n)
    }

    fn broke<T>(&self) -> Result<T, RemoteError> {
        self.failed.set(true);
        let source = io::ErrorKind::ConnectionReset.into();
        Err(RemoteError::Broken { action: "reach", peer: self.name(), source })
    }

    /// Puts the frames of a stream into another order.
    fn shuffled(&self, bytes: &[u8]) -> Vec<u8> {
        let (mut frames, mut rest) = (Vec::new(), bytes);
        loop {
            let before = rest;
            let Ok(Some(head)) = FrameHead::read(&mut rest) else { break };
            let length = before.len() - rest.len() + head.length as usize;
            let (frame, left) = before.split_at(length.min(before.len()));
            frames.push(frame);
            rest = left;
        }
        self.rng.borrow_mut().shuffle(&mut frames);
        let mut stream = frames.concat();
        stream.push(END);
        stream
    }
}

/// Gives some bytes and then breaks.
struct Broken(io::Cursor<Vec<u8>>);

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 if !buffer.is_empty() => Err(io::ErrorKind::ConnectionReset.into()),
            read => Ok(read),
        }
    }
}

impl Remote for Distant {
    fn name(&self) -> String {
        self.peer.name()
    }

    fn reconcile(&self, hello: &Hello, message: &[u8]) -> Result<(Hello, Vec<u8>), RemoteError> {
        match self.fate() {
            Fate::Lost => return self.broke(),
            Fate::Unanswered | Fate::Cut => {
                let _ = self.peer.reconcile(hello, message);
                return self.broke();
            }
            Fate::Twice => drop(self.peer.reconcile(hello, message)),
            Fate::Arrives | Fate::Astray | Fate::Shuffled => {}
        }
        self.peer.reconcile(hello, message)
    }

    fn fetch(&self, hello: &Hello, wanted: &[ItemHash]) -> Result<Box<dyn Read + '_>, RemoteError> {
        let fate = self.fate();
        if matches!(fate, Fate::Lost | Fate::Unanswered) {
            return self.broke();
        }
        let mut stream = self.peer.fetch(hello, wanted)?;
        if matches!(fate, Fate::Arrives | Fate::Twice | Fate::Astray) {
            return Ok(stream);
        }
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        if read.is_err() || matches!(fate, Fate::Cut) {
            self.failed.set(true);
            bytes.truncate(self.below(bytes.len().max(1)));
            return Ok(Box::new(Broken(io::Cursor::new(bytes))));
        }
        Ok(Box::new(io::Cursor::new(self.shuffled(&bytes))))
    }

    fn push(&self, hello: &Hello, frames: &mut dyn Read) -> Result<Vec<Outcome>, RemoteError> {
        let mut bytes = Vec::new();
        let read = frames.read_to_end(&mut bytes);
        if read.is_err() {
            // The sender broke down in the middle.
            self.failed.set(true);
        }
        let fate = if read.is_err() { Fate::Cut } else { self.fate() };
        match fate {
            Fate::Lost => return self.broke(),
            Fate::Cut => {
                bytes.truncate(self.below(bytes.len().max(1)));
                let _ = self.peer.push(hello, &mut Broken(io::Cursor::new(bytes)));
                return self.broke();
            }
            Fate::Unanswered => {
                let _ = self.peer.push(hello, &mut &bytes[..]);
                return self.broke();
            }
            Fate::Twice => drop(self.peer.push(hello, &mut &bytes[..])),
            Fate::Astray => self.astray.borrow_mut().push(bytes.clone()),
            Fate::Shuffled => bytes = self.shuffled(&bytes),
            Fate::Arrives => {}
        }
        let outcomes = self.peer.push(hello, &mut &bytes[..])?;
        self.acknowledged.borrow_mut().extend(outcomes.iter().cloned());
        Ok(outcomes)
    }
}

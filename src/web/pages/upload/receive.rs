//! An upload on its way from the network to the disk: a few pieces in memory, never the whole.
//!
//! The async side sends pieces into a channel ([`pump`]); the blocking side reads them as a
//! [`Read`]. Only an explicit end makes a content whole: where the connection breaks or the request is
//! dropped, the reader fails and the store throws away what it has.

use std::io::{self, Read};

use axum::body::Bytes;
use axum::extract::multipart::Field;
use tokio::sync::mpsc;

/// How much of an over-long upload is read and thrown away, so that the browser gets to read why.
const DRAIN: u64 = 256 << 20;
/// How many pieces wait in memory.
const PIECES: usize = 8;

/// A message of the async side.
pub(super) enum Piece {
    Bytes(Bytes),
    End,
}

/// Why an upload did not arrive whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    TooLarge,
    Broken,
}

/// The bytes of one file as they arrive.
pub(super) struct Incoming {
    receiver: mpsc::Receiver<Piece>,
    current: Bytes,
    /// How many bytes may still come.
    left: u64,
    ended: bool,
    problem: Option<Problem>,
}

/// Makes both ends of an upload of at most `limit` bytes.
pub(super) fn channel(limit: u64) -> (mpsc::Sender<Piece>, Incoming) {
    let (sender, receiver) = mpsc::channel(PIECES);
    let current = Bytes::new();
    (sender, Incoming { receiver, current, left: limit, ended: false, problem: None })
}

impl Incoming {
    /// Says why the last read failed, if it did.
    pub(super) fn problem(&self) -> Option<Problem> {
        self.problem
    }

    fn fail(&mut self, problem: Problem) -> io::Error {
        self.problem = Some(problem);
        io::Error::other("the upload arrived incomplete")
    }
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(problem) = self.problem {
            return Err(self.fail(problem));
        }
        while self.current.is_empty() && !self.ended {
            match self.receiver.blocking_recv() {
                Some(Piece::Bytes(bytes)) => self.current = bytes,
                Some(Piece::End) => self.ended = true,
                None => return Err(self.fail(Problem::Broken)),
            }
        }
        if self.current.len() as u64 > self.left {
            return Err(self.fail(Problem::TooLarge));
        }
        let length = buffer.len().min(self.current.len());
        let piece = self.current.split_to(length);
        buffer[..length].copy_from_slice(&piece);
        self.left -= length as u64;
        Ok(length)
    }
}

/// Sends a field of the form into the channel. Where nobody reads any more, the rest is thrown away.
pub(super) async fn pump(mut field: Field<'_>, sender: mpsc::Sender<Piece>) {
    let mut drained = 0;
    loop {
        let piece = match field.chunk().await {
            Ok(Some(bytes)) => Piece::Bytes(bytes),
            Ok(None) => Piece::End,
            // Dropping the sender without an end tells the reader.
            Err(_) => return,
        };
        let size = match &piece {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::End => {
                let _ = sender.send(piece).await;
                return;
            }
        };
        if sender.send(piece).await.is_err() {
            drained += size;
            if drained > DRAIN {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(limit: u64, pieces: Vec<Piece>) -> (io::Result<Vec<u8>>, Option<Problem>) {
        let (sender, mut incoming) = channel(limit);
        for piece in pieces {
            assert!(sender.try_send(piece).is_ok());
        }
        drop(sender);
        let mut all = Vec::new();
        let result = incoming.read_to_end(&mut all).map(|_| all);
        (result, incoming.problem())
    }

    fn bytes(text: &'static str) -> Piece {
        Piece::Bytes(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn only_what_ended_is_whole() {
        let (whole, problem) = read(6, vec![bytes("abc"), bytes(""), bytes("def"), Piece::End]);
        assert_eq!((whole.unwrap().as_slice(), problem), (&b"abcdef"[..], None));
        let (torn, problem) = read(6, vec![bytes("abc")]);
        assert!(torn.is_err());
        assert_eq!(problem, Some(Problem::Broken));
    }

    #[test]
    fn a_byte_too_many_is_an_error() {
        let (result, problem) = read(5, vec![bytes("abc"), bytes("def"), Piece::End]);
        assert!(result.is_err());
        assert_eq!(problem, Some(Problem::TooLarge));
    }
}

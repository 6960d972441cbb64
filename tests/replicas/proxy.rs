//! A connection that breaks: everything goes through, until it does not.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::editing::Dice;

/// Stands before a server, which may move; ends with the process.
pub(crate) struct Proxy {
    pub(crate) url: String,
    inner: Arc<Inner>,
}

struct Inner {
    target: Mutex<SocketAddr>,
    cuts: AtomicBool,
    connections: AtomicU64,
    cut: AtomicU64,
}

impl Proxy {
    pub(crate) fn to(target: SocketAddr, mut dice: Dice) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            target: Mutex::new(target),
            cuts: AtomicBool::new(false),
            connections: AtomicU64::default(),
            cut: AtomicU64::default(),
        });
        let shared = Arc::clone(&inner);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                shared.connections.fetch_add(1, Ordering::Relaxed);
                // Every other connection breaks: at once, within a header, or in the midst of a stream.
                let breaks = shared.cuts.load(Ordering::SeqCst) && dice.roll(2) == 0;
                let most = [1, 400, 3_000, 40_000][dice.roll(4) as usize];
                let after = breaks.then(|| dice.roll(most));
                let target = *shared.target.lock().unwrap();
                if let Ok(server) = TcpStream::connect(target) {
                    shared.join(&client, &server, after);
                }
            }
        });
        Self { url, inner }
    }

    pub(crate) fn lead_to(&self, target: SocketAddr) {
        *self.inner.target.lock().unwrap() = target;
    }

    /// Begins or ends breaking connections.
    pub(crate) fn cut(&self, cuts: bool) {
        self.inner.cuts.store(cuts, Ordering::SeqCst);
    }

    /// Returns how many connections there were, and how many were cut.
    pub(crate) fn count(&self) -> (u64, u64) {
        let read = |n: &AtomicU64| n.load(Ordering::Relaxed);
        (read(&self.inner.connections), read(&self.inner.cut))
    }
}

impl Inner {
    fn join(self: &Arc<Self>, client: &TcpStream, server: &TcpStream, after: Option<u64>) {
        let left = Arc::new(Mutex::new(after));
        for (from, to) in [(client, server), (server, client)] {
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let (inner, left) = (Arc::clone(self), Arc::clone(&left));
            std::thread::spawn(move || inner.carry(from, to, &left));
        }
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, left: &Mutex<Option<u64>>) {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let mut may = read;
            if let Some(left) = &mut *left.lock().unwrap() {
                may = may.min(*left as usize);
                *left -= may as u64;
            }
            let carried = to.write_all(&buffer[..may]);
            if may < read {
                self.cut.fetch_add(1, Ordering::Relaxed);
                let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
                return;
            }
            if carried.is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    }
}

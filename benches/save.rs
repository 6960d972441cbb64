//! What a durable save costs against the bare system calls it consists of.
//!
//! Both run in one process and take turns, so that a slow moment of the disk slows both:
//! - *alone*: one saver; create, write 4 KiB, fsync, link, fsync of the directory, against
//!   `FsStore::create`. Aim: at most 1.3 times.
//! - *together*: 32 threads of the same over 20 directories, against 32 savers on 20 documents.
//!   Aim: at least 0.8 of the rate.
//!
//! `cargo bench --bench save`; `SAVE_BENCH_DIR` names another disk than that of `target/`.

#![expect(clippy::print_stdout, reason = "the result is printed")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use everpage::model::file::Header;
use everpage::model::path::DocPath;
use everpage::model::revision::RevisionId;
use everpage::store::fs::FsStore;
use everpage::store::{Body, DiskDir, Store};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const ALONE: usize = 200;
const THREADS: usize = 32;
const DOCUMENTS: usize = 20;
const ROUNDS: usize = 25;
const PER_THREAD: usize = 10;

/// The bare sequence, in a directory laid out as the store's.
struct Bare {
    temp: PathBuf,
    pages: PathBuf,
    counter: AtomicU64,
}

impl Bare {
    fn save(&self, document: usize, content: &[u8]) -> Outcome<()> {
        let n = self.counter.fetch_add(1, Ordering::Relaxed);
        let temp = self.temp.join(n.to_string());
        let dir = self.pages.join(format!("Page{document}.md"));
        let mut file = File::create_new(&temp)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::hard_link(&temp, dir.join(format!("{n}-{}", Uuid::from_u128(u128::from(n)))))?;
        File::open(&dir)?.sync_all()?;
        fs::remove_file(&temp)?;
        Ok(())
    }
}

struct Ours {
    store: FsStore,
    counter: AtomicU64,
}

impl Ours {
    fn save(&self, document: usize, content: &[u8]) -> Outcome<()> {
        let n = self.counter.fetch_add(1, Ordering::Relaxed);
        let dir = DiskDir::of(&DocPath::new(&format!("Page{document}.md"))?);
        let id = RevisionId::new(n, Uuid::from_u128(u128::from(n)))?;
        let header = Header { author: "Alice".into(), ..Header::default() };
        self.store.create(&dir, id, &header, Body::Bytes(content))?;
        Ok(())
    }
}

fn main() -> Outcome<()> {
    let base = std::env::var_os("SAVE_BENCH_DIR")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned(), PathBuf::from);
    let place = tempfile::tempdir_in(base)?;
    let bare = Bare {
        temp: place.path().join("bare/local"),
        pages: place.path().join("bare/pages"),
        counter: AtomicU64::new(1),
    };
    fs::create_dir_all(&bare.temp)?;
    for document in 0..DOCUMENTS {
        fs::create_dir_all(bare.pages.join(format!("Page{document}.md")))?;
    }
    let ours =
        Ours { store: FsStore::open(&place.path().join("ours"))?, counter: AtomicU64::new(1) };
    let content: Vec<u8> = b"beans, water, sun.\n".iter().copied().cycle().take(4096).collect();
    for document in 0..DOCUMENTS {
        ours.save(document, &content)?;
        bare.save(document, &content)?;
    }
    alone(&bare, &ours, &content)?;
    together(&bare, &ours, &content)
}

fn alone(bare: &Bare, ours: &Ours, content: &[u8]) -> Outcome<()> {
    let mut times = (Vec::new(), Vec::new());
    for n in 0..ALONE {
        let begun = Instant::now();
        bare.save(n % DOCUMENTS, content)?;
        times.0.push(begun.elapsed());
        let begun = Instant::now();
        ours.save(n % DOCUMENTS, content)?;
        times.1.push(begun.elapsed());
    }
    let (bare, ours) = (median(times.0), median(times.1));
    println!(
        "alone:    bare {bare:.2?}, save {ours:.2?}: {:.2} times (aim: at most 1.3)",
        ours.as_secs_f64() / bare.as_secs_f64()
    );
    Ok(())
}

fn together(bare: &Bare, ours: &Ours, content: &[u8]) -> Outcome<()> {
    let mut times = (Vec::new(), Vec::new());
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let bare = || crowd(&|document| bare.save(document, content));
        let ours = || crowd(&|document| ours.save(document, content));
        // Neither always comes after the other.
        let (bare, ours) = if round % 2 == 0 {
            let bare = bare()?;
            (bare, ours()?)
        } else {
            let ours = ours()?;
            (bare()?, ours)
        };
        ratios.push(bare.as_secs_f64() / ours.as_secs_f64());
        times.0.push(bare);
        times.1.push(ours);
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let rate = |time: Duration| (THREADS * PER_THREAD) as f64 / time.as_secs_f64();
    println!(
        "together: bare {:.0}/s, saves {:.0}/s: {:.2} of the rate (aim: at least 0.8)",
        rate(median(times.0)),
        rate(median(times.1)),
        ratios[ratios.len() / 2]
    );
    Ok(())
}

/// Lets all threads save at once and returns how long the whole crowd took.
fn crowd(save: &(dyn Fn(usize) -> Outcome<()> + Sync)) -> Outcome<Duration> {
    let gate = Barrier::new(THREADS + 1);
    thread::scope(|scope| {
        let savers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let gate = &gate;
                scope.spawn(move || {
                    gate.wait();
                    (0..PER_THREAD).try_for_each(|n| save((thread + n) % DOCUMENTS))
                })
            })
            .collect();
        gate.wait();
        let begun = Instant::now();
        for saver in savers {
            saver.join().map_err(|_| "a saver panicked")??;
        }
        Ok(begun.elapsed())
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

//! Every step of a save fails, in every way, once and for ever.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rustix::io::Errno;

use super::*;
use crate::store::Before;
use crate::store::contract::{dir, header, id, ids, read, save, scan};

const OPS: [Op; 6] =
    [Op::MakeDir, Op::CreateTemp, Op::Write, Op::SyncFile, Op::Publish, Op::SyncDir];
const ERRORS: [Errno; 6] =
    [Errno::NOSPC, Errno::DQUOT, Errno::IO, Errno::ROFS, Errno::ACCESS, Errno::NAMETOOLONG];
/// Two directories have to be made for it.
const NEW: &str = "Folder/New.md";

/// What a hook was asked, and what it let happen.
#[derive(Default)]
struct Plan {
    /// Fail this call, counted from 1, of this kind.
    fail: Mutex<Option<(Op, usize, Errno)>>,
    for_ever: AtomicBool,
    seen: Mutex<Vec<(Op, PathBuf)>>,
    done: Mutex<Vec<(Op, PathBuf)>>,
}

impl Plan {
    fn hook(self: &Arc<Self>) -> impl Fn(Op, &Path) -> io::Result<()> + Send + Sync + 'static {
        let plan = Arc::clone(self);
        move |op, path| {
            let mut seen = plan.seen.lock();
            seen.push((op, path.to_owned()));
            let nth = seen.iter().filter(|(o, _)| *o == op).count();
            match *plan.fail.lock() {
                Some((failing, n, errno))
                    if failing == op
                        && (nth == n || nth > n && plan.for_ever.load(Ordering::SeqCst)) =>
                {
                    Err(errno.into())
                }
                _ => {
                    plan.done.lock().push((op, path.to_owned()));
                    Ok(())
                }
            }
        }
    }

    fn count(&self, op: Op) -> usize {
        self.seen.lock().iter().filter(|(o, _)| *o == op).count()
    }

    fn clear(&self) {
        *self.fail.lock() = None;
        self.seen.lock().clear();
        self.done.lock().clear();
    }

    /// Panics unless the steps that make a new revision durable were done, in order.
    fn assert_durable(&self, place: &Place, file: &Path) {
        let done = self.done.lock();
        let at = |op, path: &Path| done.iter().rposition(|(o, p)| *o == op && p == path);
        let published = at(Op::Publish, file).expect("published");
        assert!(at(Op::SyncFile, file).expect("bytes synced") < published);
        assert!(at(Op::SyncDir, file.parent().unwrap()).expect("name synced") > published);
        for (i, (op, made)) in done.iter().enumerate() {
            if *op == Op::MakeDir && made.starts_with(place.page("")) {
                let synced = at(Op::SyncDir, made.parent().unwrap());
                assert!(synced.is_some_and(|s| s > i), "{} was made durable", made.display());
            }
        }
    }
}

fn is_right(error: &StoreError, errno: Errno, place: &Place) -> bool {
    let path = match (error, errno) {
        (StoreError::Full(path), Errno::NOSPC | Errno::DQUOT)
        | (StoreError::ReadOnly(path), Errno::ROFS)
        | (StoreError::Permission(path), Errno::ACCESS)
        | (StoreError::NameTooLong(path), Errno::NAMETOOLONG) => path,
        (StoreError::Io { path, source, .. }, Errno::IO)
            if source.raw_os_error() == Some(Errno::IO.raw_os_error()) =>
        {
            path
        }
        _ => return false,
    };
    path.starts_with(place.data()) && error.to_string().contains(&path.display().to_string())
}

/// The ways in which a revision comes to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Created,
    Streamed,
    /// Streamed, and called otherwise when all of it is there.
    Decided,
    Received,
    ReceivedStreamed,
}

const WAYS: [How; 5] =
    [How::Created, How::Streamed, How::Decided, How::Received, How::ReceivedStreamed];

fn attempt(store: &FsStore, how: How) -> Result<Created, StoreError> {
    let text = "x".repeat(300_000);
    let file = format!("Revision: {}\n\n{text}", id(1, 1));
    let (mut text_reader, mut file_reader) = (text.as_bytes(), file.as_bytes());
    if how == How::Decided {
        let form = Some(uuid::Uuid::from_u128(2));
        let decided = Header { form, ..header("x") };
        let mut decide = |_: &Measured| Some((id(1, 1), decided.clone()));
        let created =
            store.create_streamed(&dir(NEW), id(1, 2), &header("x"), &mut text_reader, &mut decide);
        return created.map(Option::unwrap);
    }
    let body = match how {
        How::Created => Body::Bytes(text.as_bytes()),
        How::Streamed | How::Decided => Body::Stream(&mut text_reader),
        How::Received => Body::Bytes(file.as_bytes()),
        How::ReceivedStreamed => Body::Stream(&mut file_reader),
    };
    if matches!(how, How::Created | How::Streamed) {
        return store.create(&dir(NEW), id(1, 1), &header("x"), body);
    }
    let received = store.receive(&dir(NEW), id(1, 1), body)?;
    let already = received.before == Before::Same;
    Ok(Created { measured: received.measured, already, file: received.file })
}

/// How often each step is taken by one undisturbed save.
fn steps(how: How) -> Vec<(Op, usize)> {
    let place = Place::in_memory();
    let plan = Arc::new(Plan::default());
    let store = place.open_with(plan.hook());
    save(&store, "Old.md", id(1, 1), "old").unwrap();
    plan.clear();
    assert!(!attempt(&store, how).unwrap().already);
    plan.assert_durable(&place, &place.file(NEW, id(1, 1)));
    OPS.map(|op| (op, plan.count(op))).to_vec()
}

#[test]
fn a_save_takes_every_step_and_no_more_fsyncs_than_it_must() {
    let steps: HashMap<Op, usize> = steps(How::Created).into_iter().collect();
    // The page's directory, the folder's and `pages/`.
    assert_eq!((steps[&Op::SyncFile], steps[&Op::SyncDir], steps[&Op::MakeDir]), (1, 3, 2));
    let place = Place::in_memory();
    let plan = Arc::new(Plan::default());
    let store = place.open_with(plan.hook());
    attempt(&store, How::Created).unwrap();
    plan.clear();
    save(&store, NEW, id(2, 1), "two").unwrap();
    assert_eq!((plan.count(Op::SyncFile), plan.count(Op::SyncDir)), (1, 1));
}

#[test]
fn no_failing_step_is_acknowledged_or_leaves_a_trace() {
    for how in WAYS {
        for (op, count) in steps(how) {
            assert!(count > 0, "{op:?} is part of a save");
            for n in 1..=count {
                for errno in ERRORS {
                    for for_ever in [false, true] {
                        println!("{how:?}, {op:?} {n}: {errno}, for ever: {for_ever}");
                        one_failure(how, op, n, errno, for_ever);
                    }
                }
            }
        }
    }
}

fn one_failure(how: How, op: Op, n: usize, errno: Errno, for_ever: bool) {
    let place = Place::in_memory();
    let plan = Arc::new(Plan::default());
    let store = place.open_with(plan.hook());
    save(&store, "Old.md", id(1, 1), "old").unwrap();
    plan.clear();
    plan.for_ever.store(for_ever, Ordering::SeqCst);
    *plan.fail.lock() = Some((op, n, errno));

    let error = attempt(&store, how).expect_err("a failing step is an error");
    assert!(is_right(&error, errno, &place), "{error:?}");
    assert!(place.temps().is_empty(), "no temporary file stays");
    let (found, findings) = scan(&store);
    assert_eq!(found, [("Old.md".to_owned(), vec![id(1, 1)])]);
    assert_eq!(findings, []);
    assert_eq!(ids(&store.list(&dir(NEW)).unwrap()), []);
    assert!(matches!(store.load(&dir(NEW), id(1, 1)), Err(StoreError::NotFound(_))));
    assert_eq!(read(&store, "Old.md", id(1, 1)), b"old");

    let store = if matches!(op, Op::SyncFile | Op::SyncDir) {
        plan.clear();
        assert!(store.read_only().is_some_and(|why| why.contains("durable")));
        assert!(matches!(attempt(&store, how), Err(StoreError::Suspended(_))));
        assert!(matches!(save(&store, "Old.md", id(1, 1), "old"), Err(StoreError::Suspended(_))));
        assert_eq!(plan.count(Op::SyncFile), 0, "a failed fsync is not tried again");
        // After a restart what was published is there, and the retry is the same revision.
        place.open_with(plan.hook())
    } else {
        assert_eq!(store.read_only(), None);
        if for_ever {
            let error = attempt(&store, how).expect_err("it still fails");
            assert!(is_right(&error, errno, &place), "{error:?}");
        }
        plan.clear();
        store
    };
    let published = op == Op::SyncDir;
    assert_eq!(attempt(&store, how).unwrap().already, published);
    assert_eq!(read(&store, NEW, id(1, 1)), "x".repeat(300_000).as_bytes());
    assert_eq!(ids(&store.list(&dir(NEW)).unwrap()), [id(1, 1)]);
    if !published {
        plan.assert_durable(&place, &place.file(NEW, id(1, 1)));
    }
    assert!(place.temps().is_empty());
}

/// Opens a store whose hook can use the store itself.
fn reentrant(
    place: &Place,
    hook: impl Fn(&FsStore, Op, &Path) -> io::Result<()> + Send + Sync + 'static,
) -> Arc<FsStore> {
    let itself: Arc<OnceLock<Arc<FsStore>>> = Arc::default();
    let known = Arc::clone(&itself);
    let store = Arc::new(place.open_with(move |op, path| match known.get() {
        Some(store) => hook(store, op, path),
        None => Ok(()),
    }));
    itself.set(Arc::clone(&store)).unwrap();
    store
}

#[test]
fn nobody_is_shown_a_revision_before_it_is_durable() {
    let place = Place::new();
    let page = place.page("A.md");
    let looked = Arc::new(AtomicUsize::new(0));
    let looks = Arc::clone(&looked);
    let store = reentrant(&place, move |store, op, path| {
        if op == Op::SyncDir && path == page && page.join(id(2, 1).to_string()).exists() {
            let listing = store.list(&dir("A.md")).unwrap();
            assert_eq!(ids(&listing), [id(1, 1)]);
            let now = store.stamp(&dir("A.md")).unwrap().unwrap();
            assert!(listing.stamp.unwrap().may_differ(&now), "it is looked at again");
            assert_eq!(scan(store).0, [("A.md".to_owned(), vec![id(1, 1)])]);
            assert!(matches!(store.load(&dir("A.md"), id(2, 1)), Err(StoreError::NotFound(_))));
            assert!(matches!(store.open(&dir("A.md"), id(2, 1)), Err(StoreError::NotFound(_))));
            looks.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    });
    save(&*store, "A.md", id(1, 1), "one").unwrap();
    save(&*store, "A.md", id(2, 1), "two").unwrap();
    assert_eq!(ids(&store.list(&dir("A.md")).unwrap()), [id(1, 1), id(2, 1)]);
    assert_eq!(looked.load(Ordering::SeqCst), 1);
    // Saving it once more does not hide what readers have seen.
    let page = place.page("A.md");
    let store = reentrant(&place, move |store, op, path| {
        if op == Op::SyncDir && path == page {
            assert_eq!(ids(&store.list(&dir("A.md")).unwrap()), [id(1, 1), id(2, 1)]);
        }
        Ok(())
    });
    assert!(save(&*store, "A.md", id(2, 1), "two").unwrap().already);
}

#[test]
fn a_save_in_flight_is_not_acknowledged_once_another_fsync_failed() {
    for at in [Op::SyncFile, Op::SyncDir] {
        let place = Place::new();
        let (a, b) = (place.page("A.md"), place.page("B.md"));
        let store = reentrant(&place, move |store, op, path| {
            if op == Op::SyncFile && path.starts_with(&b) {
                return Err(Errno::IO.into());
            }
            if op == at && path.starts_with(&a) && store.read_only().is_none() {
                assert!(save(store, "B.md", id(1, 1), "b").is_err());
            }
            Ok(())
        });
        let late = save(&*store, "A.md", id(1, 1), "a");
        assert!(matches!(late, Err(StoreError::Suspended(_))), "{at:?}: {late:?}");
        assert_eq!(scan(&*store).0, []);
    }
}

#[test]
fn savers_of_one_page_who_wait_together_share_one_fsync_of_its_directory() {
    const SAVERS: usize = 16;
    let place = Place::new();
    let page = place.page("A.md");
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let store = reentrant(&place, move |store, op, path| {
        if op == Op::SyncDir && path == page && counted.fetch_add(1, Ordering::SeqCst) == 1 {
            // The first of the crowd takes its time, until all the others wait.
            while store.directories.users() < SAVERS {
                thread::yield_now();
            }
        }
        Ok(())
    });
    save(&*store, "A.md", id(1, 1), "text").unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    thread::scope(|scope| {
        for n in 0..SAVERS {
            let store = &store;
            scope.spawn(move || save(&**store, "A.md", id(2, n as u128), "text").unwrap());
        }
    });
    assert_eq!(runs.load(Ordering::SeqCst), 3, "one for the first, one for all the others");
    assert_eq!(store.list(&dir("A.md")).unwrap().revisions.len(), SAVERS + 1);
}

#[test]
fn a_directory_made_anew_by_another_program_is_made_durable_again() {
    let place = Place::new();
    let plan = Arc::new(Plan::default());
    let store = place.open_with(plan.hook());
    save(&store, "A.md", id(1, 1), "one").unwrap();
    // The new directory is likely to get the inode of the old one.
    fs::remove_dir_all(place.page("A.md")).unwrap();
    fs::create_dir(place.page("A.md")).unwrap();
    plan.clear();
    save(&store, "A.md", id(2, 1), "two").unwrap();
    let pages = place.data().join("pages");
    assert!(plan.done.lock().contains(&(Op::SyncDir, pages)), "the new directory's own name");
}

#[test]
fn a_directory_removed_just_before_publishing_is_made_again() {
    let place = Place::new();
    let page = place.page("A.md");
    let once = AtomicUsize::new(0);
    let store = place.open_with(move |op, _| {
        if op == Op::Publish && once.fetch_add(1, Ordering::SeqCst) == 0 {
            fs::remove_dir_all(&page).unwrap();
        }
        Ok(())
    });
    save(&store, "A.md", id(1, 1), "one").unwrap();
    assert_eq!(read(&store, "A.md", id(1, 1)), b"one");
}

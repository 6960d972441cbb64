//! Two replicas in one process.

use everpage::sync::{Direction, Options, Refused, RemoteError, SyncError};

use crate::support::{Cut, Node, files, id};

fn refusal(error: &SyncError) -> Option<Refused> {
    match error {
        SyncError::Refused(refused) | SyncError::Remote(RemoteError::Refused(refused)) => {
            Some(*refused)
        }
        _ => None,
    }
}

/// Two wikis that are one, each with something that the other lacks.
fn apart() -> (Node, Node) {
    let (a, b) = (Node::new(), Node::new());
    a.save("Garden.md", "# Garden\n");
    b.sync_with(&a.peer()).unwrap();
    a.save("Garden.md", "# Garden\n\nbeans\n");
    a.save("plan.bin", vec![7; 3 << 20]);
    b.save("Garden.md", "# Garden\n\npeas\n");
    b.save("Projects/Shed.md", "# Shed\n");
    (a, b)
}

#[test]
fn both_hold_everything_byte_for_byte_afterwards() {
    let (a, b) = apart();
    // A line that this version does not know, and a revision without a header.
    let known = id(1, 7);
    a.drop_file("Odd.md", &known.to_string(), format!("Revision: {known}\nMood: sunny\n\ntext"));
    a.drop_file("Odd.md", &id(2, 8).to_string(), "made by hand\n");
    let copied = id(3, 9);
    a.drop_file("Odd.md", &copied.to_string(), format!("Revision: {known}\n\ncopied, then edited"));
    let summary = b.sync_with(&a.peer()).unwrap();
    assert!(summary.is_clean(), "{summary:?}");
    assert_eq!((summary.received, summary.sent), (5, 2));
    assert_eq!(a.files(), b.files());
    assert_eq!(a.text("Garden.md"), b.text("Garden.md"));
    assert_eq!((a.wiki.conflict_count(), b.wiki.conflict_count()), (1, 1));
    for node in [&a, &b] {
        assert_eq!(node.wiki.findings(), [], "the id of the wiki is no foreign file");
    }
    let again = b.sync_with(&a.peer()).unwrap();
    assert_eq!((again.round_trips, again.received, again.sent), (1, 0, 0));
}

#[test]
fn an_interruption_at_any_byte_is_finished_by_a_repeat() {
    let (a, b) = apart();
    let (whole_a, whole_b) = (files(a.dir.path()).len(), files(b.dir.path()).len());
    assert!(whole_a > 0 && whole_b > 0);
    let mut after = 0;
    let mut broken = 0;
    while b.sync_with(&Cut { peer: &a.peer(), after }).is_err() {
        broken += 1;
        after = after * 3 / 2 + 17;
        assert!(b.suspects().is_empty() && a.suspects().is_empty());
        assert!(b.wiki.findings().is_empty(), "nothing torn is left: {:?}", b.wiki.findings());
    }
    assert!(broken > 10, "it was interrupted: {broken}");
    assert_eq!(a.files(), b.files());
}

#[test]
fn a_damaged_revision_is_healed_and_set_aside() {
    let (a, b) = (Node::new(), Node::new());
    let saved = a.save("Garden.md", "# Garden\n");
    b.sync_with(&a.peer()).unwrap();
    let b = Node::at(b.dir);
    let whole = a.files();
    // Written over in place: what was kept beside it is the same file.
    let torn = &whole[&format!("Garden.md/{saved}")];
    b.drop_file("Garden.md", &saved.to_string(), &torn[..torn.len() - 3]);
    assert_ne!(b.files(), whole);
    let summary = b.sync_with(&a.peer()).unwrap();
    assert_eq!((summary.healed, summary.received), (1, 0), "{summary:?}");
    assert_eq!(b.files(), whole);
    assert_eq!(b.text("Garden.md"), "# Garden\n");
    let displaced = std::fs::read_dir(b.dir.path().join("local/displaced")).unwrap().count();
    assert_eq!(displaced, 1);
    assert_eq!(b.sync_with(&a.peer()).unwrap().round_trips, 1);
}

#[test]
fn one_direction_and_a_dry_run_leave_the_rest_alone() {
    let (a, b) = apart();
    let (before_a, before_b) = (a.files(), b.files());
    let dry = Options { dry_run: true, ..Options::default() };
    let summary = b.sync_as(&a.peer(), dry).unwrap();
    assert_eq!((summary.missing_here, summary.missing_there), (2, 2));
    assert_eq!((a.files(), b.files()), (before_a.clone(), before_b));
    let pull = Options { direction: Direction::Pull, ..Options::default() };
    assert_eq!(b.sync_as(&a.peer(), pull).unwrap().received, 2);
    assert_eq!(a.files(), before_a);
    let push = Options { direction: Direction::Push, ..Options::default() };
    assert_eq!(b.sync_as(&a.peer(), push).unwrap().sent, 2);
    assert_eq!(a.files(), b.files());
}

#[test]
fn two_different_wikis_become_one_only_if_told_so() {
    let (a, b, empty) = (Node::new(), Node::new(), Node::new());
    a.save("A.md", "a");
    b.save("B.md", "b");
    empty.sync_with(&a.peer()).unwrap();
    for (one, other) in [(&a, &b), (&b, &a)] {
        let error = one.sync_with(&other.peer()).unwrap_err();
        assert!(matches!(refusal(&error), Some(Refused::OtherWiki { .. })), "{error:?}");
        assert!(error.to_string().contains("--join"), "{error}");
    }
    assert_eq!(a.files().len(), 1);
    b.sync_as(&a.peer(), Options { join: true, ..Options::default() }).unwrap();
    assert_eq!(a.files(), b.files());
    b.sync_with(&a.peer()).unwrap();
    empty.sync_with(&b.peer()).unwrap();
    assert_eq!(empty.files(), b.files());
}

#[test]
fn a_copy_of_the_whole_data_directory_is_told_apart_from_a_peer() {
    let a = Node::new();
    a.save("A.md", "a");
    let error = a.sync_with(&a.peer()).unwrap_err();
    assert_eq!(refusal(&error), Some(Refused::Itself));
    assert!(error.to_string().contains("local/replica-id"), "{error}");
}

#[test]
fn a_long_history_arrives_whatever_its_dates_say() {
    let (a, b) = (Node::new(), Node::new());
    a.save("A.md", "a");
    b.sync_with(&a.peer()).unwrap();
    // Clocks that run backwards: the newest revision sorts first.
    let mut parent = None;
    for number in 1..=1_500_u64 {
        let own = id(number, u128::from(number));
        let line = parent.map_or(String::new(), |p| format!("Parent: {p}\n"));
        let year = 2030 - number / 100;
        let text = format!("Revision: {own}\n{line}Date: {year}-01-01T00:00:00Z\n\n{number}");
        let file = a.dir.path().join("pages/Long.md").join(own.to_string());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        parent = Some(own);
    }
    a.wiki.scan().unwrap();
    let summary = b.sync_with(&a.peer()).unwrap();
    assert_eq!(summary.received, 1_500, "{:?}", summary.quarantined.first());
    assert_eq!(a.files(), b.files());
}

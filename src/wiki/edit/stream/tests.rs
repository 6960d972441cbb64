//! What happens to a document while a content arrives.

use std::fs;
use std::io::{self, Read};

use crate::model::resolve::State;
use crate::model::revision::RevisionId;
use crate::wiki::tests::TestWiki;
use crate::wiki::{Edit, Saved, WikiError};

/// Gives its bytes, and does something when somebody asks what comes after them.
struct Then<'a, F: FnOnce()>(&'a [u8], Option<F>);

impl<F: FnOnce()> Read for Then<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty()
            && let Some(then) = self.1.take()
        {
            then();
        }
        self.0.read(buffer)
    }
}

fn upload(
    test: &TestWiki,
    edit: &Edit,
    content: &str,
    meanwhile: impl FnOnce(),
) -> Result<Saved, WikiError> {
    test.wiki.save_stream(edit, &mut Then(content.as_bytes(), Some(meanwhile)))
}

fn edit(base: Option<RevisionId>, n: u64) -> Edit {
    TestWiki::edit("plan.png", base, "", n)
}

fn id(saved: &Saved) -> RevisionId {
    saved.typed().unwrap()
}

fn content(test: &TestWiki, id: RevisionId) -> Vec<u8> {
    let document = test.wiki.require(&edit(None, 0).path).unwrap();
    test.wiki.content(&document, id).unwrap()
}

#[test]
fn a_content_that_arrived_while_another_was_saved_yields_to_it() {
    // The higher nonce is that of the one who comes last, and then of the other.
    for (slow, fast) in [(9, 5), (5, 9)] {
        let test = TestWiki::new();
        let first = id(&upload(&test, &edit(None, 1), "first", || {}).unwrap());
        let mut other = None;
        let saved = upload(&test, &edit(Some(first), slow), "slow", || {
            let saved = upload(&test, &edit(Some(first), fast), "fast", || {}).unwrap();
            other = Some(id(&saved));
        });
        let Ok(Saved::Yielded { id: slow_id, document, .. }) = saved else { panic!("{saved:?}") };
        let other = other.unwrap();
        assert_eq!(document.resolution().winner, Some(other), "what readers saw stays");
        assert_eq!(document.resolution().conflicts, [slow_id]);
        assert_eq!(document.revision(slow_id).unwrap().parents, [first]);
        assert_eq!(
            (content(&test, other), content(&test, slow_id)),
            (b"fast".into(), b"slow".into())
        );
        // On the disk it is the same, and nothing else is left there.
        let again = TestWiki::at(test.data.clone());
        let document = again.wiki.require(document.path()).unwrap();
        assert_eq!(document.resolution().conflicts, [slow_id]);
        assert_eq!(fs::read_dir(test.data.join("local/tmp")).unwrap().count(), 0);
        // A retry of the form is the same revision.
        let retry = upload(&again, &edit(Some(first), slow), "slow", || {}).unwrap();
        assert!(matches!(retry, Saved::Yielded { id, .. } if id == slow_id), "{retry:?}");
    }
}

#[test]
fn a_content_for_a_name_that_was_taken_meanwhile_yields() {
    let test = TestWiki::new();
    let saved = upload(&test, &edit(None, 9), "slow", || {
        upload(&test, &edit(None, 5), "fast", || {}).unwrap();
    });
    let Ok(Saved::Yielded { id, document, .. }) = saved else { panic!("{saved:?}") };
    assert_eq!(document.state(id), State::Conflict);
    assert_eq!(content(&test, document.winner().unwrap().id), b"fast");
}

#[test]
fn a_form_that_is_sent_twice_at_once_is_one_revision() {
    let test = TestWiki::new();
    let first = id(&upload(&test, &edit(None, 1), "first", || {}).unwrap());
    let mut earlier = None;
    let saved = upload(&test, &edit(Some(first), 2), "second", || {
        earlier = Some(id(&upload(&test, &edit(Some(first), 2), "second", || {}).unwrap()));
    })
    .unwrap();
    assert_eq!(Some(id(&saved)), earlier);
    assert_eq!(saved.document().revisions().count(), 2);
    assert!(saved.document().resolution().conflicts.is_empty());
}

#[test]
fn a_form_that_is_sent_again_with_another_file_is_another_version() {
    let test = TestWiki::new();
    let first = id(&upload(&test, &edit(None, 1), "first", || {}).unwrap());
    let second = id(&upload(&test, &edit(Some(first), 2), "second", || {}).unwrap());
    let saved = upload(&test, &edit(Some(first), 2), "third", || {}).unwrap();
    assert!(matches!(saved, Saved::Yielded { .. }), "{saved:?}");
    assert_eq!(saved.document().resolution().winner, Some(second));
    assert_eq!(content(&test, id(&saved)), b"third");
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let test = TestWiki::new();
    let first = id(&upload(&test, &edit(None, 1), "first", || {}).unwrap());
    let second = id(&upload(&test, &edit(Some(first), 2), "second", || {}).unwrap());
    for text in ["second", "first"] {
        let saved = upload(&test, &edit(Some(first), 3), text, || {}).unwrap();
        assert!(matches!(saved, Saved::Unchanged { .. }), "{saved:?}");
    }
    assert_eq!(test.wiki.require(&edit(None, 0).path).unwrap().resolution().heads, [second]);
    // On the winner it is going back to what it was.
    let saved = upload(&test, &edit(Some(second), 4), "first", || {}).unwrap();
    assert!(matches!(saved, Saved::Done { .. }), "{saved:?}");
}

#[test]
fn a_base_that_is_not_known_before_the_content_is_there_counts() {
    let test = TestWiki::new();
    let other = TestWiki::new();
    let first = id(&upload(&other, &edit(None, 1), "first", || {}).unwrap());
    let saved = upload(&test, &edit(Some(first), 2), "second", || {
        upload(&test, &edit(None, 1), "first", || {}).unwrap();
    })
    .unwrap();
    assert!(matches!(saved, Saved::Done { .. }), "{saved:?}");
    assert_eq!(saved.document().revision(id(&saved)).unwrap().parents, [first]);
}

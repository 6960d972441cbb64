//! Whether a revision that came from a stranger may enter a document.
//!
//! The winner is the highest number, so whoever may write any number decides what readers see, and a
//! number of 2^53 − 1 would end the document for ever. A number has to be earned: it follows on
//! parents that are here, or it is not far past what is here.

use super::file::Head;
use super::revision::RevisionId;

/// How far past the highest number held a revision may be whose parents are not here: a peer may
/// have pruned its history.
pub const MOST_AHEAD: u64 = 1_000;

/// What the receiver holds of a document, with what came along before.
pub trait Held {
    /// Returns true if a revision is held whole.
    fn holds(&self, id: RevisionId) -> bool;

    /// Returns the highest number held; 0 where nothing is.
    fn highest(&self) -> u64;
}

/// Why a revision may not enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its first line is that of another revision, which is not one of this document.
    #[error("its header names another revision, {0}")]
    OtherId(RevisionId),
    /// Its number is not its highest parent's plus one.
    #[error("its number is {number}, but after its parents it should be {expected}")]
    NumberSkips {
        /// Its number.
        number: u64,
        /// The highest parent's plus one.
        expected: u64,
    },
    /// Its parents are not here, and its number is too far past those that are.
    #[error(
        "its number is {number}, but the highest number here is {highest}: without its parents it can be \
         at most {MOST_AHEAD} higher"
    )]
    TooFarAhead {
        /// Its number.
        number: u64,
        /// The highest number held.
        highest: u64,
    },
}

/// Decides whether a revision may enter, given its head and the id that its first line names.
///
/// A file whose first line names another revision of the same document was copied by hand to be
/// edited, and is bare. One that names a revision nobody here has is refused.
///
/// # Errors
/// The [`Refusal`] where it may not.
pub fn admit(
    id: RevisionId,
    head: &Head,
    named: Option<RevisionId>,
    held: &dyn Held,
) -> Result<(), Refusal> {
    let number = id.number();
    match (&head.header, named) {
        (Some(header), _) => {
            let highest_parent = header.parents.iter().map(|p| p.number()).max().unwrap_or(0);
            let expected = highest_parent + 1;
            if number != expected {
                return Err(Refusal::NumberSkips { number, expected });
            }
            if header.parents.iter().all(|p| held.holds(*p)) {
                return Ok(());
            }
        }
        (None, Some(other)) if other != id && !held.holds(other) => {
            return Err(Refusal::OtherId(other));
        }
        (None, _) => {}
    }
    let highest = held.highest();
    if number > highest.saturating_add(MOST_AHEAD) {
        return Err(Refusal::TooFarAhead { number, highest });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use uuid::Uuid;

    use super::*;
    use crate::model::file::Header;
    use crate::model::revision::MAX_NUMBER;

    struct Ids(BTreeSet<RevisionId>);

    impl Held for Ids {
        fn holds(&self, id: RevisionId) -> bool {
            self.0.contains(&id)
        }

        fn highest(&self) -> u64 {
            self.0.last().map_or(0, |id| id.number())
        }
    }

    fn id(number: u64) -> RevisionId {
        RevisionId::new(number, Uuid::from_u128(u128::from(number))).unwrap()
    }

    fn ids(numbers: &[u64]) -> Ids {
        Ids(numbers.iter().map(|n| id(*n)).collect())
    }

    fn headed(number: u64, parents: &[u64], held: &[u64]) -> Result<(), Refusal> {
        let header =
            Header { parents: parents.iter().map(|n| id(*n)).collect(), ..Header::default() };
        let head = Head { header: Some(header), content_start: 60 };
        admit(id(number), &head, Some(id(number)), &ids(held))
    }

    fn bare(number: u64, named: Option<u64>, held: &[u64]) -> Result<(), Refusal> {
        let head = Head { header: None, content_start: 0 };
        admit(id(number), &head, named.map(id), &ids(held))
    }

    #[test]
    fn a_number_follows_on_parents_that_are_here() {
        assert_eq!(headed(1, &[], &[]), Ok(()));
        assert_eq!(headed(5001, &[5000, 12], &[12, 5000]), Ok(()));
        for (number, parents) in [(2, &[][..]), (7, &[5]), (5, &[5]), (5, &[9]), (MAX_NUMBER, &[5])]
        {
            let refused = headed(number, parents, &[5, 9]);
            assert!(matches!(refused, Err(Refusal::NumberSkips { .. })), "{number}: {refused:?}");
        }
    }

    #[test]
    fn without_its_parents_a_number_may_be_a_thousand_ahead_and_no_more() {
        assert_eq!(headed(1000, &[999], &[]), Ok(()));
        assert_eq!(headed(1005, &[1004], &[5]), Ok(()));
        assert_eq!(headed(3, &[2], &[5]), Ok(()), "an older one that was missing");
        let refused = Err(Refusal::TooFarAhead { number: 1006, highest: 5 });
        assert_eq!(headed(1006, &[1005], &[5]), refused);
        assert_eq!(headed(1006, &[1005, 5], &[5]), refused, "one of two parents is not enough");
        let last = headed(MAX_NUMBER, &[MAX_NUMBER - 1], &[5]);
        assert!(matches!(last, Err(Refusal::TooFarAhead { .. })));
    }

    #[test]
    fn a_bare_revision_is_held_to_the_same_distance() {
        assert_eq!(bare(1000, None, &[]), Ok(()));
        assert!(matches!(bare(1001, None, &[]), Err(Refusal::TooFarAhead { .. })));
        assert!(matches!(bare(MAX_NUMBER, None, &[3]), Err(Refusal::TooFarAhead { .. })));
    }

    #[test]
    fn a_header_of_another_revision_is_taken_for_a_copy_only_if_that_one_is_here() {
        assert_eq!(bare(4, Some(3), &[3]), Ok(()));
        assert_eq!(bare(4, Some(3), &[2]), Err(Refusal::OtherId(id(3))));
        assert_eq!(bare(4, Some(4), &[2]), Ok(()), "its own, in a header that is no header");
    }
}

//! Ids of revisions: a number and a nonce, written `number-nonce`.
//!
//! The order of [`RevisionId`] *is* the order of resolving: by number, then by nonce, both
//! compared as integers. There is exactly one spelling of each id, so a file name is a fact.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The highest number that a revision can have: 2^53 − 1, exact in every language's numbers.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// Says why a text is not the id of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// There is no `number-uuid` in the text at all.
    #[error("not of the form number-uuid")]
    Shape,
    /// The number is zero, above 2^53 − 1, or has leading zeros.
    #[error("the number must be from 1 to 9007199254740991, without leading zeros")]
    Number,
    /// The UUID is malformed or not in lower case.
    #[error("the UUID must be 36 lower-case characters")]
    Nonce,
}

/// The id of a revision; its order is the order of resolving.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevisionId {
    number: u64,
    nonce: Uuid,
}

impl RevisionId {
    /// Makes an id from its parts.
    ///
    /// # Errors
    /// [`IdError::Number`] where the number is 0 or above [`MAX_NUMBER`].
    pub fn new(number: u64, nonce: Uuid) -> Result<Self, IdError> {
        if number == 0 || number > MAX_NUMBER {
            return Err(IdError::Number);
        }
        Ok(Self { number, nonce })
    }

    /// Makes the id of a child of the given parents: the highest parent's number plus one.
    ///
    /// # Errors
    /// [`IdError::Number`] where the numbers are used up.
    pub fn child_of<'a>(
        parents: impl IntoIterator<Item = &'a RevisionId>,
        nonce: Uuid,
    ) -> Result<Self, IdError> {
        let highest = parents.into_iter().map(|p| p.number).max().unwrap_or(0);
        Self::new(highest + 1, nonce)
    }

    /// Returns the number: the highest parent's plus one.
    pub fn number(self) -> u64 {
        self.number
    }

    /// Returns the nonce: 128 random bits.
    pub fn nonce(self) -> Uuid {
        self.nonce
    }

    /// Tells whether a name could be meant as an id, well-formed or not: digits, a dash and a UUID
    /// in any case.
    pub fn is_shaped_like(name: &str) -> bool {
        name.split_once('-').is_some_and(|(number, nonce)| {
            !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
                && nonce.len() == 36
                && Uuid::try_parse(nonce).is_ok()
        })
    }
}

impl FromStr for RevisionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (number, nonce) = text.split_once('-').ok_or(IdError::Shape)?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IdError::Shape);
        }
        if number.starts_with('0') {
            return Err(IdError::Number);
        }
        let number = number.parse().map_err(|_| IdError::Number)?;
        let canonical = nonce.len() == 36 && !nonce.bytes().any(|b| b.is_ascii_uppercase());
        let nonce = Uuid::try_parse(nonce).map_err(|_| IdError::Nonce)?;
        if !canonical {
            return Err(IdError::Nonce);
        }
        Self::new(number, nonce)
    }
}

impl fmt::Display for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.number, self.nonce)
    }
}

impl fmt::Debug for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for RevisionId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RevisionId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;

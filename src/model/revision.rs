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

/// How many nonces must lie below one for another to be drawn from them; with fewer, two that are
/// drawn there could be the same.
const LEAST_ROOM: u128 = 1 << 32;

/// Returns a version 4 UUID that is lower than `limit`, evenly from all there are; which one depends
/// on the random UUID `drawn` alone. `None` if fewer than 2^32 lie below.
///
/// ```
/// use everpage::model::revision::nonce_below;
/// use uuid::Uuid;
///
/// let limit: Uuid = "5f4dcc3b-5aa7-4d61-9d83-27deb882cf99".parse()?;
/// let drawn: Uuid = "f47ac10b-58cc-4372-a567-0e02b2c3d479".parse()?;
/// assert!(nonce_below(limit, drawn).is_some_and(|nonce| nonce < limit));
/// # Ok::<(), uuid::Error>(())
/// ```
pub fn nonce_below(limit: Uuid, drawn: Uuid) -> Option<Uuid> {
    let room = random_values_below(limit.as_u128());
    if room < LEAST_ROOM {
        return None;
    }
    // As a fraction of all values, so that every part of the room is drawn from alike.
    let fraction = random_values_below(drawn.as_u128()) << 6;
    let value = high_half(fraction, room);
    let (first, middle, last) = (value >> 74, (value >> 62) & 0xfff, value & ((1 << 62) - 1));
    Some(Uuid::from_u128(first << 80 | 4 << 76 | middle << 64 | 2 << 62 | last))
}

/// Returns how many version 4 UUIDs are lower than `limit`. For one of them that is the number that
/// its 122 random bits make.
fn random_values_below(limit: u128) -> u128 {
    let (first, version) = (limit >> 80, (limit >> 76) & 0xf);
    if version != 4 {
        return (first + u128::from(version > 4)) << 74;
    }
    let (middle, variant) = (first << 12 | (limit >> 64) & 0xfff, (limit >> 62) & 0b11);
    match variant {
        2 => middle << 62 | limit & ((1 << 62) - 1),
        _ => (middle + u128::from(variant > 2)) << 62,
    }
}

/// Multiplies two numbers and returns the upper 128 bits of the 256-bit product.
fn high_half(a: u128, b: u128) -> u128 {
    const LOW: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let middle = a1 * b0 + ((a0 * b0) >> 64);
    let carry = (middle & LOW) + a0 * b1;
    a1 * b1 + (middle >> 64) + (carry >> 64)
}

/// Says why a text is not the id of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// There is no `number-uuid` in the text at all.
    #[error("it must have the form number-uuid")]
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
    /// [`IdError::Number`] if the number is 0 or above [`MAX_NUMBER`].
    pub fn new(number: u64, nonce: Uuid) -> Result<Self, IdError> {
        if number == 0 || number > MAX_NUMBER {
            return Err(IdError::Number);
        }
        Ok(Self { number, nonce })
    }

    /// Makes the id of a child of the given parents: the highest parent's number plus one.
    ///
    /// # Errors
    /// [`IdError::Number`] if the numbers are used up.
    pub fn child_of<'a>(
        parents: impl IntoIterator<Item = &'a RevisionId>,
        nonce: Uuid,
    ) -> Result<Self, IdError> {
        let highest = parents.into_iter().map(|p| p.number).max().unwrap_or(0);
        Self::new(highest + 1, nonce)
    }

    /// Returns the id with the same number and another nonce.
    #[must_use]
    pub fn with_nonce(self, nonce: Uuid) -> Self {
        Self { nonce, ..self }
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

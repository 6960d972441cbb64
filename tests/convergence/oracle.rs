//! What a set of revision files comes to, worked out from the words of the design alone.
//!
//! Nothing of the library is used here: files are read by a parser of a few lines, ids are pairs
//! of integers, and resolving goes by sets, with no thought for speed.

use std::collections::{BTreeMap, BTreeSet};

/// The number and the nonce, compared as two integers.
pub type Id = (u64, u128);

/// A whole revision, read from the bytes of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rev {
    pub parents: BTreeSet<Id>,
    pub bare: bool,
    /// The nonce of the form that it was sent with, where it has another one.
    pub form: Option<u128>,
    pub content: Vec<u8>,
}

/// What replicas have to agree on. Lists are in descending order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    pub winner: Option<Id>,
    pub heads: Vec<Id>,
    pub conflicts: Vec<Id>,
    pub missing: Vec<Id>,
    pub deleted: bool,
}

/// The whole revisions of one document.
pub type Set = BTreeMap<Id, Rev>;

/// Reads `number-uuid`.
pub fn parse_id(text: &str) -> Option<Id> {
    let (number, nonce) = text.split_once('-')?;
    let digits: String = nonce.split('-').collect();
    let number = number.parse().ok().filter(|n| *n > 0)?;
    Some((number, u128::from_str_radix(&digits, 16).ok()?))
}

/// Reads a file, which may be torn: one with a header of its own, or a bare one.
pub fn parse(name: &str, file: &[u8]) -> Option<Rev> {
    if file.is_empty() {
        return None;
    }
    let own = format!("Revision: {name}\n");
    if !file.starts_with(own.as_bytes()) {
        let content = file.to_vec();
        return Some(Rev { parents: BTreeSet::new(), bare: true, form: None, content });
    }
    let end = file.windows(2).position(|pair| pair == b"\n\n")?;
    let header = std::str::from_utf8(&file[..end]).ok()?;
    let parents = header.lines().filter_map(|line| parse_id(line.strip_prefix("Parent: ")?));
    let length = header.lines().find_map(|line| line.strip_prefix("Length: "));
    if length.is_some_and(|length| length.parse() != Ok(file.len() - end - 2)) {
        return None;
    }
    // Read as an id, whatever its number.
    let form =
        header.lines().find_map(|line| parse_id(&format!("1-{}", line.strip_prefix("Form: ")?)));
    Some(Rev {
        parents: parents.collect(),
        bare: false,
        form: form.map(|id| id.1),
        content: file[end + 2..].to_vec(),
    })
}

fn is_child(set: &Set, child: Id, parent: Id) -> bool {
    let rev = &set[&child];
    parent.0 < child.0 && (rev.bare || rev.parents.contains(&parent))
}

/// The revision and everything it was made from.
pub fn line(set: &Set, of: Id) -> BTreeSet<Id> {
    let mut line = BTreeSet::from([of]);
    let mut queue = vec![of];
    while let Some(child) = queue.pop() {
        for parent in set.keys() {
            if is_child(set, child, *parent) && line.insert(*parent) {
                queue.push(*parent);
            }
        }
    }
    line
}

/// A head adds nothing if its content is that of the winner, of their merge base, or of a
/// revision between the two; without a merge base, of any revision that the winner descends from.
fn adds_nothing(set: &Set, head: Id, winner: Id) -> bool {
    let same = |id: Id| set[&id].content == set[&head].content;
    let ours = line(set, winner);
    let base = line(set, head).intersection(&ours).max().copied();
    let counts = |id: Id| base.is_none_or(|base| line(set, id).contains(&base));
    ours.iter().any(|id| same(*id) && (*id == winner || counts(*id)))
}

/// Resolves a document.
pub fn resolve(set: &Set) -> Verdict {
    let Some(winner) = set.keys().max().copied() else { return Verdict::default() };
    let is_head = |id: &Id| !set.keys().any(|child| is_child(set, *child, *id));
    let heads: Vec<Id> = set.keys().rev().copied().filter(is_head).collect();
    let missing: BTreeSet<Id> = set
        .iter()
        .filter(|(_, rev)| !rev.bare)
        .flat_map(|(id, rev)| rev.parents.iter().filter(|p| p.0 < id.0))
        .filter(|parent| !set.contains_key(parent))
        .copied()
        .collect();
    let waits = |id: &Id| *id != winner && !adds_nothing(set, *id, winner);
    Verdict {
        winner: Some(winner),
        conflicts: heads.iter().copied().filter(waits).collect(),
        heads,
        missing: missing.into_iter().rev().collect(),
        deleted: set[&winner].content.is_empty(),
    }
}

/// The parents of a save that is made on the winner: it, and the heads that add nothing.
pub fn parents_of_next(set: &Set) -> BTreeSet<Id> {
    let verdict = resolve(set);
    let waits = |id: &Id| verdict.conflicts.contains(id);
    verdict.heads.iter().copied().filter(|id| !waits(id)).collect()
}

/// Returns the lines that one of two revisions brought and that are missing from their merge.
pub fn lost_by_merge(set: &Set, (ours, theirs): (Id, Id), merged: &[u8]) -> Vec<String> {
    let lines = |text: &[u8]| -> BTreeSet<Vec<u8>> {
        text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    let base = line(set, ours).intersection(&line(set, theirs)).max().copied();
    let before = base.map(|base| lines(&set[&base].content)).unwrap_or_default();
    let there = lines(merged);
    let brought = [ours, theirs].into_iter().flat_map(|id| lines(&set[&id].content));
    // An empty line is what comes after the last line end.
    let lost =
        brought.filter(|line| !line.is_empty() && !before.contains(line) && !there.contains(line));
    lost.map(|line| String::from_utf8_lossy(&line).into_owned()).collect()
}

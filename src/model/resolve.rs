//! Resolving: from the set of a document's revisions to its winner, heads and conflicts.
//!
//! Everything here is a function of the *set* alone. [`History`] sorts and deduplicates what it is
//! given, so neither order nor repetition can matter. It holds whole revisions only; whoever
//! builds it leaves out the damaged ones. Every step is linear in revisions and parents, because
//! strangers can write histories of any shape.

use std::collections::HashMap;

use super::file::{ContentDigest, MAX_PARENTS};
use super::revision::RevisionId;

/// How many common ancestors are looked for that do not descend from each other.
const MOST_BASES: usize = 8;

/// What resolving needs to know of one whole revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: RevisionId,
    /// The parents that it names; ignored for a bare revision.
    pub parents: Vec<RevisionId>,
    /// It has no header: it counts as a child of every revision with a lower number.
    pub bare: bool,
    /// The digest of its content.
    pub content: ContentDigest,
    /// Its content is empty: as the winner it deletes the document.
    pub empty: bool,
}

/// What readers and editors are shown of a document. Lists are in descending order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolution {
    /// The revision readers see.
    pub winner: Option<RevisionId>,
    /// Every revision that no other names as its parent, the winner first.
    pub heads: Vec<RevisionId>,
    /// Heads whose content differs and adds something: waiting for a person.
    pub conflicts: Vec<RevisionId>,
    /// Heads other than the winner that add nothing.
    pub redundant: Vec<RevisionId>,
    /// Parents that some revision names and that are not here (yet).
    pub missing: Vec<RevisionId>,
    /// The winner is empty: the document is deleted.
    pub deleted: bool,
}

impl Resolution {
    /// Returns the parents of a save that is made on the winner: it, and the heads that add nothing,
    /// as many as a header holds. (The rest still add nothing afterwards, and wait for the next.)
    pub fn parents_of_next(&self) -> Vec<RevisionId> {
        self.winner.iter().chain(&self.redundant).copied().take(MAX_PARENTS).collect()
    }
}

/// The standing of one revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// What readers see.
    Winner,
    /// A head that waits for a person.
    Conflict,
    /// A head that adds nothing.
    Redundant,
    /// A later revision is based on it.
    Ancestor,
    /// Its file is torn or altered.
    Damaged,
}

impl State {
    /// Returns the word that DESIGN and the command line use.
    pub fn word(self) -> &'static str {
        match self {
            State::Winner => "winner",
            State::Conflict => "conflict",
            State::Redundant => "redundant",
            State::Ancestor => "ancestor",
            State::Damaged => "damaged",
        }
    }
}

/// The whole revisions of one document with the edges between them.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// In ascending order of id, each id once.
    nodes: Vec<Node>,
    /// For every node the indices of the parents that are here and have a lower number.
    edges: Vec<Vec<u32>>,
}

impl History {
    /// Builds the history of a set of revisions, given in any order and any number of times.
    ///
    /// One id with different bytes (two copies of a directory, one of them altered) counts once:
    /// with a header before without, then the lower digest, so that every replica takes the same.
    pub fn new(nodes: impl IntoIterator<Item = Node>) -> Self {
        let mut nodes: Vec<Node> = nodes.into_iter().collect();
        nodes.sort_by(|a, b| {
            let key = |n: &Node| (n.id, n.bare, n.content, n.empty);
            key(a).cmp(&key(b)).then_with(|| a.parents.cmp(&b.parents))
        });
        nodes.dedup_by_key(|n| n.id);
        let edges = nodes
            .iter()
            .map(|node| {
                let named = if node.bare { &[][..] } else { &node.parents[..] };
                let held = named.iter().filter(|p| p.number() < node.id.number());
                held.filter_map(|p| nodes.binary_search_by_key(p, |n| n.id).ok())
                    .map(|i| i as u32)
                    .collect()
            })
            .collect();
        Self { nodes, edges }
    }

    /// Returns the revisions in ascending order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the node of an id.
    pub fn get(&self, id: RevisionId) -> Option<&Node> {
        self.index(id).map(|i| &self.nodes[i])
    }

    fn index(&self, id: RevisionId) -> Option<usize> {
        self.nodes.binary_search_by_key(&id, |n| n.id).ok()
    }

    /// Returns how many nodes have a lower number than node `i`; they come first in order.
    fn below(&self, i: usize) -> usize {
        let number = self.nodes[i].id.number();
        self.nodes.partition_point(|n| n.id.number() < number)
    }

    /// Resolves the document.
    pub fn resolve(&self) -> Resolution {
        let Some(winner) = self.nodes.last() else {
            return Resolution::default();
        };
        let heads = self.heads_within(self.nodes.len());
        let mut missing: Vec<RevisionId> = self
            .nodes
            .iter()
            .filter(|n| !n.bare)
            .flat_map(|n| n.parents.iter().filter(|p| p.number() < n.id.number()))
            .filter(|p| self.index(**p).is_none())
            .copied()
            .collect();
        missing.sort_unstable_by(|a, b| b.cmp(a));
        missing.dedup();
        let (redundant, conflicts) = self.judge(&heads[1..]);
        let ids = |list: &[usize]| list.iter().map(|i| self.nodes[*i].id).collect();
        Resolution {
            winner: Some(winner.id),
            heads: ids(&heads),
            conflicts: ids(&conflicts),
            redundant: ids(&redundant),
            missing,
            deleted: winner.empty,
        }
    }

    /// Returns the indices of the heads among the first `end` revisions, the highest first.
    fn heads_within(&self, end: usize) -> Vec<usize> {
        // The highest bare revision covers all before `start`; nothing before it can cover more.
        let bare = (0..end).rev().find(|i| self.nodes[*i].bare);
        let start = bare.map_or(0, |i| self.below(i));
        let mut covered = vec![false; end - start];
        for parent in self.edges[start..end].iter().flatten() {
            if let Some(slot) = (*parent as usize).checked_sub(start) {
                covered[slot] = true;
            }
        }
        (start..end).rev().filter(|i| !covered[*i - start]).collect()
    }

    /// Returns the parents as history shows them: those named and held; for a bare revision the
    /// heads of everything with a lower number. In descending order.
    pub fn parents(&self, id: RevisionId) -> Vec<RevisionId> {
        let Some(i) = self.index(id) else {
            return Vec::new();
        };
        let mut parents: Vec<RevisionId> = if self.nodes[i].bare {
            self.heads_within(self.below(i)).into_iter().map(|h| self.nodes[h].id).collect()
        } else {
            self.edges[i].iter().map(|p| self.nodes[*p as usize].id).collect()
        };
        parents.sort_unstable_by(|a, b| b.cmp(a));
        parents.dedup();
        parents
    }

    /// Returns the highest revision that both ids descend from; either may be the answer.
    pub fn merge_base(&self, a: RevisionId, b: RevisionId) -> Option<RevisionId> {
        self.merge_base_of_many(&[a], b)
    }

    /// Returns the highest revision that `b` and at least one of `many` descend from: the base for
    /// merging `b` into what was merged from `many`.
    pub fn merge_base_of_many(&self, many: &[RevisionId], b: RevisionId) -> Option<RevisionId> {
        let seeds: Vec<usize> = many.iter().filter_map(|id| self.index(*id)).collect();
        let b = self.index(b)?;
        let (theirs, ours) = (self.ancestors(&seeds), self.ancestors(&[b]));
        (0..self.nodes.len()).rev().find(|i| theirs[*i] && ours[*i]).map(|i| self.nodes[i].id)
    }

    /// Returns the revisions that both ids descend from, the highest first, without those that another
    /// of them descends from and those that add nothing beside the first. There are several if the
    /// same heads were merged twice, apart.
    pub fn merge_bases(&self, a: RevisionId, b: RevisionId) -> Vec<RevisionId> {
        let (Some(a), Some(b)) = (self.index(a), self.index(b)) else { return Vec::new() };
        let (theirs, ours) = (self.ancestors(&[a]), self.ancestors(&[b]));
        let mut covered = vec![false; self.nodes.len()];
        let mut found = Vec::new();
        let mut first = None;
        for i in (0..self.nodes.len()).rev().filter(|i| theirs[*i] && ours[*i]) {
            if covered[i] || found.len() == MOST_BASES {
                continue;
            }
            // Each save names the heads that add nothing as well.
            if first.is_none_or(|first| !self.adds_nothing_beside(i, first)) {
                found.push(self.nodes[i].id);
            }
            first = first.or(Some(i));
            for (covered, below) in covered.iter_mut().zip(self.ancestors(&[i])) {
                *covered |= below;
            }
        }
        found
    }

    /// Returns the base for merging the texts of two revisions. Where the same heads were merged
    /// twice, apart, it is what those heads have in common: none of them alone says what the other
    /// merge decided.
    pub fn text_base(&self, a: RevisionId, b: RevisionId) -> Option<RevisionId> {
        let bases = self.merge_bases(a, b);
        let [first, second, rest @ ..] = &bases[..] else { return bases.first().copied() };
        let mut common = self.merge_base(*first, *second);
        for base in rest {
            common = common.and_then(|common| self.merge_base(common, *base));
        }
        common.or(Some(*first))
    }

    /// Returns true if a revision says what the one at `other`, or one between it and what both were
    /// made from, says too.
    fn adds_nothing_beside(&self, i: usize, other: usize) -> bool {
        let same = |j: &usize| self.nodes[*j].content == self.nodes[i].content;
        let (line, own) = (self.ancestors(&[other]), self.ancestors(&[i]));
        let base = (0..self.nodes.len()).rev().find(|j| line[*j] && own[*j]);
        let after = base.map(|base| self.descendants(base));
        (0..=other)
            .filter(|j| line[*j] && after.as_ref().is_none_or(|after| after[*j]))
            .any(|j| same(&j))
    }

    /// Returns true if `descendant` is `ancestor` or was made from it.
    pub fn descends_from(&self, descendant: RevisionId, ancestor: RevisionId) -> bool {
        match (self.index(descendant), self.index(ancestor)) {
            (Some(d), Some(a)) => self.ancestors(&[d])[a],
            _ => false,
        }
    }

    /// Marks the seeds and everything they descend from.
    fn ancestors(&self, seeds: &[usize]) -> Vec<bool> {
        let mut seen = vec![false; self.nodes.len()];
        let mut stack = seeds.to_vec();
        let mut all_below = 0;
        while let Some(i) = stack.pop() {
            if std::mem::replace(&mut seen[i], true) {
                continue;
            }
            if self.nodes[i].bare {
                all_below = all_below.max(self.below(i));
            } else {
                stack.extend(self.edges[i].iter().map(|p| *p as usize));
            }
        }
        seen[..all_below].fill(true);
        seen
    }

    /// Marks the revision and everything made from it.
    fn descendants(&self, of: usize) -> Vec<bool> {
        let number = self.nodes[of].id.number();
        let mut seen = vec![false; self.nodes.len()];
        seen[of] = true;
        for i in of + 1..self.nodes.len() {
            seen[i] = if self.nodes[i].bare {
                self.nodes[i].id.number() > number
            } else {
                self.edges[i].iter().any(|p| seen[*p as usize])
            };
        }
        seen
    }

    /// Returns for every revision the highest of itself and its ancestors that is marked.
    fn highest_marked(&self, marked: &[bool]) -> Vec<Option<usize>> {
        let mut highest: Vec<Option<usize>> = Vec::with_capacity(self.nodes.len());
        // For every index the highest marked one below it: the answer for a bare revision.
        let mut before = Vec::with_capacity(self.nodes.len());
        let mut last = None;
        for (i, node) in self.nodes.iter().enumerate() {
            before.push(last);
            highest.push(if marked[i] {
                last = Some(i);
                last
            } else if node.bare {
                before[self.below(i)]
            } else {
                self.edges[i].iter().filter_map(|p| highest[*p as usize]).max()
            });
        }
        highest
    }

    /// Splits losing heads into those that add nothing and those that wait for a person: a head
    /// adds nothing if its content is that of the winner, of their merge base, or of a revision
    /// between the two; without a common base, of any revision that the winner descends from.
    fn judge(&self, losers: &[usize]) -> (Vec<usize>, Vec<usize>) {
        if losers.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let winner = self.nodes.len() - 1;
        let line = self.ancestors(&[winner]);
        let bases = self.highest_marked(&line);
        // Where in the winner's ancestry a content occurs, in ascending order.
        let mut occurs: HashMap<ContentDigest, Vec<usize>> = HashMap::new();
        for (i, node) in self.nodes.iter().enumerate().filter(|(i, _)| line[*i]) {
            occurs.entry(node.content).or_default().push(i);
        }
        // By base, so that what descends from a base is worked out once for all of its heads.
        let mut by_base: Vec<usize> = losers.to_vec();
        by_base.sort_by_key(|head| bases[*head]);
        let mut made_from: Option<(usize, Vec<bool>)> = None;
        let mut adds_nothing = vec![false; self.nodes.len()];
        for head in by_base {
            let Some(same) = occurs.get(&self.nodes[head].content) else {
                continue;
            };
            if same.last() == Some(&winner) {
                adds_nothing[head] = true;
                continue;
            }
            let Some(base) = bases[head] else {
                // The same folder was imported apart, and one copy went on from there.
                adds_nothing[head] = true;
                continue;
            };
            let from_base_on = &same[same.partition_point(|i| *i < base)..];
            if from_base_on.is_empty() {
                continue;
            }
            let after = match made_from.take() {
                Some((of, after)) if of == base => after,
                _ => self.descendants(base),
            };
            adds_nothing[head] = from_base_on.iter().any(|i| after[*i]);
            made_from = Some((base, after));
        }
        losers.iter().partition(|head| adds_nothing[**head])
    }
}

#[cfg(test)]
mod tests;

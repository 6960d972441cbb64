//! Resolving: from the set of a document's revisions to its winner, heads and conflicts.
//!
//! Everything here is a function of the *set* alone. [`History`] sorts and deduplicates what it is
//! given, so neither order nor repetition can matter. It holds whole revisions only; whoever
//! builds it leaves out the damaged ones.

use std::collections::{BinaryHeap, HashMap};

use super::file::ContentDigest;
use super::revision::RevisionId;

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
    /// Returns the parents of a save that is made on the winner: it, and the heads that add nothing.
    pub fn parents_of_next(&self) -> Vec<RevisionId> {
        self.winner.iter().chain(&self.redundant).copied().collect()
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
    pub fn new(nodes: impl IntoIterator<Item = Node>) -> Self {
        let mut nodes: Vec<Node> = nodes.into_iter().collect();
        nodes.sort_by_key(|n| n.id);
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
        let heads = self.heads();
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
        let losers: Vec<usize> = heads.iter().copied().skip(1).collect();
        let (redundant, conflicts) = if losers.is_empty() {
            (Vec::new(), Vec::new())
        } else {
            let judge = Judge::new(self);
            losers.into_iter().partition::<Vec<_>, _>(|h| judge.adds_nothing(*h))
        };
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

    /// Returns the indices of the heads, the highest first.
    fn heads(&self) -> Vec<usize> {
        let mut covered = vec![false; self.nodes.len()];
        for edges in &self.edges {
            for parent in edges {
                covered[*parent as usize] = true;
            }
        }
        let highest_bare = (0..self.nodes.len()).rev().find(|i| self.nodes[*i].bare);
        let below_bare = highest_bare.map_or(0, |i| self.below(i));
        (below_bare..self.nodes.len()).rev().filter(|i| !covered[*i]).collect()
    }

    /// Returns the parents as history shows them: those named and held; for a bare revision the
    /// heads of everything with a lower number. In descending order.
    pub fn parents(&self, id: RevisionId) -> Vec<RevisionId> {
        let Some(i) = self.index(id) else {
            return Vec::new();
        };
        let mut parents: Vec<RevisionId> = if self.nodes[i].bare {
            let lower = History::new(self.nodes[..self.below(i)].iter().cloned());
            lower.heads().into_iter().map(|h| lower.nodes[h].id).collect()
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
        let known = self.ancestors(&seeds);
        self.first_within(b, &known).map(|i| self.nodes[i].id)
    }

    /// Tells whether `descendant` is `ancestor` or was made from it.
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

    /// Walks from `start` towards its ancestors, the highest first, to the first that is marked.
    fn first_within(&self, start: usize, marked: &[bool]) -> Option<usize> {
        let mut queue = BinaryHeap::from([start]);
        let mut last = usize::MAX;
        // Below this index everything is an ancestor, because a bare revision was passed.
        let mut all_below = 0;
        while let Some(i) = queue.pop() {
            if i < all_below {
                break;
            }
            if i == last {
                continue;
            }
            last = i;
            if marked[i] {
                return Some(i);
            }
            if self.nodes[i].bare {
                all_below = all_below.max(self.below(i));
            } else {
                queue.extend(self.edges[i].iter().map(|p| *p as usize));
            }
        }
        (0..all_below).rev().find(|i| marked[*i])
    }
}

/// Decides for many losing heads of one document whether they add anything.
struct Judge<'a> {
    history: &'a History,
    /// The winner and all it descends from.
    line: Vec<bool>,
    /// Where in `line` a content occurs, in ascending order.
    occurs: HashMap<ContentDigest, Vec<usize>>,
}

impl<'a> Judge<'a> {
    fn new(history: &'a History) -> Self {
        let line = history.ancestors(&[history.nodes.len() - 1]);
        let mut occurs: HashMap<ContentDigest, Vec<usize>> = HashMap::new();
        for (i, node) in history.nodes.iter().enumerate().filter(|(i, _)| line[*i]) {
            occurs.entry(node.content).or_default().push(i);
        }
        Self { history, line, occurs }
    }

    /// Tells whether the head's content is that of the winner, of their merge base, or of a
    /// revision between the two.
    fn adds_nothing(&self, head: usize) -> bool {
        let winner = self.history.nodes.len() - 1;
        let Some(same) = self.occurs.get(&self.history.nodes[head].content) else {
            return false;
        };
        if same.last() == Some(&winner) {
            return true;
        }
        let Some(base) = self.history.first_within(head, &self.line) else {
            return false;
        };
        same.iter()
            .rev()
            .take_while(|i| **i >= base)
            .any(|i| *i == base || self.history.ancestors(&[*i])[base])
    }
}

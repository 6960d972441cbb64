//! The graph of a document's revisions around its heads, one row a revision.
//!
//! Rows are in order of number, the highest first. Every revision has a lane; lines lead down to
//! what it was made from. What is left out for lack of room is bridged by a line, so that every row
//! shown stays connected.

use std::collections::{BTreeSet, HashSet};

use crate::model::resolve::{History, State};
use crate::model::revision::RevisionId;
use crate::wiki::{Document, Revision};

/// How many rows a graph has at most.
const MOST_ROWS: usize = 60;
/// How far apart lanes are.
const STEP: usize = 20;
/// How wide a graph is at most; more lanes are drawn closer together.
const WIDEST: usize = 160;

/// One line of a row.
pub(super) struct Edge {
    /// Chooses the colour: 1 to 4.
    pub(super) colour: usize,
    /// The path, in a box of 100 units height.
    pub(super) d: String,
}

/// One revision of the graph.
pub(super) struct Row<'a> {
    pub(super) revision: &'a Revision,
    pub(super) state: State,
    /// The parents that are shown, for those who do not see the lines.
    pub(super) made_from: String,
    /// Several waiting versions were made from this one.
    pub(super) parted_here: bool,
    pub(super) edges: Vec<Edge>,
    /// Where the node is.
    pub(super) node: String,
    pub(super) colour: usize,
}

/// The rows and what they have in common.
pub(super) struct Graph<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// In pixels.
    pub(super) width: usize,
    /// In units of the rows' boxes.
    pub(super) span: usize,
    /// Revisions between the shown ones that had no room.
    pub(super) left_out: usize,
}

impl Graph<'_> {
    /// Tells whether a row is the winner, which is drawn larger.
    pub(super) fn of(document: &Document) -> Graph<'_> {
        let history = document.history();
        let (shown, left_out) = shown(document);
        let bases = bases(document);
        let mut lanes: Vec<Option<RevisionId>> = Vec::new();
        let mut rows = Vec::new();
        let mut most = 1;
        for id in shown.iter().rev() {
            let Some(revision) = document.revision(*id) else { continue };
            let parents = shown_parents(history, &shown, *id);
            let (node, edges) = draw(&mut lanes, *id, &parents);
            most = most.max(lanes.len());
            let numbers: Vec<String> = parents.iter().map(|p| p.number().to_string()).collect();
            rows.push(Row {
                revision,
                state: document.state(*id),
                made_from: numbers.join(", "),
                parted_here: bases.contains(id),
                edges,
                node: format!("M{} 50h0", x(node)),
                colour: colour(node),
            });
        }
        Graph { rows, width: (most * STEP).min(WIDEST), span: most * STEP, left_out }
    }
}

fn x(lane: usize) -> usize {
    STEP / 2 + lane * STEP
}

fn colour(lane: usize) -> usize {
    if lane == 0 { 1 } else { 2 + (lane - 1) % 3 }
}

/// Draws one row and moves the lanes on. A lane holds the revision that it leads down to.
fn draw(
    lanes: &mut Vec<Option<RevisionId>>,
    id: RevisionId,
    parents: &[RevisionId],
) -> (usize, Vec<Edge>) {
    let before = lanes.clone();
    let node = before.iter().position(|l| *l == Some(id)).unwrap_or_else(|| free(lanes));
    for lane in lanes.iter_mut().filter(|l| **l == Some(id)) {
        *lane = None;
    }
    let mut edges = Vec::new();
    for (lane, leads_to) in before.iter().enumerate() {
        let from = x(lane);
        match leads_to {
            Some(to) if *to == id && lane == node => {
                edges.push(Edge { colour: colour(lane), d: format!("M{from} 0V50") });
            }
            Some(to) if *to == id => edges.push(Edge {
                colour: colour(lane),
                d: format!("M{from} 0C{from} 40 {0} 20 {0} 50", x(node)),
            }),
            Some(_) => edges.push(Edge { colour: colour(lane), d: format!("M{from} 0V100") }),
            None => {}
        }
    }
    // The node's own lane until its parents have theirs.
    lanes[node] = Some(id);
    for (i, parent) in parents.iter().enumerate() {
        let lane = match lanes.iter().position(|l| *l == Some(*parent)) {
            Some(lane) => lane,
            None if i == 0 => node,
            None => free(lanes),
        };
        lanes[lane] = Some(*parent);
        let (from, to) = (x(node), x(lane));
        let d = if lane == node {
            format!("M{from} 50V100")
        } else {
            format!("M{from} 50C{from} 80 {to} 60 {to} 100")
        };
        edges.push(Edge { colour: colour(lane.max(node)), d });
    }
    if lanes[node] == Some(id) {
        lanes[node] = None;
    }
    (node, edges)
}

/// Returns a lane that leads nowhere.
fn free(lanes: &mut Vec<Option<RevisionId>>) -> usize {
    lanes.iter().position(Option::is_none).unwrap_or_else(|| {
        lanes.push(None);
        lanes.len() - 1
    })
}

/// Returns where the winner and each waiting version parted.
fn bases(document: &Document) -> BTreeSet<RevisionId> {
    let resolution = document.resolution();
    let Some(winner) = resolution.winner else { return BTreeSet::new() };
    let heads = resolution.conflicts.iter().take(MOST_ROWS);
    heads.filter_map(|head| document.history().merge_base(winner, *head)).collect()
}

/// Chooses the revisions to show: the heads, where they parted, and what lies between.
fn shown(document: &Document) -> (BTreeSet<RevisionId>, usize) {
    let resolution = document.resolution();
    let bases = bases(document);
    let lowest = bases.first().copied();
    let all = document.history().nodes();
    let around: Vec<RevisionId> =
        all.iter().map(|n| n.id).filter(|id| lowest.is_none_or(|lowest| *id >= lowest)).collect();
    let mut shown: BTreeSet<RevisionId> =
        resolution.heads.iter().take(MOST_ROWS * 2 / 3).chain(&bases).copied().collect();
    for id in around.iter().rev() {
        if shown.len() >= MOST_ROWS {
            break;
        }
        shown.insert(*id);
    }
    let left_out = around.iter().filter(|id| !shown.contains(id)).count();
    (shown, left_out)
}

/// Returns the nearest revisions that are shown and that this one was made from.
fn shown_parents(
    history: &History,
    shown: &BTreeSet<RevisionId>,
    id: RevisionId,
) -> Vec<RevisionId> {
    let mut seen: HashSet<RevisionId> = HashSet::new();
    let mut found: BTreeSet<RevisionId> = BTreeSet::new();
    let mut stack = history.parents(id);
    let lowest = shown.first().copied();
    while let Some(parent) = stack.pop() {
        if !seen.insert(parent) || lowest.is_none_or(|lowest| parent < lowest) {
            continue;
        }
        if shown.contains(&parent) {
            found.insert(parent);
        } else {
            stack.extend(history.parents(parent));
        }
    }
    found.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64, nonce: u128) -> RevisionId {
        RevisionId::new(number, uuid::Uuid::from_u128(nonce)).unwrap()
    }

    #[test]
    fn lanes_part_and_meet() {
        let (root, left, right) = (id(1, 1), id(2, 9), id(2, 5));
        let mut lanes = Vec::new();
        assert_eq!(draw(&mut lanes, left, &[root]).0, 0);
        assert_eq!(draw(&mut lanes, right, &[root]).0, 1);
        let (node, edges) = draw(&mut lanes, root, &[]);
        assert_eq!(node, 0);
        assert_eq!(edges.len(), 1, "the second joined the first lane above");
        assert!(lanes.iter().all(Option::is_none), "nothing leads on");
    }

    #[test]
    fn a_merge_has_a_line_to_each_of_its_parents() {
        let (root, left, right, merge) = (id(1, 1), id(2, 9), id(2, 5), id(3, 1));
        let mut lanes = Vec::new();
        let (node, edges) = draw(&mut lanes, merge, &[left, right]);
        assert_eq!((node, edges.len()), (0, 2));
        draw(&mut lanes, left, &[root]);
        assert_eq!(draw(&mut lanes, right, &[root]).0, 1);
    }
}

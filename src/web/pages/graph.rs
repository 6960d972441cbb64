//! The graph of a document's revisions, one row a revision: around its heads, or a page of its
//! history.
//!
//! Rows are in order of number, the highest first. Every revision has a lane; lines lead down to
//! what it was made from. What is left out for lack of room is bridged by a line, so that every row
//! shown stays connected.

use std::collections::{BTreeSet, HashSet};

use crate::model::resolve::{History, State};
use crate::model::revision::RevisionId;
use crate::wiki::{Document, Revision};

/// How many rows the graph around the heads has at most.
const MOST_ROWS: usize = 60;
/// How many lanes there are at most; a history that strangers wrote may ask for thousands.
const MOST_LANES: usize = 40;
/// How far apart lanes are.
const STEP: usize = 20;
/// How wide a graph is at most; more lanes are drawn closer together.
const WIDEST: usize = 160;

/// One line of a row.
pub(in crate::web) struct Edge {
    /// Chooses the colour: 1 to 4.
    pub(in crate::web) colour: usize,
    /// The path, in a box of 100 units height.
    pub(in crate::web) d: String,
}

/// The picture of one row.
pub(in crate::web) struct Cell {
    pub(in crate::web) edges: Vec<Edge>,
    /// Where the node is.
    pub(in crate::web) node: String,
    pub(in crate::web) colour: usize,
}

/// How large the pictures are.
pub(in crate::web) struct Size {
    /// In pixels.
    pub(in crate::web) width: usize,
    /// In units of the rows' boxes.
    pub(in crate::web) span: usize,
}

/// One revision of the graph around the heads.
pub(in crate::web) struct Row<'a> {
    pub(in crate::web) revision: &'a Revision,
    pub(in crate::web) state: State,
    /// The parents that are shown, for those who do not see the lines.
    pub(in crate::web) made_from: String,
    /// Several waiting versions were made from this one.
    pub(in crate::web) parted_here: bool,
    pub(in crate::web) cell: Cell,
}

/// The heads, and how they came about.
pub(in crate::web) struct Graph<'a> {
    pub(in crate::web) rows: Vec<Row<'a>>,
    pub(in crate::web) size: Size,
    /// Revisions between the shown ones that had no room.
    pub(in crate::web) left_out: usize,
}

impl Graph<'_> {
    /// Draws the heads of a document, where they parted, and what lies between.
    pub(in crate::web) fn of(document: &Document) -> Graph<'_> {
        let history = document.history();
        let (shown, left_out) = shown(document);
        let bases = bases(document);
        let mut lanes = Lanes::default();
        let mut rows = Vec::new();
        for id in shown.iter().rev() {
            let Some(revision) = document.revision(*id) else { continue };
            let parents = shown_parents(history, &shown, *id);
            let numbers: Vec<String> = parents.iter().map(|p| p.number().to_string()).collect();
            rows.push(Row {
                revision,
                state: document.state(*id),
                made_from: numbers.join(", "),
                parted_here: bases.contains(id),
                cell: lanes.draw(*id, &parents),
            });
        }
        Graph { rows, size: lanes.size(), left_out }
    }
}

fn x(lane: usize) -> usize {
    STEP / 2 + lane * STEP
}

fn colour(lane: usize) -> usize {
    if lane == 0 { 1 } else { 2 + (lane - 1) % 3 }
}

/// The lines that are under way from row to row. A lane holds the revision that it leads down to.
#[derive(Default)]
pub(in crate::web) struct Lanes {
    open: Vec<Option<RevisionId>>,
    most: usize,
}

impl Lanes {
    /// Begins with the lines that come down from revisions above the first row.
    pub(in crate::web) fn from_above(document: &Document, first: RevisionId) -> Self {
        let nodes = document.history().nodes();
        let above = &nodes[nodes.partition_point(|n| n.id <= first)..];
        let mut leads_to: BTreeSet<RevisionId> = above
            .iter()
            .filter(|n| !n.bare)
            .flat_map(|n| n.parents.iter().copied())
            .filter(|p| *p <= first && document.history().get(*p).is_some())
            .collect();
        // What the lowest bare revision was made from, the higher ones were made from as well.
        if let Some(lowest) = above.iter().find(|n| n.bare) {
            let parents = document.history().parents(lowest.id);
            leads_to.extend(parents.into_iter().filter(|p| *p <= first));
        }
        let open: Vec<_> = leads_to.into_iter().rev().take(MOST_LANES).map(Some).collect();
        Self { most: open.len(), open }
    }

    /// Returns how large the rows drawn so far are.
    pub(in crate::web) fn size(&self) -> Size {
        let most = self.most.max(1);
        Size { width: (most * STEP).min(WIDEST), span: most * STEP }
    }

    /// Draws one row and moves the lanes on.
    pub(in crate::web) fn draw(&mut self, id: RevisionId, parents: &[RevisionId]) -> Cell {
        let before = self.open.clone();
        let found = before.iter().position(|l| *l == Some(id));
        // Where there is no room it is drawn at the edge, without lines to parents of its own.
        let own = found.or_else(|| self.free());
        let node = own.unwrap_or(MOST_LANES);
        for lane in self.open.iter_mut().filter(|l| **l == Some(id)) {
            *lane = None;
        }
        let mut edges = lines_in(&before, id, node);
        // The node's own lane until its parents have theirs.
        if let Some(own) = own {
            self.open[own] = Some(id);
        }
        for (i, parent) in parents.iter().enumerate() {
            let trunk = own.filter(|_| i == 0);
            let lane = match self.open.iter().position(|l| *l == Some(*parent)) {
                // The main line stays on the left; the other one meets it at the parent.
                Some(lane) => trunk.map_or(lane, |own| lane.min(own)),
                None if trunk.is_some() => node,
                None => match self.free() {
                    Some(lane) => lane,
                    None => continue,
                },
            };
            self.open[lane] = Some(*parent);
            let (from, to) = (x(node), x(lane));
            let d = if lane == node {
                format!("M{from} 50V100")
            } else {
                format!("M{from} 50C{from} 80 {to} 60 {to} 100")
            };
            edges.push(Edge { colour: colour(lane.max(node)), d });
        }
        if let Some(own) = own.filter(|own| self.open[*own] == Some(id)) {
            self.open[own] = None;
        }
        self.most = self.most.max(self.open.len()).max(node + 1);
        Cell { edges, node: format!("M{} 50h0", x(node)), colour: colour(node) }
    }

    /// Returns a lane that leads nowhere, if there is room for one.
    fn free(&mut self) -> Option<usize> {
        let free = self.open.iter().position(Option::is_none);
        if free.is_none() && self.open.len() < MOST_LANES {
            self.open.push(None);
            return Some(self.open.len() - 1);
        }
        free
    }
}

/// Draws the lines that come from the row above: to this row's node, or past it.
fn lines_in(before: &[Option<RevisionId>], id: RevisionId, node: usize) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (lane, leads_to) in before.iter().enumerate() {
        let from = x(lane);
        let d = match leads_to {
            Some(to) if *to == id && lane == node => format!("M{from} 0V50"),
            Some(to) if *to == id => format!("M{from} 0C{from} 40 {0} 20 {0} 50", x(node)),
            Some(_) => format!("M{from} 0V100"),
            None => continue,
        };
        edges.push(Edge { colour: colour(lane), d });
    }
    edges
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
        let mut lanes = Lanes::default();
        assert_eq!(lanes.draw(left, &[root]).node, "M10 50h0");
        assert_eq!(lanes.draw(right, &[root]).node, "M30 50h0");
        let cell = lanes.draw(root, &[]);
        assert_eq!(cell.node, "M10 50h0");
        assert_eq!(cell.edges.len(), 1, "the second joined the first lane above");
        assert!(lanes.open.iter().all(Option::is_none), "nothing leads on");
    }

    #[test]
    fn the_main_line_stays_on_the_left() {
        let (root, left, right, winner) = (id(1, 1), id(2, 5), id(2, 9), id(3, 1));
        let mut lanes = Lanes::default();
        lanes.draw(winner, &[left]);
        assert_eq!(lanes.draw(right, &[root]).node, "M30 50h0");
        assert_eq!(lanes.draw(left, &[root]).edges[2].d, "M10 50V100");
        let cell = lanes.draw(root, &[]);
        assert_eq!(cell.node, "M10 50h0");
        assert_eq!(cell.edges.len(), 2, "both lines end here");
    }

    #[test]
    fn a_merge_has_a_line_to_each_of_its_parents() {
        let (root, left, right, merge) = (id(1, 1), id(2, 9), id(2, 5), id(3, 1));
        let mut lanes = Lanes::default();
        let cell = lanes.draw(merge, &[left, right]);
        assert_eq!((cell.node.as_str(), cell.edges.len()), ("M10 50h0", 2));
        lanes.draw(left, &[root]);
        assert_eq!(lanes.draw(right, &[root]).node, "M30 50h0");
    }

    #[test]
    fn a_history_of_any_shape_stays_narrow() {
        let mut lanes = Lanes::default();
        for n in 0..300_u32 {
            let parents: Vec<RevisionId> =
                (0..200).map(|p| id(1, u128::from(n * 1000 + p))).collect();
            let cell = lanes.draw(id(2, u128::from(300 - n)), &parents);
            assert!(cell.edges.len() <= 3 * MOST_LANES);
        }
        assert!(lanes.size().span <= (MOST_LANES + 1) * STEP);
    }
}

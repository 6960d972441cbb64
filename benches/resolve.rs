//! Resolving a document of 10,000 revisions, in the shapes that histories take. The aim is 10 ms.

use divan::Bencher;
use everpage::model::file::ContentDigest;
use everpage::model::resolve::{History, Node};
use everpage::model::revision::RevisionId;
use uuid::Uuid;

const REVISIONS: u64 = 10_000;

fn main() {
    divan::main();
}

fn id(number: u64, nonce: u64) -> RevisionId {
    // Spread over all 128 bits, as nonces are.
    let nonce = u128::from(nonce + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    RevisionId::new(number, Uuid::from_u128(nonce)).expect("a small number")
}

fn revision(id: RevisionId, parents: Vec<RevisionId>, content: u64) -> Node {
    let content = ContentDigest::of(&content.to_le_bytes());
    Node { id, parents, bare: false, content, empty: false }
}

/// Each made from the one before.
fn line() -> Vec<Node> {
    let parents = |n| if n == 1 { Vec::new() } else { vec![id(n - 1, n - 1)] };
    (1..=REVISIONS).map(|n| revision(id(n, n), parents(n), n)).collect()
}

/// All made from one: nine in ten are conflicts.
fn heads() -> Vec<Node> {
    let base = revision(id(1, 0), Vec::new(), 0);
    let heads =
        (1..REVISIONS).map(|n| revision(id(2, n), vec![id(1, 0)], if n % 10 == 0 { 0 } else { n }));
    [base].into_iter().chain(heads).collect()
}

/// Two replicas that were apart for 5,000 edits each.
fn two_lines() -> Vec<Node> {
    let mut nodes = vec![revision(id(1, 0), Vec::new(), 0)];
    for side in 1..=2 {
        for n in 2..=REVISIONS / 2 {
            let parent = if n == 2 { id(1, 0) } else { id(n - 1, side) };
            nodes.push(revision(id(n, side), vec![parent], n * 4 + side));
        }
    }
    nodes
}

/// A losing line of 5,000 with a head on every revision of it.
fn comb() -> Vec<Node> {
    let mut nodes = vec![revision(id(REVISIONS, 0), vec![id(1, 1)], 0)];
    for n in 1..REVISIONS / 2 {
        let parents = if n == 1 { Vec::new() } else { vec![id(n - 1, 1)] };
        nodes.push(revision(id(n, 1), parents, n * 4));
        nodes.push(revision(id(n + 1, 2), vec![id(n, 1)], n * 4 + 1));
    }
    nodes
}

/// All made by hand.
fn bare() -> Vec<Node> {
    line().into_iter().map(|node| Node { bare: true, parents: Vec::new(), ..node }).collect()
}

/// The name of a shape and how to make it.
type Shape = (&'static str, fn() -> Vec<Node>);

const SHAPES: [Shape; 5] =
    [("line", line), ("heads", heads), ("two lines", two_lines), ("comb", comb), ("bare", bare)];

#[divan::bench(args = SHAPES.map(|(name, _)| name))]
fn resolve(bencher: Bencher<'_, '_>, shape: &str) {
    let (_, make) = SHAPES.iter().find(|(name, _)| *name == shape).expect("one of the shapes");
    let mut nodes = make();
    // As a directory lists them: in no order.
    nodes.sort_by_key(|node| *node.content.as_bytes());
    bencher.with_inputs(|| nodes.clone()).bench_values(|nodes| History::new(nodes).resolve());
}

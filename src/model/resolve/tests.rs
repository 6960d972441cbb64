use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use uuid::Uuid;

use super::*;

fn id(number: u64, nonce: u128) -> RevisionId {
    RevisionId::new(number, Uuid::from_u128(nonce)).unwrap()
}

/// A revision with a header.
fn rev(id: RevisionId, parents: &[RevisionId], content: &str) -> Node {
    Node {
        id,
        parents: parents.to_vec(),
        bare: false,
        content: ContentDigest::of(content.as_bytes()),
        empty: content.is_empty(),
    }
}

fn bare(id: RevisionId, content: &str) -> Node {
    Node { bare: true, ..rev(id, &[], content) }
}

fn resolve(nodes: &[Node]) -> Resolution {
    History::new(nodes.iter().cloned()).resolve()
}

fn sorted(nodes: &[Node]) -> Vec<Node> {
    History::new(nodes.iter().cloned()).nodes().to_vec()
}

/// Resolving as DESIGN words it, with sets and no thought for speed.
struct Reference(BTreeMap<(u64, u128), Node>);

type Key = (u64, u128);

fn key(id: RevisionId) -> Key {
    (id.number(), id.nonce().as_u128())
}

impl Reference {
    fn new(nodes: &[Node]) -> Self {
        Self(nodes.iter().map(|n| (key(n.id), n.clone())).collect())
    }

    fn is_child(&self, child: Key, parent: Key) -> bool {
        let node = &self.0[&child];
        parent.0 < child.0 && (node.bare || node.parents.iter().any(|p| key(*p) == parent))
    }

    fn line(&self, of: Key) -> BTreeSet<Key> {
        let mut line = BTreeSet::from([of]);
        loop {
            let more: BTreeSet<Key> = self
                .0
                .keys()
                .filter(|p| line.iter().any(|c| self.is_child(*c, **p)))
                .copied()
                .collect();
            let before = line.len();
            line.extend(more);
            if line.len() == before {
                return line;
            }
        }
    }

    fn base(&self, a: Key, b: Key) -> Option<Key> {
        self.line(a).intersection(&self.line(b)).max().copied()
    }

    fn heads(&self) -> Vec<Key> {
        let all = self.0.keys().rev().copied();
        all.filter(|p| !self.0.keys().any(|c| self.is_child(*c, *p))).collect()
    }

    fn adds_nothing(&self, head: Key, winner: Key) -> bool {
        let same = |k: &Key| self.0[k].content == self.0[&head].content;
        let base = self.base(head, winner);
        let between = self
            .line(winner)
            .into_iter()
            .filter(|k| base.is_none_or(|b| self.line(*k).contains(&b)));
        same(&winner) || between.into_iter().any(|k| same(&k))
    }

    fn resolve(&self) -> Resolution {
        let Some(winner) = self.0.keys().max().copied() else {
            return Resolution::default();
        };
        let ids = |keys: &[Key]| keys.iter().map(|k| self.0[k].id).collect::<Vec<_>>();
        let heads = self.heads();
        let (redundant, conflicts): (Vec<Key>, Vec<Key>) =
            heads.iter().filter(|h| **h != winner).partition(|h| self.adds_nothing(**h, winner));
        let missing: BTreeSet<Key> = self
            .0
            .values()
            .filter(|n| !n.bare)
            .flat_map(|n| n.parents.iter().map(|p| (key(n.id), key(*p))))
            .filter(|(child, parent)| parent.0 < child.0 && !self.0.contains_key(parent))
            .map(|(_, parent)| parent)
            .collect();
        Resolution {
            winner: Some(self.0[&winner].id),
            heads: ids(&heads),
            conflicts: ids(&conflicts),
            redundant: ids(&redundant),
            missing: missing.into_iter().rev().map(|(n, x)| id(n, x)).collect(),
            deleted: self.0[&winner].empty,
        }
    }
}

/// A nonce that shows where it is compared by text, by halves or as a signed number.
fn nonces() -> impl Strategy<Value = u128> {
    prop_oneof![any::<u128>(), (0..4_u128), (0..4_u128).prop_map(|n| n << 126 | 9)]
}

/// Small histories of every shape: bare revisions, parents that are missing, too high or the
/// revision itself, several roots, equal contents.
fn histories() -> impl Strategy<Value = Vec<Node>> {
    let ids = prop::collection::btree_set((1..6_u64, nonces()), 2..14);
    let rest = (
        prop::bool::weighted(0.12),
        prop::collection::vec(any::<Index>(), 0..4),
        prop_oneof![Just(""), Just("a"), Just("b"), Just("c"), Just("d")],
    );
    (ids, prop::collection::vec(rest, 14), 0..4_usize).prop_map(|(ids, rest, absent)| {
        let ids: Vec<RevisionId> = ids.into_iter().map(|(n, x)| id(n, x)).collect();
        let mut nodes: Vec<Node> = ids
            .iter()
            .zip(rest)
            .map(|(own, (bare, parents, content))| {
                let parents: Vec<RevisionId> = parents.iter().map(|p| *p.get(&ids)).collect();
                Node { bare, ..rev(*own, &parents, content) }
            })
            .collect();
        // Those taken out here are the missing parents.
        for _ in 0..absent.min(nodes.len()) {
            nodes.remove(nodes.len() * absent / 5);
        }
        nodes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn agrees_with_the_words_of_the_design(nodes in histories()) {
        prop_assert_eq!(resolve(&nodes), Reference::new(&nodes).resolve());
    }

    #[test]
    fn ancestry_agrees_with_the_words_of_the_design(nodes in histories()) {
        let (history, reference) = (History::new(nodes.clone()), Reference::new(&nodes));
        // Each is asked for by every pair.
        let lines: BTreeMap<Key, BTreeSet<Key>> =
            reference.0.keys().map(|k| (*k, reference.line(*k))).collect();
        let base_of = |a: Key, b: Key| lines[&a].intersection(&lines[&b]).max().copied();
        for a in &nodes {
            let line = &lines[&key(a.id)];
            for b in &nodes {
                prop_assert_eq!(history.descends_from(a.id, b.id), line.contains(&key(b.id)));
                let base = history.merge_base(a.id, b.id).map(key);
                prop_assert_eq!(base, base_of(key(a.id), key(b.id)));
                prop_assert_eq!(base, history.merge_base(b.id, a.id).map(key));
                let third = nodes[0].id;
                let of_many = history.merge_base_of_many(&[a.id, third], b.id).map(key);
                let bases = [base, base_of(key(third), key(b.id))];
                prop_assert_eq!(of_many, bases.into_iter().flatten().max());
            }
            // What history shows as parents reaches exactly the ancestors.
            let shown = history.parents(a.id);
            let mut reached = BTreeSet::from([key(a.id)]);
            reached.extend(shown.iter().flat_map(|p| &lines[&key(*p)]));
            prop_assert_eq!(&reached, line);
            if a.bare {
                let lower: Vec<Node> =
                    nodes.iter().filter(|n| n.id.number() < a.id.number()).cloned().collect();
                prop_assert_eq!(shown, resolve(&lower).heads);
            }
        }
    }

    #[test]
    fn order_and_repetition_do_not_matter(
        (nodes, shuffled) in histories().prop_flat_map(|nodes| {
            let twice = [nodes.clone(), nodes.clone()].concat();
            (Just(nodes), Just(twice).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(resolve(&nodes), resolve(&shuffled));
        prop_assert_eq!(sorted(&nodes), sorted(&shuffled));
    }

    #[test]
    fn one_id_with_different_bytes_counts_the_same_in_any_order(
        (nodes, shuffled) in (histories(), histories()).prop_flat_map(|(nodes, other)| {
            let mut twins = nodes.clone();
            for (node, donor) in nodes.iter().zip(other) {
                twins.push(Node { id: node.id, ..donor });
            }
            (Just(twins.clone()), Just(twins).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(sorted(&nodes), sorted(&shuffled));
        prop_assert_eq!(resolve(&nodes), resolve(&shuffled));
    }

    #[test]
    fn union_is_commutative_associative_and_idempotent(
        nodes in histories(),
        places in prop::collection::vec(1..8_u8, 14),
    ) {
        // Three replicas that each hold a part of one history.
        let part = |bit: u8| -> Vec<Node> {
            nodes.iter().zip(&places).filter(|(_, p)| **p & bit != 0).map(|(n, _)| n.clone()).collect()
        };
        let union = |a: &[Node], b: &[Node]| sorted(&[a, b].concat());
        let (a, b, c) = (part(1), part(2), part(4));
        prop_assert_eq!(resolve(&union(&a, &b)), resolve(&union(&b, &a)));
        prop_assert_eq!(resolve(&union(&union(&a, &b), &c)), resolve(&union(&a, &union(&b, &c))));
        prop_assert_eq!(resolve(&union(&a, &a)), resolve(&a));
        prop_assert_eq!(resolve(&union(&union(&a, &b), &c)), resolve(&nodes));
    }

    #[test]
    fn winner_is_the_highest_and_a_head_and_heads_fall_into_three_kinds(nodes in histories()) {
        let resolution = resolve(&nodes);
        let highest = nodes.iter().map(|n| n.id).max_by_key(|id| key(*id));
        prop_assert_eq!(resolution.winner, highest);
        prop_assert_eq!(resolution.heads.first().copied(), highest);
        let mut parts: Vec<RevisionId> = resolution.winner.into_iter().collect();
        parts.extend(resolution.conflicts.iter().chain(&resolution.redundant));
        parts.sort_unstable_by(|a, b| b.cmp(a));
        prop_assert_eq!(parts, resolution.heads);
    }

    #[test]
    fn merging_every_head_leaves_no_conflict(nodes in histories()) {
        let before = resolve(&nodes);
        prop_assume!(before.winner.is_some());
        let merge = rev(RevisionId::child_of(&before.heads, Uuid::nil()).unwrap(), &before.heads, "m");
        let after = resolve(&[nodes, vec![merge.clone()]].concat());
        prop_assert_eq!(after.heads, vec![merge.id]);
    }

    #[test]
    fn save_on_the_winner_hides_only_what_it_descends_from(nodes in histories()) {
        let before = resolve(&nodes);
        prop_assume!(before.winner.is_some());
        let parents = before.parents_of_next();
        let save = rev(RevisionId::child_of(&parents, Uuid::nil()).unwrap(), &parents, "new");
        let nodes = [nodes, vec![save.clone()]].concat();
        let after = resolve(&nodes);
        prop_assert_eq!(after.winner, Some(save.id));
        prop_assert_eq!(&after.heads[1..], &before.conflicts[..]);
        // Naming the redundant heads can raise the merge base of another head to what it repeats.
        let history = History::new(nodes);
        for head in after.redundant {
            let content = history.get(head).unwrap().content;
            let mut line = history.nodes().iter().filter(|n| history.descends_from(save.id, n.id));
            prop_assert!(line.any(|n| n.content == content));
        }
    }
}

#[test]
fn nothing_resolves_to_nothing() {
    assert_eq!(resolve(&[]), Resolution::default());
    assert_eq!(resolve(&[]).parents_of_next(), []);
}

#[test]
fn higher_number_wins_then_higher_nonce_as_an_integer() {
    let (low, high) = (id(2, 5), id(2, 1 << 127));
    let root = rev(id(1, u128::MAX), &[], "root");
    let nodes = [root.clone(), rev(low, &[root.id], "x"), rev(high, &[root.id], "y")];
    let resolution = resolve(&nodes);
    assert_eq!(resolution.winner, Some(high));
    assert_eq!(resolution.heads, [high, low]);
    assert_eq!(resolution.conflicts, [low]);
    assert!(resolution.redundant.is_empty() && resolution.missing.is_empty());
    assert_eq!(
        resolve(&[rev(id(10, 1), &[], "ten"), rev(id(9, 2), &[], "nine")]).winner,
        Some(id(10, 1))
    );
}

#[test]
fn parents_with_numbers_not_below_their_own_are_ignored() {
    let (a, b) = (id(3, 1), id(3, 2));
    // Each names the other, itself and something still higher that is not here.
    let names = [a, b, id(9, 9)];
    let resolution = resolve(&[rev(a, &names, "a"), rev(b, &names, "b")]);
    assert_eq!(resolution.heads, [b, a]);
    assert_eq!(resolution.conflicts, [a]);
    assert!(resolution.missing.is_empty());
}

#[test]
fn bare_revision_covers_every_lower_number_but_not_its_own() {
    let by_hand = id(3, 7);
    let nodes = [
        rev(id(1, 1), &[], "one"),
        rev(id(2, 1), &[], "two"),
        rev(id(2, 2), &[id(1, 1)], "also two"),
        bare(by_hand, "by hand"),
        rev(id(3, 1), &[id(2, 1)], "three"),
    ];
    let resolution = resolve(&nodes);
    assert_eq!(resolution.heads, [by_hand, id(3, 1)]);
    assert_eq!(resolution.conflicts, [id(3, 1)]);
    let history = History::new(nodes);
    assert_eq!(history.parents(by_hand), [id(2, 2), id(2, 1)]);
    assert_eq!(history.merge_base(by_hand, id(3, 1)), Some(id(2, 1)));
}

/// 1 ← 2 ← 3 ← 4 (winner); the loser was made from 2.
fn loser_with(content: &str) -> Resolution {
    let line = [id(1, 1), id(2, 1), id(3, 1), id(4, 1)];
    let side = id(3, 0);
    resolve(&[
        rev(line[0], &[], "below the base"),
        rev(line[1], &[line[0]], "base"),
        rev(line[2], &[line[1]], "between"),
        rev(side, &[line[0]], "merged side branch"),
        rev(line[3], &[line[2], side], "winner"),
        rev(id(3, 2), &[line[1]], content),
    ])
}

#[test]
fn head_that_repeats_winner_base_or_what_lies_between_adds_nothing() {
    for content in ["winner", "base", "between"] {
        let resolution = loser_with(content);
        assert_eq!(resolution.redundant, [id(3, 2)], "{content}");
        assert_eq!(resolution.conflicts, [], "{content}");
        assert_eq!(resolution.parents_of_next(), [id(4, 1), id(3, 2)], "{content}");
    }
}

#[test]
fn head_that_repeats_something_older_or_beside_is_a_conflict() {
    for content in ["below the base", "merged side branch", "new", ""] {
        let resolution = loser_with(content);
        assert_eq!(resolution.conflicts, [id(3, 2)], "{content}");
        assert_eq!(resolution.redundant, [], "{content}");
        assert_eq!(resolution.parents_of_next(), [id(4, 1)], "{content}");
    }
}

#[test]
fn a_root_that_repeats_what_the_winner_was_made_from_adds_nothing() {
    // Two replicas imported the same folder apart, and one went on.
    let imported = |nonce| rev(id(1, nonce), &[], "imported");
    let nodes = [imported(1), imported(2), rev(id(2, 1), &[id(1, 1)], "edited")];
    let resolution = resolve(&nodes);
    assert_eq!((resolution.conflicts, resolution.redundant), (vec![], vec![id(1, 2)]));
    // What it says must be from the line of the winner.
    let nodes = [imported(1), rev(id(1, 2), &[], "other"), rev(id(2, 1), &[id(1, 1)], "edited")];
    assert_eq!(resolve(&nodes).conflicts, [id(1, 2)]);
}

#[test]
fn the_base_of_two_merges_of_the_same_heads_is_what_those_have_in_common() {
    let (root, low, high) = (id(1, 1), id(2, 1), id(2, 2));
    let (here, there) = (id(3, 1), id(3, 2));
    let history = |low_text: &str, high_text: &str| {
        History::new([
            rev(root, &[], "root"),
            rev(low, &[root], low_text),
            rev(high, &[root], high_text),
            rev(here, &[high, low], "here"),
            rev(there, &[high, low], "there"),
        ])
    };
    let merged = history("low", "high");
    assert_eq!(merged.merge_bases(here, there), [high, low]);
    assert_eq!(merged.text_base(here, there), Some(root));
    assert_eq!(merged.text_base(here, low), Some(low));
    // A save names the heads that add nothing, too: that makes it no merge.
    for redundant in ["root", "high"] {
        let saved = history(redundant, "high");
        assert_eq!(saved.merge_bases(here, there), [high], "{redundant}");
        assert_eq!(saved.text_base(here, there), Some(high), "{redundant}");
    }
}

#[test]
fn merge_closes_the_conflict_and_merges_made_apart_conflict_only_with_each_other() {
    let (root, a, b) = (id(1, 1), id(2, 1), id(2, 2));
    let mut nodes = vec![rev(root, &[], "root"), rev(a, &[root], "a"), rev(b, &[root], "b")];
    assert_eq!(resolve(&nodes).conflicts, [a]);
    let (here, there) = (id(3, 1), id(3, 2));
    nodes.push(rev(here, &[b, a], "a and b"));
    assert_eq!(resolve(&nodes).heads, [here]);
    nodes.push(rev(there, &[b, a], "b and a"));
    assert_eq!(resolve(&nodes).heads, [there, here]);
    assert_eq!(resolve(&nodes).conflicts, [here]);
    // The same text twice is no conflict.
    nodes.push(rev(id(3, 3), &[b, a], "a and b"));
    assert_eq!(resolve(&nodes).redundant, [here]);
    assert_eq!(resolve(&nodes).conflicts, [there]);
}

#[test]
fn keeping_the_winner_closes_the_conflict_and_shows_the_same_text() {
    let (root, loser, winner, keep) = (id(1, 1), id(2, 1), id(2, 2), id(3, 1));
    let resolution = resolve(&[
        rev(root, &[], "root"),
        rev(loser, &[root], "loser"),
        rev(winner, &[root], "winner"),
        rev(keep, &[winner, loser], "winner"),
    ]);
    assert_eq!(resolution.heads, [keep]);
    assert_eq!(resolution.winner, Some(keep));
}

#[test]
fn delete_against_edit_is_a_conflict_whichever_wins() {
    let (root, low, high) = (id(1, 1), id(2, 1), id(2, 2));
    let start = rev(root, &[], "text");
    let deleted_wins = resolve(&[start.clone(), rev(low, &[root], "edit"), rev(high, &[root], "")]);
    assert!(deleted_wins.deleted);
    assert_eq!(deleted_wins.conflicts, [low]);
    let edit_wins = resolve(&[start, rev(low, &[root], ""), rev(high, &[root], "edit")]);
    assert!(!edit_wins.deleted);
    assert_eq!(edit_wins.conflicts, [low]);
}

#[test]
fn revision_whose_parents_have_not_arrived_counts() {
    let resolution =
        resolve(&[rev(id(1, 1), &[], "one"), rev(id(3, 1), &[id(2, 9), id(2, 8)], "three")]);
    assert_eq!(resolution.winner, Some(id(3, 1)));
    assert_eq!(resolution.missing, [id(2, 9), id(2, 8)]);
    // Whether the head is an ancestor will be known when the missing one is here.
    assert_eq!(resolution.conflicts, [id(1, 1)]);
}

#[test]
fn unknown_ids_have_no_place_in_history() {
    let history = History::new([rev(id(1, 1), &[], "one")]);
    let other = id(1, 2);
    assert!(history.get(other).is_none() && history.parents(other).is_empty());
    assert_eq!(history.merge_base(id(1, 1), other), None);
    assert!(!history.descends_from(id(1, 1), other) && !history.descends_from(other, id(1, 1)));
}

#[test]
fn save_names_no_more_parents_than_a_header_holds() {
    let root = rev(id(1, 1), &[], "same");
    let twins = (1..=1_000).map(|n| rev(id(2, n), &[root.id], "twin"));
    let mut nodes: Vec<Node> = [root.clone()].into_iter().chain(twins).collect();
    let parents = resolve(&nodes).parents_of_next();
    assert_eq!(parents.len(), MAX_PARENTS);
    assert_eq!(parents[0], id(2, 1_000));
    nodes.push(rev(id(3, 1), &parents, "next"));
    let next = resolve(&nodes);
    assert_eq!((next.conflicts.len(), next.redundant.len()), (0, 1_000 - MAX_PARENTS));
}

#[test]
fn ten_thousand_revisions_in_one_line() {
    let nodes: Vec<Node> = (1..=10_000_u64)
        .map(|n| {
            let parent = (n > 1).then(|| id(n - 1, u128::from(n) - 1));
            rev(id(n, n.into()), parent.as_slice(), &format!("text {n}"))
        })
        .collect();
    let resolution = resolve(&nodes);
    assert_eq!(resolution.heads, [id(10_000, 10_000)]);
    assert!(resolution.conflicts.is_empty() && resolution.missing.is_empty());
    assert_eq!(History::new(nodes).merge_base(id(10_000, 10_000), id(1, 1)), Some(id(1, 1)));
}

#[test]
fn ten_thousand_heads_on_one_base() {
    let root = id(1, 1);
    let heads = (1..=10_000).map(|n| {
        let text = if n % 10 == 0 { "base".to_owned() } else { format!("text {n}") };
        rev(id(2, n), &[root], &text)
    });
    let resolution =
        resolve(&[rev(root, &[], "base")].into_iter().chain(heads).collect::<Vec<_>>());
    assert_eq!(resolution.winner, Some(id(2, 10_000)));
    assert_eq!(resolution.heads.len(), 10_000);
    // Every tenth says what the base said, and so does the winner.
    assert_eq!((resolution.conflicts.len(), resolution.redundant.len()), (9_000, 999));
}

#[test]
fn two_lines_of_five_thousand() {
    let root = id(1, 9);
    let mut nodes = vec![rev(root, &[], "root")];
    for side in 1..=2_u128 {
        for n in 2..=5_001 {
            let parent = if n == 2 { root } else { id(n - 1, side) };
            nodes.push(rev(id(n, side), &[parent], &format!("{side} {n}")));
        }
    }
    let resolution = resolve(&nodes);
    assert_eq!(resolution.heads, [id(5_001, 2), id(5_001, 1)]);
    assert_eq!(resolution.conflicts, [id(5_001, 1)]);
    assert_eq!(History::new(nodes).merge_base(id(5_001, 1), id(5_001, 2)), Some(root));
}

/// The shape that a stranger would choose to keep a server busy: every head has its own base far
/// down, and every head's text occurs a thousand times beside the line from there to the winner.
#[test]
fn hostile_history_is_still_resolved() {
    let mut nodes = vec![rev(id(1, 1), &[], "root")];
    for n in 2..=3_000_u64 {
        let side = id(n, 2);
        nodes.push(rev(side, &[], "wanted"));
        nodes.push(rev(
            id(n + 1, 1),
            &[if n == 2 { id(1, 1) } else { id(n, 1) }, side],
            &format!("{n}"),
        ));
        nodes.push(rev(id(n + 1, 0), &[id(n, 3)], "unrelated"));
        nodes.push(rev(id(n, 0), &[if n == 2 { id(1, 1) } else { id(n, 1) }], "wanted"));
    }
    let resolution = resolve(&nodes);
    assert_eq!(resolution.winner, Some(id(3_001, 1)));
    assert!(resolution.conflicts.len() > 2_000);
}

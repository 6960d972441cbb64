//! Taking a merge back: readers see what they saw before it, and what was merged waits again.

use std::collections::BTreeSet;

use everpage::wiki::WikiError;

use crate::acts::{after_failure, open};
use crate::oracle::{self, Id, Set};
use crate::rng::Rng;
use crate::world::{ATTACHMENT, Checked, DOCS, Doc, World, ensure, path, short};

/// A merge that readers see, and what there was before it.
struct Merge {
    id: Id,
    /// What readers saw.
    before: Id,
    /// What was merged into that.
    merged: Vec<Id>,
}

impl Merge {
    /// Returns the winner if it is a merge of revisions that are all there.
    fn shown(set: &Set) -> Option<Self> {
        let (id, _) = set.last_key_value()?;
        let id = *id;
        let mut merged: Vec<Id> = set[&id].parents.iter().copied().collect();
        let before = merged.pop().filter(|_| !merged.is_empty())?;
        let all = merged.iter().chain([&before]).all(|parent| set.contains_key(parent));
        all.then_some(Self { id, before, merged })
    }
}

/// Undoes a merge of one of the documents.
pub fn undo_any(world: &mut World, rng: &mut Rng, r: usize) -> Checked {
    world.wake(r)?;
    let is_merge = |doc: &Doc| Merge::shown(&world.truth(r, *doc)).is_some();
    let docs: Vec<Doc> = (0..DOCS.len()).filter(is_merge).collect();
    match rng.pick(&docs).copied() {
        Some(doc) => undo(world, rng, r, doc),
        None => Ok(()),
    }
}

/// Undoes a merge, again and again until there is an answer.
fn undo(world: &mut World, rng: &mut Rng, r: usize, doc: Doc) -> Checked {
    let (set, _) = open(world, r, doc)?;
    let Some(merge) = Merge::shown(&set) else { return Ok(()) };
    let at = format!("replica {r}, {}: the merge {} is undone", DOCS[doc], short(merge.id));
    let nonce = uuid::Builder::from_random_bytes(rng.nonce().to_be_bytes()).into_uuid();
    let mut entered = BTreeSet::new();
    for _ in 0..3 {
        world.look(r, doc)?;
        // Its disk may have forgotten what was only copied.
        let kept = world.truth(r, doc);
        if !set.keys().all(|id| kept.contains_key(id)) {
            return Ok(());
        }
        let there: BTreeSet<Id> = world.whole(r, doc).into_keys().collect();
        let fuse = world.fuse(rng);
        if let Some((steps, blow)) = fuse {
            world.running(r).store.light_fuse(steps, blow);
        }
        let of = world.replicas[r].belief.sees(merge.id);
        let undone = world.wiki(r).undo_merge(&path(doc), of, "Somebody", nonce);
        let blown = world.running(r).store.put_out_fuse() && fuse.is_some();
        let new = enter_typed(world, (r, doc), (&set, &there), &merge, &mut entered)
            .map_err(|e| format!("{at} and {e}"))?;
        match undone {
            Ok(_) => {
                world.note(|| format!("{at}: {}", new.len()));
                world.tally.undone += 1;
                return acknowledge(world, (r, doc), &set, &merge, &new)
                    .map_err(|e| format!("{at} and {e}"));
            }
            Err(WikiError::Changed(_)) => {
                return ensure(new.is_empty(), || format!("{at}, refused, and written"));
            }
            Err(error) => {
                ensure(blown, || format!("{at}: {error}"))?;
                world.note(|| format!("{at}, and nobody hears of it: {error}"));
                if !after_failure(world, rng, r)? {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Enters what was written as typed, if it is what there was before, but for line ends at its end.
fn enter_typed(
    world: &mut World,
    (r, doc): (usize, Doc),
    (set, there): (&Set, &BTreeSet<Id>),
    merge: &Merge,
    entered: &mut BTreeSet<u128>,
) -> Checked<Vec<Id>> {
    let mut new = Vec::new();
    for (id, rev) in world.whole(r, doc) {
        let key = rev.form.unwrap_or(id.1);
        // What somebody else typed was put back meanwhile.
        let of_others = world.typed.contains_key(&key) && !entered.contains(&key);
        // So was a file that a power cut had left without its bytes.
        let earlier = there.contains(&id) && !entered.contains(&key);
        if set.contains_key(&id) || of_others || earlier {
            continue;
        }
        let same = |other: &Id| trimmed(&set[other].content) == trimmed(&rev.content);
        let is_before = rev.parents.contains(&merge.id);
        let expected = if is_before {
            set[&merge.before].content == rev.content
        } else {
            merge.merged.iter().any(same)
        };
        ensure(expected, || format!("{} has another content", short(id)))?;
        world.typed.insert(key, rev.content);
        entered.insert(key);
        new.push(id);
    }
    Ok(new)
}

/// Looks that readers see what they saw, and that what the merge had brought waits again.
fn acknowledge(
    world: &mut World,
    (r, doc): (usize, Doc),
    set: &Set,
    merge: &Merge,
    new: &[Id],
) -> Checked {
    ensure(new.len() <= 1 + merge.merged.len(), || "it is done more than once".to_owned())?;
    let now = world.truth(r, doc);
    for id in new {
        let rev = now.get(id).cloned().ok_or_else(|| format!("{} is not there", short(*id)))?;
        world.acknowledged.insert((doc, *id), rev);
        world.replicas[r].durable.insert((doc, *id));
    }
    let document = world.look(r, doc)?;
    let verdict = world.verdict(r, document.as_deref());
    let shown = verdict.winner.map(|id| &now[&id].content);
    ensure(shown == Some(&set[&merge.before].content), || "readers see another text".to_owned())?;
    let was_new = |id: &Id| {
        let said = oracle::line(set, merge.before);
        !said.iter().any(|earlier| earlier != id && set[earlier].content == set[id].content)
    };
    // What is no text is not brought back: it stays in the history.
    let is_text = |id: &Id| doc != ATTACHMENT && std::str::from_utf8(&set[id].content).is_ok();
    for id in merge.merged.iter().filter(|id| is_text(id) && was_new(id)) {
        let text = trimmed(&set[id].content);
        let waits = verdict.conflicts.iter().any(|head| trimmed(&now[head].content) == text);
        // A revision without a header counts as made from all that have a lower number.
        let is_covered = |id: &Id| now.iter().any(|(above, rev)| rev.bare && above.0 > id.0);
        let covered = new.iter().any(|id| trimmed(&now[id].content) == text && is_covered(id));
        ensure(waits || covered || text.is_empty(), || {
            format!("{} does not wait again", short(*id))
        })?;
    }
    Ok(())
}

fn trimmed(content: &[u8]) -> &[u8] {
    let end = content.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n'));
    &content[..end.map_or(0, |end| end + 1)]
}

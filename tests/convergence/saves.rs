//! Saves, and what each of them must come to: who types something keeps it, and nobody's text is
//! taken from readers by somebody who has not seen it.

use std::collections::BTreeSet;
use std::sync::Arc;

use everpage::wiki::{Edit, MergeOnSave, Saved, WikiError};

use crate::acts::after_failure;
use crate::oracle::{self, Id, Set};
use crate::rng::Rng;
use crate::store::Flaw;
use crate::world::{Checked, DOCS, Doc, World, ensure, path, short};

/// How an edit reaches the wiki.
pub enum How {
    Save(Vec<u8>, MergeOnSave),
    Settle(Id),
    Upload(Vec<u8>),
}

pub struct Attempt {
    pub r: usize,
    pub doc: Doc,
    pub base: Option<Id>,
    pub also: Vec<Id>,
    pub how: How,
}

/// What an acknowledged save was planned on.
struct Planned {
    /// What the replica held.
    set: Set,
    /// What its author had before them.
    seen: BTreeSet<Id>,
}

impl Planned {
    /// What readers saw, if its author had not seen it.
    fn unseen_winner(&self) -> Option<Id> {
        self.set.keys().max().copied().filter(|winner| !self.seen.contains(winner))
    }
}

pub fn attempt(world: &mut World, rng: &mut Rng, attempt: &Attempt) -> Checked {
    let nonce = uuid::Builder::from_random_bytes(rng.nonce().to_be_bytes()).into_uuid().as_u128();
    attempt_as(world, rng, attempt, nonce)
}

/// Edits with a nonce that was drawn already.
pub fn attempt_as(world: &mut World, rng: &mut Rng, attempt: &Attempt, nonce: u128) -> Checked {
    let Attempt { r, doc, how, .. } = attempt;
    let (r, doc) = (*r, *doc);
    let typed = match how {
        How::Save(content, _) | How::Upload(content) => content.clone(),
        How::Settle(like) => world.truth(r, doc)[like].content.clone(),
    };
    world.typed.insert(nonce, typed);
    // An attempt that failed may have written a revision all the same; what it came to was decided
    // on what was there before.
    let mut befores: Vec<Set> = Vec::new();
    // Who gets no answer tries again.
    for _ in 0..3 {
        world.look(r, doc)?;
        befores.push(world.truth(r, doc));
        let before = &befores[befores.len() - 1];
        // It had only been copied, and went with the power.
        if matches!(how, How::Settle(like) if !before.contains_key(like)) {
            return Ok(());
        }
        let fuse = world.fuse(rng);
        if let Some((steps, blow)) = fuse {
            world.running(r).store.light_fuse(steps, blow);
        }
        let saved = call(world, attempt, nonce);
        let store = Arc::clone(&world.running(r).store);
        let blown = store.put_out_fuse() && fuse.is_some();
        let trouble = match saved {
            // Killed while it made the merge of what was saved already: nobody was answered.
            Ok(_) if store.is_dead() => "it was killed".to_owned(),
            Ok(saved) => {
                // What failed was the merge of what was saved already.
                if blown {
                    after_failure(world, rng, r)?;
                }
                return book(world, attempt, nonce, &befores, &saved);
            }
            // What was to be decided has changed.
            Err(WikiError::Changed(_)) => return Ok(()),
            Err(error) => error.to_string(),
        };
        ensure(blown, || format!("replica {r}, {}: save failed: {trouble}", DOCS[doc]))?;
        world.note(|| format!("replica {r}: no answer to a save of {}: {trouble}", DOCS[doc]));
        if !after_failure(world, rng, r)? || rng.chance(40) {
            return Ok(());
        }
    }
    Ok(())
}

/// Enters the answer to a save into the books; `befores` is what was there before each attempt.
fn book(
    world: &mut World,
    attempt: &Attempt,
    nonce: u128,
    befores: &[Set],
    saved: &Saved,
) -> Checked {
    let Attempt { r, doc, base, also, .. } = attempt;
    let belief = world.replicas[*r].belief;
    let seen: BTreeSet<Id> = base.iter().chain(also).copied().collect();
    let planned = |id: &Id| {
        let set = befores.iter().rev().find(|set| !set.contains_key(id)).cloned();
        Planned { set: set.unwrap_or_default(), seen: seen.clone() }
    };
    let Some(before) = befores.last() else { return Ok(()) };
    match *saved {
        Saved::Done { id, displaced, .. } => {
            let (id, displaced) = (belief.tells(id), displaced.map(|id| belief.tells(id)));
            acknowledge(world, attempt, id, nonce, before, &planned(&id))?;
            world.tally.displaced += usize::from(displaced.is_some());
            if world.setup.oracle && !before.contains_key(&id) {
                check_told(&planned(&id), id, displaced)?;
            }
            Ok(())
        }
        Saved::Yielded { id, .. } => {
            let id = written_as(world.setup.flaw, belief.tells(id), nonce);
            world.tally.yielded += 1;
            acknowledge(world, attempt, id, nonce, before, &planned(&id))
        }
        Saved::Merged { typed, id, .. } => {
            let (typed, id) = (belief.tells(typed), belief.tells(id));
            acknowledge(world, attempt, typed, nonce, before, &planned(&typed))?;
            acknowledge_merge(world, (*r, *doc), id, typed, planned(&id))
        }
        Saved::Unchanged { .. } => {
            let typed = &world.typed[&nonce];
            let said = |id: Id| before.get(&id).is_some_and(|rev| rev.content == *typed);
            let mut known = before.keys().max().copied().into_iter().chain(*base);
            ensure(!world.setup.oracle || known.any(said), || {
                format!("replica {r}, {}: a save is called unchanged and is new", DOCS[*doc])
            })
        }
    }
}

fn call(world: &World, attempt: &Attempt, nonce: u128) -> Result<Saved, WikiError> {
    let belief = world.replicas[attempt.r].belief;
    let wiki = world.wiki(attempt.r);
    let mut edit = Edit {
        path: path(attempt.doc),
        base: attempt.base.map(|id| belief.sees(id)),
        also: attempt.also.iter().map(|id| belief.sees(*id)).collect(),
        content: Vec::new(),
        author: format!("Editor {}", attempt.r),
        summary: String::new(),
        nonce: belief.sees((1, nonce)).nonce(),
    };
    match &attempt.how {
        How::Save(content, on_save) => {
            edit.content.clone_from(content);
            wiki.save(&edit, *on_save)
        }
        How::Settle(like) => wiki.settle(&edit, belief.sees(*like)),
        How::Upload(content) => wiki.save_stream(&edit, &mut &content[..]),
    }
}

/// Returns the id under which a store with this flaw has written a revision that yields.
fn written_as(flaw: Option<Flaw>, id: Id, nonce: u128) -> Id {
    if flaw == Some(Flaw::YieldKeepsNonce) { (id.0, nonce) } else { id }
}

/// Enters a save into the books, after a look that it is what its editor meant.
fn acknowledge(
    world: &mut World,
    attempt: &Attempt,
    id: Id,
    nonce: u128,
    before: &Set,
    planned: &Planned,
) -> Checked {
    let Attempt { r, doc, base, also, .. } = attempt;
    let (r, doc) = (*r, *doc);
    let at = format!("replica {r}, {}: {} was acknowledged", DOCS[doc], short(id));
    let rev = world.truth(r, doc).remove(&id);
    let rev = rev.ok_or_else(|| format!("{at} and is not on disk whole"))?;
    ensure(id.1 == nonce || rev.form == Some(nonce), || format!("{at} and has another nonce"))?;
    let winner = before.keys().max().copied();
    let mut parents = match (before.get(&id), base) {
        (Some(earlier), _) => earlier.parents.clone(),
        _ if winner.is_some() && winner == *base => oracle::parents_of_next(before),
        (_, base) => base.iter().copied().filter(|id| rev.parents.contains(id)).collect(),
    };
    if !before.contains_key(&id) {
        // What had only been copied may have gone with the power since its editor saw it.
        parents.extend(also.iter().filter(|i| before.contains_key(i) || rev.parents.contains(i)));
    }
    if world.setup.oracle {
        let number = parents.iter().map(|p| p.0).max().unwrap_or(0) + 1;
        ensure(rev.parents == parents && id.0 == number, || {
            format!("{at} with parents {:?} instead of {parents:?}", rev.parents)
        })?;
        check_yields(planned, id).map_err(|what| format!("{at} and {what}"))?;
    }
    world.note(|| {
        let parents: Vec<String> = rev.parents.iter().map(|p| short(*p)).collect();
        format!("{at}, on [{}], {} bytes", parents.join(" "), rev.content.len())
    });
    world.tally.many_merged += usize::from(also.len() > 1);
    world.acknowledged.insert((doc, id), rev);
    world.replicas[r].durable.insert((doc, id));
    let document = world.look(r, doc)?;
    let verdict = world.verdict(r, document.as_deref());
    ensure(!also.iter().any(|merged| verdict.heads.contains(merged)), || {
        format!("{at} as a merge and left what it merged open")
    })
}

/// What readers see gives way to a text whose author has not seen it only if numbers leave no
/// choice: the text was made on something higher, or no nonce is lower.
fn check_yields(planned: &Planned, id: Id) -> Checked {
    let Some(winner) = planned.unseen_winner() else { return Ok(()) };
    let may = id < winner || id.0 > winner.0 || no_nonce_below(winner);
    ensure(may, || format!("displaces {}, which its author has not seen", short(winner)))
}

/// Of version 4 UUIDs there are 2^74 for each value of the first 48 bits.
fn no_nonce_below(winner: Id) -> bool {
    winner.1 >> 80 == 0
}

/// Whoever displaces something is told what, and nobody else is.
fn check_told(planned: &Planned, id: Id, displaced: Option<Id>) -> Checked {
    let should = planned.unseen_winner().filter(|winner| id > *winner);
    ensure(displaced == should, || {
        format!("{} was said to displace {displaced:?}, and displaces {should:?}", short(id))
    })
}

/// Enters the merge that a save made of what was typed: it names both sides, and has every line
/// that either of them brought.
fn acknowledge_merge(
    world: &mut World,
    (r, doc): (usize, Doc),
    id: Id,
    typed: Id,
    planned: Planned,
) -> Checked {
    let at = format!("replica {r}, {}: {} was made by a save", DOCS[doc], short(id));
    let truth = world.truth(r, doc);
    let rev = truth.get(&id).cloned();
    let rev = rev.ok_or_else(|| format!("{at} and is not on disk whole"))?;
    if world.setup.oracle {
        let mut set = planned.set;
        let winner = set.keys().max().copied().unwrap_or(typed);
        set.insert(typed, truth[&typed].clone());
        ensure(rev.parents.contains(&typed) && rev.parents.contains(&winner), || {
            format!("{at} and does not merge {} and {}", short(typed), short(winner))
        })?;
        let lost = oracle::lost_by_merge(&set, (winner, typed), &rev.content);
        ensure(lost.is_empty(), || format!("{at} and has lost {lost:?}"))?;
    }
    world.note(|| format!("{at} as a merge of {}", short(typed)));
    world.tally.merged_itself += 1;
    world.acknowledged.insert((doc, id), rev);
    world.replicas[r].durable.insert((doc, id));
    Ok(())
}

//! Putting the blocks into the merge of the rest, at each place that they were moved to.

use super::cut::Rest;
use super::{Apart, whole};
use crate::model::diff::{LineEnding, lines};
use crate::model::merge::moves::{alike, title};
use crate::model::merge::{Chunk, Moved, Place, Shape, Wording};

/// A place of a block, to be put into a merge.
struct Insertion {
    /// The chunk before which it is, and the line of this chunk.
    at: (usize, usize),
    /// Says which of several at this place comes first.
    order: (usize, usize),
    block: usize,
    place: Place,
}

impl Apart<'_, '_> {
    /// Puts the blocks into a merge of the rest; all places of a block are one choice. None if it is
    /// not clear where a place is.
    pub(in crate::model::merge) fn put_in(
        &self,
        chunks: &[Chunk],
        rest: &Rest<'_>,
        ending: LineEnding,
    ) -> Option<Vec<Chunk>> {
        let mut insertions = Vec::new();
        for (number, block) in self.blocks.iter().enumerate() {
            let first = block.places.iter().flatten();
            let first = first.filter_map(|version| block.there[*version].as_ref());
            let order = (first.map(|there| there.start).min()?, block.base.start);
            for movers in &block.places {
                let at = movers.iter().map(|version| {
                    let gap = rest.gaps[*version][number].as_ref()?;
                    position(chunks, *version, &rest.texts[*version], gap.at)
                });
                let at = at.collect::<Option<Vec<_>>>()?.into_iter().min()?;
                let place = self.place(number, movers, rest, ending)?;
                insertions.push(Insertion { at, order, block: number, place });
            }
        }
        insertions.sort_by_key(|insertion| (insertion.at, insertion.order));
        let mut out = inserted(chunks, insertions);
        let mut leaders = vec![None; self.blocks.len()];
        let places = out.iter_mut().filter_map(|(chunk, block)| match chunk {
            Chunk::Changed(place) => Some((place, block)),
            Chunk::Unchanged(_) => None,
        });
        for (index, (place, block)) in places.enumerate() {
            if let Some(leader) = block.and_then(|block| leaders.get_mut(block)) {
                place.follows = *leader;
                leader.get_or_insert(index);
            }
        }
        Some(out.into_iter().map(|(chunk, _)| chunk).collect())
    }

    /// Returns the block as it is at the place to which some versions moved it.
    fn place(
        &self,
        number: usize,
        movers: &[usize],
        rest: &Rest<'_>,
        ending: LineEnding,
    ) -> Option<Place> {
        let block = &self.blocks[number];
        let before = &self.moves.base[block.base.clone()];
        let mut wordings: Vec<(Wording, Vec<&str>)> = Vec::new();
        let mut base = None;
        for version in movers {
            let text = &self.moves.texts[*version];
            let there = block.there[*version].clone()?;
            let span = rest.gaps[*version][number].as_ref()?.lines.clone();
            let own = &text[there.clone()];
            let joined = block.joined.as_deref().map(lines).filter(|joined| !alike(joined, own));
            let core = joined.unwrap_or_else(|| own.to_vec());
            let dressed = |core: &[&str]| {
                let all = [&text[span.start..there.start], core, &text[there.end..span.end]];
                let all = whole(&all.concat());
                if *version == 0 { all } else { ending.apply(&all) }
            };
            // The blank lines around it may differ, and no version comes first in this.
            let here = dressed(before);
            base = Some(base.map_or(here.clone(), |base: String| base.min(here)));
            let text = dressed(&core);
            if let Some((known, _)) = wordings.iter_mut().find(|(_, known)| alike(known, &core)) {
                known.versions.push(*version);
                known.text = text.min(std::mem::take(&mut known.text));
                continue;
            }
            let changed = block.is_moved_twice() || !alike(&core, before);
            wordings.push((Wording { text, versions: vec![*version], changed }, core));
        }
        let mut wordings: Vec<Wording> = wordings.into_iter().map(|(wording, _)| wording).collect();
        let mut versions = block.places.concat();
        versions.sort_unstable();
        let moved = Some(Moved { versions, title: title(before) });
        if !block.is_moved_twice() {
            return Some(Place { moved, ..Place::new(base, wordings, Shape::Moved) });
        }
        let all = 0..self.moves.texts.len();
        let versions: Vec<usize> = all.filter(|version| !movers.contains(version)).collect();
        let first = if versions.first() == Some(&0) { 0 } else { wordings.len() };
        wordings.insert(first, Wording { text: String::new(), versions, changed: false });
        let base = Some(String::new());
        Some(Place { moved, ..Place::new(base, wordings, Shape::MovedTwice) })
    }
}

/// Finds the place before a line of a version in a merge: the chunk, and the line of the chunk.
fn position(
    chunks: &[Chunk],
    version: usize,
    text: &[&str],
    line: usize,
) -> Option<(usize, usize)> {
    let mut at = 0;
    for (i, chunk) in chunks.iter().enumerate() {
        if at == line {
            return Some((i, 0));
        }
        let here = match chunk {
            Chunk::Unchanged(text) => lines(text),
            Chunk::Changed(place) => lines(place.text_of(version)?),
        };
        if !alike(&here, text.get(at..at + here.len())?) {
            return None;
        }
        if line < at + here.len() {
            // A place is not cut: its other wordings have no such line.
            return Some(match chunk {
                Chunk::Unchanged(_) => (i, line - at),
                Chunk::Changed(_) => (i + 1, 0),
            });
        }
        at += here.len();
    }
    (at == line).then_some((chunks.len(), 0))
}

/// Puts places into chunks, and says of each place that was put in which block it is of.
fn inserted(chunks: &[Chunk], insertions: Vec<Insertion>) -> Vec<(Chunk, Option<usize>)> {
    let mut insertions = insertions.into_iter().peekable();
    let mut out = Vec::with_capacity(chunks.len() + 2 * insertions.len());
    for at in 0..=chunks.len() {
        let chunk = chunks.get(at);
        let text = match chunk {
            Some(Chunk::Unchanged(text)) => lines(text),
            _ => Vec::new(),
        };
        let mut line = 0;
        while let Some(insertion) = insertions.next_if(|insertion| insertion.at.0 == at) {
            let until = insertion.at.1;
            if line < until {
                out.push((Chunk::Unchanged(text[line..until].concat()), None));
                line = until;
            }
            out.push((Chunk::Changed(insertion.place), Some(insertion.block)));
        }
        match chunk {
            Some(Chunk::Unchanged(_)) => {
                out.push((Chunk::Unchanged(text[line..].concat()), None));
            }
            Some(changed) => out.push((changed.clone(), None)),
            None => {}
        }
    }
    out
}

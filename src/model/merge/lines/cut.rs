//! Cuts regions into places, and says what each place has.

use std::ops::Range;

use super::super::tokens::refine;
use super::super::{Chunk, Place, Shape, Version, Wording};
use super::spot::{Part, Spot, Voice, alike_all, common, one_or_same, shape};
use super::{Page, kept_together};
use crate::model::diff::{content, is_blank, kept, lines};

/// The page on the way from the first line to the last.
pub(super) struct Chunks<'p, 'a> {
    pub(super) page: &'p Page<'a>,
    /// The bytes of conflicts that may still be compared by their parts.
    pub(super) budget: usize,
    pub(super) done: Vec<Chunk>,
}

impl<'a> Chunks<'_, 'a> {
    pub(super) fn unchanged(&mut self, lines: Range<usize>) {
        self.push_unchanged(&self.page.winner[lines]);
    }

    pub(super) fn push_unchanged(&mut self, lines: &[&str]) {
        let text = self.page.text(lines);
        match self.done.last_mut() {
            _ if text.is_empty() => {}
            Some(Chunk::Unchanged(last)) => {
                if !last.ends_with('\n') {
                    last.push_str(self.page.ending.as_str());
                }
                last.push_str(&text);
            }
            _ => self.done.push(Chunk::Unchanged(text)),
        }
    }

    /// Says of the places from this chunk on that they are in a block that was moved.
    pub(super) fn mark_moved(&mut self, first: usize, region: &Range<usize>) {
        let moved = |at: usize| self.page.moved.get(at).copied().flatten();
        let inside = match region.len() {
            0 => region
                .start
                .checked_sub(1)
                .and_then(moved)
                .filter(|m| moved(region.start) == Some(*m)),
            _ => region.clone().find_map(moved),
        };
        let Some(moved) = inside.and_then(|m| self.page.moves.get(m)) else { return };
        for chunk in &mut self.done[first..] {
            let Chunk::Changed(place) = chunk else { continue };
            place.moved = Some(moved.clone());
            if matches!(place.shape, Shape::OneSide | Shape::SameChange) {
                place.joined = place.preselected().map(|choice| place.text(&choice));
                place.shape = Shape::Moved;
            }
        }
    }

    /// Adds the whole page, which at least one version deletes: one decision, however much of it
    /// the others changed.
    pub(super) fn deleted(&mut self, winner: &'a str, others: &[Version<'a>]) {
        let page = lines(winner);
        let parts: Vec<Part<'_>> = (others.iter())
            .map(|v| Part {
                base: v.base.filter(|base| !base.is_empty()).map(lines),
                text: lines(v.text),
            })
            .collect();
        let spot = Spot::new(&page, &parts);
        let shape = match spot.changed().count() {
            0 | 1 if !spot.unrelated => one_or_same(&spot),
            _ => Shape::DeletedEdited,
        };
        let joined = kept_together(winner, others).filter(|_| shape == Shape::DeletedEdited);
        self.place_joined(&spot, shape, joined.as_deref());
    }

    /// Adds a region.
    pub(super) fn spot(&mut self, spot: &Spot<'a>) {
        if spot.unrelated {
            let shape = shape(spot);
            self.place(spot, if shape == Shape::WhiteSpace { shape } else { Shape::NoAncestor });
        } else if spot.changed().count() < 2 {
            self.place(spot, one_or_same(spot));
        } else {
            self.conflict(spot);
        }
    }

    /// Adds a region that versions changed in different ways, without the lines at its ends that
    /// are not in dispute.
    pub(super) fn conflict(&mut self, spot: &Spot<'a>) {
        let nothing = Vec::new();
        let base = spot.base.as_ref().unwrap_or(&nothing);
        let all = || spot.voices.iter().map(|voice| &voice.lines);
        let (head, tail) = common(base, all());
        self.push_unchanged(&spot.voices[0].lines[..head]);
        let cut = |lines: &[&'a str]| lines[head..lines.len() - tail].to_vec();
        let inner = Spot {
            base: spot.base.as_ref().map(|base| cut(base)),
            voices: (spot.voices.iter())
                .map(|voice| Voice { lines: cut(&voice.lines), ..voice.clone() })
                .collect(),
            ..*spot
        };
        self.dispute(&inner);
        let winner = &spot.voices[0].lines;
        self.push_unchanged(&winner[winner.len() - tail..]);
    }

    /// Adds a conflict, with the lines that all who changed it came to have at its ends apart from it.
    pub(super) fn dispute(&mut self, spot: &Spot<'a>) {
        let changed: Vec<&Vec<&str>> = spot.changed().map(|voice| &voice.lines).collect();
        let shortest = changed.iter().map(|lines| lines.len()).min().unwrap_or(0);
        let (mut head, mut tail) = match changed.split_first() {
            Some((first, rest)) => common(first, rest.iter().copied()),
            None => (0, 0),
        };
        let used_up = head + tail == shortest;
        if !used_up {
            // A blank line stays with the text that it sets apart from the rest: who keeps
            // everything gets two paragraphs, not one. One such line, behind or before, will do.
            let first = changed[0];
            let kept = &first[first.len() - tail..];
            let behind = kept.iter().take_while(|line| is_blank(line)).count();
            tail -= behind;
            if behind == 0 {
                head -= first[..head].iter().rev().take_while(|line| is_blank(line)).count();
            }
        }
        // What all started from belongs to the lines in dispute. If one version has none of those,
        // it is what became of the shared lines; else that version would seem to delete it. But what
        // another version still has of it was deleted indeed.
        let base = spot.base.as_deref().unwrap_or_default();
        let whole = |voice: &Voice<'a>| head..voice.lines.len() - tail;
        let rests = spot.changed().map(|voice| &voice.lines[whole(voice)]);
        let kept_of_base = rests.flat_map(|rest| kept(base, rest)).map(|(at, _)| at);
        let kept_of_base = kept_of_base.filter(|at| !is_blank(base[*at]));
        let is_blank_line = |line: &&&str| is_blank(line);
        let (in_head, in_tail) = match (head, tail) {
            (1.., _) if used_up => {
                let first = kept_of_base.min().unwrap_or(base.len());
                let before = base[..first].iter().rev().take_while(is_blank_line).count();
                (if first < base.len() { first - before } else { first }, base.len())
            }
            (0, 1..) if used_up => {
                let end = kept_of_base.max().map_or(0, |at| at + 1);
                let behind = base[end..].iter().take_while(is_blank_line).count();
                (0, if end > 0 { end + behind } else { 0 })
            }
            _ => (0, base.len()),
        };
        let piece = |of_base: Range<usize>, own: &dyn Fn(&Voice<'a>) -> Range<usize>| {
            let base = base[of_base.clone()].to_vec();
            let part = |voice: &Voice<'a>| {
                let lines = &voice.lines;
                let lines =
                    if voice.changed { &lines[own(voice)] } else { &lines[of_base.clone()] };
                let changed = voice.changed && !alike_all(lines, &base);
                Voice { lines: lines.to_vec(), changed, ..voice.clone() }
            };
            let voices = spot.voices.iter().map(part).collect();
            Spot { voices, base: Some(base), ..*spot }
        };
        if head > 0 {
            self.same_change(&piece(0..in_head, &|_| 0..head));
        }
        self.settle(&piece(in_head..in_tail, &whole));
        if tail > 0 {
            let last = |voice: &Voice<'a>| voice.lines.len() - tail..voice.lines.len();
            self.same_change(&piece(in_tail..base.len(), &last));
        }
    }

    pub(super) fn same_change(&mut self, spot: &Spot<'a>) {
        self.place(&spot.distinct(), Shape::SameChange);
    }

    /// Adds lines that are in dispute.
    pub(super) fn settle(&mut self, spot: &Spot<'a>) {
        let spot = spot.distinct();
        if spot.changed().count() < 2 {
            // The others changed only what is before or behind it, as this version did, too.
            return self.place(&spot, Shape::Sentences);
        }
        let shape = shape(&spot);
        let by_parts = matches!(shape, Shape::SameWords | Shape::DeletedEdited) && spot.one_base;
        let with_lf = |lines: &[&str]| -> String {
            lines.iter().flat_map(|line| [content(line), "\n"]).collect()
        };
        let stretches = spot.base.as_ref().filter(|base| by_parts && !base.is_empty());
        let stretches = stretches.and_then(|base| {
            let voices: Vec<String> = spot.voices.iter().map(|v| with_lf(&v.lines)).collect();
            let bytes = voices.iter().map(String::len).sum::<usize>();
            self.budget = self.budget.saturating_sub(bytes);
            (self.budget > 0).then(|| refine(&with_lf(base), &voices, spot.code)).flatten()
        });
        let Some(stretches) = stretches else { return self.place(&spot, shape) };
        let mut at = 0;
        for stretch in &stretches {
            let count = lines(&stretch.voices[0]).len();
            let winner = &spot.voices[0].lines[at..at + count];
            at += count;
            let Some(shape) = stretch.shape else {
                self.push_unchanged(winner);
                continue;
            };
            let base = lines(&stretch.base);
            let mut voices: Vec<Voice<'_>> = Vec::new();
            for (i, (voice, text)) in spot.voices.iter().zip(&stretch.voices).enumerate() {
                let theirs = lines(text);
                voices.push(Voice {
                    changed: !alike_all(&base, &theirs),
                    lines: if i == 0 { winner.to_vec() } else { theirs },
                    versions: voice.versions.clone(),
                });
            }
            let (one_base, unrelated, code) = (true, false, spot.code);
            let part = Spot { base: Some(base), voices, one_base, unrelated, code };
            self.place_joined(&part.distinct(), shape, stretch.joined.as_deref());
        }
    }

    pub(super) fn place(&mut self, spot: &Spot<'_>, shape: Shape) {
        self.place_joined(spot, shape, None);
    }

    pub(super) fn place_joined(&mut self, spot: &Spot<'_>, shape: Shape, joined: Option<&str>) {
        let winner = &spot.voices[0].lines;
        let wordings = spot.voices.iter().enumerate().map(|(i, voice)| Wording {
            text: match i {
                0 => self.page.text(winner),
                _ => self.dress(winner, &voice.lines),
            },
            versions: voice.versions.clone(),
            changed: voice.changed,
        });
        let wordings = wordings.collect();
        let base = spot.base.as_ref().map(|base| self.dress(winner, base));
        let joined = joined.map(|text| self.dress(winner, &lines(text)));
        self.done.push(Chunk::Changed(Place { joined, ..Place::new(base, wordings, shape) }));
    }

    /// Writes lines as the winner does: those that it has keep its bytes, the others end as its do.
    pub(super) fn dress(&self, winner: &[&str], lines: &[&str]) -> String {
        let mut kept = kept(winner, lines).into_iter().peekable();
        let mut out = String::new();
        for (i, line) in lines.iter().enumerate() {
            let own = kept.next_if(|(_, at)| *at == i).map(|(at, _)| winner[at]);
            if let Some(own) = own.filter(|own| own.ends_with('\n')) {
                out.push_str(own);
            } else {
                out.push_str(content(line));
                out.push_str(self.page.ending.as_str());
            }
        }
        out
    }
}

//! Which lines of two texts belong together, as git finds them when it merges.
//!
//! Two people who merge the same texts, one here and one with git, should get the same page. So this
//! follows the rules of git's histogram to the letter: nothing is cut off at the ends beforehand, the
//! longest run around the rarest lines ties the texts together, and a change that could lie at
//! several places lies at the last one where the other text changed, too, or else at the very last.

use imara_diff::{Algorithm, Diff, InternedInput, Token};

/// A run of equal lines is no anchor if all of its lines are in the old text more often than this.
const MOST_OCCURRENCES: u32 = 64;

/// Which lines of both texts changed.
pub(super) struct Marks {
    pub(super) old: Vec<bool>,
    pub(super) new: Vec<bool>,
}

/// Two lists of lines, each line as a number.
pub(super) struct Numbered {
    old: Vec<Token>,
    new: Vec<Token>,
    kinds: u32,
}

impl Numbered {
    pub(super) fn new(old: Vec<&str>, new: Vec<&str>) -> Self {
        let mut input = InternedInput::default();
        input.update_before(old.into_iter());
        input.update_after(new.into_iter());
        Self { kinds: input.interner.num_tokens(), old: input.before, new: input.after }
    }

    /// Compares with the histogram, in time that may grow with the square of the number of lines.
    pub(super) fn by_histogram(&self) -> Marks {
        let (old, new) = (vec![false; self.old.len()], vec![false; self.new.len()]);
        let mut marks = Marks { old, new };
        let mut histogram = Histogram::new(self);
        let mut waiting = vec![Region { old: (0, self.old.len()), new: (0, self.new.len()) }];
        while let Some(region) = waiting.pop() {
            match histogram.anchor(&region) {
                Anchor::Nothing => {
                    marks.old[region.old.0..region.old.1].fill(true);
                    marks.new[region.new.0..region.new.1].fill(true);
                }
                Anchor::TooMany => self.by_myers_within(&region, &mut marks),
                Anchor::Run(run) => {
                    let before =
                        Region { old: (region.old.0, run.old.0), new: (region.new.0, run.new.0) };
                    let behind =
                        Region { old: (run.old.1, region.old.1), new: (run.new.1, region.new.1) };
                    waiting.extend([before, behind]);
                }
            }
        }
        self.settle(marks)
    }

    /// Compares with Myers' algorithm, whose time is bounded.
    pub(super) fn by_myers(&self) -> Marks {
        let (old, new) = (vec![false; self.old.len()], vec![false; self.new.len()]);
        let mut marks = Marks { old, new };
        let all = Region { old: (0, self.old.len()), new: (0, self.new.len()) };
        self.by_myers_within(&all, &mut marks);
        self.settle(marks)
    }

    fn by_myers_within(&self, region: &Region, marks: &mut Marks) {
        let (old, new) = (region.old.0..region.old.1, region.new.0..region.new.1);
        let mut diff = Diff::default();
        let (before, after) = (&self.old[old.clone()], &self.new[new.clone()]);
        diff.compute_with(Algorithm::Myers, before, after, self.kinds);
        for hunk in diff.hunks() {
            let (gone, came) = (hunk.before, hunk.after);
            marks.old[old.start..][gone.start as usize..gone.end as usize].fill(true);
            marks.new[new.start..][came.start as usize..came.end as usize].fill(true);
        }
    }

    /// Moves each change to where it should lie: first those of the old text, then of the new one.
    fn settle(&self, mut marks: Marks) -> Marks {
        settle(&self.old, &mut marks.old, &marks.new);
        settle(&self.new, &mut marks.new, &marks.old);
        marks
    }
}

/// Stretches of both texts, as (start, end).
#[derive(Debug, Clone, Copy)]
struct Region {
    old: (usize, usize),
    new: (usize, usize),
}

impl Region {
    fn is_one_sided(&self) -> bool {
        self.old.0 == self.old.1 || self.new.0 == self.new.1
    }

    fn len(&self) -> usize {
        self.old.1 - self.old.0
    }
}

/// What ties the texts of a region together.
enum Anchor {
    /// No line is in both.
    Nothing,
    /// Lines are, but all of them too often.
    TooMany,
    Run(Region),
}

/// Where each line is in the old text of a region.
struct Histogram<'a> {
    texts: &'a Numbered,
    /// By the kind of line: how often it is there, and where first.
    counts: Vec<u32>,
    first: Vec<usize>,
    /// By the line: where the next of its kind is; none if this is not behind it.
    next: Vec<usize>,
}

impl<'a> Histogram<'a> {
    fn new(texts: &'a Numbered) -> Self {
        let kinds = texts.kinds as usize;
        let (counts, first) = (vec![0; kinds], vec![0; kinds]);
        Self { texts, counts, first, next: vec![0; texts.old.len()] }
    }

    /// Finds the run of equal lines that is tied first: the one with the rarest line, and if a run
    /// that is no rarer is longer, that one.
    fn anchor(&mut self, region: &Region) -> Anchor {
        if region.is_one_sided() {
            return Anchor::Nothing;
        }
        let Numbered { old, new, .. } = self.texts;
        let within = region.old.0..region.old.1;
        for at in within.clone().rev() {
            let kind = old[at].0 as usize;
            self.next[at] = if self.counts[kind] == 0 { 0 } else { self.first[kind] };
            self.counts[kind] += 1;
            self.first[kind] = at;
        }
        let mut best: Option<Region> = None;
        let mut rarest = MOST_OCCURRENCES + 1;
        let mut any = false;
        let mut at = region.new.0;
        while at < region.new.1 {
            let kind = new[at].0 as usize;
            any |= self.counts[kind] > 0;
            let mut behind = at + 1;
            if (1..=rarest).contains(&self.counts[kind]) {
                let mut from = self.first[kind];
                loop {
                    let run = self.run(region, from, at);
                    let rare = old[run.old.0..run.old.1].iter();
                    let rare = rare.map(|line| self.counts[line.0 as usize]).min().unwrap_or(0);
                    behind = behind.max(run.new.1);
                    if rare < rarest || best.is_some_and(|best| best.len() < run.len()) {
                        (best, rarest) = (Some(run), rare);
                    }
                    // The other lines of this run would only find it again.
                    let mut next = self.next[from];
                    while next > from && next < run.old.1 {
                        (from, next) = (next, self.next[next]);
                    }
                    if next <= from {
                        break;
                    }
                    from = next;
                }
            }
            at = behind;
        }
        for line in &old[within] {
            self.counts[line.0 as usize] = 0;
        }
        match best {
            Some(run) => Anchor::Run(run),
            None if any => Anchor::TooMany,
            None => Anchor::Nothing,
        }
    }

    /// Extends two equal lines in both directions.
    fn run(&self, region: &Region, in_old: usize, in_new: usize) -> Region {
        let Numbered { old, new, .. } = self.texts;
        let (start, end) = ((region.old.0, region.new.0), (region.old.1, region.new.1));
        let above = (in_old - start.0).min(in_new - start.1);
        let above = (1..=above).take_while(|n| old[in_old - n] == new[in_new - n]).count();
        let below = (end.0 - in_old).min(end.1 - in_new);
        let below = (0..below).take_while(|n| old[in_old + n] == new[in_new + n]).count();
        Region { old: (in_old - above, in_old + below), new: (in_new - above, in_new + below) }
    }
}

/// A stretch of changed lines; an empty one is between two lines that stay.
///
/// Both texts have as many of these, because between two of them is one line that stays.
#[derive(Debug, Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
}

impl Group {
    /// Returns the group that begins at a line.
    fn at(start: usize, changed: &[bool]) -> Self {
        let len = changed[start..].iter().take_while(|changed| **changed).count();
        Self { start, end: start + len }
    }

    /// Returns the group that ends before a line.
    fn until(end: usize, changed: &[bool]) -> Self {
        let len = changed[..end].iter().rev().take_while(|changed| **changed).count();
        Self { start: end - len, end }
    }

    fn next(self, changed: &[bool]) -> Option<Self> {
        (self.end < changed.len()).then(|| Self::at(self.end + 1, changed))
    }

    fn previous(self, changed: &[bool]) -> Option<Self> {
        self.start.checked_sub(1).map(|end| Self::until(end, changed))
    }

    fn len(self) -> usize {
        self.end - self.start
    }

    fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Moves the change up by a line, if the text stays the same, and takes in what it then touches.
    fn up(&mut self, lines: &[Token], changed: &mut [bool]) -> bool {
        let can = self.start > 0 && lines[self.start - 1] == lines[self.end - 1];
        if can {
            (self.start, self.end) = (self.start - 1, self.end - 1);
            (changed[self.start], changed[self.end]) = (true, false);
            self.start = Self::until(self.start, changed).start;
        }
        can
    }

    /// Moves the change down by a line, if the text stays the same, and takes in what it then touches.
    fn down(&mut self, lines: &[Token], changed: &mut [bool]) -> bool {
        let can = self.end < lines.len() && lines[self.start] == lines[self.end];
        if can {
            (changed[self.start], changed[self.end]) = (false, true);
            (self.start, self.end) = (self.start + 1, self.end + 1);
            self.end = Self::at(self.end, changed).end;
        }
        can
    }
}

/// Moves the changes of one text to where they should lie.
fn settle(lines: &[Token], changed: &mut [bool], in_other: &[bool]) {
    let mut group = Group::at(0, changed);
    let mut other = Group::at(0, in_other);
    loop {
        if !group.is_empty() {
            let (mut highest, mut meets);
            loop {
                let before = group.len();
                while group.up(lines, changed) {
                    other = other.previous(in_other).unwrap_or(other);
                }
                highest = group.end;
                meets = !other.is_empty();
                while group.down(lines, changed) {
                    other = other.next(in_other).unwrap_or(other);
                    meets |= !other.is_empty();
                }
                // What it took in on its way may let it go further up.
                if group.len() == before {
                    break;
                }
            }
            while meets && group.end > highest && other.is_empty() && group.up(lines, changed) {
                other = other.previous(in_other).unwrap_or(other);
            }
        }
        let (Some(next), Some(beside)) = (group.next(changed), other.next(in_other)) else { break };
        (group, other) = (next, beside);
    }
}

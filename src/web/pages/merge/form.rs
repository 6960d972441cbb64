//! What a merge form brings back.
//!
//! The form names revisions and choices; the texts of revisions are looked up, so a form cannot
//! lie about them. Reading never fails: what makes no sense is as good as absent, because a refusal
//! here would lose what was typed.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::model::merge::two::{Choice, Hunk};
use crate::model::revision::RevisionId;
use crate::web::extract::{Fields, Visitor};
use crate::web::site::Site;

/// What was chosen for one changed place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    Theirs,
    Yours,
    Both,
    BothReversed,
    Base,
    Edit,
}

impl Pick {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "theirs" => Self::Theirs,
            "yours" => Self::Yours,
            "both" => Self::Both,
            "both-reversed" => Self::BothReversed,
            "base" => Self::Base,
            "edit" => Self::Edit,
            _ => return None,
        })
    }

    /// Returns the word that the form holds.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Theirs => "theirs",
            Self::Yours => "yours",
            Self::Both => "both",
            Self::BothReversed => "both-reversed",
            Self::Base => "base",
            Self::Edit => "edit",
        }
    }

    /// Returns the choice that a hunk has without anybody's doing.
    pub(super) fn suggested(hunk: &Hunk) -> Option<Self> {
        match hunk.suggested() {
            Some(Choice::Left) => Some(Self::Theirs),
            Some(Choice::Right) => Some(Self::Yours),
            _ => None,
        }
    }
}

/// What was chosen so far, by the index of the hunk, and the wordings typed by hand.
#[derive(Debug, Clone, Default)]
pub(super) struct Picks {
    picked: BTreeMap<usize, Pick>,
    typed: BTreeMap<usize, String>,
}

impl Picks {
    fn read(fields: &Fields) -> Self {
        let mut picks = Self::default();
        for (name, value) in fields.iter() {
            let Some(rest) = name.strip_prefix("hunk-") else { continue };
            match rest.strip_suffix("-text") {
                Some(index) => {
                    if let Ok(index) = index.parse() {
                        picks.typed.insert(index, value.replace("\r\n", "\n"));
                    }
                }
                None => {
                    if let (Ok(index), Some(pick)) = (rest.parse(), Pick::parse(value)) {
                        picks.picked.insert(index, pick);
                    }
                }
            }
        }
        picks
    }

    /// Returns what was chosen for a hunk, or what needs no choosing.
    pub(super) fn of(&self, index: usize, hunk: &Hunk) -> Option<Pick> {
        self.picked.get(&index).copied().or_else(|| Pick::suggested(hunk))
    }

    /// Returns the wording that was typed for a hunk.
    pub(super) fn typed(&self, index: usize) -> Option<&str> {
        self.typed.get(&index).map(String::as_str)
    }

    /// Returns the choice for a hunk; `None` where it is still open.
    pub(super) fn choice(&self, index: usize, hunk: &Hunk) -> Option<Choice> {
        Some(match self.of(index, hunk)? {
            Pick::Theirs => Choice::Left,
            Pick::Yours => Choice::Right,
            Pick::Both => Choice::Both,
            Pick::BothReversed => Choice::BothRightFirst,
            Pick::Base => Choice::Base,
            Pick::Edit => Choice::Text(whole_lines(self.typed(index).unwrap_or_default(), hunk)),
        })
    }

    /// Returns the wordings that belong to a choice; they go back where the choice has no place.
    pub(super) fn wordings(&self) -> Vec<String> {
        let edits = self.picked.iter().filter(|(_, pick)| **pick == Pick::Edit);
        edits.filter_map(|(i, _)| self.typed.get(i)).filter(|t| !t.is_empty()).cloned().collect()
    }
}

/// A field shows lines without the last line end; a piece of a page has it.
fn whole_lines(typed: &str, hunk: &Hunk) -> String {
    let ended = [&hunk.base, &hunk.left, &hunk.right].iter().any(|side| side.ends_with('\n'));
    let newline = if ended && !typed.is_empty() && !typed.ends_with('\n') { "\n" } else { "" };
    format!("{typed}{newline}")
}

/// A merge form that was sent.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// What the pressed button means.
    pub(super) action: String,
    /// The typed text that is not saved yet; none where heads are merged.
    pub(super) content: Option<String>,
    /// The revision that the typed text was begun on.
    pub(super) base: Option<RevisionId>,
    /// The winner as it was seen.
    pub(super) theirs: Option<RevisionId>,
    /// The heads as they were seen: the one to merge, or all.
    pub(super) with: Vec<RevisionId>,
    /// Further revisions that the typed text was made from.
    pub(super) also: Vec<RevisionId>,
    pub(super) author: String,
    pub(super) summary: String,
    /// Made once for the merged page.
    pub(super) nonce: Uuid,
    /// Made once for the typed text as a version of its own.
    pub(super) second: Uuid,
    pub(super) picks: Picks,
    /// The inbox is where to go afterwards.
    pub(super) back_to_inbox: bool,
}

impl Form {
    /// Reads a form.
    pub(super) fn read(site: &Site, visitor: &Visitor, fields: &Fields) -> Self {
        let id = |name: &str| fields.get(name).parse().ok();
        let ids =
            |name: &'static str| fields.all(name).filter_map(|text| text.parse().ok()).collect();
        let nonce = |name: &str| {
            let sent = Uuid::try_parse(fields.get(name)).ok();
            let sent = sent.filter(|nonce| nonce.get_version_num() == 4);
            sent.unwrap_or_else(|| site.wiki().nonces().draw())
        };
        let author = fields.find("author").unwrap_or(&visitor.author);
        Self {
            action: fields.get("action").to_owned(),
            content: fields.find("content").map(|_| fields.text("content")),
            base: id("base"),
            theirs: id("theirs"),
            with: ids("with"),
            also: ids("also"),
            author: author.trim().to_owned(),
            summary: fields.get("summary").trim().to_owned(),
            nonce: nonce("nonce"),
            second: nonce("second"),
            picks: Picks::read(fields),
            back_to_inbox: fields.get("back") == "inbox",
        }
    }

    /// Returns everything that was typed, for a page that can do nothing but give it back.
    pub(super) fn typed(fields: &Fields) -> String {
        let mut texts: Vec<String> = Vec::new();
        texts.extend(fields.find("content").map(|_| fields.text("content")));
        texts.extend(Picks::read(fields).wordings());
        texts.join("\n\n")
    }
}

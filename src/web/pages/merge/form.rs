//! What a merge form brings back.
//!
//! The form names revisions and choices; the texts of revisions are looked up, so a form cannot
//! lie about them. Choices are named by the content of the place and of the wording, so one that was
//! made stays valid while these texts are the same, whatever else has arrived. Reading never fails:
//! what makes no sense counts as absent, because a refusal here would lose what was typed.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::model::merge::{Choice, Merge, Place, Wording};
use crate::model::revision::RevisionId;
use crate::web::extract::{Fields, Visitor};
use crate::web::site::Site;
use crate::wiki::MAX_MERGED;

/// The word for a wording typed by hand.
pub(super) const TYPED: &str = "text";

/// What was chosen so far, by the key of the place, and the wordings typed by hand.
#[derive(Debug, Clone, Default)]
pub(super) struct Picks {
    picked: BTreeMap<String, String>,
    typed: BTreeMap<String, String>,
}

impl Picks {
    fn read(fields: &Fields) -> Self {
        let mut picks = Self::default();
        for (name, value) in fields.iter() {
            if let Some(key) = name.strip_prefix("text-") {
                picks.typed.insert(key.to_owned(), value.replace("\r\n", "\n"));
            } else if let Some(key) = name.strip_prefix("pick-") {
                picks.picked.insert(key.to_owned(), value.to_owned());
            }
        }
        picks
    }

    /// Returns the word of what was chosen at a place, if it still means something there.
    pub(super) fn word(&self, place: &Place) -> Option<&str> {
        let word = self.picked.get(&place.key())?.as_str();
        (word == TYPED || choice_of(place, word).is_some()).then_some(word)
    }

    /// Returns the wording that was typed for a place.
    pub(super) fn typed(&self, place: &Place) -> Option<&str> {
        self.typed.get(&place.key()).map(String::as_str)
    }

    /// Returns the choice for a place: what was chosen, or what needs no choosing; none if it is
    /// still open.
    pub(super) fn choice(&self, place: &Place) -> Option<Choice> {
        match self.word(place) {
            Some(TYPED) => {
                Some(Choice::Text(whole_lines(self.typed(place).unwrap_or_default(), place)))
            }
            Some(word) => choice_of(place, word),
            None => place.preselected(),
        }
    }

    /// Returns the page as these choices make it; what is open is as the winner has it.
    pub(super) fn result(&self, merge: &Merge) -> String {
        merge.resolve(|_, place| self.choice(place).unwrap_or(Choice::Wording(0)))
    }

    /// Returns the typed wordings that were chosen for places which a merge does not have.
    pub(super) fn strays(&self, merge: Option<&Merge>) -> Vec<String> {
        let keys: BTreeSet<String> =
            merge.iter().flat_map(|merge| merge.places()).map(|(_, place)| place.key()).collect();
        let typed = self.typed.iter().filter(|(key, text)| {
            !keys.contains(*key)
                && !text.is_empty()
                && self.picked.get(*key).is_some_and(|word| word == TYPED)
        });
        typed.map(|(_, text)| text.clone()).collect()
    }
}

/// Returns the word that the form holds for a choice.
pub(super) fn word_of(place: &Place, choice: &Choice) -> String {
    match choice {
        Choice::Wording(i) => place.wordings.get(*i).map(Wording::key).unwrap_or_default(),
        Choice::All => "all".to_owned(),
        Choice::AllReversed => "all-reversed".to_owned(),
        Choice::Joined => "joined".to_owned(),
        Choice::Base => "base".to_owned(),
        Choice::Text(_) => TYPED.to_owned(),
    }
}

/// Returns what a word of the form means at a place.
fn choice_of(place: &Place, word: &str) -> Option<Choice> {
    place.choices().into_iter().find(|choice| word_of(place, choice) == word)
}

/// A field shows lines without the last line end; a piece of a page has it.
fn whole_lines(typed: &str, place: &Place) -> String {
    let texts = place.base.iter().chain(place.wordings.iter().map(|w| &w.text));
    let ended = texts.into_iter().any(|text| text.ends_with('\n'));
    let newline = if ended && !typed.is_empty() && !typed.ends_with('\n') { "\n" } else { "" };
    format!("{typed}{newline}")
}

/// A merge form that was sent.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// What the pressed button means.
    pub(super) action: String,
    /// The revision that the action is about: the file to choose, the merge to undo.
    pub(super) about: Option<RevisionId>,
    /// The winner as it was seen.
    pub(super) winner: Option<RevisionId>,
    /// The other heads as they were seen.
    pub(super) with: Vec<RevisionId>,
    /// The visitor's own version.
    pub(super) mine: Option<RevisionId>,
    pub(super) author: String,
    pub(super) summary: String,
    /// Made once for the merged page.
    pub(super) nonce: Uuid,
    pub(super) picks: Picks,
    /// The inbox is where to go on afterwards.
    pub(super) back_to_inbox: bool,
    /// The list of the inbox itself is, not its next conflict.
    pub(super) back_to_list: bool,
}

impl Form {
    /// Reads a form.
    pub(super) fn read(site: &Site, visitor: &Visitor, fields: &Fields) -> Self {
        let id = |name: &str| fields.get(name).parse().ok();
        let sent = Uuid::try_parse(fields.get("nonce")).ok();
        let sent = sent.filter(|nonce| nonce.get_version_num() == 4);
        let author = fields.find("author").unwrap_or(&visitor.author);
        // A button can say what it does and to what: `take:3-…`.
        let (action, about) = match fields.get("action").split_once(':') {
            Some((action, about)) => (action, about.parse().ok()),
            None => (fields.get("action"), id("about")),
        };
        let mut with: Vec<RevisionId> = Vec::new();
        for head in fields.all("with").filter_map(|text| text.parse().ok()) {
            if !with.contains(&head) && with.len() < MAX_MERGED {
                with.push(head);
            }
        }
        Self {
            action: action.to_owned(),
            about,
            winner: id("winner"),
            with,
            mine: id("mine"),
            author: author.trim().to_owned(),
            summary: fields.get("summary").trim().to_owned(),
            nonce: sent.unwrap_or_else(|| site.wiki().nonces().draw()),
            picks: Picks::read(fields),
            back_to_inbox: matches!(fields.get("back"), "inbox" | "list"),
            back_to_list: fields.get("back") == "list",
        }
    }

    /// Returns everything that was typed, for a page that can do nothing but give it back.
    pub(super) fn typed(fields: &Fields) -> String {
        Picks::read(fields).strays(None).join("\n\n")
    }
}

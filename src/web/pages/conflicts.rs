//! The inbox of the whole wiki: every document that waits for a person, what there is to do, and the
//! ones that need no choice merged together.

mod feed;
mod together;

use std::cmp::Reverse;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;
use uuid::Uuid;

use super::restore::Undo;
use super::words;
use crate::model::path::{DocPath, fold};
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query, Visitor};
use crate::web::filters;
use crate::web::shell::Shell;
use crate::web::site::Site;
use crate::wiki::{Case, InboxEntry, MAX_MERGED, Version};

/// How many documents a page of the inbox has.
const PAGE: usize = 100;

/// Which documents are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    All,
    Easy,
    Mine,
    Deleted,
}

impl Show {
    const EACH: [Self; 4] = [Self::All, Self::Mine, Self::Easy, Self::Deleted];

    fn parse(word: &str) -> Self {
        match word {
            "clean" => Self::Easy,
            "mine" => Self::Mine,
            "deleted" => Self::Deleted,
            _ => Self::All,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Easy => "clean",
            Self::Mine => "mine",
            Self::Deleted => "deleted",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Easy => "One click",
            Self::Mine => "Mine",
            Self::Deleted => "Deleted",
        }
    }

    fn takes(self, entry: &InboxEntry, me: &str) -> bool {
        match self {
            Self::All => true,
            Self::Easy => Step::of(entry) == Step::Merge,
            Self::Mine => entry.versions().any(|version| is_by(version, me)),
            Self::Deleted => entry.is_about_deletion(),
        }
    }
}

/// What there is to do about a document, as its button says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// One click: there is nothing to choose or to look at.
    Merge,
    /// Nothing has to be chosen, but what was joined should be seen.
    Review,
    /// There are choices to make.
    Resolve,
}

impl Step {
    fn of(entry: &InboxEntry) -> Self {
        match entry.case {
            Case::Clean | Case::WhiteSpace => Self::Merge,
            _ if entry.choices == 0 => Self::Review,
            _ => Self::Resolve,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Merge => "Merge",
            Self::Review => "Review",
            Self::Resolve => "Resolve",
        }
    }
}

/// Says what a conflict is about, in a few words, and how it is coloured.
fn about(entry: &InboxEntry) -> (&'static str, String) {
    let easy = |words: &str| ("chip-easy", words.to_owned());
    let deleted = |by: Option<&Version>| {
        let by = by.map_or("", |v| v.author.as_str());
        ("chip-deleted", format!("deleted by {}", words::by(by)))
    };
    match entry.case {
        Case::Clean => easy("changes don’t overlap"),
        Case::WhiteSpace => easy("white space only"),
        Case::BothAppended if entry.others.len() > 1 => easy("all added lines"),
        Case::BothAppended => easy("both added lines"),
        Case::Sentences => easy("different sentences"),
        Case::Moved => easy("moved and edited"),
        Case::DeletedHere => deleted(Some(&entry.winner)),
        Case::DeletedThere => deleted(entry.others.iter().find(|v| v.deletion)),
        Case::NotText => ("chip-conflict", "files differ".to_owned()),
        Case::Decide => ("chip-conflict", "too large to compare here".to_owned()),
        Case::NoAncestor => ("chip-conflict", "no earlier version in common".to_owned()),
        _ if entry.choices > 1 => ("chip-conflict", format!("{} choices", entry.choices)),
        Case::SameSentence => ("chip-conflict", "1 choice: same sentence".to_owned()),
        Case::SameWords => ("chip-conflict", "1 choice: same words".to_owned()),
        Case::LinesDeleted => ("chip-conflict", "1 choice: deleted and edited".to_owned()),
        Case::MovedTwice => ("chip-conflict", "1 choice: moved twice".to_owned()),
    }
}

/// Returns the conflict that comes after a document in the inbox, from the start again behind the
/// last; none if there is no other.
pub(in crate::web::pages) fn after(site: &Site, path: &DocPath) -> Option<DocPath> {
    let mut entries = site.wiki().inbox();
    Sort::Easy.apply(&mut entries);
    let at = entries.iter().position(|entry| entry.path == *path);
    let next = at.map_or(0, |at| at + 1);
    let (before, behind) = entries.split_at(next.min(entries.len()));
    behind.iter().chain(before).map(|entry| &entry.path).find(|next| *next != path).cloned()
}

/// The order of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Easy,
    Newest,
    Oldest,
    Size,
    Name,
    Versions,
}

impl Sort {
    const EACH: [Self; 6] =
        [Self::Easy, Self::Newest, Self::Oldest, Self::Size, Self::Versions, Self::Name];

    fn parse(word: &str) -> Self {
        Self::EACH.into_iter().find(|s| s.word() == word).unwrap_or(Self::Easy)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Size => "size",
            Self::Name => "name",
            Self::Versions => "versions",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Easy => "Easy first",
            Self::Newest => "Newest",
            Self::Oldest => "Oldest",
            Self::Size => "Biggest",
            Self::Name => "Name",
            Self::Versions => "Versions",
        }
    }

    /// Sorts entries that are in order of name.
    fn apply(self, entries: &mut [InboxEntry]) {
        let size = |e: &InboxEntry| e.change.added_bytes + e.change.removed_bytes;
        match self {
            Self::Name => {}
            Self::Easy => {
                entries.sort_by_key(|e| (e.choices, Step::of(e), Reverse(e.latest())));
            }
            Self::Newest => entries.sort_by_key(|e| Reverse(e.latest())),
            Self::Oldest => entries.sort_by_key(InboxEntry::latest),
            Self::Size => entries.sort_by_key(|e| Reverse(size(e))),
            Self::Versions => entries.sort_by_key(|e| Reverse(e.others.len())),
        }
    }
}

/// A choice above the list.
struct Chip {
    label: &'static str,
    href: String,
    count: usize,
    current: bool,
}

/// One line of the inbox.
struct Item {
    step: Step,
    /// What it is about, and the class of that.
    about: (&'static str, String),
    entry: InboxEntry,
    /// Made once for the button of this document.
    nonce: Uuid,
    /// The heads that the button is about.
    heads: Vec<RevisionId>,
}

#[derive(Template)]
#[template(path = "pages/conflicts.html")]
struct Inbox<'a> {
    shell: Shell,
    q: &'a str,
    sort: Sort,
    show: Show,
    shows: Vec<Chip>,
    sorts: Vec<Chip>,
    items: Vec<Item>,
    total: usize,
    all: usize,
    page: usize,
    previous: Option<String>,
    next: Option<String>,
    author: &'a str,
    /// What was resolved just now, and how to take that back.
    saved: Option<(DocPath, String, Option<Undo>)>,
    /// How many of the shown ones one click would merge together.
    together: usize,
}

impl Inbox<'_> {
    /// Returns true if a version is the reader's own, by the name under which they save.
    fn is_mine(&self, version: &Version) -> bool {
        is_by(version, self.author)
    }
}

fn is_by(version: &Version, me: &str) -> bool {
    !me.is_empty() && fold(&version.author) == fold(me)
}

/// Shows the inbox.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| match query.get("merge") {
        "" => inbox(site, &visitor, &query),
        _ => together::preview(site, &visitor, &Wanted::read(&query)),
    })
    .await
}

pub(in crate::web) use self::feed::serve as feed;
pub(in crate::web) use self::together::submit as merge_together;

/// What the query asks for.
struct Wanted<'a> {
    q: &'a str,
    show: Show,
    sort: Sort,
    page: usize,
}

impl<'a> Wanted<'a> {
    fn read(query: &'a Fields) -> Self {
        Self {
            q: query.get("q").trim(),
            show: Show::parse(query.get("show")),
            sort: Sort::parse(query.get("sort")),
            page: query.get("page").parse().unwrap_or(1).max(1),
        }
    }

    /// Returns the entries whose name, title or authors have all the words.
    fn found(&self, site: &Site) -> Vec<InboxEntry> {
        site.wiki().wait_for_scan();
        let words: Vec<String> = self.q.split_whitespace().map(fold).collect();
        let mut entries = site.wiki().inbox();
        entries.retain(|entry| {
            let authors: Vec<&str> = entry.versions().map(|v| v.author.as_str()).collect();
            let text = fold(&format!("{} {} {}", entry.path, entry.title, authors.join(" ")));
            words.iter().all(|word| text.contains(word))
        });
        entries
    }

    fn href(&self, show: Show, sort: Sort, page: usize) -> String {
        let mut query = form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        if !self.q.is_empty() {
            query.append_pair("q", self.q);
        }
        if show != Show::All {
            query.append_pair("show", show.word());
        }
        if sort != Sort::Easy {
            query.append_pair("sort", sort.word());
        }
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        query.finish()
    }
}

fn inbox(site: &Site, visitor: &Visitor, query: &Fields) -> Result<Response, Failure> {
    let wanted = Wanted::read(query);
    let found = wanted.found(site);
    let me = visitor.author.as_str();
    let shows = Show::EACH.into_iter().map(|show| Chip {
        label: show.label(),
        href: wanted.href(show, wanted.sort, 1),
        count: found.iter().filter(|e| show.takes(e, me)).count(),
        current: show == wanted.show,
    });
    let shows = shows.filter(|chip| chip.count > 0 || chip.current).collect();
    let sorts = Sort::EACH.into_iter().map(|sort| Chip {
        label: sort.label(),
        href: wanted.href(wanted.show, sort, 1),
        count: 0,
        current: sort == wanted.sort,
    });
    let all = site.wiki().conflict_count();
    let mut entries: Vec<InboxEntry> =
        found.iter().filter(|e| wanted.show.takes(e, me)).cloned().collect();
    wanted.sort.apply(&mut entries);
    let together = entries.iter().filter(|e| Step::of(e) == Step::Merge).count();
    let total = entries.len();
    let pages = total.div_ceil(PAGE).max(1);
    let page = wanted.page.min(pages);
    let items = entries.into_iter().skip((page - 1) * PAGE).take(PAGE).map(|entry| Item {
        nonce: site.wiki().nonces().draw(),
        heads: entry.others.iter().take(MAX_MERGED).map(|v| v.id).collect(),
        step: Step::of(&entry),
        about: about(&entry),
        entry,
    });
    let link = |page| wanted.href(wanted.show, wanted.sort, page);
    let inbox = Inbox {
        shell: Shell::new(site, visitor, "Conflicts"),
        q: wanted.q,
        sort: wanted.sort,
        show: wanted.show,
        shows,
        sorts: sorts.collect(),
        items: items.collect(),
        total,
        all,
        page,
        previous: (page > 1).then(|| link(page - 1)),
        next: (page < pages).then(|| link(page + 1)),
        author: me,
        saved: saved(site, query),
        together: together.min(together::MOST),
    };
    let html = inbox.render().map_err(|_| Failure::internal())?;
    Ok(([(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response())
}

/// Says which document was resolved just now, and offers to take that back.
fn saved(site: &Site, query: &Fields) -> Option<(DocPath, String, Option<Undo>)> {
    query.find("saved")?;
    let path = DocPath::new(query.get("page-name")).ok()?;
    let document = site.wiki().open(&path).ok().flatten();
    let title = document.as_ref().map_or(path.title(), |d| d.title()).to_owned();
    let undo = document
        .zip(query.get("id").parse().ok())
        .and_then(|(document, id)| Undo::of_merge(site, id, &document));
    Some((path, title, undo))
}

/// A document of the inbox, for programs.
#[derive(Serialize)]
struct JsonEntry<'a> {
    path: &'a str,
    title: &'a str,
    winner: RevisionId,
    conflicts: Vec<RevisionId>,
    versions: Vec<&'a Version>,
    latest: Option<jiff::Timestamp>,
    added_lines: usize,
    removed_lines: usize,
    case: Case,
    easy: bool,
    choices: usize,
}

/// Lists what the inbox shows, for programs: all of it, filtered and sorted likewise.
pub(in crate::web) async fn json(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        let wanted = Wanted::read(&query);
        let mut entries = wanted.found(site);
        entries.retain(|e| wanted.show.takes(e, &visitor.author));
        wanted.sort.apply(&mut entries);
        let entries: Vec<JsonEntry<'_>> = entries
            .iter()
            .map(|e| JsonEntry {
                path: e.path.as_str(),
                title: &e.title,
                winner: e.winner.id,
                conflicts: e.others.iter().map(|v| v.id).collect(),
                versions: e.versions().collect(),
                latest: e.latest(),
                added_lines: e.change.added_lines,
                removed_lines: e.change.removed_lines,
                case: e.case,
                easy: e.case.is_easy(),
                choices: e.choices,
            })
            .collect();
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(entries)).into_response())
    })
    .await
}

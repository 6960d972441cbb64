//! What changed lately in the whole wiki, day by day, and the same as a feed.

mod change;
pub(in crate::web) mod feed;
#[cfg(test)]
mod tests;

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use self::change::Change;
use super::paging::Paging;
use crate::model::path::fold;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query, Visitor};
use crate::web::shell::Shell;
use crate::web::site::Site;
use crate::wiki::Document;

/// How many changes a page has.
const PAGE: usize = 100;

/// Whose changes are shown, and where.
struct Wanted<'a> {
    author: &'a str,
    folder: &'a str,
}

impl<'a> Wanted<'a> {
    fn read(fields: &'a Fields) -> Self {
        Self { author: fields.get("author").trim(), folder: fields.get("folder").trim_matches('/') }
    }

    fn is_on(&self) -> bool {
        !(self.author.is_empty() && self.folder.is_empty())
    }

    fn takes(&self, document: &Document, id: RevisionId) -> bool {
        let author = document.revision(id).map_or("", |revision| &revision.author);
        let folder = document.path().folder().strip_prefix(self.folder);
        (self.author.is_empty() || fold(author) == fold(self.author))
            && (self.folder.is_empty()
                || folder.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }

    fn address(&self, page: usize) -> String {
        let mut query = form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        let page = if page > 1 { page.to_string() } else { String::new() };
        for (name, value) in [("author", self.author), ("folder", self.folder), ("page", &page)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }
}

/// The changes of one day, newest first.
struct Day {
    /// As in a date, to tell it from others.
    id: String,
    /// As people say it.
    name: String,
    changes: Vec<Change>,
}

#[derive(Template)]
#[template(path = "pages/recent.html")]
struct Recent<'a> {
    shell: Shell,
    wanted: Wanted<'a>,
    days: Vec<Day>,
    paging: Paging,
    /// Not everything has been looked at yet.
    scanning: bool,
}

/// Shows the latest changes.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Response, Failure> {
    site.blocking(move |site| {
        let wiki = site.wiki();
        let wanted = Wanted::read(&fields);
        let mut changes = wiki.recent(0, usize::MAX);
        changes.retain(|(document, id)| wanted.takes(document, *id));
        let paging =
            Paging::new(Paging::wanted(&fields), changes.len(), PAGE, |page| wanted.address(page));
        let changes = paging.cut(changes, PAGE).into_iter();
        let changes = changes.filter_map(|(document, id)| Change::new(document, id));
        let days = by_day(changes, wiki.clock().now());
        let shell = Shell::new(site, &visitor, "Recent changes");
        let view = Recent { shell, wanted, days, paging, scanning: !wiki.scanned() };
        let html = view.render().map_err(|_| Failure::internal())?;
        Ok(([(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response())
    })
    .await
}

fn by_day(changes: impl Iterator<Item = Change>, now: Timestamp) -> Vec<Day> {
    let day = |date: Timestamp| TimeZone::UTC.to_datetime(date).date();
    let today = day(now);
    let mut days: Vec<Day> = Vec::new();
    for change in changes {
        let date = day(change.date);
        let id = date.to_string();
        match days.last_mut() {
            Some(last) if last.id == id => last.changes.push(change),
            _ => days.push(Day { id, name: name(date, today), changes: vec![change] }),
        }
    }
    days
}

fn name(date: Date, today: Date) -> String {
    if date == today {
        "Today".to_owned()
    } else if date.checked_add(1.day()).is_ok_and(|next| next == today) {
        "Yesterday".to_owned()
    } else {
        date.strftime("%A, %-d %B %Y").to_string()
    }
}

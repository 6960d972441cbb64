//! Taking in what others saved while one writes.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::model::diff::{Diff, Folded, LineEnding, RowKind, folded, lines, replaced};
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Query, Submitted, Visitor};
use crate::web::pages::after::Since;
use crate::web::site::Site;
use crate::wiki::{Document, MAX_MERGED, Revision, TakenIn, WikiError};

/// How many unchanged lines are shown around each change.
const CONTEXT: usize = 1;

/// Shows what changed on the page `path` between the revision `from` and the winner:
/// `{"revision": …, "who", "what", "mine", "rows": [{"kind", "old", "new", "pieces": [[text, marked]]}]}`,
/// where `kind` is `same`, `removed`, `added` or, for a stretch that is left out, `fold` with its
/// `count`. `who` saved and `what` they changed are parts of a sentence; `mine` is true if all of it
/// was saved under the visitor's own name.
pub(in crate::web) async fn changes(
    State(site): State<Site>,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Response, Failure> {
    let path = DocPath::page_from_user(fields.get("path"))?;
    let from = fields.id("from")?;
    site.blocking(move |site| {
        let document = site.wiki().require(&path)?;
        let old = match from {
            Some(id) => text_of(site, &document, id)?,
            None => String::new(),
        };
        let (new, revision) = match document.winner() {
            Some(winner) => (text_of(site, &document, winner.id)?, about(winner)),
            None => (String::new(), Value::Null),
        };
        let made_from: Vec<_> = from.into_iter().collect();
        let since = document
            .winner()
            .map(|w| Since::of(site, &document, &made_from, (from, w.id), &visitor.author));
        let rows: Vec<_> = folded(Diff::between(&old, &new).unified(), CONTEXT)
            .into_iter()
            .map(|row| match row {
                Folded::Fold { count, .. } => json!({ "kind": "fold", "count": count }),
                Folded::Row(row) => {
                    let pieces: Vec<_> =
                        row.segments.iter().map(|s| (&s.text, s.changed)).collect();
                    let kind = match row.kind {
                        RowKind::Unchanged => "same",
                        RowKind::Removed => "removed",
                        RowKind::Added => "added",
                    };
                    json!({ "kind": kind, "old": row.old, "new": row.new, "pieces": pieces })
                }
            })
            .collect();
        Ok(answer(&json!({
            "revision": revision,
            "who": since.as_ref().map(|since| &since.who),
            "what": since.as_ref().map(|since| &since.what),
            "mine": since.as_ref().is_some_and(|since| since.only_me),
            "rows": rows,
        })))
    })
    .await
}

/// Puts what others saved into the field `text`, which was made from the revision `base` of the page
/// `path`, and from those named `also`: `{"left", "clean", "base", "text", "edits", "revision"}`.
/// `edits` are the stretches of `text` that change, as `[start, end, replacement]` in UTF-16 units, in
/// order, and `text` is what they make of it. At `left` places somebody has to choose: there the text
/// is as it was, and `base`, too, so that the save finds these places. With none left, `clean` is
/// true, and `base` is the winner. Nothing is added from a page that was deleted, or from another
/// merge of what is named `also`: the save asks its author.
pub(in crate::web) async fn rebase(
    State(site): State<Site>,
    Submitted(fields): Submitted,
) -> Result<Response, Failure> {
    let path = DocPath::page_from_user(fields.get("path"))?;
    let base = fields.id("base")?;
    let also: Vec<RevisionId> =
        fields.all("also").filter_map(|id| id.parse().ok()).take(MAX_MERGED).collect();
    site.blocking(move |site| {
        let text = fields.text("text");
        let (size, limit) = (text.len() as u64, site.wiki().limits().text);
        if size > limit {
            return Err(WikiError::TooLarge { size, limit }.into());
        }
        let document = site.wiki().require(&path)?;
        let winner = document.winner();
        let made_from: Vec<_> = base.into_iter().collect();
        let merged_too = winner.is_some_and(|winner| {
            also.iter().any(|id| document.history().descends_from(winner.id, *id))
        });
        let taken = match winner.filter(|_| document.is_live() && !merged_too) {
            Some(winner) => site.wiki().merge_unsaved(&document, &made_from, winner.id, &text)?,
            // Its author is asked at the save.
            None => TakenIn { text: text.clone(), left: 1 },
        };
        let edits = edits(&text, &taken.text);
        let clean = taken.left == 0;
        let base = if clean { winner.map(|winner| winner.id) } else { base };
        Ok(answer(&json!({
            "left": taken.left,
            "clean": clean,
            "base": base.map(|id| id.to_string()),
            "text": taken.text,
            "edits": edits,
            "revision": winner.map(about),
        })))
    })
    .await
}

/// A stretch of a text in UTF-16 units, as browsers count, and what to put there.
type Replacement = (usize, usize, String);

/// Lists what turns one text into another.
fn edits(from: &str, to: &str) -> Vec<Replacement> {
    let (old, new) = (lines(from), lines(to));
    let mut edits = Vec::new();
    let (mut line, mut at) = (0, 0);
    for change in replaced(&old, &new) {
        let upto = |line: usize, end: usize| old[line..end].iter().map(|l| units(l)).sum::<usize>();
        let start = at + upto(line, change.old.start);
        (line, at) = (change.old.end, start + upto(change.old.start, change.old.end));
        edits.push((start, at, new[change.new].concat()));
    }
    // Only the newline at the end is in no line; then the whole text is replaced.
    if apply(&edits, from) == to { edits } else { vec![(0, units(from), to.to_owned())] }
}

fn apply(edits: &[Replacement], text: &str) -> String {
    let text: Vec<u16> = text.encode_utf16().collect();
    let mut result = Vec::with_capacity(text.len());
    let mut at = 0;
    for (start, end, replacement) in edits {
        result.extend_from_slice(&text[at..*start]);
        result.extend(replacement.encode_utf16());
        at = *end;
    }
    result.extend_from_slice(&text[at..]);
    String::from_utf16_lossy(&result)
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Returns the text of a revision with LF line ends, as the editor shows it.
fn text_of(site: &Site, document: &Document, id: RevisionId) -> Result<String, Failure> {
    Ok(LineEnding::Lf.apply(&site.wiki().text(document, id)?))
}

/// Says of a revision what a window needs to name it.
pub(in crate::web) fn about(revision: &Revision) -> Value {
    json!({
        "id": revision.id.to_string(),
        "number": revision.id.number(),
        "author": revision.author,
        "date": revision.date.map(|d| d.to_string()),
        "summary": revision.summary,
        "deleted": revision.is_deletion(),
    })
}

fn answer(value: &Value) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(value)).into_response()
}

#[cfg(test)]
mod tests {
    use crate::web::test_support::TestSite;

    const BASE: &str = "# Garden\n\nBeans\n\nPeas\n";

    #[tokio::test]
    async fn a_change_elsewhere_is_taken_into_the_text() {
        let site = TestSite::new();
        let base = site.save("Garden.md", BASE).to_string();
        let theirs = site.save_as("Garden.md", "Bob", "# Garden\n\nBeans 🫘\n\nPeas\n").to_string();
        let mine = "# My 🌱 garden\n\nBeans\n\nPeas\n";
        let fields = [("path", "Garden"), ("base", &base), ("text", mine)];
        let answer = site.post("/-/api/v1/rebase", &fields).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let answer = answer.json();
        assert_eq!(answer["clean"], true);
        assert_eq!(answer["text"], "# My 🌱 garden\n\nBeans 🫘\n\nPeas\n");
        assert_eq!(answer["base"], theirs.as_str());
        assert_eq!(answer["revision"]["author"], "Bob");
        // The place counts the sprout as two, as browsers do.
        assert_eq!(answer["edits"], serde_json::json!([[16, 22, "Beans 🫘\n"]]));
    }

    #[tokio::test]
    async fn what_nobody_has_to_decide_is_taken_in_though_a_place_is_left() {
        let site = TestSite::new();
        let base = site.save("Garden.md", BASE).to_string();
        site.save("Garden.md", "# Our garden\n\nBeans\n\nGreen peas\n");
        let fields =
            [("path", "Garden"), ("base", &base), ("text", "# Garden\n\nBeans\n\nNo peas\n")];
        let answer = site.post("/-/api/v1/rebase", &fields).await.json();
        assert_eq!(answer["left"], 1);
        assert_eq!(answer["clean"], false);
        assert_eq!(answer["text"], "# Our garden\n\nBeans\n\nNo peas\n");
        assert_eq!(answer["edits"], serde_json::json!([[0, 9, "# Our garden\n"]]));
        // The save still has to find the place that is left.
        assert_eq!(answer["base"], base.as_str());
    }

    #[tokio::test]
    async fn where_somebody_has_to_decide_the_text_comes_back_as_it_was() {
        let site = TestSite::new();
        let base = site.save("Garden.md", BASE).to_string();
        site.save("Garden.md", "# Garden\n\nBroad beans\n\nPeas\n");
        let mine = "# Garden\n\nRunner beans\n\nPeas\n";
        let fields = [("path", "Garden"), ("base", &base), ("text", mine)];
        let answer = site.post("/-/api/v1/rebase", &fields).await.json();
        assert_eq!((&answer["clean"], &answer["left"]), (&false.into(), &1.into()));
        assert_eq!(answer["edits"], serde_json::json!([]));
        assert_eq!(answer["text"], mine);
        assert_eq!(answer["base"], base.as_str());
    }

    #[tokio::test]
    async fn of_another_merge_of_the_same_versions_nothing_is_taken_in() {
        let site = TestSite::new();
        let base = site.save("Garden.md", BASE);
        for beans in ["Broad beans", "Runner beans"] {
            site.save_on("Garden.md", "", Some(base), BASE.replace("Beans", beans));
        }
        let document = site.document("Garden.md").unwrap();
        let kept = document.winner().unwrap().id.to_string();
        let waits = document.resolution().conflicts[0];
        let other = String::from_utf8(site.site.wiki().content(&document, waits).unwrap()).unwrap();
        let (waits, beans) = (waits.to_string(), site.content("Garden.md"));
        let form = [("path", "Garden"), ("base", &*kept), ("also", &*waits), ("text", &*other)];
        let merge = [
            ("base", &*kept),
            ("also", &*waits),
            ("content", &*beans),
            ("author", "Dora"),
            ("nonce", "2f1c1b4e-7f9e-4d0a-9a53-2c1b0f6f7a10"),
        ];
        assert_eq!(site.post("/-/edit/Garden", &merge).await.status, 303);
        let answer = site.post("/-/api/v1/rebase", &form).await.json();
        assert_eq!((&answer["clean"], &answer["left"]), (&false.into(), &1.into()));
        assert_eq!((&answer["text"], &answer["base"]), (&(&*other).into(), &(&*kept).into()));
    }

    #[tokio::test]
    async fn a_deletion_is_not_taken_in() {
        let site = TestSite::new();
        let base = site.save("Garden.md", BASE).to_string();
        site.save("Garden.md", "");
        let fields = [("path", "Garden"), ("base", &base), ("text", BASE)];
        let answer = site.post("/-/api/v1/rebase", &fields).await.json();
        assert_eq!((&answer["clean"], &answer["text"]), (&false.into(), &BASE.into()));
        assert_eq!(answer["revision"]["deleted"], true);
    }

    #[tokio::test]
    async fn a_last_line_without_its_end_is_not_glued_to_the_next() {
        let site = TestSite::new();
        let base = site.save("Garden.md", "one\n\ntwo").to_string();
        site.save("Garden.md", "one\n\ntwo\nthree");
        let fields = [("path", "Garden"), ("base", &base), ("text", "one and a half\n\ntwo")];
        let answer = site.post("/-/api/v1/rebase", &fields).await.json();
        assert_eq!(answer["text"], "one and a half\n\ntwo\nthree");
    }

    #[tokio::test]
    async fn what_changed_is_told_by_words() {
        let site = TestSite::new();
        let base = site.save("Garden.md", "# Garden\n\nBeans are green\n").to_string();
        site.save_as("Garden.md", "Bob", "# Garden\n\nBeans are red\n");
        let answer = site.get(&format!("/-/api/v1/changes?path=Garden&from={base}")).await.json();
        assert_eq!(answer["revision"]["author"], "Bob");
        assert_eq!((&answer["who"], &answer["what"]), (&"Bob".into(), &"“Garden”".into()));
        assert_eq!(answer["mine"], false);
        let rows = answer["rows"].as_array().unwrap();
        let kinds: Vec<_> = rows.iter().map(|r| r["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["same", "same", "removed", "added"]);
        let marked = rows[3]["pieces"].as_array().unwrap().iter().find(|p| p[1] == true).unwrap();
        assert_eq!(marked[0], "red");
    }

    #[tokio::test]
    async fn nonsense_is_refused() {
        let site = TestSite::with_limits(100, 100);
        let long = "x".repeat(101);
        let answer = site.post("/-/api/v1/rebase", &[("path", "A"), ("text", &long)]).await;
        assert_eq!(answer.status, 413);
        assert_eq!(
            site.post("/-/api/v1/rebase", &[("path", "A"), ("base", "x")]).await.status,
            400
        );
    }
}

//! What the page says after a save that led to it.
//!
//! The address names how the save ended and the revision it made; everything else is looked up, so
//! an address that somebody made up can say nothing untrue.

use super::words;
use crate::model::diff::{Diff, RowKind};
use crate::model::revision::RevisionId;
use crate::web::extract::Fields;
use crate::web::site::Site;
use crate::wiki::{Document, Revision};

/// How many sections are named.
const MOST_SECTIONS: usize = 2;

/// A sentence about a save, and a way to see what it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Message {
    pub(in crate::web) text: String,
    /// The address and the words of a link.
    pub(in crate::web) link: Option<(String, &'static str)>,
}

impl Message {
    fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), link: None }
    }

    /// Makes the message that an address asks for, if it does.
    pub(in crate::web) fn of(
        site: &Site,
        query: &Fields,
        document: &Document,
        me: &str,
        owed: bool,
    ) -> Option<Self> {
        let id = query.get("id").parse().ok();
        Some(match query.get("saved") {
            "" => return None,
            "same" => Self::plain("No changes to save."),
            "merged" => Self { text: merged(document, id), link: None },
            "settled" => {
                Self::plain("Saved. The other versions are closed and stay in the history.")
            }
            "reverted" => Self::plain("Undone."),
            "both" => id
                .and_then(|id| came_in(site, document, id, me))
                .unwrap_or_else(|| Self::plain("Saved. Both changes are in.")),
            "over" => {
                id.and_then(|id| over(site, document, id)).unwrap_or_else(|| Self::plain("Saved."))
            }
            "discarded" => Self::plain("Discarded. That version stays in the history."),
            _ => {
                let hidden = id.and_then(|id| hidden(site, document, id));
                hidden.unwrap_or_else(|| Self::plain(if owed { "Saved here." } else { "Saved." }))
            }
        })
    }
}

/// Says that a version is in the history alone: one made by hand has a higher number, and counts as
/// made from all below it, whether its author knew of them or not.
fn hidden(site: &Site, document: &Document, id: RevisionId) -> Option<Message> {
    document.revision(id)?;
    let winner = document.winner()?;
    let is_named = || document.revisions().any(|r| r.parents.contains(&id));
    let is_hidden = winner.bare && winner.id.number() > id.number() && !is_named();
    is_hidden.then(|| Message {
        text: format!(
            "Saved, but only in the history: readers see revision {}, which was created by hand and \
             counts as newer.",
            winner.id.number()
        ),
        link: Some((
            site.url(&format!("-/rev/{}/{id}", document.path().address())),
            "Show my version",
        )),
    })
}

/// Says how many versions a merge put together.
fn merged(document: &Document, id: Option<RevisionId>) -> String {
    let parents = id.and_then(|id| document.revision(id)).map_or(0, |r| r.parents.len());
    match parents {
        0..=2 => "Saved. Both versions are merged.".to_owned(),
        n => format!(
            "Saved. {} are merged.",
            words::capital(&words::count(n, "version", "versions"))
        ),
    }
}

/// The two revisions that a save merged.
pub(in crate::web) struct Both<'a> {
    /// What its author typed.
    pub(in crate::web) typed: &'a Revision,
    /// What readers saw until then.
    pub(in crate::web) theirs: &'a Revision,
}

impl<'a> Both<'a> {
    /// Returns what was merged by the save that made a revision, if one did.
    pub(in crate::web) fn of(document: &'a Document, merge: RevisionId) -> Option<Self> {
        let merge = document.revision(merge)?;
        let form = merge.form?;
        let parents = || merge.parents.iter().filter_map(|id| document.revision(*id));
        let typed = parents().find(|r| r.was_sent_as(form))?;
        let theirs = parents().filter(|r| r.id != typed.id).max_by_key(|r| r.id)?;
        Some(Self { typed, theirs })
    }
}

/// What others saved since somebody began to write.
pub(in crate::web) struct Since {
    /// Who saved, as in “Ann and Ben”.
    pub(in crate::web) who: String,
    /// The sections that changed, as in “this page”.
    pub(in crate::web) what: String,
    /// All of it was saved under the writer's own name.
    pub(in crate::web) only_me: bool,
}

impl Since {
    /// Compares two revisions for somebody called `me`, who began with `made_from`. Without a `base`
    /// everything is new.
    pub(in crate::web) fn of(
        site: &Site,
        document: &Document,
        made_from: &[RevisionId],
        (base, theirs): (Option<RevisionId>, RevisionId),
        me: &str,
    ) -> Self {
        let savers = words::savers_since(document, made_from, theirs);
        let only_me = !me.is_empty() && savers.iter().all(|saver| *saver == me);
        let names: Vec<&str> = savers.into_iter().map(words::name).collect();
        let text = |id| site.wiki().text(document, id).ok();
        let old = base.map_or(Some(String::new()), text);
        let sections = old.zip(text(theirs)).map(|(old, new)| changed_sections(&old, &new));
        let what = sections_in_words(&sections.unwrap_or_default());
        Self { who: words::list(&names), what, only_me }
    }
}

/// Says what came in by the merge that a save made.
fn came_in(site: &Site, document: &Document, id: RevisionId, me: &str) -> Option<Message> {
    let Both { typed, theirs } = Both::of(document, id)?;
    let base = document.history().merge_base(typed.id, theirs.id)?;
    let Since { who, what, only_me } =
        Since::of(site, document, &typed.parents, (Some(base), theirs.id), me);
    let text = if only_me {
        format!("Saved. You changed {what} in another window; both changes are in.")
    } else {
        format!("Saved. {who} changed {what} while you were writing; both changes are in.")
    };
    let address = document.path().address();
    let to = site.url(&format!("-/diff/{address}?from={base}&to={}", theirs.id));
    Some(Message { text, link: Some((to, "See that change")) })
}

/// Says that a version could not wait, and what waits instead.
fn over(site: &Site, document: &Document, id: RevisionId) -> Option<Message> {
    let displaced = displaced(document, id)?;
    let author = words::name(&displaced.author);
    let to = site.url(&format!("-/merge/{}", document.path().address()));
    let link = Some((to, "Merge the two"));
    let whole = |parent: &RevisionId| document.history().get(*parent).is_some();
    if !document.revision(id)?.parents.iter().all(whole) {
        let text = "Saved. Readers see your version now. The version you started from can no longer be read, \
                    so it isn’t known what else has changed. Another version is unmerged.";
        return Some(Message { text: text.to_owned(), link });
    }
    let reason = if id.number() > displaced.id.number() {
        "because it has been edited more often"
    } else {
        "because no version can rank below the other one"
    };
    let text = format!(
        "Saved. Readers see your version now, {reason}. {author} changed the page too: that version is unmerged."
    );
    Some(Message { text, link })
}

/// Returns what waits since a revision that could not wait became the page.
pub(in crate::web) fn displaced(document: &Document, id: RevisionId) -> Option<&Revision> {
    document.winner().filter(|winner| winner.id == id)?;
    document.conflicts().next()
}

/// Returns the headings under which the lines of a text differ from an older one, in order.
fn changed_sections(old: &str, new: &str) -> Vec<String> {
    let diff = Diff::between(old, new);
    let (mut sections, mut heading, mut fenced) = (Vec::new(), None, false);
    for row in diff.unified() {
        let text = row.text();
        if row.kind != RowKind::Removed {
            let line = text.trim_start();
            fenced ^= line.starts_with("```") || line.starts_with("~~~");
            let title = line.trim_start_matches('#');
            let level = line.len() - title.len();
            if !fenced && (1..=6).contains(&level) && title.starts_with(' ') {
                heading = Some(title.trim().trim_end_matches('#').trim_end().to_owned());
            }
        }
        let blank = text.trim().is_empty();
        if row.kind != RowKind::Unchanged
            && !blank
            && let Some(heading) = &heading
            && !sections.contains(heading)
        {
            sections.push(heading.clone());
        }
    }
    sections
}

fn sections_in_words(sections: &[String]) -> String {
    let quoted: Vec<String> =
        sections.iter().take(MOST_SECTIONS).map(|s| format!("“{s}”")).collect();
    match (&quoted[..], sections.len()) {
        ([], _) => "this page".to_owned(),
        ([one], _) => one.clone(),
        ([first, second, ..], 2) => format!("{first} and {second}"),
        ([first, ..], n) => {
            format!("{first} and {}", words::count(n - 1, "other section", "other sections"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::test_support::TestSite;

    const BEFORE: &str = "# Garden\n\n## Bed 1\n\nBeans\n\n## Bed 2\n\nPeas\n";
    const THEIRS: &str = "# Garden\n\n## Bed 1\n\nBroad beans\n\n## Bed 2\n\nPeas\n";
    const MINE: &str = "# Garden\n\n## Bed 1\n\nBeans\n\n## Bed 2\n\nPeas and kale\n";

    /// Saves a form that was begun before somebody else saved; returns the page it leads to.
    async fn save_late(
        site: &TestSite,
        other: &str,
        cookie: &str,
    ) -> crate::web::test_support::Page {
        site.save("Garden.md", BEFORE);
        let form = site.get("/-/edit/Garden").await;
        site.save_as("Garden.md", other, THEIRS);
        let (base, nonce) = (form.field("base").unwrap(), form.field("nonce").unwrap());
        let fields = [("base", &*base), ("nonce", &nonce), ("content", MINE), ("author", "Me")];
        let saved = site.post("/-/edit/Garden", &fields).await;
        site.get_with(saved.location().unwrap(), "cookie", cookie).await
    }

    #[tokio::test]
    async fn a_merge_by_a_save_is_told_shown_and_undone() {
        let site = TestSite::new();
        let page = save_late(&site, "Ann", "author=Me").await;
        assert!(
            page.body.contains("Ann changed “Bed 1” while you were writing; both changes are in."),
            "{}",
            page.body
        );
        let link = page.body.split("href=\"/-/diff/Garden?").nth(1).unwrap();
        let link = crate::web::test_support::unescape(link.split('"').next().unwrap());
        let diff = site.get(&format!("/-/diff/Garden?{link}")).await;
        assert!(diff.body.contains("Broad") && !diff.body.contains("kale"), "{}", diff.body);
        // One click goes back to what readers saw before, and what was typed can be merged anew.
        let undo = ["about", "nonce"].map(|name| (name, page.field(name).unwrap()));
        let undo = [("action", "undo"), (undo[0].0, &undo[0].1), (undo[1].0, &undo[1].1)];
        let undone = site.post("/-/merge/Garden", &undo).await;
        assert_eq!(undone.location(), Some("/-/merge/Garden?saved=undone"));
        assert_eq!(site.content("Garden.md"), THEIRS);
        let screen = site.get(undone.location().unwrap()).await;
        assert!(screen.body.contains("one version is unmerged again"), "{}", screen.body);
        assert!(screen.body.contains("kale"), "{}", screen.body);
    }

    #[tokio::test]
    async fn my_other_window_is_said_to_be_mine() {
        let site = TestSite::new();
        let page = save_late(&site, "Me", "author=Me").await;
        assert!(page.body.contains("You changed “Bed 1” in another window"), "{}", page.body);
    }

    #[tokio::test]
    async fn a_version_below_one_made_by_hand_is_said_to_be_in_the_history_alone() {
        let site = TestSite::new();
        let base = site.save("Garden.md", "one\n").to_string();
        site.save("Garden.md", "two\n");
        let by_hand = "3-7c0f8c5e-52a5-4f60-9d0c-5d2cf0f3b8aa";
        std::fs::write(site.data().join("pages/Garden.md").join(by_hand), "by hand\n").unwrap();
        let nonce = "2f1c1b4e-7f9e-4d0a-9a53-2c1b0f6f7a10";
        let fields = [("base", &*base), ("content", "mine\n"), ("nonce", nonce)];
        let saved = site.post("/-/edit/Garden", &fields).await;
        let page = site.get(saved.location().unwrap()).await;
        let said = "Saved, but only in the history: readers see revision 3";
        assert!(page.body.contains(said) && page.body.contains("by hand"), "{}", page.body);
        let to = page.body.split("\">Show my version").next().unwrap().rsplit('"').next().unwrap();
        assert!(site.get(to).await.body.contains("mine"), "{to}");
    }

    #[tokio::test]
    async fn what_could_not_wait_is_said_in_words() {
        let site = TestSite::new();
        let lowest = "1-00000000-0000-4000-8000-000000000000";
        let dir = site.data().join("pages/Garden.md");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(lowest), "lowest\n").unwrap();
        let saved = site.post("/-/edit/Garden", &[("content", "mine\n")]).await;
        assert_eq!(saved.saved_at(), Some("/Garden?saved=over"));
        let page = site.get(saved.location().unwrap()).await;
        assert!(page.body.contains("no version can rank below the other one"), "{}", page.body);
        assert_eq!(page.field("id").as_deref(), Some(lowest), "undoing goes back to it");
    }

    #[tokio::test]
    async fn an_address_that_somebody_made_up_says_nothing_untrue() {
        let site = TestSite::new();
        let id = site.save("Garden.md", BEFORE);
        for how in ["both", "over"] {
            let page = site.get(&format!("/Garden?saved={how}&id={id}")).await;
            assert!(
                !page.body.contains("changed") || !page.body.contains("while you were writing")
            );
            assert!(!page.body.contains("Readers see your version now"));
        }
    }

    #[test]
    fn the_changed_sections_are_those_with_changed_lines() {
        let of = |old, new| sections_in_words(&changed_sections(old, new));
        assert_eq!(of(BEFORE, THEIRS), "“Bed 1”");
        assert_eq!(of("a\n", "b\n"), "this page");
        assert_eq!(of("# A\n\na\n\n# B\n\nb\n", "# A\n\na!\n\n# B\n\nb!\n"), "“A” and “B”");
        assert_eq!(
            of("# A\na\n# B\nb\n# C\nc\n", "# A\na!\n# B\nb!\n# C\nc!\n"),
            "“A” and two other sections"
        );
        assert_eq!(of("# A\n```\n# no\n```\na\n", "# A\n```\n# no\n```\nb\n"), "“A”");
    }
}

//! The journey of a conflict, as a browser without script makes it.

mod inbox;
mod never;
mod shapes;
mod stale;
mod versions;

use crate::model::revision::RevisionId;
use crate::web::test_support::{Page, TestSite, unescape};

/// A form of a page, with what a browser would send of it.
#[derive(Debug, Clone)]
struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the merge form.
    fn of(page: &Page) -> Self {
        Self::read(after(page, "<form class=\"merge\""))
    }

    fn read(html: &str) -> Self {
        let html = &html[..html.find("</form>").unwrap()];
        let mut fields = Vec::new();
        for (at, _) in html.match_indices('<') {
            let tag = &html[at..=at + html[at..].find('>').unwrap()];
            let Some(name) = attribute(tag, "name") else { continue };
            if tag.starts_with("<textarea") {
                let text = &html[at + tag.len()..];
                let text = &text[..text.find("</textarea>").unwrap()];
                let text = text.strip_prefix('\n').unwrap_or(text);
                // A browser ends the lines of a form in this way.
                fields.push((name, unescape(text).replace('\n', "\r\n")));
            } else if tag.starts_with("<input") {
                let kind = attribute(tag, "type").unwrap_or_default();
                if !matches!(kind.as_str(), "radio" | "checkbox") || tag.contains(" checked") {
                    fields.push((name, attribute(tag, "value").unwrap_or_default()));
                }
            }
        }
        Self(fields)
    }

    /// Fills in a field.
    fn with(&self, name: &str, value: &str) -> Self {
        let mut fields = self.0.clone();
        fields.retain(|(n, _)| n != name);
        fields.push((name.to_owned(), value.to_owned()));
        Self(fields)
    }

    /// Chooses what a label says, at the first place that offers it.
    fn choose(&self, page: &Page, label: &str) -> Self {
        let (name, value) = choice(page, label);
        self.with(&name, &value)
    }

    /// Types a wording at the first open place.
    fn type_in(&self, page: &Page, text: &str) -> Self {
        let key = attribute(after(page, "<fieldset class=\"place"), "data-key").unwrap();
        self.with(&format!("pick-{key}"), "text").with(&format!("text-{key}"), text)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Sends it by the button of that name.
    async fn press(&self, site: &TestSite, address: &str, action: &str) -> Page {
        let form = self.with("action", action);
        let fields: Vec<_> = form.0.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        site.post(address, &fields).await
    }
}

fn after<'a>(page: &'a Page, marker: &str) -> &'a str {
    let at = page.body.find(marker).unwrap_or_else(|| panic!("no {marker} in {}", page.body));
    &page.body[at..]
}

/// Returns the field and the value of a choice by what its label says.
fn choice(page: &Page, label: &str) -> (String, String) {
    let (mut from, body) = (0, &page.body);
    while let Some(at) = body[from..].find("<label class=\"") {
        let start = from + at;
        let end = start + body[start..].find("</label>").unwrap();
        let html = &body[start..end];
        let names = ["option-who\">", "checked><span>", "\"><span>", "checked>", "\">"];
        let says = |name: &&str| html.contains(&format!("{name}{label}<"));
        if names.iter().any(says) {
            let tag = &html[html.find("<input").unwrap()..];
            return (attribute(tag, "name").unwrap(), attribute(tag, "value").unwrap());
        }
        from = end;
    }
    panic!("no choice “{label}” in {body}")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    Some(unescape(&tag[start..start + tag[start..].find('"')?]))
}

/// What is waiting in the inbox, by name.
async fn inbox(site: &TestSite) -> Vec<String> {
    let json = site.get("/-/api/v1/conflicts").await.json();
    json.as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap().to_owned()).collect()
}

/// Opens the editor, lets somebody else save, and then presses save: the merge screen.
async fn too_late(site: &TestSite, before: &str, theirs: &str, mine: &str) -> Page {
    site.save("Garden.md", before);
    let editor = site.get("/-/edit/Garden").await;
    site.save_as("Garden.md", "Bob", theirs);
    let base = editor.field("base").unwrap();
    let nonce = editor.field("nonce").unwrap();
    let fields = [("base", base.as_str()), ("nonce", &nonce), ("content", mine), ("author", "Me")];
    let saved = site.post("/-/edit/Garden", &fields).await;
    let screen = saved.location().unwrap();
    assert!(screen.starts_with("/-/merge/Garden?mine="), "{screen}");
    site.get_with(screen, "cookie", "author=Me").await
}

/// Ada's page, and two versions of it that were made apart: what is shown, and what waits.
fn two_versions(site: &TestSite, base: &str, waits: &str, shown: &str) -> [RevisionId; 3] {
    let first = site.save("Garden.md", base);
    let waits = site.save_on("Garden.md", "Bob", Some(first), waits);
    let shown = site.save_on("Garden.md", "Cleo", Some(first), shown);
    assert_eq!(site.document("Garden.md").unwrap().resolution().winner, Some(shown));
    [first, waits, shown]
}

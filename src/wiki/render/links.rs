//! What a link in a page leads to: a document, an address of the wiki itself, or the world outside.
//!
//! A target is first read, without asking what exists ([`of_wiki_link`], [`of_markdown`]), and later
//! resolved ([`resolve`]); between the two it can be kept, which is how backlinks need no rendering.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::Pages;
use super::slug::slug;
use crate::model::path::{DocPath, PAGE_SUFFIX, fold};

/// The schemes that may leave the wiki.
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

/// What an address from a page must escape to stay one address.
const URL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Extensions that make a missing target an attachment; any other dot belongs to a page's name.
const ATTACHMENTS: [&str; 44] = [
    "7z", "avif", "bmp", "csv", "doc", "docx", "epub", "flac", "gif", "gpx", "gz", "html", "ics",
    "ico", "jpeg", "jpg", "json", "m4a", "mov", "mp3", "mp4", "odp", "ods", "odt", "ogg", "opus",
    "pdf", "png", "ppt", "pptx", "svg", "tar", "tif", "tiff", "txt", "wav", "webm", "webp", "xls",
    "xlsx", "xml", "yaml", "yml", "zip",
];

/// Extensions that browsers show as pictures.
const PICTURES: [&str; 9] = ["avif", "bmp", "gif", "ico", "jpeg", "jpg", "png", "svg", "webp"];

/// A link to a document of the wiki as it was written, before anyone asked what exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTarget {
    /// The documents it may mean, best first; never empty.
    pub candidates: Vec<DocPath>,
    /// The file name it asks for, folded.
    pub file_name: String,
    /// The same name taken as a page's (`v1.2` as `v1.2.md`), folded, where it can be read both ways.
    pub other_name: Option<String>,
    /// Whether the only document with that file name is meant when no candidate exists.
    pub anywhere: bool,
    /// The document that would be created if it means none that exists.
    pub missing: DocPath,
}

/// Returns where a link leads or what it would create, and whether that exists.
pub fn resolve(target: &LinkTarget, pages: &dyn Pages) -> (DocPath, bool) {
    let by_name = || {
        let names = std::iter::once(&target.file_name).chain(&target.other_name);
        names.filter(|_| target.anywhere).find_map(|name| pages.find_by_name(name))
    };
    match target.candidates.iter().find_map(|path| pages.find(path)).or_else(by_name) {
        Some(found) => (found, true),
        None => (target.missing.clone(), false),
    }
}

/// Where a link leads, as far as its text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    /// A document; `suffix` is the escaped query and fragment.
    Document { target: LinkTarget, suffix: String },
    /// A place in the same page: `#` and an escaped id.
    Fragment(String),
    /// An address of the wiki below `/-/`, escaped.
    System(String),
    /// An address elsewhere with an allowed scheme, escaped.
    External(String),
    /// Nothing that may be followed.
    Bad,
}

/// Reads the target of `[[target]]` on `page`.
pub(super) fn of_wiki_link(page: &DocPath, raw: &str) -> Destination {
    let raw = raw.trim().trim_end_matches('\\');
    if raw.starts_with("https://") || raw.starts_with("http://") {
        return external(raw);
    }
    let (name, heading) = match raw.split_once('#') {
        // A name may end with the sign: `[[C#]]`.
        Some((name, heading)) if !heading.trim().is_empty() || name.is_empty() => {
            (name.trim(), Some(heading))
        }
        _ => (raw, None),
    };
    let suffix = heading.map(|h| format!("#{}", encode(&slug(h)))).unwrap_or_default();
    if name.is_empty() {
        return if suffix.len() > 1 { Destination::Fragment(suffix) } else { Destination::Bad };
    }
    let relative = name.starts_with("./") || name.starts_with("../");
    let places = if let Some(rooted) = name.strip_prefix('/') {
        vec![join("", rooted)]
    } else if relative {
        vec![join(page.folder(), name)]
    } else if page.folder().is_empty() {
        vec![join("", name)]
    } else {
        vec![join(page.folder(), name), join("", name)]
    };
    let from_root = name.contains('/') && !relative;
    let anywhere = !name.contains('/');
    let places: Vec<String> = places.into_iter().flatten().collect();
    target(&places, if from_root { places.len().saturating_sub(1) } else { 0 }, anywhere)
        .map_or(Destination::Bad, |target| Destination::Document { target, suffix })
}

/// Reads the target of an ordinary Markdown or HTML link on `page`.
pub(super) fn of_markdown(page: &DocPath, raw: &str) -> Destination {
    // Browsers drop these wherever they stand, so that `java\nscript:` would be a scheme.
    let cleaned: String = raw
        .trim_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
        .collect();
    if let Some(rest) = cleaned.strip_prefix("//") {
        return external(&format!("https://{rest}"));
    }
    if let Some(scheme) = scheme(&cleaned) {
        return if SCHEMES.iter().any(|s| s.eq_ignore_ascii_case(scheme)) {
            external(&cleaned)
        } else {
            Destination::Bad
        };
    }
    if let Some(fragment) = cleaned.strip_prefix('#') {
        return match fragment {
            "" => Destination::Bad,
            _ => Destination::Fragment(format!("#{}", encode(fragment))),
        };
    }
    if cleaned.starts_with("/-/") {
        return Destination::System(encode(&cleaned));
    }
    let path_end = cleaned.find(['?', '#']).unwrap_or(cleaned.len());
    let (path, suffix) = cleaned.split_at(path_end);
    let folder = if path.starts_with('/') { "" } else { page.folder() };
    let path = path.trim_start_matches('/').trim_end_matches('/');
    // Segments are split before they are decoded: an encoded slash does not make a folder.
    let decoded: Option<Vec<String>> = path
        .split('/')
        .map(|s| percent_decode_str(s).decode_utf8().ok().filter(|s| !s.contains('/')))
        .map(|s| s.map(std::borrow::Cow::into_owned))
        .collect();
    decoded
        .and_then(|segments| join(folder, &segments.join("/")))
        .and_then(|place| target(&[place], 0, false))
        .map_or(Destination::Bad, |target| Destination::Document { target, suffix: encode(suffix) })
}

/// Returns true if browsers show the document as a picture.
pub(super) fn is_picture(path: &DocPath) -> bool {
    path.extension().is_some_and(|ext| PICTURES.iter().any(|p| p.eq_ignore_ascii_case(ext)))
}

fn external(url: &str) -> Destination {
    match scheme(url) {
        Some(scheme) if !url[scheme.len() + 1..].trim_start_matches(['/', '\\']).is_empty() => {
            Destination::External(encode(url))
        }
        _ => Destination::Bad,
    }
}

fn encode(url: &str) -> String {
    utf8_percent_encode(url, URL).to_string()
}

/// Returns the scheme of an address, as browsers find it.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    valid.then_some(scheme)
}

/// Joins a folder and a relative name; nothing where it leads above the root.
fn join(folder: &str, name: &str) -> Option<String> {
    let mut segments: Vec<&str> = folder.split('/').filter(|s| !s.is_empty()).collect();
    for segment in name.split('/') {
        match segment.trim() {
            "." => {}
            ".." => {
                segments.pop()?;
            }
            other => segments.push(other),
        }
    }
    Some(segments.join("/"))
}

/// Builds the target from the places it may have, of which `created` is that of a missing one.
fn target(places: &[String], created: usize, anywhere: bool) -> Option<LinkTarget> {
    let mut candidates = Vec::new();
    let mut missing = None;
    for (i, place) in places.iter().enumerate() {
        let forms = Forms::of(place);
        for form in forms.tried.iter().flatten() {
            let Ok(path) = DocPath::from_user(form) else {
                continue;
            };
            if i == created && *form == forms.created {
                missing = Some(path.clone());
            }
            if !candidates.contains(&path) {
                candidates.push(path);
            }
        }
    }
    let missing = missing.or_else(|| candidates.last().cloned())?;
    let file_name = fold(missing.file_name());
    let other_name = candidates.iter().map(|c| fold(c.file_name())).find(|name| *name != file_name);
    Some(LinkTarget { candidates, file_name, other_name, anywhere, missing })
}

/// The names that a target as written may stand for.
struct Forms {
    tried: [Option<String>; 2],
    created: String,
}

impl Forms {
    fn of(name: &str) -> Self {
        let page = format!("{name}{PAGE_SUFFIX}");
        let last = name.rsplit('/').next().unwrap_or(name);
        match last.rsplit_once('.') {
            Some((stem, ext)) if !stem.is_empty() && ext.eq_ignore_ascii_case("md") => {
                let page = format!("{}{PAGE_SUFFIX}", &name[..name.len() - PAGE_SUFFIX.len()]);
                Self { tried: [Some(page.clone()), None], created: page }
            }
            Some((_, ext)) if ATTACHMENTS.iter().any(|a| a.eq_ignore_ascii_case(ext)) => {
                Self { tried: [Some(name.to_owned()), Some(page)], created: name.to_owned() }
            }
            Some(_) => Self { tried: [Some(name.to_owned()), Some(page.clone())], created: page },
            None => Self { tried: [Some(page.clone()), Some(name.to_owned())], created: page },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wiki::render::tests::Shelf;

    fn page() -> DocPath {
        DocPath::new("Projects/Garden.md").unwrap()
    }

    fn wiki(raw: &str, shelf: &Shelf) -> Option<(String, bool, String)> {
        match of_wiki_link(&page(), raw) {
            Destination::Document { target, suffix } => {
                let (path, exists) = resolve(&target, shelf);
                Some((path.as_str().to_owned(), exists, suffix))
            }
            _ => None,
        }
    }

    fn markdown(raw: &str, shelf: &Shelf) -> Option<(String, bool, String)> {
        match of_markdown(&page(), raw) {
            Destination::Document { target, suffix } => {
                let (path, exists) = resolve(&target, shelf);
                Some((path.as_str().to_owned(), exists, suffix))
            }
            _ => None,
        }
    }

    #[test]
    fn wiki_links_look_beside_then_at_the_root_then_anywhere() {
        let shelf = Shelf::of(&[
            "Home.md",
            "Projects/Home.md",
            "Beans.md",
            "Far/Away/Peas.md",
            "Projects/plan.png",
            "Projects/v1.2 notes.md",
            "A/Twice.md",
            "B/Twice.md",
            "Far/Node.js.md",
        ]);
        for (raw, path, exists, suffix) in [
            ("Home", "Projects/Home.md", true, ""),
            ("/Home", "Home.md", true, ""),
            ("../Home", "Home.md", true, ""),
            ("./Home.md", "Projects/Home.md", true, ""),
            ("beans", "Beans.md", true, ""),
            ("Peas#Sweet Peas!", "Far/Away/Peas.md", true, "#sweet-peas"),
            ("plan.png", "Projects/plan.png", true, ""),
            ("v1.2 notes", "Projects/v1.2 notes.md", true, ""),
            ("Node.js", "Far/Node.js.md", true, ""),
            ("Twice", "Projects/Twice.md", false, ""),
            ("New", "Projects/New.md", false, ""),
            ("New/Page", "New/Page.md", false, ""),
            ("/New", "New.md", false, ""),
            ("new.jpg", "Projects/new.jpg", false, ""),
            ("v2.0", "Projects/v2.0.md", false, ""),
            ("C#", "Projects/C#.md", false, ""),
            ("javascript:alert(1)", "Projects/javascript:alert(1).md", false, ""),
        ] {
            let expected = Some((path.to_owned(), exists, suffix.to_owned()));
            assert_eq!(wiki(raw, &shelf), expected, "{raw}");
        }
        assert_eq!(of_wiki_link(&page(), "#A b"), Destination::Fragment("#a-b".into()));
    }

    #[test]
    fn markdown_links_are_relative_to_the_folder() {
        let shelf =
            Shelf::of(&["Other.md", "Projects/Beds.md", "Projects/a b.png", "Projects/Makefile"]);
        for (raw, path, exists, suffix) in [
            ("Beds.md", "Projects/Beds.md", true, ""),
            ("Beds", "Projects/Beds.md", true, ""),
            ("beds.MD?raw#x y", "Projects/Beds.md", true, "?raw#x%20y"),
            ("../Other.md#x", "Other.md", true, "#x"),
            ("/Other", "Other.md", true, ""),
            ("a%20b.png", "Projects/a b.png", true, ""),
            ("a b.png", "Projects/a b.png", true, ""),
            ("Makefile", "Projects/Makefile", true, ""),
            ("Other.md", "Projects/Other.md", false, ""),
            ("/\\evil.example", "\\evil.example.md", false, ""),
        ] {
            let expected = Some((path.to_owned(), exists, suffix.to_owned()));
            assert_eq!(markdown(raw, &shelf), expected, "{raw}");
        }
    }

    #[test]
    fn nothing_leads_above_the_root_or_to_a_strange_scheme() {
        for raw in [
            "../../x.md",
            "%2e%2e/%2e%2e/x",
            "a%2fb",
            "a%00b",
            "a%0ab",
            ".hidden",
            "x/.git/config",
            "",
            "#",
            "?x",
            "%ff",
            "javascript:alert(1)",
            "JaVaScRiPt:x",
            "java\nscript:x",
            "\u{1}javascript:x",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "ftp://x",
            "blob:x",
            "https:",
            "//",
        ] {
            let found = of_markdown(&page(), raw);
            assert_eq!(found, Destination::Bad, "{raw:?}");
        }
        for raw in ["../../x", "..", "a//b", "", "#", "\u{202E}x", "#!"] {
            assert_eq!(of_wiki_link(&page(), raw), Destination::Bad, "{raw:?}");
        }
    }

    #[test]
    fn addresses_elsewhere_keep_their_shape() {
        for (raw, url) in [
            ("https://a.example/x?y=ä&z#f", "https://a.example/x?y=%C3%A4&z#f"),
            ("//a.example/x", "https://a.example/x"),
            ("mailto:a@b.example", "mailto:a@b.example"),
            ("HTTPS://a.example/\"onload=x", "HTTPS://a.example/%22onload=x"),
        ] {
            assert_eq!(of_markdown(&page(), raw), Destination::External(url.into()));
        }
        assert_eq!(
            of_markdown(&page(), "/-/recent?x=1"),
            Destination::System("/-/recent?x=1".into())
        );
    }
}

//! A site for tests, asked in-process: no sockets, no waiting.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, header};
use axum::response::Response;
use http_body_util::BodyExt;
use jiff::Timestamp;
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

use super::{Access, Site, SiteSettings, app};
use crate::model::file::Header;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::store::fs::FsStore;
use crate::wiki::search;
use crate::wiki::{Clock, Document, Edit, Limits, MergeOnSave, Nonces, Parts, Saved, Wiki};

/// A clock that stands still.
pub(super) struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        "2026-11-23T08:29:00.123Z".parse().unwrap()
    }
}

/// Nonces that count up, so that later revisions of the same number win.
#[derive(Default)]
pub(super) struct CountingNonces(AtomicU64);

impl Nonces for CountingNonces {
    fn draw(&self) -> Uuid {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        // In the upper bits, so that there is room below for what yields.
        uuid::Builder::from_random_bytes((u128::from(count) << 80).to_be_bytes()).into_uuid()
    }
}

/// A site around an empty wiki in a directory of its own.
pub(super) struct TestSite {
    pub(super) site: Site,
    dir: TempDir,
}

impl TestSite {
    pub(super) fn new() -> Self {
        Self::with(Limits::default(), SiteSettings::default())
    }

    pub(super) fn read_only() -> Self {
        let settings = SiteSettings { access: Access::ReadOnly, ..SiteSettings::default() };
        Self::with(Limits::default(), settings)
    }

    pub(super) fn with_limits(text: u64, attachment: u64) -> Self {
        Self::with(Limits { text, attachment }, SiteSettings::default())
    }

    pub(super) fn with(limits: Limits, settings: SiteSettings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let wiki = Wiki::new(Parts {
            store: Arc::new(FsStore::open(dir.path()).unwrap()),
            clock: Arc::new(FixedClock),
            nonces: Arc::new(CountingNonces::default()),
            base_path: settings.base_path.clone(),
            limits,
        });
        wiki.scan().unwrap();
        Self { site: Site::new(Arc::new(wiki), settings), dir }
    }

    /// Makes a site around a copy of the sample wiki.
    pub(super) fn sample() -> Self {
        let site = Self::new();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data/pages"), &site.data().join("pages"));
        site.site.wiki().scan().unwrap();
        site
    }

    /// Gives the site an index that has everything saved so far.
    pub(super) fn attach_search(&self) {
        let index = search::attach(self.site.wiki(), &self.data().join("local/search"));
        let _ = self.site.clone().with_search(index);
        self.flush_search();
    }

    /// Waits until the index has every change.
    pub(super) fn flush_search(&self) {
        self.site.search_index().unwrap().flush();
    }

    /// Returns the directory that holds the data.
    pub(super) fn data(&self) -> &Path {
        self.dir.path()
    }

    pub(super) async fn get(&self, address: &str) -> Page {
        let request = Request::get(address).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// Asks with one header.
    pub(super) async fn get_with(&self, address: &str, name: &str, value: &str) -> Page {
        let request = Request::get(address).header(name, value).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// Sends a form as a browser does.
    pub(super) async fn post(&self, address: &str, fields: &[(&str, &str)]) -> Page {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(address)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form));
        self.send(request.unwrap()).await
    }

    pub(super) async fn send(&self, mut request: Request<Body>) -> Page {
        request.headers_mut().entry(header::HOST).or_insert("localhost".parse().unwrap());
        let response = app(self.site.clone()).oneshot(request).await.unwrap();
        Page::read(response).await
    }

    /// Returns a document as it is on disk now.
    pub(super) fn document(&self, name: &str) -> Option<Arc<Document>> {
        self.site.wiki().refresh(&DocPath::new(name).unwrap()).unwrap()
    }

    /// Returns what readers see.
    pub(super) fn content(&self, name: &str) -> String {
        let document = self.document(name).unwrap();
        let bytes = self.site.wiki().content(&document, document.winner().unwrap().id).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Saves a text by Ada on top of what readers see.
    pub(super) fn save(&self, name: &str, text: impl AsRef<[u8]>) -> RevisionId {
        self.save_as(name, "Ada", text)
    }

    /// Saves a text by `author` on top of what readers see.
    pub(super) fn save_as(&self, name: &str, author: &str, text: impl AsRef<[u8]>) -> RevisionId {
        let base = self.document(name).and_then(|d| d.resolution().winner);
        self.save_on(name, author, base, text)
    }

    /// Saves a text by `author` that was begun on `base`. If readers see another revision by now, it
    /// comes as if from another replica that did not know: the higher of the two wins.
    pub(super) fn save_on(
        &self,
        name: &str,
        author: &str,
        base: Option<RevisionId>,
        text: impl AsRef<[u8]>,
    ) -> RevisionId {
        let edit = Edit {
            path: DocPath::new(name).unwrap(),
            base,
            also: Vec::new(),
            content: text.as_ref().to_vec(),
            author: author.to_owned(),
            summary: String::new(),
            nonce: self.site.wiki().nonces().draw(),
        };
        if self.document(name).is_some_and(|d| d.resolution().winner != base) {
            return self.bring(&edit);
        }
        match self.site.wiki().save(&edit, MergeOnSave::Ask).unwrap() {
            Saved::Done { id, .. } => id,
            other => panic!("not saved: {other:?}"),
        }
    }

    /// Lets an edit come from another replica, as a file.
    fn bring(&self, edit: &Edit) -> RevisionId {
        let parents: Vec<RevisionId> = edit.base.into_iter().collect();
        let id = RevisionId::child_of(&parents, edit.nonce).unwrap();
        let author = edit.author.clone();
        let date = Some(FixedClock.now());
        let header = Header { parents, author, date, ..Header::default() };
        let mut file = header.print(id).unwrap();
        file.extend_from_slice(&edit.content);
        let dir = self.data().join("pages").join(edit.path.to_disk());
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(id.to_string()), file).unwrap();
        self.document(edit.path.as_str());
        id
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A response, read to its end.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Page {
    async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// Returns where a redirect leads.
    pub(super) fn location(&self) -> Option<&str> {
        assert_eq!(self.status, 303, "{}", self.body);
        self.header("location")
    }

    /// Returns where a redirect after a save leads, without the id of the new revision.
    pub(super) fn saved_at(&self) -> Option<&str> {
        self.location().map(|to| to.split_once("&id=").map_or(to, |(to, _)| to))
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Returns the value of a form's field as a browser would send it.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let at = self.body.find(&format!("name=\"{name}\""))?;
        let tag_start = self.body[..at].rfind('<')?;
        let tag_end = at + self.body[at..].find('>')?;
        let tag = &self.body[tag_start..tag_end];
        let raw = if tag.starts_with("<textarea") {
            let rest = &self.body[tag_end + 1..];
            let text = &rest[..rest.find("</textarea>")?];
            text.strip_prefix('\n').unwrap_or(text)
        } else {
            let value = tag.find("value=\"")? + 7;
            &tag[value..value + tag[value..].find('"')?]
        };
        Some(unescape(raw))
    }
}

/// Undoes the escaping of templates.
pub(super) fn unescape(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&amp;", "&#38;")
        .replace("&#38;", "&")
}

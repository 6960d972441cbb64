//! What commands share: where the wiki is, opening it, finding a document, and where output goes.

use std::collections::HashMap;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, bail};

use super::Signature;
use crate::config::{Layer, Settings};
use crate::model::path::{DocKey, DocPath};
use crate::model::revision::RevisionId;
use crate::store::fs::FsStore;
use crate::store::{Scanned, Store};
use crate::sync::http::Patience;
use crate::sync::{Authorities, HttpRemote, Place};
use crate::web::WikiReplica;
use crate::wiki::{
    Document, Edit, Limits, Nonces, Parts, Saved, SystemClock, SystemNonces, Wiki, WikiError,
};

/// Where a command works and where its results go.
pub(super) struct Context {
    pub(super) data: PathBuf,
    pub(super) out: BufWriter<StdoutLock<'static>>,
}

impl Context {
    pub(super) fn new(data: PathBuf) -> Self {
        Self { data, out: BufWriter::new(io::stdout().lock()) }
    }

    /// Says something about how it goes, apart from the results.
    pub(super) fn note(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        // Keeps the order for who sees both streams in one terminal.
        self.out.flush()?;
        let _ = writeln!(io::stderr(), "{}", text.as_ref());
        Ok(())
    }

    /// Prints one JSON object on a line of its own.
    pub(super) fn json(&mut self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        let line = serde_json::to_string(value)?;
        Ok(writeln!(self.out, "{line}")?)
    }

    /// Tells whether there is a wiki; reading commands never make one.
    pub(super) fn exists(&self) -> bool {
        self.data.join("pages").is_dir()
    }

    /// Reads the settings of the data directory.
    pub(super) fn settings(&self, flags: Layer) -> anyhow::Result<Settings> {
        Ok(Settings::load(&self.data, flags, &|name| std::env::var(name).ok())?)
    }

    /// Returns what people may save.
    pub(super) fn limits(&self) -> anyhow::Result<Limits> {
        Ok(self.settings(Layer::default())?.wiki.limits)
    }

    /// Opens the wiki, which must be there.
    pub(super) fn open(&self) -> anyhow::Result<Opened> {
        if self.exists() {
            return self.open_or_create();
        }
        let what = match self.data.try_exists() {
            Ok(true) if self.data.is_dir() => "it has no directory “pages”",
            Ok(true) => "it is not a directory",
            _ => "there is no such directory",
        };
        bail!(
            "there is no wiki in {}: {what}. Name another with --data DIR, or begin one with \
             everpage serve, everpage put or everpage import",
            self.data.display()
        )
    }

    /// Opens the wiki, making an empty one where there is none.
    pub(super) fn open_or_create(&self) -> anyhow::Result<Opened> {
        let settings = self.settings(Layer::default())?;
        let store = open_store(&self.data)?;
        // A text and an attachment are saved the same way here; `put` and `import` check the size
        // by name before.
        let limits = Limits { text: u64::MAX, ..settings.wiki.limits };
        let wiki = Wiki::new(Parts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: Arc::new(SystemClock),
            nonces: Arc::new(SystemNonces),
            base_path: settings.server.base_path.clone(),
            limits,
        });
        Ok(Opened { wiki: Arc::new(wiki), store, spellings: OnceLock::new() })
    }
}

/// Opens the store of a data directory, making what is missing.
pub(super) fn open_store(data: &Path) -> anyhow::Result<Arc<FsStore>> {
    let store = FsStore::open(data)
        .with_context(|| format!("could not open the wiki in {}", data.display()))?;
    Ok(Arc::new(store))
}

/// Makes the wiki of a data directory a replica that exchanges with others.
pub(super) fn replica(data: &Path, wiki: &Arc<Wiki>) -> anyhow::Result<Arc<WikiReplica>> {
    let place = Place::open(data, SystemNonces.draw())?;
    Ok(Arc::new(WikiReplica::new(Arc::clone(wiki), place)))
}

/// Makes a client of another server; without a file of certificates the public ones are trusted.
pub(super) fn remote(
    url: &str,
    token: &str,
    ca_file: Option<&Path>,
    patience: Patience,
) -> Result<HttpRemote, String> {
    let remote = HttpRemote::new(url, token, patience)?;
    match ca_file {
        Some(file) => remote.trusting(Authorities::read(file)?),
        None => Ok(remote),
    }
}

/// An open wiki.
pub(super) struct Opened {
    pub(super) wiki: Arc<Wiki>,
    store: Arc<FsStore>,
    /// Every directory of a document, by the key of its name.
    spellings: OnceLock<HashMap<DocKey, Vec<DocPath>>>,
}

impl Opened {
    /// Takes in everything that there is.
    pub(super) fn scan(&self) -> anyhow::Result<()> {
        Ok(self.wiki.scan()?)
    }

    /// Finds a document as it is now. Only where its own directory is not there, the names of all
    /// others are looked through for one that differs in case or normalisation.
    pub(super) fn find(&self, path: &DocPath) -> Result<Option<Arc<Document>>, WikiError> {
        if let Some(document) = self.wiki.refresh(path)? {
            return Ok(Some(document));
        }
        let Some(twins) = self.spellings().get(&path.key()) else { return Ok(None) };
        for twin in twins {
            self.wiki.refresh(twin)?;
        }
        Ok(self.wiki.known(&path.key()))
    }

    /// Finds a document that must be there, by its name as it was typed.
    pub(super) fn require(&self, path: &DocPath) -> anyhow::Result<Arc<Document>> {
        if let Some(document) = self.find(path)? {
            return Ok(document);
        }
        // `LICENSE` may be an attachment without an ending, `v1.2` a page with a dot in its name.
        let other = match path.as_str().strip_suffix(crate::model::path::PAGE_SUFFIX) {
            Some(bare) => DocPath::new(bare),
            None => DocPath::new(&format!("{path}{}", crate::model::path::PAGE_SUFFIX)),
        };
        if let Ok(other) = other
            && let Some(document) = self.find(&other)?
        {
            return Ok(document);
        }
        Err(WikiError::NoDocument(path.clone()).into())
    }

    fn spellings(&self) -> &HashMap<DocKey, Vec<DocPath>> {
        self.spellings.get_or_init(|| {
            let mut found: HashMap<DocKey, Vec<DocPath>> = HashMap::new();
            let scanned = self.store.scan(&mut |item| {
                if let Scanned::Directory(dir, _) = item {
                    found.entry(dir.path().key()).or_default().push(dir.path().clone());
                }
            });
            if let Err(error) = scanned {
                tracing::warn!(%error, "could not look for names that differ in case");
            }
            found
        })
    }
}

/// Makes an edit on the winner of what is known.
pub(super) fn edit_of(
    path: &DocPath,
    document: Option<&Document>,
    signature: &Signature,
    content: Vec<u8>,
) -> Edit {
    Edit {
        // The name as it lies on disk, where it was typed in another case.
        path: document.map_or(path, Document::path).clone(),
        base: document.and_then(Document::winner).map(|w| w.id),
        also: Vec::new(),
        content,
        author: signature.author.clone(),
        summary: signature.summary.clone(),
        nonce: SystemNonces.draw(),
    }
}

/// Returns the most bytes that a document of this name may have.
pub(super) fn limit(limits: Limits, path: &DocPath) -> u64 {
    if path.is_page() { limits.text } else { limits.attachment }
}

/// Returns a revision's id if the document holds it whole or damaged.
pub(super) fn check_revision(document: &Document, id: RevisionId) -> Result<(), WikiError> {
    match document.revision(id) {
        Some(_) => Ok(()),
        None => Err(WikiError::NoRevision { path: document.path().clone(), id }),
    }
}

/// Returns the id under which something was saved.
pub(super) fn saved(saved: Saved) -> anyhow::Result<(RevisionId, Arc<Document>)> {
    match saved {
        Saved::Done { id, document, .. }
        | Saved::Merged { id, document, .. }
        | Saved::Yielded { id, document, .. } => Ok((id, document)),
        Saved::Unchanged { document } => match document.resolution().winner {
            Some(id) => Ok((id, document)),
            None => bail!("“{}” has no revision that could be read", document.path()),
        },
    }
}

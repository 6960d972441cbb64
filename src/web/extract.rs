//! What handlers take out of a request; every refusal is a page of the site.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use futures_util::StreamExt;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::error::Failure;
use super::site::Site;
use crate::model::path::DocPath;
use crate::model::revision::RevisionId;
use crate::wiki::MergeOnSave;

/// How much of an over-long form is read and thrown away, so that the browser gets to read why.
const DRAIN: u64 = 256 << 20;
/// What a form may hold besides its text: the base text of a merge, the choices, the summary.
const FORM_ROOM: u64 = 1 << 20;

/// Light, dark or as the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Theme {
    /// As the visitor's system.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Reads the word that the cookie and the form hold; anything strange is `System`.
    pub fn parse(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// Reads the choice from the cookies of a request.
    pub fn of(headers: &HeaderMap) -> Self {
        cookie(headers, "theme").map_or(Self::System, Self::parse)
    }

    /// Returns the word.
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What a browser says of the person behind it.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// Their choice of colours.
    pub theme: Theme,
    /// Whether a save of theirs may merge changes to different lines itself, if they have chosen.
    pub merge_on_save: Option<MergeOnSave>,
    /// The name they typed in the editor last.
    pub author: String,
    /// The address they are at, with its query.
    pub here: String,
}

impl Visitor {
    /// Reads what a request says.
    pub fn from_parts(parts: &Parts) -> Self {
        Self::of(&parts.headers, here(&parts.uri))
    }

    /// Reads the cookies of a request.
    pub fn of(headers: &HeaderMap, here: &str) -> Self {
        Self {
            theme: Theme::of(headers),
            merge_on_save: cookie(headers, "merge_on_save").and_then(MergeOnSave::parse),
            author: cookie(headers, "author")
                .map(|v| {
                    percent_decode_str(v)
                        .decode_utf8_lossy()
                        .chars()
                        .filter(|c| !c.is_control())
                        .take(100)
                        .collect()
                })
                .unwrap_or_default(),
            here: here.to_owned(),
        }
    }
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().split_once('=').filter(|(n, _)| *n == name))
        .map(|(_, v)| v)
}

/// Returns a header that keeps a value in the visitor's browser for a year.
pub fn remember(site: &Site, name: &str, value: &str) -> HeaderValue {
    let path = if site.settings().base_path.is_empty() { "/" } else { &site.settings().base_path };
    let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
    let text = format!("{name}={value}; Path={path}; Max-Age=31536000; SameSite=Lax; HttpOnly");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::from_parts(parts))
    }
}

fn here(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |p| p.as_str())
}

/// What it takes to know the visitor later, if at all; cheap to keep.
pub struct Asker {
    uri: Uri,
    cookies: HeaderMap,
}

impl Asker {
    /// Keeps what a request says.
    pub fn of(request: &Request) -> Self {
        let lines = request.headers().get_all(header::COOKIE).iter();
        let cookies = lines.map(|line| (header::COOKIE, line.clone())).collect();
        Self { uri: request.uri().clone(), cookies }
    }

    /// Reads what was kept.
    pub fn visitor(&self) -> Visitor {
        Visitor::of(&self.cookies, here(&self.uri))
    }
}

/// The rest of the address as a person may have typed it: decoded, not yet validated.
#[derive(Debug, Clone)]
pub struct Rest(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Rest {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path(rest) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Failure::bad_request("The address is not UTF-8."))?;
        Ok(Self(rest))
    }
}

/// The document that an address of the system is about: a page, unless an attachment has the name.
#[derive(Debug, Clone)]
pub struct Target(pub DocPath);

impl Target {
    /// Finds the document that a name in an address means: `Garden` is `Garden.md` unless an
    /// attachment is called just `Garden`.
    ///
    /// # Errors
    /// Where it cannot be a name.
    pub fn named(site: &Site, name: &str) -> Result<DocPath, Failure> {
        let page = DocPath::page_from_user(name);
        let as_it_is = DocPath::from_user(name);
        if let Ok(attachment) = &as_it_is
            && !attachment.is_page()
            && !page.as_ref().is_ok_and(|p| site.wiki().known(&p.key()).is_some())
            && attachment.extension().is_some()
            && site.wiki().open(attachment)?.is_some()
        {
            return Ok(attachment.clone());
        }
        Ok(page?)
    }
}

impl FromRequestParts<Site> for Target {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Failure> {
        let Rest(rest) = Rest::from_request_parts(parts, site).await?;
        site.blocking(move |site| Target::named(site, &rest)).await.map(Self)
    }
}

/// A document and one of its revisions, from `…/Path/3-f47ac10b-…`.
#[derive(Debug, Clone)]
pub struct TargetRevision(pub DocPath, pub RevisionId);

impl FromRequestParts<Site> for TargetRevision {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Failure> {
        let Rest(rest) = Rest::from_request_parts(parts, site).await?;
        let no_revision = || Failure::not_found("This address does not belong to a revision.");
        let (name, id) = rest.rsplit_once('/').ok_or_else(no_revision)?;
        let id = id.parse().map_err(|_| no_revision())?;
        let name = name.to_owned();
        let path = site.blocking(move |site| Target::named(site, &name)).await?;
        Ok(Self(path, id))
    }
}

/// The fields of a form or a query, in order, names may repeat.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads an encoded form.
    pub fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// Returns the first value of a name; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// Returns the first value of a name.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Returns all values of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Returns all names with their values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Returns a text as its author sees it: with LF line ends, as browsers send CRLF.
    pub fn text(&self, name: &str) -> String {
        self.get(name).replace("\r\n", "\n")
    }

    /// Reads a revision id; `None` where it is absent or empty.
    ///
    /// # Errors
    /// Where it is there and no id.
    pub fn id(&self, name: &str) -> Result<Option<RevisionId>, Failure> {
        match self.get(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Failure::bad_request(format!("“{text}” is not the id of a revision."))
            }),
        }
    }
}

/// The fields of the query, `?a=b`.
#[derive(Debug, Clone)]
pub struct Query(pub Fields);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Fields::parse(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

/// The fields of a form that was sent; an over-long one is a 413 page.
#[derive(Debug, Clone)]
pub struct Submitted(pub Fields);

impl FromRequest<Site> for Submitted {
    type Rejection = Failure;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Failure> {
        // Percent-encoding triples what is not ASCII, and a merge form brings three texts.
        let limit = site.wiki().limits().text * 9 + FORM_ROOM;
        let body = read_limited(request.into_body(), limit).await?;
        Ok(Self(Fields::parse(&body)))
    }
}

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// 413 where it is longer; 400 where the connection broke.
pub async fn read_limited(body: Body, limit: u64) -> Result<Bytes, Failure> {
    let mut stream = body.into_data_stream();
    let mut read = Vec::new();
    let mut drained = 0;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| {
            Failure::bad_request("The connection was lost before everything had arrived.")
        })?;
        if drained == 0 && (read.len() + piece.len()) as u64 <= limit {
            read.extend_from_slice(&piece);
            continue;
        }
        // Answering before the browser has sent everything would look like a lost connection.
        drained += piece.len() as u64;
        if drained > DRAIN {
            break;
        }
    }
    if drained > 0 {
        return Err(too_large(limit));
    }
    Ok(read.into())
}

fn too_large(limit: u64) -> Failure {
    Failure::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "Too large",
        format!(
            "The server accepts at most {} KiB at once, so nothing was saved. Your text is still in your browser: go back to it \
             and split it into several pages.",
            limit / 1024
        ),
    )
}

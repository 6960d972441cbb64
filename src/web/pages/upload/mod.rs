//! Uploading files: each becomes a revision of its own document, beside the pages.
//!
//! A file is streamed to the disk as it arrives, in one blocking hop, so memory does not grow with
//! it. Names that browsers send are taken for their last part alone and must be good names.

mod keep;
mod receive;
#[cfg(test)]
mod tests;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartRejection};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use uuid::Uuid;

pub(in crate::web) use self::keep::Claims;
use self::keep::{Kept, Wish, keep};
use self::receive::{Problem, channel, pump};
use crate::model::path::{DocPath, escape};
use crate::model::revision::RevisionId;
use crate::web::error::Failure;
use crate::web::extract::{Query, Visitor, remember};
use crate::web::filters::{self, print_size};
use crate::web::shell::{Shell, after_save};
use crate::web::site::{Access, Site};

/// Extensions of what is shown in a page rather than linked.
const PICTURES: [&str; 9] = ["avif", "bmp", "gif", "ico", "jpeg", "jpg", "png", "svg", "webp"];
/// The most bytes of a field that is no file.
const MAX_FIELD: usize = 8 << 10;
/// The most files of one form.
const MAX_FILES: usize = 200;

/// A file that was kept.
#[derive(Debug, Clone, Serialize)]
struct Uploaded {
    /// Its name in the wiki.
    path: String,
    /// Its address.
    href: String,
    /// What to write on a page in the same folder to show it.
    markdown: String,
    /// It is saved here, and the upstream does not have it yet.
    owed: bool,
    /// Where to choose between it and a version that came in meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    merge: Option<String>,
}

impl Uploaded {
    fn new(site: &Site, path: &DocPath) -> Self {
        Self {
            path: path.as_str().to_owned(),
            href: site.url(&path.address()),
            markdown: markdown(path),
            owed: false,
            merge: None,
        }
    }
}

/// A file that was not kept.
#[derive(Debug, Clone, Serialize)]
struct Refused {
    /// What the browser called it.
    name: String,
    /// Why.
    message: String,
    #[serde(skip)]
    status: StatusCode,
}

#[derive(Template)]
#[template(path = "pages/upload.html")]
struct Upload<'a> {
    shell: Shell,
    folder: &'a str,
    replaces: Option<&'a DocPath>,
    base: Option<RevisionId>,
    nonce: Uuid,
    author: &'a str,
    limit: u64,
    done: &'a [Uploaded],
    refused: &'a [Refused],
}

/// What a form for uploading holds besides the files.
#[derive(Debug, Clone, Default)]
struct Form {
    folder: String,
    replaces: Option<DocPath>,
    /// The version that readers saw when the form was opened.
    base: Option<RevisionId>,
    nonce: Option<Uuid>,
    author: String,
}

impl Form {
    fn new(folder: &str, replaces: &str, author: &str) -> Result<Self, Failure> {
        let mut form = Self { author: author.to_owned(), ..Self::default() };
        form.set_folder(folder)?;
        form.set_replaces(replaces)?;
        Ok(form)
    }

    fn set_folder(&mut self, folder: &str) -> Result<(), Failure> {
        let folder = folder.trim().trim_matches('/');
        if folder.is_empty() {
            self.folder.clear();
        } else {
            // What can hold a file is a good folder.
            DocPath::from_user(&format!("{folder}/x"))?.folder().clone_into(&mut self.folder);
        }
        Ok(())
    }

    fn set_replaces(&mut self, name: &str) -> Result<(), Failure> {
        self.replaces = match name.trim() {
            "" => None,
            name => Some(DocPath::from_user(name)?),
        };
        Ok(())
    }
}

/// Shows the form, and what was uploaded just now.
pub(in crate::web) async fn ask(
    State(site): State<Site>,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Response, Failure> {
    if site.settings().access == Access::ReadOnly {
        return Err(Failure::read_only());
    }
    site.blocking(move |site| {
        let mut form = Form::new(fields.get("folder"), fields.get("replaces"), &visitor.author)?;
        if let Some(path) = &form.replaces {
            site.wiki().catch_up(path);
            form.base = site.wiki().open(path)?.and_then(|d| d.resolution().winner);
        }
        let mut done = Vec::new();
        for path in fields.all("done").filter_map(|name| DocPath::from_user(name).ok()) {
            if let Some(document) = site.wiki().open(&path)?.filter(|d| d.is_live()) {
                done.push(Uploaded::new(site, document.path()));
            }
        }
        show(site, &visitor, &form, &done, &[])
    })
    .await
}

/// Takes the files. Fields that say where they go must come before them.
pub(in crate::web) async fn take(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query,
    headers: HeaderMap,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Response, Failure> {
    let json = wants_json(&headers);
    let answer = async {
        if site.settings().access == Access::ReadOnly {
            return Err(Failure::read_only());
        }
        let mut multipart =
            multipart.map_err(|_| Failure::bad_request("The request is not a form with files."))?;
        let mut form = Form::new(query.get("folder"), query.get("replaces"), &visitor.author)?;
        let (done, refused) = receive_all(&site, &mut form, &mut multipart).await?;
        respond(&site, &visitor, &form, &done, &refused, json)
    };
    match answer.await {
        Err(failure) if json => {
            let body = serde_json::json!({ "error": failure.title, "message": failure.message });
            Ok((failure.status, Json(body)).into_response())
        }
        other => other,
    }
}

async fn receive_all(
    site: &Site,
    form: &mut Form,
    multipart: &mut Multipart,
) -> Result<(Vec<Uploaded>, Vec<Refused>), Failure> {
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    while let Some(field) = multipart.next_field().await.map_err(|_| broken())? {
        let is_file = field.file_name().is_some();
        match field.name().unwrap_or_default() {
            _ if is_file && done.len() + refused.len() >= MAX_FILES => {
                let message = format!("At most {MAX_FILES} files can be uploaded at once.");
                return Err(Failure::bad_request(message));
            }
            _ if is_file => match receive_one(site, form, field).await {
                Ok(Some(Kept { path, owed, merge })) => {
                    done.push(Uploaded { owed, merge, ..Uploaded::new(site, &path) });
                    // The second of several files replaces nothing.
                    form.replaces = None;
                }
                Ok(None) => {}
                Err(file) => refused.push(file),
            },
            "folder" => form.set_folder(&short_text(field).await?)?,
            "replaces" => form.set_replaces(&short_text(field).await?)?,
            "base" => form.base = id(&short_text(field).await?)?,
            "nonce" => form.nonce = short_text(field).await?.trim().parse().ok(),
            "author" => short_text(field).await?.trim().clone_into(&mut form.author),
            _ => drop(short_text(field).await?),
        }
    }
    Ok((done, refused))
}

/// Reads the id of the version that an upload was made from, if the form names one.
fn id(text: &str) -> Result<Option<RevisionId>, Failure> {
    match text.trim() {
        "" => Ok(None),
        id => id.parse().map(Some).map_err(|_| {
            Failure::bad_request("The form does not say which version the file replaces.")
        }),
    }
}

async fn short_text(mut field: Field<'_>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|_| broken())? {
        if bytes.len() + piece.len() > MAX_FIELD {
            return Err(Failure::bad_request("A field of the form is too long."));
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| Failure::bad_request("A field is not UTF-8."))
}

fn broken() -> Failure {
    Failure::bad_request("The connection was lost before everything had arrived.")
}

/// Receives one file; `None` where the form was sent without choosing one.
async fn receive_one(site: &Site, form: &Form, field: Field<'_>) -> Result<Option<Kept>, Refused> {
    let given = field.file_name().unwrap_or_default().to_owned();
    if given.is_empty() {
        return Ok(None);
    }
    let limit = site.wiki().limits().attachment;
    let (sender, mut incoming) = channel(limit);
    let refused = |failure: Failure| Refused {
        name: given.chars().filter(|c| !c.is_control()).take(200).collect(),
        message: failure.message,
        status: failure.status,
    };
    let nonce = form.nonce.unwrap_or_else(|| site.wiki().nonces().draw());
    let wish = match wish(form, nonce, &given) {
        Ok(wish) => wish,
        Err(failure) => {
            drop(incoming);
            pump(field, sender).await;
            return Err(refused(failure));
        }
    };
    let kept = site.blocking(move |site| {
        keep(site, &wish, &mut incoming).map_err(|failure| match incoming.problem() {
            Some(Problem::TooLarge) => Failure::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The file is too large",
                format!("A file can have at most {}, so it was not uploaded.", print_size(limit)),
            ),
            Some(Problem::Broken) => broken(),
            None => failure,
        })
    });
    let (kept, ()) = tokio::join!(kept, pump(field, sender));
    kept.map(Some).map_err(refused)
}

/// Says what is to become of a file that a browser gave this name.
fn wish(form: &Form, nonce: Uuid, given: &str) -> Result<Wish, Failure> {
    let path = if let Some(path) = &form.replaces {
        path.clone()
    } else {
        // Some browsers send whole paths of the visitor's disk.
        let name = given.rsplit(['/', '\\']).next().unwrap_or(given);
        let in_folder = match form.folder.as_str() {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        if name.trim().is_empty() {
            return Err(Failure::bad_request("The file has no name."));
        }
        DocPath::from_user(&in_folder)?
    };
    if path.is_page() {
        let message =
            "A file that ends in .md is a page. Create a new page and paste the text there.";
        return Err(Failure::bad_request(message));
    }
    let replaces = form.replaces.as_ref().map(|_| keep::Form { base: form.base, nonce });
    Ok(Wish { path, replaces, author: form.author.clone() })
}

fn respond(
    site: &Site,
    visitor: &Visitor,
    form: &Form,
    done: &[Uploaded],
    refused: &[Refused],
    json: bool,
) -> Result<Response, Failure> {
    let status = refused.first().map_or(StatusCode::OK, |r| r.status);
    let cookie = [(header::SET_COOKIE, remember(site, "author", &form.author))];
    if json {
        let body = serde_json::json!({ "files": done, "refused": refused });
        return Ok((status, cookie, Json(body)).into_response());
    }
    if done.is_empty() && refused.is_empty() {
        let failure = Failure::bad_request("Choose a file first.");
        let refused =
            [Refused { name: String::new(), message: failure.message, status: failure.status }];
        return show(site, visitor, form, &[], &refused);
    }
    if !refused.is_empty() {
        return show(site, visitor, form, done, refused);
    }
    if let Some(merge) = done.iter().find_map(|file| file.merge.as_deref()) {
        return Ok((cookie, Redirect::to(merge)).into_response());
    }
    let mut address = site.url("-/upload?folder=");
    address.push_str(&query_value(&form.folder));
    for file in done {
        address.push_str("&done=");
        address.push_str(&query_value(&file.path));
    }
    let address = after_save(&address, done.iter().any(|file| file.owed));
    Ok((cookie, Redirect::to(&address)).into_response())
}

fn query_value(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

fn show(
    site: &Site,
    visitor: &Visitor,
    form: &Form,
    done: &[Uploaded],
    refused: &[Refused],
) -> Result<Response, Failure> {
    let title = match &form.replaces {
        Some(path) => format!("Upload a new version of {}", path.title()),
        None => "Upload files".to_owned(),
    };
    let view = Upload {
        shell: Shell::new(site, visitor, &title),
        folder: &form.folder,
        replaces: form.replaces.as_ref(),
        base: form.base,
        nonce: form.nonce.unwrap_or_else(|| site.wiki().nonces().draw()),
        author: &form.author,
        limit: site.wiki().limits().attachment,
        done,
        refused,
    };
    let status = refused.first().map_or(StatusCode::OK, |r| r.status);
    let html = view.render().map_err(|_| Failure::internal())?;
    Ok((status, [(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response())
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    accepted.contains("application/json")
}

/// Returns what to write on a page in the same folder to show or link a file.
fn markdown(path: &DocPath) -> String {
    let name = path.file_name();
    let extension = path.extension().unwrap_or_default();
    let picture = PICTURES.iter().any(|p| p.eq_ignore_ascii_case(extension));
    let label = match extension {
        _ if !picture => name,
        extension => &name[..name.len() - extension.len() - 1],
    };
    let mut escaped = String::new();
    for c in label.chars() {
        if matches!(c, '[' | ']' | '\\' | '`' | '*' | '_' | '<' | '!' | '&' | '$') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    // What Markdown or a scheme would be made of must not stand bare in the target.
    let target = escape(name)
        .replace('(', "%28")
        .replace(')', "%29")
        .replace('&', "%26")
        .replace('*', "%2A")
        .replace(':', "%3A");
    let mark = if picture { "!" } else { "" };
    format!("{mark}[{escaped}]({target})")
}

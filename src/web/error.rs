//! Failures, as pages that say what happened and what to do, and that give back what was typed.

use std::any::Any;

use askama::Template;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::extract::Asker;
use super::shell::Shell;
use super::site::Site;
use crate::model::path::PathError;
use crate::store::StoreError;
use crate::wiki::WikiError;

/// A request that could not be done, in words for the person who made it.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The status of the response.
    pub status: StatusCode,
    /// A headline.
    pub title: String,
    /// What happened and what to do.
    pub message: String,
    /// What the person had typed: it goes back to them.
    pub text: Option<String>,
    /// The disk refused: who only wanted to read is not told of a text.
    of_the_disk: bool,
}

impl Failure {
    /// Makes a failure.
    pub fn new(status: StatusCode, title: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            title: title.into(),
            message: message.into(),
            text: None,
            of_the_disk: false,
        }
    }

    /// Something went wrong in the server itself; the log has the details.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
            "The server could not finish this request because of an error of its own. Nothing that was saved is lost. Please try again. The log of the server has the details.",
        )
    }

    /// There is nothing at this address.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", message)
    }

    /// The request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "That request did not work", message)
    }

    /// The site takes no edits.
    pub fn read_only() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This wiki is read-only",
            "Its owner has turned editing off, so nothing was saved.",
        )
    }

    fn damaged() -> Self {
        Self::new(
            StatusCode::GONE,
            "This revision is damaged",
            "Its file is incomplete or was altered, so it is not shown. To find the file, the owner of the server can run “everpage check”.",
        )
    }

    /// Reads once more if what was read turned out to be damaged: the wiki has found out by then, and
    /// shows what is whole.
    ///
    /// # Errors
    /// As `read`.
    pub(super) fn past_damage<T>(read: impl Fn() -> Result<T, Self>) -> Result<T, Self> {
        match read() {
            Err(failure) if failure.status == StatusCode::GONE => read(),
            read => read,
        }
    }

    /// Gives the typed text back with the failure.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Returns the failure in words for someone who was only reading.
    fn of_reading(self) -> Self {
        if !self.of_the_disk {
            return self;
        }
        Self {
            title: "This page cannot be read at the moment".to_owned(),
            message:
                "The server could not read its disk. Nothing is lost. Please try again later. The \
                      log of the server has the details."
                    .to_owned(),
            ..self
        }
    }
}

impl From<PathError> for Failure {
    fn from(error: PathError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "That name cannot be used", sentence(&error.to_string()))
    }
}

impl From<WikiError> for Failure {
    fn from(error: WikiError) -> Self {
        let status = match &error {
            WikiError::NoDocument(_) | WikiError::NoRevision { .. } => {
                return Self::not_found(sentence(&error.to_string()));
            }
            WikiError::Damaged { .. } => return Self::damaged(),
            WikiError::NotText(_) => StatusCode::UNPROCESSABLE_ENTITY,
            WikiError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            WikiError::NumbersUsedUp(_) | WikiError::TooManyParents(_) | WikiError::Changed(_) => {
                StatusCode::CONFLICT
            }
            WikiError::Store(store) => return Self::from_store(store),
        };
        Self::new(status, "That request did not work", sentence(&error.to_string()))
    }
}

impl Failure {
    /// Puts what the medium refused into words; where exactly is for the log.
    fn from_store(error: &StoreError) -> Self {
        tracing::error!(error = %anyhow_chain(error), "the store refused");
        let (status, message) = match error {
            StoreError::Full(_) => (
                StatusCode::INSUFFICIENT_STORAGE,
                "The disk of the server is full, so nothing was saved. Keep your text and try again when there is room.",
            ),
            StoreError::ReadOnly(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The disk of the server is read-only, so nothing was saved. Keep your text and tell the owner of the server.",
            ),
            StoreError::Permission(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The server is not allowed to write to its data directory, so nothing was saved. Keep your text and ask the owner of the server to check the permissions of that directory.",
            ),
            StoreError::NameTooLong(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "The name is too long for the disk of the server. Choose a shorter one.",
            ),
            StoreError::Taken(_) => (
                StatusCode::CONFLICT,
                "This form was already sent once with different text, and that text was saved. This one was not. To save it, copy it, open the page and edit it again.",
            ),
            StoreError::Damaged { .. } => return Self::damaged(),
            StoreError::NotFound(_) => {
                return Self::not_found("This revision is no longer on the disk.");
            }
            StoreError::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The server cannot reach its data directory, so nothing was saved. Keep your text and try again later.",
            ),
            StoreError::NotWhole { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "The revision arrived incomplete, so it was not saved. Please send it again.",
            ),
            StoreError::HeaderTooLong(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "That would merge too many versions at once, so nothing was saved. Merge some of them first.",
            ),
            StoreError::Suspended(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The disk of the server failed, so it accepts no edits until it is restarted. Nothing was saved. You can go on reading.",
            ),
            StoreError::Io { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The server could not write to its disk, so your text may not have been saved. Keep it and try again.",
            ),
        };
        Self { of_the_disk: true, ..Self::new(status, "Your text could not be saved", message) }
    }
}

/// Prints an error with all its causes, for the log.
fn anyhow_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Makes a sentence of an error's message.
pub(super) fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        // `show_failures` knows the site and makes a page of it.
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "pages/error.html")]
struct ErrorPage<'a> {
    shell: &'a Shell,
    failure: &'a Failure,
}

/// Makes pages of failures, in the look of the site.
pub(super) async fn show_failures(
    State(site): State<Site>,
    request: Request,
    next: Next,
) -> Response {
    let asker = Asker::of(&request);
    let wants_json = request.uri().path().contains("/-/api/");
    let only_reads = request.method().is_safe();
    let response = next.run(request).await;
    let failure = match response.extensions().get::<Failure>() {
        Some(failure) => failure.clone(),
        // The router's own refusals.
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => Failure::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "That request did not work",
            "This address does not accept requests of that kind.",
        ),
        None => return response,
    };
    let failure = if only_reads { failure.of_reading() } else { failure };
    if wants_json {
        let body = serde_json::json!({ "error": failure.title, "message": failure.message });
        return (failure.status, [(header::CONTENT_TYPE, "application/json")], body.to_string())
            .into_response();
    }
    let shell = Shell::new(&site, &asker.visitor(), &failure.title);
    let page = ErrorPage { shell: &shell, failure: &failure };
    let html = page.render().unwrap_or_else(|_| failure.message.clone());
    (
        failure.status,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")],
        html,
    )
        .into_response()
}

/// Answers for a handler that panicked; the process and all other requests go on.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands over the panic")]
pub(super) fn on_panic(panic: Box<dyn Any + Send>) -> Response<Body> {
    let message = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(message, "a handler panicked");
    let failure = Failure::internal();
    (
        failure.status,
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        format!("{}. {}", failure.title, failure.message),
    )
        .into_response()
}

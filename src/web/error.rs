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
            "The server made a mistake. Nothing that was saved is lost. Please try again; the log of the server says more.",
        )
    }

    /// There is nothing at this address.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing here", message)
    }

    /// The request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "This does not work", message)
    }

    /// The site takes no edits.
    pub fn read_only() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This wiki is read-only",
            "Its owner has switched editing off. Nothing was saved.",
        )
    }

    /// Gives the typed text back with the failure.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Returns the failure as someone who only wanted to read has to hear of it.
    fn of_reading(self) -> Self {
        if !self.of_the_disk {
            return self;
        }
        Self {
            title: "This cannot be read just now".to_owned(),
            message:
                "The disk of the server cannot be reached or refuses. Nothing is lost. Try again \
                      in a while; the log of the server says more."
                    .to_owned(),
            ..self
        }
    }
}

impl From<PathError> for Failure {
    fn from(error: PathError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "This cannot be a name", sentence(&error.to_string()))
    }
}

impl From<WikiError> for Failure {
    fn from(error: WikiError) -> Self {
        let status = match &error {
            WikiError::NoDocument(_) | WikiError::NoRevision { .. } => {
                return Self::not_found(sentence(&error.to_string()));
            }
            WikiError::Damaged { .. } => {
                return Self::new(
                    StatusCode::GONE,
                    "This revision is damaged",
                    "Its file is torn or was altered, so it is not shown. The file is still there, and everpage check says where.",
                );
            }
            WikiError::NotText(_) => StatusCode::UNPROCESSABLE_ENTITY,
            WikiError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            WikiError::NumbersUsedUp(_) | WikiError::TooManyParents(_) => StatusCode::CONFLICT,
            WikiError::Store(store) => return Self::from_store(store),
        };
        Self::new(status, "This does not work", sentence(&error.to_string()))
    }
}

impl Failure {
    /// Puts what the medium refused into words; where exactly is for the log.
    fn from_store(error: &StoreError) -> Self {
        tracing::error!(error = %anyhow_chain(error), "the store refused");
        let (status, message) = match error {
            StoreError::Full(_) => (
                StatusCode::INSUFFICIENT_STORAGE,
                "The disk of the server is full. Nothing was saved. Keep this text until there is room.",
            ),
            StoreError::ReadOnly(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The disk of the server can only be read. Nothing was saved.",
            ),
            StoreError::Permission(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The server is not permitted to write there. Nothing was saved. Whoever runs it must look at the permissions of its data directory.",
            ),
            StoreError::NameTooLong(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "The name is too long for the disk of the server. Choose a shorter one.",
            ),
            StoreError::Taken(_) => (
                StatusCode::CONFLICT,
                "This form was sent before with another text. That text is saved; this one is not. Open the page and edit it again.",
            ),
            StoreError::NotFound(_) => {
                return Self::not_found("The revision is not on the disk any more.");
            }
            StoreError::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The data directory of the server cannot be reached just now. Nothing was saved. Try again when it is back.",
            ),
            StoreError::NotWhole { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "The revision did not arrive whole.")
            }
            StoreError::HeaderTooLong(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "Too many versions would be merged at once.")
            }
            StoreError::Suspended(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The disk of the server failed, so the wiki takes no edits until it is restarted. Nothing was saved. Reading goes on.",
            ),
            StoreError::Io { .. } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The disk of the server refused. Nothing was acknowledged as saved.",
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
fn sentence(message: &str) -> String {
    let mut chars = message.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
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
            "This does not work",
            "The address cannot be used in this way.",
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

/// Answers where a handler panicked; the process and all other requests go on.
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

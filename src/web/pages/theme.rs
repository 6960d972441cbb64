//! Choosing light or dark, without script.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};

use crate::web::extract::{Submitted, Theme, remember};
use crate::web::site::Site;

/// Remembers the choice and goes back to where it was made.
pub(in crate::web) async fn choose(
    State(site): State<Site>,
    Submitted(fields): Submitted,
) -> Response {
    let theme = Theme::parse(fields.get("theme"));
    let back = local_address(&site, fields.get("back"));
    ([(header::SET_COOKIE, remember(&site, "theme", theme.word()))], Redirect::to(&back))
        .into_response()
}

/// Accepts only an address of this site, so that nobody can be sent elsewhere.
pub(super) fn local_address(site: &Site, address: &str) -> String {
    let rooted = address.starts_with('/') && !address.starts_with("//");
    let plain = !address.contains('\\') && !address.chars().any(char::is_control);
    if rooted && plain { address.to_owned() } else { site.url("") }
}

#[cfg(test)]
mod tests {
    #[test]
    fn nobody_is_sent_to_another_site() {
        let temp = tempfile::tempdir().unwrap();
        let site = crate::web::site::tests::empty_site(temp.path());
        for bad in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb"] {
            assert_eq!(super::local_address(&site, bad), "/", "{bad:?}");
        }
        assert_eq!(super::local_address(&site, "/Garden?x=1"), "/Garden?x=1");
    }
}

//! What a reader may choose for themselves.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::theme::local_address;
use crate::web::error::Failure;
use crate::web::extract::{Submitted, Visitor, remember};
use crate::web::shell::Shell;
use crate::web::site::Site;
use crate::wiki::MergeOnSave;

#[derive(Template)]
#[template(path = "pages/preferences.html")]
struct Preferences {
    shell: Shell,
    merge_on_save: &'static str,
}

/// Shows the choices. Those about the text on the screen need script.
pub(in crate::web) async fn show(
    State(site): State<Site>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let view = Preferences {
        shell: Shell::new(&site, &visitor, "Preferences"),
        merge_on_save: site.merge_on_save(&visitor).word(),
    };
    let html = view.render().map_err(|_| Failure::internal())?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response())
}

/// Remembers a choice in the visitor's browser.
pub(in crate::web) async fn choose(
    State(site): State<Site>,
    Submitted(fields): Submitted,
) -> Result<Response, Failure> {
    let Some(on_save) = MergeOnSave::parse(fields.get("merge_on_save")) else {
        return Err(Failure::bad_request("The form says nothing that can be chosen."));
    };
    let cookie = [(header::SET_COOKIE, remember(&site, "merge_on_save", on_save.word()))];
    let back = local_address(&site, fields.get("back"));
    Ok((cookie, Redirect::to(&back)).into_response())
}

#[cfg(test)]
mod tests {
    use crate::web::test_support::TestSite;

    #[tokio::test]
    async fn without_script_there_are_the_colours() {
        let page = TestSite::new().get("/-/preferences").await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("action=\"/-/theme\""));
    }

    #[tokio::test]
    async fn a_choice_about_saving_is_kept_in_the_browser() {
        let site = TestSite::new();
        let page = site.get("/-/preferences").await;
        assert!(page.body.contains("value=\"clean\" aria-pressed=\"true\""), "{}", page.body);
        let fields = [("merge_on_save", "ask"), ("back", "/-/preferences")];
        let chosen = site.post("/-/preferences", &fields).await;
        assert_eq!(chosen.location(), Some("/-/preferences"));
        let cookie = chosen.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        assert_eq!(cookie, "merge_on_save=ask");
        let page = site.get_with("/-/preferences", "cookie", &cookie).await;
        assert!(page.body.contains("value=\"ask\" aria-pressed=\"true\""), "{}", page.body);
        assert_eq!(site.post("/-/preferences", &[("merge_on_save", "x")]).await.status, 400);
    }
}

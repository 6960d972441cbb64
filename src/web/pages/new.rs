//! Choosing the name of a new page.

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::model::path::DocPath;
use crate::web::error::Failure;
use crate::web::extract::{Fields, Query, Submitted, Visitor};
use crate::web::shell::Shell;
use crate::web::site::{Access, Site};

#[derive(Template)]
#[template(path = "pages/new.html")]
struct New<'a> {
    shell: Shell,
    name: String,
    /// Why the name cannot be used.
    refused: Option<String>,
    /// The page that has the name already.
    taken: Option<&'a DocPath>,
}

/// Asks for the name; with `?path=` it is checked at once.
pub(in crate::web) async fn ask(
    State(site): State<Site>,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Response, Failure> {
    answer(site, visitor, fields).await
}

/// Takes the name.
pub(in crate::web) async fn choose(
    State(site): State<Site>,
    visitor: Visitor,
    Submitted(fields): Submitted,
) -> Result<Response, Failure> {
    answer(site, visitor, fields).await
}

async fn answer(site: Site, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    if site.settings().access == Access::ReadOnly {
        return Err(Failure::read_only());
    }
    site.blocking(move |site| check(site, &visitor, &fields)).await
}

/// Leads to the editor where the name is good, and says what is wrong with it where it is not.
fn check(site: &Site, visitor: &Visitor, fields: &Fields) -> Result<Response, Failure> {
    let Some(name) = fields.find("path") else {
        let folder = fields.get("folder").trim().trim_matches('/');
        let name = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        return show(site, visitor, name, None, None);
    };
    let path = match DocPath::page_from_user(name) {
        Ok(path) => path,
        Err(error) => {
            let reason = Failure::from(error).message;
            return show(site, visitor, name.to_owned(), Some(reason), None);
        }
    };
    match site.wiki().open(&path)? {
        Some(document) if document.is_live() => {
            show(site, visitor, name.to_owned(), None, Some(document.path()))
        }
        _ => Ok(Redirect::to(&site.url(&format!("-/edit/{}", path.address()))).into_response()),
    }
}

fn show(
    site: &Site,
    visitor: &Visitor,
    name: String,
    refused: Option<String>,
    taken: Option<&DocPath>,
) -> Result<Response, Failure> {
    let status = match (&refused, taken) {
        (Some(_), _) => StatusCode::UNPROCESSABLE_ENTITY,
        (_, Some(_)) => StatusCode::CONFLICT,
        _ => StatusCode::OK,
    };
    let view = New { shell: Shell::new(site, visitor, "New page"), name, refused, taken };
    let html = view.render().map_err(|_| Failure::internal())?;
    Ok((status, [(header::CACHE_CONTROL, "private, no-cache")], Html(html)).into_response())
}

#[cfg(test)]
mod tests {
    use crate::web::test_support::TestSite;

    #[tokio::test]
    async fn a_good_name_leads_to_the_editor() {
        let site = TestSite::new();
        let asked = site.get("/-/new?folder=Projects").await;
        assert!(asked.body.contains(r#"value="Projects/""#), "{}", asked.body);
        for answer in [
            site.get("/-/new?path=Projects/Bean+rows").await,
            site.post("/-/new", &[("path", "Projects/Bean rows")]).await,
        ] {
            assert_eq!(answer.location(), Some("/-/edit/Projects/Bean%20rows"));
        }
    }

    #[tokio::test]
    async fn a_bad_name_is_explained_and_stays_in_the_field() {
        let site = TestSite::new();
        for (name, reason) in
            [("a/../b", "begins with a dot"), ("", "must not be empty"), ("a//b", "“//”")]
        {
            let page = site.post("/-/new", &[("path", name)]).await;
            assert_eq!(page.status, 422, "{name}");
            assert!(page.body.contains(reason), "{name}: {}", page.body);
            assert!(page.body.contains(&format!(r#"value="{name}""#)), "{name}");
        }
    }

    #[tokio::test]
    async fn a_name_that_is_taken_in_any_case_is_said_to_be() {
        let site = TestSite::new();
        site.save("Garden.md", "text");
        let page = site.post("/-/new", &[("path", "garden")]).await;
        assert_eq!(page.status, 409);
        assert!(page.body.contains(r#"href="/Garden""#), "{}", page.body);
    }
}

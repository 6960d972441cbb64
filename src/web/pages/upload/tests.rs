use axum::body::Body;
use axum::http::{Request, header};
use tokio_stream::StreamExt;

use super::markdown;
use crate::model::path::DocPath;
use crate::web::test_support::{Page, TestSite};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nbeans";

/// A part of a form: its name, the name of its file if it is one, its content.
type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

fn body(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        let file = file.map(|f| format!("; filename=\"{f}\"")).unwrap_or_default();
        body.extend_from_slice(b"--XX\r\nContent-Disposition: form-data; ");
        body.extend_from_slice(format!("name=\"{name}\"{file}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XX--\r\n");
    body
}

fn request(json: bool, body: impl Into<Body>) -> Request<Body> {
    Request::post("/-/upload")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
        .header(header::ACCEPT, if json { "application/json" } else { "text/html" })
        .body(body.into())
        .unwrap()
}

async fn upload(site: &TestSite, parts: &[Part<'_>]) -> Page {
    site.send(request(true, body(parts))).await
}

fn paths(page: &Page) -> Vec<String> {
    let json = page.json();
    let files = json["files"].as_array().unwrap();
    files.iter().map(|f| f["path"].as_str().unwrap().to_owned()).collect()
}

fn bytes(site: &TestSite, name: &str) -> Vec<u8> {
    let document = site.document(name).unwrap();
    site.site.wiki().content(&document, document.winner().unwrap().id).unwrap()
}

/// Every regular file below the data directory that could be a left-over.
fn temporary_files(site: &TestSite) -> usize {
    std::fs::read_dir(site.data().join("local/tmp")).map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_file_becomes_a_document_beside_the_pages() {
    let site = TestSite::new();
    let form = [
        ("folder", None, &b"Projects"[..]),
        ("author", None, b"Ben"),
        ("file", Some("plan b.png"), PNG),
    ];
    let answer = upload(&site, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let file = &answer.json()["files"][0];
    assert_eq!(file["path"], "Projects/plan b.png");
    assert_eq!(file["href"], "/Projects/plan%20b.png");
    assert_eq!(file["markdown"], "![plan b](plan%20b.png)");
    assert_eq!(bytes(&site, "Projects/plan b.png"), PNG);
    let document = site.document("Projects/plan b.png").unwrap();
    assert_eq!(document.winner().unwrap().author, "Ben");
    assert_eq!(site.get("/Projects/plan%20b.png").await.header("content-type"), Some("image/png"));
}

#[tokio::test]
async fn without_script_the_answer_is_a_page_that_lists_the_files() {
    let site = TestSite::new();
    let form = [
        ("folder", None, &b"A"[..]),
        ("file", Some("x.png"), PNG),
        ("file", Some("y.txt"), b"y"),
        ("file", Some(""), b""),
    ];
    let answer = site.send(request(false, body(&form))).await;
    let address = answer.location().unwrap().to_owned();
    let page = site.get(&address).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("![x](x.png)") && page.body.contains("[y.txt](y.txt)"),
        "{}",
        page.body
    );
    let nothing = site.send(request(false, body(&[("file", Some(""), b"")]))).await;
    assert_eq!(nothing.status, 400);
    assert!(nothing.body.contains("Choose a file first"));
}

#[tokio::test]
async fn a_taken_name_gets_a_number_and_the_same_content_no_revision() {
    let site = TestSite::new();
    for (content, expected) in [
        (&b"one"[..], "plan.png"),
        (b"two", "plan-2.png"),
        (b"one", "plan.png"),
        (b"two", "plan-2.png"),
        (b"six", "plan-3.png"),
    ] {
        let answer = upload(&site, &[("file", Some("plan.png"), content)]).await;
        assert_eq!(paths(&answer), [expected]);
        assert_eq!(bytes(&site, expected), content);
    }
    for name in ["plan.png", "plan-2.png", "plan-3.png"] {
        assert_eq!(site.document(name).unwrap().revision_count(), 1);
    }
}

#[tokio::test]
async fn long_files_are_compared_as_they_arrive_and_kept_whole() {
    let site = TestSite::new();
    let long: Vec<u8> = (0..3_000_000_u32).flat_map(|i| [(i % 251) as u8]).collect();
    let mut other = long.clone();
    other[2_500_000] ^= 1;
    let shorter = &long[..2_000_000];
    let longer = [&long[..], b"more"].concat();
    let mut seen = Vec::new();
    for content in [&long[..], &long, &other, shorter, &longer, &long] {
        let answer = upload(&site, &[("file", Some("a.bin"), content)]).await;
        let path = paths(&answer).remove(0);
        assert!(bytes(&site, &path) == content, "{path}");
        seen.push(path);
    }
    assert_eq!(seen, ["a.bin", "a.bin", "a-2.bin", "a-3.bin", "a-4.bin", "a.bin"]);
    assert_eq!(temporary_files(&site), 0);
}

/// Opens the form for a new version of a file and returns its fields.
async fn open_form(site: &TestSite, name: &str) -> (String, String) {
    let page = site.get(&format!("/-/upload?replaces={name}")).await;
    (page.field("base").unwrap(), page.field("nonce").unwrap())
}

/// Sends a form for a new version of `plan.png`.
async fn replace(
    site: &TestSite,
    (base, nonce): &(String, String),
    json: bool,
    content: &[u8],
) -> Page {
    let form = [
        ("replaces", None, &b"plan.png"[..]),
        ("base", None, base.as_bytes()),
        ("nonce", None, nonce.as_bytes()),
        ("author", None, b"Me"),
        ("file", Some("other name.png"), content),
    ];
    site.send(request(json, body(&form))).await
}

#[tokio::test]
async fn a_new_version_takes_the_place_of_the_old_one() {
    let site = TestSite::new();
    upload(&site, &[("file", Some("plan.png"), b"one")]).await;
    let form = open_form(&site, "plan.png").await;
    for _ in 0..2 {
        assert_eq!(paths(&replace(&site, &form, true, b"two").await), ["plan.png"]);
    }
    assert_eq!(bytes(&site, "plan.png"), b"two");
    assert_eq!(site.document("plan.png").unwrap().revision_count(), 2);
    // Sent once more when somebody has gone on, it is still the revision that it became.
    site.save("plan.png", "three");
    let again = replace(&site, &form, false, b"two").await;
    assert_eq!(again.location(), Some("/-/upload?folder=&done=plan%2Epng"));
    assert_eq!(bytes(&site, "plan.png"), b"three");
    assert_eq!(site.document("plan.png").unwrap().revision_count(), 3);
}

#[tokio::test]
async fn a_new_version_of_a_file_that_has_changed_since_waits_and_its_author_chooses() {
    for json in [false, true] {
        let site = TestSite::new();
        upload(&site, &[("file", Some("plan.png"), b"one")]).await;
        let form = open_form(&site, "plan.png").await;
        site.save_as("plan.png", "Ann", "theirs");
        let mut seen = Vec::new();
        for _ in 0..2 {
            let answer = replace(&site, &form, json, b"mine").await;
            let to = if json {
                answer.json()["files"][0]["merge"].as_str().unwrap().to_owned()
            } else {
                assert_eq!(answer.status, 303);
                answer.location().unwrap().to_owned()
            };
            seen.push(to);
        }
        let document = site.document("plan.png").unwrap();
        let [mine] = document.resolution().conflicts[..] else { panic!("one waits") };
        assert_eq!(seen, vec![format!("/-/merge/plan.png?mine={mine}"); 2]);
        assert_eq!((bytes(&site, "plan.png"), document.revision_count()), (b"theirs".into(), 3));
        let page = site.get(&seen[0]).await;
        assert!(page.status == 200 && page.body.contains("Ann"), "{}", page.body);
    }
}

#[tokio::test]
async fn a_new_version_that_does_not_say_what_it_replaces_never_does() {
    let site = TestSite::new();
    upload(&site, &[("file", Some("plan.png"), b"one")]).await;
    let form = [("replaces", None, &b"plan.png"[..]), ("file", Some("x.png"), b"two")];
    let answer = site.send(request(false, body(&form))).await;
    assert!(answer.location().unwrap().starts_with("/-/merge/plan.png?mine="));
    assert_eq!(bytes(&site, "plan.png"), b"one");
    assert_eq!(site.document("plan.png").unwrap().resolution().conflicts.len(), 1);
    let nonsense = ("not-an-id".to_owned(), String::new());
    assert_eq!(replace(&site, &nonsense, true, b"three").await.status, 400);
    assert_eq!(site.document("plan.png").unwrap().revision_count(), 2);
}

#[tokio::test]
async fn a_new_version_of_a_deleted_file_brings_it_back() {
    let site = TestSite::new();
    upload(&site, &[("file", Some("plan.png"), b"one")]).await;
    site.save("plan.png", "");
    let form = open_form(&site, "plan.png").await;
    assert_eq!(paths(&replace(&site, &form, true, b"two").await), ["plan.png"]);
    assert_eq!(bytes(&site, "plan.png"), b"two");
    assert!(site.document("plan.png").unwrap().resolution().conflicts.is_empty());
}

#[tokio::test]
async fn a_file_over_the_limit_leaves_nothing_behind() {
    let site = TestSite::with_limits(1000, 2_000_000);
    let exact = vec![7; 2_000_000];
    let over = vec![7; 2_000_001];
    let form = [("file", Some("over.bin"), &over[..]), ("file", Some("exact.bin"), &exact)];
    let answer = upload(&site, &form).await;
    assert_eq!(answer.status, 413);
    assert_eq!(paths(&answer), ["exact.bin"]);
    let message = answer.json()["refused"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("1.9 MiB"), "{message}");
    assert!(site.document("over.bin").is_none());
    assert_eq!(temporary_files(&site), 0);
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_nothing_behind() {
    let site = TestSite::new();
    let whole = body(&[("file", Some("a.bin"), &vec![7; 2_000_000])]);
    for length in [200, 1_500_000, whole.len() - 20] {
        let begun = axum::body::Bytes::copy_from_slice(&whole[..length]);
        let broken = std::io::Error::other("broken");
        let stream = tokio_stream::iter([Ok(begun)]).chain(tokio_stream::iter([Err(broken)]));
        let answer = site.send(request(true, Body::from_stream(stream))).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(site.document("a.bin").is_none());
        assert_eq!(temporary_files(&site), 0);
        // A body that just stops is not whole either.
        let answer = site.send(request(true, whole[..length].to_vec())).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(site.document("a.bin").is_none());
    }
}

#[tokio::test]
async fn hostile_names_are_stripped_or_refused_with_the_reason() {
    let site = TestSite::new();
    for (given, kept) in
        [("../../etc/passwd", "passwd"), ("C:\\fakepath\\a.png", "a.png"), ("/abs/b.png", "b.png")]
    {
        assert_eq!(paths(&upload(&site, &[("file", Some(given), b"x")]).await), [kept]);
    }
    for (given, reason) in [
        (".htaccess", "begins with a dot"),
        ("..", "begins with a dot"),
        ("a\u{202e}gnp.exe", "invisible"),
        ("Page.md", "is a page"),
        ("a/", "no name"),
    ] {
        let answer = upload(&site, &[("file", Some(given), b"x")]).await;
        assert_eq!(answer.status, 400, "{given}");
        let message = answer.json()["refused"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(reason), "{given}: {message}");
    }
    let folder = [("folder", None, &b"../up"[..]), ("file", Some("a.png"), b"x")];
    assert_eq!(upload(&site, &folder).await.status, 400);
    assert_eq!(upload(&site, &[("file", Some("e.png"), b"")]).await.status, 400);
}

#[tokio::test]
async fn a_read_only_site_takes_no_files() {
    let site = TestSite::read_only();
    assert_eq!(upload(&site, &[("file", Some("a.png"), PNG)]).await.status, 403);
    assert_eq!(site.get("/-/upload").await.status, 403);
    assert!(site.document("a.png").is_none());
}

#[tokio::test]
async fn a_deleted_file_comes_back_under_its_name() {
    let site = TestSite::new();
    upload(&site, &[("file", Some("a.png"), PNG)]).await;
    site.save("a.png", "");
    assert_eq!(paths(&upload(&site, &[("file", Some("a.png"), PNG)]).await), ["a.png"]);
    assert_eq!(site.document("a.png").unwrap().revision_count(), 3);
}

#[tokio::test]
async fn the_markdown_of_any_name_leads_to_the_file() {
    let site = TestSite::new();
    for name in [
        "a (1).png",
        "a]b*c_.png",
        "a:b.png",
        "x&copy;.txt",
        "100%.png",
        "ü.pdf",
        "<b>.png",
        "plain",
        "-.png",
        "a$b$.png",
    ] {
        let path = DocPath::new(&format!("F/{name}")).unwrap();
        site.save(path.as_str(), "x");
        let page = DocPath::new("F/Page.md").unwrap();
        let text = markdown(&path);
        let rendered =
            site.site.wiki().render(&page, &text, crate::wiki::render::RenderOptions::default());
        let led: Vec<_> = rendered.links.iter().map(|l| (&l.target, l.exists)).collect();
        assert_eq!(led, [(&path, true)], "{text} → {}", rendered.html.as_str());
    }
}

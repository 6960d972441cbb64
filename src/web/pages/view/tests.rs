use crate::web::site::SiteSettings;
use crate::web::test_support::TestSite;
use crate::wiki::Limits;

#[tokio::test]
async fn what_people_wrote_says_its_language_and_the_interface_its_own() {
    let settings = SiteSettings { language: "de".to_owned(), ..SiteSettings::default() };
    let site = TestSite::with(Limits::default(), settings);
    site.save("Garten.md", "Bohnen\n");
    site.save("Plan.md", "---\nlang: fr\n---\nHaricots\n");
    for (name, language) in [("Garten", "de"), ("Plan", "fr")] {
        let page = site.get(&format!("/{name}")).await;
        assert!(page.body.contains("<html lang=\"en\""));
        assert!(page.body.contains(&format!("id=\"content\" lang=\"{language}\"")), "{name}");
        let editor = site.get(&format!("/-/edit/{name}")).await;
        assert!(editor.body.contains(&format!("name=\"content\" lang=\"{language}\"")), "{name}");
    }
}

#[tokio::test]
async fn a_title_that_the_text_repeats_is_shown_once() {
    let site = TestSite::new();
    site.save("git-add.md", "# Git add\n\n## Use\n\n## See\n");
    site.save("tar.md", "# Archives\n\n## Use\n");
    site.save("later.md", "Text\n\n# later\n");
    let page = site.get("/git-add").await.body;
    assert!(page.contains("repeats-title"));
    assert!(!page.contains("href=\"#git-add\">Git add"), "it is no entry of the contents");
    for name in ["tar", "later"] {
        assert!(!site.get(&format!("/{name}")).await.body.contains("repeats-title"), "{name}");
    }
}

#[tokio::test]
async fn no_page_is_begun_among_the_addresses_of_the_system() {
    let site = TestSite::new();
    let page = site.get("/-/nothing-here").await;
    assert_eq!(page.status, 404);
    assert!(!page.body.contains("Create this page"));
}

#[tokio::test]
async fn an_empty_wiki_welcomes_whoever_makes_its_first_page() {
    let site = TestSite::new();
    let page = site.get("/Home").await.body;
    for words in ["Welcome to", "Create Home", r#"href="/-/edit/Home""#, "everpage import FOLDER"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let other = site.get("/Garden").await.body;
    assert!(other.contains("There's no page with this name yet.") && !other.contains("Welcome to"));
    site.save("Garden.md", "beans");
    let home = site.get("/Home").await.body;
    assert!(home.contains("There's no page with this name yet.") && !home.contains("Welcome to"));
    let reader = TestSite::read_only();
    let page = reader.get("/Home").await.body;
    assert!(page.contains("This wiki has no pages yet.") && !page.contains("/-/edit/"), "{page}");
}

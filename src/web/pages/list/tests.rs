use crate::web::test_support::TestSite;

#[tokio::test]
async fn pages_are_listed_by_letter_with_their_folders() {
    let site = TestSite::new();
    for name in ["Garden.md", "Projects/élan.md", "2026.md", "plan.png", "Gone.md"] {
        site.save(name, "text");
    }
    site.save("Gone.md", "");
    let page = site.get("/-/pages").await;
    assert_eq!(page.status, 200);
    for wanted in [
        r##"href="#letter-E""##,
        r#"id="letter-E""#,
        r#"href="/Projects/%C3%A9lan">élan <span class="fine">Projects</span>"#,
        r#"id="letter-digits""#,
    ] {
        assert!(page.body.contains(wanted), "{wanted}: {}", page.body);
    }
    assert!(!page.body.contains("Gone") && !page.body.contains("plan.png"));
    let files = site.get("/-/pages?view=files").await;
    assert!(files.body.contains(r#"href="/plan.png""#) && files.body.contains("4 bytes"));
}

#[tokio::test]
async fn many_pages_are_shown_letter_by_letter_and_stay_light() {
    let site = TestSite::new();
    for n in 0..520 {
        site.save(&format!("Note {n:04} with a name of some length to fill the list.md"), "text");
    }
    site.save("Garden.md", "text");
    let first = site.get("/-/pages").await;
    assert!(first.body.contains(r#"href="/Garden""#) && !first.body.contains("Note 0001"));
    let notes = site.get("/-/pages?letter=N").await;
    assert!(notes.body.contains("Note 0001") && !notes.body.contains(r#"href="/Garden""#));
    assert!(notes.body.contains("?letter=N&#38;page=2"), "{}", notes.body);
    assert!(notes.body.len() < 300_000, "{}", notes.body.len());
    let second = site.get("/-/pages?letter=N&page=2").await;
    assert!(second.body.contains("Note 0519") && !second.body.contains("Note 0001"));
    let tree = site.get("/-/pages?view=tree").await;
    assert!(tree.body.len() < 300_000 && tree.body.contains("page=2"), "{}", tree.body.len());
}

#[tokio::test]
async fn the_tree_nests_folders_and_a_large_one_is_a_link() {
    let site = TestSite::new();
    for n in 0..505 {
        site.save(&format!("Large/Note {n}.md"), "text");
    }
    site.save("Small/Deep/Leaf.md", "text");
    site.save("Small/plan & more.png", "text");
    let tree = site.get("/-/pages?view=tree").await.body;
    assert!(tree.contains("?view=tree&#38;folder=Large"), "{tree}");
    assert!(!tree.contains("/Large/Note"));
    assert!(tree.contains(r#"href="/Small/Deep/Leaf""#));
    assert_eq!(tree.matches("<details").count() - tree.matches("class=\"menu\"").count(), 2);
    assert_eq!(tree.matches("<details").count(), tree.matches("</details>").count());
    let large = site.get("/-/pages?view=tree&folder=Large").await.body;
    assert!(large.contains("/Large/Note%200\"") && large.contains("All folders"), "{large}");
    let none = site.get("/-/pages?view=tree&folder=../etc").await;
    assert!(none.status == 200 && none.body.contains("This folder is empty"));
}

#[tokio::test]
async fn loose_ends_are_found() {
    let site = TestSite::new();
    site.save("Home.md", "[[Garden]] [[Shed]] [[shed]]");
    site.save("Garden.md", "[[Shed]] [[Barn]] ![](no.png) [[Garden]]");
    site.save("Alone.md", "[[Home]]");
    let missing = site.get("/-/pages?view=missing").await.body;
    let at = |text: &str| missing.find(text).unwrap_or_else(|| panic!("{text}: {missing}"));
    assert!(at(r#"<a class="missing" href="/Shed">"#) < at(r#"<a class="missing" href="/Barn">"#));
    assert!(missing.contains("no.png") && missing.contains("3 pages are linked to"));
    let orphans = site.get("/-/pages?view=orphans").await.body;
    assert!(orphans.contains(r#"<li><a href="/Alone">"#), "{orphans}");
    for linked in ["Home", "Garden"] {
        assert!(!orphans.contains(&format!(r#"<li><a href="/{linked}">"#)), "{linked}");
    }
}

#[tokio::test]
async fn a_folder_without_a_page_shows_what_lies_in_it() {
    let site = TestSite::new();
    site.save("Projects/Garden.md", "text");
    site.save("Projects/plan.png", "text");
    for address in ["/Projects", "/Projects/"] {
        let page = site.get(address).await;
        assert_eq!(page.status, 200, "{address}");
        assert!(page.body.contains(r#"href="/Projects/Garden""#), "{}", page.body);
        assert!(page.body.contains(r#"href="/Projects/plan.png""#));
        assert!(page.body.contains("/-/edit/Projects"));
    }
    assert_eq!(site.get("/Project").await.status, 404);
}

#[tokio::test]
async fn pages_and_files_say_what_links_to_them() {
    let site = TestSite::sample();
    let page = site.get("/Garden/Watering").await;
    let (_, links) = page.body.split_once("Pages that link here").unwrap();
    assert!(links.contains(r#"<a href="/Garden">Garden</a>"#), "{links}");
    let files = site.get("/-/pages?view=files").await;
    let (_, file) = files.body.split_once(r#"<a href="/revisions.png">"#).unwrap();
    let file = file.split("</li>").next().unwrap();
    assert!(file.contains("KiB · on <a href="), "{file}");
}

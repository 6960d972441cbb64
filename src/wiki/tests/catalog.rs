//! What is known of all pages together.

use super::*;

#[test]
fn a_page_looks_different_when_what_it_links_to_comes_or_goes() {
    let t = TestWiki::new();
    t.save("Garden", None, "see [[Shed]]\n", 1);
    t.save("Other", None, "nothing\n", 2);
    let version = |name: &str| t.wiki.page_version(&page(name).key());
    let (garden, other) = (version("Garden"), version("Other"));
    let shed = t.save("Shed", None, "tools\n", 3);
    assert_ne!(version("Garden"), garden);
    assert_eq!(version("Other"), other);
    let links: Vec<_> =
        t.wiki.backlinks(&page("Shed")).iter().map(|d| d.path().to_string()).collect();
    assert_eq!(links, ["Garden.md"]);
    let garden = version("Garden");
    t.save("Shed", Some(shed), "tools and pots\n", 4);
    assert_eq!(version("Garden"), garden, "the text of a linked page does not show");
    t.save(
        "Other",
        Some(t.wiki.require(&page("Other")).unwrap().winner().unwrap().id),
        "[[Shed]]\n",
        5,
    );
    assert_eq!(t.wiki.backlinks(&page("Shed")).len(), 2);
}

#[test]
fn recent_changes_come_newest_first() {
    let t = TestWiki::new();
    let first = t.save("A", None, "one\n", 1);
    t.save("B", None, "one\n", 2);
    t.save("A", Some(first), "two\n", 3);
    let names: Vec<_> = t
        .wiki
        .recent(0, 10)
        .iter()
        .map(|(d, id)| format!("{} {}", d.path(), id.number()))
        .collect();
    assert_eq!(names, ["A.md 2", "B.md 1", "A.md 1"]);
}

use std::fs;

use crate::web::test_support::{Page, TestSite};

/// Returns the value of the radio button of a column that is chosen.
fn chosen(page: &Page, column: &str) -> Option<String> {
    let start = format!("name=\"{column}\" value=\"");
    page.body.split(&start).skip(1).find_map(|rest| {
        let (id, rest) = rest.split_once('"')?;
        rest.starts_with(" checked").then(|| id.to_owned())
    })
}

#[tokio::test]
async fn what_readers_see_is_compared_with_what_it_was_made_from() {
    let site = TestSite::new();
    let first = site.save("Garden.md", "one\n");
    let second = site.save_on("Garden.md", "Ben", Some(first), "one and two\n");
    let beside = site.save_on("Garden.md", "Cleo", Some(first), "three\n");
    let (winner, waiting) = (second.max(beside), second.min(beside));
    let page = site.get("/-/history/Garden").await;
    assert_eq!(page.status, 200);
    assert_eq!(chosen(&page, "from"), Some(first.to_string()));
    assert_eq!(chosen(&page, "to"), Some(winner.to_string()));
    assert!(page.body.contains("1 other version is unmerged"));
    assert!(page.body.contains(&format!("/-/merge/Garden?with={waiting}")));
    assert!(page.body.contains("noindex"));
    assert_eq!(page.body.matches("graph-cell").count(), 3);
}

#[tokio::test]
async fn a_long_history_is_read_page_by_page_and_nothing_is_left_out() {
    let site = TestSite::new();
    for n in 0..120 {
        site.save("Garden.md", format!("text {n}\n"));
    }
    let mut address = "/-/history/Garden".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = site.get(&address).await;
        let ids = page.body.split("class=\"graph-row revision\" id=\"").skip(1);
        seen.extend(ids.map(|rest| rest.split('"').next().unwrap().to_owned()));
        let older = page
            .body
            .split("href=\"")
            .skip(1)
            .find(|rest| rest.split('>').next().unwrap().contains("rel=\"next\""));
        let Some(older) = older else { break };
        address = older.split('"').next().unwrap().to_owned();
    }
    let document = site.document("Garden.md").unwrap();
    let all: Vec<String> = document.revisions().map(|r| r.id.to_string()).collect();
    assert_eq!(seen, all);
    let last = site.get(&address).await;
    assert!(last.body.contains("101–120 of 120"));
    assert!(last.body.contains("M10 0V50"), "the line from the page before goes on");
}

#[tokio::test]
async fn what_is_damaged_or_missing_is_said() {
    let site = TestSite::new();
    site.save("Garden.md", "one\n");
    let dir = site.data().join("pages/Garden.md");
    let absent = "4-00000000-0000-4000-8000-000000000001";
    let named = format!(
        "Revision: 5-00000000-0000-4000-8000-000000000002\nParent: {absent}\nAuthor: Ben\n\ntext\n"
    );
    fs::write(dir.join("5-00000000-0000-4000-8000-000000000002"), named).unwrap();
    fs::write(dir.join("6-00000000-0000-4000-8000-000000000003"), "").unwrap();
    site.document("Garden.md").unwrap();
    let page = site.get("/-/history/Garden").await;
    assert!(page.body.contains("Based on revision 4, which has not arrived here yet."));
    assert!(page.body.contains("One revision is damaged."));
    let picks = page.body.matches("name=\"from\"").count();
    assert_eq!(picks, 2, "a damaged revision is not offered for comparing");
}

#[tokio::test]
async fn a_change_is_undone_and_done_again() {
    let site = TestSite::new();
    site.save("Garden.md", "before\n");
    let second = site.save_as("Garden.md", "", "after\n");
    let page = site.get(&format!("/Garden?saved=1&id={second}")).await;
    let fields: Vec<(&str, String)> = ["id", "base", "nonce", "summary", "undo"]
        .into_iter()
        .map(|name| (name, page.field(name).unwrap()))
        .collect();
    assert_eq!(fields[3].1, format!("Undo revision {}", second.number()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let mut led = Vec::new();
    for _ in 0..2 {
        let undone = site.post("/-/restore/Garden", &fields).await;
        led.push(undone.location().unwrap().to_owned());
    }
    assert!(led.iter().all(|to| to.starts_with("/Garden?saved=")), "{led:?}");
    assert_eq!(site.content("Garden.md"), "before\n");
    assert_eq!(site.document("Garden.md").unwrap().revision_count(), 3);
    let page = site.get(&led[0]).await;
    assert!(page.body.contains("Undone.") && page.body.contains("Undo revision 3"));
    assert!(!site.get("/Garden").await.body.contains("Undo</button>"));
}

#[tokio::test]
async fn what_somebody_else_saved_meanwhile_is_not_offered_for_undoing() {
    let site = TestSite::new();
    site.save("Garden.md", "before\n");
    // Two people of one name, or of none, are not one.
    let mine = site.save_as("Garden.md", "", "mine\n");
    let to = format!("/Garden?saved=1&id={mine}");
    assert!(site.get(&to).await.body.contains("Undo</button>"));
    site.save_as("Garden.md", "", "theirs\n");
    for to in [&to, "/Garden?saved=1", "/Garden?saved=1&id=nonsense"] {
        let page = site.get(to).await;
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("Undo</button>"), "{to}");
    }
}

#[tokio::test]
async fn a_file_is_restored_and_its_history_says_so() {
    let site = TestSite::new();
    let first = site.save("plan.png", b"\x89PNG one");
    let second = site.save("plan.png", b"\x89PNG two");
    let fields = [
        ("id", first.to_string()),
        ("base", second.to_string()),
        ("nonce", site.site.wiki().nonces().draw().to_string()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let restored = site.post("/-/restore/plan.png", &fields).await;
    assert_eq!(restored.saved_at(), Some("/-/history/plan.png?saved=1"));
    assert!(site.get("/-/history/plan.png?saved=1").await.body.contains("Saved."));
    assert_eq!(site.document("plan.png").unwrap().revision_count(), 3);
    let third = site.save("plan.png", b"\x89PNG three").to_string();
    site.save("plan.png", b"\x89PNG four");
    let stale = [fields[0], ("base", &third), ("nonce", "5f4dcc3b-5aa7-4d61-9d83-27deb882cf99")];
    for _ in 0..2 {
        let waits = site.post("/-/restore/plan.png", &stale).await;
        let document = site.document("plan.png").unwrap();
        let [mine] = document.resolution().conflicts[..] else { panic!("{document:?}") };
        assert_eq!(waits.location(), Some(&*format!("/-/merge/plan.png?mine={mine}")));
    }
}

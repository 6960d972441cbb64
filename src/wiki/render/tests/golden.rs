//! Every `tests/golden/*.md` renders to the `.html` beside it; `UPDATE_GOLDEN=1` rewrites them.

use std::collections::BTreeSet;
use std::path::Path;

use super::{html, safety};

#[test]
fn golden_pages_render_as_they_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        names.insert(entry.unwrap().path());
    }
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for path in &names {
        let source = path.with_extension("md");
        if !names.contains(&source) {
            wrong.push(format!("{} is used by no page", path.display()));
            continue;
        }
        if path != &source {
            continue;
        }
        let shown = html(&std::fs::read_to_string(&source).unwrap());
        safety::assert_safe(&shown, &source.display().to_string());
        let golden = source.with_extension("html");
        if update {
            std::fs::write(&golden, shown + "\n").unwrap();
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != shown.clone() + "\n" {
            wrong.push(format!("{} differs; it is now:\n{shown}", golden.display()));
        }
    }
    assert!(names.len() > 20, "the golden pages are missing");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

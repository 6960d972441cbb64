//! Holds the shape of the project: who may use whom, and what may never stand in a template.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// From each module to those it may use, as `src/lib.rs` and ARCHITECTURE.md draw it.
const MAY_USE: [(&str, &[&str]); 7] = [
    ("model", &[]),
    ("store", &["model"]),
    ("wiki", &["model", "store"]),
    ("sync", &["model", "store"]),
    ("web", &["model", "store", "sync", "wiki"]),
    ("config", &["model", "sync", "wiki"]),
    ("cli", &["config", "model", "store", "sync", "web", "wiki"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
}

/// Returns the modules that a source names after `crate::`.
fn used(source: &str) -> Vec<&str> {
    let after = source.split("crate::").skip(1);
    after
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(""))
        .collect()
}

#[test]
fn dependencies_point_downwards_only() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut sources = Vec::new();
    files(&root().join("src"), "rs", &mut sources);
    assert!(sources.len() > 40, "the sources were not found");
    let mut wrong = Vec::new();
    for path in sources {
        let relative = path.strip_prefix(root().join("src")).unwrap().to_owned();
        let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
        let module = first.strip_suffix(".rs").unwrap_or(first);
        let Some(may) = allowed.get(module) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        for name in used(&text) {
            if allowed.contains_key(name) && name != module && !may.contains(&name) {
                wrong.push(format!("{} uses {name}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_model_does_no_input_or_output() {
    let mut sources = Vec::new();
    files(&root().join("src/model"), "rs", &mut sources);
    for path in sources.iter().filter(|p| !p.ends_with("tests.rs")) {
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for forbidden in
            ["std::fs", "std::net", "std::thread", "tokio", "std::time", "async fn", "rand::"]
        {
            assert!(!code.contains(forbidden), "{} has {forbidden}", path.display());
        }
    }
}

#[test]
fn templates_hold_no_script_no_style_and_trust_nothing() {
    let mut templates = Vec::new();
    files(&root().join("templates"), "html", &mut templates);
    assert!(templates.len() > 5, "the templates were not found");
    for path in templates {
        let text = fs::read_to_string(&path).unwrap();
        for forbidden in [
            "|safe",
            "| safe",
            " style=",
            " onclick=",
            " onload=",
            "javascript:",
            "<style",
            "http://",
            "https://",
        ] {
            assert!(!text.contains(forbidden), "{} has {forbidden}", path.display());
        }
        for script in text.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains("src="), "{} has a script inline", path.display());
        }
    }
}

#[test]
fn style_sheets_and_scripts_ask_no_other_server() {
    let mut assets = Vec::new();
    for extension in ["css", "js"] {
        files(&root().join("static"), extension, &mut assets);
    }
    for path in assets {
        let text = fs::read_to_string(&path).unwrap();
        for forbidden in
            ["@import", "//cdn", "url(http", "fetch(\"http", "eval(", "sourceMappingURL"]
        {
            assert!(!text.contains(forbidden), "{} has {forbidden}", path.display());
        }
        let longest = text.lines().map(str::len).max().unwrap_or(0);
        assert!(longest < 400, "{} looks like a bundle: a line of {longest} bytes", path.display());
    }
}

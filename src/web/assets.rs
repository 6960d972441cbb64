//! The static files, embedded in the binary and named by their content.
//!
//! `style.css` is served as `style.<hash>.css` and may be cached for ever; a new version changes
//! only the names of the files that changed. Scripts import each other by plain relative names,
//! which are replaced by the hashed ones.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use super::error::Failure;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/static");
static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::load);

struct Asset {
    content: Bytes,
    mime: String,
}

struct Assets {
    /// From the plain name, such as `js/editor.js`, to the hashed one.
    names: HashMap<String, String>,
    by_hashed_name: HashMap<String, Asset>,
}

impl Assets {
    fn load() -> Self {
        let mut files = HashMap::new();
        collect(&FILES, &mut files);
        let mut assets = Self { names: HashMap::new(), by_hashed_name: HashMap::new() };
        let names: Vec<String> = files.keys().cloned().collect();
        for name in names {
            assets.add(&name, &files, 0);
        }
        assets
    }

    /// Adds a file after those it imports, so that its own hash covers theirs.
    fn add(
        &mut self,
        name: &str,
        files: &HashMap<String, &'static [u8]>,
        depth: usize,
    ) -> Option<String> {
        if let Some(hashed) = self.names.get(name) {
            return Some(hashed.clone());
        }
        let mut content = files.get(name)?.to_vec();
        let is_script = name.rsplit('.').next() == Some("js");
        // A cycle of imports keeps plain names, which are served as well.
        if is_script && depth < 16 {
            let mut text = String::from_utf8(content).ok()?;
            for import in imports(&text) {
                let target = resolve(name, &import);
                if let Some(hashed) = self.add(&target, files, depth + 1) {
                    let file = hashed.rsplit('/').next().unwrap_or(&hashed);
                    let folder = import.rfind('/').map_or("", |i| &import[..=i]);
                    text = text.replace(&format!("\"{import}\""), &format!("\"{folder}{file}\""));
                }
            }
            content = text.into_bytes();
        }
        let hash = hex::encode(&Sha256::digest(&content)[..6]);
        let hashed = match name.rsplit_once('.') {
            Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
            None => format!("{name}.{hash}"),
        };
        let mime = mime_guess::from_path(name).first_or_octet_stream();
        let mime = if mime.type_() == "text" {
            format!("{mime}; charset=utf-8")
        } else {
            mime.to_string()
        };
        self.by_hashed_name.insert(hashed.clone(), Asset { content: content.into(), mime });
        self.names.insert(name.to_owned(), hashed.clone());
        Some(hashed)
    }
}

fn collect(dir: &'static Dir<'static>, files: &mut HashMap<String, &'static [u8]>) {
    for file in dir.files() {
        if let Some(name) = file.path().to_str() {
            files.insert(name.to_owned(), file.contents());
        }
    }
    dir.dirs().for_each(|d| collect(d, files));
}

/// Finds the relative imports of a script: `from "./x.js"` and `import "./x.js"`.
fn imports(text: &str) -> Vec<String> {
    let quoted = text.split('"').skip(1).step_by(2);
    quoted
        .filter(|s| {
            (s.starts_with("./") || s.starts_with("../")) && s.rsplit('.').next() == Some("js")
        })
        .map(str::to_owned)
        .collect()
}

/// Resolves a relative import against the importing file.
fn resolve(from: &str, import: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Returns the hashed name of a file; its plain name where there is none, which then is a 404.
pub(super) fn hashed_name(name: &str) -> &str {
    ASSETS.names.get(name).map_or("missing", String::as_str)
}

/// Serves a static file by its hashed name.
pub(super) async fn serve(Path(name): Path<String>) -> Result<Response, Failure> {
    let by_plain_name =
        || ASSETS.names.get(&name).and_then(|hashed| ASSETS.by_hashed_name.get(hashed));
    let (asset, cache) = if let Some(asset) = ASSETS.by_hashed_name.get(&name) {
        (asset, "public, max-age=31536000, immutable")
    } else {
        (by_plain_name().ok_or_else(|| Failure::not_found("There is no such file."))?, "no-cache")
    };
    let headers = [(header::CONTENT_TYPE, asset.mime.as_str()), (header::CACHE_CONTROL, cache)];
    Ok((headers, asset.content.clone()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_name_that_depends_on_its_content() {
        let style = hashed_name("style.css");
        assert!(
            style.starts_with("style.")
                && style.ends_with(".css")
                && style.len() > "style..css".len() + 8
        );
        assert_eq!(hashed_name("no-such-file"), "missing");
    }

    #[test]
    fn imports_are_found_and_resolved() {
        assert_eq!(
            imports("import a from \"./a.js\";\nimport \"../b.js\"; f(\"x\")"),
            ["./a.js", "../b.js"]
        );
        assert_eq!(resolve("js/editor.js", "./draft.js"), "js/draft.js");
        assert_eq!(resolve("js/deep/x.js", "../y.js"), "js/y.js");
    }

    #[test]
    fn scripts_import_each_other_by_hashed_names_that_exist() {
        for (name, asset) in &ASSETS.by_hashed_name {
            if name.rsplit('.').next() == Some("js") {
                let text = std::str::from_utf8(&asset.content).unwrap();
                for import in imports(text) {
                    let target = resolve(name, &import);
                    assert!(ASSETS.by_hashed_name.contains_key(&target), "{name} imports {import}");
                }
            }
        }
    }
}

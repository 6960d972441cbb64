//! Settings: a flag, then `EVERPAGE_…`, then `everpage.toml`, then the default.
//!
//! The one idea: a [`Layer`] is everything that one source says, each value checked as it is read.
//! Layers are put on top of each other and completed by the defaults to [`Settings`]. Nothing
//! here reads the environment by itself; it is handed in.

mod upstream;
mod values;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use serde::{Deserialize, Serialize};

pub use self::upstream::UpstreamSettings;
pub use self::values::{
    Access, BasePath, ByteSize, Home, Language, Listen, OnSave, PublicUrl, Title,
};
use crate::model::path::DocPath;
use crate::sync::Direction;
use crate::wiki::{Limits, MAX_TEXT, MergeOnSave};

/// The name of the settings file in the data directory.
pub const FILE: &str = "everpage.toml";

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The settings file cannot be read.
    #[error("could not read the settings {}", .path.display())]
    Read {
        /// The settings file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The settings file is not TOML, has an unknown key or a bad value.
    #[error("the settings in {} cannot be used", .path.display())]
    File {
        /// The settings file.
        path: PathBuf,
        /// What is wrong, with line and key.
        source: Box<toml::de::Error>,
    },
    /// A variable has a value that is not allowed.
    #[error("the variable {name} is “{value}”, but {reason}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        reason: String,
    },
    /// The upstream cannot be used.
    #[error("the upstream cannot be used: {reason}")]
    Upstream {
        /// What is wrong and what to do.
        reason: String,
    },
    /// Everyone who reaches the address could write.
    #[error(
        "refused to listen on {0}: anyone who can reach this address could edit the wiki without \
         an account. To allow that, add --allow-anonymous-edits; for reading only, add --access \
         read-only; or listen on 127.0.0.1"
    )]
    Exposed(SocketAddr),
}

/// What one source says; what it leaves out is decided by the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Address and port to listen on [env: EVERPAGE_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<Listen>,
    /// Path prefix of all addresses behind a proxy, such as /wiki [env: EVERPAGE_BASE_PATH] [default: none]
    #[arg(long, value_name = "PATH")]
    pub base_path: Option<BasePath>,
    /// Address at which people reach the wiki [env: EVERPAGE_PUBLIC_URL] [default: none]
    #[arg(long, value_name = "URL")]
    pub public_url: Option<PublicUrl>,
    /// What visitors may do: open or read-only [env: EVERPAGE_ACCESS] [default: open]
    #[arg(long, value_name = "ACCESS")]
    pub access: Option<Access>,
    /// Let anyone edit who can reach the server, even from other machines
    /// [env: EVERPAGE_ALLOW_ANONYMOUS_EDITS] [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub allow_anonymous_edits: Option<bool>,
    /// Name of the wiki [env: EVERPAGE_TITLE] [default: Everpage]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<Title>,
    /// Page shown at the root address [env: EVERPAGE_HOME] [default: Home]
    #[arg(long, value_name = "PAGE")]
    pub home: Option<Home>,
    /// Language of the pages, such as en or pt-BR [env: EVERPAGE_LANGUAGE] [default: en]
    #[arg(long, value_name = "TAG")]
    pub language: Option<Language>,
    /// Save on a page that someone else has changed: clean merges changes to different lines, ask
    /// never merges without asking [env: EVERPAGE_MERGE_ON_SAVE] [default: clean]
    #[arg(long, value_name = "MODE")]
    pub merge_on_save: Option<OnSave>,
    /// Maximum size of a page, up to 4MiB [env: EVERPAGE_MAX_TEXT] [default: 4MiB]
    #[arg(long, value_name = "BYTES")]
    pub max_text: Option<ByteSize<MAX_TEXT>>,
    /// Maximum size of an attachment, such as 100MiB [env: EVERPAGE_MAX_ATTACHMENT] [default: 1GiB]
    #[arg(long, value_name = "BYTES")]
    pub max_attachment: Option<ByteSize<{ u64::MAX }>>,
    /// Server to check with before each edit and at each save [env: EVERPAGE_UPSTREAM] [default: none]
    #[arg(long, value_name = "URL")]
    pub upstream: Option<PublicUrl>,
    /// File with the token for the upstream, relative to the data directory
    /// [env: EVERPAGE_UPSTREAM_TOKEN, which holds the token itself] [default: that of the peer]
    #[arg(long, value_name = "FILE")]
    pub upstream_token_file: Option<PathBuf>,
    /// File with certificates (PEM) to trust for the upstream instead of the public ones, relative
    /// to the data directory [env: EVERPAGE_UPSTREAM_CA_FILE] [default: that of the peer]
    #[arg(long, value_name = "FILE")]
    pub upstream_ca_file: Option<PathBuf>,
    /// The token for the upstream: of the variable alone.
    #[arg(skip)]
    #[serde(skip)]
    pub upstream_token: Option<String>,
    /// Other servers to keep in step with, each a `[[peer]]` of the file.
    #[arg(skip)]
    #[serde(default, rename = "peer", skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<PeerSettings>,
}

/// Another server to keep in step with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerSettings {
    /// Its address.
    pub url: PublicUrl,
    /// The token that its owner made; in a file is better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// A file that holds the token; relative to the data directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// A file with certificates (PEM) that are trusted for it in place of the public ones; relative
    /// to the data directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Which way revisions go: `both` (the default), `pull` or `push`.
    #[serde(default)]
    pub direction: Direction,
}

impl Layer {
    /// Reads the variables `EVERPAGE_…`; an empty one counts as not set.
    ///
    /// # Errors
    /// [`ConfigError::Variable`] where a value is not allowed.
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Ok(Self {
            listen: variable(env, "EVERPAGE_LISTEN")?,
            base_path: variable(env, "EVERPAGE_BASE_PATH")?,
            public_url: variable(env, "EVERPAGE_PUBLIC_URL")?,
            access: variable(env, "EVERPAGE_ACCESS")?,
            allow_anonymous_edits: variable(env, "EVERPAGE_ALLOW_ANONYMOUS_EDITS")?,
            title: variable(env, "EVERPAGE_TITLE")?,
            home: variable(env, "EVERPAGE_HOME")?,
            language: variable(env, "EVERPAGE_LANGUAGE")?,
            merge_on_save: variable(env, "EVERPAGE_MERGE_ON_SAVE")?,
            max_text: variable(env, "EVERPAGE_MAX_TEXT")?,
            max_attachment: variable(env, "EVERPAGE_MAX_ATTACHMENT")?,
            upstream: variable(env, "EVERPAGE_UPSTREAM")?,
            upstream_token_file: None,
            upstream_ca_file: variable(env, "EVERPAGE_UPSTREAM_CA_FILE")?,
            upstream_token: variable(env, "EVERPAGE_UPSTREAM_TOKEN")?,
            peers: Vec::new(),
        })
    }

    /// Reads `everpage.toml` of a data directory; none is as good as an empty one.
    ///
    /// # Errors
    /// Where it cannot be read, is not TOML, has an unknown key or a value that is not allowed.
    pub fn from_file(data: &Path) -> Result<Self, ConfigError> {
        let path = data.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|source| ConfigError::File { path, source: Box::new(source) }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Read { path, source }),
        }
    }

    /// Returns what this layer says, and where it says nothing what the lower one says.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            listen: self.listen.or(lower.listen),
            base_path: self.base_path.or(lower.base_path),
            public_url: self.public_url.or(lower.public_url),
            access: self.access.or(lower.access),
            allow_anonymous_edits: self.allow_anonymous_edits.or(lower.allow_anonymous_edits),
            title: self.title.or(lower.title),
            home: self.home.or(lower.home),
            language: self.language.or(lower.language),
            merge_on_save: self.merge_on_save.or(lower.merge_on_save),
            max_text: self.max_text.or(lower.max_text),
            max_attachment: self.max_attachment.or(lower.max_attachment),
            upstream: self.upstream.or(lower.upstream),
            upstream_token_file: self.upstream_token_file.or(lower.upstream_token_file),
            upstream_ca_file: self.upstream_ca_file.or(lower.upstream_ca_file),
            upstream_token: self.upstream_token.or(lower.upstream_token),
            peers: if self.peers.is_empty() { lower.peers } else { self.peers },
        }
    }
}

fn variable<T: FromStr<Err: fmt::Display>>(
    env: &dyn Fn(&str) -> Option<String>,
    name: &'static str,
) -> Result<Option<T>, ConfigError> {
    let Some(value) = env(name).filter(|v| !v.is_empty()) else { return Ok(None) };
    match value.parse() {
        Ok(parsed) => Ok(Some(parsed)),
        Err(reason) => Err(ConfigError::Variable { name, value, reason: reason.to_string() }),
    }
}

/// How the server is reached, and what visitors may do there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Where to listen: `EVERPAGE_LISTEN`, default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// The prefix of all addresses, empty or such as `/wiki`: `EVERPAGE_BASE_PATH`, default empty.
    pub base_path: String,
    /// The address that people use, without a slash at its end: `EVERPAGE_PUBLIC_URL`, default none.
    pub public_url: Option<String>,
    /// What visitors may do: `EVERPAGE_ACCESS`, default open.
    pub access: Access,
    /// Whether strangers may write from other machines: `EVERPAGE_ALLOW_ANONYMOUS_EDITS`, default no.
    pub allow_anonymous_edits: bool,
}

impl ServerSettings {
    /// Refuses to let everyone write who can reach the address, unless that was said in plain words.
    ///
    /// # Errors
    /// [`ConfigError::Exposed`].
    pub fn check_exposure(&self) -> Result<(), ConfigError> {
        let reachable = !self.listen.ip().to_canonical().is_loopback();
        if reachable && self.access == Access::Open && !self.allow_anonymous_edits {
            return Err(ConfigError::Exposed(self.listen));
        }
        Ok(())
    }
}

/// What the wiki is called and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WikiSettings {
    /// The name of the wiki: `EVERPAGE_TITLE`, default `Everpage`.
    pub title: String,
    /// The page at the root address: `EVERPAGE_HOME`, default `Home`.
    pub home: DocPath,
    /// The language of the pages: `EVERPAGE_LANGUAGE`, default `en`.
    pub language: String,
    /// Whether a save may merge changes to different lines itself: `EVERPAGE_MERGE_ON_SAVE`, default
    /// `clean`.
    pub merge_on_save: MergeOnSave,
    /// `EVERPAGE_MAX_TEXT`, default 4 MiB, and `EVERPAGE_MAX_ATTACHMENT`, default 1 GiB.
    pub limits: Limits,
}

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How the server is reached.
    pub server: ServerSettings,
    /// What the wiki is called and what it takes.
    pub wiki: WikiSettings,
    /// The server to check with: `EVERPAGE_UPSTREAM`, default none. [`Settings::upstream`] checks it.
    pub upstream: Option<String>,
    /// A file with the token for it, relative to the data directory: default none.
    pub upstream_token_file: Option<PathBuf>,
    /// A file with certificates to trust for it, relative to the data directory:
    /// `EVERPAGE_UPSTREAM_CA_FILE`, default none.
    pub upstream_ca_file: Option<PathBuf>,
    /// The token for it: `EVERPAGE_UPSTREAM_TOKEN` alone.
    pub upstream_token: Option<String>,
    /// Other servers to keep in step with: `[[peer]]` of the file alone, default none.
    pub peers: Vec<PeerSettings>,
}

impl Settings {
    /// Reads the settings of a data directory, with flags and variables on top.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the source, the key and what is allowed.
    pub fn load(
        data: &Path,
        flags: Layer,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        Ok(Self::from(flags.over(Layer::from_env(env)?).over(Layer::from_file(data)?)))
    }

    /// Prints the settings as the text of an `everpage.toml` that says all of it.
    pub fn to_toml(&self) -> String {
        let limits = self.wiki.limits;
        let layer = Layer {
            listen: Some(Listen(self.server.listen)),
            base_path: Some(BasePath(self.server.base_path.clone())),
            public_url: self.server.public_url.clone().map(PublicUrl),
            access: Some(self.server.access),
            allow_anonymous_edits: Some(self.server.allow_anonymous_edits),
            title: Some(Title(self.wiki.title.clone())),
            home: Some(Home(self.wiki.home.clone())),
            language: Some(Language(self.wiki.language.clone())),
            merge_on_save: Some(OnSave(self.wiki.merge_on_save)),
            max_text: Some(ByteSize(limits.text)),
            max_attachment: Some(ByteSize(limits.attachment)),
            upstream: self.upstream.clone().map(PublicUrl),
            upstream_token_file: self.upstream_token_file.clone(),
            upstream_ca_file: self.upstream_ca_file.clone(),
            upstream_token: None,
            peers: self.peers.clone(),
        };
        toml::to_string(&layer).unwrap_or_else(|_| unreachable!("every value is a TOML value"))
    }
}

impl From<Layer> for Settings {
    fn from(layer: Layer) -> Self {
        let limits = Limits::default();
        Self {
            server: ServerSettings {
                listen: layer.listen.unwrap_or_default().0,
                base_path: layer.base_path.unwrap_or_default().0,
                public_url: layer.public_url.map(|url| url.0),
                access: layer.access.unwrap_or_default(),
                allow_anonymous_edits: layer.allow_anonymous_edits.unwrap_or(false),
            },
            wiki: WikiSettings {
                title: layer.title.unwrap_or_default().0,
                home: layer.home.unwrap_or_default().0,
                language: layer.language.unwrap_or_default().0,
                merge_on_save: layer.merge_on_save.unwrap_or_default().0,
                limits: Limits {
                    text: layer.max_text.map_or(limits.text, |s| s.0),
                    attachment: layer.max_attachment.map_or(limits.attachment, |s| s.0),
                },
            },
            upstream: layer.upstream.map(|url| url.0),
            upstream_token_file: layer.upstream_token_file,
            upstream_ca_file: layer.upstream_ca_file,
            upstream_token: layer.upstream_token.map(|token| token.trim().to_owned()),
            peers: layer.peers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_variables(_: &str) -> Option<String> {
        None
    }

    fn load(
        file: &str,
        flags: Layer,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Settings, ConfigError> {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join(FILE), file).unwrap();
        Settings::load(data.path(), flags, env)
    }

    fn message(error: &ConfigError) -> String {
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        format!("{error}: {cause}")
    }

    #[test]
    fn a_flag_beats_a_variable_beats_the_file_beats_the_default() {
        let file = "title = 'file'\nhome = 'file'\nlanguage = 'de'\n";
        let env = |name: &str| match name {
            "EVERPAGE_TITLE" | "EVERPAGE_HOME" => Some("variable".to_owned()),
            "EVERPAGE_LANGUAGE" => Some(String::new()),
            _ => None,
        };
        let flags = Layer { title: Some(Title("flag".into())), ..Layer::default() };
        let settings = load(file, flags, &env).unwrap();
        assert_eq!(settings.wiki.title, "flag");
        assert_eq!(settings.wiki.home.as_str(), "variable.md");
        assert_eq!(settings.wiki.language, "de", "an empty variable says nothing");
        assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
    }

    #[test]
    fn no_file_means_defaults_and_an_unreadable_one_is_an_error() {
        let data = tempfile::tempdir().unwrap();
        let settings = Settings::load(data.path(), Layer::default(), &no_variables).unwrap();
        assert_eq!(settings, Settings::from(Layer::default()));
        std::fs::create_dir(data.path().join(FILE)).unwrap();
        let error = Settings::load(data.path(), Layer::default(), &no_variables).unwrap_err();
        assert!(message(&error).contains("everpage.toml"), "{}", message(&error));
    }

    #[test]
    fn an_unknown_key_and_a_bad_value_are_named_with_what_is_allowed() {
        for (file, words) in [
            ("titel = 'x'", &["titel", "title"][..]),
            ("access = 'closed'", &["access", "open", "read-only"]),
            ("listen = 'here'", &["listen", "127.0.0.1:8080"]),
            ("max_text = '5MiB'", &["max_text", "4MiB"]),
            ("max_text = -1", &["max_text"]),
            ("base_path = 'wiki'", &["base_path", "/wiki"]),
            ("public_url = 'wiki.example'", &["public_url", "https://"]),
            ("home = '../x'", &["home"]),
            ("merge_on_save = 'always'", &["merge_on_save", "clean or ask"]),
            ("[[peer]]\nurl = 'b.example'", &["url", "https://"]),
            ("[[peer]]\nurl = 'https://b.example'\ndirection = 'in'", &["direction", "pull"]),
            ("title = ", &["line 1"]),
        ] {
            let text = message(&load(file, Layer::default(), &no_variables).unwrap_err());
            for word in words {
                assert!(text.contains(word), "{file}: no {word} in {text}");
            }
        }
        let env = |name: &str| (name == "EVERPAGE_ACCESS").then(|| "closed".to_owned());
        let text = message(&load("", Layer::default(), &env).unwrap_err());
        assert!(text.contains("EVERPAGE_ACCESS") && text.contains("read-only"), "{text}");
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_settings() {
        let file = "listen = '[::1]:0'\nbase_path = '/wiki/'\npublic_url = 'https://w.example/wiki/'\n\
                    access = 'read-only'\nallow_anonymous_edits = true\ntitle = 'Our \"wiki\"'\n\
                    home = 'Start/Here'\nlanguage = 'pt-BR'\nmerge_on_save = 'ask'\nmax_text = '64 KiB'\nmax_attachment = 5\n\
                    upstream_ca_file = 'ca.pem'\n[[peer]]\nurl = 'https://b.example'\ntoken_file = 'local/b'\nca_file = 'ca.pem'\n\
                    direction = 'pull'\n";
        let settings = load(file, Layer::default(), &no_variables).unwrap();
        assert_eq!(settings.server.base_path, "/wiki");
        assert_eq!(settings.wiki.merge_on_save, MergeOnSave::Ask);
        assert_eq!(settings.wiki.limits, Limits { text: 65_536, attachment: 5 });
        let again = load(&settings.to_toml(), Layer::default(), &no_variables).unwrap();
        assert_eq!(again, settings);
    }

    #[test]
    fn anonymous_edits_stay_on_this_machine_unless_allowed() {
        let check = |listen: &str, access, allow_anonymous_edits| {
            let server = ServerSettings {
                listen: listen.parse().unwrap(),
                access,
                allow_anonymous_edits,
                ..Settings::from(Layer::default()).server
            };
            server.check_exposure().is_ok()
        };
        for loopback in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(check(loopback, Access::Open, false), "{loopback}");
        }
        for wide in ["0.0.0.0:1", "[::]:1", "192.168.0.2:1", "[::ffff:10.0.0.1]:1"] {
            assert!(!check(wide, Access::Open, false), "{wide}");
            assert!(check(wide, Access::Open, true), "{wide}");
            assert!(check(wide, Access::ReadOnly, false), "{wide}");
        }
    }
}

//! Values of settings: each type accepts what is allowed and says so where it refuses.
//!
//! All sources are read by the same [`FromStr`], so a flag, a variable and a line of the file
//! cannot differ in what they take.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::path::DocPath;
use crate::wiki::MergeOnSave;

/// Where the server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Listen(pub SocketAddr);

impl Default for Listen {
    fn default() -> Self {
        Self((Ipv4Addr::LOCALHOST, 8080).into())
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let spelled = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        spelled.as_deref().unwrap_or(text).parse().map(Self).map_err(|_| {
            "listen must be an address and a port, such as 127.0.0.1:8080 or [::]:80".to_owned()
        })
    }
}

/// The prefix of all addresses: empty, or begins with a slash and does not end with one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BasePath(pub String);

impl FromStr for BasePath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.trim_end_matches('/');
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        let segment = |s: &str| !s.is_empty() && s != "." && s != ".." && s.chars().all(allowed);
        let fits = path.strip_prefix('/').is_some_and(|p| p.split('/').all(segment));
        if path.is_empty() || fits {
            return Ok(Self(path.to_owned()));
        }
        Err("base_path must be empty or a path such as /wiki, of ASCII letters, digits and -._~"
            .to_owned())
    }
}

/// The address under which people reach the wiki, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicUrl(pub String);

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: Option<axum::http::Uri> = text.parse().ok();
        let fits = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
                && uri.query().is_none()
                && !uri.authority().is_some_and(|a| a.as_str().contains('@'))
        });
        if fits && !text.contains('#') {
            return Ok(Self(text.trim_end_matches('/').to_owned()));
        }
        Err("public_url must be an address such as https://wiki.example.org".to_owned())
    }
}

/// What visitors may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Access {
    /// Everyone reads and writes.
    #[default]
    Open,
    /// Everyone reads, nobody writes.
    ReadOnly,
}

impl FromStr for Access {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "open" => Ok(Self::Open),
            "read-only" => Ok(Self::ReadOnly),
            _ => Err("access must be open or read-only".to_owned()),
        }
    }
}

/// What a save does on a page that has moved on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OnSave(pub MergeOnSave);

impl FromStr for OnSave {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = MergeOnSave::parse(text).map(Self);
        known.ok_or_else(|| "merge_on_save must be clean or ask".to_owned())
    }
}

/// The name of the wiki: one line, not empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Title(pub String);

impl Default for Title {
    fn default() -> Self {
        Self("Everpage".to_owned())
    }
}

impl FromStr for Title {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err("title must be one line of text".to_owned());
        }
        Ok(Self(text.trim().to_owned()))
    }
}

/// The page that the root address shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Home(pub DocPath);

impl Default for Home {
    fn default() -> Self {
        "Home".parse().unwrap_or_else(|_| unreachable!("Home is a name"))
    }
}

impl FromStr for Home {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        DocPath::page_from_user(text)
            .map(Self)
            .map_err(|reason| format!("home must be the name of a page, such as Home: {reason}"))
    }
}

/// The language of the pages, as browsers are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(pub String);

impl Default for Language {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let subtag =
            |s: &str| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric());
        let primary = text.split('-').next().unwrap_or_default();
        let letters = primary.len() >= 2 && primary.bytes().all(|b| b.is_ascii_alphabetic());
        if letters && text.split('-').all(subtag) {
            return Ok(Self(text.to_owned()));
        }
        Err("language must be a language tag, such as en or pt-BR".to_owned())
    }
}

/// A number of bytes from 1 to `MOST`, written as such or with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "NumberOrText", into = "u64")]
pub struct ByteSize<const MOST: u64>(pub u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

const UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("B", 1),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
];

impl<const MOST: u64> FromStr for ByteSize<MOST> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor = UNITS.iter().find(|(name, _)| *name == unit.trim_start());
        let size = number
            .parse::<u64>()
            .ok()
            .zip(factor)
            .and_then(|(number, (_, factor))| number.checked_mul(*factor));
        match size {
            Some(size) if (1..=MOST).contains(&size) => Ok(Self(size)),
            _ if MOST == u64::MAX => {
                Err("a size must be a number of bytes such as 1048576, 512KiB or 1GiB".to_owned())
            }
            _ => Err(format!(
                "a size must be a number of bytes such as 1048576 or 512KiB, here at most {}",
                shown(MOST)
            )),
        }
    }
}

fn shown(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.iter().find(|(_, factor)| bytes.is_multiple_of(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", bytes / factor),
        None => bytes.to_string(),
    }
}

impl<const MOST: u64> fmt::Display for ByteSize<MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(self.0))
    }
}

impl<const MOST: u64> TryFrom<NumberOrText> for ByteSize<MOST> {
    type Error = String;

    fn try_from(value: NumberOrText) -> Result<Self, String> {
        match value {
            NumberOrText::Number(number) => number.to_string().parse(),
            NumberOrText::Text(text) => text.parse(),
        }
    }
}

impl<const MOST: u64> From<ByteSize<MOST>> for u64 {
    fn from(size: ByteSize<MOST>) -> Self {
        size.0
    }
}

impl From<Access> for String {
    fn from(access: Access) -> Self {
        match access {
            Access::Open => "open".to_owned(),
            Access::ReadOnly => "read-only".to_owned(),
        }
    }
}

impl From<OnSave> for String {
    fn from(on_save: OnSave) -> Self {
        on_save.0.word().to_owned()
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        listen.0.to_string()
    }
}

impl From<Home> for String {
    fn from(home: Home) -> Self {
        home.0.as_str().to_owned()
    }
}

/// Lets the file be read by the same rules as flags and variables.
macro_rules! read_as_text {
    ($($name:ident),+) => {
        $(impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        })+
    };
}

/// Prints a value that is a text as that text.
macro_rules! print_as_text {
    ($($name:ident),+) => {
        $(impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        })+
    };
}

read_as_text!(Listen, BasePath, PublicUrl, Access, OnSave, Title, Home, Language);
print_as_text!(BasePath, PublicUrl, Title, Language);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_units_and_keep_to_the_limit() {
        type Small = ByteSize<{ 4 << 20 }>;
        for (text, bytes) in
            [("1", 1), ("4MiB", 4 << 20), (" 2 K ", 2048), ("3kB", 3000), ("4M", 4 << 20)]
        {
            assert_eq!(text.parse::<Small>().map(|s| s.0), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "0",
            "MiB",
            "-1",
            "1.5MiB",
            "5MiB",
            "1TiB",
            "99999999999999999999",
            "18446744073709551615G",
        ] {
            assert!(text.parse::<Small>().is_err(), "{text}");
        }
        assert!("0".parse::<Small>().unwrap_err().contains("4MiB"));
    }

    #[test]
    fn addresses_and_prefixes_lose_the_slash_at_their_end() {
        assert_eq!("/".parse::<BasePath>().unwrap().0, "");
        assert_eq!("/a/b/".parse::<BasePath>().unwrap().0, "/a/b");
        for text in ["wiki", "//x", "/a//b", "/a/../b", "/ä", "/a b", "/<"] {
            assert!(text.parse::<BasePath>().is_err(), "{text}");
        }
        assert_eq!("https://w.example/".parse::<PublicUrl>().unwrap().0, "https://w.example");
        for text in ["ftp://x", "//x", "https://", "https://x?y", "https://x/#y", "https://u@x"] {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
        assert_eq!("localhost:1".parse::<Listen>().unwrap().0.to_string(), "127.0.0.1:1");
        assert!(":8080".parse::<Listen>().is_err());
    }
}

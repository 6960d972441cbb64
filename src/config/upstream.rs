//! The server that this one checks with: its address, its token, and what contradicts itself.

use std::path::{Path, PathBuf};

use super::{ConfigError, PeerSettings, Settings};
use crate::sync::Direction;

/// The server that this one checks with before and at each save.
#[derive(Clone, PartialEq, Eq)]
pub struct UpstreamSettings {
    /// Its address, without a slash at its end: `EVERPAGE_UPSTREAM`, default none.
    pub url: String,
    /// What this server may do there: `EVERPAGE_UPSTREAM_TOKEN`, or the file `upstream_token_file`, or
    /// the token of the `[[peer]]` with the same address.
    pub token: String,
    /// Certificates to trust for it in place of the public ones: the file `upstream_ca_file`, or that
    /// of the same `[[peer]]`.
    pub ca_file: Option<PathBuf>,
}

impl std::fmt::Debug for UpstreamSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UpstreamSettings").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Settings {
    /// Returns the upstream with its token, if there is one.
    ///
    /// # Errors
    /// [`ConfigError::Upstream`] where the settings do not fit together or the token cannot be read.
    pub fn upstream(&self, data: &Path) -> Result<Option<UpstreamSettings>, ConfigError> {
        let Some(url) = self.upstream.clone() else {
            if self.upstream_token.is_some() || self.upstream_token_file.is_some() {
                let reason = "there is a token for an upstream and no upstream; say which server it \
                     is for with upstream = \"https://…\"";
                return Err(ConfigError::Upstream { reason: reason.to_owned() });
            }
            if self.upstream_ca_file.is_some() {
                let reason = "there are certificates for an upstream and no upstream; say which server \
                     they are for with upstream = \"https://…\"";
                return Err(ConfigError::Upstream { reason: reason.to_owned() });
            }
            return Ok(None);
        };
        let refuse = |reason: String| ConfigError::Upstream { reason };
        if self.is_itself(&url) {
            return Err(refuse(format!("{url} is the address of this server itself")));
        }
        let peer = self.peers.iter().find(|peer| same(&peer.url.0, &url));
        if let Some(peer) = peer.filter(|peer| peer.direction != Direction::Both) {
            let way = if peer.direction == Direction::Pull { "pull" } else { "push" };
            return Err(refuse(format!(
                "the [[peer]] {url} is the upstream too, and direction = \"{way}\" would keep edits from \
                 going both ways; leave its direction out"
            )));
        }
        let token = match self.own_token(data).map_err(refuse)? {
            Some(token) => token,
            None => match peer.map(|peer| token_of(peer, data)).transpose().map_err(refuse)? {
                Some(Some(token)) => token,
                _ => {
                    return Err(refuse(format!(
                        "there is no token for {url}; the owner of that server makes one with everpage \
                         peer add NAME. Put it into a file and name that with upstream_token_file, or \
                         into EVERPAGE_UPSTREAM_TOKEN, or give {url} a [[peer]] with a token"
                    )));
                }
            },
        };
        let ca_file =
            self.upstream_ca_file.as_ref().or(peer.and_then(|peer| peer.ca_file.as_ref()));
        let ca_file = ca_file.map(|file| data.join(file));
        Ok(Some(UpstreamSettings { url, token, ca_file }))
    }

    fn own_token(&self, data: &Path) -> Result<Option<String>, String> {
        match (&self.upstream_token, &self.upstream_token_file) {
            (Some(token), _) => Ok(Some(token.clone())),
            (None, Some(file)) => read(&data.join(file)).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// Returns true if an address is one of this server, as far as the settings can tell.
    fn is_itself(&self, url: &str) -> bool {
        let public = self.server.public_url.as_deref().is_some_and(|own| same(own, url));
        let (listen, prefix) = (self.server.listen, &self.server.base_path);
        let port = listen.port();
        let local = listen.ip().is_loopback() || listen.ip().is_unspecified();
        let names = ["127.0.0.1", "localhost", "[::1]"];
        let near = local && names.iter().any(|n| same(&format!("http://{n}:{port}{prefix}"), url));
        public || near || same(&format!("http://{listen}{prefix}"), url)
    }
}

fn token_of(peer: &PeerSettings, data: &Path) -> Result<Option<String>, String> {
    match (&peer.token, &peer.token_file) {
        (Some(token), _) => Ok(Some(token.trim().to_owned())),
        (None, Some(file)) => read(&data.join(file)).map(Some),
        (None, None) => Ok(None),
    }
}

fn read(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the token in {} cannot be read: {error}", path.display()))?;
    match text.trim() {
        "" => Err(format!("the file {} is empty and should hold a token", path.display())),
        token => Ok(token.to_owned()),
    }
}

/// Compares two addresses; their hosts may be written in any case.
fn same(a: &str, b: &str) -> bool {
    a.trim_end_matches('/').eq_ignore_ascii_case(b.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Layer;

    fn settings(file: &str, env: &dyn Fn(&str) -> Option<String>) -> Settings {
        let layer: Layer = toml::from_str(file).unwrap();
        Settings::from(Layer::from_env(env).unwrap().over(layer))
    }

    fn upstream(file: &str) -> Result<Option<UpstreamSettings>, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("token"), "everpage-abc\n").unwrap();
        std::fs::write(dir.path().join("empty"), "\n").unwrap();
        settings(file, &|_| None).upstream(dir.path()).map_err(|e| e.to_string())
    }

    #[test]
    fn the_token_comes_from_the_variable_the_file_or_the_peer() {
        assert_eq!(upstream("").unwrap(), None);
        let own = "upstream = 'https://w.example/'\nupstream_token_file = 'token'";
        let found = upstream(own).unwrap().unwrap();
        assert_eq!(
            (found.url.as_str(), found.token.as_str()),
            ("https://w.example", "everpage-abc")
        );
        let peer =
            "upstream = 'https://w.example'\n[[peer]]\nurl = 'https://W.example/'\ntoken = 'x'";
        assert_eq!(upstream(peer).unwrap().unwrap().token, "x");
        let env = |name: &str| (name == "EVERPAGE_UPSTREAM_TOKEN").then(|| "secret".to_owned());
        let settings = settings(own, &env);
        assert_eq!(settings.upstream(Path::new("/")).unwrap().unwrap().token, "secret");
        assert!(!settings.to_toml().contains("secret"), "a variable is not printed");
        assert!(!format!("{:?}", settings.upstream(Path::new("/"))).contains("secret"));
    }

    #[test]
    fn the_certificates_to_trust_are_its_own_or_those_of_the_peer() {
        let peer = "[[peer]]\nurl = 'https://W.example/'\ntoken = 'x'\nca_file = 'local/peer.pem'";
        let ca_file = |file: String, env: Option<&str>| {
            let env =
                |name: &str| env.filter(|_| name == "EVERPAGE_UPSTREAM_CA_FILE").map(Into::into);
            settings(&file, &env).upstream(Path::new("/d")).unwrap().unwrap().ca_file
        };
        let of_peer = format!("upstream = 'https://w.example'\n{peer}");
        assert_eq!(ca_file(of_peer, None), Some("/d/local/peer.pem".into()));
        let own = format!("upstream = 'https://w.example'\nupstream_ca_file = 'own.pem'\n{peer}");
        assert_eq!(ca_file(own.clone(), None), Some("/d/own.pem".into()));
        assert_eq!(ca_file(own, Some("/etc/ca.pem")), Some("/etc/ca.pem".into()));
    }

    #[test]
    fn what_contradicts_itself_is_refused_in_words() {
        for (file, words) in [
            ("upstream = 'https://w.example'", "everpage peer add"),
            ("upstream_token_file = 'token'", "no upstream"),
            ("upstream_ca_file = 'ca.pem'", "no upstream"),
            ("upstream = 'http://localhost:8080'", "this server itself"),
            ("upstream = 'http://127.0.0.1:8080/'", "this server itself"),
            ("upstream = 'https://a.example'\npublic_url = 'https://A.example/'", "itself"),
            ("upstream = 'https://w.example'\nupstream_token_file = 'none'", "cannot be read"),
            ("upstream = 'https://w.example'\nupstream_token_file = 'empty'", "is empty"),
            (
                "upstream = 'https://w.example'\n[[peer]]\nurl = 'https://w.example'\ntoken = 'x'\n\
                 direction = 'pull'",
                "leave its direction out",
            ),
        ] {
            let error = upstream(file).unwrap_err();
            assert!(error.contains(words), "{file}: {error}");
        }
        let other = "upstream = 'http://127.0.0.1:8081'\nupstream_token_file = 'token'";
        assert!(upstream(other).unwrap().is_some(), "another port is another server");
    }
}

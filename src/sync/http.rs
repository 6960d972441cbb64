//! A peer over HTTP, as a client of its `/-/sync/v1/`.
//!
//! Every request and every response carries who speaks in headers ([`Hello`]), so that equal sets
//! take exactly one round trip. Revisions travel as one gzip stream each way. Nothing is waited for
//! without a limit: not a connection, not an answer, and not a stream that trickles.

use std::io::{self, Read};
use std::str::FromStr;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use serde::{Deserialize, Serialize};
use ureq::http::{HeaderMap, Response};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, SendBody};

use super::error::Refused;
use super::identity::{Hello, WikiId};
use super::item::ItemHash;
use super::page::{Question, read_note, write_note};
use super::receive::Outcome;
use super::remote::{Answer, Follow, Heard, Remote, RemoteError};
use super::set::MAX_MESSAGE;
use super::trust::{Authorities, distrust};

/// The header that says which version of the protocol is spoken.
pub const PROTOCOL_HEADER: &str = "everpage-protocol";
/// The header that names the replica.
pub const REPLICA_HEADER: &str = "everpage-replica";
/// The header that names the wiki; left out by one that has no id yet.
pub const WIKI_HEADER: &str = "everpage-wiki";
/// The header that says how large a revision file may be.
pub const LARGEST_HEADER: &str = "everpage-largest";

/// The most bytes of an answer that is not a stream.
const MAX_ANSWER: u64 = 64 << 20;
/// How long news are waited for: several times as long as a peer that is well stays silent.
const SILENCE: Duration = Duration::from_secs(60);

/// How long a peer is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the beginning of an answer, which may have to wait for a slow disk.
    pub answer: Duration,
    /// For the next bytes of a stream.
    pub pause: Duration,
    /// A stream must bring at least this many bytes in each `window` that was waited.
    pub floor: u64,
    /// See `floor`.
    pub window: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(300),
            pause: Duration::from_secs(30),
            floor: 16 << 10,
            window: Duration::from_secs(60),
        }
    }
}

/// Writes who speaks as headers.
pub fn hello_headers(hello: &Hello) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        (PROTOCOL_HEADER, hello.protocol.to_string()),
        (REPLICA_HEADER, hello.replica.to_string()),
        (LARGEST_HEADER, hello.largest.to_string()),
    ];
    headers.extend(hello.wiki.map(|wiki| (WIKI_HEADER, wiki.to_string())));
    headers
}

/// Reads who speaks from headers; `None` where they are not those of a peer.
pub fn read_hello<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<Hello> {
    fn parse<T: FromStr>(text: &str) -> Option<T> {
        text.parse().ok()
    }
    let wiki: Option<WikiId> = match header(WIKI_HEADER) {
        Some(text) => Some(parse(text)?),
        None => None,
    };
    Some(Hello {
        protocol: header(PROTOCOL_HEADER).and_then(parse)?,
        replica: header(REPLICA_HEADER).and_then(parse)?,
        wiki,
        largest: header(LARGEST_HEADER).map_or(Some(u64::MAX), parse)?,
    })
}

/// A refusal, as the body of a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind it is: `token`, `read-only-token`, `protocol`, `itself`, `other-wiki`,
    /// `not-ready`, `malformed` or `failed`.
    pub error: String,
    /// In words.
    pub message: String,
}

/// A peer at an address.
pub struct HttpRemote {
    agent: Agent,
    /// Without a slash at its end.
    base: String,
    token: String,
    patience: Patience,
    /// Who vouches for it, where that is not left to the public authorities.
    authorities: Option<Authorities>,
    /// For everything that one call takes.
    whole: Option<Duration>,
}

impl HttpRemote {
    /// Speaks with the wiki at `url`, as whoever was given `token` there.
    ///
    /// # Errors
    /// If it is not the address of a wiki.
    pub fn new(url: &str, token: &str, patience: Patience) -> Result<Self, String> {
        let base = url.trim().trim_end_matches('/');
        if !["http://", "https://"].iter().any(|s| base.starts_with(s) && base.len() > s.len()) {
            return Err(format!(
                "“{url}” is not the address of a wiki; it looks like https://wiki.example.org"
            ));
        }
        if token.trim().is_empty() || token.trim().chars().any(|c| !c.is_ascii_graphic()) {
            return Err("the token is empty or has characters that a token cannot have".to_owned());
        }
        Ok(Self {
            agent: agent(patience, RootCerts::WebPki),
            base: base.to_owned(),
            token: token.trim().to_owned(),
            patience,
            authorities: None,
            whole: None,
        })
    }

    /// Trusts these in place of the public authorities.
    ///
    /// # Errors
    /// If the address is one without certificates.
    pub fn trusting(self, authorities: Authorities) -> Result<Self, String> {
        if !self.base.starts_with("https://") {
            return Err(format!(
                "there are certificates to trust for {} and it shows none; its address should begin \
                 with https://, or the file of certificates should not be named",
                self.base
            ));
        }
        let agent = agent(self.patience, authorities.roots());
        Ok(Self { agent, authorities: Some(authorities), ..self })
    }

    /// Gives up on a call that is not done within this time, however lively the other side is.
    #[must_use]
    pub fn within(self, whole: Duration) -> Self {
        Self { whole: Some(whole), ..self }
    }

    fn ask(
        &self,
        what: &'static str,
        hello: &Hello,
        body: SendBody<'_>,
    ) -> Result<(Hello, Response<Body>), RemoteError> {
        let mut request = self
            .agent
            .post(self.address(what))
            .config()
            .timeout_global(self.whole)
            .build()
            .header("authorization", self.bearer())
            .header("content-type", "application/octet-stream");
        if what == "push" {
            // A refusal comes before the body is sent.
            request = request.header("expect", "100-continue");
        }
        for (name, value) in hello_headers(hello) {
            request = request.header(name, value);
        }
        let response = request.send(body).map_err(|e| self.unreached(e))?;
        self.judge(hello, response)
    }

    fn address(&self, what: &str) -> String {
        format!("{}/-/sync/v1/{what}", self.base)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// Takes a response for an answer or for a refusal.
    fn judge(
        &self,
        hello: &Hello,
        response: Response<Body>,
    ) -> Result<(Hello, Response<Body>), RemoteError> {
        let theirs = hello_of(response.headers());
        if response.status() == 200 {
            let theirs = theirs.ok_or_else(|| self.stranger("200"))?;
            return Ok((theirs, response));
        }
        Err(self.refusal(hello, theirs, response))
    }

    fn stranger(&self, status: &str) -> RemoteError {
        self.protocol(&format!(
            "it answered {status}, unlike an Everpage server that exchanges revisions; is the address correct?"
        ))
    }

    /// Makes an error of an answer that is none.
    fn refusal(
        &self,
        ours: &Hello,
        theirs: Option<Hello>,
        response: Response<Body>,
    ) -> RemoteError {
        let status = response.status();
        let mut text = Vec::new();
        let read = response.into_body().into_reader().take(64 << 10).read_to_end(&mut text);
        let said = read.ok().and_then(|_| serde_json::from_slice::<Refusal>(&text).ok());
        let Some(said) = said else { return self.stranger(status.as_str()) };
        let refused = match (said.error.as_str(), theirs) {
            ("token", _) => Refused::Token,
            ("read-only-token", _) => Refused::ReadOnlyToken,
            ("itself", _) => Refused::Itself,
            ("protocol", Some(theirs)) => {
                Refused::Protocol { ours: ours.protocol, theirs: theirs.protocol }
            }
            ("other-wiki", Some(Hello { wiki: Some(theirs), .. })) => match ours.wiki {
                Some(ours) => Refused::OtherWiki { ours, theirs },
                None => return self.protocol("it refused another wiki although none was named"),
            },
            ("malformed", _) => return self.protocol(&said.message),
            _ => {
                let reason = crate::model::file::tidy(&said.message, 500);
                return RemoteError::Unavailable { peer: self.name(), reason };
            }
        };
        refused.into()
    }

    fn protocol(&self, reason: &str) -> RemoteError {
        let reason = crate::model::file::tidy(reason, 500);
        RemoteError::Protocol { peer: self.name(), reason }
    }

    fn broken(&self, action: &'static str, source: io::Error) -> RemoteError {
        RemoteError::Broken { action, peer: self.name(), source }
    }

    fn unreached(&self, error: ureq::Error) -> RemoteError {
        let error = into_io(error);
        match distrust(&error, self.authorities.as_ref()) {
            Some(reason) => RemoteError::Untrusted { peer: self.name(), reason },
            None => self.broken("reach", error),
        }
    }

    fn unreadable(&self, error: io::Error) -> RemoteError {
        if error.kind() == io::ErrorKind::InvalidData {
            return self.protocol(&error.to_string());
        }
        self.broken("read the answer of", error)
    }

    fn read_answer(&self, response: Response<Body>, most: u64) -> Result<Vec<u8>, RemoteError> {
        let reader = Paced::new(response.into_body().into_reader(), self.patience);
        let mut answer = Vec::new();
        reader
            .take(most + 1)
            .read_to_end(&mut answer)
            .map_err(|e| self.broken("read the answer of", e))?;
        if answer.len() as u64 > most {
            return Err(self.protocol("its answer does not end"));
        }
        Ok(answer)
    }
}

fn agent(patience: Patience, roots: RootCerts) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("everpage/", env!("CARGO_PKG_VERSION")))
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .timeout_resolve(Some(patience.connect))
        .timeout_connect(Some(patience.connect))
        .timeout_recv_response(Some(patience.answer))
        .timeout_per_read(Some(patience.pause))
        .timeout_per_write(Some(patience.pause))
        .build();
    config.into()
}

fn into_io(error: ureq::Error) -> io::Error {
    match error {
        ureq::Error::Io(error) => error,
        other => io::Error::other(other),
    }
}

impl Remote for HttpRemote {
    fn name(&self) -> String {
        self.base.clone()
    }

    fn reconcile(&self, hello: &Hello, message: &[u8]) -> Result<(Hello, Vec<u8>), RemoteError> {
        let mut message = message;
        let (theirs, response) =
            self.ask("reconcile", hello, SendBody::from_reader(&mut message))?;
        Ok((theirs, self.read_answer(response, MAX_MESSAGE as u64)?))
    }

    fn fetch(&self, hello: &Hello, wanted: &[ItemHash]) -> Result<Box<dyn Read + '_>, RemoteError> {
        let body: Vec<u8> = wanted.iter().flat_map(|item| *item.as_bytes()).collect();
        let (_, response) = self.ask("fetch", hello, SendBody::from_reader(&mut &body[..]))?;
        let raw = Paced::new(response.into_body().into_reader(), self.patience);
        Ok(Box::new(GzDecoder::new(raw)))
    }

    fn push(&self, hello: &Hello, frames: &mut dyn Read) -> Result<Vec<Outcome>, RemoteError> {
        let mut body = GzEncoder::new(frames, Compression::fast());
        let (_, response) = self.ask("push", hello, SendBody::from_reader(&mut body))?;
        let answer = self.read_answer(response, MAX_ANSWER)?;
        serde_json::from_slice(&answer).map_err(|_| self.protocol("its answer cannot be read"))
    }

    fn page<'a>(
        &'a self,
        hello: &Hello,
        question: &Question,
        frames: &mut dyn Read,
    ) -> Result<Answer<'a>, RemoteError> {
        let note = write_note(question);
        let mut body = GzEncoder::new((&note[..]).chain(frames), Compression::fast());
        let (hello, response) = self.ask("page", hello, SendBody::from_reader(&mut body))?;
        let raw = Paced::new(response.into_body().into_reader(), self.patience);
        let mut answer = GzDecoder::new(raw);
        let told = read_note(&mut answer).map_err(|e| self.unreadable(e))?;
        Ok(Answer { hello, told, frames: Box::new(answer) })
    }
}

impl Follow for HttpRemote {
    fn feed(&self, hello: &Hello, cursor: Option<&str>) -> Result<(Hello, Heard), RemoteError> {
        let mut request = self
            .agent
            .get(self.address("feed"))
            .config()
            .timeout_recv_response(Some(SILENCE))
            .build()
            .header("authorization", self.bearer());
        if let Some(cursor) = cursor {
            request = request.query("cursor", cursor);
        }
        for (name, value) in hello_headers(hello) {
            request = request.header(name, value);
        }
        let response = request.call().map_err(|e| self.unreached(e))?;
        let (theirs, response) = self.judge(hello, response)?;
        let answer = self.read_answer(response, MAX_ANSWER)?;
        let heard = serde_json::from_slice(&answer)
            .map_err(|_| self.protocol("its news cannot be read"))?;
        Ok((theirs, heard))
    }
}

fn hello_of(headers: &HeaderMap) -> Option<Hello> {
    read_hello(|name| headers.get(name).and_then(|v| v.to_str().ok()))
}

/// A reader that gives up on a stream that trickles. Only time spent waiting counts.
pub struct Paced<R> {
    reader: R,
    patience: Patience,
    waited: Duration,
    brought: u64,
}

impl<R> Paced<R> {
    /// Reads with this patience.
    pub fn new(reader: R, patience: Patience) -> Self {
        Self { reader, patience, waited: Duration::ZERO, brought: 0 }
    }
}

impl<R: Read> Read for Paced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let begun = Instant::now();
        let read = self.reader.read(buffer)?;
        self.waited += begun.elapsed();
        self.brought += read as u64;
        if self.waited >= self.patience.window {
            if read > 0 && self.brought < self.patience.floor {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the other server sends too slowly to ever finish",
                ));
            }
            self.waited = Duration::ZERO;
            self.brought = 0;
        }
        Ok(read)
    }
}

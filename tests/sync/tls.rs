//! Through TLS on loopback, with an authority of the test's own.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use everpage::sync::http::Patience;
use everpage::sync::{Authorities, HttpRemote, RemoteError, SyncError};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use crate::support::{Node, Server, token};

/// Who signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn certify(&self, name: &str) -> Certified {
        self.certify_with(&CertificateParams::new([name.to_owned()]).unwrap())
    }

    fn certify_with(&self, params: &CertificateParams) -> Certified {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        (certificate, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }

    fn trusted(&self) -> Authorities {
        trust(&self.pem).unwrap()
    }
}

type Certified = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn trust(pem: &str) -> Result<Authorities, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    fs::write(&file, pem).unwrap();
    Authorities::read(&file)
}

/// Ends TLS for a server, as a proxy in front of it does.
struct Terminator {
    url: String,
    /// What each connection brought, once it has ended.
    brought: Receiver<Vec<u8>>,
}

impl Terminator {
    fn start(server: &Server, (certificate, key): Certified) -> Self {
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate], key)
                .unwrap();
        let (config, port) = (Arc::new(config), server.port());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (tell, brought) = channel();
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let (config, tell) = (Arc::clone(&config), tell.clone());
                thread::spawn(move || carry(client, config, port, &tell));
            }
        });
        Self { url, brought }
    }

    fn remote(&self, token: &str) -> HttpRemote {
        HttpRemote::new(&self.url, token, Patience::default()).unwrap()
    }

    /// Waits for the end of a connection and returns what it brought.
    fn brought(&self) -> Vec<u8> {
        self.brought.recv_timeout(Duration::from_secs(60)).expect("a connection that has ended")
    }
}

fn carry(client: TcpStream, config: Arc<ServerConfig>, port: u16, tell: &Sender<Vec<u8>>) {
    let mut brought = Vec::new();
    // However it ends is one to the server behind and to the test.
    let _ = carry_on(client, config, port, &mut brought);
    let _ = tell.send(brought);
}

fn carry_on(
    mut client: TcpStream,
    config: Arc<ServerConfig>,
    port: u16,
    brought: &mut Vec<u8>,
) -> io::Result<()> {
    let mut tls = ServerConnection::new(config).unwrap();
    tls.complete_io(&mut client)?;
    client.set_nodelay(true)?;
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    server.set_nodelay(true)?;
    let tls = Arc::new(Mutex::new(tls));
    let back = {
        let (tls, client, server) = (Arc::clone(&tls), client.try_clone()?, server.try_clone()?);
        thread::spawn(move || carry_back(&tls, client, server))
    };
    let forth = carry_forth(&tls, client, &mut server, brought);
    let _ = server.shutdown(Shutdown::Both);
    let _ = back.join().unwrap();
    forth
}

/// Carries what the client says until it has ended, and notes it.
fn carry_forth(
    tls: &Mutex<ServerConnection>,
    mut client: TcpStream,
    server: &mut TcpStream,
    brought: &mut Vec<u8>,
) -> io::Result<()> {
    let mut buffer = [0; 16 << 10];
    loop {
        let mut plain = Vec::new();
        {
            let mut tls = tls.lock().unwrap();
            // What came with the end of the handshake is there before anything is read.
            let state = tls.process_new_packets().map_err(io::Error::other)?;
            let waiting = state.plaintext_bytes_to_read() as u64;
            tls.reader().take(waiting).read_to_end(&mut plain)?;
        }
        brought.extend_from_slice(&plain);
        server.write_all(&plain)?;
        let read = client.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        let mut sealed = &buffer[..read];
        let mut tls = tls.lock().unwrap();
        while !sealed.is_empty() {
            tls.read_tls(&mut sealed)?;
            tls.process_new_packets().map_err(io::Error::other)?;
        }
    }
}

/// Carries what the server says until it has ended.
fn carry_back(
    tls: &Mutex<ServerConnection>,
    mut client: TcpStream,
    mut server: TcpStream,
) -> io::Result<()> {
    let mut buffer = [0; 16 << 10];
    loop {
        let read = server.read(&mut buffer)?;
        let mut tls = tls.lock().unwrap();
        match read {
            0 => tls.send_close_notify(),
            _ => tls.writer().write_all(&buffer[..read])?,
        }
        while tls.wants_write() {
            tls.write_tls(&mut client)?;
        }
        if read == 0 {
            return client.shutdown(Shutdown::Both);
        }
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn two_servers_are_in_step_through_tls_with_an_authority_of_their_own() {
    let (a, b) = (Node::new(), Node::new());
    a.save("Garden.md", "# Garden\n");
    let server = Server::start(&a);
    let ours = Authority::new("ours");
    let terminator = Terminator::start(&server, ours.certify("localhost"));
    let token = token(&a, "b", false);
    let both = format!("{}{}", Authority::new("another").pem, ours.pem);
    let remote = terminator.remote(&token).trusting(trust(&both).unwrap()).unwrap();
    b.save("Shed.md", "# Shed\n".repeat(20_000));
    b.drop_file("seed.bin", "1-67e55044-10b1-426f-9247-bb680e5fe0c8", noise(300_000));
    let joined = everpage::sync::Options { join: true, ..Default::default() };
    assert!(b.sync_as(&remote, joined).unwrap().is_clean());
    assert_eq!(a.files(), b.files());
    drop(remote);
    assert!(contains(&terminator.brought(), &format!("Bearer {token}")));

    // The news, too.
    let remote = terminator.remote(&token).trusting(ours.trusted()).unwrap();
    let follower = b.follow_remote(Arc::new(remote), &terminator.url);
    a.save("Garden.md", "# Garden\n\nSown.\n");
    b.await_text("Garden.md", "# Garden\n\nSown.\n");
    b.save("Garden.md", "# Garden\n\nGrown.\n");
    a.await_text("Garden.md", "# Garden\n\nGrown.\n");
    follower.stop();
}

/// Bytes that do not get smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn a_server_that_is_not_trusted_is_told_nothing_and_the_reason_is_said() {
    let (a, b) = (Node::new(), Node::new());
    a.save("A.md", "a");
    let server = Server::start(&a);
    let token = token(&a, "b", false);
    let (ours, others) = (Authority::new("ours"), Authority::new("others"));
    let at = |year| {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) =
            (date_time_ymd(year, 1, 1), date_time_ymd(year, 2, 1));
        ours.certify_with(&params)
    };
    let mut authority = CertificateParams::new(["localhost".to_owned()]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for (certified, trusted, words) in [
        (ours.certify("localhost"), None, &["no public authority", "ca_file", "--ca-file"][..]),
        (ours.certify("localhost"), Some(&others), &["none of the certificates in", "ca.pem"]),
        (ours.certify("wiki.example"), Some(&ours), &["not for localhost", "is for wiki.example"]),
        (at(2020), Some(&ours), &["has expired", "renew"]),
        (at(3000), Some(&ours), &["not valid yet", "clock"]),
        (ours.certify_with(&authority), Some(&ours), &["of an authority", "CA:FALSE"]),
    ] {
        let terminator = Terminator::start(&server, certified);
        let mut remote = terminator.remote(&token);
        if let Some(trusted) = trusted {
            remote = remote.trusting(trusted.trusted()).unwrap();
        }
        let error = b.sync_with(&remote).unwrap_err();
        let SyncError::Remote(RemoteError::Untrusted { peer, reason }) = error else {
            panic!("{words:?}: {error:?}");
        };
        assert_eq!(peer, terminator.url);
        for word in words {
            assert!(reason.contains(word), "no {word}: {reason}");
        }
        assert_eq!(terminator.brought(), b"", "{reason}");
    }
    assert!(b.files().is_empty());
}

#[test]
fn a_file_of_certificates_that_cannot_be_used_is_refused_in_words() {
    let missing = Authorities::read("nowhere/ca.pem".as_ref()).unwrap_err();
    assert!(missing.contains("nowhere/ca.pem") && missing.contains("cannot be read"), "{missing}");
    let key = KeyPair::generate().unwrap().serialize_pem();
    let ours = Authority::new("ours").pem;
    let (begin, end) = ("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n");
    for (pem, words) in [
        (String::new(), "no certificate"),
        (key.clone(), "no certificate"),
        (format!("{begin}AAAA\n{end}"), "damaged"),
        (ours.replace(end.trim(), ""), "damaged"),
    ] {
        let error = trust(&pem).unwrap_err();
        assert!(error.contains(words) && error.contains("ca.pem"), "{pem}: {error}");
    }
    assert!(trust(&format!("{key}{ours}")).is_ok());
    let plain = HttpRemote::new("http://wiki.example", "t", Patience::default()).unwrap();
    let error = plain.trusting(trust(&ours).unwrap()).err().unwrap();
    assert!(error.contains("https://"), "{error}");
}

//! Whose word counts for the certificate of a peer, and what to do where nobody's does.
//!
//! The public authorities' does by default. A wiki behind an authority of one's own names a file with
//! that one's certificate: it then counts in place of the public ones, for this peer alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, RootCertStore};
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

/// Certificates that are trusted in place of the public ones.
#[derive(Debug, Clone)]
pub struct Authorities {
    file: PathBuf,
    certificates: Vec<Certificate<'static>>,
}

impl Authorities {
    /// Reads the certificates of a PEM file; whatever else is in it does not count.
    ///
    /// # Errors
    /// In words, where the file cannot be read, has no certificate, or has one that is none.
    pub fn read(file: &Path) -> Result<Self, String> {
        let shown = file.display();
        let text = fs::read(file)
            .map_err(|error| format!("the certificates in {shown} cannot be read: {error}"))?;
        let damaged = || format!("a certificate in {shown} is damaged; copy the file again");
        let mut certificates = Vec::new();
        // Only to find out which ones can be used.
        let mut store = RootCertStore::empty();
        for item in parse_pem(&text) {
            let PemItem::Certificate(certificate) = item.map_err(|_| damaged())? else { continue };
            store.add(CertificateDer::from(certificate.der())).map_err(|_| damaged())?;
            certificates.push(certificate);
        }
        if certificates.is_empty() {
            return Err(format!(
                "there is no certificate in {shown}; it should hold that of the authority as text, from \
                 -----BEGIN CERTIFICATE----- on"
            ));
        }
        Ok(Self { file: file.to_owned(), certificates })
    }

    pub(super) fn roots(&self) -> RootCerts {
        RootCerts::new_with_certs(&self.certificates)
    }
}

/// Says what is wrong with the certificate of a peer and what to do, if that is what an error is about.
pub(super) fn distrust(error: &io::Error, trusted: Option<&Authorities>) -> Option<String> {
    use CertificateError as E;
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(error) = error else { return None };
    let reason = match (error, trusted) {
        (E::UnknownIssuer | E::BadSignature, None) => {
            "no public authority vouches for its certificate. If an authority of your own does, name \
             the file with that one's certificate: --ca-file FILE for everpage sync, ca_file in the \
             [[peer]], or upstream_ca_file"
                .to_owned()
        }
        (E::UnknownIssuer | E::BadSignature, Some(Authorities { file, .. })) => format!(
            "none of the certificates in {} vouches for its certificate; put that of the authority which \
             does into the file",
            file.display()
        ),
        (E::NotValidForNameContext { expected, presented }, _) => {
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            let names = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
            format!(
                "its certificate is not for {}; correct the address, or let its owner have one made for \
                 that name. It is for {names}",
                expected.to_str()
            )
        }
        (E::Expired | E::ExpiredContext { .. }, _) => {
            "its certificate has expired; its owner has to renew it, unless the clock of this machine \
             is fast"
                .to_owned()
        }
        (E::NotValidYet | E::NotValidYetContext { .. }, _) => {
            "its certificate is not valid yet; set the clock of this machine, or of the one that made \
             the certificate"
                .to_owned()
        }
        (E::Other(other), _) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "its certificate is one of an authority (CA:TRUE), and a server needs one of its own; let its \
             owner have one made with CA:FALSE"
                .to_owned()
        }
        (other, _) => format!("its certificate is not acceptable ({other}); its owner has to replace it"),
    };
    // Names are what the other side says.
    Some(crate::model::file::tidy(&reason, 500))
}

/// Takes the name out of such as `DnsName("wiki.example.org")`.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"')
}

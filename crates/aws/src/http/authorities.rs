//! Which certificate authorities are trusted: those of a bundle that the settings name, else those of this machine.
//!
//! Promises that a file which has changed is read again by the next call, and that a certificate in it which nobody can
//! read takes nothing from the others.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::Refusal;
use crate::environment::Environment;

/// The variable that names a file of them.
pub(crate) const VARIABLE: &str = "AWS_CA_BUNDLE";

const END: &str = "-----END CERTIFICATE-----";

/// Where they are found.
#[derive(Clone, Debug)]
pub(super) enum Authorities {
    /// In the system's own place. The function tells whether there are any.
    Machine(fn() -> bool),
    /// In this file, and nowhere else.
    Bundle(Bundle),
}

/// A file of authorities, and the setting that names it.
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    setting: String,
    path: PathBuf,
}

/// By what a set of them is told from another one: length and time of the file, nothing for the machine's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp(Option<(u64, Option<SystemTime>)>);

impl Authorities {
    pub(super) fn new(environment: &Environment) -> Self {
        match environment.get(VARIABLE) {
            Some(path) => Self::bundle(VARIABLE.into(), path.into()),
            None => Self::Machine(|| !rustls_native_certs::load_native_certs().certs.is_empty()),
        }
    }

    /// Those of a file that `setting` names.
    pub(super) fn bundle(setting: String, path: PathBuf) -> Self {
        Self::Bundle(Bundle { setting, path })
    }

    /// A machine without any.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self::Machine(|| false)
    }

    /// Which ones they are now.
    ///
    /// # Errors
    /// When the file is not there.
    pub(super) fn stamp(&self) -> Result<Stamp, Refusal> {
        let Self::Bundle(bundle) = self else { return Ok(Stamp(None)) };
        let metadata = fs::metadata(&bundle.path).map_err(|error| bundle.unreadable(&error))?;
        Ok(Stamp(Some((metadata.len(), metadata.modified().ok()))))
    }

    /// What TLS is done with.
    ///
    /// # Errors
    /// When there are none.
    pub(super) fn context(&self) -> Result<TlsContext, Refusal> {
        let store = match self {
            // The SDK's own look for them comes out empty for good, or panics.
            Self::Machine(has_any) if !has_any() => return Err(Refusal::NoAuthorities),
            Self::Machine(_) => TrustStore::default(),
            Self::Bundle(bundle) => {
                let text = fs::read(&bundle.path).map_err(|error| bundle.unreadable(&error))?;
                let text = String::from_utf8_lossy(&text);
                let found = certificates(&text);
                if found.is_empty() {
                    return Err(bundle.refused("which has no certificate in PEM form"));
                }
                found.into_iter().fold(TrustStore::empty(), TrustStore::with_pem_certificate)
            }
        };
        let context = TlsContext::builder().with_trust_store(store).build();
        context.map_err(|error| match self {
            Self::Machine(_) => Refusal::NoAuthorities,
            Self::Bundle(bundle) => bundle.refused(&format!("which cannot be used: {error}")),
        })
    }
}

impl Bundle {
    fn unreadable(&self, error: &std::io::Error) -> Refusal {
        self.refused(&format!("which could not be read: {error}"))
    }

    fn refused(&self, why: &str) -> Refusal {
        let why = format!("names {}, {why}", self.path.display());
        Refusal::Bundle { setting: self.setting.clone(), why }
    }
}

/// The certificates of a bundle that can be used, each in PEM form. The SDK panics on others.
fn certificates(text: &str) -> Vec<&str> {
    let usable = |piece: &&str| {
        let certificate = CertificateDer::from_pem_slice(piece.as_bytes());
        certificate.is_ok_and(|certificate| RootCertStore::empty().add(certificate).is_ok())
    };
    text.split_inclusive(END).filter(usable).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn named(path: &Path) -> Authorities {
        Authorities::bundle("AWS_CA_BUNDLE".into(), path.into())
    }

    fn refused(text: &str) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, text).unwrap();
        named(file.path()).context().unwrap_err().to_string()
    }

    #[test]
    fn a_bundle_of_no_use_is_refused_by_name() {
        let none = "which has no certificate in PEM form";
        for text in [
            "",
            "text",
            END,
            "-----BEGIN CERTIFICATE-----\nnot base64 !\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert!(refused(text).ends_with(none), "{text}");
        }
        let missing = named("/nonexistent/ca.pem".as_ref());
        let said = missing.stamp().unwrap_err().to_string();
        assert!(
            said.starts_with("AWS_CA_BUNDLE names /nonexistent/ca.pem, which could not be read: No such"),
            "{said}"
        );
    }

    #[test]
    fn a_file_that_changes_is_another_set() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let bundle = named(file.path());
        let before = bundle.stamp().unwrap();
        assert_eq!(bundle.stamp().unwrap(), before);
        fs::write(&file, "more").unwrap();
        assert_ne!(bundle.stamp().unwrap(), before);
    }
}

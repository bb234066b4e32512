//! `endpoint.json` in the state directory: where the loopback endpoint is.
//!
//! It stays when the agent ends, so that the next one listens on the same port: programs that run hold its URL. Readers
//! ignore fields that they do not know and refuse a later version.

use std::net::SocketAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::publish::files;

/// The version that is written.
const VERSION: u32 = 1;
/// The name of the file.
pub(crate) const FILE: &str = "endpoint.json";

/// Where an endpoint is, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointFile {
    version: u32,
    /// Such as `http://127.0.0.1:43210`.
    pub url: String,
    /// The process of the agent.
    pub pid: u32,
}

impl EndpointFile {
    /// The endpoint of this process.
    pub(crate) fn here(address: SocketAddr) -> Self {
        Self { version: VERSION, url: format!("http://{address}"), pid: std::process::id() }
    }

    /// What is written in a state directory; none when there is nothing that can be used.
    #[must_use]
    pub fn read(state_dir: &Path) -> Option<Self> {
        let text = files::read(&state_dir.join(FILE)).ok()?;
        serde_json::from_str::<Self>(&text).ok().filter(|file| file.version <= VERSION)
    }

    /// The address in the URL.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.url.strip_prefix("http://")?.parse().ok()
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        // Strings and numbers: there is nothing that JSON could not hold.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

/// Whether a text is such a file, of whatever version.
pub(crate) fn is_ours(text: &str) -> bool {
    serde_json::from_str::<EndpointFile>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_back_and_keeps_its_form() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(EndpointFile::read(home.path()), None);
        let address: SocketAddr = "127.0.0.1:43210".parse().unwrap();
        let file = EndpointFile { pid: 7, ..EndpointFile::here(address) };
        let text = file.text();
        std::fs::write(home.path().join(FILE), &text).unwrap();
        assert_eq!(text, "{\"version\":1,\"url\":\"http://127.0.0.1:43210\",\"pid\":7}\n");
        assert!(is_ours(&text) && !is_ours("{}"));
        assert_eq!(EndpointFile::read(home.path()), Some(file.clone()));
        assert_eq!(file.address(), Some(address));
    }

    #[test]
    fn what_is_unknown_is_not_used() {
        let home = tempfile::tempdir().unwrap();
        for text in ["", "{", r#"{"version":2,"url":"http://127.0.0.1:1","pid":1}"#] {
            std::fs::write(home.path().join(FILE), text).unwrap();
            assert_eq!(EndpointFile::read(home.path()), None, "{text}");
        }
        let later = r#"{"version":1,"url":"x","pid":1,"added":true}"#;
        std::fs::write(home.path().join(FILE), later).unwrap();
        assert_eq!(EndpointFile::read(home.path()).unwrap().address(), None);
    }
}

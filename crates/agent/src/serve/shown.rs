//! What documents show of the settings: replaced as a whole when they are read anew.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rolecall_core::Alias;

use crate::settings::problem::Problem;
use crate::settings::{AgentSettings, Publish};

/// The settings that count, as far as they are shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) default: Option<Alias>,
    pub(crate) publish: Publish,
    /// The URL of the loopback endpoint.
    pub(crate) endpoint: Option<String>,
    /// What of them could not be used.
    pub(crate) problems: Vec<Problem>,
    /// Where each role is defined.
    pub(crate) origins: BTreeMap<Alias, String>,
    /// The settings file, if there is one.
    pub(crate) file: Option<String>,
    /// When they were read.
    pub(crate) read_at: Timestamp,
    /// Why newer settings do not count: what is wrong with them.
    pub(crate) refused: Vec<Problem>,
}

/// The newest [`Shown`].
#[derive(Debug)]
pub(crate) struct Newest(Mutex<Arc<Shown>>);

impl Shown {
    pub(crate) fn of(settings: &AgentSettings, endpoint: Option<SocketAddr>, read_at: Timestamp) -> Self {
        Self {
            default: settings.default.clone(),
            publish: settings.publish,
            endpoint: endpoint.map(|address| format!("http://{address}")),
            problems: settings.problems.clone(),
            origins: settings.origins.clone(),
            file: settings.file.as_ref().map(|path| path.display().to_string()),
            read_at,
            refused: Vec::new(),
        }
    }
}

impl Newest {
    pub(crate) fn new(shown: Shown) -> Self {
        Self(Mutex::new(Arc::new(shown)))
    }

    pub(crate) fn get(&self) -> Arc<Shown> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, shown: Shown) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(shown);
    }

    /// What counts stays, and this is why.
    pub(crate) fn refuse(&self, refused: Vec<Problem>) {
        self.set(Shown { refused, ..Shown::clone(&self.get()) });
    }
}

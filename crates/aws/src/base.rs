//! The base: the credentials that roles are assumed with.
//!
//! This file names where they come from; `load` asks that source once, `cache` decides when to ask it again. The sources
//! of the default chain are in `chain`, one part of it is `wanted`, and `process`, `endpoint` and `check` are what it does not leave to the SDK; `profiles`
//! reads the files, and `clues` are for the words of its faults.

mod cache;
mod chain;
mod check;
mod clues;
mod deadline;
mod endpoint;
mod load;
mod process;
mod profiles;
mod session;
mod variants;
mod wanted;

use std::fmt;
use std::sync::Arc;

use rolecall_core::{Fault, Region};

use crate::environment::Environment;
pub(crate) use cache::Cache;
pub(crate) use clues::Clues;
pub use endpoint::flaw as endpoint_flaw;
pub(crate) use load::{Loaded, Seams};
pub use profiles::{CredentialProcess, credential_process};
pub(crate) use wanted::Wanted;

/// Where the base credentials come from.
#[derive(Clone)]
pub enum Base {
    /// The [default chain](https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html) of this
    /// process: environment, profile, web identity, container, instance.
    DefaultChain {
        /// Gives the profile files, which are never read from their paths.
        files: Arc<dyn ProfileFiles>,
        /// The variables of this process.
        environment: Environment,
    },
    /// Long-term keys for one endpoint; neither environment nor files are looked at.
    Keys {
        /// The access key id.
        access_key_id: String,
        /// The secret access key.
        secret_access_key: String,
        /// Where STS answers, such as `http://127.0.0.1:4566`.
        endpoint_url: String,
        /// The Region for roles that name none.
        region: Region,
    },
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DefaultChain { .. } => f.write_str("DefaultChain"),
            Self::Keys { access_key_id, secret_access_key: _, endpoint_url, region } => f
                .debug_struct("Keys")
                .field("access_key_id", access_key_id)
                .field("endpoint_url", endpoint_url)
                .field("region", region)
                .finish_non_exhaustive(),
        }
    }
}

/// Gives the texts of the user's AWS config and credentials files as the base may see them: with our own profiles cut
/// out, so that the base is never one of the roles that are assumed from it.
pub trait ProfileFiles: Send + Sync {
    /// Reads both files; a file that does not exist is an empty text. Called at every load of the base, where it may
    /// block.
    ///
    /// # Errors
    /// Which file could not be read, why, and what to do.
    fn read(&self) -> Result<ProfileTexts, Fault>;
}

/// What [`ProfileFiles::read`] found. It may hold secrets, so it has no `Debug`.
pub struct ProfileTexts {
    /// The text of the config file (`~/.aws/config`).
    pub config: String,
    /// The text of the credentials file (`~/.aws/credentials`).
    pub credentials: String,
}

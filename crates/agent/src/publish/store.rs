//! The store: `credentials` and `config` in the state directory, for every program that can be pointed at files.
//!
//! Promises to hold exactly the sessions that are held, whatever form the profiles have, and not to be there at all when
//! the settings say so. Also reads the store of an earlier agent back, so that a restart takes no working credentials
//! away.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rolecall_core::{Alias, Fault, FaultKind, Role, Session, SessionCredentials};
use rolecall_formats::config::{self, Profile, Profiles};
use rolecall_formats::store as format;
use tracing::{debug, warn};

use crate::publish::board::Findings;
use crate::publish::file_sink::Writer;
use crate::publish::files::{self, Access, FileError};
use crate::publish::holdings::{Holdings, render};
use crate::state::state_dir::{CONFIG, CREDENTIALS};

/// Writes the store.
pub(crate) struct Store {
    /// The state directory.
    pub(crate) directory: PathBuf,
    /// The role that `default` is for.
    pub(crate) default: Option<Alias>,
    /// Whether there is to be a store; else the one of an earlier agent goes.
    pub(crate) kept: bool,
    /// Who may read it.
    pub(crate) access: Access,
}

impl Store {
    /// Takes both files away.
    fn remove(&self) -> Result<(), FileError> {
        [CREDENTIALS, CONFIG].into_iter().try_for_each(|name| {
            let path = self.directory.join(name);
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => Err(FileError::Write { path, source }),
                _ => Ok(()),
            }
        })
    }

    fn put(&self, credentials: &str, regions: &str) -> Result<(), FileError> {
        files::replace_private(&self.directory.join(CREDENTIALS), credentials.as_bytes(), self.access)?;
        let config = self.directory.join(CONFIG);
        // The Regions change with the set of roles only.
        match files::read(&config) {
            Ok(text) if *text == *regions && self.access.is_given(&config) => Ok(()),
            Ok(_) | Err(FileError::NotText { .. }) => files::replace_private(&config, regions.as_bytes(), self.access),
            Err(error) => Err(error),
        }
    }
}

impl Writer for Store {
    const NAME: &'static str = "store";

    fn write(&self, holdings: &Holdings, findings: &mut Findings) -> Result<(), Fault> {
        let told = |error: FileError| {
            let action = "look at free space and permissions of the state directory";
            Fault::new(FaultKind::Misconfigured, error.to_string(), action)
        };
        if !self.kept {
            return self.remove().map_err(told);
        }
        let (credentials, refused) = render(holdings.held(), |held| format::credentials(held, self.default.as_ref()));
        findings.faults = refused;
        let regions = format::config(&holdings.roles(), self.default.as_ref());
        self.put(&credentials, &regions).map_err(told)
    }
}

/// How much later than by the begin the end may be: the answer of STS was under way, and times are in whole seconds.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

/// The sessions in the store of an earlier agent that are still good for these roles: made for the same definition and
/// not ended. A store that cannot be read, or has a version that is not known, is no store: it is written anew.
pub fn read_back(directory: &Path, roles: &[Arc<Role>], now: Timestamp) -> BTreeMap<Alias, Arc<Session>> {
    let path = directory.join(CREDENTIALS);
    let profiles = parse(&path).unwrap_or_else(|unusable| {
        unusable.tell(&path);
        Profiles::default()
    });
    let adopt = |role: &Arc<Role>| {
        let session = session(profiles.get(role.alias.as_str())?, role, now)?;
        Some((role.alias.clone(), Arc::new(session)))
    };
    roles.iter().filter_map(adopt).collect()
}

/// Why a store is not used.
enum Unusable {
    /// There is none.
    Missing,
    /// A later version wrote it.
    Newer(u32),
    /// It is no store, or a broken one.
    Broken(String),
}

impl Unusable {
    fn tell(&self, path: &Path) {
        let path = path.display();
        match self {
            Self::Missing => debug!("no earlier agent has left a store"),
            Self::Newer(version) => warn!(
                "{path} has version {version}, and this rolecall knows up to {}: its sessions are not used, and it is \
                 written anew",
                format::VERSION
            ),
            Self::Broken(why) => warn!("{path} is not used and is written anew: {why}"),
        }
    }
}

fn parse(path: &Path) -> Result<Profiles, Unusable> {
    let text = files::read(path).map_err(|error| Unusable::Broken(error.to_string()))?;
    match format::version(&text) {
        Some(version) if version > format::VERSION => Err(Unusable::Newer(version)),
        Some(_) => config::read(&text, config::File::Credentials).map_err(|error| Unusable::Broken(error.to_string())),
        None if text.is_empty() => Err(Unusable::Missing),
        None => Err(Unusable::Broken("its first line does not say its version".into())),
    }
}

fn session(profile: &Profile, role: &Role, now: Timestamp) -> Option<Session> {
    // What a power cut spoiled has zeros in it, or lacks the key, which stands last.
    let whole = |value: &&str| !value.is_empty() && !value.contains(char::is_control);
    let value = |name| profile.get(name).filter(whole);
    let expires_at: Timestamp = value("x_security_token_expires")?.parse().ok()?;
    if expires_at <= now || value(format::KEY)? != role.key().to_string() {
        return None;
    }
    let values = (value("aws_access_key_id")?, value("aws_secret_access_key")?, value("aws_session_token")?);
    let credentials = SessionCredentials::new(values.0.into(), values.1.into(), values.2.into());
    // What is missing or cannot be is as if STS had given all that the role asks for.
    let asked_for = value(format::ASKED_FOR).and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    let asked_for = asked_for.filter(|asked_for| *asked_for <= role.duration).unwrap_or(role.duration);
    let issued_at = value(format::ISSUED).and_then(|time| time.parse().ok()).filter(|issued_at| *issued_at <= now);
    let issued_at = issued_at.unwrap_or_else(|| now.min(expires_at - asked_for));
    // Begin and now are told by this machine's clock, the end by that of STS. Where the first was behind, the session ends
    // when the time that was asked for is over, and not when this clock comes to STS's end.
    let ends = issued_at.checked_add(asked_for).unwrap_or(expires_at);
    let expires_at = if expires_at.duration_since(ends) > TOLERANCE { ends } else { expires_at };
    (expires_at > now).then_some(Session { credentials, issued_at, expires_at, asked_for })
}

#[cfg(test)]
mod tests;

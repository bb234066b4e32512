//! What is shown of one role, as the agent tells it.

use jiff::Timestamp;
use rolecall_agent::serve::wire::StatusDocument;

use crate::output::duration::time;

/// How many characters of an access key id tell one from the next.
const TAIL: usize = 4;

/// One role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) alias: String,
    pub(crate) account: String,
    pub(crate) role: String,
    pub(crate) state: String,
    /// The number of the session; 0 before the first.
    pub(crate) version: u64,
    /// When the session began and when it ends.
    pub(crate) life: Option<(Timestamp, Timestamp)>,
    /// The end of the access key id.
    pub(crate) key: Option<String>,
}

/// A row for each role.
pub(crate) fn rows(status: &StatusDocument) -> Vec<Row> {
    let rows = status.profiles.iter().map(|status| {
        let profile = &status.profile;
        let tail = |id: &String| id.chars().skip(id.chars().count().saturating_sub(TAIL)).collect();
        Row {
            alias: profile.alias.clone(),
            account: profile.account.clone(),
            role: profile.role.clone(),
            state: profile.state.clone(),
            version: status.session_version,
            life: time(status.issued_at.as_deref()).zip(time(profile.expires_at.as_deref())),
            key: status.access_key_id.as_ref().map(tail),
        }
    });
    rows.collect()
}

//! What the demo shows of one role: its state as the agent tells it, and the key as a program would read it.

use jiff::Timestamp;
use rolecall_agent::wire::StatusDocument;
use rolecall_formats::config::{self, File};

/// How many characters of an access key id tell one from the next.
const TAIL: usize = 4;

/// One role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) alias: String,
    pub(super) account: String,
    pub(super) role: String,
    pub(super) state: String,
    /// The number of the session; 0 before the first.
    pub(super) version: u64,
    /// When the session began and when it ends.
    pub(super) life: Option<(Timestamp, Timestamp)>,
    /// The end of the access key id in the store.
    pub(super) key: Option<String>,
}

/// A row for each role, from what the agent says and from the text of its store.
pub(super) fn rows(status: &StatusDocument, store: &str) -> Vec<Row> {
    let store = config::read(store, File::Credentials).unwrap_or_default();
    let parse = |time: &Option<String>| -> Option<Timestamp> { time.as_deref()?.parse().ok() };
    let rows = status.profiles.iter().map(|status| {
        let profile = &status.profile;
        let id = store.get(&profile.alias).and_then(|section| section.get("aws_access_key_id"));
        Row {
            alias: profile.alias.clone(),
            account: profile.account.clone(),
            role: profile.role.clone(),
            state: profile.state.clone(),
            version: status.session_version,
            life: parse(&status.issued_at).zip(parse(&profile.expires_at)),
            key: id.map(|id| id.chars().skip(id.chars().count().saturating_sub(TAIL)).collect()),
        }
    });
    rows.collect()
}

//! The log of the calls that reached STS.
//!
//! Holds what was asked and how it ended, never a secret; the oldest calls go when it is full.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// How many calls are kept.
const KEPT: usize = 10_000;

/// The longest text of a caller that is kept, in characters.
const LONGEST: usize = 256;

/// One call, as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// When it came, by the clock of the sandbox.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The id that the answer carries.
    pub request_id: String,
    /// What was asked for, as the caller wrote it.
    pub action: Option<String>,
    /// The ARN of the caller, when the signature proved one.
    pub caller: Option<String>,
    /// The `RoleArn`, as the caller wrote it.
    pub role: Option<String>,
    /// The `RoleSessionName`, as the caller wrote it.
    pub session_name: Option<String>,
    /// The `DurationSeconds`, when it is a number.
    pub duration_seconds: Option<u64>,
    /// The `SourceIdentity`, as the caller wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// The keys of the session tags, as the caller wrote them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tag_keys: Vec<String>,
    /// Whether the caller said an `ExternalId`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_external_id: bool,
    /// The access key id of the session that was issued.
    pub issued: Option<String>,
    /// `ok`, the code of the error, or `dropped`.
    pub outcome: &'static str,
}

/// The newest calls.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    calls: VecDeque<Call>,
    total: u64,
}

/// What `GET /_sandbox/calls` answers.
#[derive(Serialize)]
pub(crate) struct Listing<'a> {
    /// All since the log was cleared, the ones that are gone among them.
    total: u64,
    /// From old to new.
    calls: &'a VecDeque<Call>,
}

impl CallLog {
    pub(crate) fn push(&mut self, mut call: Call) {
        let texts = [&mut call.action, &mut call.role, &mut call.session_name, &mut call.source_identity];
        for text in texts.into_iter().flatten().chain(&mut call.tag_keys) {
            if text.len() > LONGEST
                && let Some((end, _)) = text.char_indices().nth(LONGEST)
            {
                text.truncate(end);
            }
        }
        if self.calls.len() == KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
        self.total += 1;
    }

    pub(crate) fn to_vec(&self) -> Vec<Call> {
        self.calls.iter().cloned().collect()
    }

    pub(crate) fn listing(&self) -> Listing<'_> {
        Listing { total: self.total, calls: &self.calls }
    }
}

fn as_text<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: &str) -> Call {
        Call {
            at: Timestamp::UNIX_EPOCH,
            request_id: "id".into(),
            action: Some(action.into()),
            caller: None,
            role: None,
            session_name: None,
            duration_seconds: None,
            source_identity: None,
            tag_keys: Vec::new(),
            has_external_id: false,
            issued: None,
            outcome: "ok",
        }
    }

    #[test]
    fn the_log_is_bounded() {
        let mut log = CallLog::default();
        for number in 0..=KEPT {
            log.push(call(&number.to_string()));
        }
        log.push(call(&"ü".repeat(9000)));
        let calls = log.to_vec();
        assert_eq!((calls.len(), log.total), (KEPT, KEPT as u64 + 2));
        assert_eq!(calls[0].action.as_deref(), Some("2"));
        assert_eq!(calls[KEPT - 1].action.as_ref().unwrap().chars().count(), LONGEST);
    }

    #[test]
    fn the_listing_has_times_as_text() {
        let mut log = CallLog::default();
        log.push(call("AssumeRole"));
        let json = serde_json::to_value(log.listing()).unwrap();
        assert_eq!(json["total"], 1);
        assert_eq!(json["calls"][0]["at"], "1970-01-01T00:00:00Z");
        assert_eq!(json["calls"][0]["caller"], serde_json::Value::Null);
    }
}

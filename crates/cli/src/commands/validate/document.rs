//! The verdict as JSON, for programs. No secret is in it. Times are `YYYY-MM-DDTHH:MM:SSZ`.

use rolecall_agent::serve::wire::{ProblemDocument, VERSION};
use rolecall_core::Fault;
use rolecall_formats::time::utc_seconds;
use serde::Serialize;

use super::outcome::{Outcome, Verdict};

#[derive(Serialize)]
struct Document {
    version: u32,
    roles: Vec<RoleDocument>,
    problems: Vec<ProblemDocument>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct RoleDocument {
    alias: String,
    arn: String,
    source: String,
    /// `ok` or `failed`.
    result: &'static str,
    /// When the session ends that it was given.
    expires_at: Option<String>,
    fault: Option<FaultDocument>,
    duration_ms: u64,
}

#[derive(Serialize)]
struct FaultDocument {
    kind: &'static str,
    message: String,
    action: String,
}

/// The document.
pub(super) fn json(verdict: &Verdict) -> Vec<u8> {
    let document = Document {
        version: VERSION,
        roles: verdict.roles.iter().map(role).collect(),
        problems: verdict.problems.iter().map(ProblemDocument::from).collect(),
        notes: verdict.notes.clone(),
    };
    // Texts and numbers: nothing in it can fail.
    serde_json::to_vec(&document).unwrap_or_default()
}

fn role(Outcome { role, result, took }: &Outcome) -> RoleDocument {
    let fault = result.as_ref().err().map(|Fault { kind, message, action }| FaultDocument {
        kind: kind.as_str(),
        message: message.clone(),
        action: action.clone(),
    });
    RoleDocument {
        alias: role.alias.to_string(),
        arn: role.arn.to_string(),
        source: role.source.to_string(),
        result: if fault.is_none() { "ok" } else { "failed" },
        expires_at: result.as_ref().ok().copied().map(utc_seconds),
        fault,
        duration_ms: took.as_millis().try_into().unwrap_or(u64::MAX),
    }
}

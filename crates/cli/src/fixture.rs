//! Roles and an agent as its answers have them, for the tests of what commands make of these. It is 10:00 there.

use rolecall_agent::serve::wire::{
    AgentDocument, FaultDocument, ProblemDocument, ProfileDocument, ProfileStatus, StatusDocument, VERSION,
};

/// When it is.
pub(crate) const NOW: &str = "2026-08-21T10:00:00Z";

/// A role in this state; with its first session, which has begun now and is for an hour, where the state says so.
pub(crate) fn role(alias: &str, state: &str) -> ProfileStatus {
    let held = matches!(state, "fresh" | "stale");
    let time = |text: &str| held.then(|| text.to_owned());
    ProfileStatus {
        profile: ProfileDocument {
            alias: alias.into(),
            name: alias.into(),
            arn: "arn:aws:iam::123456789012:role/R".into(),
            account: "123456789012".into(),
            partition: "aws".into(),
            role: "R".into(),
            region: None,
            source: "base".into(),
            default: false,
            state: state.into(),
            published: true,
            expires_at: time("2026-08-21T11:00:00Z"),
            next_refresh_at: time("2026-08-21T10:50:00Z"),
            fault: None,
        },
        origin: None,
        issued_at: time(NOW),
        access_key_id: held.then(|| "SANDBOXKEY".into()),
        session_version: held.into(),
        reason: None,
        asked_for_seconds: Some(3600),
        attempt_under_way: state == "pending",
        notes: vec![],
    }
}

/// A fault of this kind, since three minutes.
pub(crate) fn fault(kind: &str) -> FaultDocument {
    FaultDocument {
        kind: kind.into(),
        message: "could not assume R".into(),
        action: "allow it".into(),
        since: "2026-08-21T09:57:00Z".into(),
    }
}

/// What an agent with these roles says.
pub(crate) fn document(profiles: Vec<ProfileStatus>) -> StatusDocument {
    StatusDocument {
        version: VERSION,
        agent: AgentDocument {
            version: "0.1.0".into(),
            pid: 4711,
            started_at: "2026-08-21T06:55:00Z".into(),
            state_dir: "/home/me/.local/state/rolecall".into(),
            publish: "process".into(),
            endpoint: None,
            settings_file: None,
            settings_read_at: None,
            clock_skew_seconds: None,
        },
        default: None,
        profiles,
        problems: vec![],
    }
}

/// Something wrong that is no role's: with a setting or with what a writer writes.
pub(crate) fn problem(origin: &str) -> ProblemDocument {
    ProblemDocument {
        origin: origin.into(),
        column: None,
        kind: "misconfigured".into(),
        message: "it means nothing".into(),
        action: "correct it".into(),
    }
}

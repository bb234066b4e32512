//! What came of it: for each role, and in all. Pure.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use rolecall_agent::settings::problem::Problem;
use rolecall_core::{Alias, Fault, FaultKind, Role};
use rolecall_rotator::RoleReport;

use super::wanted::Wanted;
use crate::exit_code::Tally;

/// One role.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) role: Role,
    /// When the session ends that it was given, or why it was given none.
    pub(super) result: Result<Timestamp, Fault>,
    /// How long STS took; nothing when it was not asked.
    pub(super) took: Duration,
}

/// All of them.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    /// In the order of their definition.
    pub(super) roles: Vec<Outcome>,
    /// Settings that could not be used.
    pub(super) problems: Vec<Problem>,
    /// What is unusual but harms nothing.
    pub(super) notes: Vec<String>,
    /// How long it took in all.
    pub(super) took: Duration,
}

impl Verdict {
    /// What the reports come to for the roles that were wanted.
    pub(super) fn new(
        wanted: Wanted,
        reports: Vec<RoleReport>,
        took_for: impl Fn(&Alias) -> Duration,
        took: Duration,
    ) -> Self {
        let mut reports: HashMap<Alias, RoleReport> =
            reports.into_iter().map(|report| (report.role.alias.clone(), report)).collect();
        let outcome = |role: Role| {
            let report = reports.remove(&role.alias);
            let result = match report.map(|report| (report.expires_at, report.fault)) {
                Some((Some(expires_at), _)) => Ok(expires_at),
                Some((None, Some((fault, _)))) => Err(fault),
                Some((None, None)) | None => Err(untold(&role)),
            };
            Outcome { took: took_for(&role.alias), role, result }
        };
        let Wanted { roles, problems, notes } = wanted;
        Self { roles: roles.into_iter().map(outcome).collect(), problems, notes, took }
    }

    /// How many roles went well and how many did not.
    pub(super) fn tally(&self) -> Tally {
        let well = self.roles.iter().filter(|outcome| outcome.result.is_ok()).count();
        Tally { well, failed: self.roles.len() - well, problems: self.problems.len(), ..Tally::default() }
    }
}

fn untold(role: &Role) -> Fault {
    let message = format!("assume {}: nothing is known of what came of it", role.arn);
    Fault::new(FaultKind::Bug, message, "report this")
}

/// A verdict for the tests of how it is told: one role well, one denied, one behind it, one setting wrong, one note.
#[cfg(test)]
pub(super) mod fixture {
    use super::*;

    pub(in crate::commands::validate) fn verdict() -> Verdict {
        let role = |alias: &str| {
            let arn = format!("arn:aws:iam::123456789012:role/{alias}");
            Role::new(alias.parse().unwrap(), arn.parse().unwrap(), "h")
        };
        let denied = |message: &str| Err(Fault::new(FaultKind::Denied, message, "allow it"));
        let outcome =
            |alias: &str, result, took| Outcome { role: role(alias), result, took: Duration::from_millis(took) };
        Verdict {
            roles: vec![
                outcome("well", Ok("2026-08-21T11:00:00Z".parse().unwrap()), 50),
                outcome("denied", denied("could not assume it"), 1200),
                outcome("behind", denied("waits for denied, which it is assumed from: could not assume it"), 0),
            ],
            problems: vec![Problem {
                origin: "AWS_ROLE_4".into(),
                column: Some(3),
                value: Some("abc".into()),
                fault: Fault::new(FaultKind::Misconfigured, "not an ARN", "correct it"),
            }],
            notes: vec!["the profile \"mfa\" is left out".into()],
            took: Duration::from_millis(1250),
        }
    }
}

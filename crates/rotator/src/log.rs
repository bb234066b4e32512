//! The log lines of the rotator: the story of each role, in the engine's words.
//!
//! A failure is told once, and again when it changes; the tries in between are for `debug`. So are the first sessions of
//! more than [`FEW`] roles: whoever waits for the round tells them together.

use jiff::{SignedDuration, Unit};
use rolecall_core::rotation::{Effect, Failure, Held, Reason, Withdrawal};
use rolecall_core::{FaultKind, Role};
use tracing::{debug, info, warn};

/// As many roles have a line each for their first session.
pub(crate) const FEW: usize = 8;

pub(crate) fn asked(role: &Role, reason: Reason) {
    debug!(alias = %role.alias, role = %role.arn, %reason, "asking STS");
}

/// `before` is the fault that was told since the last success; `many`, whether there are more than [`FEW`] roles.
pub(crate) fn published(role: &Role, held: &Held, before: Option<FaultKind>, many: bool) {
    let (alias, version, reason) = (&role.alias, held.version.0, held.reason);
    let expires_at = held.expires_at.round(Unit::Second).unwrap_or(held.expires_at);
    match before {
        Some(fault) => info!(%alias, version, %reason, %expires_at, "fresh session, no longer {fault}"),
        None if many && version == 1 => debug!(%alias, version, %reason, %expires_at, "fresh session"),
        None => info!(%alias, version, %reason, %expires_at, "fresh session"),
    }
    if held.asked_for < role.duration {
        let asked = held.asked_for.as_secs();
        debug!(alias = %role.alias, asked_for_s = asked, wanted_s = role.duration.as_secs(), "shorter session");
    }
}

pub(crate) fn failed(role: &Role, before: Option<FaultKind>, failure: &Failure) {
    let fault = &failure.fault;
    if before == Some(fault.kind) {
        debug!(alias = %role.alias, fault = %fault.kind, count = failure.count, "failed again: {}", fault.message);
    } else {
        warn!(alias = %role.alias, fault = %fault.kind, "{}: {}; {}", role.alias, fault.message, fault.action);
    }
}

pub(crate) fn withdrawn(role: &Role, effect: &Effect) {
    let alias = &role.alias;
    match effect {
        Effect::Withdraw { reason: reason @ Withdrawal::Expired, .. } => warn!(%alias, %reason, "session withdrawn"),
        // Somebody wanted it so.
        Effect::Withdraw { reason, .. } => info!(%alias, %reason, "session withdrawn"),
        _ => {}
    }
}

pub(crate) fn clock(before: Option<SignedDuration>, now: Option<SignedDuration>) {
    match (before, now) {
        (None, Some(skew)) => {
            let (seconds, side) = (skew.as_secs().unsigned_abs(), if skew.is_negative() { "behind" } else { "ahead" });
            warn!(
                fault = %FaultKind::Clock,
                "the clock of this machine is {seconds} s {side} of STS; set it right: signatures that are 5 minutes off \
                 are refused"
            );
        }
        (Some(_), None) => info!("the clock of this machine is right again"),
        _ => {}
    }
}

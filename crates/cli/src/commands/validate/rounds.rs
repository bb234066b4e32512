//! Has the roles assumed: all of them once, and those that may yet be given a session again, as long as is wanted.
//!
//! The engine of the agent does it, without a sink: it keeps to the budget, and a role of a chain waits for the one before.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rolecall_core::port::Clock as _;
use rolecall_core::rotation::{BudgetPolicy, Policy};
use rolecall_core::{Alias, FaultKind, Role};
use rolecall_rotator::{RoleReport, SystemClock, spawn};

use super::tries::Tries;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// How long is waited between two rounds: some tries in the seconds that IAM takes to heed a change.
const PACE: Duration = Duration::from_secs(2);

/// The longest that one more round takes: far longer than any call.
const ROUND: Duration = Duration::from_secs(60);

/// How each role stands once all were tried, and `wait` has passed or none is left for which it may help. In any order, and
/// with the roles that others are assumed from.
///
/// # Errors
/// When the engine has ended by itself.
pub(super) async fn run(
    roles: &[Role],
    tries: Arc<Tries>,
    budget: BudgetPolicy,
    wait: Duration,
) -> Result<Vec<RoleReport>, Failure> {
    let policy = Policy { budget, seed: std::process::id().into(), ..Policy::default() };
    let rotator = spawn(policy, Arc::new(SystemClock), tries, vec![]);
    let end = SystemClock.now().boot.saturating_add(wait);
    rotator.define_all(roles.iter().map(|role| (role.clone(), None)).collect());
    let wanted: HashSet<&Alias> = roles.iter().map(|role| &role.alias).collect();
    loop {
        rotator.settled().await;
        let reports = rotator.report().await.ok_or_else(ended)?.roles;
        let left = end.saturating_sub(SystemClock.now().boot);
        let again: Vec<Alias> = reports
            .iter()
            .filter(|report| wanted.contains(&report.role.alias) && may_be_mended(report))
            .map(|report| report.role.alias.clone())
            .collect();
        if left.is_zero() || again.is_empty() {
            rotator.stop().await;
            return Ok(reports);
        }
        tokio::time::sleep(PACE.min(left)).await;
        // Whatever came of it is in the next report.
        let _ = rotator.refresh(&again, ROUND).await;
    }
}

/// Whether a role has no session for a reason that may go away by itself.
fn may_be_mended(report: &RoleReport) -> bool {
    let may = |kind| matches!(kind, FaultKind::Denied | FaultKind::Unreachable | FaultKind::Throttled);
    report.expires_at.is_none() && report.fault.as_ref().is_some_and(|(fault, _)| may(fault.kind))
}

fn ended() -> Failure {
    Failure::new(ExitCode::Bug, "assume the roles: the engine ended before it was told to", "report this")
}

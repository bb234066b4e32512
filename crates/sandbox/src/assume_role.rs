//! `AssumeRole`: its parameters, their constraints, and whether the session may be issued.
//!
//! Constraints and messages follow the [API reference](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
//! Session policies are checked for their form and have no effect.

use std::time::Duration;

use jiff::Timestamp;
use rolecall_core::RoleArn;

use crate::constraints::{NAME, Problems};
use crate::error::StsError;
use crate::identity::Caller;
use crate::issue::{Issued, issue};
use crate::query::Parameters;
use crate::session::Carried;
use crate::trust::{ASSUME_ROLE, Request, lacks};
use crate::world::World;

/// What is issued for when nobody says.
const DEFAULT_SECONDS: i32 = 3600;

/// The most that the session of a role may ask for another role
/// ([role chaining](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html)).
const CHAINED_SECONDS: u64 = 3600;

/// What every operation that assumes a role is asked for, within its constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) role: RoleArn,
    pub(crate) session_name: String,
    pub(crate) seconds: u64,
    /// The tags and the source identity that the session is to have.
    pub(crate) carried: Carried,
    /// The length of its session policies and their ARNs, in bytes.
    pub(crate) policies: usize,
}

impl Wish {
    /// Reads the parameters that the operations share; `more` checks those of one of them. Reports all that are wrong
    /// together.
    pub(crate) fn read(parameters: &Parameters<'_>, more: impl FnOnce(&mut Problems)) -> Result<Self, StsError> {
        let seconds: i32 = match parameters.get("DurationSeconds") {
            None => DEFAULT_SECONDS,
            Some(text) => text.parse().map_err(|_| StsError::malformed_input())?,
        };
        let mut problems = Problems::default();
        let role = problems.required("roleArn", parameters.get("RoleArn"), 20..=2048, None);
        let name = parameters.get("RoleSessionName");
        let session_name = problems.required("roleSessionName", name, 2..=64, Some(NAME));
        problems.bounds("durationSeconds", seconds, 900..=43_200);
        problems.policies(parameters);
        more(&mut problems);
        problems.finish()?;
        check_policy(parameters)?;
        let role = role.parse().map_err(|_| StsError::validation(format!("{role} is invalid")))?;
        let arns = parameters.below("PolicyArns.member.").map(|(_, arn)| arn);
        Ok(Self {
            role,
            session_name: session_name.into(),
            seconds: u64::from(seconds.unsigned_abs()),
            carried: Carried::default(),
            policies: parameters.get("Policy").into_iter().chain(arns).map(str::len).sum(),
        })
    }

    /// How much of the room for policies and tags the session would take; none when it has none.
    pub(crate) fn packed_percent(&self) -> Option<usize> {
        self.carried.packed_percent(self.policies)
    }

    /// Whether the session has room for its policies and tags.
    pub(crate) fn check_packed(&self) -> Result<(), StsError> {
        match self.packed_percent() {
            Some(percent) if percent > 100 => Err(StsError::packed_policy_too_large(percent)),
            _ => Ok(()),
        }
    }
}

/// Answers `AssumeRole`. `serial` makes the key of the session unique.
pub(crate) fn assume_role(
    world: World<'_>,
    now: Timestamp,
    serial: u64,
    caller: &Caller,
    parameters: &Parameters<'_>,
) -> Result<Issued, StsError> {
    let World { config, mint, faults, .. } = world;
    let mut wish = Wish::read(parameters, |problems| problems.assume_role(parameters))?;
    let asked = Carried::read(parameters)?;
    wish.carried = caller.carried().unwrap_or(&Carried::default()).pass_on(&asked)?;
    let denied = |action| StsError::access_denied(&caller.arn, action, &wish.role);
    let role = config.roles.get(&wish.role).filter(|_| !faults.denies(&wish.role));
    let role = role.ok_or_else(|| denied(ASSUME_ROLE))?;
    let request = Request {
        now: Some(now),
        session_name: Some(&wish.session_name),
        external_id: parameters.get("ExternalId"),
        asked: &asked,
        granted: &wish.carried,
    };
    if let Some(action) = lacks(config, caller, &wish.role, world.trust_of(&wish.role, role), request) {
        return Err(denied(action));
    }
    if caller.role().is_some() && wish.seconds > CHAINED_SECONDS {
        let message =
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(StsError::validation(message));
    }
    check_max_session(wish.seconds, role.max_session)?;
    wish.check_packed()?;
    Ok(issue(mint, faults, now, serial, wish))
}

/// A session may not be longer than its role says.
pub(crate) fn check_max_session(seconds: u64, max_session: Duration) -> Result<(), StsError> {
    if seconds <= max_session.as_secs() {
        return Ok(());
    }
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    Err(StsError::validation(message))
}

/// A session policy is a JSON object; what it says has no effect here.
fn check_policy(parameters: &Parameters<'_>) -> Result<(), StsError> {
    let Some(policy) = parameters.get("Policy") else { return Ok(()) };
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(policy) {
        Ok(_) => Ok(()),
        Err(_) => Err(StsError::malformed_policy_document()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Config;
    use crate::faults::Faults;
    use crate::identity::tests::{session_of, user};
    use crate::mint::Mint;

    const ROLE: &str = "arn:aws:iam::123456789012:role/MyFirstRole";

    fn read(text: &str) -> Result<Wish, String> {
        let parameters = Parameters::parse([text.as_bytes()]).unwrap();
        Wish::read(&parameters, |_| {})
            .map_err(|error| format!("{} {}: {}", error.status.as_u16(), error.code, error.message))
    }

    #[test]
    fn parameters_out_of_bounds_are_reported_in_the_words_of_aws() {
        let good = format!("RoleArn={ROLE}&RoleSessionName=me");
        let at = |member: &str| format!("at '{member}' failed to satisfy constraint: Member must");
        let one = "400 ValidationError: 1 validation error detected: Value";
        for (text, expected) in [
            (
                format!("{good}&DurationSeconds=899"),
                format!("{one} '899' {} have value greater than or equal to 900", at("durationSeconds")),
            ),
            (
                format!("{good}&DurationSeconds=-1"),
                format!("{one} '-1' {} have value greater than or equal to 900", at("durationSeconds")),
            ),
            (
                format!("{good}&DurationSeconds=43201"),
                format!("{one} '43201' {} have value less than or equal to 43200", at("durationSeconds")),
            ),
            (format!("{good}&DurationSeconds=1h"), "400 MalformedInput: ".into()),
            (
                format!("{good}&Policy=%7B"),
                "400 MalformedPolicyDocument: The policy is not in the valid JSON format.".into(),
            ),
            (format!("RoleArn={ROLE}"), format!("{one} null {} not be null", at("roleSessionName"))),
            (
                format!("RoleArn={ROLE}&RoleSessionName=x"),
                format!("{one} 'x' {} have length greater than or equal to 2", at("roleSessionName")),
            ),
            (
                format!("RoleArn={ROLE}&RoleSessionName={}", "x".repeat(65)),
                format!("{one} '{}' {} have length less than or equal to 64", "x".repeat(65), at("roleSessionName")),
            ),
            (
                format!("RoleArn={ROLE}&RoleSessionName=bad%20name!"),
                format!("{one} 'bad name!' {} satisfy regular expression pattern: [\\w+=,.@-]*", at("roleSessionName")),
            ),
            (
                "RoleArn=short&RoleSessionName=me".into(),
                format!("{one} 'short' {} have length greater than or equal to 20", at("roleArn")),
            ),
            (
                "RoleArn=arn:aws:iam::123456789012:user/u&RoleSessionName=me".into(),
                "400 ValidationError: arn:aws:iam::123456789012:user/u is invalid".into(),
            ),
            (
                String::new(),
                format!(
                    "400 ValidationError: 2 validation errors detected: Value null {} not be null; Value null {} not be null",
                    at("roleArn"),
                    at("roleSessionName")
                ),
            ),
        ] {
            assert_eq!(read(&text), Err(expected), "{text}");
        }
    }

    #[test]
    fn the_bounds_themselves_are_within() {
        for seconds in [900, 43_200] {
            assert_eq!(
                read(&format!("RoleArn={ROLE}&RoleSessionName=me&DurationSeconds={seconds}")).unwrap().seconds,
                seconds
            );
        }
        assert_eq!(read(&format!("RoleArn={ROLE}&RoleSessionName=me")).unwrap().seconds, 3600);
    }

    #[test]
    fn the_limits_of_role_and_chain_hold() {
        let session = session_of(ROLE);
        for (caller, role, seconds, expected) in [
            (&user(), "MyFirstRole", 3600, Ok(())),
            (&user(), "MyFirstRole", 3601, Err("MaxSessionDuration set for this role.")),
            (&user(), "Deploy", 43_200, Ok(())),
            (&session, "Deploy", 3600, Ok(())),
            (&session, "Deploy", 3601, Err("for roles assumed by role chaining")),
        ] {
            let form =
                format!("RoleArn=arn:aws:iam::123456789012:role/{role}&RoleSessionName=me&DurationSeconds={seconds}");
            let parameters = Parameters::parse([form.as_bytes()]).unwrap();
            let (config, mint, faults) = (Config::default(), Mint::new(""), Faults::default());
            let world = World { config: &config, mint: &mint, faults: &faults, changed_trust: &BTreeMap::new() };
            let issued = assume_role(world, Timestamp::UNIX_EPOCH, 1, caller, &parameters);
            match (issued, expected) {
                (Ok(issued), Ok(())) => assert_eq!(issued.claims.expires_at.as_second(), seconds),
                (Err(error), Err(end)) => assert!(error.code == "ValidationError" && error.message.ends_with(end)),
                (issued, expected) => panic!("{form}: {issued:?}, {expected:?}"),
            }
        }
    }
}

//! `AssumeRole`: its parameters, their constraints, and the session that it issues.
//!
//! Constraints and messages follow the [API reference](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
//! Session policies, tags, external ids and source identities are taken and not looked at.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rolecall_core::RoleArn;

use crate::config::Config;
use crate::error::StsError;
use crate::faults::Faults;
use crate::identity::Caller;
use crate::mint::{Claims, Mint};
use crate::query::Parameters;
use crate::trust::{Decision, may_assume};

/// What is issued for when nobody says.
const DEFAULT_SECONDS: i32 = 3600;

/// The most that the session of a role may ask for another role
/// ([role chaining](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html)).
const CHAINED_SECONDS: u64 = 3600;

/// The parameters of one call, within their constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    role: RoleArn,
    session_name: String,
    seconds: u64,
}

/// A new session.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) claims: Claims,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: String,
    /// Who calls with this session.
    pub(crate) user: Caller,
}

impl Input {
    /// Checks the parameters, and reports all that are wrong together.
    pub(crate) fn read(parameters: &Parameters) -> Result<Self, StsError> {
        let role = parameters.get("RoleArn");
        let session_name = parameters.get("RoleSessionName");
        let seconds = match parameters.get("DurationSeconds") {
            None => DEFAULT_SECONDS,
            Some(text) => text.parse().map_err(|_| StsError::malformed_input())?,
        };
        let mut problems = Vec::new();
        problems.extend(length_problem("roleArn", role, 20, 2048));
        problems.extend(length_problem("roleSessionName", session_name, 2, 64));
        if let Some(name) = session_name.filter(|name| !name.chars().all(is_session_name)) {
            problems.push(problem("roleSessionName", name, "satisfy regular expression pattern: [\\w+=,.@-]*"));
        }
        if seconds < 900 {
            problems.push(problem("durationSeconds", seconds, "have value greater than or equal to 900"));
        } else if seconds > 43_200 {
            problems.push(problem("durationSeconds", seconds, "have value less than or equal to 43200"));
        }
        let (Some(role), Some(session_name), true) = (role, session_name, problems.is_empty()) else {
            let plural = if problems.len() == 1 { "" } else { "s" };
            let list = problems.join("; ");
            let message = format!("{} validation error{plural} detected: {list}", problems.len());
            return Err(StsError::validation(message));
        };
        let role = role.parse().map_err(|_| StsError::validation(format!("{role} is invalid")))?;
        Ok(Self { role, session_name: session_name.into(), seconds: u64::from(seconds.unsigned_abs()) })
    }

    /// Issues the session when trust and the limits of the role allow it. `serial` makes its key unique.
    pub(crate) fn issue(
        self,
        config: &Config,
        mint: &Mint,
        faults: &Faults,
        now: Timestamp,
        serial: u64,
        caller: &Caller,
    ) -> Result<Issued, StsError> {
        let Self { role, session_name, seconds } = self;
        let max_session = config.roles.get(&role).copied();
        let denied = faults.roles.get(&role.to_string()).is_some_and(|faults| faults.denied);
        match (may_assume(caller, &role, max_session.is_some(), denied), max_session) {
            (Decision::Allow, Some(max_session)) => check_limits(seconds, max_session, caller)?,
            _ => return Err(StsError::access_denied(&caller.arn, &role)),
        }
        let seconds = faults.session_seconds.unwrap_or(seconds);
        let expires_at = i64::try_from(seconds)
            .ok()
            .and_then(|seconds| {
                Timestamp::from_second(now.as_second()).ok()?.checked_add(SignedDuration::from_secs(seconds)).ok()
            })
            .unwrap_or(Timestamp::MAX);
        let claims = Claims { access_key_id: mint.access_key_id(serial), role, session_name, expires_at };
        Ok(Issued {
            secret_access_key: mint.secret_access_key(&claims.access_key_id),
            session_token: mint.session_token(&claims),
            user: Caller::session(&claims, mint),
            claims,
        })
    }
}

fn check_limits(seconds: u64, max_session: Duration, caller: &Caller) -> Result<(), StsError> {
    if caller.is_session && seconds > CHAINED_SECONDS {
        let message =
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(StsError::validation(message));
    }
    if seconds > max_session.as_secs() {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(StsError::validation(message));
    }
    Ok(())
}

fn is_session_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

fn length_problem(member: &str, value: Option<&str>, min: usize, max: usize) -> Option<String> {
    let Some(value) = value else {
        return Some(format!("Value null at '{member}' failed to satisfy constraint: Member must not be null"));
    };
    let length = value.chars().count();
    if length < min {
        Some(problem(member, value, &format!("have length greater than or equal to {min}")))
    } else if length > max {
        Some(problem(member, value, &format!("have length less than or equal to {max}")))
    } else {
        None
    }
}

fn problem(member: &str, value: impl fmt::Display, constraint: &str) -> String {
    format!("Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tests::user;

    const ROLE: &str = "arn:aws:iam::123456789012:role/MyFirstRole";

    fn read(text: &str) -> Result<Input, String> {
        let parameters = Parameters::parse([text.as_bytes()]).unwrap();
        Input::read(&parameters).map_err(|error| format!("{} {}: {}", error.status.as_u16(), error.code, error.message))
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
        let session = Caller { is_session: true, ..user() };
        for (caller, role, seconds, expected) in [
            (&user(), "MyFirstRole", 3600, Ok(())),
            (&user(), "MyFirstRole", 3601, Err("MaxSessionDuration set for this role.")),
            (&user(), "Deploy", 43_200, Ok(())),
            (&session, "Deploy", 3600, Ok(())),
            (&session, "Deploy", 3601, Err("for roles assumed by role chaining")),
        ] {
            let role = format!("arn:aws:iam::123456789012:role/{role}").parse().unwrap();
            let input = Input { role, session_name: "me".into(), seconds };
            let mint = Mint::new("");
            let issued =
                input.clone().issue(&Config::default(), &mint, &Faults::default(), Timestamp::UNIX_EPOCH, 1, caller);
            match (issued, expected) {
                (Ok(issued), Ok(())) => assert_eq!(issued.claims.expires_at.as_second().unsigned_abs(), seconds),
                (Err(error), Err(end)) => assert!(error.code == "ValidationError" && error.message.ends_with(end)),
                (issued, expected) => panic!("{input:?}: {issued:?}, {expected:?}"),
            }
        }
    }
}

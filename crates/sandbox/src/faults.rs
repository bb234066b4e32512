//! What a sandbox is made to do wrong.
//!
//! A plain value: set as a whole, read at each call. The JSON form is that of `/_sandbox/faults`.

use std::collections::BTreeMap;

use rolecall_core::RoleArn;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::mint::SESSION_KEY_PREFIX;

/// The most that `clock_offset_seconds` may be, either way: a hundred years.
const MAX_OFFSET: i64 = 100 * 366 * 86_400;

/// The faults in force. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// How long every answer is held back, in milliseconds.
    pub latency_ms: u64,
    /// How STS is down.
    pub outage: Option<Outage>,
    /// Which calls are answered with `Throttling`.
    pub throttle: Option<Throttle>,
    /// The length of every new session in seconds, whatever was asked for.
    pub session_seconds: Option<u64>,
    /// How far the clock of STS is ahead, in seconds; negative: behind.
    pub clock_offset_seconds: i64,
    /// Faults of single roles, by ARN.
    pub roles: BTreeMap<String, RoleFaults>,
    /// Access keys that do not work any more, by id.
    pub keys: BTreeMap<String, KeyState>,
}

/// The faults of one role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleFaults {
    /// Whether nobody may assume it.
    pub denied: bool,
    /// How long answers about it are held back, in milliseconds, on top of the latency of all.
    pub latency_ms: u64,
    /// Which calls for it are answered with `Throttling`, on top of the throttle of all.
    pub throttle: Option<Throttle>,
}

/// Calls that are too many: `{}` is every call, `{"calls": 5}` the next five, `{"per_second": 20}` what goes beyond
/// twenty calls a second. The counts begin when the faults are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Throttle {
    /// So many calls are refused, then none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// So many calls a second go through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
}

/// Ways to be down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// The request is read, nothing is done, the connection is closed without an answer.
    Drop,
    /// 503 `ServiceUnavailable`.
    Unavailable,
}

/// Why an access key does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Answered with `ExpiredToken`, as a session that is over.
    Expired,
    /// Answered with `InvalidClientTokenId`, as a key that was deactivated or deleted.
    Inactive,
}

/// Why faults cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultsError {
    /// A fault of a role that is not there would never show.
    #[error("roles: {0:?} is not the ARN of a role of this sandbox")]
    UnknownRole(String),
    /// A state of a key that is not there would never show.
    #[error("keys: {0:?} is neither the access key id of a user nor that of a session of this sandbox")]
    UnknownKey(String),
    /// A rate of nothing, or a rate and a number.
    #[error("throttle: say calls or per_second, not both, and 1 or more of it; {{}} refuses every call")]
    Throttle,
    /// Further than a hundred years.
    #[error("clock_offset_seconds: {0} is over a hundred years")]
    Offset(i64),
}

impl Faults {
    /// Whether every fault can show in the world of `config`.
    pub(crate) fn check(&self, config: &Config) -> Result<(), FaultsError> {
        let known_role = |arn: &str| arn.parse::<RoleArn>().is_ok_and(|arn| config.roles.contains_key(&arn));
        let known_key = |id: &str| config.users.contains_key(id) || id.starts_with(SESSION_KEY_PREFIX);
        if let Some(arn) = self.roles.keys().find(|arn| !known_role(arn)) {
            return Err(FaultsError::UnknownRole(arn.clone()));
        }
        if let Some(id) = self.keys.keys().find(|id| !known_key(id)) {
            return Err(FaultsError::UnknownKey(id.clone()));
        }
        if self.clock_offset_seconds.unsigned_abs() > MAX_OFFSET.unsigned_abs() {
            return Err(FaultsError::Offset(self.clock_offset_seconds));
        }
        let is_wrong = |throttle: &Throttle| {
            (throttle.calls.is_some() && throttle.per_second.is_some())
                || throttle.calls == Some(0)
                || throttle.per_second == Some(0)
        };
        let of_roles = self.roles.values().filter_map(|faults| faults.throttle.as_ref());
        if self.throttle.iter().chain(of_roles).any(is_wrong) {
            return Err(FaultsError::Throttle);
        }
        Ok(())
    }

    /// Whether nobody may assume `role`.
    pub(crate) fn denies(&self, role: &RoleArn) -> bool {
        !self.roles.is_empty() && self.roles.get(&role.to_string()).is_some_and(|faults| faults.denied)
    }

    /// How long an answer about `role` is held back, in milliseconds.
    pub(crate) fn latency_ms(&self, role: Option<&str>) -> u64 {
        let of_role = role.and_then(|role| self.roles.get(role)).map_or(0, |faults| faults.latency_ms);
        self.latency_ms.saturating_add(of_role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<(), FaultsError> {
        serde_json::from_str::<Faults>(json).unwrap().check(&Config::default())
    }

    #[test]
    fn what_would_never_show_is_refused() {
        let role = "arn:aws:iam::123456789012:role/None";
        assert_eq!(check(&format!("{{\"roles\":{{\"{role}\":{{}}}}}}")), Err(FaultsError::UnknownRole(role.into())));
        assert_eq!(check("{\"keys\":{\"AKID\":\"expired\"}}"), Err(FaultsError::UnknownKey("AKID".into())));
        for throttle in [r#"{"calls":1,"per_second":1}"#, r#"{"calls":0}"#, r#"{"per_second":0}"#] {
            assert_eq!(check(&format!("{{\"throttle\":{throttle}}}")), Err(FaultsError::Throttle));
            let role = "arn:aws:iam::123456789012:role/MyFirstRole";
            let json = format!("{{\"roles\":{{\"{role}\":{{\"throttle\":{throttle}}}}}}}");
            assert_eq!(check(&json), Err(FaultsError::Throttle));
        }
        assert_eq!(check("{\"clock_offset_seconds\":-9223372036854775808}"), Err(FaultsError::Offset(i64::MIN)));
        for good in [
            "{}",
            "{\"outage\":\"drop\",\"session_seconds\":3,\"latency_ms\":1,\"clock_offset_seconds\":-7200}",
            "{\"roles\":{\"arn:aws:iam::123456789012:role/team/Admin\":{\"denied\":true,\"latency_ms\":5}}}",
            "{\"throttle\":{}}",
            "{\"throttle\":{\"per_second\":600}}",
            "{\"keys\":{\"SANDBOXKEYOFROLECALL\":\"expired\"}}",
            &format!("{{\"keys\":{{\"{SESSION_KEY_PREFIX}AAAAAAAAB\":\"inactive\"}}}}"),
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert!(serde_json::from_str::<Faults>("{\"latencyms\":1}").is_err(), "an unknown field is an error");
    }

    #[test]
    fn the_latency_of_a_role_comes_on_top() {
        let role = "arn:aws:iam::123456789012:role/R";
        let roles = BTreeMap::from([(role.to_owned(), RoleFaults { latency_ms: 5, ..RoleFaults::default() })]);
        let faults = Faults { latency_ms: 1, roles, ..Faults::default() };
        assert_eq!((faults.latency_ms(Some(role)), faults.latency_ms(Some("r")), faults.latency_ms(None)), (6, 1, 1));
    }
}

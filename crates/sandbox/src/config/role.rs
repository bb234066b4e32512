//! Reads the table of a role.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::SignedDuration;
use rolecall_core::RoleArn;
use serde::Deserialize;

use super::{ConfigError, Issuer, Role, WebIdentity};
use crate::trust::Principal;

/// The bounds of a role's `MaxSessionDuration`
/// ([CreateRole](https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html)).
const MAX_SESSION: RangeInclusive<Duration> = Duration::from_secs(3600)..=Duration::from_secs(43_200);

/// What the file says of a role.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleTable {
    #[serde(default = "slash")]
    path: String,
    #[serde(default = "an_hour")]
    max_session: String,
    trusts: Option<Vec<String>>,
    external_id: Option<String>,
    web_identity: Option<WebIdentityTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebIdentityTable {
    issuer: String,
    sub: String,
    aud: Option<String>,
}

fn slash() -> String {
    "/".into()
}

fn an_hour() -> String {
    "1h".into()
}

impl RoleTable {
    /// The role `name` of `account`, which has these `issuers`.
    pub(super) fn read(
        self,
        partition: &str,
        account: &str,
        name: &str,
        issuers: &BTreeMap<String, Issuer>,
    ) -> Result<(RoleArn, Role), ConfigError> {
        let Self { path, max_session, trusts, external_id, web_identity } = self;
        let arn: RoleArn = format!("arn:{partition}:iam::{account}:role{path}{name}")
            .parse()
            .map_err(|problem| ConfigError::Role { account: account.into(), role: name.into(), problem })?;
        let max_session = read_max_session(&max_session)
            .ok_or_else(|| ConfigError::MaxSession { role: arn.clone(), value: max_session.clone() })?;
        let wrong = |problem| ConfigError::Trust { role: arn.clone(), problem };
        let principal = |text: String| {
            Principal::read(&text, partition).ok_or_else(|| {
                wrong(format!("trusts: {text:?} is neither an account nor the ARN of a user, a role or a session"))
            })
        };
        let trusts = trusts.map(|trusts| trusts.into_iter().map(principal).collect::<Result<_, _>>()).transpose()?;
        if external_id.as_ref().is_some_and(|id| !(2..=1224).contains(&id.chars().count())) {
            return Err(wrong("external_id must have 2 to 1224 characters".into()));
        }
        let web_identity = web_identity.map(|WebIdentityTable { issuer, sub, aud }| WebIdentity { issuer, sub, aud });
        if let Some(WebIdentity { issuer, .. }) = web_identity.as_ref().filter(|it| !issuers.contains_key(&it.issuer)) {
            let problem = format!(
                "web_identity: the account has no issuer {issuer:?}; add [account.{account}.issuer.{issuer:?}]"
            );
            return Err(wrong(problem));
        }
        Ok((arn, Role { max_session, trusts, external_id, web_identity }))
    }
}

fn read_max_session(text: &str) -> Option<Duration> {
    let duration = Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()?;
    (MAX_SESSION.contains(&duration) && duration.subsec_nanos() == 0).then_some(duration)
}

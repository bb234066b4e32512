//! Reads the table of a role.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::SignedDuration;
use rolecall_core::RoleArn;
use serde::Deserialize;

use super::{ConfigError, Issuer, Role, WebIdentity, identity, trust};
use crate::policy::{Malformed, Policy};
use crate::web_identity::provider_arn;

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
    trust_policy: Option<String>,
    policies: Option<Vec<String>>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
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
        let Self { path, max_session, trusts, external_id, web_identity, trust_policy, policies, tags } = self;
        let arn: RoleArn = format!("arn:{partition}:iam::{account}:role{path}{name}")
            .parse()
            .map_err(|problem| ConfigError::Role { account: account.into(), role: name.into(), problem })?;
        let max_session = read_max_session(&max_session)
            .ok_or_else(|| ConfigError::MaxSession { role: arn.clone(), value: max_session.clone() })?;
        let wrong = |problem| ConfigError::Trust { role: arn.clone(), problem };
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
        let has_short_form = trusts.is_some() || external_id.is_some() || web_identity.is_some();
        let trust_policy = match trust_policy {
            Some(_) if has_short_form => {
                let problem = "trust_policy says everything: leave out trusts, external_id and web_identity";
                return Err(wrong(problem.into()));
            }
            Some(json) => json,
            None => {
                let provider = web_identity.as_ref().map(|identity| provider_arn(&arn, &identity.issuer));
                let web_identity = web_identity.as_ref().zip(provider.as_deref());
                trust::policy(trusts.as_deref(), external_id.as_deref(), web_identity).map_err(wrong)?
            }
        };
        let trust = Policy::trust(&trust_policy);
        let trust = trust.map_err(|Malformed(problem)| wrong(format!("trust_policy: {problem}")))?;
        let policies = identity::policies(policies).map_err(wrong)?;
        identity::check_tags(&tags).map_err(wrong)?;
        Ok((arn, Role { max_session, trust, policies, tags, web_identity }))
    }
}

fn read_max_session(text: &str) -> Option<Duration> {
    let duration = Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()?;
    (MAX_SESSION.contains(&duration) && duration.subsec_nanos() == 0).then_some(duration)
}

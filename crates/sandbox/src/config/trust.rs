//! The short forms of trust: what a role says with `trusts`, `external_id` and `web_identity`, as a trust policy.

use serde_json::{Value, json};

use super::WebIdentity;
use crate::policy::Principal;
use crate::trust::{ASSUME_ROLE, ASSUME_ROLE_WITH_WEB_IDENTITY, SET_SOURCE_IDENTITY, TAG_SESSION};
use crate::web_identity::without_scheme;

/// The JSON of the policy that the short forms of a role stand for. `provider` is the ARN of the one that
/// `web_identity` names.
pub(super) fn policy(
    trusts: Option<&[String]>,
    external_id: Option<&str>,
    web_identity: Option<(&WebIdentity, &str)>,
) -> Result<String, String> {
    let principal = match trusts {
        None => Some(json!("*")),
        Some([]) => None,
        Some(trusts) => {
            // A `*` is what a role says that says nothing.
            if let Some(text) = trusts.iter().find(|text| *text == "*" || Principal::aws(text).is_none()) {
                return Err(format!(
                    "trusts: {text:?} is neither an account nor the ARN of a user, a role or a session"
                ));
            }
            Some(json!({ "AWS": trusts }))
        }
    };
    let callers = principal.map(|principal| {
        let actions = [ASSUME_ROLE, TAG_SESSION, SET_SOURCE_IDENTITY];
        let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": actions});
        if let Some(external_id) = external_id {
            statement["Condition"] = json!({"StringEquals": {"sts:ExternalId": external_id}});
        }
        statement
    });
    let tokens = web_identity.map(|(identity, provider)| of_tokens(identity, provider));
    let mut statements: Vec<Value> = callers.into_iter().chain(tokens).collect();
    if statements.is_empty() {
        // A policy has a statement at least.
        statements.push(json!({"Effect": "Deny", "Principal": "*", "Action": ASSUME_ROLE}));
    }
    Ok(json!({"Version": "2012-10-17", "Statement": statements}).to_string())
}

fn of_tokens(identity: &WebIdentity, provider: &str) -> Value {
    let WebIdentity { issuer, sub, aud } = identity;
    let issuer = without_scheme(issuer);
    let mut condition = json!({"StringLike": {format!("{issuer}:sub"): sub}});
    if let Some(aud) = aud {
        condition["StringEquals"] = json!({format!("{issuer}:aud"): aud});
    }
    json!({
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": ASSUME_ROLE_WITH_WEB_IDENTITY,
        "Condition": condition,
    })
}

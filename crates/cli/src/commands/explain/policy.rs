//! The policies that a hop needs, to paste: what the role must trust, and what the caller must be allowed. Pure.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::explanation::{Caller, Hop};

/// A policy of IAM, with its fields in the order in which people write them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Policy {
    version: &'static str,
    statement: [Statement; 1],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<BTreeMap<&'static str, String>>,
    action: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: BTreeMap<&'static str, BTreeMap<String, Vec<String>>>,
}

impl Policy {
    fn allowing(statement: Statement) -> Self {
        Self { version: "2012-10-17", statement: [statement] }
    }

    /// The policy as IAM takes it, in lines.
    pub(super) fn json(&self) -> String {
        let mut text = Vec::new();
        let mut writer = Serializer::with_formatter(&mut text, Lines(PrettyFormatter::new()));
        // Nothing in it can fail to be written, and JSON is text.
        let _ = self.serialize(&mut writer);
        String::from_utf8(text).unwrap_or_default()
    }
}

/// Objects over several lines, lists on one: as people write policies.
struct Lines(PrettyFormatter<'static>);

impl Formatter for Lines {
    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

/// The trust policy that the role must have at least; none while the caller is not known.
pub(super) fn trust(hop: &Hop) -> Option<Policy> {
    let (principal, conditions) = match &hop.caller {
        Caller::Principal(principal) => {
            let id = hop.external_id.iter().map(|id| ("sts:ExternalId".to_owned(), vec![id.clone()])).collect();
            (("AWS", principal.as_ref()?.named().to_owned()), id)
        }
        Caller::Token(claims) => {
            let claims = claims.as_ref()?;
            let issuer = claims.issuer.strip_prefix("https://").unwrap_or(&claims.issuer);
            let provider = format!("arn:{}:iam::{}:oidc-provider/{issuer}", hop.arn.partition(), hop.arn.account());
            let of_token: BTreeMap<String, Vec<String>> = [
                (format!("{issuer}:aud"), claims.audiences.clone()),
                (format!("{issuer}:sub"), vec![claims.subject.clone()]),
            ]
            .into();
            (("Federated", provider), of_token)
        }
    };
    let condition = Some(("StringEquals", conditions)).filter(|(_, keys)| !keys.is_empty()).into_iter().collect();
    Some(Policy::allowing(Statement {
        effect: "Allow",
        principal: Some([principal].into()),
        action: hop.actions(),
        resource: None,
        condition,
    }))
}

/// The policy that the caller needs; none for a token, which has no policies.
pub(super) fn identity(hop: &Hop) -> Option<Policy> {
    matches!(hop.caller, Caller::Principal(_)).then(|| {
        Policy::allowing(Statement {
            effect: "Allow",
            principal: None,
            action: hop.actions(),
            resource: Some(hop.arn.to_string()),
            condition: BTreeMap::new(),
        })
    })
}

/// What has to be known about the two policies of a hop.
pub(super) fn notes(hop: &Hop) -> Vec<String> {
    let mut notes = vec![];
    let Some(principal) = hop.principal() else { return notes };
    if principal.shares_account(&hop.arn) {
        let only = "caller and role are in one account: a trust policy that names the caller directly is enough, one that \
                    names the account needs the caller's policy too";
        let has_identity = hop.actions().iter().any(|action| action.ends_with("SetSourceIdentity"));
        let both = if has_identity { "; sts:SetSourceIdentity needs both along a chain" } else { "" };
        notes.push(format!("{only}{both}"));
    } else {
        notes.push("caller and role are in different accounts: both policies are needed".into());
    }
    if principal.may_have_path() {
        let sso = principal.named().contains("role/AWSReservedSSO_");
        let path = if sso { ": those of IAM Identity Center are below aws-reserved/sso.amazonaws.com/" } else { "" };
        notes.push(format!(
            "the role of the caller may have a path, which the ARN of a session does not tell{path}; the trust policy names \
             the role with its path"
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use rolecall_aws::explain::Claims;
    use serde_json::json;

    use super::*;
    use crate::commands::explain::explanation::Explanation;
    use crate::commands::explain::fixture::{chain, role};
    use crate::commands::explain::principal::Principal;

    #[test]
    fn a_session_is_trusted_by_its_role_with_all_that_goes_along() {
        let spoke = &Explanation::planned(&chain(), false).hops[1];
        let actions = json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
        assert_eq!(
            json!(trust(spoke)),
            json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:role/team/Hub"},
                "Action": actions,
                "Condition": {"StringEquals": {"sts:ExternalId": ["handshake"]}},
            }]})
        );
        assert_eq!(
            json!(identity(spoke)),
            json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": actions, "Resource": "arn:aws:iam::444455556666:role/Spoke",
            }]})
        );
        assert_eq!(notes(spoke), ["caller and role are in different accounts: both policies are needed"]);
    }

    #[test]
    fn a_policy_is_laid_out_as_people_write_them() {
        let expected = "\
{
  \"Version\": \"2012-10-17\",
  \"Statement\": [{
    \"Effect\": \"Allow\",
    \"Action\": [\"sts:AssumeRole\", \"sts:TagSession\", \"sts:SetSourceIdentity\"],
    \"Resource\": \"arn:aws:iam::444455556666:role/Spoke\"
  }]
}";
        assert_eq!(identity(&Explanation::planned(&chain(), false).hops[1]).unwrap().json(), expected);
    }

    #[test]
    fn a_token_is_trusted_by_what_it_says() {
        let token = rolecall_core::Source::WebIdentity("/token".parse().unwrap());
        let role = rolecall_core::Role { source: token, ..role("app", "App") };
        let mut hop = Explanation::planned(&role, false).hops.remove(0);
        assert_eq!((trust(&hop), identity(&hop)), (None, None));
        hop.caller = Caller::Token(Some(Claims {
            issuer: "https://oidc.example.com/prod".into(),
            subject: "system:serviceaccount:prod:app".into(),
            audiences: vec!["sts.amazonaws.com".into()],
        }));
        let policy = json!(trust(&hop));
        let statement = &policy["Statement"][0];
        let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/prod";
        assert_eq!(statement["Principal"], json!({"Federated": provider}));
        assert_eq!(statement["Action"], json!(["sts:AssumeRoleWithWebIdentity"]));
        let said = &statement["Condition"]["StringEquals"];
        assert_eq!(said["oidc.example.com/prod:sub"], json!(["system:serviceaccount:prod:app"]));
        assert_eq!(said["oidc.example.com/prod:aud"], json!(["sts.amazonaws.com"]));
    }

    #[test]
    fn whether_one_policy_is_enough_is_said() {
        let mut hop = Explanation::planned(&role("a", "A"), false).hops.remove(0);
        assert!(notes(&hop).is_empty());
        hop.called_by(Principal::parse("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1/me"));
        let notes = notes(&hop);
        assert!(notes[0].starts_with("caller and role are in one account"), "{notes:?}");
        assert!(notes[1].contains("aws-reserved/sso.amazonaws.com/"), "{notes:?}");
    }
}

//! How the policies of role and caller work together.

use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::identity::Holder;
use crate::mint::Mint;
use crate::session::SessionTag;

const HUB: &str = "111122223333";

/// A world with the user `alice` and the role `Chain` of the account [`HUB`], both with `policies`.
fn world(policies: Option<&Value>) -> Config {
    let policies = policies.map(|policies| format!("policies = ['{policies}']\n")).unwrap_or_default();
    let user = "access_key_id = \"SANDBOXKEYOFALICE\"\nsecret_access_key = \"x\"\n";
    Config::from_toml(&format!(
        "version = 1\n[account.{HUB}.user.alice]\n{user}tags = {{ team = \"blue\" }}\n{policies}\
         [account.{HUB}.role.Chain]\npath = \"/a/\"\ntags = {{ team = \"red\" }}\n{policies}"
    ))
    .unwrap()
}

fn policy(statements: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn trust(statements: &Value) -> Policy {
    Policy::trust(&policy(statements).to_string()).unwrap()
}

fn alice(config: &Config) -> Caller {
    Caller::user(config.users().next().unwrap(), &Mint::new(""))
}

fn chained(carried: Carried) -> Caller {
    let session = crate::identity::tests::session_of("arn:aws:iam::111122223333:role/a/Chain");
    let role = session.role().unwrap().clone();
    Caller { holder: Holder::Session { role, carried }, ..session }
}

fn ask(config: &Config, caller: &Caller, account: &str, trust: &Policy, asked: &Carried) -> Option<&'static str> {
    let granted = caller.carried().cloned().unwrap_or_default().pass_on(asked).unwrap();
    let request = Request {
        now: Some("2026-03-01T12:00:00Z".parse().unwrap()),
        session_name: Some("me@host"),
        external_id: Some("handshake"),
        asked,
        granted: &granted,
    };
    lacks(config, caller, &format!("arn:aws:iam::{account}:role/R").parse().unwrap(), trust, request)
}

#[test]
fn trust_and_identity_policies_work_together_as_aws_says() {
    let statement = |effect: &str, principal: &str, action: &str| -> Value {
        json!({"Effect": effect, "Principal": {"AWS": principal}, "Action": action})
    };
    let user = "arn:aws:iam::111122223333:user/alice";
    let trusts = [
        ("silent", trust(&statement("Allow", "444455556666", "sts:AssumeRole"))),
        ("account", trust(&statement("Allow", HUB, "sts:AssumeRole"))),
        ("direct", trust(&statement("Allow", user, "sts:AssumeRole"))),
        ("everybody", trust(&statement("Allow", "*", "sts:AssumeRole"))),
        (
            "denied",
            trust(&json!([statement("Allow", user, "sts:AssumeRole"), statement("Deny", HUB, "sts:AssumeRole")])),
        ),
    ];
    let identity = |effect: &str, action: &str| policy(&json!({"Effect": effect, "Action": action, "Resource": "*"}));
    let identities = [
        ("none", None),
        ("silent", Some(identity("Allow", "iam:GetRole"))),
        ("allowed", Some(identity("Allow", "sts:AssumeRole"))),
        ("denied", Some(identity("Deny", "sts:*"))),
    ];
    for (of_trust, trust) in &trusts {
        for (of_identity, policies) in &identities {
            for (account, same) in [(HUB, true), ("444455556666", false)] {
                let config = world(policies.as_ref());
                let lacking = ask(&config, &alice(&config), account, trust, &Carried::default());
                let expected = match (*of_trust, *of_identity) {
                    ("silent" | "denied", _) | (_, "denied") => false,
                    ("account", "silent") => false,
                    (_, "silent") => same,
                    (_, _) => true,
                };
                let expected = if expected { None } else { Some(ASSUME_ROLE) };
                assert_eq!(lacking, expected, "trust {of_trust}, identity {of_identity}, same account: {same}");
            }
        }
    }
}

#[test]
fn tags_and_source_identities_need_rights_of_their_own() {
    let tag = SessionTag { key: "team".into(), value: "blue".into(), transitive: true };
    let tags = Carried { tags: vec![tag], source_identity: None };
    let source = Carried { tags: Vec::new(), source_identity: Some("alice".into()) };
    let trusts = |actions: &Value| trust(&json!({"Effect": "Allow", "Principal": "*", "Action": actions}));
    let all = json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
    let only = json!("sts:AssumeRole");
    let may = |actions: &Value| world(Some(&policy(&json!({"Effect": "Allow", "Action": actions, "Resource": "*"}))));
    let far = "444455556666";
    for (account, trusted, owned, asked, expected) in [
        (HUB, &all, &all, &tags, None),
        (HUB, &only, &all, &tags, Some(TAG_SESSION)),
        (HUB, &all, &only, &tags, None),
        (far, &all, &only, &tags, Some(TAG_SESSION)),
        (far, &all, &all, &tags, None),
        (HUB, &all, &all, &source, None),
        (HUB, &only, &all, &source, Some(SET_SOURCE_IDENTITY)),
        (HUB, &all, &only, &source, None),
        (far, &all, &only, &source, Some(SET_SOURCE_IDENTITY)),
        (HUB, &json!("sts:TagSession"), &all, &tags, Some(ASSUME_ROLE)),
    ] {
        let config = may(owned);
        let lacking = ask(&config, &alice(&config), account, &trusts(trusted), asked);
        assert_eq!(lacking, expected, "{account} {trusted} {owned}");
    }
    // A chain needs the right to the source identity on both sides, even within an account.
    let config = may(&only);
    let nothing = Carried::default();
    for (carried, expected) in [(&tags, None), (&source, Some(SET_SOURCE_IDENTITY))] {
        assert_eq!(ask(&config, &chained(carried.clone()), HUB, &trusts(&all), &nothing), expected);
    }
    // What is inherited needs the same.
    let config = may(&all);
    for (carried, expected) in [(&tags, TAG_SESSION), (&source, SET_SOURCE_IDENTITY)] {
        let caller = chained(carried.clone());
        assert_eq!(ask(&config, &caller, HUB, &trusts(&only), &nothing), Some(expected));
        assert_eq!(ask(&config, &caller, HUB, &trusts(&all), &nothing), None);
    }
    // A source identity stays as it is.
    let (caller, other) = (chained(source.clone()), Carried { source_identity: Some("bob".into()), ..source.clone() });
    assert_eq!(ask(&config, &caller, HUB, &trusts(&all), &other), Some(SET_SOURCE_IDENTITY));
    assert_eq!(ask(&config, &caller, HUB, &trusts(&all), &source), None);
}

#[test]
fn conditions_see_what_is_known_of_the_request() {
    let tag = |key: &str, transitive| SessionTag { key: key.into(), value: "blue".into(), transitive };
    let carried = Carried { tags: vec![tag("Inherited", true)], source_identity: Some("alice".into()) };
    let asked = Carried { tags: vec![tag("Team", true), tag("Cost", false)], source_identity: None };
    let config = world(None);
    let (alice, session) = (alice(&config), chained(carried));
    for (condition, of_user, of_session) in [
        (json!({"StringEquals": {"sts:ExternalId": "handshake"}}), true, true),
        (json!({"StringLike": {"sts:RoleSessionName": "me@*"}}), true, true),
        (json!({"StringEquals": {"sts:SourceIdentity": "alice"}}), false, true),
        (json!({"StringEquals": {"aws:SourceIdentity": "alice"}}), false, true),
        (json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/alice"}}), true, false),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/a/*"}}), false, true),
        (json!({"StringEquals": {"aws:PrincipalAccount": HUB}}), true, true),
        (json!({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}), false, true),
        (json!({"StringEquals": {"aws:PrincipalTag/Team": "blue"}}), true, false),
        (json!({"StringEquals": {"aws:PrincipalTag/team": "red"}}), false, true),
        (json!({"StringEquals": {"aws:PrincipalTag/inherited": "blue"}}), false, true),
        (json!({"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}}), true, false),
        (json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["Team", "Cost"]}}), true, true),
        (json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]}}), false, false),
        (json!({"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "Cost"}}), false, false),
        (json!({"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "Team"}}), true, true),
        (json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), false, false),
        (json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}), true, false),
        (json!({"Bool": {"aws:SecureTransport": true}}), true, true),
        (json!({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}), true, true),
        (json!({"DateGreaterThan": {"aws:CurrentTime": "2026-03-01T11:59:59Z"}}), true, true),
        (json!({"NumericLessThan": {"aws:EpochTime": 1_000_000_000}}), false, false),
        (json!({"StringEquals": {"aws:username": "alice"}}), true, false),
        (json!({"StringLike": {"aws:userid": "AROA*:me"}}), false, true),
        (json!({"Null": {"aws:RequestTag/Other": "true"}}), true, true),
    ] {
        let actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
        let trust = trust(&json!({"Effect": "Allow", "Principal": "*", "Action": actions, "Condition": condition}));
        assert_eq!(ask(&config, &alice, HUB, &trust, &asked).is_none(), of_user, "user: {condition}");
        assert_eq!(ask(&config, &session, HUB, &trust, &asked).is_none(), of_session, "session: {condition}");
    }
}

#[test]
fn partitions_know_nothing_of_each_other() {
    let config = world(None);
    let trust = trust(&json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}));
    let role = "arn:aws-cn:iam::111122223333:role/R".parse().unwrap();
    let (asked, granted) = (&Carried::default(), &Carried::default());
    let request = Request { now: None, session_name: None, external_id: None, asked, granted };
    assert_eq!(lacks(&config, &alice(&config), &role, &trust, request), Some(ASSUME_ROLE));
}

#[test]
fn a_token_opens_the_role_that_names_its_provider_and_subject() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/i.example/p";
    let identity = Identity { issuer: "https://i.example/p".into(), subject: "app".into(), audience: "sts".into() };
    let trusts = |federated: &str, condition: &Value| {
        trust(&json!({"Effect": "Allow", "Principal": {"Federated": federated}, "Condition": condition,
            "Action": ["sts:AssumeRoleWithWebIdentity"]}))
    };
    let (role, now) = ("arn:aws:iam::111122223333:role/R".parse().unwrap(), Timestamp::UNIX_EPOCH);
    for (federated, condition, expected) in [
        (provider, json!({}), true),
        (provider, json!({"StringEquals": {"i.example/p:sub": "app", "i.example/p:aud": "sts"}}), true),
        (provider, json!({"StringLike": {"i.example/p:sub": "a*"}}), true),
        (provider, json!({"StringEquals": {"i.example/p:sub": "other"}}), false),
        (provider, json!({"StringEquals": {"i.example/p:aud": "other"}}), false),
        (provider, json!({"StringEquals": {"j.example:sub": "app"}}), false),
        (provider, json!({"StringEquals": {"sts:RoleSessionName": "me"}}), true),
        ("arn:aws:iam::111122223333:oidc-provider/i.example", json!({}), false),
    ] {
        let policy = trusts(federated, &condition);
        let takes = takes_token(&role, &policy, &identity, "me", now);
        assert_eq!(takes, expected, "{federated} {condition}");
    }
}

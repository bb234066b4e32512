//! What can be said of a trust policy, and what must be left open.

use serde_json::{Value, json};

use super::*;

const USER: &str = "arn:aws:iam::111122223333:user/me";
const ASSUME: &str = "sts:AssumeRole";

fn policy(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn allow(principal: &Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": ASSUME})
}

fn with(mut statement: Value, key: &str, value: Value) -> Value {
    statement[key] = value;
    statement
}

fn say(statements: &[Value], external_id: Option<&str>) -> Verdict {
    verdict(&policy(statements), &Principal::parse(USER).unwrap(), ASSUME, external_id)
}

fn not_named() -> Verdict {
    Verdict::NotNamed { removed: vec![] }
}

#[test]
fn who_is_named_is_let_in_and_who_is_not_is_not() {
    for (principal, expected) in [
        (json!("*"), Verdict::Allowed(Through::Name)),
        (json!({"AWS": "*"}), Verdict::Allowed(Through::Name)),
        (json!({"AWS": USER}), Verdict::Allowed(Through::Name)),
        (json!({"AWS": ["arn:aws:iam::111122223333:user/you", USER]}), Verdict::Allowed(Through::Name)),
        (json!({"AWS": "111122223333"}), Verdict::Allowed(Through::Account)),
        (json!({"AWS": "arn:aws:iam::111122223333:root"}), Verdict::Allowed(Through::Account)),
        (json!({"AWS": "arn:aws:iam::111122223333:user/you"}), not_named()),
        (json!({"AWS": "arn:aws:iam::444455556666:root"}), not_named()),
        (json!({"Service": "ec2.amazonaws.com"}), not_named()),
        (json!({"AWS": "AIDAEXAMPLE"}), Verdict::NotNamed { removed: vec!["AIDAEXAMPLE".into()] }),
    ] {
        assert_eq!(say(&[allow(&principal)], None), expected, "{principal}");
    }
    let two = [allow(&json!({"AWS": "111122223333"})), allow(&json!({"AWS": USER}))];
    assert_eq!(say(&two, None), Verdict::Allowed(Through::Name));
}

#[test]
fn an_action_that_is_not_there_is_not_allowed() {
    let me = allow(&json!({"AWS": USER}));
    let caller = Principal::parse(USER).unwrap();
    let of = |statement: &Value, action: &str| verdict(&policy(std::slice::from_ref(statement)), &caller, action, None);
    assert_eq!(of(&me, "sts:TagSession"), Verdict::NotForAction);
    for actions in [json!("sts:*"), json!([ASSUME, "STS:tagsession"])] {
        let both = with(me.clone(), "Action", actions);
        assert_eq!(of(&both, "sts:TagSession"), Verdict::Allowed(Through::Name));
    }
}

#[test]
fn the_external_id_is_known() {
    let asked = |operator: &str, value: Value| {
        with(allow(&json!("*")), "Condition", json!({operator: {"sts:externalid": value}}))
    };
    for (operator, value, given, expected) in [
        ("StringEquals", json!("a"), None, Verdict::ExternalId),
        ("StringEquals", json!("a"), Some("b"), Verdict::ExternalId),
        ("StringEquals", json!(["b", "a"]), Some("a"), Verdict::Allowed(Through::Name)),
        ("StringLike", json!("a*"), Some("abc"), Verdict::Allowed(Through::Name)),
        ("StringLike", json!("${aws:username}"), Some("abc"), Verdict::Depends(["sts:externalid".into()].into())),
    ] {
        assert_eq!(say(&[asked(operator, value)], given), expected, "{operator} {given:?}");
    }
    let deny = with(asked("StringNotEquals", json!("a")), "Effect", json!("Deny"));
    assert_eq!(say(&[allow(&json!("*")), deny.clone()], None), Verdict::ExternalId);
    assert_eq!(say(&[allow(&json!("*")), deny], Some("a")), Verdict::Allowed(Through::Name));
}

#[test]
fn what_depends_on_something_else_is_told_by_its_keys() {
    let mfa = with(allow(&json!({"AWS": USER})), "Condition", json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}));
    assert_eq!(say(&[mfa], None), Verdict::Depends(["aws:MultiFactorAuthPresent".into()].into()));
    let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}});
    assert_eq!(say(&[allow(&json!("*")), deny], None), Verdict::Depends(["aws:SourceIp".into()].into()));
    let denied = json!({"Effect": "Deny", "Principal": {"AWS": USER}, "Action": "sts:*"});
    assert_eq!(say(&[allow(&json!("*")), denied], None), Verdict::Denied);
}

#[test]
fn what_is_not_read_here_is_left_open() {
    let not_principal = json!({"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "Action": ASSUME});
    let not_action = json!({"Effect": "Allow", "Principal": "*", "NotAction": "sts:TagSession"});
    let effect = json!({"Effect": "Maybe", "Principal": "*", "Action": ASSUME});
    for statement in [not_principal, not_action, effect] {
        assert_eq!(say(std::slice::from_ref(&statement), None), Verdict::Open, "{statement}");
    }
    for text in ["", "{}", "[]"] {
        assert_eq!(verdict(text, &Principal::parse(USER).unwrap(), ASSUME, None), Verdict::Open, "{text}");
    }
    // The path of a base's role is not known, so this may be it.
    let base = Principal::parse("arn:aws:sts::111122223333:assumed-role/Node/i-1").unwrap();
    let named = allow(&json!({"AWS": "arn:aws:iam::111122223333:role/team/Node"}));
    assert_eq!(verdict(&policy(&[named]), &base, ASSUME, None), Verdict::Open);
}

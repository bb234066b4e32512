//! Whole policies: what can be read, and what they say.

use serde_json::{Value, json};

use super::*;
use crate::identity::tests::user;

const ROLE: &str = "arn:aws:iam::123456789013:role/team/R";

fn trust(statements: &Value) -> Result<Policy, Malformed> {
    Policy::trust(&json!({"Version": "2012-10-17", "Statement": statements}).to_string())
}

fn identity(statements: &Value) -> Result<Policy, Malformed> {
    Policy::identity(&json!({"Version": "2012-10-17", "Statement": statements}).to_string())
}

fn ask(policy: &Policy, action: &str) -> Verdict {
    let (user, mut context) = (user(), Context::default());
    context.set("aws:username", "rolecall");
    context.set("sts:ExternalId", "handshake");
    policy.verdict(&Query { action, resource: ROLE, subject: Subject::Caller(&user), context: &context })
}

#[test]
fn a_trust_policy_says_who_may_do_what() {
    let user = "arn:aws:iam::123456789012:user/rolecall";
    for (statements, expected) in [
        (json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}), Verdict::Allowed),
        (json!({"Effect": "Allow", "Principal": {"AWS": user}, "Action": "STS:assume*"}), Verdict::Allowed),
        (json!([{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:*"}]), Verdict::ToAccount),
        (
            json!({"Effect": "Allow", "Principal": {"AWS": ["123456789012", user]}, "Action": "sts:AssumeRole"}),
            Verdict::Allowed,
        ),
        (
            json!({"Effect": "Allow", "Principal": {"AWS": user, "Service": "ec2.amazonaws.com"}, "Action": ["sts:AssumeRole"]}),
            Verdict::Allowed,
        ),
        (json!({"Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:TagSession"}), Verdict::Silent),
        (json!({"Effect": "Allow", "Principal": {"AWS": user}, "NotAction": "sts:TagSession"}), Verdict::Allowed),
        (json!({"Effect": "Allow", "Principal": {"AWS": user}, "NotAction": "sts:Assume*"}), Verdict::Silent),
        (
            json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}),
            Verdict::Silent,
        ),
        (
            json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {
                "StringEquals": {"sts:externalid": "handshake", "AWS:username": ["a", "rolecall"]}}}),
            Verdict::Allowed,
        ),
        (
            json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {
                "StringEquals": {"sts:ExternalId": "handshake"}, "StringLike": {"aws:username": "x*"}}}),
            Verdict::Silent,
        ),
        (
            json!([
                {"Effect": "Deny", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"},
                {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
            ]),
            Verdict::Denied,
        ),
        (
            json!([
                {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
                {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole",
                 "Condition": {"StringNotEquals": {"sts:ExternalId": "handshake"}}},
            ]),
            Verdict::Allowed,
        ),
    ] {
        assert_eq!(ask(&trust(&statements).unwrap(), "sts:AssumeRole"), expected, "{statements}");
    }
}

#[test]
fn an_identity_policy_says_what_may_be_done_to_what() {
    for (statement, expected) in [
        (json!({"Effect": "Allow", "Action": "*", "Resource": "*"}), Verdict::Allowed),
        (json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}), Verdict::Allowed),
        (
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/team/*"}),
            Verdict::Allowed,
        ),
        (
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ["arn:aws:iam::123456789013:role/R"]}),
            Verdict::Silent,
        ),
        (json!({"Effect": "Allow", "Action": "sts:AssumeRole", "NotResource": ROLE}), Verdict::Silent),
        (
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "NotResource": "arn:aws:iam::*:role/x"}),
            Verdict::Allowed,
        ),
        (json!({"Effect": "Deny", "Action": "sts:*", "Resource": "*"}), Verdict::Denied),
        (
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/${aws:username}"}),
            Verdict::Silent,
        ),
    ] {
        assert_eq!(ask(&identity(&statement).unwrap(), "sts:AssumeRole"), expected, "{statement}");
    }
    let own = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", "Condition": {
        "StringEquals": {"aws:username": "${aws:username}"}}});
    assert_eq!(ask(&identity(&own).unwrap(), "sts:AssumeRole"), Verdict::Allowed);
    let old = Policy::identity(&json!({"Statement": own}).to_string()).unwrap();
    assert_eq!(ask(&old, "sts:AssumeRole"), Verdict::Silent, "policies of 2008 have no variables");
}

#[test]
fn what_is_no_policy_is_refused_with_its_place() {
    let trusted = |more: Value| {
        let mut statement = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"});
        statement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        trust(&json!([{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}, statement]))
    };
    for (more, expected) in [
        (json!({"Effect": "allow"}), "statement 2: unknown variant `allow`"),
        (json!({"Principals": "*"}), "statement 2: unknown field `Principals`"),
        (json!({"Principal": null}), "statement 2: Missing required field Principal"),
        (json!({"Principal": "arn:aws:iam::123456789012:root"}), "statement 2: Invalid principal in policy"),
        (
            json!({"Principal": {"AWS": "arn:aws:iam::123456789012:role/*"}}),
            "statement 2: Invalid principal in policy: \"AWS\":",
        ),
        (json!({"Principal": {"AWS": []}}), "statement 2: Invalid principal in policy"),
        (json!({"Principal": {"User": "x"}}), "statement 2: Invalid principal in policy: \"User\":\"x\""),
        (json!({"NotPrincipal": "*"}), "statement 2: Has prohibited field NotPrincipal"),
        (json!({"Resource": "*"}), "statement 2: Has prohibited field Resource"),
        (json!({"NotResource": "*"}), "statement 2: Has prohibited field NotResource"),
        (json!({"Action": "s3:GetObject"}), "statement 2: AssumeRole policy may only specify STS AssumeRole actions."),
        (json!({"Action": null}), "statement 2: Missing required field Action"),
        (json!({"Action": []}), "statement 2: Action must be"),
        (json!({"NotAction": "sts:TagSession"}), "statement 2: has both Action and NotAction"),
        (
            json!({"Condition": {"StringMatches": {"k": "v"}}}),
            "statement 2: Condition: \"StringMatches\" is no operator",
        ),
    ] {
        let Malformed(problem) = trusted(more.clone()).unwrap_err();
        assert!(problem.starts_with(expected), "{more}: {problem}");
    }
    for (statement, expected) in [
        (
            json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}),
            "statement 1: Has prohibited field Principal",
        ),
        (json!({"Effect": "Allow", "Action": "*"}), "statement 1: Missing required field Resource"),
        (
            json!({"Effect": "Allow", "Action": "AssumeRole", "Resource": "*"}),
            "statement 1: Actions/Conditions must be prefaced",
        ),
        (
            json!({"Effect": "Allow", "Action": "*", "Resource": "R"}),
            "statement 1: Resource R must be in ARN format or \"*\".",
        ),
        (json!([]), "Statement must have"),
    ] {
        let Malformed(problem) = identity(&statement).unwrap_err();
        assert!(problem.starts_with(expected), "{statement}: {problem}");
    }
    for text in [
        "",
        "{",
        "[]",
        "{}",
        "{\"Version\":\"2020-01-01\",\"Statement\":[]}",
        "{\"Statement\":1}",
        "{\"statement\":[]}",
    ] {
        assert!(Policy::trust(text).is_err() && Policy::identity(text).is_err(), "{text}");
    }
}

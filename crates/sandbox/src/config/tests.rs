//! Worlds that can be read, and each mistake with its place.

use super::*;
use crate::mint::SESSION_KEY_PREFIX;

/// A user table that is right.
const USER: &str = "access_key_id = \"SANDBOXKEYOFALICE\"\nsecret_access_key = \"canary\"\n";

fn error(text: &str) -> String {
    let error = Config::from_toml(&format!("version = 1\n{text}")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    error.to_string()
}

#[test]
fn the_default_world_is_that_of_the_readme() {
    let config = Config::default();
    let users: Vec<_> = config.users().map(User::arn).collect();
    assert_eq!(users, ["arn:aws:iam::123456789012:user/rolecall"]);
    let roles: Vec<_> = config.roles().map(ToString::to_string).collect();
    assert_eq!(
        roles,
        [
            "arn:aws:iam::123456789012:role/Deploy",
            "arn:aws:iam::123456789012:role/MyFirstRole",
            "arn:aws:iam::123456789012:role/WebApp",
            "arn:aws:iam::123456789012:role/team/Admin",
            "arn:aws:iam::123456789013:role/MySecondRole",
            "arn:aws:iam::123456789013:role/ReadOnly",
        ]
    );
    assert_eq!(config.played_issuers().collect::<Vec<_>>(), ["https://oidc.example.com/sandbox"]);
}

#[test]
fn what_is_not_said_has_the_defaults_of_aws() {
    let text = "version = 1\n[account.111122223333.role.R]\n[account.444455556666]\npartition = \"aws-cn\"\n\
                [account.444455556666.role.S]\npath = \"/a/b/\"\nmax_session = \"2h 30m\"";
    let config = Config::from_toml(text).unwrap();
    let roles: Vec<_> = config.roles.iter().map(|(arn, role)| (arn.to_string(), role.max_session.as_secs())).collect();
    assert_eq!(
        roles,
        [
            ("arn:aws:iam::111122223333:role/R".to_owned(), 3600),
            ("arn:aws-cn:iam::444455556666:role/a/b/S".to_owned(), 9000)
        ]
    );
    assert_eq!(Config::from_toml("version = 1").unwrap().users().count(), 0);
}

#[test]
fn a_mistake_is_named_with_its_place_and_without_secrets() {
    let user = |name: &str, id: &str| format!("[account.{id}.user.{name}]\n{USER}");
    let cases = [
        ("x = 1".to_owned(), "line 2 of the sandbox's configuration: unknown field `x`"),
        ("[account.1.user.a]\nsecret_access_key = canary".to_owned(), "line 3 of the sandbox's configuration: "),
        ("[account.1.role.R]".to_owned(), "[account.1.role.R] is not the role of an account: the account id \"1\""),
        ("[account.111122223333.role.\"R R\"]".to_owned(), "[account.111122223333.role.R R] is not the role"),
        ("[account.111122223333.role.R]\npath=\"a\"".to_owned(), "[account.111122223333.role.R] is not the role"),
        ("[account.111122223333.role.R]\nmax_session=\"59m\"".to_owned(), "max_session of arn:aws:iam::111122223333"),
        ("[account.111122223333.role.R]\nmax_session=\"1d\"".to_owned(), "max_session of arn:aws:iam::111122223333"),
        (
            "[instance]\nrole = \"x\"".to_owned(),
            "[instance]: role is \"x\", which is not the ARN of a role of this file",
        ),
        (
            "[account.111122223333.role.R]\n[instance]\nrole = \"arn:aws:iam::111122223333:role/R\"\nregion = \"A\""
                .to_owned(),
            "[instance]: region: \"A\" is not an AWS Region",
        ),
        (user("a", "1"), "[account.1.user.a]: the account is not 12 digits"),
        (user("'a b'", "111122223333"), "[account.111122223333.user.a b]: the name of a user"),
        (
            user("a", "111122223333").replace("SANDBOXKEYOFALICE", "SHORT"),
            "[account.111122223333.user.a]: access_key_id must be 16 to 128",
        ),
        (
            user("a", "111122223333").replace("SANDBOXKEYOFALICE", &format!("{SESSION_KEY_PREFIX}AAAAAAAAA")),
            "[account.111122223333.user.a]: access_key_id must not begin",
        ),
        (
            user("a", "111122223333").replace("canary", "canary x"),
            "[account.111122223333.user.a]: secret_access_key must be",
        ),
        (
            user("a", "111122223333") + &user("b", "111122223333"),
            "the access key id \"SANDBOXKEYOFALICE\" belongs to two users",
        ),
        (
            "[account.111122223333.role.R]\ntrusts=[\"*\"]".into(),
            "arn:aws:iam::111122223333:role/R: trusts: \"*\" is neither an account nor the ARN of a user",
        ),
        (
            "[account.111122223333.role.R]\nexternal_id=\"x\"".into(),
            "arn:aws:iam::111122223333:role/R: external_id must have 2 to 1224 characters",
        ),
        (
            "[account.111122223333.role.R.web_identity]\nissuer=\"https://i\"\nsub=\"*\"".into(),
            "arn:aws:iam::111122223333:role/R: web_identity: the account has no issuer \"https://i\"",
        ),
        (
            "[account.111122223333.role.R]\ntrust_policy='{}'".into(),
            "arn:aws:iam::111122223333:role/R: trust_policy: missing field `Statement`",
        ),
        (
            "[account.111122223333.role.R]\ntrusts=[]\ntrust_policy='{}'".into(),
            "arn:aws:iam::111122223333:role/R: trust_policy says everything: leave out trusts",
        ),
        (
            "[account.111122223333.role.R]\npolicies=['{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\"}}']"
                .into(),
            "arn:aws:iam::111122223333:role/R: policies: number 1: statement 1: Missing required field Resource",
        ),
        (
            "[account.111122223333.role.R]\ntags={a='',A=''}".into(),
            "arn:aws:iam::111122223333:role/R: tags: \"a\" is there twice",
        ),
        (
            "[account.111122223333.role.R]\ntags={''='x'}".into(),
            "arn:aws:iam::111122223333:role/R: tags: \"\" must have 1 to 128 characters",
        ),
        (
            user("a", "111122223333") + "policies=['[]']",
            "[account.111122223333.user.a]: policies: number 1: invalid type: sequence",
        ),
        (
            user("a", "111122223333") + "[account.111122223333.user.a.tags]\n" + &"x".repeat(129) + "=''",
            "[account.111122223333.user.a]: tags: \"xxx",
        ),
        (
            "[account.111122223333.issuer.\"http://i\"]".into(),
            "[account.111122223333.issuer.\"http://i\"]: the issuer of tokens is an https:// URL",
        ),
        (
            "[account.111122223333.issuer.\"https://i\"]\naudiences=[]".into(),
            "[account.111122223333.issuer.\"https://i\"]: audiences must name one or more",
        ),
        (
            "[account.111122223333.issuer.\"https://i\"]\njwks=\"{}\"".into(),
            "[account.111122223333.issuer.\"https://i\"]: jwks is not a JSON Web Key Set: missing field `keys`",
        ),
    ];
    for (text, expected) in cases {
        let error = error(&text);
        assert!(error.starts_with(expected), "{text}\n{error}");
    }
}

#[test]
fn a_role_may_say_whom_it_trusts() {
    let text = "version = 1\n[account.111122223333.role.R]\ntrusts = [\"111122223333\"]\nexternal_id = \"abc\"\n\
                [account.111122223333.role.R.web_identity]\nissuer = \"https://i\"\nsub = \"s\"\naud = \"a\"\n\
                [account.111122223333.issuer.\"https://i\"]\naudiences = [\"a\", \"b\"]\n\
                [account.444455556666.issuer.\"https://j\"]\njwks = \'{\"keys\": []}\'\n";
    let config = Config::from_toml(text).unwrap();
    let role = config.roles.values().next().unwrap();
    let policy: serde_json::Value = serde_json::from_str(role.trust.text()).unwrap();
    let expected = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": ["111122223333"]},
            "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
            "Condition": {"StringEquals": {"sts:ExternalId": "abc"}},
        },
        {
            "Effect": "Allow",
            "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/i"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringLike": {"i:sub": "s"}, "StringEquals": {"i:aud": "a"}},
        },
    ]});
    assert_eq!(policy, expected);
    let WebIdentity { issuer, sub, aud } = role.web_identity.as_ref().unwrap();
    assert_eq!((issuer.as_str(), sub.as_str(), aud.as_deref()), ("https://i", "s", Some("a")));
    assert_eq!(config.played_issuers().collect::<Vec<_>>(), ["https://i"]);
    let open: Vec<_> = config.roles_open_to_tokens().map(|(arn, sub)| (arn.name(), sub)).collect();
    assert_eq!(open, [("R", "s")]);
    assert_eq!((config.default_audience("https://i"), config.default_audience("https://j")), (Some("a"), None));
    assert!(config.issuer("111122223333", "https://j").is_none(), "a provider belongs to its account");
}

#[test]
fn a_role_that_trusts_nobody_denies_everybody() {
    let config = Config::from_toml("version = 1\n[account.111122223333.role.R]\ntrusts = []").unwrap();
    let text = config.roles.values().next().unwrap().trust.text();
    let policy: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!((&policy["Statement"][0]["Effect"], policy["Statement"].as_array().unwrap().len()), (&"Deny".into(), 1));
}

#[test]
fn the_world_of_the_documentation_can_be_read() {
    let source = include_str!("../config.rs");
    let (_, after) = source.split_once("/// ```toml\n").unwrap();
    let lines = after.split_once("/// ```\n").unwrap().0.lines();
    let text: Vec<&str> = lines.map(|line| line.trim_start_matches("///")).collect();
    let config = Config::from_toml(&text.join("\n")).unwrap();
    let user = config.users().next().unwrap();
    assert_eq!((user.policies.as_ref().map(Vec::len), user.tags["team"].as_str()), (Some(1), "blue"));
    assert_eq!(config.roles().map(RoleArn::name).collect::<Vec<_>>(), ["Written", "Admin"]);
}

#[test]
fn the_roles_of_a_user_are_those_that_need_no_more_than_its_key() {
    let role = |name: &str, more: &str| format!("[account.111122223333.role.{name}]\n{more}\n");
    let text = format!(
        "version = 1\n[account.111122223333.user.a]\n{USER}{}{}{}{}",
        role("Any", ""),
        role("Own", "trusts = [\"111122223333\"]"),
        role("Other", "trusts = [\"444455556666\"]"),
        role("Vendor", "external_id = \"abc\"")
    );
    let config = Config::from_toml(&text).unwrap();
    let names: Vec<_> = config.roles_open_to(config.users().next().unwrap()).map(RoleArn::name).collect();
    assert_eq!(names, ["Any", "Own"]);
}

#[test]
fn the_world_of_the_guide_can_be_read() {
    let guide = include_str!("../../../../docs/guides/sandbox.md");
    let (_, after) = guide.split_once("```toml\n").unwrap();
    let config = Config::from_toml(after.split_once("```").unwrap().0).unwrap();
    let roles: Vec<_> = config.roles().map(RoleArn::name).collect();
    assert_eq!(roles, ["App", "Hub", "Spoke", "Written"]);
    assert_eq!(config.roles_open_to(config.users().next().unwrap()).map(RoleArn::name).collect::<Vec<_>>(), ["Hub"]);
}

#[test]
fn a_newer_version_is_refused_by_name() {
    assert_eq!(Config::from_toml("version = 2\nnews = 1").unwrap_err(), ConfigError::Version(2));
    assert!(matches!(Config::from_toml("").unwrap_err(), ConfigError::Toml { .. }));
}

#[test]
fn debug_shows_no_secret() {
    let config = Config::from_toml(&format!("version = 1\n[account.111122223333.user.a]\n{USER}")).unwrap();
    assert!(!format!("{config:?}").contains("canary"));
}

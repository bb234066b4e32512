//! What botocore makes of both files is held against botocore itself in the end-to-end tests.

use proptest::prelude::*;

use super::*;
use Difference as D;

fn config(text: &str) -> AwsConfig {
    read(text, "").unwrap()
}

const KEYS: &str = "aws_access_key_id = a\naws_secret_access_key = b\n";

fn role(name: &str, rest: &str) -> String {
    format!("[profile {name}]\nrole_arn = arn:aws:iam::123456789012:role/{name}\n{rest}\n")
}

/// The sources of the roles and the errors of the others.
fn assumed(text: &str) -> (Vec<(String, ProfileSource)>, Vec<String>) {
    let Assumed { roles, left_out } = config(text).assumed();
    let roles = roles.into_iter().map(|role| (role.name, role.source)).collect();
    (roles, left_out.iter().map(ToString::to_string).collect())
}

fn only_error(text: &str) -> String {
    let (roles, mut errors) = assumed(text);
    assert_eq!((roles.len(), errors.len()), (0, 1), "{roles:?} {errors:?}");
    errors.remove(0)
}

#[test]
fn a_header_is_a_profile_where_botocore_has_one() {
    for (header, name) in [
        ("[default]", Some("default")),
        ("[ default ]", None),
        ("[profile x]", Some("x")),
        ("[ profile x ]", None),
        ("[profile \"x y\"]", Some("x y")),
        ("[profiles x]", Some("x")),
        ("[profile x y]", None),
        ("[x]", None),
        ("[sso-session x]", None),
    ] {
        assert_eq!(config(header).profiles().first().map(|p| p.name.as_str()), name, "{header}");
    }
}

#[test]
fn the_keys_of_the_credentials_file_go_over_those_of_the_config_file() {
    let read = read("[profile a]\nx = 1\ny = 2\n[DEFAULT]\nz = 3\n", "[a]\ny = 4\nw =\n  K = v\n K=w\n[b]\n").unwrap();
    let keys: Vec<_> = read.get("a").unwrap().keys.iter().map(|key| (key.name.as_str(), key.text())).collect();
    assert_eq!(keys, [("x", Some("1")), ("y", Some("4")), ("z", Some("3")), ("w", None)]);
    let nested = read.get("a").unwrap().key("w").and_then(Key::nested);
    assert_eq!(nested.unwrap().collect::<Vec<_>>(), [("K", "v"), ("K", "w")]);
    assert_eq!(read.get("b").unwrap().at, Place { file: File::Credentials, line: 6 });
}

#[test]
fn an_error_names_the_file_the_line_and_what_to_do() {
    for (config, credentials, wrong, remedy) in [
        (
            "[a]\n[a]",
            "",
            "config file cannot be read: line 2: the section of line 1 again; ",
            "make one section of the two",
        ),
        (
            "",
            "[a]\nk: v\n= SECRET",
            "credentials file cannot be read: line 3: a value without a key; ",
            "write the key before the `=`",
        ),
    ] {
        let error = read(config, credentials).unwrap_err().to_string();
        assert_eq!(error, format!("the AWS {wrong}the AWS CLI and boto3 refuse all of it, too: {remedy}"));
    }
}

#[test]
fn a_key_that_nobody_inherits_may_have_any_value() {
    assert!(read("[DEFAULT]\nk =\n  v\n", "").is_ok());
    assert!(read("[DEFAULT]\nk =\n  v\n[a]\nk = w\n", "").is_ok());
    assert_eq!(read("[DEFAULT]\nk =\n  v\n[a]\n", "").unwrap_err().fault.line, 3);
}

#[test]
fn what_is_debugged_has_no_values() {
    let shown = format!("{:?}", config("[default]\naws_secret_access_key = SECRET"));
    assert!(!shown.contains("SECRET"), "{shown}");
}

#[test]
fn everything_a_role_says_is_read() {
    let text = "external_id = ext\nrole_session_name = me\nduration_seconds = 900\nregion = eu-west-1\n\
                sts_regional_endpoints = legacy\ncredential_source = EcsContainer";
    let role = config(&role("a", text)).assumed().roles.remove(0);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        role,
        AssumedProfile {
            name: "a".into(),
            at: Place { file: File::Config, line: 1 },
            role_arn: "arn:aws:iam::123456789012:role/a".into(),
            source: ProfileSource::EcsContainer,
            external_id: some("ext"),
            role_session_name: some("me"),
            duration_seconds: Some(900),
            region: some("eu-west-1"),
            sts_regional_endpoints: some("legacy"),
        }
    );
}

#[test]
fn a_chain_is_followed_to_its_end() {
    let chain = [role("a", "source_profile = b"), role("b", "source_profile = c"), format!("[profile c]\n{KEYS}")];
    let profile = |name: &str| ProfileSource::Profile(name.into());
    let role_of = |name: &str| ProfileSource::Role(name.into());
    assert_eq!(assumed(&chain.concat()), (vec![("a".into(), role_of("b")), ("b".into(), profile("c"))], vec![]));

    // Keys of its own come before the role of a source, and one may name itself for them.
    let own = [role("a", "source_profile = b"), role("b", &format!("source_profile = b\n{KEYS}"))];
    assert_eq!(assumed(&own.concat()), (vec![("a".into(), profile("b")), ("b".into(), profile("b"))], vec![]));

    // A token comes before everything.
    let token = [role("a", "source_profile = b"), role("b", &format!("web_identity_token_file = /t\n{KEYS}"))];
    let token_file = "/t".into();
    let web = ProfileSource::WebIdentity { token_file };
    assert_eq!(assumed(&token.concat()), (vec![("a".into(), role_of("b")), ("b".into(), web)], vec![]));
}

#[test]
fn a_chain_that_comes_back_is_shown_whole() {
    let text = [role("a", "source_profile = b"), role("b", "source_profile = a")].concat();
    let (roles, errors) = assumed(&text);
    assert_eq!(roles, []);
    let wrong = "the chain comes back to a profile that is in it already; give one of them another source";
    assert_eq!(
        errors,
        [
            format!(r#"the profile "a" (line 1 of the AWS config file) is left out: a -> b -> a: at "a", {wrong}"#),
            format!(r#"the profile "b" (line 4 of the AWS config file) is left out: b -> a -> b: at "b", {wrong}"#),
        ]
    );
    // Keys where the walk began do not end it, but they do for the other.
    let text = [role("a", &format!("source_profile = b\n{KEYS}")), role("b", "source_profile = a")].concat();
    let (roles, errors) = assumed(&text);
    assert_eq!(roles, [("b".into(), ProfileSource::Profile("a".into()))]);
    assert!(errors[0].contains("a -> b -> a"), "{errors:?}");
    assert!(only_error(&role("a", "source_profile = a")).contains("a -> a"));
}

#[test]
fn what_a_profile_lacks_is_named_and_the_rest_runs() {
    for (rest, part) in [
        ("", "neither `source_profile` nor `credential_source`"),
        ("source_profile = b\ncredential_source = Environment", "both `source_profile` and `credential_source`"),
        ("credential_source = environment", "none of `Environment`"),
        ("source_profile = none", r#"a -> none: at "none", there is no profile"#),
        ("source_profile =", "there is no profile"),
        ("source_profile = empty\n[profile empty]", r#"a -> empty: at "empty", it has no credentials"#),
        ("web_identity_token_file =", "`web_identity_token_file` is empty"),
        ("source_profile =\n  x = y", "`source_profile` has keys nested in it"),
        ("credential_source = Environment\nexternal_id =\n  x = y", "`external_id` has keys nested in it"),
        ("credential_source = Environment\nmfa_serial = m", "`mfa_serial`"),
    ] {
        let error = only_error(&role("a", rest));
        assert!(error.contains(part), "{rest}: {error}");
    }
    assert!(only_error("[default]\nweb_identity_token_file = /t").contains("`role_arn` is missing"));
    let text = [role("bad", ""), role("good", "credential_source = Environment")].concat();
    assert_eq!(assumed(&text).0, [("good".into(), ProfileSource::Environment)]);
}

#[test]
fn who_depends_on_a_code_is_left_out_and_is_no_fault() {
    let text = [
        role("a", "source_profile = b"),
        role("b", "source_profile = c\nmfa_serial = m"),
        role("c", "credential_source = Environment"),
    ];
    let Assumed { roles, left_out } = config(&text.concat()).assumed();
    assert_eq!(roles.len(), 1);
    let paths: Vec<_> =
        left_out.iter().map(|out| (out.path.join(" -> "), out.why.clone(), out.why.is_fault())).collect();
    assert_eq!(paths, [("a -> b".into(), Why::Mfa, false), ("b".into(), Why::Mfa, false)]);
}

#[test]
fn lines_that_other_sdks_read_otherwise_are_named() {
    for (config, credentials, notes) in [
        ("[default]\nregion: x", "", vec![(2, D::Colon)]),
        ("[default]\nk = a:b", "", vec![]),
        ("[default]\nk = a # b", "", vec![(2, D::InlineComment)]),
        ("[default]\nk = a#b", "", vec![]),
        ("[default]\nregion = \"a\"", "", vec![(2, D::Quotes)]),
        ("[default]\nk = a\n  role_arn = b", "", vec![(2, D::ContinuedByKey)]),
        ("[default]\n  k = a", "", vec![(2, D::Indented)]),
        ("[ profile a ]", "", vec![(1, D::BlankHeader)]),
        ("[profiles a]", "", vec![(1, D::OddHeader)]),
        ("[profile 'a b']", "", vec![(1, D::OddName)]),
        ("", "[profile a]", vec![(1, D::PrefixInCredentials)]),
        ("[profile default]\n[default]", "", vec![(2, D::DefaultTwice)]),
        ("[default]\n[profile default]", "", vec![]),
        ("[profile a]\n[profiles a]", "", vec![(2, D::OddHeader), (2, D::ProfileTwice)]),
        ("[profile \"a\"]", "", vec![(1, D::QuotedName)]),
        ("[DEFAULT]\nk = a", "", vec![(2, D::LendingSection)]),
        (
            "[default]\nrole_arn = a\nweb_identity_token_file = b\nsource_profile = c\nexternal_id = d",
            "",
            vec![(4, D::WebIdentityAndSource), (5, D::NotForWebIdentity)],
        ),
        ("[default]\nduration_seconds = 1h", "", vec![(2, D::Duration)]),
        ("[services x]\ns3 =\n  endpoint_url = y\n[x]\nk: v", "", vec![]),
    ] {
        let found = read(config, credentials).unwrap();
        let found: Vec<_> = found.notes().iter().map(|note| (note.at.line, note.difference)).collect();
        assert_eq!(found, notes, "{config}{credentials}");
    }
}

/// A profile `p<n>` with some of the keys that decide about a walk.
fn some_profile(number: usize) -> impl Strategy<Value = String> {
    let lines = prop_oneof![
        4 => (0..5usize).prop_map(|source| format!("source_profile = p{source}\n")),
        1 => Just("credential_source = Environment\n".to_owned()),
        1 => Just("mfa_serial = m\n".to_owned()),
        1 => Just(KEYS.to_owned()),
        1 => "t?".prop_map(|path| format!("web_identity_token_file = {path}\n")),
    ];
    (any::<bool>(), prop::collection::vec(lines, 0..3)).prop_map(move |(role, lines)| {
        let role = if role { "role_arn = r\n" } else { "" };
        format!("[profile p{number}]\n{role}{}", lines.concat())
    })
}

proptest! {
    #[test]
    fn every_source_that_is_a_role_is_kept_too(
        text in (some_profile(0), some_profile(1), some_profile(2), some_profile(3)),
    ) {
        let text = [text.0, text.1, text.2, text.3].concat();
        let Ok(read) = read(&text, "") else { return Ok(()) };
        let Assumed { roles, left_out } = read.assumed();
        for role in &roles {
            if let ProfileSource::Role(name) = &role.source {
                prop_assert!(roles.iter().any(|other| other.name == *name), "{}: {}", role.name, text);
            }
        }
        let with_role = read.profiles().iter().filter(|p| p.has("role_arn") || p.has("web_identity_token_file"));
        prop_assert_eq!(roles.len() + left_out.len(), with_role.count());
    }
}

//! What the SDKs are to assume by themselves.

use proptest::prelude::*;

use super::*;
use crate::aws_config::{AssumedProfile, ProfileSource, read};

const TOKEN: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";

fn role(alias: &str, arn: &str, origin: Origin) -> Chained {
    Chained {
        alias: alias.parse().unwrap(),
        arn: arn.parse().unwrap(),
        origin,
        region: None,
        external_id: None,
        session_name: None,
        duration: DEFAULT_DURATION,
        session_policy: false,
        tags: false,
        source_identity: false,
    }
}

fn from(alias: &str, source: &str) -> Chained {
    role(alias, "arn:aws:iam::123456789012:role/R", Origin::Role(source.parse().unwrap()))
}

fn of_base(alias: &str) -> Chained {
    role(alias, "arn:aws:iam::123456789012:role/R", Origin::Base)
}

fn irsa() -> Base {
    let role = "arn:aws:iam::123456789012:role/svc-eks-podrole".parse().unwrap();
    Base::WebIdentity { role, token_file: TOKEN.parse().unwrap() }
}

#[test]
fn a_chain_that_begins_at_a_pod_has_four_profiles() {
    let roles = [
        role("account-a-admin", "arn:aws:iam::345678901234:role/Administrator-role", Origin::Base),
        role("account-b-admin", "arn:aws:iam::567890123456:role/Administrator-role", Origin::Base),
        role(
            "account-b-specialized",
            "arn:aws:iam::567890123456:role/special-s3-access",
            Origin::Role("account-b-admin".parse().unwrap()),
        ),
    ];
    let expected = "\
[default]
role_arn = arn:aws:iam::123456789012:role/svc-eks-podrole
web_identity_token_file = /var/run/secrets/eks.amazonaws.com/serviceaccount/token

[profile account-a-admin]
role_arn = arn:aws:iam::345678901234:role/Administrator-role
source_profile = default

[profile account-b-admin]
role_arn = arn:aws:iam::567890123456:role/Administrator-role
source_profile = default

[profile account-b-specialized]
role_arn = arn:aws:iam::567890123456:role/special-s3-access
source_profile = account-b-admin
";
    assert_eq!(config(&irsa(), &roles), Ok(Rendered { text: expected.into(), unsaid: vec![] }));
}

#[test]
fn a_base_without_a_token_is_a_named_source() {
    for (base, source) in
        [(Base::Container, "EcsContainer"), (Base::Instance, "Ec2InstanceMetadata"), (Base::Environment, "Environment")]
    {
        let text = config(&base, &[of_base("a")]).unwrap().text;
        let arn = "arn:aws:iam::123456789012:role/R";
        assert_eq!(text, format!("[profile a]\nrole_arn = {arn}\ncredential_source = {source}\n"));
    }
}

#[test]
fn every_key_of_a_role_is_written() {
    let a = Chained {
        region: Some("eu-west-1".parse().unwrap()),
        external_id: Some("ticket-7".parse().unwrap()),
        session_name: Some("me@host".parse().unwrap()),
        duration: Duration::from_secs(43200),
        ..of_base("a")
    };
    let text = config(&Base::Environment, &[a]).unwrap().text;
    let keys = "external_id = ticket-7\nrole_session_name = me@host\nduration_seconds = 43200\nregion = eu-west-1\n";
    assert!(text.ends_with(keys), "{text}");
}

#[test]
fn what_a_config_cannot_say_is_told() {
    let long = Duration::from_secs(7200);
    let token = Origin::WebIdentity(TOKEN.parse().unwrap());
    let external_id = Some("ticket-7".parse().unwrap());
    let roles = [
        Chained { session_policy: true, tags: true, source_identity: true, ..of_base("a") },
        Chained { duration: long, ..of_base("b") },
        Chained { duration: long, external_id, origin: token, ..of_base("c") },
        Chained { duration: Duration::from_secs(900), ..from("d", "a") },
    ];
    let told = |base: &Base| -> Vec<_> {
        let unsaid = config(base, &roles).unwrap().unsaid;
        unsaid.into_iter().map(|unsaid| (unsaid.alias.to_string(), unsaid.what)).collect()
    };
    let owned = |told: &[(&str, Beyond)]| -> Vec<_> { told.iter().map(|(a, what)| ((*a).to_owned(), *what)).collect() };
    let of_a = [("a", Beyond::SessionPolicy), ("a", Beyond::Tags), ("a", Beyond::SourceIdentity)];
    let of_c = [("c", Beyond::ExternalId), ("c", Beyond::TokenDuration)];
    assert_eq!(told(&Base::Environment), owned(&[&of_a[..], &of_c].concat()));
    assert_eq!(told(&irsa()), owned(&[&of_a[..], &[("b", Beyond::Hour)], &of_c].concat()));
    let text = config(&irsa(), &roles).unwrap().text;
    assert_eq!(text.matches("duration_seconds").count(), 1, "{text}");
}

#[test]
fn roles_that_make_no_chain_are_refused() {
    for (roles, error) in [
        (vec![of_base("a"), of_base("a")], "two roles are called a, so there cannot be a profile for each"),
        (vec![from("a", "b")], "a is to be assumed from b, which is none of the roles"),
        (vec![from("a", "a")], "a -> a comes back"),
        (vec![of_base("d"), from("c", "a"), from("a", "b"), from("b", "a")], "b -> a -> b comes back"),
    ] {
        let found = config(&irsa(), &roles).unwrap_err().to_string();
        assert!(found.starts_with(error), "{found}");
    }
}

fn some_base() -> impl Strategy<Value = Base> {
    prop_oneof![
        ("[!-~]{0,20}").prop_map(|path| {
            let Base::WebIdentity { role, .. } = irsa() else { return Base::Container };
            Base::WebIdentity { role, token_file: format!("/{path}").parse().unwrap() }
        }),
        Just(Base::Container),
        Just(Base::Instance),
        Just(Base::Environment),
    ]
}

fn some_role() -> impl Strategy<Value = Chained> {
    let arn = "arn:aws:iam::[0-9]{12}:role/([!-.0-9;-~]{1,9}/)?[A-Za-z0-9+=,.@_-]{1,9}";
    let external_id = prop::option::of("[A-Za-z0-9_+=,.@:/-]{2,9}");
    let session_name = prop::option::of("[A-Za-z0-9_+=,.@-]{2,9}");
    let origin = prop_oneof![Just(None), "[!-~]{0,9}".prop_map(|path| format!("/{path}").parse().ok())];
    (arn, prop::option::of("[a-z][a-z0-9]{0,9}"), external_id, session_name, 900..43200u64, origin).prop_map(
        |(arn, region, external_id, session_name, seconds, token)| Chained {
            region: region.map(|region| region.parse().unwrap()),
            external_id: external_id.map(|id| id.parse().unwrap()),
            session_name: session_name.map(|name| name.parse().unwrap()),
            duration: Duration::from_secs(seconds),
            ..role("x", &arn, token.map_or(Origin::Base, Origin::WebIdentity))
        },
    )
}

/// The role as its profile reads back.
fn expected(base: &Base, role: &Chained) -> AssumedProfile {
    let by_token = matches!(role.origin, Origin::WebIdentity(_));
    let limit = if is_chained(base, role) { CHAINED.as_secs() } else { u64::MAX };
    AssumedProfile {
        name: role.alias.to_string(),
        at: crate::aws_config::Place { file: crate::config::File::Config, line: 0 },
        role_arn: role.arn.to_string(),
        source: match (&role.origin, base) {
            (Origin::WebIdentity(token), _) => ProfileSource::WebIdentity { token_file: token.to_string() },
            (Origin::Role(alias), _) => ProfileSource::Role(alias.to_string()),
            (Origin::Base, Base::WebIdentity { .. }) => ProfileSource::Role("default".into()),
            (Origin::Base, Base::Container) => ProfileSource::EcsContainer,
            (Origin::Base, Base::Instance) => ProfileSource::Ec2InstanceMetadata,
            (Origin::Base, Base::Environment) | (Origin::Provider(Provider::Environment), _) => {
                ProfileSource::Environment
            }
            (Origin::Provider(Provider::Container), _) => ProfileSource::EcsContainer,
            (Origin::Provider(Provider::Instance), _) => ProfileSource::Ec2InstanceMetadata,
        },
        external_id: role.external_id.as_ref().filter(|_| !by_token).map(ToString::to_string),
        role_session_name: role.session_name.as_ref().map(ToString::to_string),
        duration_seconds: Some(role.duration.as_secs().min(limit)).filter(|&s| !by_token && s != 3600),
        region: role.region.as_ref().map(ToString::to_string),
        sts_regional_endpoints: None,
    }
}

proptest! {
    #[test]
    fn what_is_rendered_reads_back_as_the_same_profiles_and_no_other(
        base in some_base(),
        mut roles in prop::collection::btree_map("[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,9}x", some_role(), 0..5),
        chained in any::<bool>(),
    ) {
        let mut before: Option<Alias> = None;
        for (alias, role) in &mut roles {
            role.alias = alias.parse().unwrap();
            if let Some(before) = before.replace(role.alias.clone()).filter(|_| chained) {
                role.origin = Origin::Role(before);
            }
        }
        let roles: Vec<Chained> = roles.into_values().collect();
        let text = config(&base, &roles).unwrap().text;
        let read = read(&text, "").unwrap();
        prop_assert_eq!(read.notes(), []);
        let assumed = read.assumed();
        prop_assert_eq!(assumed.left_out, []);
        let mut found = assumed.roles;
        found.iter_mut().for_each(|role| role.at.line = 0);
        if let Base::WebIdentity { role, token_file } = &base {
            let default = found.remove(0);
            let token_file = token_file.to_string();
            prop_assert_eq!((default.name, default.role_arn), ("default".to_owned(), role.to_string()));
            prop_assert_eq!(default.source, ProfileSource::WebIdentity { token_file });
        }
        prop_assert_eq!(found, roles.iter().map(|role| expected(&base, role)).collect::<Vec<_>>());
    }
}

//! `GetRole` of IAM.

use rolecall_sandbox::Config;
use serde_json::{Value, json};

use crate::client::{Answer, Signer, USER, World};

/// Users with the policies `policies`, and roles in two accounts.
fn world(policies: &str) -> Config {
    let (id, secret) = USER;
    let toml = format!(
        "version = 1\n[account.123456789012.user.rolecall]\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
         {policies}\n[account.123456789012.role.Hub]\npath = \"/team/\"\nmax_session = \"2h\"\n\
         trusts = [\"123456789012\"]\n[account.123456789013.role.Far]\n"
    );
    Config::from_toml(&toml).unwrap()
}

fn signer() -> Signer {
    Signer { service: "iam", ..Signer::user() }
}

async fn get_role(world: &World, signer: &Signer, name: &str) -> Answer {
    world.call(signer, &format!("Action=GetRole&Version=2010-05-08&RoleName={name}")).await
}

#[tokio::test]
async fn a_role_is_shown_as_iam_shows_it() {
    let world = World::of(world("")).await;
    let answer = get_role(&world, &signer(), "Hub").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.starts_with("<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">"));
    for (element, expected) in [
        ("Path", "/team/"),
        ("RoleName", "Hub"),
        ("Arn", "arn:aws:iam::123456789012:role/team/Hub"),
        ("MaxSessionDuration", "7200"),
    ] {
        assert_eq!(answer.element(element), expected);
    }
    let session = world.assume(&Signer::user(), answer.element("Arn")).await;
    assert!(session.element("AssumedRoleId").starts_with(answer.element("RoleId")), "{session:?}");
    assert!(answer.element("CreateDate").ends_with('Z'));

    let encoded = answer.element("AssumeRolePolicyDocument");
    assert!(encoded.starts_with("%7B%22Statement%22%3A%5B%7B"), "{encoded}");
    let mended = json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}}).to_string();
    world.control().set_trust_policy("arn:aws:iam::123456789012:role/team/Hub", &mended).unwrap();
    let answer = get_role(&world, &signer(), "Hub").await;
    let decoded = percent_decode(answer.element("AssumeRolePolicyDocument"));
    assert_eq!(serde_json::from_str::<Value>(&decoded).unwrap(), serde_json::from_str::<Value>(&mended).unwrap());
}

fn percent_decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_refused_in_the_words_of_iam() {
    let open = World::of(world("")).await;
    for name in ["None", "Far", "hub"] {
        let answer = get_role(&open, &signer(), name).await;
        let message = format!("The role with name {name} cannot be found.");
        assert_eq!(answer.error(), (404, "NoSuchEntity", message.as_str()));
        assert!(answer.body.contains("https://iam.amazonaws.com/doc/2010-05-08/"), "{answer:?}");
    }
    let invalid = get_role(&open, &signer(), "a%20b").await;
    assert_eq!((invalid.status, invalid.element("Code")), (400, "ValidationError"));

    let policy = json!({"Statement": [
        {"Effect": "Allow", "Action": "iam:Get*", "Resource": "arn:aws:iam::123456789012:role/team/*"},
        {"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::*:role/Denied"}]});
    let narrow = World::of(world(&format!("policies = ['{policy}']"))).await;
    assert_eq!(get_role(&narrow, &signer(), "Hub").await.status, 200);
    for (name, why) in [
        ("None", "because no identity-based policy allows the iam:GetRole action"),
        ("Denied", "with an explicit deny in an identity-based policy"),
    ] {
        let user = "arn:aws:iam::123456789012:user/rolecall";
        let message = format!("User: {user} is not authorized to perform: iam:GetRole on resource: role {name} {why}");
        assert_eq!(get_role(&narrow, &signer(), name).await.error(), (403, "AccessDenied", message.as_str()));
    }
}

#[tokio::test]
async fn a_signature_for_sts_is_none_for_iam() {
    let world = World::of(world("")).await;
    let answer = get_role(&world, &Signer::user(), "Hub").await;
    let message = "Credential should be scoped to correct service: 'iam'.";
    assert_eq!(answer.error(), (403, "SignatureDoesNotMatch", message));
    let other = world.identity(&signer()).await;
    assert_eq!(other.error().2, "Credential should be scoped to correct service: 'sts'.");
}

//! Roles that do not trust everybody.

use rolecall_sandbox::Config;

use crate::client::{Signer, USER, World, assume_role};

fn world() -> Config {
    let (id, secret) = USER;
    let toml = format!(
        "version = 1\n[account.123456789012.user.rolecall]\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
         [account.123456789012.role.Hub]\ntrusts = [\"arn:aws:iam::123456789012:user/rolecall\"]\n\
         [account.123456789013.role.Spoke]\ntrusts = [\"arn:aws:iam::123456789012:role/Hub\"]\n\
         [account.123456789013.role.Vendor]\nexternal_id = \"secret:handshake/1\"\n\
         [account.123456789013.role.Nobody]\ntrusts = []\n"
    );
    Config::from_toml(&toml).unwrap()
}

#[tokio::test]
async fn a_role_opens_for_those_it_trusts_and_denies_the_others_in_the_words_of_aws() {
    let world = World::of(world()).await;
    let hub = world.assume(&Signer::user(), "arn:aws:iam::123456789012:role/Hub").await;
    let hub = Signer::session(&hub);
    let spoke = "arn:aws:iam::123456789013:role/Spoke";
    assert_eq!(world.assume(&hub, spoke).await.status, 200);
    for (signer, role, who) in [
        (&Signer::user(), "Spoke", "iam::123456789012:user/rolecall"),
        (&Signer::user(), "Nobody", "iam::123456789012:user/rolecall"),
        (&hub, "Nobody", "sts::123456789012:assumed-role/Hub/me@host"),
    ] {
        let role = format!("arn:aws:iam::123456789013:role/{role}");
        let message = format!("User: arn:aws:{who} is not authorized to perform: sts:AssumeRole on resource: {role}");
        assert_eq!(world.assume(signer, &role).await.error(), (403, "AccessDenied", message.as_str()));
    }
}

#[tokio::test]
async fn an_external_id_is_demanded_when_the_role_says_one() {
    let world = World::of(world()).await;
    let vendor = assume_role("arn:aws:iam::123456789013:role/Vendor");
    for (said, status) in [("&ExternalId=secret%3Ahandshake/1", 200), ("&ExternalId=other", 403), ("", 403)] {
        assert_eq!(world.call(&Signer::user(), &format!("{vendor}{said}")).await.status, status, "{said}");
    }
}

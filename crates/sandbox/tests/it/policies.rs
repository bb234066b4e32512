//! Trust and identity policies, session tags and source identities, along a chain of roles.

use rolecall_sandbox::Config;
use serde_json::json;

use crate::client::{Answer, Signer, USER, World, assume_role};

const HUB: &str = "arn:aws:iam::123456789012:role/Hub";
const SPOKE: &str = "arn:aws:iam::123456789013:role/Spoke";
const PLAIN: &str = "arn:aws:iam::123456789013:role/Plain";

/// The user may assume all but `Forbidden`; sessions of `Hub` may pass tags and a source identity on to `Spoke`, which
/// takes them, and to `Plain`, which does not.
fn world() -> Config {
    let (id, secret) = USER;
    let all = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    let policy = |statements: serde_json::Value| json!({"Version": "2012-10-17", "Statement": statements});
    let own = policy(json!([
        {"Effect": "Allow", "Action": all, "Resource": "*"},
        {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/Forbidden"},
    ]));
    let trust = |principal: &str, actions: serde_json::Value, condition: serde_json::Value| {
        policy(json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions, "Condition": condition}))
    };
    let hub = trust("123456789012", json!(all), json!({}));
    let spoke = trust(HUB, json!(all), json!({"StringEquals": {"aws:PrincipalTag/team": "${aws:PrincipalTag/team}"}}));
    let plain = trust(HUB, json!("sts:AssumeRole"), json!({}));
    let toml = format!(
        "version = 1\n[account.123456789012.user.rolecall]\naccess_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n\
         policies = ['{own}']\n\
         [account.123456789012.role.Hub]\ntrust_policy = '{hub}'\npolicies = ['{own}']\n\
         [account.123456789013.role.Spoke]\ntrust_policy = '{spoke}'\n\
         [account.123456789013.role.Plain]\ntrust_policy = '{plain}'\n\
         [account.123456789012.role.Forbidden]\n"
    );
    Config::from_toml(&toml).unwrap()
}

const TAGS: &str = "Tags.member.1.Key=team&Tags.member.1.Value=blue&Tags.member.2.Key=Cost&Tags.member.2.Value=1";

async fn assume(world: &World, signer: &Signer, role: &str, more: &str) -> Answer {
    world.call(signer, &format!("{}&{more}", assume_role(role))).await
}

fn denied(who: &str, action: &str, role: &str) -> String {
    format!("User: {who} is not authorized to perform: {action} on resource: {role}")
}

#[tokio::test]
async fn a_denial_in_the_policy_of_the_caller_is_final() {
    let world = World::of(world()).await;
    let forbidden = "arn:aws:iam::123456789012:role/Forbidden";
    let message = denied("arn:aws:iam::123456789012:user/rolecall", "sts:AssumeRole", forbidden);
    assert_eq!(world.assume(&Signer::user(), forbidden).await.error(), (403, "AccessDenied", message.as_str()));
    assert_eq!(world.assume(&Signer::user(), HUB).await.status, 200);
}

#[tokio::test]
async fn transitive_tags_go_along_the_chain_and_cannot_be_set_anew() {
    let world = World::of(world()).await;
    let transitive = format!("{TAGS}&TransitiveTagKeys.member.1=team");
    let hub = assume(&world, &Signer::user(), HUB, &transitive).await;
    assert_eq!(hub.element("PackedPolicySize"), "1");
    let hub = Signer::session(&hub);
    let spoke = assume(&world, &hub, SPOKE, "Tags.member.1.Key=cost&Tags.member.1.Value=2").await;
    assert_eq!(spoke.status, 200, "{spoke:?}");
    let anew = assume(&world, &hub, SPOKE, "Tags.member.1.Key=TEAM&Tags.member.1.Value=red").await;
    let message = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key \
                   from the calling session.";
    assert_eq!(anew.error(), (400, "InvalidParameterValue", message));
    // Inherited tags need the right of tagging, too.
    let hub_session = "arn:aws:sts::123456789012:assumed-role/Hub/me@host";
    let message = denied(hub_session, "sts:TagSession", PLAIN);
    assert_eq!(world.assume(&hub, PLAIN).await.error(), (403, "AccessDenied", message.as_str()));

    let plain_hub = Signer::session(&assume(&world, &Signer::user(), HUB, TAGS).await);
    assert_eq!(world.assume(&plain_hub, PLAIN).await.status, 200, "tags that are not transitive stay behind");
    assert_eq!(assume(&world, &plain_hub, SPOKE, "Tags.member.1.Key=TEAM&Tags.member.1.Value=red").await.status, 200);
    let untagged_hub = Signer::session(&world.assume(&Signer::user(), HUB).await);
    assert_eq!(world.assume(&untagged_hub, SPOKE).await.status, 403, "the condition asks for a tag of the caller");
}

#[tokio::test]
async fn a_source_identity_stays_along_the_chain() {
    let world = World::of(world()).await;
    let hub = assume(&world, &Signer::user(), HUB, &format!("SourceIdentity=alice&{TAGS}")).await;
    assert_eq!(hub.element("SourceIdentity"), "alice");
    let hub = Signer::session(&hub);
    for (more, expected) in [("", 200), ("SourceIdentity=alice", 200), ("SourceIdentity=bob", 403)] {
        let spoke = assume(&world, &hub, SPOKE, more).await;
        assert_eq!(spoke.status, expected, "{more}: {spoke:?}");
        if expected == 200 {
            assert_eq!(spoke.element("SourceIdentity"), "alice");
        }
    }
    let message = denied("arn:aws:sts::123456789012:assumed-role/Hub/me@host", "sts:SetSourceIdentity", PLAIN);
    assert_eq!(world.assume(&hub, PLAIN).await.error(), (403, "AccessDenied", message.as_str()));
    let call = serde_json::to_value(&world.control().calls()[0]).unwrap();
    assert_eq!((&call["source_identity"], &call["tag_keys"]), (&json!("alice"), &json!(["team", "Cost"])));
    assert_eq!(call.get("has_external_id"), None);
}

#[tokio::test]
async fn what_is_not_said_is_not_in_the_answer_and_what_is_too_large_is_refused() {
    let world = World::of(world()).await;
    let answer = world.assume(&Signer::user(), HUB).await;
    assert!(!answer.body.contains("SourceIdentity") && !answer.body.contains("PackedPolicySize"), "{answer:?}");
    let value = "x".repeat(256);
    let tags: Vec<String> =
        (1..=20).map(|n| format!("Tags.member.{n}.Key=k{n}&Tags.member.{n}.Value={value}")).collect();
    let large = assume(&world, &Signer::user(), HUB, &tags.join("&")).await;
    let message = "Packed policy consumes 127% of allotted space, please use smaller policy.";
    assert_eq!(large.error(), (400, "PackedPolicyTooLarge", message));
}

#[tokio::test]
async fn a_mended_trust_policy_counts_from_the_next_call_on() {
    let world = World::of(world()).await;
    let user = "arn:aws:iam::123456789012:user/rolecall";
    let route = format!("/_sandbox/roles/{}/trust-policy", PLAIN.replace(':', "%3A").replace('/', "%2F"));
    assert_eq!(world.assume(&Signer::user(), PLAIN).await.status, 403);
    let before = world.plain("GET", &route, "", "").await.json();
    let mended = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"}]});
    let set = world.plain("PUT", &route, "", &mended.to_string()).await;
    assert_eq!((set.status, set.json()), (200, mended.clone()));
    assert_eq!(world.assume(&Signer::user(), PLAIN).await.status, 200);
    let bad = world.plain("PUT", &route, "", "{\"Statement\": []}").await;
    assert_eq!((bad.status, &bad.json()["Code"]), (400, &json!("BadTrustPolicy")));
    assert_eq!(world.plain("GET", &route, "", "").await.json(), mended, "a bad one changes nothing");
    let restored = world.plain("DELETE", &route, "", "").await;
    assert_eq!((restored.status, restored.json()), (200, before));
    assert_eq!(world.assume(&Signer::user(), PLAIN).await.status, 403);
}

#[tokio::test]
async fn only_roles_of_the_world_have_trust_policies() {
    let world = World::of(world()).await;
    for (method, path, status) in [
        ("GET", "roles/arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FNone/trust-policy", 404),
        ("PUT", "roles/none/trust-policy", 404),
        ("GET", "roles/arn:aws:iam::123456789012:role/Hub", 404),
        ("GET", "roles/arn:aws:iam::123456789012:role/Hub/trust-policy", 200),
        ("POST", "roles/arn:aws:iam::123456789012:role/Hub/trust-policy", 405),
    ] {
        let answer = world.plain(method, &format!("/_sandbox/{path}"), "", "{}").await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
    }
    let page = world.plain("PUT", "/_sandbox/roles/x/trust-policy", "Origin: http://localhost\r\n", "{}").await;
    assert_eq!(page.status, 403, "a web page does not reach it");
}

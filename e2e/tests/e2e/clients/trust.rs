//! Who may assume what: the sandbox and ministack, which others wrote, are asked the same about the same policies by the
//! same client. The sandbox must answer as AWS documents it, and ministack the same, but where it is known to differ.

use std::path::{Path, PathBuf};

use e2e::{Agent, Home, Ministack, Sandbox, aws, boto3, finish};
use serde_json::{Map, Value, json};

const HUB: &str = "arn:aws:iam::111122223333:role/team/Hub";

/// Where ministack does not do what AWS documents: the case, and the page of AWS that says otherwise.
const KNOWN: [(&str, &str); 6] = [
    (
        "a user by name, without policies",
        // Denied by ministack. "When a resource-based policy grants access to a principal in the same account, no
        // additional identity-based policy is required."
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    ),
    (
        "one's own session name",
        // Denied by ministack, which fills in no variables in trust policies. The page has this very policy.
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_rolesessionname",
    ),
    (
        "the ARN of a role",
        // Denied by ministack, which takes the ARN of the session.
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn",
    ),
    (
        "tags, without the right",
        // Allowed by ministack, which asks the trust policy only.
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required",
    ),
    (
        "inherited tags for a role that takes none",
        // Allowed by ministack, whose sessions do not pass tags on.
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining",
    ),
    (
        "a source identity for a role that takes none",
        // Allowed by ministack, which does not know source identities.
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html",
    ),
];

/// One question: a name, a user, what is assumed before, a role, parameters; and the action that is denied.
struct Case(&'static str, &'static str, Value, &'static str, Value, Option<&'static str>);

const ASSUME: Option<&str> = Some("sts:AssumeRole");
const TAG: Option<&str> = Some("sts:TagSession");
const SOURCE: Option<&str> = Some("sts:SetSourceIdentity");

fn cases() -> Vec<Case> {
    let none = || json!([]);
    let nothing = || json!({});
    let hub = || json!([[HUB, {}]]);
    let external_id = |id: &str| json!({ "ExternalId": id });
    let tags = |pairs: &[(&str, &str)]| {
        let tags: Vec<Value> = pairs.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        json!({ "Tags": tags })
    };
    let transitive = || json!([[HUB, {"Tags": [{"Key": "team", "Value": "blue"}], "TransitiveTagKeys": ["team"]}]]);
    vec![
        Case("a user by name", "alice", none(), "Named", nothing(), None),
        Case("a user by name, without policies", "bare", none(), "Named", nothing(), None),
        Case("a user by name, whose policy allows it", "narrow", none(), "Named", nothing(), None),
        Case("a user by name, whose policy denies it", "barred", none(), "Named", nothing(), ASSUME),
        Case("a user who is not named", "own", none(), "Named", nothing(), ASSUME),
        Case("an account", "alice", none(), "Account", nothing(), None),
        Case("an account, without policies", "bare", none(), "Account", nothing(), ASSUME),
        Case("an account, by a resource of the policy", "narrow", none(), "Account", nothing(), None),
        Case("an account, by no resource of the policy", "narrow", none(), "Digits", nothing(), ASSUME),
        Case("an account, by a condition of the policy", "own", none(), "Account", nothing(), None),
        Case("an account by its digits", "alice", none(), "Digits", nothing(), None),
        Case("everybody", "alice", none(), "Everybody", nothing(), None),
        Case("everybody, from another account", "zoe", none(), "Everybody", nothing(), None),
        Case("another account", "alice", none(), "Others", nothing(), ASSUME),
        Case("the other account itself", "zoe", none(), "Others", nothing(), None),
        Case("no such role", "alice", none(), "None", nothing(), ASSUME),
        Case("across accounts, both allow", "alice", none(), "444455556666:Far", nothing(), None),
        Case("across accounts, only the role allows", "bare", none(), "444455556666:Far", nothing(), ASSUME),
        Case("across accounts, by the account", "alice", none(), "444455556666:FarAccount", nothing(), None),
        Case("across accounts, without policies", "bare", none(), "444455556666:FarAccount", nothing(), ASSUME),
        Case("a role, by its session", "alice", hub(), "444455556666:Spoke", nothing(), None),
        Case("a role, by the user behind it", "alice", none(), "444455556666:Spoke", nothing(), ASSUME),
        Case("a session by name", "alice", hub(), "Session", nothing(), None),
        Case(
            "another session of the role",
            "alice",
            json!([[HUB, {"RoleSessionName": "other"}]]),
            "Session",
            nothing(),
            ASSUME,
        ),
        Case("an account, by a session", "alice", hub(), "Account", nothing(), None),
        Case("a user by name, by a session", "alice", hub(), "Named", nothing(), ASSUME),
        Case("the external id", "alice", none(), "ExternalId", external_id("handshake"), None),
        Case("the second external id", "alice", none(), "ExternalId", external_id("second"), None),
        Case("another external id", "alice", none(), "ExternalId", external_id("other"), ASSUME),
        Case("no external id", "alice", none(), "ExternalId", nothing(), ASSUME),
        Case("an external id that is like", "alice", none(), "ExternalIdLike", external_id("handshake"), None),
        Case("an external id that is not like", "alice", none(), "ExternalIdLike", external_id("handshake2"), ASSUME),
        Case("an external id where none may be", "alice", none(), "NoExternalId", external_id("any"), ASSUME),
        Case("none where none may be", "alice", none(), "NoExternalId", nothing(), None),
        Case("names in any case", "alice", none(), "AnyCase", external_id("hANDSHAKE"), None),
        Case("an explicit denial", "alice", none(), "DeniesAlice", nothing(), ASSUME),
        Case("an explicit denial of somebody else", "own", none(), "DeniesAlice", nothing(), None),
        Case("all actions but this", "alice", none(), "NotAssume", nothing(), ASSUME),
        Case("all actions but another", "alice", none(), "NotTag", nothing(), None),
        Case("one's own session name", "alice", none(), "SessionName", json!({"RoleSessionName": "alice"}), None),
        Case("another session name", "alice", none(), "SessionName", nothing(), ASSUME),
        Case("the ARN of a principal", "alice", none(), "PrincipalArn", nothing(), None),
        Case("another ARN of a principal", "bare", none(), "PrincipalArn", nothing(), ASSUME),
        Case("the ARN of a role", "alice", hub(), "PrincipalRole", nothing(), None),
        Case("the ARN of a role, by a user", "alice", none(), "PrincipalRole", nothing(), ASSUME),
        Case("the account of a principal", "alice", none(), "PrincipalAccount", nothing(), ASSUME),
        Case("another account of a principal", "zoe", none(), "PrincipalAccount", nothing(), None),
        Case("the tag of a user", "alice", none(), "PrincipalTag", nothing(), None),
        Case("no tag of a user", "own", none(), "PrincipalTag", nothing(), ASSUME),
        Case("the tag of a session", "alice", transitive(), "Tags", tags(&[("cost", "1")]), ASSUME),
        Case("the tags", "alice", none(), "Tags", tags(&[("team", "blue"), ("cost", "1")]), None),
        Case("another value of a tag", "alice", none(), "Tags", tags(&[("team", "red")]), ASSUME),
        Case("a tag too many", "alice", none(), "Tags", tags(&[("team", "blue"), ("x", "")]), ASSUME),
        Case("no tags", "alice", none(), "Tags", nothing(), ASSUME),
        Case("tags, without the right", "untagging", none(), "Tags", tags(&[("team", "blue")]), TAG),
        Case("tags for a role that takes none", "alice", none(), "Account", tags(&[("team", "blue")]), TAG),
        Case("any tag", "alice", none(), "AnyTag", tags(&[("x", ""), ("team", "")]), None),
        Case("none of the tags", "alice", none(), "AnyTag", tags(&[("x", "")]), ASSUME),
        Case("inherited tags for a role that takes none", "alice", transitive(), "Account", nothing(), TAG),
        Case(
            "a source identity for a role that takes none",
            "alice",
            none(),
            "Account",
            json!({"SourceIdentity": "alice"}),
            SOURCE,
        ),
        Case("a second factor", "alice", none(), "Mfa", nothing(), ASSUME),
        Case("a second factor, for a long-term key", "alice", none(), "MfaIfExists", nothing(), None),
        Case("an address", "alice", none(), "FromLoopback", nothing(), None),
        Case("another address", "alice", none(), "NotFromLoopback", nothing(), ASSUME),
        Case("a time that is past", "alice", none(), "Later", nothing(), None),
        Case("a time that is to come", "alice", none(), "Earlier", nothing(), ASSUME),
    ]
}

impl Case {
    fn role(&self) -> String {
        let (account, name) = self.3.split_once(':').unwrap_or(("111122223333", self.3));
        format!("arn:aws:iam::{account}:role/{name}")
    }

    fn question(&self) -> Value {
        json!({"name": self.0, "who": self.1, "via": self.2, "role": self.role(), "with": self.4})
    }

    /// What AWS answers.
    fn expected(&self) -> String {
        let Self(_, who, via, _, _, denied) = self;
        let Some(action) = denied else { return "ok".into() };
        let name = via[0][1]["RoleSessionName"].as_str().unwrap_or("me@host");
        let who = match via.as_array().unwrap().len() {
            0 => format!("arn:aws:iam::111122223333:user/{who}"),
            _ => format!("arn:aws:sts::111122223333:assumed-role/Hub/{name}"),
        };
        let role = self.role();
        format!("AccessDenied: User: {who} is not authorized to perform: {action} on resource: {role}")
    }
}

fn world() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/oracle/trust.toml")
}

#[track_caller]
fn run(home: &Home, url: &str, args: &[&str]) -> Map<String, Value> {
    let answer = finish(&mut boto3(home, url, "trust.py", args)).ok();
    serde_json::from_str(&answer).unwrap_or_else(|error| unreachable!("{error}: {answer}"))
}

/// The keys of the sandbox's users: they follow from the names.
fn sandbox_keys(users: &Map<String, Value>) -> Value {
    let key = |name: &String| {
        let id = format!("SANDBOXKEYOF{}", name.to_uppercase());
        (name.clone(), json!([format!("{id:0<16}"), format!("not-a-secret-of-{name}")]))
    };
    users.keys().map(key).collect::<Map<_, _>>().into()
}

#[test]
fn the_sandbox_lets_in_whom_aws_lets_in() {
    let home = Home::new();
    let (sandbox, ministack) = (Sandbox::with_world(&home, &world()), Ministack::start(&home));
    let their_keys = run(&home, &ministack.url(), &["build", &world().to_string_lossy()]);
    let our_keys = sandbox_keys(&their_keys);
    let cases = cases();
    let questions = Value::from_iter(cases.iter().map(Case::question)).to_string();
    let ours = run(&home, &sandbox.url(), &["ask", &our_keys.to_string(), &questions]);
    let theirs = run(&home, &ministack.url(), &["ask", &Value::from(their_keys).to_string(), &questions]);
    assert_eq!((ours.len(), theirs.len()), (cases.len(), cases.len()), "each name is there once");
    for case in &cases {
        assert_eq!(ours[case.0], case.expected(), "{}", case.0);
    }
    let lets_in = |answers: &Map<String, Value>, name: &str| {
        let answer = answers[name].as_str().unwrap();
        assert!(answer == "ok" || answer.starts_with("AccessDenied: "), "{name}: {answer}");
        answer == "ok"
    };
    let names = cases.iter().map(|case| case.0);
    let differ: Vec<&str> = names.filter(|name| lets_in(&ours, name) != lets_in(&theirs, name)).collect();
    let known: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
    assert_eq!(differ, known, "where ministack and AWS differ; the list must be true");
}

/// What a program is given to be alice of [`world`].
fn alice(sandbox: &Sandbox) -> Vec<(String, String)> {
    let [endpoint, ..] = &sandbox.environment()[..] else { unreachable!("the endpoint comes first") };
    let key = [("AWS_ACCESS_KEY_ID", "SANDBOXKEYOFALICE"), ("AWS_SECRET_ACCESS_KEY", "not-a-secret-of-alice")];
    let key = key.map(|(name, value)| (name.to_owned(), value.to_owned()));
    [endpoint.clone()].into_iter().chain(key).chain([("AWS_REGION".into(), e2e::REGION.into())]).collect()
}

#[test]
fn the_aws_command_line_reads_a_role_and_passes_tags() {
    let home = Home::new();
    let sandbox = Sandbox::with_world(&home, &world());
    let run = |args: &[&str]| -> Value {
        let mut command = aws(&home, &sandbox.url(), &[args, &["--output", "json"]].concat());
        let answer = finish(command.envs(alice(&sandbox)).env("AWS_DEFAULT_REGION", e2e::REGION)).ok();
        serde_json::from_str(&answer).unwrap()
    };
    let role = run(&["iam", "get-role", "--role-name", "Hub"]);
    let role = &role["Role"];
    assert_eq!(
        (&role["Arn"], &role["Path"], &role["MaxSessionDuration"]),
        (&HUB.into(), &"/team/".into(), &3600.into())
    );
    assert_eq!(role["AssumeRolePolicyDocument"]["Statement"]["Principal"], json!({"AWS": "111122223333"}));

    let session = ["sts", "assume-role", "--role-arn", HUB, "--role-session-name", "me@host"];
    let tags = ["--tags", "Key=team,Value=blue", "--transitive-tag-keys", "team", "--source-identity", "alice"];
    let session = run(&[&session[..], &tags].concat());
    assert_eq!((&session["SourceIdentity"], &session["PackedPolicySize"]), (&"alice".into(), &1.into()));
    let call = sandbox.calls().pop().unwrap();
    assert_eq!((&call["tag_keys"], &call["source_identity"]), (&json!(["team"]), &"alice".into()));
}

#[test]
fn the_agent_notices_that_a_trust_policy_was_mended() {
    let home = Home::new();
    let sandbox = Sandbox::with_world(&home, &world());
    let role = "arn:aws:iam::111122223333:role/Others";
    let mut environment = alice(&sandbox);
    environment.push(("AWS_ROLE_1".into(), format!("{role}:Others")));
    let agent = Agent::start(&home, environment, &[]);
    let denied = agent.wait_for_fault("Others", "denied");
    assert!(denied["fault"]["message"].as_str().unwrap().contains(role), "{denied:#}");
    let user = "arn:aws:iam::111122223333:user/alice";
    let statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": user}});
    sandbox.trust(role, &json!({"Version": "2012-10-17", "Statement": [statement]}));
    agent.wait_for_state("Others", "fresh");
}

//! `rolecall revoke`: the policy, and what it does not reach.

use e2e::{Agent, Home, REGION, Sandbox, finish, seed_environment};
use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

const ALIAS: &str = "MyFirstAccount";
const SPOKES: &str = "version = 1\n[role.hub]\narn = \"arn:aws:iam::123456789012:role/MyFirstRole\"\n\
                      [role.spoke]\narn = \"arn:aws:iam::123456789013:role/MySecondRole\"\nsource = \"role:hub\"\n\
                      [role.far]\narn = \"arn:aws:iam::123456789013:role/ReadOnly\"\nsource = \"role:spoke\"\n";

/// The policy is one for all sessions that were issued until it was printed, and for no later ones.
#[track_caller]
fn assert_policy(policy: &str, before: i64, after: i64) {
    let mut policy: Value = serde_json::from_str(policy).unwrap();
    let limit = policy["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"].take();
    let limit: Timestamp = limit.as_str().unwrap().parse().unwrap();
    assert!((before + 1..=after + 1).contains(&limit.as_second()), "{before} {limit} {after}");
    let statement = json!({
        "Sid": "AWSRevokeOlderSessions", "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": { "DateLessThan": { "aws:TokenIssueTime": null } }
    });
    assert_eq!(policy, json!({ "Version": "2012-10-17", "Statement": [statement] }));
}

/// The clock that the command reads, to the second.
fn now() -> i64 {
    clock_gettime(ClockId::Realtime).tv_sec
}

#[test]
fn the_policy_is_for_all_sessions_until_now_and_nothing_is_left() {
    let home = Home::new();
    let before = now();
    let mut command = home.rolecall(&["revoke", ALIAS, "--output", "json"]);
    let policy = finish(command.envs(seed_environment(vec![]))).code(0);
    assert_policy(&policy.stdout, before, now());
    assert_eq!(policy.stderr, "");
    let told = finish(home.rolecall(&["revoke", ALIAS]).envs(seed_environment(vec![]))).ok();
    let from = told.find("\n{").unwrap();
    let until = told.find("\n}\n").unwrap();
    assert_policy(&told[from..until + 2], before, now());
    for part in [
        "in account 123456789012",
        "\n      --role-name MyFirstRole \\\n",
        "--policy-document file://revoke.json\n",
        "\n    rolecall refresh MyFirstAccount\n",
    ] {
        assert!(told.contains(part), "no {part:?} in\n{told}");
    }
    assert!(!told.contains("MySecondAccount") && !told.contains("Not ended"), "{told}");
    assert_eq!(home.everything(), Vec::<String>::new());
}

#[test]
fn roles_behind_it_are_named_with_an_agent_and_without_one() {
    let home = Home::new();
    home.write("rolecall.toml", SPOKES);
    let sandbox = Sandbox::start(&home);
    let settings = [("ROLECALL_CONFIG", home.at("rolecall.toml").display().to_string())];
    let revoke = |alias: &str| finish(home.rolecall(&["revoke", alias]).envs(settings.clone())).ok();
    let mut told = vec![revoke("hub")];
    let environment = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let environment = environment.chain(sandbox.environment()).chain([("AWS_REGION".into(), REGION.into())]);
    let agent = Agent::start(&home, environment.collect::<Vec<_>>(), &[]);
    // The agent knows its roles by itself.
    told.push(finish(&mut home.rolecall(&["revoke", "hub"])).ok());
    for told in &told {
        assert!(told.contains("\n    rolecall revoke far\n    rolecall revoke spoke\n"), "{told}");
    }
    let spoke = revoke("spoke");
    assert!(spoke.contains("\n    rolecall revoke far\n") && !spoke.contains("rolecall revoke hub"), "{spoke}");
    drop(agent);
}

#[test]
fn an_alias_that_nobody_has_is_5() {
    let home = Home::new();
    let unknown = finish(home.rolecall(&["revoke", "Other"]).envs(seed_environment(vec![]))).code(5);
    assert!(unknown.stderr.contains("named Other") && unknown.stderr.contains(ALIAS), "{unknown:#?}");
    let sandbox = Sandbox::start(&home);
    let _agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    let unknown = finish(&mut home.rolecall(&["revoke", "Other"])).code(5);
    assert!(unknown.stdout.is_empty() && unknown.stderr.contains(ALIAS), "{unknown:#?}");
}

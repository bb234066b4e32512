//! That a fault is told wherever somebody may look for it, in the same words, and that these words stand in
//! `docs/errors.md`.

use e2e::{Agent, Home, Sandbox, finish};
use serde_json::Value;

/// The one role of these tests.
pub(crate) const ALIAS: &str = "MyFirstAccount";

const ERRORS_MD: &str = include_str!("../../../../docs/errors.md");

/// What differs between a test and the example that stands for it.
const SAME: [(&str, &str); 7] = [
    ("MySecondRole", "MyFirstRole"),
    ("123456789013", "123456789012"),
    ("HTTPS_PROXY", "HTTP_PROXY"),
    ("(status 403)", "(status 200)"),
    ("(status 502)", "(status 200)"),
    ("sts.example", "127.0.0.1:4566"),
    (LONG_NAME, "127.0.0.1:4566"),
];

/// A host name that nobody has to be asked about: a part of it is longer than parts can be.
pub(crate) const LONG_NAME: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example:4566";

/// One line, with the same words for what differs, and without the marks that quote code in the one and not in the other.
fn even(text: &str) -> String {
    let line = text.replace('`', "").split_whitespace().collect::<Vec<_>>().join(" ");
    SAME.iter().fold(line, |line, (one, other)| line.replace(one, other))
}

/// The variables of one role, with these on top.
pub(crate) fn one_role(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = [e2e::SEED_ROLES[0], ("AWS_REGION", e2e::REGION)];
    own.iter().chain(more).map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// The same with the keys of the sandbox's user, which is at this address.
pub(crate) fn with_keys(endpoint: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let keys = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", Sandbox::KEY),
        ("AWS_SECRET_ACCESS_KEY", Sandbox::SECRET),
    ];
    one_role(&[&keys, more].concat())
}

/// Whether the words of a message, with what differs from run to run made even, stand in `docs/errors.md`.
#[track_caller]
pub(crate) fn documented(home: &Home, text: &str) {
    let text = even(&anywhere(&text.replace(&home.path().display().to_string(), "/home/me")));
    assert!(even(ERRORS_MD).contains(&text), "docs/errors.md does not say:\n{text}");
}

/// Whether an example in `docs/errors.md` ends with this fix, and says no more.
#[track_caller]
fn documented_fix(home: &Home, action: &str) {
    let action = even(&anywhere(&action.replace(&home.path().display().to_string(), "/home/me")));
    let examples = ERRORS_MD.split("```").skip(1).step_by(2);
    let mut fixes = examples.filter_map(|example| Some(even(example.split_once("  fix: ")?.1)));
    assert!(fixes.any(|fix| fix == action), "docs/errors.md has no example with the fix:\n{action}");
}

/// The text with the same port for every address on loopback.
fn anywhere(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut even = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        even += "127.0.0.1:4566";
        even += part.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    even
}

/// The fault of the role is told by `profiles`, `status`, the log and `credentials`, in the same words, with what to do.
#[track_caller]
pub(crate) fn told_everywhere(home: &Home, agent: &Agent<'_>, alias: &str, kind: &str) -> String {
    let fault = agent.wait_for_fault(alias, kind)["fault"].clone();
    for part in ["message", "action", "since"] {
        assert!(fault[part].as_str().is_some_and(|text| text.len() > 5), "{part}: {fault:#}");
    }
    let (message, action) = (fault["message"].as_str().unwrap(), fault["action"].as_str().unwrap());
    let status = agent.status().to_string();
    let quoted = serde_json::to_string(message).unwrap();
    assert!(status.contains(&quoted) && status.contains(kind), "{status}");
    let log = agent.output();
    assert!(log.contains(kind) && log.contains(alias), "{log}");
    if agent.profile(alias)["state"] == "failed" {
        let refused = finish(&mut home.rolecall(&["credentials", alias])).code(4);
        assert_eq!(refused.stdout, "");
        assert!(refused.stderr.contains(message) && refused.stderr.contains(action), "{refused:#?}");
    }
    documented(home, message);
    documented_fix(home, action);
    message.to_owned()
}

/// One role in this environment has this fault: for `agent --once`, which says so by its exit code, and for an agent.
/// Returns that agent and the message.
#[track_caller]
pub(crate) fn fails<'home>(home: &'home Home, environment: &[(String, String)], kind: &str) -> (Agent<'home>, String) {
    let once = finish(Agent::command(home, &["--once"]).envs(environment.iter().cloned())).code(4);
    assert!(once.stderr.contains(kind), "{once:#?}");
    let agent = Agent::start(home, environment.iter().cloned(), &[]);
    let message = told_everywhere(home, &agent, ALIAS, kind);
    assert!(once.stderr.contains(&message), "{message}\n{once:#?}");
    (agent, message)
}

/// The role has a session and no fault.
#[track_caller]
pub(crate) fn is_well(agent: &Agent<'_>, alias: &str) {
    let profile = agent.wait_for_state(alias, "fresh");
    assert_eq!(profile["fault"], Value::Null, "{profile:#}");
}

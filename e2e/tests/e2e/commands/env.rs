//! `rolecall env`: lines that real shells evaluate. PowerShell is not here to do so: its lines are tested as texts, beside
//! the code that writes them.

mod fish;

use std::process::Command;

use e2e::{Agent, Home, Running, Sandbox, finish, seed_environment};
use rustix::process::Signal;

const ALIAS: &str = "MyFirstAccount";

/// What another role may have left in a shell.
const OTHERS: [(&str, &str); 5] = [
    ("AWS_PROFILE", "other"),
    ("AWS_ACCESS_KEY_ID", "other"),
    ("AWS_SECRET_ACCESS_KEY", "other"),
    ("AWS_BEARER_TOKEN_BEDROCK", "other"),
    ("AWS_REGION", "us-east-1"),
];

/// A script in which `rolecall` is the binary, run by `shell`.
fn script(home: &Home, shell: &str, script: &str) -> Command {
    home.write("bin/README", "");
    let link = home.at("bin/rolecall");
    if !link.exists() {
        std::os::unix::fs::symlink(e2e::binary(), link).unwrap();
    }
    let mut command = home.command(shell);
    command.args(["-c", script]).envs(OTHERS).env("PATH", format!("{}:/usr/bin:/bin", home.at("bin").display()));
    command
}

/// The lines of an environment that matter to AWS programs, sorted.
fn of_aws(environment: &str) -> Vec<String> {
    let mut lines: Vec<String> = environment
        .lines()
        .filter(|line| line.starts_with("AWS_") || line.starts_with("BOTO_"))
        .map(Into::into)
        .collect();
    lines.sort();
    lines
}

/// An agent that has the role, and what programs then see in a shell that evaluated the lines.
fn agent_and_expected<'a>(home: &'a Home, sandbox: &Sandbox) -> (Agent<'a>, Vec<String>) {
    let agent = Agent::start(home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state(ALIAS, "fresh");
    let state = home.state().canonicalize().unwrap();
    let at = |path: &str| state.join(path).to_str().unwrap().to_owned();
    let endpoint: serde_json::Value = serde_json::from_str(&home.read(".local/state/rolecall/endpoint.json")).unwrap();
    let credentials = at("env/MyFirstAccount.credentials");
    let mut expected = vec![
        format!("AWS_CONFIG_FILE={}", at("env/MyFirstAccount.config")),
        format!("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={}", at("tokens/MyFirstAccount")),
        format!("AWS_CONTAINER_CREDENTIALS_FULL_URI={}/v1/credentials/{ALIAS}", endpoint["url"].as_str().unwrap()),
        format!("AWS_CREDENTIAL_PROFILES_FILE={credentials}"),
        format!("AWS_DEFAULT_REGION={}", e2e::REGION),
        "AWS_EC2_METADATA_DISABLED=true".into(),
        format!("AWS_REGION={}", e2e::REGION),
        format!("AWS_SHARED_CREDENTIALS_FILE={credentials}"),
        format!("BOTO_CONFIG={credentials}"),
    ];
    expected.sort();
    (agent, expected)
}

/// Has a shell evaluate a line and compares what programs see then; the shell says nothing.
#[track_caller]
fn becomes_the_role(home: &Home, shell: &str, line: &str, expected: &[String]) {
    let evaluated = finish(&mut script(home, shell, line)).code(0);
    assert_eq!((of_aws(&evaluated.stdout).as_slice(), evaluated.stderr.as_str()), (expected, ""), "{shell}: {line}");
}

#[test]
fn a_shell_becomes_the_role_and_no_other() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let (_agent, expected) = agent_and_expected(&home, &sandbox);
    for (shell, line) in [
        ("sh", r#"eval "$(rolecall env MyFirstAccount)"; env"#),
        ("bash", r#"set -eu; eval "$(rolecall env MyFirstAccount)"; env"#),
        // Blanks in the place of line ends do no harm.
        ("sh", "eval $(rolecall env MyFirstAccount --shell sh); env"),
    ] {
        becomes_the_role(&home, shell, line, &expected);
    }
}

/// Has a shell evaluate lines with a path that has every sign which some shell takes for its own.
#[track_caller]
fn reads_back_awkward_paths(shell: &str, line: &str) {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let awkward = home.at(r#"it's $HOME \ (a) "b" `c` * # ; {d} ~ e\n"#);
    std::fs::create_dir(&awkward).unwrap();
    let mut agent = home.rolecall(&["agent", "--publish", "none"]);
    agent.envs(seed_environment(sandbox.environment())).env("HOME", &awkward);
    let mut agent = Running::start(&mut agent);
    agent.wait_for("sessions", |log| log.contains("first round over").then_some(()));
    let evaluated = finish(script(&home, shell, line).env("HOME", &awkward)).code(0);
    let token = awkward.canonicalize().unwrap().join(".local/state/rolecall/tokens/MyFirstAccount");
    let set = format!("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={}", token.display());
    assert!(evaluated.stdout.lines().any(|line| line == set), "{set}\n{evaluated:#?}");
}

#[test]
fn a_shell_reads_back_what_stands_in_quotes() {
    reads_back_awkward_paths("sh", r#"eval "$(rolecall env MyFirstAccount)"; env"#);
}

#[test]
fn with_keys_a_shell_has_the_session_itself_with_an_agent_and_without() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = seed_environment(sandbox.environment());
    let agent = Agent::start(&home, environment.clone(), &[]);
    agent.wait_for_state(ALIAS, "fresh");
    let answer = agent.credentials(ALIAS);
    let keys = || {
        let line = r#"eval "$(rolecall env --keys MyFirstAccount)"; env"#;
        of_aws(&finish(script(&home, "sh", line).envs(environment.clone())).code(0).stdout)
    };
    let of_agent = keys();
    for (name, key) in [
        ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
        ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
        ("AWS_SESSION_TOKEN", "SessionToken"),
        ("AWS_CREDENTIAL_EXPIRATION", "Expiration"),
        ("AWS_ACCOUNT_ID", "AccountId"),
    ] {
        let line = format!("{name}={}", answer[key].as_str().unwrap());
        assert!(of_agent.contains(&line), "{name}");
    }
    assert!(!of_agent.iter().any(|line| line.starts_with("AWS_CONTAINER_") || line.contains("other")), "{of_agent:?}");
    agent.stop(Signal::TERM);
    assert_eq!(keys(), of_agent, "the session that the agent left");
}

#[test]
fn nobody_to_ask_and_nothing_to_say_are_told_by_number() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let nobody = finish(&mut home.rolecall(&["env", ALIAS])).code(6);
    assert!(nobody.stdout.is_empty() && nobody.stderr.contains("rolecall agent"), "{nobody:#?}");
    finish(&mut home.rolecall(&["env", ALIAS, "--keys"])).code(6);
    finish(&mut home.rolecall(&["env", ALIAS, "--shell", "csh"])).code(2);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--endpoint", "false"]);
    agent.wait_for_state(ALIAS, "fresh");
    let refused = finish(&mut home.rolecall(&["env", ALIAS])).code(6);
    assert!(refused.stdout.is_empty() && refused.stderr.contains("--keys"), "{refused:#?}");
    finish(&mut home.rolecall(&["env", ALIAS, "--keys"])).code(0);
    let unknown = finish(&mut home.rolecall(&["env", "Other"])).code(5);
    assert!(unknown.stderr.contains("Other"), "{unknown:#?}");
}

#[test]
fn on_a_terminal_it_says_what_it_is_for() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state(ALIAS, "fresh");
    let on_terminal =
        script(&home, "script", "rolecall env MyFirstAccount --shell fish 2>hint").arg("/dev/null").output();
    assert!(String::from_utf8_lossy(&on_terminal.unwrap().stdout).contains("set -gx AWS_CONFIG_FILE"));
    assert!(home.read("hint").contains("rolecall env MyFirstAccount --shell fish | source"), "{}", home.read("hint"));
}

//! `rolecall validate`: every role is tried once, by nobody but itself, and nothing is left of it.

mod report;

use std::process::Command;
use std::time::Duration;

use e2e::{Finished, Home, REGION, Running, Sandbox, Secrets, finish, seed_environment, until};
use rustix::process::Signal;
use serde_json::{Value, json};

const ALIAS: &str = "MyFirstAccount";
const ROLE: &str = "arn:aws:iam::123456789012:role/MyFirstRole";
const LIMIT: Duration = Duration::from_secs(20);

/// A hub that the user may assume, and a spoke that only the hub may; the same keys each time.
const WORLD: &str = "version = 1\nseed = \"validate\"\n[account.123456789012.user.rolecall]\n\
                     access_key_id = \"SANDBOXKEYOFROLECALL\"\n\
                     secret_access_key = \"not-a-secret/it+opens=the-sandbox-only\"\n\
                     [account.123456789012.role.Hub]\n[account.123456789013.role.Spoke]\n\
                     trusts = [\"arn:aws:iam::123456789012:role/Hub\"]\n";
const HUB: &str = "arn:aws:iam::123456789012:role/Hub";
const SPOKES: &str = "version = 1\n[role.hub]\narn = \"arn:aws:iam::123456789012:role/Hub\"\n\
                      [role.spoke]\narn = \"arn:aws:iam::123456789013:role/Spoke\"\nsource = \"role:hub\"\n";

/// A home with a hub and a spoke as its settings, and the AWS that has them.
fn hub_and_spoke() -> (Home, Sandbox) {
    let home = Home::new();
    home.write("world.toml", WORLD);
    home.write("rolecall.toml", SPOKES);
    let sandbox = Sandbox::with_world(&home, &home.at("world.toml"));
    (home, sandbox)
}

/// With the two roles of the seed in its environment.
fn validate(home: &Home, sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = home.rolecall(&[&["validate"], args].concat());
    command.envs(seed_environment(sandbox.environment()));
    command
}

/// With the base alone.
fn plain(home: &Home, sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = home.rolecall(&[&["validate"], args].concat());
    command.envs(sandbox.environment()).env("AWS_REGION", REGION);
    command
}

fn assumed(sandbox: &Sandbox) -> usize {
    sandbox.calls().iter().filter(|call| call["action"] == "AssumeRole").count()
}

#[test]
fn the_base_is_that_of_an_agent_started_here_whatever_the_last_one_had() {
    let (home, sandbox) = hub_and_spoke();
    let keys =
        "aws_access_key_id = SANDBOXKEYOFROLECALL\naws_secret_access_key = not-a-secret/it+opens=the-sandbox-only\n";
    home.write(".aws/credentials", &format!("[keys]\n{keys}"));
    let command = |args: &[&str], profile: &str| {
        let mut command = home.rolecall(args);
        command.env("AWS_ENDPOINT_URL", sandbox.url()).env("AWS_REGION", REGION).env("AWS_PROFILE", profile);
        command
    };
    let once = ["agent", "--once", "--publish", "none", "--config", "rolecall.toml"];
    finish(&mut command(&once, "keys")).code(0);
    home.write(".aws/config", &format!("[profile hub]\nrole_arn = {HUB}\nsource_profile = keys\n"));
    home.write("spoke.toml", "version = 1\n[role.spoke]\narn = \"arn:aws:iam::123456789013:role/Spoke\"\n");
    // Only the hub may assume it, and the last agent began with the user.
    finish(&mut command(&["validate", "--config", "spoke.toml"], "hub")).code(0);
    finish(&mut command(&["explain", "spoke", "--config", "spoke.toml"], "hub")).code(0);
    finish(&mut command(&["validate", "--config", "spoke.toml"], "keys")).code(4);
    let ours = finish(&mut command(&["validate", "--config", "rolecall.toml"], "spoke")).code(4);
    assert!(ours.stdout.contains("names a profile that rolecall makes"), "{ours:#?}");
}

/// The row of a role in the table.
fn row(told: &Finished, alias: &str) -> String {
    let row = told.stdout.lines().find(|line| line.split_whitespace().next() == Some(alias));
    row.unwrap_or_else(|| unreachable!("no row of {alias} in\n{}", told.stdout)).to_owned()
}

#[test]
fn every_role_is_tried_once_and_nothing_is_left() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let told = finish(&mut validate(&home, &sandbox, &[])).code(0);
    assert!(row(&told, ALIAS).ends_with("ok") && row(&told, "MySecondAccount").ends_with("ok"), "{told:#?}");
    assert!(told.stdout.contains("\n2 of 2 roles can be assumed\n"), "{told:#?}");
    assert_eq!((told.stderr.as_str(), assumed(&sandbox)), ("", 2));
    assert_eq!(home.everything(), Vec::<String>::new());
}

#[test]
fn the_exit_code_says_how_many_there_are_that_cannot_be_assumed() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({ "roles": { ROLE: { "denied": true } } }));
    let some = finish(&mut validate(&home, &sandbox, &[])).code(3);
    assert!(row(&some, ALIAS).ends_with("denied") && row(&some, "MySecondAccount").ends_with("ok"), "{some:#?}");
    assert!(some.stdout.contains(&format!("\n{ALIAS} denied: could not assume {ROLE}")), "{some:#?}");
    assert!(some.stdout.contains("\n  fix: "), "{some:#?}");
    assert_eq!(assumed(&sandbox), 2);
    finish(&mut validate(&home, &sandbox, &[ALIAS])).code(4);
    let other = finish(&mut validate(&home, &sandbox, &["MySecondAccount"])).code(0);
    assert!(!other.stdout.contains(ALIAS), "{other:#?}");
    let unknown = finish(&mut validate(&home, &sandbox, &["Other"])).code(5);
    assert!(unknown.stderr.contains("named Other") && unknown.stderr.contains(ALIAS), "{unknown:#?}");
    assert_eq!(unknown.stdout, "");
    // A setting that cannot be used is as bad as a role, but not while another role is meant.
    sandbox.mend();
    let wrong = finish(validate(&home, &sandbox, &[]).env("AWS_ROLE_3", "broken")).code(3);
    assert!(wrong.stdout.contains("\nAWS_ROLE_3, character 1: ") && wrong.stdout.contains("1 setting"), "{wrong:#?}");
    finish(validate(&home, &sandbox, &[ALIAS]).env("AWS_ROLE_3", "broken")).code(0);
}

#[test]
fn without_a_role_or_with_wrong_settings_nothing_is_tried() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let none = finish(&mut plain(&home, &sandbox, &[])).code(2);
    assert!(none.stderr.contains("no role is defined") && none.stderr.contains("AWS_ROLE_1="), "{none:#?}");
    let broken = finish(plain(&home, &sandbox, &[]).env("AWS_ROLE_1", "broken")).code(2);
    assert!(broken.stderr.contains("AWS_ROLE_1: not an ARN"), "{broken:#?}");
    home.write("rolecall.toml", "version = 1\nstor = true\n");
    let file = finish(&mut validate(&home, &sandbox, &["--config", "rolecall.toml"])).code(2);
    assert!(file.stderr.contains("rolecall.toml:2: stor"), "{file:#?}");
    let arn = finish(&mut plain(&home, &sandbox, &["--role", "arn:aws:iam::123456789012:user/R"])).code(2);
    assert!(arn.stderr.contains("is not `role/<name>`"), "{arn:#?}");
    assert_eq!(assumed(&sandbox), 0);
}

#[test]
fn a_role_that_nobody_defined_is_tried_with_the_base() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let admin = "arn:aws:iam::123456789012:role/team/Admin";
    let told =
        finish(&mut validate(&home, &sandbox, &["--role", admin, "--role", "arn:aws:iam::123456789012:role/No"]));
    let told = told.code(3);
    assert!(row(&told, "Admin").ends_with("ok") && row(&told, "No").ends_with("denied"), "{told:#?}");
    assert!(!told.stdout.contains(ALIAS), "{told:#?}");
    let both = finish(&mut validate(&home, &sandbox, &[ALIAS, "--role", admin])).code(0);
    assert!(row(&both, ALIAS).ends_with("ok") && row(&both, "Admin").ends_with("ok"), "{both:#?}");
}

#[test]
fn a_chain_is_assumed_along_and_told_what_it_waits_for() {
    let (home, sandbox) = hub_and_spoke();
    let settings = ["--config", "rolecall.toml"];
    let well = finish(&mut plain(&home, &sandbox, &settings)).code(0);
    assert_eq!(row(&well, "spoke").split_whitespace().nth(2), Some("role:hub"), "{well:#?}");
    // The hub is assumed for the spoke, though it is not named.
    let spoke = finish(&mut plain(&home, &sandbox, &[&["spoke"], &settings[..]].concat())).code(0);
    assert!(!spoke.stdout.contains("\nhub "), "{spoke:#?}");
    assert_eq!(assumed(&sandbox), 4);
    sandbox.faults(&json!({ "roles": { HUB: { "denied": true } } }));
    let denied = finish(&mut plain(&home, &sandbox, &settings)).code(4);
    assert!(
        denied.stdout.contains("\nspoke denied: waits for hub, which it is assumed from: could not"),
        "{denied:#?}"
    );
    assert_eq!(assumed(&sandbox), 5, "the spoke is not even tried");
}

/// The keys of the hub's next session, as a `credential_process` would print them.
fn next_keys(home: &Home, sandbox: &Sandbox) -> Value {
    let script = "printf '%s\\n%s\\n' \"$AWS_SECRET_ACCESS_KEY\" \"$AWS_SESSION_TOKEN\"";
    let mut exec = home.rolecall(&["exec", "hub", "--keys", "--", "sh", "-c", script]);
    exec.envs(sandbox.environment()).env("AWS_REGION", REGION).env("ROLECALL_CONFIG", "rolecall.toml");
    let keys = finish(&mut exec).ok();
    let mut lines = keys.lines();
    json!({ "SecretAccessKey": lines.next(), "SessionToken": lines.next() })
}

#[test]
fn no_secret_is_in_what_it_prints() {
    // The same world gives the same keys again, in the same order, to whoever asks.
    let mut secrets = Secrets::default();
    let (home, sandbox) = hub_and_spoke();
    (0..7).for_each(|_| secrets.add(&next_keys(&home, &sandbox)));
    let (home, sandbox) = hub_and_spoke();
    for format in ["table", "json", "junit"] {
        let told = finish(&mut plain(&home, &sandbox, &["--config", "rolecall.toml", "--output", format])).code(0);
        secrets.assert_absent_from(&told);
        assert!(!told.output().contains(Sandbox::SECRET), "{format}");
    }
    assert!(secrets.files_with_them(&home).is_empty());
    assert_eq!(home.everything(), ["rolecall.toml", "world.toml"]);
    let last = next_keys(&home, &sandbox);
    assert!(
        secrets.are_in(last["SecretAccessKey"].as_str().unwrap()),
        "these keys are not those that were searched for"
    );
}

#[test]
fn what_is_denied_a_moment_ago_is_asked_for_again_as_long_as_is_wanted() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({ "roles": { ROLE: { "denied": true } } }));
    let waiting = Running::start(&mut validate(&home, &sandbox, &["--wait", "60s"]));
    until("a role that is denied twice", LIMIT, || {
        let calls = sandbox.calls();
        if calls.iter().filter(|call| call["outcome"] != "ok").count() > 1 {
            Ok(())
        } else {
            Err(format!("{calls:#?}"))
        }
    });
    sandbox.mend();
    let told = waiting.wait(LIMIT).code(0);
    assert!(row(&told, ALIAS).ends_with("ok"), "{told:#?}");
    // One that is well is left alone.
    let of_second = |call: &&Value| call["role"] == "arn:aws:iam::123456789013:role/MySecondRole";
    assert_eq!(sandbox.calls().iter().filter(of_second).count(), 1, "{:#?}", sandbox.calls());
    sandbox.faults(&json!({ "roles": { ROLE: { "denied": true } } }));
    finish(&mut validate(&home, &sandbox, &["--wait", "1s"])).code(3);
}

#[test]
fn a_signal_ends_it_at_once() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        sandbox.faults(&json!({ "latency_ms": 24_000 }));
        let calls = sandbox.calls().len();
        let trying = Running::start(&mut validate(&home, &sandbox, &[]));
        until("two calls", LIMIT, || if sandbox.calls().len() >= calls + 2 { Ok(()) } else { Err(String::new()) });
        trying.signal(signal);
        let ended = trying.wait(LIMIT).code(code);
        assert!(ended.stdout.is_empty() && ended.stderr.contains("before every role was tried"), "{ended:#?}");
    }
}

#[test]
fn the_profiles_of_the_aws_config_are_roles_and_those_left_out_do_not_count_as_failed() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let keys = format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", Sandbox::KEY, Sandbox::SECRET);
    home.write(".aws/credentials", &format!("[keys]\n{keys}"));
    home.write(
        ".aws/config",
        &format!(
            "[profile dev]\nrole_arn = {ROLE}\nsource_profile = keys\n[profile guarded]\nrole_arn = {ROLE}\n\
             source_profile = keys\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n"
        ),
    );
    let mut command = home.rolecall(&["validate", "--from-aws-config"]);
    let told = finish(command.env("AWS_ENDPOINT_URL", sandbox.url()).env("AWS_REGION", REGION)).code(0);
    assert!(row(&told, "dev").ends_with("ok"), "{told:#?}");
    let note = told.stdout.lines().find(|line| line.starts_with("note: ")).unwrap_or_default();
    assert!(note.contains("guarded") && note.contains("mfa_serial"), "{told:#?}");
    assert_eq!(home.everything(), [".aws", ".aws/config", ".aws/credentials"]);
}

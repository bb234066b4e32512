//! The verdict in its other forms: JSON, JUnit XML, and a table on a terminal.

use std::fs::File;
use std::io::Read as _;
use std::process::Stdio;

use e2e::{Home, Sandbox, finish, seed_environment};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::{Value, json};

use super::{ALIAS, HUB, ROLE, hub_and_spoke, plain, validate};

#[test]
fn json_has_each_role_and_each_problem() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.faults(&json!({ "roles": { ROLE: { "denied": true } } }));
    let told = finish(validate(&home, &sandbox, &["--output", "json"]).env("AWS_ROLE_3", "broken")).code(3);
    let document: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(document["version"], 1);
    let [first, second] = &document["roles"].as_array().unwrap()[..] else { unreachable!("{document:#}") };
    assert_eq!((&first["alias"], &first["arn"], &first["source"]), (&json!(ALIAS), &json!(ROLE), &json!("base")));
    assert_eq!((&first["result"], &first["expires_at"]), (&json!("failed"), &Value::Null));
    assert_eq!(first["fault"]["kind"], "denied");
    assert!(first["fault"]["message"].as_str().unwrap().contains(ROLE) && first["fault"]["action"].is_string());
    assert_eq!((&second["result"], &second["fault"]), (&json!("ok"), &Value::Null));
    assert!(second["expires_at"].as_str().unwrap().ends_with('Z') && second["duration_ms"].is_u64(), "{document:#}");
    assert_eq!(document["problems"][0]["origin"], "AWS_ROLE_3");
    assert_eq!((&document["problems"][0]["column"], &document["notes"]), (&json!(1), &json!([])));
}

#[test]
fn junit_has_a_test_case_for_each_role_and_each_problem() {
    let (home, sandbox) = hub_and_spoke();
    sandbox.faults(&json!({ "roles": { HUB: { "denied": true } } }));
    let mut command = plain(&home, &sandbox, &["--config", "rolecall.toml", "--output", "junit"]);
    let told = finish(command.env("AWS_ROLE_1", "<&\">")).code(4);
    let document = roxmltree::Document::parse(&told.stdout).unwrap();
    let suite = document.root_element().first_element_child().unwrap();
    assert_eq!((suite.tag_name().name(), suite.attribute("tests")), ("testsuite", Some("3")));
    assert_eq!((suite.attribute("failures"), suite.attribute("errors")), (Some("3"), Some("0")));
    let cases: Vec<_> = suite.children().filter(|node| node.has_tag_name("testcase")).collect();
    let names: Vec<_> = cases.iter().map(|case| (case.attribute("name"), case.attribute("classname"))).collect();
    let expected = [("hub", "123456789012"), ("spoke", "123456789013"), ("AWS_ROLE_1", "settings")];
    assert_eq!(names, expected.map(|(name, class)| (Some(name), Some(class))));
    for (case, kind) in cases.iter().zip(["denied", "denied", "misconfigured"]) {
        let failure = case.first_element_child().unwrap();
        assert_eq!((failure.tag_name().name(), failure.attribute("type")), ("failure", Some(kind)));
        let (message, text) = (failure.attribute("message").unwrap(), failure.text().unwrap());
        assert!(text.starts_with(message) && text.contains("\nfix: "), "{text}");
        assert!(case.attribute("time").unwrap().parse::<f64>().is_ok(), "{case:?}");
    }
}

#[test]
fn a_table_fits_a_narrow_terminal_and_the_progress_is_gone() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    // Long enough for a line of progress.
    sandbox.faults(&json!({ "roles": { ROLE: { "latency_ms": 1000 } } }));
    let width = 50;
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap();
    let slave = File::options().read(true).write(true).open(path.to_str().unwrap()).unwrap();
    tcsetwinsize(&master, Winsize { ws_col: width, ws_row: 24, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let mut command = home.rolecall(&["validate"]);
    command.envs(seed_environment(sandbox.environment())).env("TERM", "xterm-256color").stdin(Stdio::null());
    command.stdout(slave.try_clone().unwrap()).stderr(slave);
    let mut child = command.spawn().unwrap();
    // Ours of the slave goes with the command.
    drop(command);
    let (mut shown, mut buffer, mut from) = (vec![], [0; 4096], File::from(master));
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..count]);
    }
    assert!(child.wait().unwrap().success());
    let shown = String::from_utf8(shown).unwrap();
    let (progress, table) = shown.split_once("ALIAS").unwrap();
    assert!(progress.contains("1 of 2 roles tried") && progress.ends_with("\x1b[1G\x1b[2K"), "{shown:?}");
    assert!(table.contains("\x1b[32mok\x1b[0m"), "{table:?}");
    let plain = table.replace("\x1b[32m", "").replace("\x1b[0m", "");
    let rows: Vec<&str> = plain.lines().filter(|line| line.contains(" ok")).collect();
    assert_eq!(rows.len(), 2, "{plain}");
    assert!(rows.iter().all(|row| row.chars().count() <= usize::from(width)), "{plain}");
}

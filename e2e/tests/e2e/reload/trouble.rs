//! Reloads that cannot work, that come too often, or at a bad time.

use std::fs::File;
use std::io::Read as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use e2e::{Agent, finish, until};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

use super::{ADMIN, FILE, FIRST, Rig, SECOND, aliases, text};

#[test]
fn a_broken_file_changes_nothing_is_told_and_can_be_mended() {
    let rig = Rig::new("publish = \"file\"", &[FIRST, SECOND]);
    let agent = rig.start();
    agent.wait_for_state("first", "fresh");
    agent.wait_for_state("second", "fresh");
    let keys = ["first", "second"].map(|alias| agent.credentials(alias));
    for (broken, line, part) in [
        (text("stor = 1", &[ADMIN]), ":2", "stor: this key is not known here"),
        ("version = 1\n[role.first".into(), ":2", "unclosed table"),
        (String::new(), ":1", "does not say its version"),
        (text("default = \"second\"", &[FIRST]), "", "no role is named \"second\"; use one of first"),
        (text("", &[]), "", "no role is defined"),
        (text("health_listen = \"192.0.2.1:1\"", &[ADMIN]), "", "listen on 192.0.2.1:1"),
        (text("ready_file = \"/nonexistent/ready\"", &[ADMIN]), "", "/nonexistent is not a directory"),
    ] {
        rig.home.write(FILE, &broken);
        agent.reload();
        let status = agent.status();
        let problem = &status["problems"][0];
        let origin = format!("{}{line}", rig.home.at(FILE).display());
        assert_eq!(problem["origin"], origin, "{status:#}");
        assert!(problem["message"].as_str().unwrap().contains(part), "{status:#}");
        assert!(agent.output().contains(part), "{}", agent.output());
        let page = finish(&mut rig.home.rolecall(&["status"])).code(3);
        assert!(page.stdout.contains(&origin), "{page:#?}");
        assert_eq!(aliases(&agent), ["first", "second"]);
        assert_eq!(["first", "second"].map(|alias| agent.credentials(alias)), keys);
    }
    std::fs::remove_file(rig.home.at(FILE)).unwrap();
    agent.reload();
    let gone = agent.status()["problems"][0]["message"].as_str().unwrap().to_owned();
    assert!(gone.starts_with("read the settings file ") && gone.contains("No such file"), "{gone}");
    assert_eq!(aliases(&agent), ["first", "second"]);

    rig.write("publish = \"file\"", &[FIRST, SECOND, ADMIN]);
    agent.reload();
    agent.wait_for_state("admin", "fresh");
    assert_eq!(agent.status()["problems"], json!([]));
    assert_eq!(rig.assumed().len(), 3);
}

#[test]
fn a_role_that_becomes_wrong_stays_what_it_was_beside_those_that_change() {
    let rig = Rig::new("", &[FIRST, SECOND]);
    let agent = rig.start();
    let before = agent.credentials("first");
    rig.write("", &[("first", "12:role/R"), ADMIN]);
    agent.reload();
    agent.wait_for_state("admin", "fresh");
    assert_eq!(aliases(&agent), ["first", "admin"]);
    assert_eq!(agent.credentials("first"), before);
    let status = agent.status();
    assert_eq!(status["problems"][0]["origin"], format!("{}:4", rig.home.at(FILE).display()), "{status:#}");
}

#[test]
fn twenty_in_a_row_end_with_the_last_one() {
    let rig = Rig::new("publish = \"file\"", &[FIRST]);
    let agent = rig.start();
    let before = agent.credentials("first");
    for round in 0..20 {
        let alias = format!("role-{round}");
        rig.write("publish = \"file\"", &[FIRST, (&alias, SECOND.1)]);
        agent.signal(Signal::HUP);
    }
    agent.wait_for_state("role-19", "fresh");
    assert_eq!(aliases(&agent), ["first", "role-19"]);
    assert_eq!(agent.credentials("first"), before);
    until("the last one in the files", Duration::from_secs(10), || {
        let keys = rig.home.read(".aws/credentials");
        if keys.contains("[role-19]") && keys.matches("[role-").count() == 1 { Ok(()) } else { Err(keys) }
    });
}

#[test]
fn in_an_outage_what_is_held_stays_and_what_is_new_comes_when_it_is_over() {
    let rig = Rig::new("publish = \"file\"", &[FIRST, SECOND]);
    let agent = rig.start();
    let before = agent.credentials("first");
    agent.wait_for_state("second", "fresh");
    rig.sandbox.faults(&json!({"outage": "unavailable"}));
    rig.write("publish = \"file\"\ndefault = \"first\"", &[FIRST, ADMIN]);
    agent.reload();
    agent.wait_for_fault("admin", "unreachable");
    assert_eq!(agent.credentials("first"), before);
    until("the default", Duration::from_secs(10), || {
        let keys = rig.home.read(".aws/credentials");
        if keys.contains("[default]") && !keys.contains("[second]") { Ok(()) } else { Err(keys) }
    });
    rig.sandbox.mend();
    agent.wait_for_state("admin", "fresh");
    assert_eq!(agent.credentials("first"), before);
}

#[test]
fn a_file_that_somebody_holds_delays_nobody_who_asks() {
    let rig = Rig::new("", &[FIRST]);
    let agent = rig.start();
    agent.wait_for_state("first", "fresh");
    let lock = File::create(rig.home.at(".aws/config.rolecall.lock")).unwrap();
    lock.lock().unwrap();
    rig.write("", &[FIRST, SECOND]);
    agent.reload();
    agent.credentials("second");
    assert!(!rig.home.read(".aws/config").contains("second"));
    drop(lock);
    until("its profile", Duration::from_secs(60), || {
        let config = rig.home.read(".aws/config");
        if config.contains("[profile second]") { Ok(()) } else { Err(config) }
    });
}

#[test]
fn everything_is_whole_whenever_it_is_killed() {
    let rig = Rig::new("publish = \"file\"", &[FIRST, SECOND]);
    for round in 0..8 {
        let agent = rig.start();
        agent.wait_for_state("second", "fresh");
        let others = if round % 2 == 0 { [FIRST, SECOND, ADMIN].to_vec() } else { [ADMIN, SECOND].to_vec() };
        let form = if round % 3 == 0 { "process" } else { "file" };
        rig.write(&format!("publish = \"{form}\""), &others);
        agent.signal(Signal::HUP);
        std::thread::sleep(Duration::from_millis(11 * round));
        agent.stop(Signal::KILL);
        let roles: Value = serde_json::from_str(&rig.home.read(".local/state/rolecall/roles.json")).unwrap();
        assert!(roles["roles"].as_array().is_some_and(|roles| roles.len() >= 2), "{roles:#}");
        for file in [".aws/credentials", ".aws/config", ".local/state/rolecall/credentials"] {
            let text = rig.home.read(file);
            assert!(text.is_empty() || text.ends_with('\n'), "{file} after kill {round}");
            assert_eq!(text.matches("# >>> rolecall").count(), text.matches("# <<< rolecall").count(), "{file}");
            let keys = text.matches("aws_secret_access_key").count();
            assert_eq!(keys, text.matches("aws_session_token").count(), "{file} after kill {round}");
        }
    }
    let agent = rig.start();
    agent.wait_for_state("second", "fresh");
    agent.wait_for_state("admin", "fresh");
}

#[test]
fn it_outlives_its_terminal() {
    let rig = Rig::new("", &[FIRST]);
    // Nobody else keeps it open.
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let other = || Stdio::from(File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap());
    let mut command = rig.home.command("setsid");
    command.arg("--ctty").arg(e2e::binary()).arg("agent").envs(rig.environment());
    let agent = Ended(command.stdin(other()).stdout(other()).stderr(other()).spawn().unwrap());
    let mut screen = File::from(terminal);
    let mut seen = Vec::new();
    until("its start", Duration::from_secs(20), || {
        let mut buffer = [0; 1024];
        let length = screen.read(&mut buffer).unwrap();
        seen.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&seen).into_owned();
        if text.contains("first round over") { Ok(()) } else { Err(text) }
    });
    // The system sends the signal to whoever the terminal belonged to; and nothing can be written there any more.
    drop(command);
    drop(screen);
    rig.write("", &[FIRST, SECOND]);
    until("the other role", Duration::from_secs(30), || {
        let told = finish(&mut rig.home.rolecall(&["credentials", "second"]));
        let by_the_agent = finish(&mut rig.home.rolecall(&["profiles"])).code == Some(0);
        if told.code == Some(0) && by_the_agent { Ok(()) } else { Err(format!("{told:#?}")) }
    });
    drop(agent);
}

/// A child that is ended with its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn the_base_is_never_one_of_the_new_roles() {
    let rig = Rig::new("", &[FIRST]);
    rig.home.write(
        ".aws/credentials",
        &format!(
            "[work]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            e2e::Sandbox::KEY,
            e2e::Sandbox::SECRET
        ),
    );
    let environment = [
        ("AWS_ENDPOINT_URL", rig.sandbox.url()),
        ("AWS_REGION", "eu-central-1".into()),
        ("AWS_PROFILE", "work".into()),
    ];
    let agent = Agent::start(&rig.home, environment, &[]);
    let before = agent.credentials("first");
    // A role of the name of the base's own profile stays unpublished, since that profile is the user's.
    rig.write("", &[FIRST, ("work", SECOND.1)]);
    agent.reload();
    agent.wait_for_fault("work", "profile_taken");
    assert_eq!(agent.credentials("first"), before);
    assert_eq!(rig.sandbox.assumers(), [e2e::Sandbox::USER]);
}

//! Other settings while the agent runs: by signal, and by a file that has changed.

mod keys;
mod trouble;

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use e2e::{Agent, Home, REGION, Running, Sandbox, finish, seed_environment, until};
use rustix::process::Signal;

const FILE: &str = ".config/rolecall/rolecall.toml";
const FIRST: (&str, &str) = ("first", "123456789012:role/MyFirstRole");
const SECOND: (&str, &str) = ("second", "123456789013:role/MySecondRole");
const ADMIN: (&str, &str) = ("admin", "123456789012:role/team/Admin");

/// A home with a settings file, and a sandbox.
struct Rig {
    home: Home,
    sandbox: Sandbox,
}

impl Rig {
    fn new(settings: &str, roles: &[(&str, &str)]) -> Self {
        let home = Home::new();
        let rig = Self { sandbox: Sandbox::start(&home), home };
        rig.write(settings, roles);
        rig
    }

    fn write(&self, settings: &str, roles: &[(&str, &str)]) {
        self.home.write(FILE, &text(settings, roles));
    }

    fn environment(&self) -> Vec<(String, String)> {
        self.sandbox.environment().into_iter().chain([("AWS_REGION".into(), REGION.into())]).collect()
    }

    fn start(&self) -> Agent<'_> {
        Agent::start(&self.home, self.environment(), &[])
    }

    /// The roles that STS was asked for, from old to new.
    fn assumed(&self) -> Vec<String> {
        let calls = self.sandbox.calls();
        let assumed = calls.iter().filter(|call| call["action"] == "AssumeRole");
        assumed.map(|call| call["role"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
    }
}

fn text(settings: &str, roles: &[(&str, &str)]) -> String {
    let role = |(alias, arn): &(&str, &str)| format!("[role.{alias}]\narn = \"arn:aws:iam::{arn}\"\n");
    format!("version = 1\n{settings}\n{}", roles.iter().map(role).collect::<String>())
}

fn aliases(agent: &Agent<'_>) -> Vec<String> {
    let profiles = agent.profiles();
    let profiles = profiles["profiles"].as_array().unwrap().iter();
    profiles.map(|profile| profile["alias"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn roles_come_go_and_change_by_a_signal_and_the_others_keep_their_sessions() {
    let rig = Rig::new("publish = \"file\"", &[FIRST, SECOND]);
    let agent = rig.start();
    agent.wait_for_state("first", "fresh");
    let second = agent.credentials("second");
    rig.write("publish = \"file\"", &[ADMIN, SECOND, ("first", "123456789012:role/Deploy")]);
    agent.reload();
    agent.wait_for_state("admin", "fresh");
    agent.wait_for_state("first", "fresh");
    assert_eq!(aliases(&agent), ["admin", "second", "first"]);
    assert_eq!(agent.credentials("second"), second);

    rig.write("publish = \"file\"", &[ADMIN]);
    agent.reload();
    assert_eq!(aliases(&agent), ["admin"]);
    until("files without them", Duration::from_secs(10), || {
        let files =
            [".aws/config", ".aws/credentials", ".local/state/rolecall/credentials"].map(|file| rig.home.read(file));
        let gone =
            files.iter().all(|text| text.contains("admin]") && !text.contains("first]") && !text.contains("second]"));
        if gone { Ok(()) } else { Err(files[0].clone()) }
    });
    let roles = rig.home.read(".local/state/rolecall/roles.json");
    assert!(roles.contains("\"admin\"") && !roles.contains("\"second\""), "{roles}");
    finish(&mut rig.home.rolecall(&["credentials", "first"])).code(5);
    let mut assumed = rig.assumed();
    assumed.sort();
    assert_eq!(assumed, ["Admin", "Deploy", "MyFirstRole", "MySecondRole"], "one call for each that is new");
}

#[test]
fn a_changed_file_is_noticed_without_a_signal() {
    let rig = Rig::new("", &[FIRST]);
    let agent = rig.start();
    agent.wait_for_state("first", "fresh");
    rig.write("", &[FIRST, SECOND]);
    agent.wait_for_state("second", "fresh");
    // An editor that puts a new file in the place of the old one.
    rig.home.write(".config/rolecall/new", &text("", &[SECOND]));
    std::fs::rename(rig.home.at(".config/rolecall/new"), rig.home.at(FILE)).unwrap();
    until("one role", Duration::from_secs(20), || match aliases(&agent) {
        aliases if aliases == ["second"] => Ok(()),
        aliases => Err(format!("{aliases:?}")),
    });
    assert_eq!(rig.assumed(), ["MyFirstRole", "MySecondRole"]);
}

#[test]
fn a_config_map_that_is_replaced_is_noticed() {
    let rig = Rig::new("", &[]);
    // As the kubelet lays it out: the file is a link through a link, and the second one is replaced.
    rig.home.write("map/..1/rolecall.toml", &text("", &[FIRST]));
    rig.home.write("map/..2/rolecall.toml", &text("", &[SECOND]));
    symlink("..1", rig.home.at("map/..data")).unwrap();
    symlink("..data/rolecall.toml", rig.home.at("map/rolecall.toml")).unwrap();
    let agent = Agent::start(&rig.home, rig.environment(), &["--config", "map/rolecall.toml"]);
    agent.wait_for_state("first", "fresh");
    symlink("..2", rig.home.at("map/..new")).unwrap();
    std::fs::rename(rig.home.at("map/..new"), rig.home.at("map/..data")).unwrap();
    agent.wait_for_state("second", "fresh");
    assert_eq!(aliases(&agent), ["second"]);
}

#[test]
fn a_file_that_comes_later_is_read() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state("MySecondAccount", "fresh");
    // Without a file there is nothing to read, and that is no reason to end.
    agent.reload();
    assert_eq!(agent.status()["problems"], serde_json::json!([]));
    home.write(FILE, &text("", &[ADMIN]));
    agent.wait_for_state("admin", "fresh");
    assert_eq!(aliases(&agent), ["MyFirstAccount", "MySecondAccount", "admin"]);
    assert_eq!(sandbox.calls().len(), 3);
}

#[test]
fn the_service_manager_is_told_when_it_begins_and_ends() {
    let rig = Rig::new("", &[FIRST]);
    let manager = UnixDatagram::bind(rig.home.at("notify.sock")).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let heard = || {
        let mut buffer = [0; 512];
        let length = manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let mut command = Agent::command(&rig.home, &[]);
    let agent =
        Agent::start_with(&rig.home, command.envs(rig.environment()).env("NOTIFY_SOCKET", rig.home.at("notify.sock")));
    assert!(heard().starts_with("READY=1\n"));
    for settings in ["", "broken"] {
        rig.write(settings, &[FIRST, SECOND]);
        agent.signal(Signal::HUP);
        let begin = heard();
        let time = begin.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap_or_else(|| panic!("{begin}"));
        assert!(time.parse::<u64>().unwrap() > 0);
        assert!(heard().starts_with("READY=1\nSTATUS="), "{settings}");
    }
}

#[test]
fn one_round_ends_by_the_signal_as_ever() {
    let rig = Rig::new("", &[FIRST]);
    rig.sandbox.faults(&serde_json::json!({"latency_ms": 20_000}));
    let mut agent = Running::start(Agent::command(&rig.home, &["--once"]).envs(rig.environment()));
    agent.wait_for("its start", |output| output.contains("started").then_some(()));
    agent.signal(Signal::HUP);
    assert_eq!(agent.wait(Duration::from_secs(10)).code, None);
}

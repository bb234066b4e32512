//! The agent as a whole, with an STS of the test's own.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use rolecall_core::rotation::Policy;
use rolecall_core::{Fault, FaultKind};
use rolecall_rotator::SystemClock;
use rolecall_testkit::{ManualClock, canary};

use super::*;
use crate::settings::group::Group;
use crate::settings::problem::Problem;
use crate::state::state_dir::StateDirError;
use crate::testing::{Answer, FakeSts, get, log, role};

mod reload;
mod restart;

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        log();
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn settings(&self, publish: Publish, aliases: &[&str]) -> AgentSettings {
        AgentSettings {
            roles: aliases.iter().map(|alias| role(alias)).collect(),
            origins: BTreeMap::new(),
            file: None,
            problems: Vec::new(),
            notes: Vec::new(),
            default: None,
            publish,
            take_over: Vec::new(),
            endpoint: None,
            health_listen: None,
            metrics_listen: None,
            store: true,
            state_dir: self.path("state"),
            config_file: self.path("aws/config"),
            credentials_file: self.path("aws/credentials"),
            base_profile: None,
            socket_group: None,
            command: "/bin/rolecall".into(),
            policy: Policy::default(),
            adopt: true,
        }
    }

    /// As for an agent that does one round.
    fn one_round(&self, publish: Publish, aliases: &[&str]) -> AgentSettings {
        AgentSettings { adopt: false, ..self.settings(publish, aliases) }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }
}

async fn start(settings: AgentSettings, answers: &[(&str, Answer)]) -> Result<Agent, StartError> {
    Agent::start(settings, FakeSts::new(answers), Arc::new(SystemClock)).await
}

/// One round of an agent, and its end.
async fn once(agent: Agent) -> Outcome {
    let outcome = agent.ready().await;
    agent.stop().await;
    outcome
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o777
}

#[tokio::test]
async fn an_agent_publishes_serves_and_leaves_its_profiles_behind() {
    let home = Home::new();
    let agent = start(home.settings(Publish::Process, &["a", "b"]), &[]).await.unwrap();
    let state = home.path("state").canonicalize().unwrap();
    let line = format!("credential_process = \"/bin/rolecall\" credentials --state-dir {} a\n", state.display());
    // Whoever is told of a profile can use it.
    agent.profiles().await;
    assert!(home.text("aws/config").contains(&line));
    assert_eq!(get(&state.join("agent.sock"), "/v1/credentials/a").await.0, 200);
    agent.rotator.settled().await;
    assert!(home.text("state/credentials").contains("[b]\n"));
    for (name, bits) in
        [("", 0o700), ("/lock", 0o600), ("/agent.sock", 0o600), ("/credentials", 0o600), ("/config", 0o600)]
    {
        assert_eq!(mode(&home.path(&format!("state{name}"))), bits, "{name}");
    }
    agent.stop().await;
    assert!(!home.path("state/agent.sock").exists());
    assert!(home.text("aws/config").contains(&line) && home.text("state/credentials").contains("[b]\n"));
    start(home.settings(Publish::Process, &["a"]), &[]).await.unwrap().stop().await;
    assert!(!home.text("state/credentials").contains("[b]\n") && !home.text("aws/config").contains("profile b"));
}

#[tokio::test]
async fn what_is_shared_with_a_group_can_be_read_by_it_until_an_agent_keeps_it_for_itself() {
    let home = Home::new();
    let group = Group::new(rustix::process::getegid().as_raw());
    let files = ["credentials", "config", "roles.json", "json/a.json"];
    for (socket_group, directory, socket, file) in
        [(None, 0o700, 0o600, 0o600), (group, 0o750, 0o660, 0o640), (None, 0o750, 0o600, 0o600)]
    {
        let settings = AgentSettings { socket_group, ..home.settings(Publish::Cat, &["a"]) };
        let agent = start(settings, &[]).await.unwrap();
        agent.ready().await;
        let mode = |name: &str| mode(&home.path(&format!("state/{name}")));
        assert_eq!((mode(""), mode("agent.sock"), mode("lock")), (directory, socket, 0o600));
        assert_eq!(files.map(mode), [file; 4], "{socket_group:?}");
        agent.stop().await;
    }
}

#[tokio::test]
async fn a_second_agent_is_refused_and_harms_nothing() {
    let home = Home::new();
    let agent = start(home.settings(Publish::Process, &["a"]), &[]).await.unwrap();
    let second = start(home.settings(Publish::None, &["b"]), &[]).await;
    let Err(StartError::StateDir(StateDirError::InUse { pid, .. })) = second else { panic!("not refused") };
    assert_eq!(pid, Some(std::process::id()));
    assert_eq!(get(&home.path("state/agent.sock"), "/v1/credentials/a").await.0, 200);
    agent.profiles().await;
    assert!(home.text("aws/config").contains("[profile a]"));
    agent.stop().await;
}

#[tokio::test]
async fn the_first_sessions_of_many_roles_are_told_together() {
    let home = Home::new();
    for (roles, lines) in [(8, 8), (9, 0)] {
        let aliases: Vec<String> = (0..roles).map(|n| format!("one-of-{roles}-{n}")).collect();
        let aliases: Vec<&str> = aliases.iter().map(String::as_str).collect();
        // The second agent begins with what the first one left.
        for _ in 0..2 {
            let agent = start(home.settings(Publish::None, &aliases), &[]).await.unwrap();
            assert_eq!(once(agent).await, Outcome { ok: roles, failed: 0 });
        }
        let log = log();
        let told = |line: &&str| line.contains("INFO") && line.contains(&format!("alias=one-of-{roles}-"));
        assert_eq!(log.lines().filter(told).count(), 2 * lines, "{log}");
        assert!(log.contains(&format!("first round over: {roles} of {roles} roles have a session")));
    }
}

#[tokio::test]
async fn one_round_counts_what_became_of_every_role() {
    let denied = ("denied", Answer::Fault(FaultKind::Denied));
    let problem = Problem {
        origin: "AWS_ROLE_9".into(),
        column: None,
        value: None,
        fault: Fault::new(FaultKind::Misconfigured, "bad", "repair it"),
    };
    for (publish, aliases, problems, ok, failed) in [
        (Publish::File, &["a", "b"][..], 0, 2, 0),
        (Publish::File, &["a", "denied"], 1, 1, 2),
        (Publish::Process, &["a", "taken"], 0, 1, 1),
        (Publish::None, &["denied"], 0, 0, 1),
        (Publish::None, &[], 0, 0, 0),
    ] {
        let home = Home::new();
        fs::create_dir(home.path("aws")).unwrap();
        fs::write(home.path("aws/config"), "[profile taken]\n").unwrap();
        let mut settings = home.one_round(publish, aliases);
        settings.problems = vec![problem.clone(); problems];
        let outcome = once(start(settings, &[denied]).await.unwrap()).await;
        assert_eq!(outcome, Outcome { ok, failed }, "{publish} {aliases:?}");
        assert_eq!(home.text("aws/credentials").contains("[a]"), publish == Publish::File, "{aliases:?}");
        assert!(!home.path("state/agent.sock").exists());
    }
}

#[tokio::test]
async fn a_role_that_fails_is_told_and_hurts_nobody() {
    let home = Home::new();
    let mut settings = home.settings(Publish::Process, &["a", "b", "c"]);
    settings.roles[2].region = None;
    let answers = [("a", Answer::Fault(FaultKind::Denied)), ("c", Answer::Clamped)];
    let agent = start(settings, &answers).await.unwrap();
    agent.rotator.settled().await;
    let status = agent.status().await;
    let states: Vec<_> = status.profiles.iter().map(|p| p.profile.state.as_str()).collect();
    assert_eq!(states, ["failed", "fresh", "fresh"]);
    assert_eq!(
        status.profiles[0].profile.fault.as_ref().unwrap().message,
        "assume arn:aws:iam::123456789012:role/team/a-role: no"
    );
    let notes = &status.profiles[2].notes;
    assert!(notes[0].starts_with("sessions of 30m instead of 1h: ") && notes[1].starts_with("no Region"), "{notes:?}");
    assert_eq!(status.profiles[2].asked_for_seconds, Some(1800));
    assert!(status.profiles[1].notes.is_empty() && status.problems.is_empty());
    agent.stop().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_told_and_the_rest_works() {
    let home = Home::new();
    fs::create_dir(home.path("aws")).unwrap();
    fs::write(home.path("aws/config"), "broken").unwrap();
    let agent = start(home.settings(Publish::Process, &["a"]), &[]).await.unwrap();
    assert_eq!(get(&home.path("state/agent.sock"), "/v1/credentials/a").await.0, 200);
    let problems = agent.profiles().await.problems;
    assert_eq!((problems.len(), problems[0].origin.as_str()), (1, "profiles"));
    assert!(problems[0].message.contains("aws/config: line 1"), "{problems:?}");
    assert_eq!(once(agent).await, Outcome { ok: 0, failed: 1 });
    assert!(home.text("state/credentials").contains("[a]"));
    assert_eq!(home.text("aws/config"), "broken");
}

#[tokio::test]
async fn a_round_that_fails_takes_no_working_credentials_away() {
    let home = Home::new();
    let first = start(home.one_round(Publish::File, &["a", "b"]), &[]).await.unwrap();
    assert_eq!(once(first).await, Outcome { ok: 2, failed: 0 });
    // Now STS is out of reach, and one role is no longer wanted.
    let outage = [("a", Answer::Fault(FaultKind::Unreachable))];
    let second = start(home.one_round(Publish::File, &["a"]), &outage).await.unwrap();
    assert_eq!(once(second).await, Outcome { ok: 0, failed: 1 });
    let left = home.text("state/credentials");
    for name in ["aws/credentials", "state/credentials"] {
        let text = home.text(name);
        assert!(text.contains("[a]\naws_access_key_id = ASIATEST") && !text.contains("[b]"), "{name}");
    }
    // And one that succeeds brings a new session, though the old one is good.
    let third = Agent::start(home.one_round(Publish::File, &["a"]), FakeSts::from(100), Arc::new(SystemClock)).await;
    assert_eq!(once(third.unwrap()).await, Outcome { ok: 1, failed: 0 });
    assert_ne!(home.text("state/credentials"), left);
    assert!(home.text("aws/credentials").contains("ASIATEST000000000100"));
}

/// Holds the lock of a file as another process would, until it is dropped.
fn lock(target: &Path) -> fs::File {
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    let mut name = target.as_os_str().to_owned();
    name.push(".rolecall.lock");
    let file = fs::File::create(name).unwrap();
    file.lock().unwrap();
    file
}

#[tokio::test]
async fn a_lock_that_is_held_delays_neither_the_socket_nor_the_end() {
    let home = Home::new();
    let held = lock(&home.path("aws/config"));
    let agent = start(home.settings(Publish::Process, &["a"]), &[]).await.unwrap();
    assert_eq!(get(&home.path("state/agent.sock"), "/v1/credentials/a").await.0, 200);
    assert_eq!(home.text("aws/config"), "");
    drop(held);
    let published = async {
        while !home.text("aws/config").contains("[profile a]") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), published).await.unwrap();
    agent.stop().await;

    let _held = lock(&home.path("aws/config"));
    let agent = start(home.settings(Publish::Process, &["b"]), &[]).await.unwrap();
    // Less than a lock is waited for.
    tokio::time::timeout(Duration::from_secs(2), agent.stop()).await.expect("it ends");
}

#[tokio::test]
async fn a_round_does_not_wait_for_ever_for_a_lock_and_names_it() {
    let home = Home::new();
    let _held = lock(&home.path("aws/config"));
    let agent = start(home.one_round(Publish::Process, &["a"]), &[]).await.unwrap();
    let view = Arc::clone(&agent.view);
    let outcome = tokio::time::timeout(Duration::from_secs(15), once(agent)).await.expect("it ends");
    assert_eq!(outcome, Outcome { ok: 0, failed: 1 });
    let [(writer, fault)] = &view.board.failed()[..] else { panic!("one writer fails") };
    assert!(*writer == "profiles" && fault.message.contains("config.rolecall.lock"), "{fault}");
}

#[tokio::test]
async fn one_file_for_both_of_the_users_is_refused_and_left_alone() {
    let home = Home::new();
    fs::create_dir(home.path("aws")).unwrap();
    let text = "[default]\nregion = x\n";
    fs::write(home.path("aws/config"), text).unwrap();
    fs::hard_link(home.path("aws/config"), home.path("aws/hard")).unwrap();
    std::os::unix::fs::symlink("config", home.path("aws/soft")).unwrap();
    for publish in [Publish::Process, Publish::File, Publish::None] {
        for name in ["aws/config", "aws/hard", "aws/soft", "aws/../aws/config"] {
            let settings = AgentSettings { credentials_file: home.path(name), ..home.settings(publish, &["a"]) };
            match start(settings, &[]).await {
                // It has nothing to write into either.
                Ok(agent) if publish == Publish::None => agent.stop().await,
                Err(StartError::OneFile { .. }) if publish != Publish::None => assert!(!home.path("state").exists()),
                _ => panic!("{publish} {name}"),
            }
            assert_eq!(home.text("aws/config"), text);
        }
    }
}

#[tokio::test]
async fn the_users_files_are_never_the_agents_own() {
    let home = Home::new();
    fs::create_dir(home.path("aws")).unwrap();
    fs::write(home.path("aws/credentials"), "[mine]\naws_access_key_id = theirs\n").unwrap();
    for publish in [Publish::Process, Publish::File, Publish::None] {
        let settings = AgentSettings { state_dir: home.path("aws"), ..home.settings(publish, &["a"]) };
        assert!(matches!(start(settings, &[]).await, Err(StartError::StateDir(StateDirError::UsersFile { .. }))));
        assert_eq!(fs::read_dir(home.path("aws")).unwrap().count(), 1);
        let settings = AgentSettings { config_file: home.path("state/config"), ..home.settings(publish, &["a"]) };
        assert!(matches!(start(settings, &[]).await, Err(StartError::StateDir(StateDirError::UsersFile { .. }))));
        assert_eq!(fs::read_dir(home.path("state")).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn the_null_device_for_both_files_is_told_when_something_is_published() {
    for (publish, problems) in [(Publish::None, 0), (Publish::Process, 1), (Publish::File, 1)] {
        let home = Home::new();
        let null = PathBuf::from("/dev/null");
        let (config_file, credentials_file) = (null.clone(), null);
        let settings = AgentSettings { config_file, credentials_file, ..home.settings(publish, &["a"]) };
        let agent = start(settings, &[]).await.unwrap();
        agent.rotator.settled().await;
        let told = agent.profiles().await.problems;
        assert_eq!(told.len(), problems, "{told:?}");
        assert!(told.iter().all(|problem| problem.message.contains("/dev/null")), "{told:?}");
        assert_eq!(get(&home.path("state/agent.sock"), "/v1/credentials/a").await.0, 200);
        agent.stop().await;
    }
}

/// Were anything of STS waited for, the clock would run on to the limit.
#[tokio::test(start_paused = true)]
async fn it_stops_at_once_even_when_sts_is_silent() {
    let home = Home::new();
    let agent = start(home.settings(Publish::Process, &["a"]), &[("a", Answer::Silence)]).await.unwrap();
    tokio::time::timeout(STOP_TIME / 2, agent.stop()).await.expect("it stops at once");
    assert!(!home.path("state/agent.sock").exists());
}

#[tokio::test]
async fn paths_that_no_profile_can_hold_are_refused() {
    let home = Home::new();
    let mut settings = home.settings(Publish::Process, &["a"]);
    settings.command = "rolecall".into();
    assert!(matches!(start(settings.clone(), &[]).await, Err(StartError::Command(_))));
    assert!(!home.path("aws").exists());
    settings.publish = Publish::None;
    start(settings, &[]).await.unwrap().stop().await;
}

#[tokio::test]
async fn no_secret_is_in_a_log_or_a_document() {
    let home = Home::new();
    let answers = [("b", Answer::Fault(FaultKind::Throttled))];
    let agent = start(home.settings(Publish::File, &["a", "b"]), &answers).await.unwrap();
    agent.rotator.settled().await;
    assert!(home.text("aws/credentials").contains(canary::MARK), "the canary sings where it may");
    let documents = [
        serde_json::to_string(&agent.status().await).unwrap(),
        serde_json::to_string(&agent.profiles().await).unwrap(),
        home.text("aws/config"),
        home.text("state/config"),
        home.text("state/lock"),
    ];
    agent.stop().await;
    for text in documents {
        canary::assert_absent("a document", &text);
    }
    let log = log();
    assert!(log.contains("fresh session") && log.contains("stopped"), "{log}");
    canary::assert_absent("the log", &log);
}

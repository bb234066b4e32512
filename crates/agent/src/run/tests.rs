//! The agent as a whole, with an STS of the test's own.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rolecall_core::FaultKind;
use rolecall_core::rotation::Policy;
use rolecall_rotator::SystemClock;
use rolecall_testkit::canary;

use super::*;
use crate::problem::Problem;
use crate::testing::{Answer, FakeSts, get, log, role};

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
            problems: Vec::new(),
            notes: Vec::new(),
            default: None,
            publish,
            state_dir: self.path("state"),
            config_file: self.path("aws/config"),
            credentials_file: self.path("aws/credentials"),
            command: "/bin/rolecall".into(),
            policy: Policy::default(),
        }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }
}

async fn start(settings: AgentSettings, answers: &[(&str, Answer)]) -> Result<Agent, StartError> {
    Agent::start(settings, FakeSts::new(answers), Arc::new(SystemClock)).await
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
async fn a_second_agent_is_refused_and_harms_nothing() {
    let home = Home::new();
    let agent = start(home.settings(Publish::Process, &["a"]), &[]).await.unwrap();
    let second = start(home.settings(Publish::None, &["b"]), &[]).await;
    let Err(StartError::StateDir(StateDirError::InUse { pid, .. })) = second else { panic!("not refused") };
    assert_eq!(pid, Some(std::process::id()));
    assert_eq!(get(&home.path("state/agent.sock"), "/v1/credentials/a").await.0, 200);
    assert!(home.text("aws/config").contains("[profile a]"));
    agent.stop().await;
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
        let mut settings = home.settings(publish, aliases);
        settings.problems = vec![problem.clone(); problems];
        let outcome = start(settings, &[denied]).await.unwrap().once().await;
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
    assert_eq!(agent.once().await, Outcome { ok: 0, failed: 1 });
    assert!(home.text("state/credentials").contains("[a]"));
    assert_eq!(home.text("aws/config"), "broken");
}

#[tokio::test]
async fn a_restart_takes_no_working_credentials_away() {
    let home = Home::new();
    let first = start(home.settings(Publish::File, &["a", "b"]), &[]).await.unwrap();
    assert_eq!(first.once().await, Outcome { ok: 2, failed: 0 });
    // Now STS is out of reach, and one role is no longer wanted.
    let outage = [("a", Answer::Fault(FaultKind::Unreachable))];
    let second = start(home.settings(Publish::File, &["a"]), &outage).await.unwrap();
    assert_eq!(second.once().await, Outcome { ok: 0, failed: 1 });
    for name in ["aws/credentials", "state/credentials"] {
        let text = home.text(name);
        assert!(text.contains("[a]\naws_access_key_id = ASIATEST") && !text.contains("[b]"), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_stops_at_once_even_when_sts_is_silent() {
    let home = Home::new();
    let clock = SystemClock;
    let agent = start(home.settings(Publish::Process, &["a"]), &[("a", Answer::Silence)]).await.unwrap();
    let before = clock.now().boot;
    agent.stop().await;
    assert!(clock.now().boot - before < Duration::from_secs(1));
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

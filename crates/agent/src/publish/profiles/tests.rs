//! Profiles in the user's files, in each form, next to whatever else may stand there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use rolecall_core::Sink;
use rolecall_core::rotation::Policy;
use rolecall_formats::config;
use rolecall_rotator::SystemClock;

use super::*;
use crate::publish::file_sink::FileSink;
use crate::settings::Publish;
use crate::testing::{delivery, role, session};

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(".aws").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.0.path().join(".aws")).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The names of the profiles that programs see.
    fn names(&self, name: &str) -> Vec<String> {
        let kind = if name == "config" { File::Config } else { File::Credentials };
        config::read(&self.text(name), kind).unwrap().iter().map(|profile| profile.name.clone()).collect()
    }

    fn writer(&self, form: Form, default: Option<&str>) -> Profiles {
        let settings = AgentSettings {
            roles: Vec::new(),
            origins: BTreeMap::new(),
            file: None,
            problems: Vec::new(),
            notes: Vec::new(),
            default: default.map(|alias| alias.parse().unwrap()),
            publish: Publish::Process,
            take_over: Vec::new(),
            endpoint: None,
            health_listen: None,
            metrics_listen: None,
            store: true,
            state_dir: "/state".into(),
            config_file: self.path("config"),
            credentials_file: self.path("credentials"),
            base_profile: None,
            socket_group: None,
            command: "/bin/rolecall".into(),
            policy: Policy::default(),
            adopt: true,
        };
        Profiles::new(
            form,
            &settings,
            JsonFiles::new(self.0.path()),
            "3fa9c2d1".parse().unwrap(),
            Timestamp::UNIX_EPOCH,
        )
    }

    fn profiles(&self, form: Form, aliases: &[&str], default: Option<&str>) -> FileSink<Profiles> {
        let roles = aliases.iter().map(|alias| Arc::new(role(alias))).collect();
        let holdings = Holdings::new(roles, BTreeMap::new());
        FileSink::new(self.writer(form, default), Arc::new(SystemClock), Arc::default(), holdings)
    }

    fn process(&self, aliases: &[&str], default: Option<&str>) -> FileSink<Profiles> {
        self.profiles(Form::Process(Command::new("/bin/rolecall", "/state").unwrap()), aliases, default)
    }
}

fn fault(profiles: &FileSink<Profiles>, alias: &str) -> Option<Fault> {
    profiles.board().fault(&alias.parse().unwrap()).map(|(fault, _)| fault)
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o777
}

#[tokio::test]
async fn process_profiles_are_there_from_the_start_and_nothing_else_is_touched() {
    let home = Home::new();
    home.process(&["a", "b"], None).write().await.unwrap();
    assert_eq!(home.names("config"), ["a", "b"]);
    assert!(home.text("config").contains("credential_process = \"/bin/rolecall\" credentials --state-dir /state a\n"));
    assert_eq!(mode(&home.path("config")), 0o600);
    assert!(!home.path("credentials").exists() && !home.path("credentials.rolecall.lock").exists());
}

#[tokio::test]
async fn a_vanished_role_takes_its_profile_along_and_the_users_text_stays() {
    let home = Home::new();
    let text = "# mine\n[profile own]\nregion = x\n";
    home.write("config", text);
    home.process(&["a", "b"], Some("a")).write().await.unwrap();
    assert_eq!(home.names("config"), ["own", "default", "a", "b"]);
    home.process(&["b"], None).write().await.unwrap();
    assert_eq!(home.names("config"), ["own", "b"]);
    home.profiles(Form::None, &["b"], None).write().await.unwrap();
    assert_eq!(home.text("config"), text);
}

#[tokio::test]
async fn no_form_without_a_block_looks_at_nothing() {
    let home = Home::new();
    home.write("config", "broken");
    home.profiles(Form::None, &["a"], None).write().await.unwrap();
    assert_eq!(fs::read_dir(home.0.path().join(".aws")).unwrap().count(), 1);
}

#[tokio::test]
async fn below_what_is_no_directory_there_is_nothing_to_take_out() {
    let home = Home::new();
    fs::write(home.0.path().join(".aws"), "").unwrap();
    home.profiles(Form::None, &["a"], None).write().await.unwrap();
    let fault = home.process(&["a"], None).write().await.unwrap_err();
    assert!(fault.message.starts_with("create the directory"), "{fault}");
}

#[tokio::test]
async fn a_profile_of_the_user_in_either_file_is_never_replaced() {
    let home = Home::new();
    home.write("config", "[profile b]\nregion = x\n");
    home.write("credentials", "[c]\naws_access_key_id = theirs\n");
    for form in [Form::Process(Command::new("/bin/rolecall", "/state").unwrap()), Form::File] {
        let profiles = home.profiles(form, &["a", "b", "c"], None);
        let all = ["a", "b", "c"].map(|alias| delivery(alias, Some(session(1))));
        profiles.deliver(&all).await.unwrap();
        assert_eq!(home.names("config"), ["b", "a"]);
        assert!(home.text("credentials").starts_with("[c]\naws_access_key_id = theirs\n"));
        assert!(fault(&profiles, "a").is_none());
        for (alias, file) in [("b", "config"), ("c", "credentials")] {
            let fault = fault(&profiles, alias).unwrap();
            assert_eq!(fault.kind, rolecall_core::FaultKind::ProfileTaken);
            assert!(fault.message.contains(home.path(file).to_str().unwrap()), "{fault}");
        }
    }
    // The name is free again.
    let profiles = home.process(&["a", "b", "c"], None);
    home.write("config", "");
    profiles.deliver(&[]).await.unwrap();
    assert_eq!(home.names("config"), ["a", "b"]);
    assert!(fault(&profiles, "b").is_none());
}

#[tokio::test]
async fn the_default_profile_is_only_written_where_the_user_has_none() {
    for (config, credentials, written) in
        [("", "", true), ("[default]\n", "", false), ("[profile default]\n", "", false), ("", "[default]\n", false)]
    {
        let home = Home::new();
        home.write("config", config);
        home.write("credentials", credentials);
        let profiles = home.process(&["a"], Some("a"));
        profiles.write().await.unwrap();
        let ours = home.text("config").matches("credential_process").count();
        assert_eq!(ours, if written { 2 } else { 1 }, "{config:?} {credentials:?}");
        assert_eq!(profiles.board().notes(&"a".parse().unwrap()).is_empty(), written);
    }
}

#[tokio::test]
async fn keys_are_there_while_a_session_is_held() {
    let home = Home::new();
    home.write("credentials", "[own]\naws_access_key_id = theirs\n");
    let profiles = home.profiles(Form::File, &["a", "b"], Some("a"));
    profiles.write().await.unwrap();
    assert_eq!((home.names("config").len(), home.names("credentials").len()), (0, 1));

    profiles.deliver(&["a", "b"].map(|alias| delivery(alias, Some(session(7))))).await.unwrap();
    assert_eq!(home.names("credentials"), ["own", "default", "a", "b"]);
    assert_eq!(home.names("config"), ["default", "a", "b"]);
    assert!(home.text("credentials").contains("ASIATEST000000000007"));
    assert!(home.text("credentials").contains("x_security_token_expires"));
    assert!(!home.text("config").contains("credential_process"));

    profiles.deliver(&[delivery("a", None)]).await.unwrap();
    assert_eq!(home.names("credentials"), ["own", "b"]);
    assert_eq!(home.names("config"), ["b"]);
    rolecall_testkit::canary::assert_absent("the config file", &home.text("config"));
}

impl Home {
    fn cat(&self, aliases: &[&str], default: Option<&str>) -> FileSink<Profiles> {
        let directory = self.0.path().join("json");
        self.profiles(Form::Cat(Command::cat(directory.to_str().unwrap()).unwrap()), aliases, default)
    }

    /// What the command of a profile prints, started as botocore starts it.
    fn printed(&self, profile: &str) -> Option<String> {
        let profiles = config::read(&self.text("config"), File::Config).unwrap();
        let words = rolecall_formats::shell::split(profiles.get(profile)?.get("credential_process")?).unwrap();
        let output = std::process::Command::new(&words[0]).args(&words[1..]).output().unwrap();
        assert!(output.status.success(), "{words:?}");
        Some(String::from_utf8(output.stdout).unwrap())
    }
}

#[tokio::test]
async fn documents_that_cat_prints_are_there_while_a_session_is_held() {
    let home = Home::new();
    home.write("config", "[profile own]\nregion = x\n");
    let profiles = home.cat(&["a", "b"], Some("a"));
    profiles.write().await.unwrap();
    assert_eq!(home.names("config"), ["own"]);

    for n in [7, 8] {
        profiles.deliver(&["a", "b"].map(|alias| delivery(alias, Some(session(n))))).await.unwrap();
        assert_eq!(home.names("config"), ["own", "default", "a", "b"]);
        for profile in ["default", "a", "b"] {
            assert!(home.printed(profile).unwrap().contains(&format!("ASIATEST00000000000{n}")), "{profile}");
        }
    }
    let text = home.text("config");
    rolecall_testkit::canary::assert_absent("the config file", &text);
    let mut ended = profiles.deliver(&[delivery("a", None)]).await;
    ended.unwrap();
    assert_eq!(home.names("config"), ["own", "b"]);
    assert!(!home.0.path().join("json/a.json").exists());

    // What has ended goes also where the profile cannot, and what is new comes.
    home.write("config", &format!("broken\n{}", home.text("config")));
    ended = profiles.deliver(&[delivery("a", Some(session(9))), delivery("b", None)]).await;
    ended.unwrap_err();
    assert!(!home.0.path().join("json/b.json").exists() && home.0.path().join("json/a.json").exists());
    home.write("config", &home.text("config").replace("broken\n", ""));
    profiles.deliver(&[]).await.unwrap();
    assert_eq!(home.names("config"), ["own", "default", "a"]);

    // Another form leaves nothing of it.
    home.process(&["a"], None).write().await.unwrap();
    assert!(!home.0.path().join("json").exists());
    assert!(home.text("config").contains("credentials --state-dir"));
}

#[tokio::test]
async fn keys_in_a_file_that_others_read_are_noticed() {
    let home = Home::new();
    home.write("credentials", "");
    assert!(home.writer(Form::File, None).is_readable_by_others());
    assert!(!home.writer(Form::None, None).is_readable_by_others());
    fs::remove_file(home.path("credentials")).unwrap();
    let profiles = home.profiles(Form::File, &["a"], None);
    profiles.deliver(&[delivery("a", Some(session(1)))]).await.unwrap();
    assert!(!home.writer(Form::File, None).is_readable_by_others());
}

#[tokio::test]
async fn a_changed_form_leaves_nothing_of_the_other() {
    let home = Home::new();
    home.process(&["a", "b"], None).write().await.unwrap();
    let keys = home.profiles(Form::File, &["a", "b"], None);
    keys.deliver(&[delivery("a", Some(session(1)))]).await.unwrap();
    assert!(!home.text("config").contains("credential_process"));
    assert_eq!(home.names("config"), ["a"]);
    home.process(&["a", "b"], None).write().await.unwrap();
    assert_eq!(home.text("credentials"), "");
    assert_eq!(home.text("config").matches("credential_process").count(), 2);
    home.profiles(Form::File, &["a", "b"], None).write().await.unwrap();
    assert_eq!(home.text("config"), "");
}

#[tokio::test]
async fn a_file_that_aws_programs_refuse_is_not_touched() {
    let broken = "[profile x]\nno equals sign\n";
    for (config, credentials) in [(broken, ""), ("", broken), ("# >>> rolecall 3fa9c2d1 >>>\n", "")] {
        let home = Home::new();
        home.write("config", config);
        home.write("credentials", credentials);
        let profiles = home.process(&["a"], None);
        let fault = profiles.write().await.unwrap_err();
        assert!(fault.message.contains("line "), "{fault}");
        assert_eq!((home.text("config").as_str(), home.text("credentials").as_str()), (config, credentials));
        assert_eq!(profiles.board().failed().len(), 1);
        // Once it is repaired, the next delivery publishes.
        home.write("config", "");
        home.write("credentials", "");
        profiles.deliver(&[]).await.unwrap();
        assert_eq!(home.names("config"), ["a"]);
        assert!(profiles.board().failed().is_empty());
    }
}

#[tokio::test]
async fn edits_in_our_block_are_lost_and_a_profile_that_the_user_adds_wins() {
    let home = Home::new();
    let profiles = home.process(&["a", "b"], None);
    profiles.write().await.unwrap();
    let good = home.text("config");
    home.write("config", &good.replace("[profile b]", "garbage"));
    profiles.deliver(&[]).await.unwrap();
    assert_eq!(home.text("config"), good);

    home.write("config", &format!("{good}[profile a]\nregion = theirs\n"));
    profiles.deliver(&[]).await.unwrap();
    assert_eq!(home.names("config"), ["b", "a"]);
    assert_eq!(home.text("config").matches("[profile a]\nregion = theirs\n").count(), 1);
    assert!(fault(&profiles, "a").is_some());
}

#[tokio::test]
async fn profiles_of_another_agent_are_not_ours() {
    let home = Home::new();
    let other = "# >>> rolecall 00000000 >>> written by rolecall, edits in here are lost\n[profile a]\nregion = x\n\
                 # <<< rolecall 00000000 <<<\n";
    home.write("config", other);
    let profiles = home.process(&["a", "b"], None);
    profiles.write().await.unwrap();
    assert!(home.text("config").starts_with(other));
    assert_eq!(home.names("config"), ["a", "b"]);
    assert!(fault(&profiles, "a").is_some());
}

#[tokio::test]
async fn a_profile_that_is_taken_over_makes_way_once_and_is_kept_beside() {
    let home = Home::new();
    let other = "# >>> rolecall 00000000 >>>\n[profile c]\nregion = x\n# <<< rolecall 00000000 <<<\n";
    let (config, credentials) = (format!("[profile b]\nregion = x\n{other}"), "[a]\nk = theirs\n[own]\nk = v\n");
    home.write("config", &config);
    home.write("credentials", credentials);
    let holdings = || Holdings::new(["a", "b", "c"].map(|alias| Arc::new(role(alias))).to_vec(), BTreeMap::new());
    let form = || Form::Process(Command::new("/bin/rolecall", "/state").unwrap());
    let aliases: Vec<Alias> = ["a", "b", "c"].map(|alias| alias.parse().unwrap()).into();
    let profiles = |take_over: &[Alias]| {
        let mut writer = home.writer(form(), None);
        writer.take_over = TakeOver::new(take_over, Timestamp::UNIX_EPOCH);
        FileSink::new(writer, Arc::new(SystemClock), Arc::default(), holdings())
    };
    let taking = profiles(&aliases);
    taking.write().await.unwrap();
    assert_eq!(home.names("config"), ["c", "a", "b"]);
    assert_eq!(home.text("credentials"), "[own]\nk = v\n");
    assert!(home.text("config").starts_with(other));
    assert!(fault(&taking, "c").is_some(), "the other agent would write it again");
    for (name, text) in [("config", config.as_str()), ("credentials", credentials)] {
        let copy = format!("{name}.rolecall-backup-19700101T000000Z");
        assert_eq!(home.text(&copy), text);
        assert_eq!(mode(&home.path(&copy)), 0o600);
    }

    // One that comes later is the user's again, for this agent; the next one has a copy of its own.
    let credentials = "[a]\nk = later\n";
    home.write("credentials", credentials);
    taking.write().await.unwrap();
    assert!(fault(&taking, "a").is_some());
    profiles(&[]).write().await.unwrap();
    assert_eq!(home.text("credentials"), credentials);
    profiles(&aliases).write().await.unwrap();
    assert_eq!(home.text("credentials.rolecall-backup-19700101T000000Z-1"), credentials);
    assert_eq!(home.names("config"), ["c", "a", "b"]);
}

#[tokio::test]
async fn nothing_is_taken_over_without_a_copy() {
    let home = Home::new();
    home.write("config", "[profile a]\nregion = x\nbroken\n");
    let mut writer = home.writer(Form::Process(Command::new("/bin/rolecall", "/state").unwrap()), None);
    writer.take_over = TakeOver::new(&["a".parse().unwrap()], Timestamp::UNIX_EPOCH);
    let holdings = Holdings::new(vec![Arc::new(role("a"))], BTreeMap::new());
    let profiles = FileSink::new(writer, Arc::new(SystemClock), Arc::default(), holdings);
    profiles.write().await.unwrap_err();
    assert_eq!(fs::read_dir(home.0.path().join(".aws")).unwrap().count(), 1);
    // Nor with a form that has no profile to put in its place.
    home.write("config", "[profile a]\nregion = x\n");
    let mut writer = home.writer(Form::None, None);
    writer.take_over = TakeOver::new(&["a".parse().unwrap()], Timestamp::UNIX_EPOCH);
    let none = FileSink::new(writer, Arc::new(SystemClock), Arc::default(), Holdings::default());
    none.write().await.unwrap();
    assert_eq!(home.text("config"), "[profile a]\nregion = x\n");
}

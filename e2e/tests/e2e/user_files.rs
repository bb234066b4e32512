//! The user's own AWS files: their bytes stay, their profiles win, and ours come and go with the roles.

use e2e::{Agent, Home, Sandbox, finish, seed_environment};
use rustix::process::Signal;

/// As somebody's file may look: comments, odd spacing, no line break at the end.
const CONFIG: &str = "# my own\n[default]\nregion=us-west-2\n\n[profile  mine]\n  s3 =\n    max_concurrent_requests = 20\n\
                      output = json  ; as I like it\n[sso-session x]\nsso_region = us-east-1";
const CREDENTIALS: &str = "[mine]\r\naws_access_key_id = AKIAMINE\r\naws_secret_access_key = mine\r\n";

#[track_caller]
fn once(home: &Home, environment: Vec<(String, String)>, args: &[&str], code: i32) {
    finish(Agent::command(home, &[&["--once"], args].concat()).envs(environment)).code(code);
}

#[test]
fn foreign_bytes_stay_as_they_are() {
    for form in ["process", "file"] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        home.write(".aws/config", CONFIG);
        home.write(".aws/credentials", CREDENTIALS);
        for _ in 0..2 {
            once(&home, seed_environment(sandbox.environment()), &["--publish", form], 0);
            assert!(home.read(".aws/config").starts_with(CONFIG), "{}", home.read(".aws/config"));
            assert!(home.read(".aws/credentials").starts_with(CREDENTIALS));
        }
        let config = home.read(".aws/config");
        assert_eq!(config.matches("[profile MyFirstAccount]").count(), 1, "{config}");
    }
}

#[test]
fn a_role_that_vanishes_takes_its_profile_along() {
    for form in ["process", "file"] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        let mut environment = seed_environment(sandbox.environment());
        once(&home, environment.clone(), &["--publish", form], 0);
        environment.retain(|(name, _)| name != "AWS_ROLE_1");
        once(&home, environment.clone(), &["--publish", form], 0);
        for file in
            [".aws/config", ".aws/credentials", ".local/state/rolecall/credentials", ".local/state/rolecall/config"]
        {
            let text = home.read(file);
            assert!(!text.contains("MyFirstAccount"), "{form}: {file}:\n{text}");
        }
        assert!(home.read(".aws/config").contains("[profile MySecondAccount]"));
    }
}

#[test]
fn the_form_of_publishing_can_change() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = seed_environment(sandbox.environment());
    once(&home, environment.clone(), &["--publish", "file"], 0);
    assert!(home.read(".aws/credentials").contains("[MyFirstAccount]"));
    once(&home, environment.clone(), &["--publish", "process"], 0);
    assert!(!home.read(".aws/credentials").contains("[MyFirstAccount]"), "never both keys and process");
    assert!(home.read(".aws/config").contains("credential_process"));
    once(&home, environment, &["--publish", "none"], 0);
    for file in [".aws/config", ".aws/credentials"] {
        assert!(!home.read(file).contains("Account"), "{file}:\n{}", home.read(file));
    }
}

#[test]
fn a_profile_of_the_users_own_is_not_touched() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let mine = "[profile MyFirstAccount]\nregion = us-west-2\n";
    home.write(".aws/config", mine);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    let profile = agent.wait_for_fault("MyFirstAccount", "profile_taken");
    assert!(profile["fault"]["message"].as_str().unwrap().contains("MyFirstAccount"), "{profile:#}");
    agent.wait_for_state("MySecondAccount", "fresh");
    let config = home.read(".aws/config");
    assert!(config.starts_with(mine));
    assert_eq!(config.matches("[profile MyFirstAccount]").count(), 1, "{config}");
    assert!(config.contains("[profile MySecondAccount]"));
    // The role itself is well: the store and the command have it.
    assert!(home.read(".local/state/rolecall/credentials").contains("[MyFirstAccount]"));
    agent.credentials("MyFirstAccount");
}

#[test]
fn the_default_profile_is_ours_only_when_the_user_has_none() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let mut environment = seed_environment(sandbox.environment());
    environment.push(("ROLECALL_DEFAULT".into(), "MyFirstAccount".into()));
    home.write(".aws/config", "[default]\nregion = us-west-2\n");
    let agent = Agent::start(&home, environment.clone(), &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    assert_eq!(home.read(".aws/config").matches("[default]").count(), 1);
    agent.stop(Signal::TERM);

    home.write(".aws/config", "");
    let agent = Agent::start(&home, environment, &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    let config = home.read(".aws/config");
    assert_eq!(config.matches("[default]").count(), 1, "{config}");
    assert!(config.contains("[profile MyFirstAccount]"), "{config}");
}

#[test]
fn a_block_with_a_marker_missing_is_never_written_into() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = seed_environment(sandbox.environment());
    once(&home, environment.clone(), &[], 0);
    let config = home.read(".aws/config");
    let broken: String = config
        .lines()
        .filter(|line| !line.starts_with("# <<< rolecall"))
        .fold(String::new(), |all, line| all + line + "\n");
    assert_ne!(broken, config);
    home.write(".aws/config", &broken);
    let failed = finish(Agent::command(&home, &["--once"]).envs(environment)).code(4);
    assert!(failed.stderr.contains(".aws/config"), "{failed:#?}");
    assert_eq!(home.read(".aws/config"), broken);
}

#[test]
fn the_directory_of_the_users_own_files_is_no_state_directory() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let (config, keys) = ("[profile mine]\nregion = eu-west-1\n", "[mine]\naws_access_key_id = x\n");
    home.write(".aws/config", config);
    home.write(".aws/credentials", keys);
    let directory = home.at(".aws");
    for form in ["process", "file", "none"] {
        let args = ["--once", "--publish", form, "--state-dir", directory.to_str().unwrap()];
        let refused = finish(Agent::command(&home, &args).envs(seed_environment(sandbox.environment()))).code(2);
        assert!(refused.stderr.contains(".aws"), "{refused:#?}");
        assert_eq!((home.read(".aws/config"), home.read(".aws/credentials")), (config.to_owned(), keys.to_owned()));
    }
}

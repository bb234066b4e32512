//! `--from-aws-config`: the profiles that are there already are the roles, and stay as they are.

use std::time::Duration;

use e2e::{Agent, Home, Sandbox, finish, until};
use rustix::process::Signal;

const CONFIG: &str = "\
[default]
region = eu-west-1
[profile first]
role_arn = arn:aws:iam::123456789012:role/MyFirstRole
source_profile = keys
region = eu-west-1
[profile second]
role_arn = arn:aws:iam::123456789013:role/MySecondRole
source_profile = first
[profile by-hand]
role_arn = arn:aws:iam::123456789013:role/ReadOnly
source_profile = keys
mfa_serial = arn:aws:iam::123456789012:mfa/me
[profile lost]
role_arn = arn:aws:iam::123456789013:role/ReadOnly
source_profile = gone
";

fn home() -> (Home, String) {
    let home = Home::new();
    let keys = format!("[keys]\naws_access_key_id = {}\naws_secret_access_key = {}\n", Sandbox::KEY, Sandbox::SECRET);
    home.write(".aws/config", CONFIG);
    home.write(".aws/credentials", &keys);
    (home, keys)
}

#[test]
fn chained_profiles_are_kept_and_the_users_files_are_left_alone() {
    let (home, keys) = home();
    let sandbox = Sandbox::start(&home);
    let environment = [("AWS_ENDPOINT_URL", sandbox.url())];
    for _start in 0..2 {
        let agent = Agent::start(&home, environment.clone(), &["--from-aws-config"]);
        let first = agent.wait_for_state("first", "fresh");
        assert_eq!((first["source"].as_str(), first["region"].as_str()), (Some("profile:keys"), Some("eu-west-1")));
        assert_eq!(agent.wait_for_state("second", "fresh")["source"], "role:first");
        assert_eq!(agent.profiles()["profiles"].as_array().unwrap().len(), 2, "{}", agent.output());
        let problem = &agent.status()["problems"][0];
        assert!(problem["message"].as_str().unwrap().contains("lost -> gone"), "{problem}");
        assert!(agent.output().contains("\"by-hand\"") && agent.output().contains("mfa_serial"), "{}", agent.output());
        assert_eq!((home.read(".aws/config"), home.read(".aws/credentials")), (CONFIG.into(), keys.clone()));
        agent.stop(Signal::TERM);
    }
    let callers = sandbox.assumers();
    assert!(callers.len() == 2 && callers.contains(&Sandbox::USER.to_owned()), "{callers:?}");
}

#[test]
fn a_form_of_profiles_that_are_there_already_is_refused() {
    let (home, _) = home();
    let refused = finish(&mut home.rolecall(&["agent", "--from-aws-config", "--publish", "file"])).code(2);
    assert!(refused.stderr.contains("--from-aws-config") && refused.stderr.contains("fix:"), "{refused:#?}");
}

#[test]
fn a_profile_that_comes_is_a_role_without_a_restart() {
    let (home, _) = home();
    let sandbox = Sandbox::start(&home);
    let agent = Agent::start(&home, [("AWS_ENDPOINT_URL", sandbox.url())], &["--from-aws-config"]);
    agent.wait_for_state("second", "fresh");
    let third = "[profile third]\nrole_arn = arn:aws:iam::123456789012:role/Deploy\nsource_profile = keys\n";
    home.write(".aws/config", &format!("{CONFIG}{third}"));
    agent.wait_for_state("third", "fresh");
    // Half a file changes nothing.
    home.write(".aws/config", &format!("{CONFIG}{third}[profile"));
    until("a refusal", Duration::from_secs(20), || {
        let said = agent.status()["problems"].to_string();
        if said.contains(".aws/config") && said.contains("take the roles from the AWS config") {
            Ok(())
        } else {
            Err(said)
        }
    });
    assert_eq!(agent.profile("third")["state"], "fresh");
}

#[test]
fn the_roles_of_a_config_are_listed_without_an_agent() {
    let (home, _) = home();
    let listed = finish(&mut home.rolecall(&["profiles", "--from-aws-config"])).code(0);
    let rows: Vec<Vec<&str>> = listed.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1][..6], ["first", "123456789012", "MyFirstRole", "eu-west-1", "profile:keys", "pending"]);
    assert_eq!(rows[2][..5], ["second", "123456789013", "MySecondRole", "-", "first"]);
    assert!(listed.stderr.contains("note: ") && listed.stderr.contains("`mfa_serial`"), "{listed:#?}");
    assert!(listed.stdout.contains("lost -> gone") && listed.stdout.contains("  fix: "), "{listed:#?}");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let untold = home.rolecall(&["profiles", "--from-aws-config"]).stderr(full).output().unwrap();
    assert_eq!((untold.status.code(), untold.stdout), (Some(0), listed.stdout.into_bytes()), "notes are no failure");
    home.write(".aws/config", "[profile");
    let refused = finish(&mut home.rolecall(&["profiles", "--from-aws-config"])).code(2);
    assert!(refused.stderr.contains("line 1") || refused.stderr.contains(":1"), "{refused:#?}");
}

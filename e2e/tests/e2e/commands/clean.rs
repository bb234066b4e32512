//! `rolecall clean`: the home is as it was before there was an agent.

use e2e::{Agent, Home, Sandbox, finish, seed_environment};
use rustix::process::Signal;

const CONFIG: &str = "[default]\nregion = eu-west-1";
const CREDENTIALS: &str = "[mine]\naws_access_key_id = AKIAMINE\naws_secret_access_key = mine\n";

#[test]
fn everything_of_ours_goes_and_everything_else_stays_byte_for_byte() {
    for form in ["process", "file", "cat"] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        home.write(".aws/config", CONFIG);
        home.write(".aws/credentials", CREDENTIALS);
        home.write(".local/state/other", "");
        let before = home.everything();
        let agent = Agent::start(&home, seed_environment(sandbox.environment()), &["--publish", form]);
        finish(&mut home.rolecall(&["wait"])).code(0);
        let busy = finish(&mut home.rolecall(&["clean"])).code(8);
        assert!(busy.stderr.contains("pid"), "{busy:#?}");
        finish(&mut home.rolecall(&["wait"])).code(0);
        agent.stop(Signal::TERM);
        // The command that asks by itself leaves something, too.
        finish(home.rolecall(&["credentials", "MyFirstAccount"]).envs(sandbox.environment())).code(0);

        let files = home.everything();
        let planned = finish(&mut home.rolecall(&["clean", "--dry-run"])).code(0);
        assert_eq!(home.everything(), files);
        assert!(home.read(".aws/config").contains("MyFirstAccount"));
        let done = finish(&mut home.rolecall(&["clean"])).code(0);
        assert_eq!(planned.stdout.replace("would remove", "removed"), done.stdout);
        assert!(done.stdout.contains("MyFirstAccount, MySecondAccount in "), "{done:#?}");

        assert_eq!(home.everything(), before, "{form}");
        assert_eq!((home.read(".aws/config"), home.read(".aws/credentials")), (CONFIG.into(), CREDENTIALS.into()));
        let nothing = finish(&mut home.rolecall(&["clean"])).code(0);
        assert_eq!(nothing.stdout, "Nothing to remove.\n");
    }
}

#[test]
fn a_directory_that_no_agent_used_is_left_as_it_is() {
    let home = Home::new();
    for (name, text) in [("d/lock", "notes"), ("d/turns/plan.txt", "mine"), ("d/agent.sock", "x"), ("e/lock", "4 u\n")]
    {
        home.write(name, text);
    }
    let before = home.everything();
    for directory in ["d", "e"] {
        let directory = home.at(directory);
        for args in [&["clean", "--dry-run"][..], &["clean"]] {
            finish(home.rolecall(args).arg("--state-dir").arg(&directory)).code(0);
            assert_eq!(home.everything(), before);
        }
    }
    let texts = ["d/lock", "d/turns/plan.txt", "d/agent.sock"].map(|name| home.read(name));
    assert_eq!(texts, ["notes", "mine", "x"]);
}

#[test]
fn the_profiles_of_another_state_directory_stay_and_are_named() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = || seed_environment(sandbox.environment()).into_iter().filter(|(name, _)| name != "AWS_ROLE_2");
    let other = home.at("other");
    let args = ["--once", "--publish", "file", "--state-dir", other.to_str().unwrap()];
    finish(Agent::command(&home, &args).envs(environment())).code(0);
    let second = [("AWS_ROLE_1", "arn:aws:iam::123456789013:role/MySecondRole:Second")];
    finish(Agent::command(&home, &["--once", "--publish", "file"]).envs(environment()).envs(second)).code(0);
    let done = finish(&mut home.rolecall(&["clean"])).code(0);
    assert!(done.stdout.contains("of another state directory"), "{done:#?}");
    let keys = home.read(".aws/credentials");
    assert!(keys.contains("[MyFirstAccount]") && !keys.contains("[Second]"));
    assert!(other.join("credentials").exists());
}

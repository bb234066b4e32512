//! What `rolecall exec` starts is the role for the real clients, whatever else they could find, and no more than a policy
//! leaves of it. That policies bite is judged by ministack.

use std::process::Command;

use e2e::{Agent, Home, Ministack, Sandbox, boto3, caller, finish, python, seed_environment};
use serde_json::json;

const FIRST: &str = "arn:aws:sts::123456789012:assumed-role/MyFirstRole/MyFirstAccount@";

/// The command line and the environment of a client, behind `rolecall exec` with these arguments.
fn behind_exec(home: &Home, args: &[&str], client: &Command) -> Command {
    let mut exec = home.rolecall(&[&["exec", "MyFirstAccount"], args, &["--"]].concat());
    exec.arg(client.get_program()).args(client.get_args());
    exec.envs(client.get_envs().filter_map(|(name, value)| Some((name, value?))));
    exec
}

fn who_am_i(home: &Home, url: &str) -> Command {
    e2e::aws(home, url, &["sts", "get-caller-identity", "--output", "json"])
}

/// What a user may have that would win over an endpoint: profiles of ours and of his own, keys, an old file of boto.
fn lures(home: &Home) {
    let keys = format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", Sandbox::KEY, Sandbox::SECRET);
    home.write(".aws/credentials", &format!("[work]\n{keys}"));
    home.write(".boto", &format!("[Credentials]\n{keys}"));
}

#[test]
fn every_client_is_the_role_whatever_else_there_is() {
    for with_agent in [true, false] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        lures(&home);
        let mut environment = seed_environment(sandbox.environment());
        environment.push(("ROLECALL_DEFAULT".into(), "MySecondAccount".into()));
        let agent = Agent::start(&home, environment.clone(), &[]);
        agent.wait_for_state("MyFirstAccount", "fresh");
        agent.wait_for_state("MySecondAccount", "fresh");
        // Its profiles, `[default]` among them, stay when it ends.
        let _agent = if with_agent {
            Some(agent)
        } else {
            drop(agent.stop(rustix::process::Signal::TERM));
            None
        };
        assert!(home.read(".aws/config").contains("[default]"), "{}", home.read(".aws/config"));
        let mut named = boto3(&home, &sandbox.url(), "identity.py", &["MyFirstAccount"]);
        let mut plain = who_am_i(&home, &sandbox.url());
        // Keys are for who names no profile: boto3 looks nowhere else then.
        for (client, forms) in [(&mut named, &[&[][..]][..]), (&mut plain, &[&[], &["--keys"]])] {
            client.envs(environment.clone());
            for profile in [None, Some("MySecondAccount"), Some("work")] {
                client.envs(profile.map(|profile| ("AWS_PROFILE", profile)));
                for args in forms {
                    let found = caller(&mut behind_exec(&home, args, client));
                    assert!(found.starts_with(FIRST), "{with_agent} {profile:?} {args:?}: {found}");
                }
            }
        }
    }
}

#[test]
fn in_a_shell_that_evaluated_env_the_client_is_the_role() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    lures(&home);
    let agent = Agent::start(&home, seed_environment(sandbox.environment()), &[]);
    agent.wait_for_state("MyFirstAccount", "fresh");
    let mut shell = home.command("sh");
    let line = format!(
        r#"eval "$({} env MyFirstAccount)"; exec {} sts get-caller-identity --output json"#,
        e2e::binary().display(),
        python("aws").display()
    );
    shell.args(["-c", &line]).env("AWS_ENDPOINT_URL", sandbox.url()).env("AWS_PROFILE", "work").env("AWS_PAGER", "");
    assert!(caller(&mut shell).starts_with(FIRST));
}

/// An account in ministack with a role that may do everything, and the environment of who may assume it.
fn judge(home: &Home) -> (Ministack, Vec<(String, String)>) {
    let account = "111122223333";
    let ministack = Ministack::start(home);
    let keys = ministack.build_world(home);
    let everything =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    ministack.iam(
        home,
        account,
        &[
            "put-role-policy",
            "--role-name",
            "Root",
            "--policy-name",
            "all",
            "--policy-document",
            &everything.to_string(),
        ],
    );
    let variables = [
        ("AWS_ENDPOINT_URL", ministack.url()),
        ("AWS_ACCESS_KEY_ID", keys["alice"][0].as_str().unwrap().into()),
        ("AWS_SECRET_ACCESS_KEY", keys["alice"][1].as_str().unwrap().into()),
        ("AWS_REGION", e2e::REGION.into()),
        ("AWS_ROLE_1", format!("arn:aws:iam::{account}:role/Root:MyFirstAccount")),
    ];
    (ministack, variables.map(|(name, value)| (name.to_owned(), value)).into())
}

#[test]
fn a_policy_takes_away_and_the_rest_stays() {
    let home = Home::new();
    let (ministack, environment) = judge(&home);
    let look =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}]});
    home.write("look.json", &look.to_string());
    let iam = |args: &[&str], iam: &[&str]| {
        let mut client = e2e::aws(&home, &ministack.url(), &[&["iam"], iam].concat());
        finish(&mut behind_exec(&home, args, client.envs(environment.clone())))
    };
    let mut users = 0;
    for with_agent in [false, true] {
        let _agent = with_agent.then(|| {
            let agent = Agent::start(&home, environment.clone(), &[]);
            agent.wait_for_state("MyFirstAccount", "fresh");
            agent
        });
        let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        for (args, may_create) in [
            (&[][..], true),
            (&["--policy", "look.json"], false),
            (&["--policy", "look.json", "--keys"], false),
            (&["--read-only"], false),
            (&["--policy-arn", arn], false),
        ] {
            iam(args, &["list-users"]).code(0);
            users += 1;
            let created = iam(args, &["create-user", "--user-name", &format!("user-{users}")]);
            if may_create {
                created.code(0);
            } else {
                assert_ne!(created.code, Some(0), "{with_agent} {args:?}");
                assert!(created.stderr.contains("AccessDenied"), "{with_agent} {args:?}: {created:#?}");
            }
        }
    }
}

//! What is wrong with a role or a policy is told before anything starts.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use e2e::{Agent, Home, finish, seed_environment};
use serde_json::json;

use super::{ALIAS, ROLE, World, exec, left_over, on_each_ground};

/// Runs a command that leaves a trace, which must not be there, and returns what was told.
#[track_caller]
fn not_started(world: &World<'_>, args: &[&str]) -> String {
    let failed = finish(&mut world.exec(args, &["touch", "started"])).code(125);
    assert!(!world.home.at("started").exists(), "{failed:#?}");
    assert_eq!((failed.stdout.as_str(), left_over(world.home)), ("", vec![]), "{failed:#?}");
    failed.stderr
}

#[test]
fn a_policy_that_sts_would_not_take_is_told_by_name() {
    on_each_ground(|world| {
        let long = json!({ "Statement": "x".repeat(2048) }).to_string();
        for (text, reason) in [("{", "not JSON"), ("[]", "Statement"), (long.as_str(), "STS takes 2048")] {
            world.home.write("policy.json", text);
            let told = not_started(&world, &["--policy", "policy.json"]);
            assert!(told.contains(reason) && told.contains("fix:"), "{told}");
        }
        let told = not_started(&world, &["--policy", "no-such.json"]);
        assert!(told.contains("no-such.json") && told.contains("fix:"), "{told}");
        let told = not_started(&world, &["--policy-arn", "ReadOnlyAccess"]);
        assert!(told.contains("not the ARN of a managed policy"), "{told}");
        let arn = ["--policy-arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"];
        assert!(not_started(&world, &arn.repeat(11)).contains("STS takes 10"));
        not_started(&world, &[&arn[..], &["--read-only"]].concat());
        finish(&mut world.exec(&arn.repeat(2), &["true"])).code(0);
    });
}

#[test]
fn a_role_that_is_refused_is_told_with_what_to_do() {
    on_each_ground(|world| {
        world.sandbox.faults(&json!({ "roles": { ROLE: { "denied": true } } }));
        // The agent may hold a session of the role by now, and none of the narrowed one.
        let told = not_started(&world, &["--read-only"]);
        assert!(told.contains(ROLE) && told.contains("trust policy"), "{told}");
    });
}

#[test]
fn a_role_that_nobody_defined_is_told_with_those_that_there_are() {
    on_each_ground(|world| {
        let mut other = world.home.rolecall(&["exec", "Other", "--", "touch", "started"]);
        let failed = finish(other.envs(seed_environment(world.sandbox.environment()))).code(125);
        assert!(failed.stderr.contains("Other") && failed.stderr.contains(ALIAS), "{failed:#?}");
        assert!(!world.home.at("started").exists());
    });
}

#[test]
fn a_narrowed_session_asks_for_its_own_and_no_other() {
    on_each_ground(|world| {
        let assumed = || world.sandbox.calls().iter().filter(|call| call["role"] == ROLE).count();
        finish(&mut world.exec(&[], &["true"])).code(0);
        let before = assumed();
        for _ in 0..2 {
            finish(&mut world.exec(&["--read-only"], &["true"])).code(0);
        }
        assert_eq!(assumed() - before, 2);
    });
}

/// An STS that takes none of the values that it is sent; its URL.
fn refusing_sts() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = |stream: TcpStream| -> io::Result<()> {
        let mut request = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while request.read_line(&mut line)? > 2 {
            let of_body = line.to_ascii_lowercase().strip_prefix("content-length:").map(|length| length.trim().parse());
            length = of_body.map_or(length, Result::unwrap);
            line.clear();
        }
        io::copy(&mut request.by_ref().take(length), &mut io::sink())?;
        let body = "<ErrorResponse><Error><Code>ValidationError</Code><Message>no such policy</Message></Error></ErrorResponse>";
        write!(
            request.get_mut(),
            "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    thread::spawn(move || {
        for stream in listener.incoming() {
            // Whoever asked may have gone.
            stream.and_then(answer).ok();
        }
    });
    url
}

#[test]
fn a_policy_that_aws_does_not_know_is_told_as_what_may_be_wrong() {
    let home = Home::new();
    home.write("policy.json", r#"{"Statement":[]}"#);
    let variables = seed_environment(vec![
        ("AWS_ENDPOINT_URL".into(), refusing_sts()),
        ("AWS_ACCESS_KEY_ID".into(), "AKIAIOSFODNN7EXAMPLE".into()),
        ("AWS_SECRET_ACCESS_KEY".into(), "not-a-secret".into()),
    ]);
    let tell = || {
        for (args, named) in [
            (&["--policy-arn", "arn:aws:iam::aws:policy/NoSuchPolicy"][..], ", or what --policy-arn names"),
            (&["--policy", "policy.json"], ", or the policy in policy.json"),
            (&["--policy", "policy.json", "--keys"], ", or the policy in policy.json"),
            (&["--read-only"], ""),
        ] {
            let failed = finish(&mut exec(&home, variables.clone(), args, &["true"])).code(125);
            let fix = format!("  fix: correct the definition of the role (AWS_ROLE_n){named}\n");
            assert!(failed.stderr.ends_with(&fix), "{failed:#?}");
        }
    };
    tell();
    let _agent = Agent::start(&home, variables.clone(), &[]);
    tell();
}

#[test]
fn without_a_base_it_says_so() {
    let home = Home::new();
    let sandbox = e2e::Sandbox::start(&home);
    let role = format!("{ROLE}:{ALIAS}");
    let variables = vec![("AWS_ENDPOINT_URL".into(), sandbox.url()), ("AWS_ROLE_1".into(), role)];
    let failed = finish(&mut exec(&home, variables, &[], &["true"])).code(125);
    assert!(failed.stderr.contains("base credentials") && failed.stderr.contains("fix:"), "{failed:#?}");
}

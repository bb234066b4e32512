//! What the agent lends lasts as long as the command, and no longer; what `exec` keeps itself, too.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use e2e::{Agent, Home, Running, Sandbox, finish, seed_environment, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{
    ALIAS, Ground, LIMIT, ROLE, SHOW, World, ask, exec, on_each_ground, on_each_ground_with, shown, shown_file,
    wait_for_status, wait_for_status_with,
};

/// Runs a command that shows what it was handed and waits, under `exec` with these arguments.
fn shows(world: &World<'_>, args: &[&str]) -> Running {
    Running::start(&mut world.exec(args, &["sh", "-c", &format!("{SHOW}; exec sleep 60")]))
}

fn key(body: &str) -> String {
    let answer: Value = serde_json::from_str(body).unwrap();
    answer["AccessKeyId"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_opens_what_it_was_lent_for_until_the_command_ends() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let world = World::new(Ground::Agent, &home, &sandbox);
    let (mut whole, mut narrow) = (shows(&world, &[]), shows(&world, &["--read-only"]));
    let (url, token) = shown(&mut whole);
    let (narrow_url, narrow_token) = shown(&mut narrow);
    assert_ne!(token, narrow_token);
    assert_ne!(key(&wait_for_status(&url, &token, 200)), key(&wait_for_status(&narrow_url, &narrow_token, 200)));
    // Neither opens the other, nor another role.
    let second = url.replace(ALIAS, "MySecondAccount");
    for (url, token) in [(&url, &narrow_token), (&narrow_url, &token), (&second, &token), (&second, &narrow_token)] {
        assert_ne!(ask(url, token).unwrap().0, 200, "{url}");
    }
    for (running, url, token) in [(whole, url, token), (narrow, narrow_url, narrow_token)] {
        running.signal(Signal::TERM);
        running.wait(LIMIT).code(143);
        wait_for_status(&url, &token, 401);
    }
}

#[test]
fn a_command_that_outlives_us_is_left_with_nothing() {
    on_each_ground(|world| {
        for args in [&[][..], &["--read-only"]] {
            let line = format!("{SHOW}; echo $$ $$ pid; exec sleep 60");
            let mut running = Running::start(&mut world.exec(args, &["sh", "-c", &line]));
            let (url, token) = shown(&mut running);
            let id = running.wait_for("the number of the command", |output| {
                output.lines().find_map(|line| line.strip_suffix(" pid")?.split(' ').next()?.parse().ok())
            });
            assert_eq!(ask(&url, &token).unwrap().0, 200);
            running.signal(Signal::KILL);
            if world._agent.is_some() {
                wait_for_status(&url, &token, 401);
            } else {
                until("no endpoint", LIMIT, || ask(&url, &token).map_or(Ok(()), |(status, _)| Err(status.to_string())));
            }
            // It is there still, and has the files that name a token which opens nothing.
            kill_process(Pid::from_raw(id).unwrap(), Signal::KILL).unwrap();
            running.wait(LIMIT);
        }
    });
}

#[test]
fn a_command_does_not_notice_that_the_agent_is_started_again() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = seed_environment(sandbox.environment());
    let first = Agent::start(&home, environment.clone(), &[]);
    let world = World { home: &home, sandbox: &sandbox, _agent: None };
    let mut commands: Vec<Running> = [&[][..], &["--read-only"]].map(|args| shows(&world, args)).into();
    let tokens: Vec<String> = commands.iter_mut().map(|command| shown(command).1).collect();
    let handed: Vec<(String, PathBuf)> = commands.iter_mut().map(shown_file).collect();
    first.stop(Signal::TERM);
    assert!(handed.iter().zip(&tokens).all(|((url, _), token)| ask(url, token).is_none()), "{handed:?}");
    let second = Agent::start(&home, environment.clone(), &[]);
    for ((url, file), token) in handed.iter().zip(&tokens) {
        wait_for_status_with(url, file, 200);
        // Whoever was shown it while no agent ran gets nothing for it.
        wait_for_status(url, token, 401);
    }
    // Killed, it says nothing to anybody.
    second.stop(Signal::KILL);
    let _third = Agent::start(&home, environment, &[]);
    for (url, file) in &handed {
        wait_for_status_with(url, file, 200);
    }
    let tokens: Vec<String> = handed.iter().map(|(_, file)| fs::read_to_string(file).unwrap()).collect();
    for running in commands {
        running.signal(Signal::TERM);
        assert_eq!(running.wait(LIMIT).code(143).stderr, "");
    }
    for ((url, _), token) in handed.iter().zip(&tokens) {
        wait_for_status(url, token, 401);
    }
}

#[test]
fn what_is_lent_outlives_a_reload_and_follows_its_role() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let file = |arn: &str| format!("version = 1\n[role.{ALIAS}]\narn = \"{arn}\"\n[role.other]\narn = \"{ROLE}\"\n");
    home.write(".config/rolecall/rolecall.toml", &file(ROLE));
    let agent = Agent::start(&home, sandbox.environment(), &[]);
    let reload = |what: &str| {
        kill_process(Pid::from_raw(agent.id().cast_signed()).unwrap(), Signal::HUP).unwrap();
        until(what, LIMIT, || if agent.output().contains(what) { Ok(()) } else { Err(agent.output()) });
    };
    let world = World { home: &home, sandbox: &sandbox, _agent: None };
    let mut running = shows(&world, &["--read-only"]);
    let (url, token) = shown(&mut running);
    let before = key(&wait_for_status(&url, &token, 200));
    reload("0 roles added, 0 changed, 0 removed");
    assert_eq!(key(&ask(&url, &token).unwrap().1), before, "nothing has changed for STS");

    home.write(".config/rolecall/rolecall.toml", &file("arn:aws:iam::123456789012:role/team/Admin"));
    reload("0 roles added, 1 changed, 0 removed");
    until("a session of the role as it is now", LIMIT, || match ask(&url, &token) {
        Some((200, body)) if key(&body) != before => Ok(()),
        other => Err(format!("{other:?}")),
    });

    home.write(".config/rolecall/rolecall.toml", &file(ROLE).replace(ALIAS, "gone"));
    reload("1 roles added, 0 changed, 1 removed");
    wait_for_status(&url, &token, 401);
    running.wait_for("a note", |output| output.contains("the agent has no role named").then_some(()));
}

#[test]
fn an_agent_that_comes_back_as_another_is_told_once() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = seed_environment(sandbox.environment());
    let without = environment.iter().filter(|(_, value)| !value.ends_with(ALIAS)).cloned().collect();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut agent = Agent::start(&home, environment.clone(), &[]);
    let world = World { home: &home, sandbox: &sandbox, _agent: None };
    let mut running = shows(&world, &[]);
    let (url, file) = shown_file(&mut running);
    for (variables, args, reason) in [
        (&environment, &["--endpoint", "false"][..], "the agent has no loopback endpoint"),
        (&without, &[], "the agent has no role named \"MyFirstAccount\""),
        (&environment, &["--endpoint", &port], &format!("the agent serves it at http://{port}/")),
    ] {
        agent.stop(Signal::TERM);
        agent = Agent::start(&home, variables.clone(), args);
        running.wait_for("a note", |output| output.contains(reason).then_some(()));
        // It works again once the agent is what it was.
        agent.stop(Signal::TERM);
        agent = Agent::start(&home, environment.clone(), &["--endpoint", address(&url)]);
        wait_for_status_with(&url, &file, 200);
    }
    running.signal(Signal::TERM);
    let told = running.wait(LIMIT).code(143).stderr;
    let is_note = |line: &str| line.starts_with("note: ") && line.ends_with("or the command again");
    assert_eq!((told.lines().count(), told.lines().all(is_note)), (3, true), "{told}");
}

fn address(url: &str) -> &str {
    url.split('/').nth(2).unwrap()
}

#[test]
fn within_itself_it_works_with_an_agent_and_says_so_without_one() {
    let inner = |world: &World<'_>| {
        let inner = format!("exec {} exec MySecondAccount -- sh -c 'echo $ROLECALL_EXEC'", e2e::binary().display());
        finish(&mut world.shell(&inner))
    };
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let world = World::new(Ground::Agent, &home, &sandbox);
    assert_eq!(inner(&world).code(0).stdout, "MySecondAccount\n");
    let home = Home::new();
    let refused = inner(&World::new(Ground::Alone, &home, &sandbox)).code(125);
    assert!(
        refused.stderr.contains("exec MyFirstAccount") && refused.stderr.contains("rolecall agent"),
        "{refused:#?}"
    );
}

#[test]
fn a_session_is_refreshed_while_the_command_runs() {
    let short = |sandbox: &Sandbox| sandbox.session_seconds(6);
    on_each_ground_with(short, |world| {
        for args in [&[][..], &["--read-only"]] {
            let mut running = shows(&world, args);
            let (url, token) = shown(&mut running);
            let first = key(&wait_for_status(&url, &token, 200));
            until("new keys", LIMIT, || {
                let now = key(&wait_for_status(&url, &token, 200));
                if now == first { Err(now) } else { Ok(()) }
            });
        }
    });
}

#[test]
fn an_agent_without_an_endpoint_hands_out_keys_only() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let environment = seed_environment(sandbox.environment());
    let _agent = Agent::start(&home, environment.clone(), &["--endpoint", "false"]);
    let refused = finish(&mut exec(&home, environment.clone(), &[], &["true"])).code(125);
    assert!(refused.stderr.contains("--keys"), "{refused:#?}");
    finish(&mut exec(&home, environment, &["--keys"], &["true"])).code(0);
}

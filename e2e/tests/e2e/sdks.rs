//! Programs that run for longer than any session, on five AWS SDKs: no call of theirs fails, whatever becomes of the session,
//! the agent and STS, as long as a session is held.
//!
//! The sandbox ends sessions as STS does, so a call with one that is past its end would fail. Each SDK keeps its own rules of
//! when to ask again, as it comes.

use std::collections::HashSet;
use std::time::Duration;

use e2e::{Agent, Caller, Home, REGION, SEED_ROLES, Sandbox, Sdk, finish, through_endpoint, until};
use rustix::process::Signal;

use crate::faults::server::{Answer, Server};

const ALIAS: &str = "MyFirstAccount";
const ARN: &str = "arn:aws:sts::123456789012:assumed-role/MyFirstRole/MyFirstAccount@";

/// How long a session lives, in seconds; it is refreshed after half of that.
const SESSION: u64 = 16;

macro_rules! programs_on {
    ($module:ident, $sdk:ident) => {
        mod $module {
            use e2e::Sdk::$sdk;

            #[test]
            fn outlive_sessions_and_an_agent_through_the_endpoint() {
                super::outlive_sessions_and_an_agent_through_the_endpoint($sdk);
            }

            #[test]
            fn outlive_sessions_and_an_agent_through_a_process() {
                super::outlive_sessions_and_an_agent_through_a_process($sdk);
            }

            #[test]
            fn outlive_an_outage_of_sts() {
                super::outlive_an_outage_of_sts($sdk);
            }
        }
    };
}

programs_on!(boto3, Boto3);
programs_on!(go, Go);
programs_on!(java, Java);
programs_on!(javascript, JavaScript);
programs_on!(rust, Rust);

/// How long a session lives, in seconds, that a program can take from the endpoint before the agent restarts, so that the
/// moment without an endpoint is harmless by the SDK's own rules.
fn harmless_at_a_restart(sdk: Sdk) -> u64 {
    match sdk {
        // Asks from 15 minutes before the end on, and fails with the endpoint in the last 10.
        Sdk::Boto3 => 920,
        // Asks in the last 5 minutes, at each use, and fails with the endpoint.
        Sdk::Go => 320,
        // Asks at each use, and uses what it has while that has more than a minute left.
        Sdk::Java => 120,
        // Asks at each use, and uses what it has until the end.
        Sdk::JavaScript => SESSION,
        // Asks in the last 10 seconds, and fails with the endpoint. By then it may have used the one before to its end.
        Sdk::Rust => 40,
    }
}

fn environment(sandbox: &Sandbox) -> Vec<(String, String)> {
    let (name, role) = SEED_ROLES[0];
    let own = [(name.into(), role.into()), ("AWS_REGION".into(), REGION.into())];
    sandbox.environment().into_iter().chain(own).collect()
}

/// An agent whose profile is written.
fn published<'home>(home: &'home Home, environment: &[(String, String)]) -> Agent<'home> {
    let agent = Agent::start(home, environment.iter().cloned(), &[]);
    finish(&mut home.rolecall(&["wait"])).code(0);
    agent
}

#[track_caller]
fn from_endpoint(sdk: Sdk, home: &Home, sandbox: &Sandbox) -> Caller {
    let mut program = sdk.program(home, &sandbox.url());
    through_endpoint(home, ALIAS, &mut program);
    Caller::start(&mut program)
}

#[track_caller]
fn from_process(sdk: Sdk, home: &Home, sandbox: &Sandbox) -> Caller {
    Caller::start(sdk.program(home, &sandbox.url()).env("AWS_PROFILE", ALIAS))
}

/// Has the agent take a new session now, and returns its key.
#[track_caller]
fn renew(home: &Home, agent: &Agent<'_>) -> String {
    finish(&mut home.rolecall(&["refresh", ALIAS])).code(0);
    agent.credentials(ALIAS)["AccessKeyId"].as_str().unwrap().to_owned()
}

/// Every call was the role's, and STS has refused none.
#[track_caller]
fn nothing_failed(program: &Caller, sandbox: &Sandbox) {
    let identities = program.identities();
    assert!(identities.len() == 1 && identities[0].starts_with(ARN), "{identities:?}");
    let calls = sandbox.calls();
    assert!(calls.iter().all(|call| call["outcome"] == "ok"), "{calls:#?}");
}

fn outlive_sessions_and_an_agent_through_the_endpoint(sdk: Sdk) {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(SESSION);
    let agent = published(&home, &environment(&sandbox));
    let mut program = from_endpoint(sdk, &home, &sandbox);
    program.wait_for_keys(2);

    sandbox.session_seconds(harmless_at_a_restart(sdk));
    let key = renew(&home, &agent);
    program.wait_for_key("use of the longer session", |used| used == key);
    agent.stop(Signal::TERM);
    let agent = published(&home, &environment(&sandbox));
    sandbox.session_seconds(SESSION);
    renew(&home, &agent);

    let before = program.wait_for_keys(3).len();
    program.wait_for_keys(before + 2);
    nothing_failed(&program, &sandbox);
}

fn outlive_sessions_and_an_agent_through_a_process(sdk: Sdk) {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(SESSION);
    let agent = published(&home, &environment(&sandbox));
    let mut program = from_process(sdk, &home, &sandbox);
    let before = program.wait_for_keys(2).len();

    // At no time chosen for the SDK: the process stands in for the agent.
    agent.stop(Signal::TERM);
    let _agent = published(&home, &environment(&sandbox));
    program.wait_for_keys(before + 2);
    nothing_failed(&program, &sandbox);
}

/// STS is away for the agent only: for the program it is the service that it calls.
fn outlive_an_outage_of_sts(sdk: Sdk) {
    /// Long enough for some failures between the time when it is due, half of it, and its end.
    const SESSION: u64 = 30;
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    sandbox.session_seconds(SESSION);
    let on_the_way = Server::start(Answer::PassOn(sandbox.address()));
    let mut environment = environment(&sandbox);
    environment.push(("AWS_ENDPOINT_URL".into(), format!("http://{}", on_the_way.address())));
    let agent = published(&home, &environment);
    let first = agent.credentials(ALIAS);
    let mut programs = [from_endpoint(sdk, &home, &sandbox), from_process(sdk, &home, &sandbox)];
    programs.iter_mut().for_each(|program| drop(program.wait_for_keys(1)));

    let held = agent.wait_for_rotation(ALIAS, &first);
    on_the_way.change(Answer::Say(503, String::new()));
    let before = on_the_way.seen().len();
    until("third refusal", Duration::from_secs(SESSION), || {
        let refused = on_the_way.seen().len() - before;
        if refused < 3 { Err(format!("{refused} so far")) } else { Ok(()) }
    });
    agent.wait_for_fault(ALIAS, "unreachable");
    assert_eq!(agent.credentials(ALIAS), held);
    let issued: HashSet<String> =
        sandbox.calls().iter().filter_map(|call| call["issued"].as_str().map(str::to_owned)).collect();
    on_the_way.change(Answer::PassOn(sandbox.address()));

    // The first session has ended by now, and the programs go on until the one that was held has, too.
    for program in &mut programs {
        program.wait_for_key("use of a later session", |used| !issued.contains(used));
        nothing_failed(program, &sandbox);
    }
}

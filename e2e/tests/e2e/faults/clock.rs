//! A clock that is wrong: what is said, and that no role suffers from it where AWS can still be asked.

use std::thread::sleep;
use std::time::Duration;

use e2e::{Agent, Home, Sandbox, until};
use serde_json::{Value, json};

use super::server::{Answer, Server};
use super::told::{ALIAS, documented, fails, is_well, with_keys};

#[test]
fn a_clock_that_is_wrong_is_said_and_nothing_is_assumed_again_for_it() {
    for offset in [7200, -7200] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        sandbox.faults(&json!({"clock_offset_seconds": offset}));
        let agent = Agent::start(&home, with_keys(&sandbox.url(), &[]), &[]);
        // Two hours behind STS, a session would be dead at birth by the wall clock; the boot clock decides.
        is_well(&agent, ALIAS);
        agent.credentials(ALIAS);
        let skew = until("skew of the clock", Duration::from_secs(10), || {
            agent.status()["agent"]["clock_skew_seconds"].as_i64().ok_or_else(|| agent.status().to_string())
        });
        assert!((skew + offset).abs() < 60, "{skew}");
        assert!(agent.output().contains("fault=clock"), "{}", agent.output());
        let told = e2e::finish(&mut home.rolecall(&["status"])).ok();
        assert!(told.contains("the clock of this machine is "), "{told}");
        documented(&home, "fix: set the clock, for example with NTP; AWS refuses requests with a wrong time");

        let calls = assumed(&sandbox);
        sleep(Duration::from_secs(3));
        assert_eq!(assumed(&sandbox), calls, "nothing is assumed again");
    }
}

/// How many sessions the sandbox has issued.
fn assumed(sandbox: &Sandbox) -> usize {
    sandbox.calls().iter().filter(|call| call["action"] == "AssumeRole" && call["error"] == Value::Null).count()
}

#[test]
fn a_clock_that_aws_refuses_to_the_end_is_the_fault() {
    let home = Home::new();
    let body = "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired: 20261102T100000Z is \
                now earlier than 20261102T104500Z (20261102T110000Z - 15 min.)</Message></Error></ErrorResponse>";
    let server = Server::start(Answer::Say(403, body.into()));
    fails(&home, &with_keys(&format!("http://{}", server.address()), &[]), "clock");
}

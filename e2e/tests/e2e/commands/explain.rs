//! `rolecall explain`: what it says of a chain that works, and of every way in which one can break.

mod certain;
mod world;

use std::fs;

use e2e::finish;
use serde_json::{Value, json};
use world::{World, causes, failed};

#[test]
fn a_chain_that_works_is_drawn_and_nothing_is_left_behind() {
    let world = World::start();
    let before = world.home.everything();
    let drawn = finish(world.rolecall(&["explain", "spoke"]).env("LANG", "C.UTF-8")).code(0).stdout;
    for text in [
        "spoke can be assumed",
        "arn:aws:iam::111122223333:user/alice",
        "─ hub ─",
        "arn:aws:iam::111122223333:role/team/Hub",
        "▼ ✓ ok",
        "AssumeRole in eu-central-1 at 127.0.0.1",
        "for 1 h, not 12 h: the caller is a role session",
        "tag team=blue (from hub)",
    ] {
        assert!(drawn.contains(text), "{text}\n{drawn}");
    }
    assert!(finish(&mut world.rolecall(&["explain", "spoke"])).ok().is_ascii(), "no locale says UTF-8");
    assert_eq!(world.home.everything(), before);
}

#[test]
fn the_document_is_for_programs() {
    let world = World::start();
    let told = finish(&mut world.rolecall(&["explain", "spoke", "--output", "json"])).ok();
    let document: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&document["version"], &document["assumable"]), (&1.into(), &true.into()));
    let hops = document["hops"].as_array().unwrap();
    assert_eq!(hops[0]["caller"]["arn"], "arn:aws:iam::111122223333:user/alice");
    assert_eq!(hops[1]["caller"]["principal"], "arn:aws:iam::111122223333:role/team/Hub");
    assert!(hops.iter().all(|hop| hop["outcome"] == "ok" && hop["expires_at"].is_string()), "{document:#}");
    let calls = world.sandbox.calls();
    let issued: Vec<&str> = calls.iter().filter_map(|call| call["issued"].as_str()).collect();
    assert!(issued.len() == 2 && !issued.iter().any(|key| told.contains(key)), "{issued:?}");
    // As the call was really made.
    let call = calls.iter().rfind(|call| call["action"] == "AssumeRole").unwrap();
    assert_eq!(call["caller"], hops[1]["caller"]["arn"]);
    assert_eq!(call["duration_seconds"], hops[1]["duration_seconds"]);
    assert_eq!(call["session_name"], hops[1]["session_name"]);
}

#[test]
fn pictures_are_what_their_readers_take() {
    let world = World::start();
    let picture = |form: &str| finish(&mut world.rolecall(&["explain", "spoke", "--output", form])).ok();
    let svg = picture("svg");
    world.home.write("chain.svg", &svg);
    let read = "import sys, xml.dom.minidom; print(xml.dom.minidom.parse('chain.svg').documentElement.tagName)";
    assert_eq!(finish(world.home.command("python3").args(["-c", read])).ok().trim(), "svg");
    assert!(picture("mermaid").starts_with("flowchart TD\n  n0[\""));
}

#[test]
fn the_policies_that_are_given_mend_what_they_are_given_for() {
    let world = World::start();
    let role = "arn:aws:iam::111122223333:role/Closed";
    let (_, explained) = failed(&world, "closed", 4);
    world.sandbox.trust(role, &explained["hops"][0]["trust_policy"]);
    finish(&mut world.rolecall(&["explain", "closed"])).code(0);
}

#[test]
fn the_same_holds_of_a_token() {
    let world = World::start();
    let token = world.sandbox.token(&json!({"sub": "system:serviceaccount:prod:app"}));
    world.home.write("token", &token);
    let (hop, explained) = failed(&world, "app", 4);
    assert_eq!(hop["fault"]["kind"], "denied");
    let evidence = hop["causes"][0]["evidence"].as_str().unwrap();
    assert!(evidence.contains("sub system:serviceaccount:prod:app"), "{evidence}");
    assert!(!explained.to_string().contains(token.trim()));
    world.sandbox.trust("arn:aws:iam::111122223333:role/App", &hop["trust_policy"]);
    finish(&mut world.rolecall(&["explain", "app"])).code(0);

    world.home.write("token", "no token");
    let start = failed(&world, "app", 4).1["start"].clone();
    assert_eq!(start["fault"]["kind"], "misconfigured");
    fs::remove_file(world.home.at("token")).unwrap();
    let told = failed(&world, "app", 4).1["start"]["fault"]["message"].to_string();
    assert!(told.contains("could not be read"), "{told}");
}

#[test]
fn a_hop_that_fails_stops_the_chain() {
    let world = World::start();
    world.sandbox.faults(&json!({"roles": {"arn:aws:iam::111122223333:role/team/Hub": {"denied": true}}}));
    let (hop, explained) = failed(&world, "spoke", 4);
    assert_eq!((&hop["alias"], &explained["hops"][1]["outcome"]), (&"hub".into(), &"not_tried".into()));
    let text = finish(&mut world.rolecall(&["explain", "spoke"])).code(4).stdout;
    assert!(text.starts_with("spoke cannot be assumed: denied at hub\n") && text.contains("v . not tried"), "{text}");
}

#[test]
fn faults_that_say_what_is_wrong_are_their_own_cause() {
    let world = World::start();
    let kind = |faults: Value| {
        world.sandbox.faults(&faults);
        let (_, explained) = failed(&world, "hub", 4);
        let start = &explained["start"];
        let place = if start["fault"].is_null() { &explained["hops"][0] } else { start };
        assert_eq!(place["causes"].as_array().unwrap().len(), 1, "{explained:#}");
        assert_eq!(place["causes"][0]["certainty"], "certain");
        place["fault"]["kind"].as_str().unwrap().to_owned()
    };
    assert_eq!(kind(json!({"throttle": {}})), "throttled");
    let hub = "arn:aws:iam::111122223333:role/team/Hub";
    assert_eq!(kind(json!({"roles": {hub: {"throttle": {}}}})), "throttled");
    assert_eq!(kind(json!({"outage": "unavailable"})), "unreachable");
    assert_eq!(kind(json!({"outage": "drop"})), "unreachable");
    assert_eq!(kind(json!({"keys": {"SANDBOXKEYOFALICE": "expired"}})), "base_expired");
}

#[test]
fn a_wrong_clock_is_told_even_where_it_does_no_harm() {
    let world = World::start();
    world.sandbox.faults(&json!({"clock_offset_seconds": -7200}));
    let text = finish(&mut world.rolecall(&["explain", "hub"])).code(0).stdout;
    assert!(
        text.contains("the clock of this machine is 2 h ahead of that of AWS") || text.contains("1 h 59 min ahead"),
        "{text}"
    );
}

#[test]
fn a_base_that_is_not_there_is_told_before_any_hop() {
    let world = World::start();
    let mut command = world.rolecall(&["explain", "hub", "--output", "json"]);
    let explained = finish(command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY")).code(4).stdout;
    let explained: Value = serde_json::from_str(&explained).unwrap();
    assert_eq!(explained["start"]["fault"]["kind"], "misconfigured");
    assert_eq!(
        (&explained["hops"][0]["outcome"], &explained["hops"][0]["caller"]),
        (&"not_tried".into(), &Value::Null)
    );
}

#[test]
fn a_login_that_was_never_made_is_told_with_the_command_to_make_it() {
    let world = World::start();
    let config = "[profile work]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n[sso-session corp]\n\
                  sso_start_url = https://corp.awsapps.com/start\nsso_region = eu-central-1\n";
    world.home.write(".aws/config", config);
    let mut command = world.rolecall(&["explain", "hub"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env("AWS_PROFILE", "work");
    let told = finish(&mut command).code(4).stdout;
    assert!(told.starts_with("hub cannot be assumed: sso_login_needed at the base\n"), "{told}");
    assert!(told.contains("fix: run `aws sso login --sso-session corp`"), "{told}");
}

#[test]
fn what_takes_rights_away_is_shown() {
    let world = World::start();
    let told = finish(&mut world.rolecall(&["explain", "narrowed"])).code(0).stdout;
    assert!(told.contains("narrowed by a session policy"), "{told}");
}

#[test]
fn an_unknown_alias_is_5_and_a_wrong_line_is_2() {
    let world = World::start();
    let unknown = finish(&mut world.rolecall(&["explain", "nobody"])).code(5);
    assert!(unknown.stderr.contains("use one of") && unknown.stderr.contains("hub"), "{unknown:#?}");
    assert_eq!(unknown.stdout, "");
    for line in [&["explain"][..], &["explain", "hub", "--role", "x"], &["explain", "--role", "x"]] {
        finish(&mut world.rolecall(line)).code(2);
    }
}

#[test]
fn a_role_that_is_defined_nowhere_is_explained_by_its_arn() {
    let world = World::start();
    let arn = "arn:aws:iam::111122223333:role/team/Hub";
    let told = finish(&mut world.rolecall(&["explain", "--role", arn])).code(0).stdout;
    assert!(told.starts_with("Hub can be assumed\n"), "{told}");
}

#[test]
fn roles_of_the_aws_config_are_explained_when_they_are_wanted() {
    let world = World::start();
    let profile =
        "[profile mine]\nrole_arn = arn:aws:iam::111122223333:role/team/Hub\ncredential_source = Environment\n";
    world.home.write(".aws/config", profile);
    finish(&mut world.rolecall(&["explain", "mine"])).code(5);
    let told = finish(&mut world.rolecall(&["explain", "mine", "--from-aws-config"])).code(0).stdout;
    assert!(told.contains("- environment -"), "{told}");
}

#[test]
fn what_an_agent_holds_speaks_against_the_callers_own_policy() {
    let world = World::start();
    let agent = world.agent();
    agent.wait_for_state("hub", "fresh");
    world.sandbox.faults(&json!({"roles": {"arn:aws:iam::444455556666:role/Far": {"denied": true}}}));
    let (hop, _) = failed(&world, "far", 4);
    let own =
        hop["causes"].as_array().unwrap().iter().find(|cause| cause["what"] == "no policy of the caller allows it");
    assert!(own.unwrap()["evidence"].as_str().unwrap().contains("sessions of hub"), "{hop:#}");
    assert!(causes(&hop).iter().all(|cause| !cause.starts_with("certain")), "{hop:#}");
}

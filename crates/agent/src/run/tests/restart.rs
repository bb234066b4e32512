//! What one agent leaves for the next.

use super::*;

#[tokio::test]
async fn one_that_cannot_start_leaves_the_definitions_of_the_one_before() {
    let home = Home::new();
    let defined = || {
        let definitions = Definitions::read(&home.path("state")).unwrap().unwrap();
        definitions.roles.iter().map(|role| role.alias.to_string()).collect::<Vec<_>>()
    };
    start(home.settings(Publish::None, &["a"]), &[]).await.unwrap().stop().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut busy = home.settings(Publish::None, &["b"]);
    busy.health_listen = Some(taken.local_addr().unwrap());
    let Err(StartError::Listen(_)) = start(busy, &[]).await else { panic!("not refused") };
    assert_eq!(defined(), ["a"]);
    start(home.settings(Publish::None, &["b"]), &[]).await.unwrap().stop().await;
    assert_eq!(defined(), ["b"]);
}

#[tokio::test]
async fn a_restart_asks_for_no_session_that_was_cut_short_and_is_not_due() {
    let home = Home::new();
    let settings = || {
        let mut settings = home.settings(Publish::None, &["a"]);
        settings.roles[0].duration = Duration::from_secs(12 * 3600);
        settings.policy.refresh_before = "50%".parse().unwrap();
        settings
    };
    let first = start(settings(), &[("a", Answer::Clamped)]).await.unwrap();
    assert_eq!(once(first).await, Outcome { ok: 1, failed: 0 });
    let second = start(settings(), &[]).await.unwrap();
    second.ready().await;
    let status = second.status().await;
    let [only] = status.profiles.as_slice() else { panic!("{status:?}") };
    assert_eq!((only.reason.as_deref(), only.asked_for_seconds), (Some("Adopted"), Some(6 * 3600)));
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_with_what_is_held_until_its_end() {
    let home = Home::new();
    let clock = Arc::new(ManualClock::default());
    let sts = FakeSts::at(clock.clone(), &[]);
    let settings = || home.settings(Publish::File, &["a"]);
    let first = Agent::start(settings(), sts.clone(), clock.clone()).await.unwrap();
    first.rotator.settled().await;
    first.stop().await;
    clock.advance(Duration::from_secs(600));
    sts.set("a", Answer::Fault(FaultKind::Unreachable));

    let second = Agent::start(settings(), sts, clock.clone()).await.unwrap();
    let socket = home.path("state/agent.sock");
    for (advance, state) in [(0, "fresh"), (2400, "stale")] {
        clock.advance(Duration::from_secs(advance));
        let (status, body) = get(&socket, "/v1/credentials/a").await;
        assert!(status == 200 && body.contains("ASIATEST000000000001"), "{state}: {status}");
        let document = second.status().await;
        let profile = &document.profiles[0];
        assert_eq!((profile.profile.state.as_str(), &profile.notes), (state, &vec![]));
        assert_eq!(profile.access_key_id.as_deref(), Some("ASIATEST000000000001"));
        for name in ["aws/credentials", "state/credentials"] {
            assert!(home.text(name).contains("[a]\naws_access_key_id = ASIATEST000000000001"), "{state}: {name}");
        }
    }
    clock.advance(Duration::from_secs(600));
    let (status, body) = get(&socket, "/v1/credentials/a").await;
    assert_eq!(status, 503, "{body}");
    second.rotator.settled().await;
    let document = second.status().await;
    assert_eq!((document.profiles[0].profile.state.as_str(), &document.profiles[0].access_key_id), ("expired", &None));
    assert_eq!(home.text("aws/credentials"), "");
    assert!(!home.text("state/credentials").contains("[a]") && home.text("state/config").contains("[profile a]"));
    second.stop().await;
}

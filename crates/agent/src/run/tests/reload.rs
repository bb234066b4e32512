//! Other settings for an agent that runs: what follows them, and what stays.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use rolecall_core::rotation::Lead;

use super::*;

async fn started(home: &Home, settings: AgentSettings) -> (Agent, Arc<FakeSts>) {
    let sts = FakeSts::new(&[]);
    let agent = Agent::start(settings, Arc::clone(&sts) as _, Arc::new(SystemClock)).await.unwrap();
    agent.ready().await;
    assert!(home.path("state/roles.json").exists());
    (agent, sts)
}

/// Reloads, and waits until what has to be written was tried.
async fn reload(agent: &Agent, settings: AgentSettings) {
    agent.reload(settings).await.unwrap();
    agent.rotator.settled().await;
    agent.view.written().await;
}

fn aliases(document: &ProfilesDocument) -> Vec<&str> {
    document.profiles.iter().map(|profile| profile.alias.as_str()).collect()
}

#[tokio::test]
async fn roles_come_go_and_change_and_the_others_keep_their_sessions() {
    for publish in [Publish::Process, Publish::Cat, Publish::File, Publish::None] {
        let home = Home::new();
        let (agent, sts) = started(&home, home.settings(publish, &["a", "b", "c"])).await;
        assert_eq!(sts.issued(), 3);
        let key = |text: &str| text.split("[a]\n").nth(1).map(|rest| rest.lines().next().unwrap().to_owned());
        let before = key(&home.text("state/credentials")).unwrap();

        let mut settings = home.settings(publish, &["d", "c", "a"]);
        settings.roles[1].region = None;
        settings.default = Some("a".parse().unwrap());
        reload(&agent, settings).await;
        assert_eq!(sts.issued(), 5, "one that is new, one that has changed");
        let profiles = agent.profiles().await;
        assert_eq!((aliases(&profiles), profiles.default.as_deref()), (vec!["d", "c", "a"], Some("a")));
        assert!(profiles.problems.is_empty() && profiles.profiles.iter().all(|profile| profile.fault.is_none()));

        let store = home.text("state/credentials");
        assert_eq!(key(&store), Some(before));
        assert!(store.contains("[default]\n") && store.contains("[d]\n") && !store.contains("[b]\n"), "{publish}");
        let published = home.text("aws/config");
        assert_eq!(published.contains("[profile d]"), publish != Publish::None);
        assert!(!published.contains("[profile b]") && !home.text("aws/credentials").contains("[b]"));
        assert_eq!(home.path("state/json/d.json").exists(), publish == Publish::Cat);
        assert!(!home.path("state/json/b.json").exists());
        let told = Definitions::read(&home.path("state")).unwrap().unwrap();
        assert_eq!(told.roles.iter().map(|role| role.alias.as_str()).collect::<Vec<_>>(), ["d", "c", "a"]);
        assert_eq!(get(&home.path("state/agent.sock"), "/v1/credentials/b").await.0, 404);
        agent.stop().await;
    }
    canary::assert_absent("the log", &log());
}

#[tokio::test]
async fn the_form_and_the_store_follow_without_a_call() {
    let home = Home::new();
    let (agent, sts) = started(&home, home.settings(Publish::Process, &["a"])).await;
    for publish in [Publish::File, Publish::Cat, Publish::None, Publish::Process, Publish::None, Publish::File] {
        for store in [publish == Publish::Cat, true] {
            reload(&agent, AgentSettings { store, ..home.settings(publish, &["a"]) }).await;
            let (config, keys) = (home.text("aws/config"), home.text("aws/credentials"));
            assert_eq!(config.contains("credential_process"), matches!(publish, Publish::Process | Publish::Cat));
            assert_eq!(config.contains("[profile a]"), publish != Publish::None);
            assert_eq!(keys.contains("[a]"), publish == Publish::File);
            assert_eq!(home.path("state/json/a.json").exists(), publish == Publish::Cat);
            assert_eq!(home.path("state/credentials").exists(), store);
            let status = agent.status().await;
            assert_eq!(status.agent.publish, publish.to_string());
            assert_eq!(status.profiles[0].profile.published, publish != Publish::None);
        }
    }
    assert_eq!(sts.issued(), 1);
    agent.stop().await;
}

#[tokio::test]
async fn another_name_for_the_same_role_keeps_the_session() {
    let home = Home::new();
    let (agent, sts) = started(&home, home.settings(Publish::File, &["a"])).await;
    let mut settings = home.settings(Publish::File, &["a"]);
    settings.roles[0].alias = "renamed".parse().unwrap();
    reload(&agent, settings).await;
    assert_eq!(sts.issued(), 1);
    let keys = home.text("aws/credentials");
    assert!(keys.contains("[renamed]\naws_access_key_id = ASIATEST000000000001") && !keys.contains("[a]"), "{keys}");
    agent.stop().await;
}

#[tokio::test]
async fn another_lead_counts_for_what_is_held() {
    let home = Home::new();
    let (agent, _) = started(&home, home.settings(Publish::None, &["a"])).await;
    let next = || async { agent.profiles().await.profiles[0].next_refresh_at.clone().unwrap() };
    let before = next().await;
    let policy = Policy { refresh_before: Lead::Percent(50), ..Policy::default() };
    reload(&agent, AgentSettings { policy, ..home.settings(Publish::None, &["a"]) }).await;
    assert!(next().await < before);
    reload(&agent, home.settings(Publish::None, &["a"])).await;
    assert_eq!(next().await, before);
    agent.stop().await;
}

#[tokio::test]
async fn settings_that_cannot_count_change_nothing_and_are_told_until_others_do() {
    let home = Home::new();
    let (agent, sts) = started(&home, home.settings(Publish::Process, &["a"])).await;
    let before = home.text("aws/config");
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let health_listen = Some(taken.local_addr().unwrap());
    let wrong = AgentSettings { health_listen, ..home.settings(Publish::File, &["b"]) };
    assert!(matches!(agent.reload(wrong).await, Err(StartError::Listen(_))));
    let wrong = AgentSettings { command: "rolecall".into(), ..home.settings(Publish::Process, &["b"]) };
    assert!(matches!(agent.reload(wrong).await, Err(StartError::Command(_))));
    let fault = Fault::new(FaultKind::Misconfigured, "no such key", "take it out");
    agent.refuse(vec![Problem { origin: "f:3".into(), column: Some(1), value: None, fault }]);
    let status = agent.status().await;
    assert_eq!((status.problems.len(), status.problems[0].origin.as_str()), (1, "f:3"));
    assert_eq!((aliases(&agent.profiles().await), sts.issued()), (vec!["a"], 1));
    assert_eq!(home.text("aws/config"), before);
    assert_eq!(agent.ready().await, Outcome { ok: 1, failed: 0 }, "what counts is well");
    reload(&agent, home.settings(Publish::Process, &["a"])).await;
    assert!(agent.status().await.problems.is_empty());
    agent.stop().await;
}

#[tokio::test]
async fn probes_are_answered_where_the_settings_say() {
    let home = Home::new();
    let at = |address: &str, port| Some(SocketAddr::new(address.parse().unwrap(), port));
    let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let (one, two) = (free(), free());
    let (agent, _) = started(&home, home.settings(Publish::None, &["a"])).await;
    // The third is in the way of the second, and the other way round.
    for (address, port, other) in
        [("127.0.0.1", one, two), ("127.0.0.1", two, one), ("0.0.0.0", two, one), ("127.0.0.1", two, one)]
    {
        reload(&agent, AgentSettings { health_listen: at(address, port), ..home.settings(Publish::None, &["a"]) })
            .await;
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok(), "{address}:{port}");
        assert!(TcpStream::connect(("127.0.0.1", other)).is_err(), "{address}:{port}");
    }
    let elsewhere = at("192.0.2.1", two);
    let wrong = AgentSettings { health_listen: elsewhere, ..home.settings(Publish::None, &["a"]) };
    assert!(matches!(agent.reload(wrong).await, Err(StartError::Listen(_))));
    assert!(TcpStream::connect(("127.0.0.1", two)).is_ok(), "the one before is there again");
    reload(&agent, home.settings(Publish::None, &["a"])).await;
    assert!(TcpStream::connect(("127.0.0.1", two)).is_err());
    agent.stop().await;
}

#[tokio::test]
async fn a_profile_is_taken_over_when_the_settings_say_so_and_once() {
    let home = Home::new();
    fs::create_dir(home.path("aws")).unwrap();
    let users = "[profile a]\nregion = mine\n";
    fs::write(home.path("aws/config"), users).unwrap();
    let (agent, _) = started(&home, home.settings(Publish::Process, &["a"])).await;
    assert_eq!(agent.profiles().await.profiles[0].fault.as_ref().unwrap().kind, "profile_taken");
    let taking = || AgentSettings { take_over: vec!["a".parse().unwrap()], ..home.settings(Publish::Process, &["a"]) };
    reload(&agent, taking()).await;
    assert!(agent.profiles().await.profiles[0].fault.is_none());
    assert!(!home.text("aws/config").contains("mine"));
    // One that the user adds later is his again.
    fs::write(home.path("aws/config"), users).unwrap();
    reload(&agent, taking()).await;
    assert_eq!(home.text("aws/config"), users);
    agent.stop().await;
}

#[tokio::test]
async fn many_reloads_while_nothing_can_be_written_end_with_the_last_one() {
    let home = Home::new();
    let (agent, sts) = started(&home, home.settings(Publish::Process, &["a"])).await;
    let held = lock(&home.path("aws/config"));
    for round in 0..20 {
        let second = if round % 2 == 0 { "even" } else { "odd" };
        agent.reload(home.settings(Publish::Process, &["a", second])).await.unwrap();
        assert_eq!(get(&home.path("state/agent.sock"), "/v1/credentials/a").await.0, 200);
    }
    drop(held);
    let published = async {
        while !home.text("aws/config").contains("[profile odd]") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), published).await.unwrap();
    agent.rotator.settled().await;
    assert!(!home.text("aws/config").contains("even") && !home.text("state/credentials").contains("even"));
    assert!(sts.issued() <= 21, "{}", sts.issued());
    agent.stop().await;
}

#[tokio::test]
async fn a_reload_that_fails_leaves_the_endpoint_and_its_tokens_as_they_were() {
    let home = Home::new();
    let any = Some((Ipv4Addr::LOCALHOST, 0).into());
    let settings = AgentSettings { endpoint: any, ..home.settings(Publish::None, &["a", "b"]) };
    let (agent, _) = started(&home, settings).await;
    let file = std::fs::read_to_string(home.path("state/endpoint.json")).unwrap();
    let (url, token) = (agent.status().await.agent.endpoint.unwrap(), home.path("state/tokens/b"));
    let token = std::fs::read_to_string(token).unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let other = Some(SocketAddr::from(([127, 0, 0, 2], 0)));

    // An address that cannot be had, behind one that can; and a file that cannot be written.
    let metrics_listen = Some(taken.local_addr().unwrap());
    let wrong = AgentSettings { endpoint: other, metrics_listen, ..home.settings(Publish::None, &["a"]) };
    assert!(matches!(agent.reload(wrong).await, Err(StartError::Listen(_))));
    std::fs::remove_file(home.path("state/endpoint.json")).unwrap();
    std::fs::create_dir(home.path("state/endpoint.json")).unwrap();
    let wrong = AgentSettings { endpoint: other, ..home.settings(Publish::None, &["a"]) };
    assert!(agent.reload(wrong).await.is_err());

    assert_eq!(agent.status().await.agent.endpoint.as_deref(), Some(url.as_str()));
    let address: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
    let request = format!("GET /v1/credentials/b HTTP/1.0\r\nHost: {address}\r\nAuthorization: {token}\r\n\r\n");
    let ask = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = tokio::task::spawn_blocking(ask).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 200 ") && answer.contains("AccessKeyId"), "{answer}");

    // And once it can be done, it is.
    std::fs::remove_dir(home.path("state/endpoint.json")).unwrap();
    reload(&agent, AgentSettings { endpoint: other, ..home.settings(Publish::None, &["a"]) }).await;
    assert_ne!(agent.status().await.agent.endpoint.unwrap(), url);
    assert_ne!(std::fs::read_to_string(home.path("state/endpoint.json")).unwrap(), file);
    assert!(!home.path("state/tokens/b").exists() && TcpStream::connect(address).is_err());
    agent.stop().await;
}

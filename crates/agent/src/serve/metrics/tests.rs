//! What a collector reads.

use std::net::Ipv4Addr;
use std::time::Duration;

use rolecall_core::FaultKind;
use rolecall_rotator::SystemClock;
use rolecall_testkit::canary;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::testing::{Answer as Scripted, FakeSts, role, view};

async fn ask(view: Arc<View>, method: &str, path: &str) -> String {
    let listener = listener::open((Ipv4Addr::LOCALHOST, 0).into(), "metrics").unwrap();
    let address = listener.local_addr().unwrap();
    let _served = serve(listener, view, Arc::new(SystemClock));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    canary::assert_absent("metrics", &answer);
    answer
}

async fn rig() -> Arc<View> {
    let sts = FakeSts::new(&[("b", Scripted::Fault(FaultKind::Denied))]);
    let rotator = rolecall_rotator::spawn(Default::default(), Arc::new(SystemClock), sts, Vec::new());
    ["a", "b"].iter().for_each(|alias| rotator.define(role(alias), None));
    rotator.settled().await;
    let view = view(rotator);
    view.endpoint_requests.ok();
    view.endpoint_requests.refused("unauthorized");
    Arc::new(view)
}

#[tokio::test]
async fn every_number_of_status_is_there() {
    let view = rig().await;
    let text = ask(Arc::clone(&view), "GET", "/metrics").await;
    assert!(text.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{text}");
    for line in [
        "rolecall_entries{state=\"fresh\"} 1",
        "rolecall_entries{state=\"failed\"} 1",
        "rolecall_entries{state=\"expired\"} 0",
        "rolecall_entry_asked_for_seconds{alias=\"a\"} 3600",
        "rolecall_entry_session_version{alias=\"a\"} 1",
        "rolecall_entry_session_version{alias=\"b\"} 0",
        "rolecall_entry_attempt_under_way{alias=\"a\"} 0",
        "rolecall_refreshes_total{result=\"ok\",reason=\"NothingHeld\"} 1",
        "rolecall_refreshes_total{result=\"denied\",reason=\"NothingHeld\"} 1",
        "rolecall_sts_request_duration_seconds_count{operation=\"AssumeRole\",outcome=\"ok\"} 1",
        "rolecall_sts_budget_waiting 0",
        "rolecall_wall_clock_skew_seconds 0",
        "rolecall_problems 0",
        "rolecall_endpoint_requests_total{outcome=\"ok\"} 1",
        "rolecall_endpoint_requests_total{outcome=\"unauthorized\"} 1",
        &format!("rolecall_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    let status = view.status().await;
    let seconds = |text: &Option<String>| text.as_ref().unwrap().parse::<Timestamp>().unwrap().as_second();
    let (a, b) = (&status.profiles[0], &status.profiles[1]);
    for line in [
        format!("rolecall_start_time_seconds {}", view.started_at.as_second()),
        format!("rolecall_entry_expires_timestamp_seconds{{alias=\"a\"}} {}", seconds(&a.profile.expires_at)),
        format!("rolecall_entry_issued_timestamp_seconds{{alias=\"a\"}} {}", seconds(&a.issued_at)),
        format!("rolecall_entry_next_refresh_timestamp_seconds{{alias=\"a\"}} {}", seconds(&a.profile.next_refresh_at)),
        format!(
            "rolecall_entry_fault_since_timestamp_seconds{{alias=\"b\",fault=\"denied\"}} {}",
            seconds(&b.profile.fault.as_ref().map(|fault| fault.since.clone()))
        ),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("expires_timestamp_seconds{alias=\"b\"}"), "nothing is held");
}

#[tokio::test]
async fn nothing_else_is_answered() {
    let view = rig().await;
    assert!(ask(Arc::clone(&view), "GET", "/").await.starts_with("HTTP/1.1 404 "));
    assert!(ask(Arc::clone(&view), "POST", "/metrics").await.starts_with("HTTP/1.1 405 "));
    assert!(ask(Arc::clone(&view), "HEAD", "/metrics").await.ends_with("\r\n\r\n"));
    tokio::time::timeout(Duration::from_secs(5), view.rotator.stop()).await.unwrap();
    assert!(ask(view, "GET", "/metrics").await.starts_with("HTTP/1.1 503 "));
}

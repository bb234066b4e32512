//! The log, at its most talkative.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rolecall_core::AssumeRole;
use tracing_subscriber::fmt::MakeWriter;

use super::support::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_secret_reaches_the_log_at_any_level() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let keys =
        "[default]\naws_access_key_id = A\naws_secret_access_key = canary-key\naws_session_token = canary-session\n";
    let process = "[default]\ncredential_process = sh -c 'echo canary-out; echo canary-err >&2; exit 3'\n";
    let chain = "[default]\nrole_arn = arn:aws:iam::1:role/Base\nsource_profile = default\n";
    let aws = Aws::new(|request, before| match request.field("Action") {
        Some("GetCallerIdentity") => identity("arn:aws:sts::123456789012:assumed-role/Base/s"),
        _ if before % 2 == 0 => error(403, "AccessDenied", "canary-answer"),
        _ => session("AssumeRole", "1"),
    });
    let mut role = role();
    role.duration = Duration::from_secs(7200);
    for (config, credentials) in [("", keys), ("", keys), (process, ""), (chain, keys)] {
        let sts = World::new(aws.clone()).files(config, credentials).sts();
        // Whether it is assumed or not does not matter here.
        let _ = sts.assume_role(&role, None).await;
        let _ = sts.assume_role(&role, None).await;
    }

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("canary"), "{text}");
    let told = text.lines().filter(|line| line.contains("one hour at most")).count();
    assert_eq!(told, 3, "once for each of the three that know the role and have such a base: {text}");
}

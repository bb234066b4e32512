//! Where the chain ends in a process, and where in something else.

use std::borrow::Cow;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::{Env, Fs};

use super::*;

async fn profiles(config: &str) -> EnvConfigSections {
    let files = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, config).build();
    let mut source = source::load(&Env::from_slice(&[]), &Fs::from_slice(&[]), &files).await.unwrap();
    source.profile = Cow::Borrowed("p");
    EnvConfigSections::parse(source).unwrap()
}

#[tokio::test]
async fn the_chain_ends_in_a_process_where_the_sdk_would_run_one() {
    const RUN: &str = "[profile q]\ncredential_process = run\n";
    let role = |more: &str| format!("[profile p]\nrole_arn = a\n{more}\n");
    for (config, expected) in [
        ("[profile p]\ncredential_process = run\n".to_owned(), Some(("p", None))),
        (
            "[profile p]\ncredential_process = run\naws_access_key_id = A\naws_secret_access_key = s".into(),
            Some(("p", None)),
        ),
        ("[profile p]\nsource_profile = q\ncredential_process = run\n".into(), Some(("p", None))),
        (role("source_profile = q\n") + RUN, Some(("q", Some("p")))),
        (role("source_profile = p\ncredential_process = run"), Some(("p", Some("p")))),
        (role("source_profile = m\n[profile m]\nrole_arn = b\nsource_profile = q\n") + RUN, Some(("q", Some("m")))),
        // Somebody else comes first.
        (role("source_profile = q\n") + RUN + "aws_access_key_id = A\naws_secret_access_key = s\n", None),
        ("[profile p]\ncredential_process = run\nsso_session = s\n".into(), None),
        ("[profile p]\ncredential_process = run\nweb_identity_token_file = t\n".into(), None),
        (role("credential_source = Environment\ncredential_process = run"), None),
        // What the SDK refuses.
        (role("credential_process = run"), None),
        (role("source_profile = q\ncredential_source = Environment\n") + RUN, None),
        (role("source_profile = q\n[profile q]\nrole_arn = b\nsource_profile = p\n"), None),
        (role("source_profile = gone"), None),
        ("[profile q]\ncredential_process = run\n".into(), None),
        (String::new(), None),
    ] {
        let found = find(&profiles(&config).await);
        let found = found.as_ref().map(|found| (found.profile.as_str(), found.role_profile.as_deref()));
        assert_eq!(found, expected, "{config}");
    }
}

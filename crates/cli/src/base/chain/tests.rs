//! How far the chain is followed, compared with what the SDK does with the same profiles.

use super::*;

fn process(config: &str, credentials: &str, start: &str) -> Option<String> {
    Both::of(config, credentials).process(start).map(|process| process.profile)
}

#[test]
fn a_process_is_found_along_the_sources_and_nowhere_else() {
    const ROLE: &str = "role_arn = arn:aws:iam::123456789012:role/R\n";
    const RUN: &str = "credential_process = run\n";
    for (config, found) in [
        (format!("[profile a]\n{RUN}"), Some("a")),
        (
            format!("[profile a]\n{ROLE}source_profile = b\n[profile b]\n{ROLE}source_profile = c\n[profile c]\n{RUN}"),
            Some("c"),
        ),
        // A profile that is its own source.
        (format!("[profile a]\n{ROLE}source_profile = a\n{RUN}"), Some("a")),
        // Without a role a source means nothing.
        (format!("[profile a]\nsource_profile = b\n[profile b]\n{RUN}"), None),
        (format!("[profile a]\nsource_profile = b\n{RUN}[profile b]\n"), Some("a")),
        // What the SDK refuses: a role without a source, with two, and a ring.
        (format!("[profile a]\n{ROLE}{RUN}"), None),
        (format!("[profile a]\n{ROLE}source_profile = b\ncredential_source = Environment\n[profile b]\n{RUN}"), None),
        (format!("[profile a]\n{ROLE}source_profile = b\n[profile b]\n{ROLE}source_profile = a\n{RUN}"), None),
        // What it prefers to a process.
        (format!("[profile a]\n{ROLE}credential_source = Environment\n{RUN}"), None),
        (format!("[profile a]\n{ROLE}web_identity_token_file = /t\nsource_profile = b\n{RUN}[profile b]\n{RUN}"), None),
        (format!("[profile a]\nsso_session = s\n{RUN}"), None),
        (format!("[profile a]\nlogin_session = s\n{RUN}"), None),
        // Keys come after a process in the profile that is asked for, and before it in a source.
        (format!("[profile a]\naws_access_key_id = A\naws_secret_access_key = S\n{RUN}"), Some("a")),
        (
            format!(
                "[profile a]\n{ROLE}source_profile = b\n[profile b]\naws_access_key_id = A\naws_secret_access_key = S\n{RUN}"
            ),
            None,
        ),
        ("[profile b]\n".into(), None),
        (format!("[profile a]\n{ROLE}source_profile = nowhere\n"), None),
    ] {
        assert_eq!(process(&config, "", "a").as_deref(), found, "{config}");
    }
}

#[test]
fn a_profile_may_be_split_over_both_files() {
    let (config, credentials) = ("[default]\ncredential_process = a\n", "[default]\ncredential_process = b\n");
    assert_eq!(Both::of(config, credentials).process("default").unwrap().line, "b");
    assert_eq!(process("[profile x]\n", "[x]\ncredential_process = a\n", "x").as_deref(), Some("x"));
}

#[test]
fn what_a_line_asks_for_is_read_as_programs_read_it() {
    let asked = |line: &str| asked(line).map(|asked| (asked.state_dir, asked.words.concat()));
    let dir = |path: &str| Some(PathBuf::from(path));
    for (line, found) in [
        ("rolecall credentials a", Some((None, "a"))),
        ("\"/x y/rolecall\" credentials --state-dir '/s t' a", Some((dir("/s t"), "a"))),
        ("rolecall credentials a --state-dir=/s", Some((dir("/s"), "a"))),
        ("rolecall status", None),
        ("rolecall-x credentials a", None),
        ("sudo rolecall credentials a", None),
        ("rolecall 'credentials", None),
        ("", None),
    ] {
        assert_eq!(asked(line), found.map(|(state_dir, words)| (state_dir, words.to_owned())), "{line}");
    }
}

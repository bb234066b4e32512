//! What the base may see: everything but ourselves.

use std::fs;

use super::*;

const BLOCK: &str = "# >>> rolecall 3fa9c2d1 >>> written by rolecall, edits in here are lost\n\
                     [profile ours]\ncredential_process = \"/bin/rolecall\" credentials ours\n\
                     # <<< rolecall 3fa9c2d1 <<<\n";

struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new(config: &str, credentials: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config"), config).unwrap();
        fs::write(dir.path().join("credentials"), credentials).unwrap();
        Self { dir }
    }

    fn files<const N: usize>(&self, variables: [(&str, &str); N]) -> UserFiles {
        let path = |name: &str| self.dir.path().join(name).into_os_string().into_string().unwrap();
        let (config, credentials) = (path("config"), path("credentials"));
        let own = [("AWS_CONFIG_FILE", config.as_str()), ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str())];
        let all: Vec<(&str, &str)> = own.into_iter().chain(variables).collect();
        let environment = Environment::from(all.as_slice());
        UserFiles::new(&environment, vec!["alias".parse().unwrap()], "/s".into()).unwrap()
    }

    fn texts<const N: usize>(&self, variables: [(&str, &str); N]) -> Result<(String, String), BaseError> {
        self.files(variables).texts().map(|texts| (texts.config, texts.credentials))
    }
}

#[test]
fn what_is_ours_is_not_seen_and_what_is_the_users_is() {
    let foreign = "[default]\nregion = eu-central-1\n";
    let keys = "[default]\naws_access_key_id = A\n";
    let home = Home::new(&format!("{foreign}{BLOCK}"), &format!("{keys}{BLOCK}"));
    assert_eq!(home.texts([]).unwrap(), (foreign.into(), keys.into()));
}

#[test]
fn our_store_counts_as_an_empty_file() {
    let store = rolecall_formats::store::credentials(&[], None).unwrap();
    let text = format!("{}[x]\naws_access_key_id = A\n", *store);
    let config = format!("{}[profile x]\n", rolecall_formats::store::config(&[], None));
    assert_eq!(Home::new(&config, &text).texts([]).unwrap(), (String::new(), String::new()));
}

#[test]
fn missing_files_are_empty_ones() {
    let environment = Environment::from([("HOME", "/nonexistent")]);
    let texts = UserFiles::new(&environment, vec![], "/s".into()).unwrap().texts().unwrap();
    assert_eq!((texts.config.as_str(), texts.credentials.as_str()), ("", ""));
}

#[test]
fn a_profile_of_ours_cannot_be_the_base() {
    let home = Home::new(BLOCK, "");
    for (variable, profile) in [("AWS_PROFILE", "ours"), ("AWS_PROFILE", "alias"), ("AWS_DEFAULT_PROFILE", "alias")] {
        let error = home.texts([(variable, profile)]).unwrap_err();
        assert!(error.is_recursion());
        let fault = Fault::from(error);
        assert!(fault.message.contains(&format!("{variable}={profile}")), "{fault}");
        assert!(fault.action.contains(&format!("env -u {variable} rolecall agent")), "{fault}");
    }
}

#[test]
fn a_profile_of_the_users_may_have_the_name_of_a_role() {
    let home = Home::new("[profile alias]\nregion = x\n", "[ours]\naws_access_key_id = A\n");
    for profile in ["alias", "ours", "neither", ""] {
        assert!(home.texts([("AWS_PROFILE", profile)]).is_ok(), "{profile}");
    }
}

/// The profile that is refused as base, and whether the agent must not even start.
fn refused(home: &Home, variables: [(&str, &str); 2]) -> Option<(String, bool)> {
    let error = home.texts(variables).err()?;
    let recursion = error.is_recursion();
    match error {
        BaseError::OwnProcess { profile, .. } => Some((profile, recursion)),
        other => unreachable!("{other}"),
    }
}

#[test]
fn a_profile_that_runs_us_cannot_be_the_base() {
    let own = ("ROLECALL_STATE_DIR", "/s");
    let other = ("ROLECALL_STATE_DIR", "/other");
    for (line, variable, certain) in [
        ("rolecall credentials alias", own, true),
        ("/opt/x/rolecall credentials --state-dir /s alias", other, true),
        ("'/my tools/rolecall' credentials alias --state-dir=/s", other, true),
        // Another agent, an alias of another agent, or who knows what: the agent may start, this is no base yet.
        ("rolecall credentials alias", other, false),
        ("rolecall credentials --state-dir /other alias", own, false),
        ("rolecall credentials one", own, false),
        ("sh -c 'exec rolecall credentials alias'", own, false),
        ("env X=rolecall rolecall credentials alias", own, false),
    ] {
        let home = Home::new(&format!("[default]\ncredential_process = {line}\n"), "");
        let none = ("AWS_PROFILE", "");
        assert_eq!(refused(&home, [none, variable]), Some(("default".into(), certain)), "{line}");
        assert_eq!(refused(&home, [("AWS_PROFILE", "other"), variable]), None, "{line}");
    }
    let home = Home::new("[default]\ncredential_process = /bin/other credentials rolecall-x\n", "");
    assert_eq!(refused(&home, [own, own]), None);
}

#[test]
fn where_the_environment_has_keys_no_profile_is_in_the_way() {
    let home = Home::new("[default]\ncredential_process = rolecall credentials alias\n", "");
    let state = ("ROLECALL_STATE_DIR", "/s");
    let (id, secret) = (("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", "S"));
    assert!(home.texts([state, id, secret]).is_ok());
    assert!(home.texts([state, id, ("SECRET_ACCESS_KEY", "S")]).is_ok());
    for half in [[state, id, ("AWS_SECRET_ACCESS_KEY", " ")], [state, ("AWS_ACCESS_KEY_ID", ""), secret]] {
        assert!(home.texts(half).unwrap_err().is_recursion(), "{half:?}");
    }
    // A profile comes before these.
    let others = [state, ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://[::1]")];
    assert!(home.texts(others).unwrap_err().is_recursion());
}

#[test]
fn a_broken_file_is_in_the_way_only_where_a_profile_is_needed() {
    let half_a_block = BLOCK.replace("# <<< rolecall 3fa9c2d1 <<<\n", "");
    let credentials = "[default]\naws_access_key_id = A\n";
    let breaks: [fn(&Path, &str); 4] = [
        |path, block| fs::write(path, block).unwrap(),
        |path, _| fs::write(path, b"# caf\xe9\n[default]\n").unwrap(),
        |path, _| std::os::unix::fs::symlink(path, path).unwrap(),
        // Not even root reads a directory as a file.
        |path, _| fs::create_dir(path).unwrap(),
    ];
    for make in breaks {
        let home = Home::new("", credentials);
        let path = home.dir.path().join("config");
        fs::remove_file(&path).unwrap();
        make(&path, &half_a_block);
        assert!(!home.texts([]).unwrap_err().is_recursion());
        assert!(home.files([]).read().err().unwrap().message.contains("/config"));
        let keys = [("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", "S")];
        let pod = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/R")];
        for base in [keys, pod] {
            assert_eq!(home.texts(base).unwrap(), (String::new(), credentials.into()));
        }
        // Whoever names a profile means what is in the file.
        assert!(home.texts([pod[0], pod[1], ("AWS_PROFILE", "x")]).is_err());
    }
}

#[test]
fn below_a_file_in_the_place_of_the_directory_there_is_no_file() {
    let home = Home::new("", "");
    let below = home.dir.path().join("config/config");
    let environment = Environment::from([("AWS_CONFIG_FILE", below.to_str().unwrap()), ("HOME", "/nonexistent")]);
    let texts = UserFiles::new(&environment, vec![], "/s".into()).unwrap().texts().unwrap();
    assert_eq!((texts.config.as_str(), texts.credentials.as_str()), ("", ""));
}

#[test]
fn the_null_device_is_an_empty_file() {
    let environment =
        Environment::from([("AWS_CONFIG_FILE", "/dev/null"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")]);
    let texts = UserFiles::new(&environment, vec![], "/s".into()).unwrap().texts().unwrap();
    assert_eq!((texts.config.as_str(), texts.credentials.as_str()), ("", ""));
}

#[test]
fn a_file_that_only_some_programs_read_does_not_hide_us() {
    // A section twice: the AWS CLI refuses the file, the chain takes it.
    let twice = "[default]\nregion = a\n[default]\n";
    let home = Home::new(&format!("{twice}credential_process=rolecall credentials --state-dir /s alias\n"), "");
    assert!(home.texts([]).unwrap_err().is_recursion());
    assert!(Home::new(twice, "").texts([]).is_ok());
    // One that not even the chain takes is its own fault: nothing of it is run.
    assert!(Home::new("[default\ncredential_process = rolecall credentials alias\n", "").texts([]).is_ok());
}

#[test]
fn a_file_that_cannot_be_understood_is_named() {
    let broken = BLOCK.replace("# <<< rolecall 3fa9c2d1 <<<\n", "");
    let fault = Home::new(&broken, "").files([]).read().err().unwrap();
    assert!(fault.message.contains("/config") && fault.message.contains("3fa9c2d1"), "{fault}");
}

#[test]
fn the_files_are_read_anew_each_time() {
    let home = Home::new("[default]\nregion = a\n", "");
    let files = home.files([]);
    let before = files.read().ok().unwrap().config;
    fs::write(home.dir.path().join("config"), "[default]\nregion = b\n").unwrap();
    assert_ne!(files.read().ok().unwrap().config, before);
}

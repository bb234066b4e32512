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
        UserFiles::new(&environment, vec!["alias".parse().unwrap()]).unwrap()
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
    let texts = UserFiles::new(&environment, vec![]).unwrap().texts().unwrap();
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

#[test]
fn a_profile_that_runs_us_cannot_be_the_base_however_far_away() {
    let process = "credential_process = /opt/x/rolecall credentials --state-dir /s a\n";
    let chain = format!("[profile a]\nsource_profile = b\n[profile b]\nsource_profile = b2\n[profile b2]\n{process}");
    for (config, credentials, selected, found) in [
        (format!("[default]\n{process}"), "", "", Some("default")),
        (chain.clone(), "", "a", Some("b2")),
        (chain, "", "", None),
        ("[profile a]\nsource_profile = a\n".into(), "", "a", None),
        ("[default]\ncredential_process = '/my tools/rolecall' credentials a\n".into(), "", "", Some("default")),
        ("[default]\ncredential_process = /bin/other credentials rolecall-x\n".into(), "", "", None),
        (String::new(), "[default]\ncredential_process = rolecall credentials a\n", "", Some("default")),
    ] {
        let error = Home::new(&config, credentials).texts([("AWS_PROFILE", selected)]).err();
        let profile = error.map(|error| match error {
            BaseError::OwnProcess { profile } => profile,
            other => unreachable!("{other}"),
        });
        assert_eq!(profile.as_deref(), found, "{config}");
    }
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

#[test]
fn an_unreadable_file_is_named() {
    let home = Home::new("", "");
    // Not even root reads a directory as a file.
    fs::remove_file(home.dir.path().join("config")).unwrap();
    fs::create_dir(home.dir.path().join("config")).unwrap();
    let fault = home.files([]).read().err().unwrap();
    assert!(fault.message.contains("/config"), "{fault}");
}

//! What the settings say about where the base comes from, for the words of its faults: pure.
//!
//! The SDK's errors name neither the file that could not be read nor the login that has ended.

use aws_runtime::env_config::section::{EnvConfigSections, Profile};
use rolecall_core::source::{ProfileName, Provider};
use rolecall_core::{Fault, FaultKind};

use super::{Wanted, process};
use crate::environment::Environment;
use crate::fault;

/// What the settings name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clues {
    /// The command that makes a new IAM Identity Center login.
    pub(crate) login: Option<String>,
    /// The file with the token that credentials are asked for with, as `<setting> names "<path>"`.
    pub(crate) token_file: Option<String>,
    /// The setting that another one is missing for, as a sentence part.
    pub(crate) half: Option<String>,
    /// The one place that is looked in, where a role says so.
    pub(crate) only: Option<&'static str>,
}

impl Clues {
    pub(super) fn of(wanted: &Wanted, environment: &Environment, profiles: &EnvConfigSections) -> Self {
        let path = process::path(profiles).unwrap_or_default();
        Self {
            login: path.iter().rev().find_map(|profile| login(profile)),
            token_file: token_file(environment, &path),
            half: half(environment),
            only: match wanted {
                Wanted::Provider(Provider::Environment) => Some("the environment"),
                Wanted::Provider(Provider::Container) => Some("the container"),
                Wanted::Provider(Provider::Instance) => Some("the instance"),
                Wanted::Chain | Wanted::Profile(_) | Wanted::Nobody => None,
            },
        }
    }
}

/// Refuses a profile that is asked for by name and is not there. The SDK would go on to another source, and so to
/// somebody whom nobody asked for.
///
/// # Errors
/// The name.
pub(super) fn check_selected(environment: &Environment, profiles: &EnvConfigSections) -> Result<(), Fault> {
    let Some(name) = environment.get("AWS_PROFILE") else { return Ok(()) };
    if environment.has_keys() || profiles.get_profile(name).is_some() {
        return Ok(());
    }
    Err(fault::of_loading(
        FaultKind::Misconfigured,
        &format!("AWS_PROFILE names the profile {name:?}, which neither the AWS config nor the credentials file has"),
        "correct AWS_PROFILE and start rolecall again, or add that profile; the files are read again at the next attempt",
    ))
}

/// Refuses a profile that is the source of a role and is not there.
///
/// # Errors
/// The name.
pub(super) fn check_profile(name: &ProfileName, profiles: &EnvConfigSections) -> Result<(), Fault> {
    let profile = profiles.get_profile(name.as_str());
    if let Some(source) = profile.and_then(|profile| profile.get("credential_source")) {
        return Err(fault::of_loading(
            FaultKind::Misconfigured,
            &format!("the profile {:?} has credential_source = {source}, which is no profile's to lend", name.as_str()),
            "make its role a role of its own, with `source = \"environment\"`, \"container\" or \"instance\", and name that",
        ));
    }
    if profile.is_some() {
        return Ok(());
    }
    Err(fault::of_loading(
        FaultKind::Misconfigured,
        &format!(
            "neither the AWS config nor the credentials file has the profile {:?}, which is the source",
            name.as_str()
        ),
        "correct the source of the role, or add that profile; the files are read again at the next attempt",
    ))
}

/// As the AWS CLI takes it: logins belong to a session where there is one, else to the profile.
fn login(profile: &Profile) -> Option<String> {
    if let Some(session) = profile.get("sso_session") {
        return Some(format!("aws sso login --sso-session {}", quoted(session)));
    }
    profile.get("sso_start_url").map(|_| format!("aws sso login --profile {}", quoted(profile.name())))
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@+:".contains(c);
    if word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// The token file that the chain comes to first.
fn token_file(environment: &Environment, path: &[&Profile]) -> Option<String> {
    let of_profile = path.iter().find_map(|profile| {
        let file = profile.get("web_identity_token_file")?;
        Some(format!("web_identity_token_file of the profile {:?} names {file:?}", profile.name()))
    });
    let of_variable = |name: &str| environment.get(name).map(|file| format!("{name} names {file:?}"));
    let web_identity = || environment.get("AWS_ROLE_ARN").and_then(|_| of_variable("AWS_WEB_IDENTITY_TOKEN_FILE"));
    of_profile.or_else(web_identity).or_else(|| of_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
}

/// Half of a base in the environment.
fn half(environment: &Environment) -> Option<String> {
    let is_set = |name: &str| environment.get(name).is_some();
    let [id, secret] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let [file, arn] = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"];
    let (has, lacks) = match (is_set(id), environment.secret_variable()) {
        (true, None) => (id, secret),
        (false, Some(variable)) => (variable, id),
        _ if is_set(file) && !is_set(arn) => (file, arn),
        _ => return None,
    };
    Some(format!("{has} is set, but {lacks} is not"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login_of(config: &str) -> Option<String> {
        let texts = super::super::ProfileTexts { config: config.into(), credentials: String::new() };
        let env = aws_types::os_shim_internal::Env::from_slice(&[("AWS_PROFILE", "a")]);
        let parse = super::super::profiles::parse(&env, &texts);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Clues::of(&Wanted::Chain, &Environment::default(), &runtime.block_on(parse).unwrap()).login
    }

    #[test]
    fn the_login_is_that_of_the_profile_at_the_end_of_the_chain() {
        let role = "[profile a]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = b\n";
        for (config, command) in [
            ("[profile a]\nsso_session = dev\n".to_owned(), Some("aws sso login --sso-session dev")),
            ("[profile a]\nsso_start_url = https://x\n".to_owned(), Some("aws sso login --profile a")),
            (
                format!("{role}[profile b]\nsso_session = it's new\n"),
                Some(r"aws sso login --sso-session 'it'\''s new'"),
            ),
            (format!("{role}[profile b]\nregion = x\n"), None),
            ("[profile b]\nsso_session = dev\n".to_owned(), None),
        ] {
            assert_eq!(login_of(&config).as_deref(), command, "{config}");
        }
    }

    #[test]
    fn half_a_base_is_named() {
        let half = |names: &[&str]| half(&Environment::new(names.iter().map(|name| (name.into(), "x".into()))));
        for (names, said) in [
            (&["AWS_ACCESS_KEY_ID"][..], Some("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not")),
            (&["SECRET_ACCESS_KEY"], Some("SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not")),
            (&["AWS_WEB_IDENTITY_TOKEN_FILE"], Some("AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not")),
            (&["AWS_ROLE_ARN"], None),
            (&[], None),
        ] {
            assert_eq!(half(names).as_deref(), said);
        }
    }
}

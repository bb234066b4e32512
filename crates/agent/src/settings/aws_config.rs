//! The roles of the AWS config: every profile that assumes one.
//!
//! Pure: the files were read by [`rolecall_formats::aws_config`], as the AWS CLI reads them. Promises that a profile keeps its
//! name, that one which cannot be kept hurts no other one, and that each of those is told with its line.

use std::path::Path;
use std::time::Duration;

use rolecall_core::source::{Provider, SourceName};
use rolecall_core::{Alias, Fault, FaultKind, Role};
use rolecall_formats::aws_config::{AssumedProfile, AwsConfig, Place, ProfileSource};

use super::env_roles::{EnvRoles, RoleDefaults};
use super::problem::Problem;
use super::{SESSION, SettingsError};

/// Where the two files are, for the origins of roles and problems.
#[derive(Clone, Copy, Debug)]
pub struct Paths<'a> {
    /// The config file.
    pub config: &'a Path,
    /// The credentials file.
    pub credentials: &'a Path,
    /// The directory that the path of a token file counts from.
    pub directory: &'a Path,
}

/// Adds the roles of the AWS config to those that were found elsewhere.
///
/// # Errors
/// When an alias means another role elsewhere.
pub fn add(
    config: &AwsConfig,
    paths: Paths<'_>,
    defaults: &RoleDefaults,
    found: &mut EnvRoles,
) -> Result<(), SettingsError> {
    let assumed = config.assumed();
    found.notes.extend(config.notes().iter().map(ToString::to_string));
    for left_out in assumed.left_out {
        let problem = problem(paths, left_out.at, &left_out.message(), left_out.why.action());
        unusable(&left_out.name, &problem, found);
        if left_out.why.is_fault() {
            found.problems.push(problem);
        } else {
            found.notes.push(left_out.to_string());
        }
    }
    for profile in assumed.roles {
        let origin = origin(paths, profile.at);
        match role(&profile, paths, defaults) {
            Ok((role, source)) => match found.origins.get(&role.alias) {
                Some(first) => {
                    return Err(SettingsError::TwoRoles { alias: role.alias, first: first.clone(), second: origin });
                }
                None => found.define(role, source, origin),
            },
            Err(why) => {
                let message = format!("the profile {:?}: {why}", profile.name);
                let problem = problem(paths, profile.at, &message, "correct the profile in the AWS config");
                unusable(&profile.name, &problem, found);
                found.problems.push(problem);
            }
        }
    }
    Ok(())
}

fn unusable(profile: &str, problem: &Problem, found: &mut EnvRoles) {
    // Nobody can ask for a name that is no alias.
    if let Ok(alias) = Alias::of_profile(profile) {
        found.unusable.insert(alias, problem.clone());
    }
}

fn role(
    profile: &AssumedProfile,
    paths: Paths<'_>,
    defaults: &RoleDefaults,
) -> Result<(Role, SourceName), Box<dyn std::error::Error>> {
    let alias = Alias::of_profile(&profile.name)?;
    let plain = Role::new(alias, profile.role_arn.parse()?, &defaults.host);
    let duration = profile.duration_seconds.map_or(defaults.duration, Duration::from_secs);
    if !SESSION.contains(&duration) {
        return Err("duration_seconds is not from 900 to 43200, the sessions that AWS issues".into());
    }
    let region = profile.region.as_deref().map(str::parse).transpose()?;
    let session_name = profile.role_session_name.as_deref().map(str::parse).transpose()?;
    let role = Role {
        region: region.or_else(|| defaults.region.clone()),
        duration,
        session_name: session_name.unwrap_or_else(|| plain.session_name.clone()),
        external_id: profile.external_id.as_deref().map(str::parse).transpose()?,
        ..plain
    };
    let source = match &profile.source {
        ProfileSource::Role(name) => SourceName::Role(Alias::of_profile(name)?),
        ProfileSource::Profile(name) => SourceName::Profile(name.parse()?),
        ProfileSource::Environment => SourceName::Provider(Provider::Environment),
        ProfileSource::EcsContainer => SourceName::Provider(Provider::Container),
        ProfileSource::Ec2InstanceMetadata => SourceName::Provider(Provider::Instance),
        ProfileSource::WebIdentity { token_file } => {
            SourceName::WebIdentity(paths.directory.join(token_file).to_string_lossy().parse()?)
        }
    };
    Ok((role, source))
}

fn origin(paths: Paths<'_>, at: Place) -> String {
    let path = match at.file {
        rolecall_formats::config::File::Config => paths.config,
        rolecall_formats::config::File::Credentials => paths.credentials,
    };
    format!("{}:{}", path.display(), at.line)
}

fn problem(paths: Paths<'_>, at: Place, message: &str, action: &str) -> Problem {
    let fault = Fault::new(FaultKind::Misconfigured, Problem::printable(message), Problem::printable(action));
    Problem { origin: origin(paths, at), column: None, value: None, fault }.shortened()
}

#[cfg(test)]
mod tests {
    use rolecall_core::role::DEFAULT_DURATION;
    use rolecall_formats::aws_config;

    use super::*;

    fn read(config: &str, credentials: &str) -> EnvRoles {
        let config = aws_config::read(config, credentials).unwrap();
        let defaults = RoleDefaults { region: None, duration: DEFAULT_DURATION, host: "h".into() };
        let paths = Paths {
            config: Path::new("/h/.aws/config"),
            credentials: Path::new("/h/.aws/credentials"),
            directory: Path::new("/work"),
        };
        let mut found = EnvRoles::default();
        add(&config, paths, &defaults, &mut found).unwrap();
        found.link();
        found
    }

    fn sources(found: &EnvRoles) -> Vec<String> {
        found.roles.iter().map(|role| format!("{} <- {}", role.alias, role.source)).collect()
    }

    #[test]
    fn chained_profiles_are_chained_roles() {
        let found = read(
            "[default]\nrole_arn = arn:aws:iam::123456789012:role/pod\nweb_identity_token_file = token\n\
             [profile a]\nrole_arn = arn:aws:iam::345678901234:role/A\nsource_profile = default\nregion = eu-west-1\n\
             [profile b]\nrole_arn = arn:aws:iam::345678901234:role/B\nsource_profile = a\nduration_seconds = 900\n\
             external_id = an-id\nrole_session_name = me\n\
             [profile c]\nrole_arn = arn:aws:iam::345678901234:role/C\ncredential_source = Ec2InstanceMetadata\n\
             [profile d]\nrole_arn = arn:aws:iam::345678901234:role/D\nsource_profile = keys\n",
            "[keys]\naws_access_key_id = A\naws_secret_access_key = B\n",
        );
        assert_eq!(
            sources(&found),
            [
                "default <- web-identity:/work/token",
                "a <- role:default",
                "b <- role:a",
                "c <- instance",
                "d <- profile:keys"
            ]
        );
        let b = &found.roles[2];
        assert_eq!((b.duration.as_secs(), b.session_name.as_str()), (900, "me"));
        assert_eq!(b.external_id.as_ref().unwrap().as_str(), "an-id");
        assert_eq!(found.roles[1].region.as_ref().unwrap().as_str(), "eu-west-1");
        assert_eq!(found.origins["d"], "/h/.aws/config:17");
        assert!(found.problems.is_empty() && found.notes.is_empty(), "{found:?}");
    }

    #[test]
    fn what_cannot_be_kept_is_told_and_the_rest_is_kept() {
        let found = read(
            "[profile mfa]\nrole_arn = arn:aws:iam::345678901234:role/A\nsource_profile = keys\nmfa_serial = x\n\
             [profile loop]\nrole_arn = arn:aws:iam::345678901234:role/B\nsource_profile = loop\n\
             [profile user]\nrole_arn = arn:aws:iam::345678901234:user/B\nsource_profile = keys\n\
             [profile \"a b\"]\nrole_arn = arn:aws:iam::345678901234:role/B\nsource_profile = keys\n\
             [profile short]\nrole_arn = arn:aws:iam::345678901234:role/B\nsource_profile = keys\nduration_seconds = 1\n\
             [profile good]\nrole_arn = arn:aws:iam::345678901234:role/G\nsource_profile = keys\n",
            "[keys]\naws_access_key_id = A\naws_secret_access_key = B\n",
        );
        assert_eq!(sources(&found), ["good <- profile:keys"]);
        assert!(
            found.notes.iter().any(|note| note.contains("\"mfa\"") && note.contains("mfa_serial")),
            "{:?}",
            found.notes
        );
        let told: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 4, "{told:#?}");
        for (problem, part) in
            told.iter().zip(["loop", "not `role/<name>`", "\"a b\" is not a profile name", "900 to 43200"])
        {
            assert!(problem.contains(part) && problem.contains("/h/.aws/config:"), "{problem}");
        }
    }
}

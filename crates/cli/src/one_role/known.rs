//! A role as the agent tells of it. Pure.

use rolecall_agent::serve::wire::ProfileDocument;
use rolecall_core::{Alias, Region};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::validity;

/// The role of this name.
///
/// # Errors
/// When there is none, with those that there are.
pub(crate) fn find<'a>(
    alias: &Alias,
    profiles: impl Iterator<Item = &'a ProfileDocument> + Clone,
) -> Result<&'a ProfileDocument, Failure> {
    let found = profiles.clone().find(|profile| profile.alias == alias.as_str());
    found.ok_or_else(|| validity::unknown(alias, profiles.map(|profile| profile.alias.as_str())))
}

/// The Region of a role, if it has one.
///
/// # Errors
/// When what is told is no Region.
pub(crate) fn region(profile: &ProfileDocument) -> Result<Option<Region>, Failure> {
    profile.region.as_deref().map(str::parse).transpose().map_err(|_| wrong(profile, "Region"))
}

/// That the agent says of a role what this version cannot read.
pub(crate) fn wrong(profile: &ProfileDocument, what: &str) -> Failure {
    let message = format!("the agent says of {} a {what} that is none", profile.alias);
    Failure::new(ExitCode::Bug, message, "use the same version of rolecall for agent and command")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_role_is_found_or_told_with_those_that_there_are() {
        let profiles = ["a", "b"].map(|alias| fixture::role(alias, "fresh").profile);
        assert_eq!(find(&"b".parse().unwrap(), profiles.iter()).unwrap().alias, "b");
        let failure = find(&"c".parse().unwrap(), profiles.iter()).unwrap_err();
        assert_eq!((failure.code, failure.action.as_str()), (ExitCode::UnknownAlias, "use one of a, b"));
    }

    #[test]
    fn a_region_is_one_or_none_or_told() {
        let region = |text: Option<&str>| {
            let profile = ProfileDocument { region: text.map(Into::into), ..fixture::role("a", "fresh").profile };
            region(&profile).map(|region| region.map(|region| region.as_str().to_owned()))
        };
        assert_eq!(region(None), Ok(None));
        assert_eq!(region(Some("eu-central-1")), Ok(Some("eu-central-1".into())));
        let failure = region(Some("no region")).unwrap_err();
        assert!(failure.message.contains("of a a Region") && failure.action.contains("version"), "{failure:?}");
    }
}

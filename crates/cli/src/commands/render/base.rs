//! Whose credentials the chains begin with, where the config is used.

use rolecall_core::RoleArn;
use rolecall_formats::chained::{Base, TokenFile};

use crate::environment::Environment;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Where EKS mounts the token of a service account
/// ([IRSA](https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html)).
const TOKEN: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";

// No doc comment: clap would take it for the description of the command that has this.
#[derive(Debug, clap::Args)]
pub(super) struct BaseArgs {
    /// What programs have there to begin with: `web-identity` is a pod on IRSA, `container` one with EKS Pod Identity, or a
    /// task of ECS, `instance` an EC2 instance, `environment` keys in variables
    #[arg(long, value_name = "KIND", hide_possible_values = true)]
    base: Option<Kind>,
    /// With `--base web-identity`: the role that the token opens [default: what AWS_ROLE_ARN says here]
    #[arg(long, value_name = "ARN")]
    role_arn: Option<RoleArn>,
    /// With `--base web-identity`: where the token is [default: what AWS_WEB_IDENTITY_TOKEN_FILE says here, else where EKS has it]
    #[arg(long, value_name = "PATH")]
    token_file: Option<TokenFile>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    WebIdentity,
    Container,
    Instance,
    Environment,
}

impl BaseArgs {
    /// The base; one that adds nothing, when no role uses it.
    ///
    /// # Errors
    /// When a role uses it and nobody said what it is.
    pub(super) fn needed(&self, is_used: bool, environment: &Environment) -> Result<Base, Failure> {
        match self.base {
            _ if !is_used => Ok(Base::Environment),
            None => {
                let message = "roles are assumed from the base, and nobody said what that is where the config is used";
                let action = "say it: --base web-identity, container, instance or environment";
                Err(Failure::new(ExitCode::Usage, message, action))
            }
            Some(Kind::Environment) => Ok(Base::Environment),
            Some(Kind::Container) => Ok(Base::Container),
            Some(Kind::Instance) => Ok(Base::Instance),
            Some(Kind::WebIdentity) => self.web_identity(environment),
        }
    }

    fn web_identity(&self, environment: &Environment) -> Result<Base, Failure> {
        let wrong = |name: &str, why: String| Failure::new(ExitCode::Usage, format!("{name}: {why}"), "correct it");
        let role = match (&self.role_arn, environment.text("AWS_ROLE_ARN")) {
            (Some(role), _) => role.clone(),
            (None, Some(text)) => text.parse().map_err(|error| {
                let error: rolecall_core::arn::ArnError = error;
                wrong("AWS_ROLE_ARN", error.to_string())
            })?,
            (None, None) => {
                let message = "--base web-identity: it is not said which role the token opens";
                return Err(Failure::new(ExitCode::Usage, message, "add --role-arn with the ARN of the pod's role"));
            }
        };
        let token_file = match (&self.token_file, environment.text("AWS_WEB_IDENTITY_TOKEN_FILE")) {
            (Some(file), _) => file.clone(),
            (None, named) => named.as_deref().unwrap_or(TOKEN).parse().map_err(|error| {
                let error: rolecall_formats::chained::TokenFileError = error;
                wrong("AWS_WEB_IDENTITY_TOKEN_FILE", error.to_string())
            })?,
        };
        Ok(Base::WebIdentity { role, token_file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(base: Option<Kind>) -> BaseArgs {
        BaseArgs { base, role_arn: None, token_file: None }
    }

    #[test]
    fn a_base_that_is_used_has_to_be_said() {
        let nothing = Environment::from([]);
        assert_eq!(args(None).needed(true, &nothing).unwrap_err().code, ExitCode::Usage);
        for unused in [None, Some(Kind::WebIdentity)] {
            assert_eq!(args(unused).needed(false, &nothing).unwrap(), Base::Environment);
        }
        assert_eq!(args(Some(Kind::Container)).needed(true, &nothing).unwrap(), Base::Container);
    }

    #[test]
    fn a_web_identity_is_what_the_flags_or_the_variables_say() {
        let token = args(Some(Kind::WebIdentity));
        let arn = "arn:aws:iam::123456789012:role/pod";
        assert!(token.needed(true, &Environment::from([])).unwrap_err().action.contains("--role-arn"));
        let base = token.needed(true, &Environment::from([("AWS_ROLE_ARN", arn)])).unwrap();
        assert_eq!(base, Base::WebIdentity { role: arn.parse().unwrap(), token_file: TOKEN.parse().unwrap() });
        for wrong in [("AWS_ROLE_ARN", "pod"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "token")] {
            let failure = token.needed(
                true,
                &Environment::from([("AWS_ROLE_ARN", arn), wrong][usize::from(wrong.0 == "AWS_ROLE_ARN")..].as_ref()),
            );
            assert!(failure.unwrap_err().message.starts_with(wrong.0));
        }
    }
}

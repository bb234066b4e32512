//! What a run may do at most: a session policy from the command line, checked before anything starts.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rolecall_core::session_policy::SessionPolicyError;
use rolecall_core::{PolicyArn, RoleArn, SessionPolicy};

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// AWS's managed policy for those who look and do not touch.
const READ_ONLY: &str = "ReadOnlyAccess";
/// The most bytes of a policy file: far above what STS takes, with all white space.
const FILE_MAX: u64 = 64 * 1024;

// No doc comment: clap would take it for the description of the command that has this.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct PolicyArgs {
    /// Narrow the session to what this file allows too: a policy in JSON, as IAM takes it
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Narrow the session to what this managed policy allows too; may be given up to 10 times
    #[arg(long, value_name = "ARN")]
    policy_arn: Vec<PolicyArn>,
    /// Narrow the session to AWS's managed policy ReadOnlyAccess, which reads data too, not only settings
    #[arg(long)]
    read_only: bool,
}

/// A file, or what another program writes into a pipe, as long as it can be a policy: white space counts for nothing, but
/// has to end some time.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(FILE_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_MAX {
        return Err(io::Error::other(format!("it has over {} KiB", FILE_MAX / 1024)));
    }
    Ok(text)
}

impl PolicyArgs {
    /// The policy for a session of this role.
    ///
    /// # Errors
    /// When the file cannot be read, or STS would refuse what is in it by its form or size.
    pub(super) fn of(&self, role: &RoleArn) -> Result<SessionPolicy, Failure> {
        let document = self
            .policy
            .as_ref()
            .map(|path| read(path).map_err(|error| wrong(format!("read the policy {}: {error}", path.display()))));
        let document = document.transpose()?;
        let read_only = self.read_only.then(|| PolicyArn::of_aws(role.partition(), READ_ONLY));
        let arns = self.policy_arn.iter().cloned().chain(read_only).collect();
        SessionPolicy::new(document.as_deref(), arns).map_err(|error| match (&self.policy, &error) {
            (Some(path), SessionPolicyError::Json(_) | SessionPolicyError::NoStatement) => {
                wrong(format!("{}: {error}", path.display()))
            }
            _ => Failure::new(ExitCode::Usage, error.to_string(), "narrow the session by less"),
        })
    }

    /// The failure with the policy of this command in its fix, where STS may mean that by what it does not take.
    pub(super) fn named_in(&self, failure: Failure) -> Failure {
        let named = match (&self.policy, self.policy_arn.is_empty()) {
            (Some(path), _) => format!("the policy in {}", path.display()),
            (None, false) => "what --policy-arn names".into(),
            (None, true) => return failure,
        };
        if !failure.action.starts_with(OF_ROLE) {
            return failure;
        }
        Failure { action: format!("{}, or {named}", failure.action), ..failure }
    }
}

/// How the fix begins for a value that STS does not take. Whoever says it knows of no policy.
const OF_ROLE: &str = "correct the definition of the role";

fn wrong(message: String) -> Failure {
    Failure::new(ExitCode::Usage, message, "name a file with an IAM policy in JSON")
}

#[cfg(test)]
mod tests {
    use tempfile::NamedTempFile;

    use super::*;

    const ROLE: &str = "arn:aws-cn:iam::123456789012:role/R";

    fn of(args: &PolicyArgs) -> Result<SessionPolicy, Failure> {
        args.of(&ROLE.parse().unwrap())
    }

    fn none() -> PolicyArgs {
        PolicyArgs { policy: None, policy_arn: vec![], read_only: false }
    }

    /// A file with this text.
    fn file(text: &str) -> (NamedTempFile, PolicyArgs) {
        let file = NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let args = PolicyArgs { policy: Some(file.path().into()), ..none() };
        (file, args)
    }

    #[test]
    fn read_only_is_the_policy_of_the_partition_of_the_role() {
        let read_only = PolicyArgs { read_only: true, ..none() };
        assert_eq!(of(&read_only).unwrap().arns()[0].as_str(), "arn:aws-cn:iam::aws:policy/ReadOnlyAccess");
        assert!(of(&none()).unwrap().is_empty());
    }

    #[test]
    fn a_file_holds_a_policy_or_is_refused_by_name() {
        let (_file, args) = file(r#"{ "Statement": [] }"#);
        assert_eq!(of(&args).unwrap().document(), Some(r#"{"Statement":[]}"#));
        for text in ["", "Statement", "{}"] {
            let (file, args) = file(text);
            let failure = of(&args).unwrap_err();
            let named = format!("{}: the policy is not ", file.path().display());
            assert!(failure.message.starts_with(&named) && failure.action.contains("JSON"), "{failure:?}");
        }
        let missing = of(&PolicyArgs { policy: Some("/no/such/policy".into()), ..none() }).unwrap_err();
        assert!(missing.message.contains("/no/such/policy"), "{missing:?}");
        let (_file, args) = file(&format!(r#"{{"Statement":"{}"}}"#, "x".repeat(2048)));
        let large = of(&args).unwrap_err();
        assert!(large.message.contains("2048") && large.action.contains("less"), "{large:?}");
    }
}

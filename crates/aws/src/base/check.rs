//! Whether credentials can be those of anybody, before they are signed with.
//!
//! A key that was piped through `echo` ends with a line break, and two keys that changed places would send the secret one
//! over the wire in the clear, as access key id.

use aws_sdk_sts::config::Credentials;
use rolecall_core::{Fault, FaultKind};

use crate::environment::Environment;
use crate::fault;
use crate::value::flaw;

/// Credentials with the names by which their owner knows the parts.
pub(super) struct Named<'a> {
    pub(super) access_key_id: (&'a str, &'a str),
    pub(super) secret_access_key: (&'a str, &'a str),
    pub(super) session_token: Option<(&'a str, &'a str)>,
    /// What to do when one is wrong.
    pub(super) action: &'a str,
}

impl Named<'_> {
    /// # Errors
    /// Which part is wrong, and in which way; never what it is.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let misconfigured = |why: String, action: &str| Err(fault::of_loading(FaultKind::Misconfigured, &why, action));
        let parts = [Some(self.access_key_id), Some(self.secret_access_key), self.session_token];
        for (name, value) in parts.into_iter().flatten() {
            if let Some(flaw) = flaw(value) {
                return misconfigured(format!("{name} {flaw}"), self.action);
            }
        }
        if is_access_key_id(self.secret_access_key.1) && !is_access_key_id(self.access_key_id.1) {
            let why = format!("{} and {} have changed places", self.access_key_id.0, self.secret_access_key.0);
            return misconfigured(why, "put each where the other is; the one that begins with AKIA or ASIA is the id");
        }
        Ok(())
    }
}

/// Checks the keys of the environment, if it has any: wherever the chain uses them, they are used as they are.
///
/// # Errors
/// Which variable is wrong, and in which way.
pub(super) fn environment(environment: &Environment) -> Result<(), Fault> {
    let part = |name: &'static str| environment.get(name).map(|value| (name, value));
    let secret_access_key = environment.secret_variable().and_then(part);
    let (Some(access_key_id), Some(secret_access_key)) = (part("AWS_ACCESS_KEY_ID"), secret_access_key) else {
        return Ok(());
    };
    let action = "set the variable to the bare value and start rolecall again; for a Kubernetes Secret use `kubectl create \
                  secret --from-literal` or `echo -n`";
    Named { access_key_id, secret_access_key, session_token: part("AWS_SESSION_TOKEN"), action }.check()
}

/// Checks what any other source gave.
///
/// # Errors
/// Which part is wrong, and in which way.
pub(super) fn credentials(credentials: &Credentials) -> Result<(), Fault> {
    let action = "correct it where it comes from (profile, container or instance metadata); it is asked for again at the \
                  next attempt";
    Named {
        access_key_id: ("the access key id", credentials.access_key_id()),
        secret_access_key: ("the secret access key", credentials.secret_access_key()),
        session_token: credentials.session_token().map(|token| ("the session token", token)),
        action,
    }
    .check()
}

/// The form of the keys that [IAM issues](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html).
fn is_access_key_id(value: &str) -> bool {
    let rest = value.strip_prefix("AKIA").or_else(|| value.strip_prefix("ASIA"));
    rest.is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
}

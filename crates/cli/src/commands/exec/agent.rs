//! A role from the agent: lent to one command for as long as it runs.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rolecall_agent::serve::wire::{LeaseRequest, ProfilesDocument};
use rolecall_core::port::Clock as _;
use rolecall_core::{Alias, Role, SessionPolicy};
use rolecall_rotator::SystemClock;

use crate::client::lease::{Lease, Lost};
use crate::client::{self, AskError};
use crate::commands::exec::{Access, Args, Granted, files, new_token};
use crate::exit_code::ExitCode;
use crate::failure::{Failure, NO_ROOM};
use crate::one_role::keys::Keys;
use crate::one_role::known;
use crate::output;
use crate::state_dir::StateDir;

/// The agent itself waits for STS for 20 s and then says so.
const LIMIT: Duration = Duration::from_secs(25);
const PROFILES: &str = "/v1/profiles";

/// Asks the agent for the role, and waits until it has a session: what is wrong with it is told before anything starts.
///
/// # Errors
/// When there is no agent to ask, it has no such role, or the role, or the policy, is refused.
pub(super) fn grant(args: &Args, state_dir: &StateDir) -> Result<Granted, AgentError> {
    let profiles: ProfilesDocument =
        client::parsed(state_dir, PROFILES, &client::get(state_dir, PROFILES, client::AT_HAND)?)?;
    let role = role(&args.alias, &profiles)?;
    let policy = args.policy.of(&role.arn)?;
    if args.keys && policy.is_empty() {
        let keys = fresh_keys(state_dir, &args.alias, SystemClock.now().wall)?;
        return Ok(Granted { role, access: Access::Keys(keys), lease: None, beside: None });
    }
    let token = new_token()?;
    let lease = Lease::take(state_dir, request(&args.alias, &policy), &token)?;
    let session = client::get(state_dir, &target(&lease.document.name), LIMIT)?;
    if args.keys {
        let keys = keys(state_dir, &session)?;
        return Ok(Granted { role, access: Access::Keys(keys), lease: None, beside: None });
    }
    let url = lease.document.url.clone();
    Ok(Granted { role, access: Access::Endpoint { url, token }, lease: Some(lease), beside: None })
}

/// Holds the lease for as long as the command runs; each new token goes into the file that the command reads.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn hold(lease: Lease, alias: Alias, token_file: PathBuf) -> Result<(), Failure> {
    lease
        .keep(move |token| files::replace_token(&token_file, token), move |lost| tell(&alias, lost))
        .map_err(|error| Failure::new(ExitCode::NotStarted, format!("hold what the agent lends: {error}"), NO_ROOM))
}

/// Says on stderr, which the command has too, that it may wait for credentials in vain.
fn tell(alias: &Alias, lost: &Lost) {
    let what = format!("the command gets no new credentials of {alias}: {lost}");
    output::tell(format_args!("note: {what}; start the agent as it was, or the command again"));
}

/// The role as the agent has it, as far as it matters here.
fn role(alias: &Alias, profiles: &ProfilesDocument) -> Result<Role, Failure> {
    let profile = known::find(alias, profiles.profiles.iter())?;
    let arn = profile.arn.parse().map_err(|_| known::wrong(profile, "role"))?;
    let region = known::region(profile)?;
    Ok(Role { region, ..Role::new(alias.clone(), arn, "") })
}

fn request(alias: &Alias, policy: &SessionPolicy) -> LeaseRequest {
    LeaseRequest {
        alias: alias.to_string(),
        token: String::new(),
        tag: None,
        policy: policy.document().map(Into::into),
        policy_arns: policy.arns().iter().map(ToString::to_string).collect(),
    }
}

/// The keys of the role's own session, after a refresh if they do not last.
fn fresh_keys(state_dir: &StateDir, alias: &Alias, now: Timestamp) -> Result<Keys, AgentError> {
    let get = || keys(state_dir, &client::get(state_dir, &target(alias.as_str()), LIMIT)?);
    let held = get()?;
    if held.little_left(now).is_none() {
        return Ok(held);
    }
    // What comes of it shows in what is held then.
    let _ = client::refresh::ask(state_dir, &[alias.to_string()], LIMIT);
    get()
}

fn keys(state_dir: &StateDir, document: &[u8]) -> Result<Keys, AgentError> {
    Ok(Keys::parse(document).ok_or_else(|| client::not_credentials(state_dir))?)
}

/// Every character of an alias, and of the name of a narrowed session, may stand in a path as it is.
fn target(name: &str) -> String {
    format!("/v1/credentials/{name}")
}

/// Why the agent grants nothing.
pub(super) enum AgentError {
    /// It could not be asked, or said no.
    Ask(AskError),
    /// What it said, or was to be asked, is of no use.
    Other(Failure),
}

impl From<AskError> for AgentError {
    fn from(error: AskError) -> Self {
        Self::Ask(error)
    }
}

impl From<Failure> for AgentError {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

//! Makes the documents of [`crate::serve::wire`] from what the rotator and the writers know.
//!
//! Faults, aliases and times only: nothing here ever sees a session.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rolecall_core::{Alias, Fault, Role};
use rolecall_formats::time::utc_seconds;
use rolecall_rotator::{Report, RoleReport, Rotator};
use tokio::sync::watch;

use crate::publish::board::Board;
use crate::serve::endpoint::counts::Counts;
use crate::serve::shown::{Newest, Shown};
use crate::serve::wire::{
    AgentDocument, FaultDocument, ProblemDocument, ProfileDocument, ProfileStatus, ProfilesDocument, RefreshDocument,
    StatusDocument, VERSION,
};
use crate::settings::Publish;

/// How long a document waits for what the writers find at their first try, which takes much less unless somebody holds a
/// lock.
const FIRST_WRITE: Duration = Duration::from_secs(1);

/// What is shown besides the roles, and where the rest is asked.
pub(crate) struct View {
    pub(crate) rotator: Rotator,
    pub(crate) board: Arc<Board>,
    /// What was asked at the endpoint.
    pub(crate) endpoint_requests: Counts,
    /// How often writers were told to write and have not tried yet.
    pub(crate) writes: watch::Receiver<usize>,
    /// Whether the first round is over.
    pub(crate) ready: watch::Receiver<bool>,
    pub(crate) shown: Newest,
    pub(crate) state_dir: String,
    pub(crate) started_at: Timestamp,
}

impl View {
    /// Returns once every writer has tried to write what the settings say.
    pub(crate) async fn written(&self) {
        // An error means that nobody will try any more.
        let _ = self.writes.clone().wait_for(|writes| *writes == 0).await;
    }

    /// Whether every role was assumed or failed to be once, and what is held was written.
    pub(crate) fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// As [`Self::written`], but not for long: whoever learns from a document that a profile is there may use it at once.
    async fn almost_written(&self) {
        let _ = tokio::time::timeout(FIRST_WRITE, self.written()).await;
    }

    pub(crate) async fn profiles(&self) -> ProfilesDocument {
        self.almost_written().await;
        let report = self.rotator.report().await;
        let shown = self.shown.get();
        ProfilesDocument {
            version: VERSION,
            default: shown.default.as_ref().map(ToString::to_string),
            profiles: self.roles(report.as_ref()).map(|role| self.profile(&shown, role)).collect(),
            problems: self.problems(&shown),
        }
    }

    pub(crate) async fn status(&self) -> StatusDocument {
        self.almost_written().await;
        let report = self.rotator.report().await;
        let shown = self.shown.get();
        StatusDocument {
            version: VERSION,
            agent: AgentDocument {
                version: env!("CARGO_PKG_VERSION").into(),
                pid: std::process::id(),
                started_at: utc_seconds(self.started_at),
                state_dir: self.state_dir.clone(),
                publish: shown.publish.to_string(),
                endpoint: shown.endpoint.clone(),
                settings_file: shown.file.clone(),
                settings_read_at: Some(utc_seconds(shown.read_at)),
                clock_skew_seconds: report.as_ref().and_then(|report| report.clock_skew).map(|skew| skew.as_secs()),
            },
            default: shown.default.as_ref().map(ToString::to_string),
            profiles: self.roles(report.as_ref()).map(|role| self.profile_status(&shown, role)).collect(),
            problems: self.problems(&shown),
        }
    }

    /// The aliases of all roles, in the order of their definition.
    pub(crate) async fn aliases(&self) -> Vec<Alias> {
        self.roles(self.rotator.report().await.as_ref()).map(|role| role.role.alias.clone()).collect()
    }

    /// The definition of a role.
    pub(crate) async fn role(&self, alias: &str) -> Option<Arc<Role>> {
        let report = self.rotator.report().await;
        self.roles(report.as_ref()).find(|role| role.role.alias.as_str() == alias).map(|role| Arc::clone(&role.role))
    }

    /// How these roles stand after a refresh; `complete` says whether all of it has come to its end.
    pub(crate) async fn refreshed(&self, aliases: &[Alias], complete: bool) -> RefreshDocument {
        let report = self.rotator.report().await;
        let shown = self.shown.get();
        let asked = self.roles(report.as_ref()).filter(|role| aliases.contains(&role.role.alias));
        let profiles = asked.map(|role| self.profile_status(&shown, role)).collect();
        RefreshDocument { version: VERSION, complete, profiles }
    }

    /// The roles of a report; none when the rotator has ended.
    fn roles<'a>(&self, report: Option<&'a Report>) -> impl Iterator<Item = &'a RoleReport> + use<'a> {
        report.into_iter().flat_map(|report| &report.roles)
    }

    fn profile(&self, shown: &Shown, report: &RoleReport) -> ProfileDocument {
        let alias = &report.role.alias;
        let unwritten = self.board.fault(alias);
        let published = unwritten.is_none() && self.board.failed().is_empty() && publishes(shown.publish, report);
        let fault = report.fault.clone().or(unwritten);
        ProfileDocument {
            default: shown.default.as_ref() == Some(alias),
            published,
            expires_at: report.expires_at.map(utc_seconds),
            next_refresh_at: report.next_attempt_at.map(utc_seconds),
            fault: fault.map(|(Fault { kind, message, action }, since)| FaultDocument {
                kind: kind.to_string(),
                message,
                action,
                since: utc_seconds(since),
            }),
            ..ProfileDocument::new(&report.role, report.state)
        }
    }

    fn profile_status(&self, shown: &Shown, report: &RoleReport) -> ProfileStatus {
        // The fault of the role comes first; what is wrong with its profile is not to be lost behind it.
        let hidden = self.board.fault(&report.role.alias).filter(|_| report.fault.is_some());
        let hidden = hidden.map(|(fault, _)| fault.to_string());
        ProfileStatus {
            profile: self.profile(shown, report),
            origin: shown.origins.get(&report.role.alias).cloned(),
            issued_at: report.issued_at.map(utc_seconds),
            access_key_id: report.access_key_id.clone(),
            session_version: report.version,
            reason: report.reason.map(|reason| reason.to_string()),
            asked_for_seconds: report.asked_for.map(|time| time.as_secs()),
            attempt_under_way: report.attempt_under_way,
            notes: notes(report).chain(self.board.notes(&report.role.alias)).chain(hidden).collect(),
        }
    }

    /// How many settings could not be used and files not written.
    pub(crate) fn problem_count(&self) -> usize {
        let shown = self.shown.get();
        shown.problems.len() + shown.refused.len() + self.board.failed().len()
    }

    fn problems(&self, shown: &Shown) -> Vec<ProblemDocument> {
        let settings = shown.problems.iter().chain(&shown.refused).map(ProblemDocument::from);
        let failed = self.board.failed().into_iter();
        let files = failed.map(|(writer, fault)| ProblemDocument::new(writer, None, &fault));
        settings.chain(files).collect()
    }
}

/// Whether the form of the profiles has one for a role that stands like this.
fn publishes(form: Publish, report: &RoleReport) -> bool {
    match form {
        Publish::Process => true,
        Publish::Cat | Publish::File => report.expires_at.is_some(),
        Publish::None => false,
    }
}

/// What is unusual about a role by its report alone.
fn notes(report: &RoleReport) -> impl Iterator<Item = String> + use<> {
    let wanted = report.role.duration;
    let shorter = report.asked_for.filter(|asked_for| *asked_for < wanted).map(|asked_for| {
        format!(
            "sessions of {} instead of {}: a role that is assumed from another role's session gets no longer ones",
            spelt(asked_for),
            spelt(wanted)
        )
    });
    let region = report.role.region.is_none().then(|| {
        "no Region: programs need one from AWS_REGION or --region; set AWS_REGION for the agent to give it to all"
            .into()
    });
    shorter.into_iter().chain(region)
}

fn spelt(time: Duration) -> String {
    format!("{:#}", SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX))
}

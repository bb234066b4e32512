//! The handle that everybody but the driver holds.

use std::sync::Arc;
use std::time::Duration;

use rolecall_core::port::Clock;
use rolecall_core::rotation::Policy;
use rolecall_core::{Alias, AssumeRole, Fault, Role, Session, Sink};
use tokio::sync::{mpsc, oneshot};

use crate::driver::{Command, Driver};
use crate::metrics::Metrics;
use crate::report::Report;
use crate::vault::{Found, Vault};

/// Keeps roles assumed. Cloning it gives another handle to the same task.
#[derive(Clone)]
pub struct Rotator {
    commands: mpsc::UnboundedSender<Command>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
}

/// A session that was valid when it was asked for.
#[derive(Clone, Debug)]
pub struct Served {
    /// Whose it is.
    pub role: Arc<Role>,
    /// The session.
    pub session: Arc<Session>,
}

/// Why there is no session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotServed {
    /// No role of that alias is defined.
    Unknown,
    /// The time limit passed while STS was being asked.
    Pending,
    /// Nothing valid is held and the newest call failed.
    Failed(Fault),
    /// The rotator has ended.
    Stopped,
}

/// Why a refresh did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRefreshed {
    /// No role of that alias is defined, so nothing was asked.
    Unknown(Alias),
    /// The time limit passed; the calls that were asked for go on.
    Pending,
    /// The rotator has ended.
    Stopped,
}

/// Starts a rotator on the current tokio runtime.
#[must_use]
pub fn spawn(policy: Policy, clock: Arc<dyn Clock>, sts: Arc<dyn AssumeRole>, sinks: Vec<Arc<dyn Sink>>) -> Rotator {
    let (commands, inbox) = mpsc::unbounded_channel();
    let vault = Arc::new(Vault::default());
    let driver = Driver::new(policy, Arc::clone(&clock), sts, sinks, Arc::clone(&vault));
    let metrics = driver.metrics().clone();
    tokio::spawn(driver.run(inbox));
    Rotator { commands, vault, clock, metrics }
}

impl Rotator {
    /// Keeps `role` assumed from now on, beginning with `adopted` if an earlier process left a session for the same
    /// definition. A role of the same alias is replaced; its session stays if STS would answer the same.
    pub fn define(&self, role: Role, adopted: Option<Session>) {
        self.define_all(vec![(role, adopted)]);
    }

    /// The same for many roles at once.
    pub fn define_all(&self, roles: Vec<(Role, Option<Session>)>) {
        // Nobody is served by an old definition from here on.
        self.vault.withhold(roles.iter().map(|(role, _)| &role.alias));
        self.send(Command::Define(roles));
    }

    /// Keeps exactly these roles assumed from now on, in this order and by this policy. An entry that STS would answer the
    /// same keeps its session, also under another alias; what is under way for one that changed is given up. Returns once
    /// every sink was told of all, and has written it or failed to. It is done, too, when nobody waits for that.
    pub fn set_all(&self, policy: Policy, roles: Vec<Role>) -> impl Future<Output = ()> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        self.vault.withhold_all();
        self.send(Command::Set(policy, roles, reply));
        async move {
            if let Ok(sinks) = answer.await {
                sinks.await;
            }
        }
    }

    /// Stops keeping the role assumed and takes its session from every sink.
    pub fn forget(&self, alias: &Alias) {
        self.vault.withhold(std::iter::once(alias));
        self.send(Command::Forget(alias.clone()));
    }

    /// The session of a role if one is at hand that is alive beyond doubt: for whoever is asked very often.
    #[must_use]
    pub fn at_hand(&self, alias: &str) -> Option<Served> {
        let Found { served, tell } = self.vault.find(self.clock.now(), alias)?;
        if tell {
            self.send(Command::Demand(served.role.alias.clone()));
        }
        Some(served)
    }

    /// The session of a role: at once while one is valid, else that of the call under way, waiting at most `wait`.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn session(&self, alias: &Alias, wait: Duration) -> Result<Served, NotServed> {
        if let Some(served) = self.at_hand(alias.as_str()) {
            return Ok(served);
        }
        let (reply, answer) = oneshot::channel();
        self.send(Command::Session(alias.clone(), reply));
        match tokio::time::timeout(wait, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(NotServed::Stopped),
            Err(_) => Err(NotServed::Pending),
        }
    }

    /// Asks STS for a new session of each role now, whatever is held and however often it failed, and returns once each of
    /// these calls has ended, well or not, and the sinks have been written or have failed to be; after `wait` at most.
    /// What is held is served all the while. [`Self::report`] tells how each role fared.
    ///
    /// # Errors
    /// Why it did not come to its end; a call that fails is none.
    pub async fn refresh(&self, aliases: &[Alias], wait: Duration) -> Result<(), NotRefreshed> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Refresh(aliases.to_vec(), reply));
        let ended = async {
            let sinks = answer.await.unwrap_or(Err(NotRefreshed::Stopped))?;
            sinks.await;
            Ok(())
        };
        tokio::time::timeout(wait, ended).await.unwrap_or(Err(NotRefreshed::Pending))
    }

    /// What has been counted since the start.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// How everything stands; none when the rotator has ended.
    pub async fn report(&self) -> Option<Report> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Report(reply));
        answer.await.ok()
    }

    /// Returns once every role defined by now has been assumed or has failed to be at least once, and the sinks have been
    /// written, or have failed to be.
    pub async fn settled(&self) {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Settled(reply));
        if let Ok(sinks) = answer.await {
            sinks.await;
        }
    }

    /// Ends the task: calls under way are given up, sinks finish what they were given.
    pub async fn stop(&self) {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Stop(reply));
        // Either answered, or ended before.
        let _ = answer.await;
    }

    fn send(&self, command: Command) {
        // Fails only when the task has ended; whoever wants an answer sees that by getting none.
        let _ = self.commands.send(command);
    }
}

//! The one task that owns the engine and the secrets.
//!
//! It decides nothing: what happened becomes an event, what comes back is carried out in order.

mod roles;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use rolecall_core::port::Clock;
use rolecall_core::rotation::{
    Attempt, Effect, Engine, EntryId, Event, Glance, Issue, NotServable, Now, Policy, Reason,
};
use rolecall_core::{Alias, AssumeRole, Assumed, Delivery, Fault, FaultKind, Role, Session, Sink, Source};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use crate::feeder::Feeder;
use crate::metrics::Metrics;
use crate::record::{Record, Records, Reply};
use crate::report::{Report, RoleReport, SinkReport, named};
use crate::vault::Vault;
use crate::waiting::{RefreshReply, RoundReply, SetReply, Waiting, caught_up};
use crate::{NotRefreshed, NotServed, Served, log};

/// The longest sleep: tokio's timers stand still in suspend, so after a resume at most this much is overslept.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// How a call is counted whose answer nobody wants any more.
const GIVEN_UP: &str = "given_up";

/// What a handle asks for.
pub(crate) enum Command {
    Define(Vec<(Role, Option<Session>)>),
    Forget(Alias),
    Set(Policy, Vec<Role>, SetReply),
    Session(Alias, Reply),
    /// Somebody was served from the vault.
    Demand(Alias),
    Report(oneshot::Sender<Report>),
    Refresh(Vec<Alias>, RefreshReply),
    Settled(RoundReply),
    Stop(oneshot::Sender<()>),
}

/// A call that is under way.
struct Call {
    entry: EntryId,
    attempt: Attempt,
    reason: Reason,
    /// By the boot clock.
    started: Duration,
    abort: AbortHandle,
}

pub(crate) struct Driver {
    engine: Engine,
    clock: Arc<dyn Clock>,
    sts: Arc<dyn AssumeRole>,
    feeders: Vec<Feeder>,
    records: Records,
    vault: Arc<Vault>,
    /// Entries that somebody waits for.
    waited: BTreeSet<EntryId>,
    calls: JoinSet<Result<Assumed, Fault>>,
    by_task: HashMap<Id, Call>,
    /// Handles that wait for outcomes.
    waiting: Waiting,
    metrics: Metrics,
}

impl Driver {
    pub(crate) fn new(
        policy: Policy,
        clock: Arc<dyn Clock>,
        sts: Arc<dyn AssumeRole>,
        sinks: Vec<Arc<dyn Sink>>,
        vault: Arc<Vault>,
    ) -> Self {
        let metrics = Metrics::default();
        Self {
            engine: Engine::new(policy),
            clock,
            sts,
            feeders: sinks.into_iter().map(|sink| Feeder::spawn(sink, metrics.clone())).collect(),
            records: Records::default(),
            vault,
            waited: BTreeSet::new(),
            calls: JoinSet::new(),
            by_task: HashMap::new(),
            waiting: Waiting::default(),
            metrics,
        }
    }

    /// What is counted.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(crate) async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Command>) {
        let stopped = loop {
            let nap = self.engine.next_wake(self.clock.now()).map_or(LONGEST_NAP, |wake| wake.min(LONGEST_NAP));
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(Command::Stop(reply)) => break Some(reply),
                    Some(command) => self.obey(command),
                    None => break None,
                },
                Some(landed) = self.calls.join_next_with_id() => self.landed(landed),
                () = tokio::time::sleep(nap) => self.step(Event::Tick, None),
            }
            self.answer_waiters();
            self.answer_waiting();
        };
        self.vault.clear();
        self.calls.shutdown().await;
        for feeder in self.feeders {
            feeder.stop().await;
        }
        if let Some(reply) = stopped {
            let _ = reply.send(());
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Define(roles) => {
                let aliases: Vec<Alias> = roles.iter().map(|(role, _)| role.alias.clone()).collect();
                self.define(roles);
                self.vault.release(&aliases);
            }
            Command::Forget(alias) => {
                if let Some(entry) = self.records.find(&alias) {
                    self.forget(entry);
                }
                self.vault.release(std::iter::once(&alias));
            }
            Command::Set(policy, roles, reply) => {
                self.set(policy, roles);
                self.vault.release_all();
                let _ = reply.send(caught_up(&self.feeders));
            }
            Command::Session(alias, reply) => match self.records.find(&alias) {
                Some(entry) => {
                    self.step(Event::Demand { entry }, None);
                    if let Some(record) = self.records.get_mut(entry) {
                        record.waiters.push(reply);
                        self.waited.insert(entry);
                    }
                }
                None => drop(reply.send(Err(NotServed::Unknown))),
            },
            Command::Demand(alias) => {
                if let Some(entry) = self.records.find(&alias) {
                    self.step(Event::Demand { entry }, None);
                }
            }
            Command::Report(reply) => drop(reply.send(self.report())),
            Command::Refresh(aliases, reply) => self.refresh(&aliases, reply),
            Command::Settled(reply) => {
                self.waiting.for_round(self.records.iter().map(|(entry, _)| entry).collect(), reply);
            }
            Command::Stop(_) => {}
        }
    }

    fn refresh(&mut self, aliases: &[Alias], reply: RefreshReply) {
        let mut entries = BTreeSet::new();
        for alias in aliases {
            let Some(entry) = self.records.find(alias) else {
                return drop(reply.send(Err(NotRefreshed::Unknown(alias.clone()))));
            };
            entries.insert(entry);
        }
        for entry in &entries {
            self.step(Event::Asked { entry: *entry }, None);
        }
        self.waiting.for_refresh(entries, reply);
    }

    fn landed(&mut self, landed: Result<(Id, Result<Assumed, Fault>), JoinError>) {
        let (id, result) = match landed {
            Ok((id, result)) => (id, result),
            // Counted when it was given up.
            Err(error) if error.is_cancelled() => return,
            Err(error) => (error.id(), Err(adapter_panicked())),
        };
        let Some(call) = self.by_task.remove(&id) else { return };
        self.count(&call, result.as_ref().err().map_or("ok", |fault| fault.kind.as_str()));
        let Call { entry, attempt, .. } = call;
        match result {
            Ok(Assumed { credentials, expires_at, asked_for, date }) => {
                let issue = Issue { expires_at, asked_for, date };
                let session = Session { credentials, issued_at: self.clock.now().wall, expires_at, asked_for };
                self.step(Event::Assumed { entry, attempt, issue }, Some(session));
            }
            Err(fault) => self.step(Event::Failed { entry, attempt, fault }, None),
        }
    }

    fn count(&self, call: &Call, outcome: &'static str) {
        self.metrics.asked(call.reason, self.clock.now().boot.saturating_sub(call.started), outcome);
    }

    /// Gives a call up. It has a fault when it was given up for its deadline, and none when nobody wants its answer.
    fn give_up(&mut self, now: Now, entry: EntryId, attempt: Attempt) {
        let Some(id) = self.by_task.iter().find(|(_, call)| call.attempt == attempt).map(|(id, _)| *id) else { return };
        let Some(call) = self.by_task.remove(&id) else { return };
        call.abort.abort();
        let failure = self.engine.glance(now, entry).and_then(|glance| glance.own_failure);
        self.count(&call, failure.map_or(GIVEN_UP, |failure| failure.fault.kind.as_str()));
    }

    /// Feeds one event to the engine and carries out what comes back; `issued` is the session that the event is about.
    fn step(&mut self, event: Event, issued: Option<Session>) {
        let now = self.clock.now();
        let skew = self.engine.clock_skew();
        let answered = match &event {
            // What STS issued can be of no use either.
            Event::Failed { entry, .. } | Event::Assumed { entry, .. } => Some(*entry),
            _ => None,
        };
        let effects = self.engine.step(now, event);
        log::clock(skew, self.engine.clock_skew());
        if let Some(entry) = answered {
            self.log_failure(now, entry);
        }
        let mut issued = issued.map(Arc::new);
        for effect in effects {
            self.carry_out(now, &effect, &mut issued);
        }
    }

    fn carry_out(&mut self, now: Now, effect: &Effect, issued: &mut Option<Arc<Session>>) {
        match *effect {
            Effect::Assume { entry, attempt, reason } => {
                let Some(record) = self.records.get(entry) else { return };
                log::asked(&record.role, reason);
                let (sts, role) = (Arc::clone(&self.sts), Arc::clone(&record.role));
                let parent = self.parent(&role).and_then(|(_, parent)| parent.session.clone());
                let abort = self.calls.spawn(async move { sts.assume_role(&role, parent.as_deref()).await });
                self.by_task.insert(abort.id(), Call { entry, attempt, reason, started: now.boot, abort });
            }
            Effect::Cancel { entry, attempt } => {
                self.give_up(now, entry, attempt);
                self.log_failure(now, entry);
            }
            Effect::Publish { entry, .. } => {
                let many = self.records.len() > log::FEW;
                let Some(record) = self.records.get_mut(entry) else { return };
                record.session = issued.take();
                let told = record.told.take();
                if let Ok(held) = self.engine.serve(now, entry) {
                    log::published(&record.role, held, told, many);
                }
                self.deliver(entry);
            }
            Effect::Withdraw { entry, .. } => {
                let Some(record) = self.records.get_mut(entry) else { return };
                record.session = None;
                log::withdrawn(&record.role, effect);
                self.deliver(entry);
            }
        }
    }

    /// The entry of the role that `role` is assumed from; none when another role has its name by now.
    fn parent(&self, role: &Role) -> Option<(EntryId, &Record)> {
        let Source::Role(parent) = &role.source else { return None };
        let entry = self.records.find(&parent.role().alias)?;
        let record = self.records.get(entry)?;
        (record.role.key() == parent.key()).then_some((entry, record))
    }

    /// Shows in the vault how the entry stands.
    fn show(&self, entry: EntryId) {
        let Some(record) = self.records.get(entry) else { return };
        match (&record.session, self.engine.serve(self.clock.now(), entry)) {
            (Some(session), Ok(held)) => {
                self.vault.put(Served { role: Arc::clone(&record.role), session: Arc::clone(session) }, held);
            }
            _ => self.vault.take(&record.role.alias),
        }
    }

    /// The same to every sink, unless it is lent to one command.
    fn deliver(&mut self, entry: EntryId) {
        self.show(entry);
        let Some(record) = self.records.get(entry) else { return };
        if record.role.alias.is_lent() {
            return;
        }
        for feeder in &self.feeders {
            feeder.push(Delivery { role: Arc::clone(&record.role), session: record.session.clone() });
        }
    }

    fn answer_waiters(&mut self) {
        let now = self.clock.now();
        let answers: Vec<_> =
            self.waited.iter().filter_map(|entry| Some((*entry, self.answer(now, *entry)?))).collect();
        for (entry, answer) in answers {
            self.waited.remove(&entry);
            for reply in self.records.get_mut(entry).into_iter().flat_map(|record| record.waiters.drain(..)) {
                let _ = reply.send(answer.clone());
            }
        }
        let records = &mut self.records;
        self.waited.retain(|entry| {
            let Some(record) = records.get_mut(*entry) else { return false };
            record.waiters.retain(|reply| !reply.is_closed());
            !record.waiters.is_empty()
        });
    }

    /// What is answered to whoever waits for an entry; none while it is still to come.
    fn answer(&self, now: Now, entry: EntryId) -> Option<Result<Served, NotServed>> {
        let record = self.records.get(entry)?;
        match (self.engine.serve(now, entry), &record.session) {
            (Ok(_), Some(session)) => Some(Ok(Served { role: Arc::clone(&record.role), session: Arc::clone(session) })),
            (Err(NotServable::Failed(fault)), _) => {
                let cause = self.engine.glance(now, entry).and_then(|glance| self.cause(&glance));
                Some(Err(NotServed::Failed(named(fault, cause))))
            }
            (Err(NotServable::Unknown), _) => Some(Err(NotServed::Unknown)),
            (Err(NotServable::Pending) | Ok(_), _) => None,
        }
    }

    /// The role that keeps another one from being assumed, if one does.
    fn cause(&self, glance: &Glance<'_>) -> Option<&Alias> {
        self.records.get(glance.blocked_by?).map(|record| &record.role.alias)
    }

    fn answer_waiting(&mut self) {
        let (now, engine) = (self.clock.now(), &self.engine);
        self.waiting.answer(|entry| engine.glance(now, entry), &self.feeders);
    }

    fn report(&self) -> Report {
        let now = self.clock.now();
        let role = |(entry, record): (EntryId, &Record)| {
            if record.role.alias.is_lent() {
                return None;
            }
            let glance = self.engine.glance(now, entry)?;
            let (role, session) = (Arc::clone(&record.role), record.session.as_deref());
            Some(RoleReport::new(role, self.engine.version(entry), session, &glance, self.cause(&glance)))
        };
        Report {
            clock_skew: self.engine.clock_skew(),
            waiting: self.engine.waiting(),
            roles: self.records.iter().filter_map(role).collect(),
            sinks: self.feeders.iter().map(|f| SinkReport { name: f.name, fault: f.fault() }).collect(),
        }
    }

    /// Logs why the newest call of an entry failed, unless the same was said already.
    fn log_failure(&mut self, now: Now, entry: EntryId) {
        let (Some(glance), Some(record)) = (self.engine.glance(now, entry), self.records.get_mut(entry)) else {
            return;
        };
        if let Some(failure) = glance.own_failure {
            let told = record.told.replace(failure.fault.kind);
            log::failed(&record.role, told, failure);
        }
    }
}

fn adapter_panicked() -> Fault {
    Fault::new(FaultKind::Bug, "the call to STS ended in a panic", "report this, with the log around it")
}

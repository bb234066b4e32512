//! What a step of the engine costs and how much an entry takes, for 1,000 up to 1,000,000 entries.
//!
//! One JSON line per size on standard output:
//! `entries`; `define_nanoseconds`, for one entry that is new until its first session is held;
//! `step_nanoseconds` and `steps_per_second`, in steady state; `step_allocations`, in steady state;
//! `step_slowdown`, against the smallest size; `bytes_per_entry`, all entries holding a session.
//!
//! Steady state is the life of sessions of an hour: the shell wakes, asks for what is due, and hands in what STS issued.
//! The budget is wide open, so that the engine is what is measured.

use std::alloc::System;
use std::time::Duration;

use jiff::Timestamp;
use rolecall_core::rotation::{BudgetPolicy, Effect, Engine, EntryId, Event, Issue, Now, Policy};
use rolecall_core::{Role, RoleKey};
use rustix::time::{ClockId, clock_gettime};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const HOUR: Duration = Duration::from_secs(3600);

/// The steps of one round at each size, and how many rounds: the quickest counts, since a machine can only be slowed down.
const STEPS: u64 = 400_000;
const ROUNDS: u32 = 5;

fn main() {
    // `cargo test --benches` only asks whether it runs.
    let sizes = if std::env::args().any(|arg| arg == "--bench") { &SIZES[..] } else { &SIZES[..1] };
    let mut smallest = None;
    for &entries in sizes {
        let figures = measure(entries);
        let slowdown = figures.step_nanoseconds / *smallest.get_or_insert(figures.step_nanoseconds);
        print(entries, &figures, slowdown);
    }
}

struct Figures {
    define_nanoseconds: f64,
    step_nanoseconds: f64,
    step_allocations: f64,
    bytes_per_entry: f64,
}

#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn print(entries: u64, figures: &Figures, slowdown: f64) {
    let Figures { define_nanoseconds, step_nanoseconds, step_allocations, bytes_per_entry } = figures;
    let steps_per_second = 1e9 / step_nanoseconds;
    println!(
        "{{\"entries\":{entries},\"define_nanoseconds\":{define_nanoseconds:.0},\
         \"step_nanoseconds\":{step_nanoseconds:.0},\"steps_per_second\":{steps_per_second:.0},\
         \"step_allocations\":{step_allocations:.2},\"step_slowdown\":{slowdown:.2},\
         \"bytes_per_entry\":{bytes_per_entry:.0}}}"
    );
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn measure(entries: u64) -> Figures {
    let whole = Region::new(ALLOCATOR);
    let mut shell = Shell::new();
    let key = key();
    let (define, ()) = timed(|| {
        for entry in 0..entries {
            shell.step(Event::Define { entry: EntryId(entry), key, parent: None, adopted: None });
        }
    });
    // One round of refreshes spreads them as jitter does.
    shell.live_until(HOUR * 2);
    let held = whole.change();

    let (steps, region) = (shell.steps, Region::new(ALLOCATOR));
    let rounds = (0..ROUNDS).map(|_| {
        let before = shell.steps;
        let (took, ()) = timed(|| {
            while shell.steps < before + STEPS {
                shell.live();
            }
        });
        took.as_nanos() as f64 / (shell.steps - before) as f64
    });
    let step_nanoseconds = rounds.fold(f64::INFINITY, f64::min);
    let steps = (shell.steps - steps) as f64;
    Figures {
        define_nanoseconds: define.as_nanos() as f64 / entries as f64,
        step_nanoseconds,
        step_allocations: region.change().allocations as f64 / steps,
        bytes_per_entry: (held.bytes_allocated - held.bytes_deallocated) as f64 / entries as f64,
    }
}

/// The time of this process on a processor, so that whatever else runs counts little.
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let used = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
    };
    let before = used();
    let result = work();
    (used() - before, result)
}

/// The shell and an STS that answers at once.
struct Shell {
    engine: Engine,
    boot: Duration,
    steps: u64,
}

impl Shell {
    fn new() -> Self {
        let budget = BudgetPolicy { in_flight: 1_000, per_second: 1_000_000, burst: 1_000_000 };
        Self { engine: Engine::new(Policy { budget, ..Policy::default() }), boot: Duration::ZERO, steps: 0 }
    }

    fn now(&self) -> Now {
        let start = Timestamp::from_second(1_800_000_000).unwrap_or_default();
        Now { wall: start.saturating_add(self.boot).unwrap_or_default(), boot: self.boot }
    }

    /// Hands in `event`, and the answer to each call that comes of it.
    fn step(&mut self, event: Event) {
        let now = self.now();
        self.steps += 1;
        let mut effects = self.engine.step(now, event);
        while let Some(effect) = effects.pop() {
            let Effect::Assume { entry, attempt, .. } = effect else { continue };
            let expires_at = now.wall.saturating_add(HOUR).unwrap_or_default();
            let issue = Issue { expires_at, asked_for: HOUR, date: Some(now.wall) };
            self.steps += 1;
            effects.extend(self.engine.step(now, Event::Assumed { entry, attempt, issue }));
        }
    }

    /// Sleeps until the engine wants to be woken.
    fn live(&mut self) {
        let nap = self.engine.next_wake(self.now()).unwrap_or(HOUR);
        self.boot += nap.max(Duration::from_micros(1));
        self.step(Event::Tick);
    }

    fn live_until(&mut self, boot: Duration) {
        while self.boot < boot {
            self.live();
        }
    }
}

fn key() -> RoleKey {
    let arn = "arn:aws:iam::123456789012:role/R".parse().expect("an ARN");
    Role::new("role".parse().expect("an alias"), arn, "host").key()
}

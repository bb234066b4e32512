//! The rotation engine: decides when which role is assumed, and what may be served.
//!
//! The engine is a state machine without I/O. A shell feeds it [`Event`]s with the time at which they happened, carries
//! out the [`Effect`]s that come back, and sleeps until [`Engine::next_wake`]. It never sees a secret: it knows ids,
//! times, versions and faults, so everything in it can be printed.
//!
//! ```text
//!             Define                 Assumed
//!   (unknown) ──────► wanted ─► in flight ─────► held ──► due ─► in flight ─► held (next version)
//!                       ▲           │ Failed               │
//!                       └─ back-off ┘                      └─ its end without a new one: Withdraw, wanted again
//! ```
//!
//! Design notes
//! - **Two clocks.** [`Now`] holds the wall clock, in which STS speaks, and the boot clock, which counts suspend and which
//!   nobody can set. A session is dead when either says so; `wall.rs` says what is done about one that jumps or is wrong.
//! - **One way out.** [`Engine::serve`] compares the expiry with the `now` it is given; no timer has to have fired first.
//! - **Last good.** A failure never takes away what is held. It is served until it ends.
//! - **Chains.** An entry that is assumed with the session of another one waits until that one holds a session, and no
//!   longer. `chain.rs` has all that they do to each other.
//! - **One entry, one record.** Forgetting an entry drops everything about it, and an answer to an attempt that the entry
//!   no longer waits for is ignored.
//! - **The cost of a step** grows with how many entries have something to do. With the number of all it grows as a search
//!   tree does, by its logarithm and by what no longer fits the processor's caches: about twice from 1,000 to 1,000,000.

mod backoff;
mod budget;
mod chain;
mod engine;
mod entry;
mod event;
mod now;
pub mod policy;
mod queue;
mod reason;
mod schedule;
#[cfg(test)]
mod tests;
mod timers;
mod view;
mod wall;

pub use engine::Engine;
pub use entry::{Failure, Flight, Held};
pub use event::{Adopted, Attempt, Effect, EntryId, Event, Issue, NotServable, Version, Withdrawal};
pub use now::Now;
pub use policy::{BudgetPolicy, Lead, Policy};
pub use reason::Reason;
pub use view::Glance;

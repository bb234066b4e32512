//! The async shell round the rotation engine.
//!
//! One task owns the engine and the secrets. It turns requests and answers of STS into the engine's events, carries the
//! effects out, and naps until the engine's next wake. Everybody else holds a [`Rotator`], a cheap handle that talks to
//! that task. Sinks are fed by a task each, so that a slow one delays nobody.
//!
//! Leaves to others: what to decide (`core::rotation`), how to call STS (`aws`), what to write where (the sinks).

mod clock;
mod driver;
mod feeder;
mod handle;
mod log;
pub mod metrics;
mod record;
mod report;
mod vault;
mod waiting;

pub use clock::SystemClock;
pub use handle::{NotRefreshed, NotServed, Rotator, Served, spawn};
pub use metrics::Metrics;
pub use report::{Report, RoleReport, SinkReport, State};

//! What several test suites need. A dev-dependency only.

pub mod canary;
mod manual_clock;

pub use manual_clock::ManualClock;

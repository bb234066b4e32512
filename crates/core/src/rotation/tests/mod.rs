//! The rotation engine against a simulated STS: outages, late and lost answers, forgets in flight, suspends, clocks that
//! step, stand still or were wrong from the start.
//!
//! | To find | Look in |
//! |---|---|
//! | single rules, each in a short story | `scenarios`, `asked`, `chain`, `clocks`, told with `story` |
//! | what must hold after every step, by name | `invariants` |
//! | STS, the shell and what is true | `sts`, `world`, `families`, `truth`; what can happen to them: `action` |
//! | that each invariant notices a broken engine | `mutants`, broken by `sabotage` |
//! | a million steps, and twenty hours with an outage | `soak`, `outage` |
//!
//! A failing case of the generated worlds prints its actions; proptest shrinks it and keeps the seed in
//! `proptest-regressions/`.
//!
//! A real suspend cannot be had on the machines that run these tests: they cannot sleep. What it does to the engine is
//! told instead: time that passes on both clocks, or on the wall clock alone, while the shell is not awake.

mod action;
mod asked;
mod chain;
mod clocks;
mod families;
mod invariants;
mod mutants;
mod outage;
mod sabotage;
mod scenarios;
mod soak;
mod story;
mod sts;
mod truth;
mod world;

use proptest::prelude::*;

use action::life;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 4096, ..ProptestConfig::default() })]

    #[test]
    fn every_invariant_holds_after_every_step(life in life()) {
        life.live(None).map_err(|broken| TestCaseError::fail(broken.to_string()))?;
    }
}

//! The rotation engine against a simulated STS: outages, late and lost answers, forgets in flight, clock steps.
//!
//! `world` plays STS and the shell, `invariants` names what must hold after every single step. A failing case prints
//! its actions; proptest shrinks it and keeps the seed in `proptest-regressions/`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod invariants;
mod scenarios;
mod world;

use proptest::prelude::*;

use world::{Action, World};

const ROLES: u64 = 6;

fn action() -> impl Strategy<Value = Action> {
    let role = 0..ROLES;
    prop_oneof![
        8 => (1u64..120_000).prop_map(Action::Advance),
        2 => (60_000u64..3_000_000).prop_map(Action::Advance),
        1 => (1_000u64..8_000_000).prop_map(Action::Suspend),
        3 => role.clone().prop_map(Action::Define),
        1 => role.clone().prop_map(Action::Redefine),
        1 => role.clone().prop_map(Action::Forget),
        3 => role.clone().prop_map(Action::Demand),
        2 => (role, any::<bool>()).prop_map(|(role, denied)| Action::Deny(role, denied)),
        1 => any::<bool>().prop_map(Action::Outage),
        1 => any::<bool>().prop_map(Action::Throttle),
        1 => (0u64..40_000).prop_map(Action::Latency),
        1 => (0u8..100).prop_map(Action::LosePercent),
        1 => prop::sample::select(vec![5u64, 60, 900, 3600]).prop_map(Action::SessionSeconds),
        1 => (-110_000i64..110_000).prop_map(Action::SetWall),
        1 => prop::sample::select(vec![-7_200_000i64, -900_000, 900_000, 7_200_000]).prop_map(Action::SetWall),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, max_shrink_iters: 4096, ..ProptestConfig::default() })]

    #[test]
    fn every_invariant_holds_after_every_step(seed: u64, actions in prop::collection::vec(action(), 1..120)) {
        let mut world = World::new(seed);
        for role in 0..ROLES / 2 {
            world.act(Action::Define(role));
        }
        for action in actions {
            world.act(action);
        }
        world.heal();
        invariants::all_recover(&mut world);
    }
}

//! One long life: a million steps of the engine, with every invariant checked after each of them.

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::action::{Action, ROLES, action};
use super::invariants::all_recover;
use super::world::World;

const STEPS: u64 = 1_000_000;

#[test]
fn a_million_steps_break_nothing() {
    let (mut runner, any) = (TestRunner::deterministic(), action());
    let mut world = World::new(7, 0, None);
    let mut actions = 0;
    while world.steps < STEPS {
        // A month without trouble would pass in few steps: what is broken is mended now and then, and breaks again.
        if actions % 500 == 0 {
            world.heal();
        }
        let action = any.new_tree(&mut runner).unwrap().current();
        world.act(action).unwrap_or_else(|broken| panic!("step {}, {action:?}: {broken}", world.steps));
        actions += 1;
    }
    for role in 0..ROLES {
        world.act(Action::Define(role)).unwrap();
    }
    world.heal();
    all_recover(&mut world).unwrap_or_else(|broken| panic!("{broken}"));
}

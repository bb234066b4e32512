//! What can happen to a world, and whole lives of it, drawn at random.

use proptest::prelude::*;

use super::invariants::{Broken, all_recover};
use super::sabotage::Mutant;
use super::world::World;

/// How many roles a world knows.
pub(super) const ROLES: u64 = 6;

/// One thing that happens. Times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    /// Time passes, and the shell wakes whenever the engine wants it to.
    Advance(u64),
    /// Time passes and the shell sleeps through it, as in a suspend.
    Suspend(u64),
    /// Time passes, the shell sleeps through it, and the boot clock stands still: a virtual machine that is paused.
    Freeze(u64),
    Define(u64),
    /// The role comes with a session of an earlier process that has this many seconds left.
    Adopt(u64, u64),
    Redefine(u64),
    Forget(u64),
    Demand(u64),
    Ask(u64),
    Deny(u64, bool),
    Outage(bool),
    Throttle(bool),
    Latency(u64),
    LosePercent(u8),
    SessionSeconds(u64),
    /// The settings say that sessions are refreshed this many seconds before their end.
    RefreshBefore(u64),
    /// Sets the wall clock to this much ahead of true time.
    SetWall(i64),
}

const LONGEST_LEAD: u64 = 1200;

/// One world from its beginning to its end.
#[derive(Clone, Debug)]
pub(super) struct Life {
    seed: u64,
    /// How far the wall clock is ahead when the first role is defined.
    wall_ahead: i64,
    actions: Vec<Action>,
}

impl Life {
    /// Lives through it with the engine, or with one that is broken on purpose.
    pub(super) fn live(&self, mutant: Option<Mutant>) -> Result<(), Broken> {
        let mut world = World::new(self.seed, self.wall_ahead, mutant);
        for role in 0..ROLES / 2 {
            world.act(Action::Define(role))?;
        }
        for action in &self.actions {
            world.act(*action)?;
        }
        world.heal();
        // A refresh that failed, and is not due any more since the settings changed, is tried again when it is.
        world.act(Action::RefreshBefore(LONGEST_LEAD))?;
        all_recover(&mut world)
    }
}

/// A wall clock far off.
fn far_off() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![-7_200_000i64, -900_000, 900_000, 7_200_000])
}

pub(super) fn action() -> impl Strategy<Value = Action> {
    let role = 0..ROLES;
    prop_oneof![
        8 => (1u64..120_000).prop_map(Action::Advance),
        2 => (60_000u64..3_000_000).prop_map(Action::Advance),
        1 => (1_000u64..8_000_000).prop_map(Action::Suspend),
        1 => (1_000u64..110_000).prop_map(Action::Freeze),
        3 => role.clone().prop_map(Action::Define),
        1 => (role.clone(), 0u64..3600).prop_map(|(role, left)| Action::Adopt(role, left)),
        1 => role.clone().prop_map(Action::Redefine),
        1 => role.clone().prop_map(Action::Forget),
        3 => role.clone().prop_map(Action::Demand),
        2 => role.clone().prop_map(Action::Ask),
        2 => (role, any::<bool>()).prop_map(|(role, denied)| Action::Deny(role, denied)),
        1 => any::<bool>().prop_map(Action::Outage),
        1 => any::<bool>().prop_map(Action::Throttle),
        1 => (0u64..40_000).prop_map(Action::Latency),
        1 => (0u8..100).prop_map(Action::LosePercent),
        1 => prop::sample::select(vec![5u64, 60, 900, 3600]).prop_map(Action::SessionSeconds),
        1 => prop::sample::select(vec![300u64, 600, LONGEST_LEAD]).prop_map(Action::RefreshBefore),
        1 => (-110_000i64..110_000).prop_map(Action::SetWall),
        1 => far_off().prop_map(Action::SetWall),
    ]
}

pub(super) fn life() -> impl Strategy<Value = Life> {
    let wall_ahead = prop_oneof![4 => Just(0), 1 => far_off()];
    let parts = (any::<u64>(), wall_ahead, prop::collection::vec(action(), 1..120));
    parts.prop_map(|(seed, wall_ahead, actions)| Life { seed, wall_ahead, actions })
}

//! That the invariants bite: each way of breaking the engine is noticed, by the invariant that is there for it, and each
//! invariant notices one.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::action::{Life, life};
use super::invariants::Invariant as I;
use super::sabotage::Mutant as M;

/// Worlds that are tried before a mutant counts as unnoticed.
const WORLDS: usize = 400;

/// Each mutant, and the invariants that may be the first to notice it.
const NOTICED: &[(M, &[I])] = &[
    (M::ServeIgnoresTheEnd, &[I::NothingIsServedPastItsEnd]),
    (M::WallClockAlone, &[I::NothingIsServedPastItsEnd]),
    (M::BootClockAlone, &[I::NothingIsServedPastItsEnd]),
    (M::BootEndCountsFromTheAnswer, &[I::NothingIsServedPastItsEnd, I::RefreshIsInTime, I::BackOffEnds]),
    (M::LivesAsLongAsAskedFor, &[I::NothingIsServedPastItsEnd]),
    (M::AdoptedIsNotTimedAgain, &[I::NothingIsServedPastItsEnd, I::RefreshIsInTime]),
    (M::StaleAnswersCount, &[I::PublishedIsNewest]),
    (M::AnswersAreDropped, &[I::PublishedIsNewest]),
    (M::ManyInFlight, &[I::CallsUnderWayStayWithinTheBudget]),
    (M::ManyASecond, &[I::CallsASecondStayWithinTheBudget]),
    (M::EachCallTwice, &[I::OneCallAtATime]),
    (M::NoDeadline, &[I::NothingIsInFlightPastItsDeadline]),
    (M::CancelIsNotTold, &[I::CallsAgree]),
    (M::NoMinimumInterval, &[I::CallsAreSpread]),
    (M::QueueFromTheBack, &[I::WhoeverWaitsGoesFirst]),
    (M::RefreshThriceAsEarly, &[I::RefreshIsNotEarly]),
    (M::RefreshAtHalfTheLead, &[I::RefreshIsInTime]),
    (M::JitterMovesLater, &[I::RefreshIsInTime]),
    (M::AlarmIsLost, &[I::RefreshIsInTime, I::AllRecover]),
    (M::PolicyIsIgnored, &[I::RefreshIsInTime, I::RefreshIsNotEarly]),
    (M::PolicyIsForTheNextSession, &[I::RefreshIsInTime, I::RefreshIsNotEarly]),
    (M::WakesAtOnce, &[I::NoBusyLoop]),
    (M::DemandAtAnyTime, &[I::DemandIsNotEarly]),
    (M::NudgeOutlivesTheSession, &[I::DemandIsNotEarly]),
    (M::JumpIsNotNoticed, &[I::WhatIsValidIsServed, I::WrongClockIsTold]),
    (M::SmallStepsAreDoubted, &[I::DoubtNeedsAJump]),
    (M::DateIsNotRead, &[I::WrongClockIsTold]),
    (M::AskedIsIgnored, &[I::AskedIsAskedNow, I::BackOffEnds]),
    (M::AskedWaitsForTheBackOff, &[I::AskedIsAskedNow, I::BackOffEnds]),
    (M::AskedKeepsTheBackOff, &[I::BackOffEnds]),
    (M::AskedDropsWhatIsHeld, &[I::WhatIsValidIsServed]),
    (M::AskedAgainAfterTheAnswer, &[I::AskedIsAskedOnce]),
    (M::NoRetry, &[I::BackOffEnds, I::AllRecover]),
    (M::NoBackOff, &[I::BackOffIsKept]),
    (M::BackOffWithoutBound, &[I::BackOffEnds]),
    (M::NewWaitsForEver, &[I::NewIsAskedFor]),
    (M::ChildrenDoNotWait, &[I::ChildrenWaitForParents]),
    (
        M::ParentsWakeNobody,
        &[I::NewIsAskedFor, I::ChildrenWaitForParents, I::AllRecover, I::BackOffEnds, I::AskedIsAskedNow],
    ),
    (M::OneAnswerHelpsNobodyElse, &[I::BackOffEnds]),
    (M::EachAnswerHelpsAll, &[I::BackOffIsKept]),
    (M::SuccessKeepsTheFailure, &[I::AllRecover, I::BackOffEnds]),
    (M::FailureDropsWhatIsHeld, &[I::WhatIsValidIsServed]),
    (M::ForgetIsIgnored, &[I::ForgottenIsGone]),
    (M::RedefinitionIsIgnored, &[I::OnlyTheNewestIsServed]),
    (M::EndIsNotWithdrawn, &[I::SinksShowWhatIsServed]),
];

/// The invariant that notices first, in the first world that shows the fault.
fn noticed_by(mutant: M, worlds: &[Life]) -> Option<I> {
    worlds.iter().find_map(|life| life.live(Some(mutant)).err()).map(|broken| broken.invariant)
}

#[test]
fn each_mutant_is_noticed_and_each_invariant_notices_one() {
    // The same worlds each time, so that what is noticed here is noticed anywhere.
    let mut runner = TestRunner::deterministic();
    let worlds: Vec<_> = (0..WORLDS).map(|_| life().new_tree(&mut runner).unwrap().current()).collect();
    for life in &worlds {
        assert!(life.live(None).is_ok(), "the engine itself is not well: {life:?}");
    }
    let found: Vec<_> =
        NOTICED.iter().map(|(mutant, expected)| (mutant, expected, noticed_by(*mutant, &worlds))).collect();
    let wrong: Vec<_> = found.iter().filter(|(_, expected, by)| !by.is_some_and(|by| expected.contains(&by))).collect();
    assert!(wrong.is_empty(), "unnoticed, or by another invariant: {wrong:#?}");

    let biting: BTreeSet<_> = found.iter().filter_map(|(.., by)| *by).collect();
    let idle: Vec<_> = I::ALL.iter().filter(|invariant| !biting.contains(invariant)).collect();
    assert!(idle.is_empty(), "no mutant shows that these bite: {idle:?}");
}

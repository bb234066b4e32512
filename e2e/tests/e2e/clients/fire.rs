//! The user's files under fire: several of our writers, each with a block of its own, and the writer of the AWS CLI, which
//! asks nobody, change one file all the time, while ours are killed at random moments.
//!
//! A reader looks all along: it never sees a block that is not whole, a file that does not parse or a profile missing
//! that nobody took away. In the end the changes of the foreign writer stand, but for one in tens of thousands. Runs for a
//! number of rounds, never for a time; `cargo xtask soak files` asks for more of them.

mod ground;
mod writer;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use e2e::Running;
use rolecall_formats::config::File;
use rustix::process::Signal;
use serde_json::Value;

use ground::Ground;
use writer::{Done, Order};

/// What the names of our profiles start with.
const OURS: &str = "ours-";
/// The blocks, one for each of the state directories.
const IDS: [&str; 3] = ["00000001", "3fa9c2d1", "ffffffff"];
/// How many files are under fire, since each edit takes a tenth of a second of waiting.
const GROUNDS: usize = 12;
/// How many rounds a run has, in all files together: edits of ours that were begun.
const ROUNDS: u64 = 1200;
/// One foreign change in so many may be lost, and a few in any run. One that went into a replaced file is out of sight until
/// it is merged; a program that reads just then, and writes when nobody looks any more, undoes it without knowing.
const CHANGES_PER_LOST: u64 = 10_000;
/// What asks for another number of them.
const ROUNDS_VARIABLE: &str = "ROLECALL_E2E_FIRE_ROUNDS";
const ME: &str = "clients::fire::nothing_is_lost_and_nothing_is_torn_under_fire";

/// What happened on the grounds.
#[derive(Default)]
struct Tally {
    written: AtomicU64,
    given_up: AtomicU64,
    kills: AtomicU64,
    foreign: AtomicU64,
    /// Foreign changes that are gone.
    lost: AtomicU64,
    reads: AtomicU64,
    /// Reads that found another file under the name than the one before.
    replaced: AtomicU64,
}

impl Tally {
    fn add(&self, done: Done) {
        self.written.fetch_add(done.written, Ordering::Relaxed);
        self.given_up.fetch_add(done.given_up, Ordering::Relaxed);
    }

    fn rounds(&self) -> u64 {
        [&self.written, &self.given_up, &self.kills].map(|count| count.load(Ordering::Relaxed)).iter().sum()
    }
}

#[test]
fn nothing_is_lost_and_nothing_is_torn_under_fire() {
    if let Some(order) = writer::order() {
        return writer::work(&order);
    }
    let rounds = rounds();
    let tally = Tally::default();
    thread::scope(|scope| {
        for number in 0..GROUNDS {
            let tally = &tally;
            scope.spawn(move || fight(number, rounds, tally));
        }
    });
    println!(
        "{:?} edits of ours came to their end, {:?} were given up, {:?} killed; {:?} foreign changes, {:?} lost; {:?} looks, {:?} \
         found a new file",
        tally.written, tally.given_up, tally.kills, tally.foreign, tally.lost, tally.reads, tally.replaced
    );
    let foreign = tally.foreign.into_inner();
    assert!(tally.lost.into_inner() <= 3 + foreign / CHANGES_PER_LOST);
    // It was a fight.
    assert!(tally.kills.into_inner() >= rounds / 4);
    assert!(tally.written.into_inner() >= rounds / 20);
    assert!(foreign >= rounds);
    assert!(tally.replaced.into_inner() >= rounds / 10);
}

/// One file, until all files together have had the edits.
fn fight(number: usize, rounds: u64, tally: &Tally) {
    let ground = Ground::new(if number.is_multiple_of(2) { File::Config } else { File::Credentials });
    let over = AtomicBool::new(false);
    let mut foreign = ground.foreign_writer();
    let said = thread::scope(|scope| {
        let reader = scope.spawn(|| read(&ground, &over, tally));
        let writers = attack(&ground, number, rounds, tally);
        ground.stop();
        let said: Value =
            serde_json::from_str(&foreign.wait_for("the end of the foreign writer", |output| {
                output.ends_with("}\n").then(|| output.to_owned())
            }))
            .unwrap();
        writers.into_iter().flatten().for_each(|(writer, _)| tally.add(writer::told(&writer.output())));
        over.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        said
    });
    tally.foreign.fetch_add(said["changes"].as_u64().unwrap(), Ordering::Relaxed);
    // Who was killed comes back, and repairs what a foreign change has reverted.
    for id in IDS {
        let order = Order { version: 1, count: 1, ..order(&ground, id) };
        writer::told(&writer::start(&order, ME).wait(Duration::from_secs(30)).ok());
    }
    let lost = ground.check_end(&said, &IDS);
    tally.lost.fetch_add(lost, Ordering::Relaxed);
}

fn order(ground: &Ground, id: &str) -> Order {
    Order {
        path: ground.path().to_str().unwrap().into(),
        kind: ground.kind,
        id: id.into(),
        version: 1,
        count: u64::MAX,
    }
}

/// Starts writers, and kills each when its time has come. Those that are left are at work.
fn attack(ground: &Ground, number: usize, rounds: u64, tally: &Tally) -> [Option<(Running, Duration)>; 3] {
    const TICK: Duration = Duration::from_millis(5);
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1));
    let mut orders = IDS.map(|id| order(ground, id));
    let mut slots: [Option<(Running, Duration)>; 3] = [const { None }; 3];
    while tally.rounds() < rounds {
        for (slot, order) in slots.iter_mut().zip(&mut orders) {
            match slot {
                None => *slot = Some((writer::start(order, ME), writer::lifetime(random.next()))),
                Some((_, left)) if !left.is_zero() => *left = left.saturating_sub(TICK),
                Some(_) => {
                    let Some((running, _)) = slot.take() else { continue };
                    running.signal(Signal::KILL);
                    let done = writer::told(&running.wait(Duration::from_secs(10)).output());
                    // The one that was under way counts too.
                    order.version += done.written + done.given_up + 1;
                    tally.add(done);
                    tally.kills.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        thread::sleep(TICK);
    }
    slots
}

/// Looks at the file for as long as there is anybody who writes it.
fn read(ground: &Ground, over: &AtomicBool, tally: &Tally) {
    let mut last = 0;
    while !over.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(3));
        let Some((inode, found)) = ground.look() else { continue };
        found.unwrap();
        tally.reads.fetch_add(1, Ordering::Relaxed);
        tally.replaced.fetch_add(u64::from(inode != last), Ordering::Relaxed);
        last = inode;
    }
}

#[expect(clippy::disallowed_methods, reason = "the seam between the soak command and this test")]
fn rounds() -> u64 {
    std::env::var(ROUNDS_VARIABLE).map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

/// Xorshift: the moments of the kills, which only have to be unlike each other.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

//! Signals that somebody sends to `rolecall exec` reach the command.

use e2e::{Running, finish};
use rustix::process::Signal;

use super::{LIMIT, left_over, on_each_ground};

const SIGNALS: [(&str, Signal, i32); 8] = [
    ("HUP", Signal::HUP, 1),
    ("INT", Signal::INT, 2),
    ("QUIT", Signal::QUIT, 3),
    ("USR1", Signal::USR1, 10),
    ("USR2", Signal::USR2, 12),
    ("ALRM", Signal::ALARM, 14),
    ("TERM", Signal::TERM, 15),
    ("WINCH", Signal::WINCH, 28),
];

#[test]
fn each_signal_reaches_a_command_that_waits_for_it() {
    on_each_ground(|world| {
        for (name, signal, _) in SIGNALS {
            let line = format!("trap 'echo got; exit 7' {name}; echo ready; while :; do sleep 0.02; done");
            let mut running = Running::start(&mut world.shell(&line));
            running.wait_for("the command", |output| output.contains("ready").then_some(()));
            running.signal(signal);
            let ended = running.wait(LIMIT).code(7);
            assert_eq!((ended.stdout.matches("got").count(), ended.stderr.as_str()), (1, ""), "{name}");
        }
        assert_eq!(left_over(world.home), [""; 0]);
    });
}

#[test]
fn a_command_that_a_signal_ends_is_told_by_128_and_its_number() {
    on_each_ground(|world| {
        for (name, signal, number) in SIGNALS {
            if name == "WINCH" {
                // Ends no program.
                continue;
            }
            let mut running = Running::start(&mut world.shell("echo ready; exec sleep 60"));
            running.wait_for("the command", |output| output.contains("ready").then_some(()));
            running.signal(signal);
            running.wait(LIMIT).code(128 + number);
        }
        assert_eq!(left_over(world.home), [""; 0]);
    });
}

#[test]
fn a_command_that_signals_its_group_gets_its_signal_once() {
    on_each_ground(|world| {
        // We are in that group. Whatever we pass on comes before what another process sends us after it.
        let line = r#"trap 'echo got' USR1; trap 'exit 5' USR2; kill -USR1 0; sh -c "kill -USR2 $PPID"
            while :; do sleep 0.02; done"#;
        let ended = finish(&mut world.shell(line)).code(5);
        assert_eq!(ended.stdout.matches("got").count(), 1, "{ended:#?}");
    });
}

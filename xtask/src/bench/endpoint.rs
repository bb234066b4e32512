//! The loopback endpoint against a bare handler on Go's net/http, which is faster than every endpoint that people use.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::goal::{self, Goal};
use super::idle::{CALM, Memory};
use super::meter::Meter;
use super::rig::{Rig, Running};
use super::summary::mib;
use super::wrk::{self, Load, middle};
use super::{cores, http, oha, peers, world};

/// Connections that are kept, and seconds of load.
const MANY: u32 = 64;
const SECONDS: u32 = 5;
/// Requests a second of the open loop.
const OPEN: u32 = 20_000;
/// Runs of each kind, in turns.
const RUNS: usize = 5;
const ROLES: usize = 100;
/// How many programs ask at once, and how long the session lives behind whose end they do.
const PROGRAMS: usize = 100;
const LIFE: Duration = Duration::from_secs(5);

/// A server under load, whichever it is.
struct Server {
    process: Running,
    url: String,
    token: String,
}

/// What was seen of one server.
#[derive(Default)]
struct Seen {
    many: Vec<Load>,
    /// Processor time of a request, in microseconds.
    each: Vec<f64>,
    one: Vec<Load>,
}

/// # Errors
/// When something cannot be built or started, or an answer is not 200.
pub(super) fn measure(binary: &Path) -> anyhow::Result<String> {
    // Whatever has to be built is built before anything is measured.
    oha::program()?;
    let meter = Meter::build()?;
    let rig = Rig::start(binary, ROLES)?;
    let ours = cores::on(cores::SERVER, || ours(&rig))?;
    sleep(CALM);
    let idle = Memory::of(&ours.process)?;
    let bare = cores::on(cores::SERVER, || bare(&rig, &ours))?;
    let (mut of_ours, mut of_bare) = (Seen::default(), Seen::default());
    for _ in 0..RUNS {
        for (server, seen) in [(&ours, &mut of_ours), (&bare, &mut of_bare)] {
            seen.look(&meter, server)?;
        }
    }
    let open = cores::on(cores::CLIENT, || oha::run(&ours.url, &ours.token, MANY, OPEN, SECONDS))?;
    let open_bare = cores::on(cores::CLIENT, || oha::run(&bare.url, &bare.token, MANY, OPEN, SECONDS))?;
    let after = Memory::of(&ours.process)?;
    let storm = storm(&rig)?;
    drop((ours, bare));
    let (ours, bare) = (of_ours.middle(), of_bare.middle());
    let mut table = String::from(
        "| server on one core | requests a second, 64 connections | half within | 99 % within | processor time a request | \
         one connection: half within | 99 % within |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for (name, (many, each, one)) in [("`rolecall agent`", &ours), ("bare handler on Go's net/http", &bare)] {
        let (rate, half, most) = (many.a_second, many.half, many.most);
        let (half_one, most_one) = (one.half * 1e3, one.most * 1e3);
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {name} | {rate:.0} | {half:.2} ms | {most:.2} ms | {each:.2} µs | {half_one:.0} µs | {most_one:.0} µs |"
        );
    }
    let goals = [
        Goal::at_least("requests a second, in times of the bare handler", 1.8, ours.0.a_second / bare.0.a_second, ""),
        Goal::at_most(&format!("99 % of {OPEN} requests a second, open loop"), 1.0, open, " ms"),
        Goal::at_most("half over one connection, in times of the bare handler", 1.1, ours.2.half / bare.2.half, ""),
        Goal::at_most("99 % over one connection, in times of the bare handler", 1.0, ours.2.most / bare.2.most, ""),
        Goal::at_most("memory before", 12.0, mib(idle.resident), " MiB"),
        Goal::at_most("memory after the load", 16.0, mib(after.resident), " MiB"),
        Goal::at_most("calls to STS when 100 programs ask at once behind an end", 1.0, storm, ""),
    ];
    Ok(format!(
        "Server held to one core, load generator to the other; `wrk`, {SECONDS} s, the middle of {RUNS} runs in turns. The bare \
         handler (`xtask/peers/endpoint`) compares a token and writes a fixed answer of the same bytes; the agent checks \
         where the request comes from, finds the token and the session of one of {ROLES} roles, looks at both clocks and \
         renders the answer. Open loop: `oha` at {OPEN} requests a second, late answers counted from when they were due; \
         the bare handler's 99 % are within {open_bare:.2} ms.\n\n{table}\n\
         | the agent with {ROLES} roles | resident | of it the heap and stacks | peak |\n|---|--:|--:|--:|\n\
         | before | {} |\n| after the load | {} |\n\n{}",
        idle.row(),
        after.row(),
        goal::list(&goals)
    ))
}

impl Seen {
    fn look(&mut self, meter: &Meter, server: &Server) -> anyhow::Result<()> {
        let aim = |connections| {
            cores::on(cores::CLIENT, || {
                let header = format!("Authorization: {}", server.token);
                wrk::run(connections, SECONDS, |command| command.args(["--header", &header, &server.url]))
            })
        };
        let before = meter.processor_time(server.process.pid())?;
        let many = aim(MANY)?;
        let used: Duration = meter.processor_time(server.process.pid())?.saturating_sub(before);
        self.each.push(used.as_secs_f64() * 1e6 / (many.a_second * f64::from(SECONDS)));
        self.many.push(many);
        self.one.push(aim(1)?);
        Ok(())
    }

    fn middle(mut self) -> (Load, f64, Load) {
        self.each.sort_unstable_by(f64::total_cmp);
        let mut one = self.one;
        one.sort_unstable_by(|a, b| a.half.total_cmp(&b.half));
        (middle(self.many), self.each[self.each.len() / 2], one[one.len() / 2])
    }
}

/// An agent all of whose roles have a session.
fn ours(rig: &Rig) -> anyhow::Result<Server> {
    let process = rig.agent(&[])?;
    rig.all_fresh()?;
    let state = rig.path(".local/state/rolecall");
    let file: Value = serde_json::from_str(&fs::read_to_string(state.join("endpoint.json"))?)?;
    let url = file["url"].as_str().context("endpoint.json has no URL")?;
    let token = fs::read_to_string(state.join("tokens").join(world::name(1)))?;
    Ok(Server { process, url: format!("{url}/v1/credentials/{}", world::name(1)), token })
}

/// The bare handler with the same token and an answer of the same bytes.
fn bare(rig: &Rig, ours: &Server) -> anyhow::Result<Server> {
    let (token, answer) = (rig.path("token"), rig.path("answer"));
    fs::write(&token, &ours.token)?;
    fs::write(&answer, body(ours)?)?;
    let mut command = Command::new(peers::go_endpoint()?);
    command.args([&token, &answer]).stdout(Stdio::piped());
    let mut process = command.spawn()?;
    let mut address = String::new();
    BufReader::new(process.stdout.take().context("stdout is piped")?).read_line(&mut address)?;
    let url = format!("http://{}/", address.trim_end());
    Ok(Server { process: Running::of(process), url, token: ours.token.clone() })
}

fn body(server: &Server) -> anyhow::Result<String> {
    let (address, path) = server.url.strip_prefix("http://").and_then(|url| url.split_once('/')).context("a URL")?;
    Ok(http::ask_with(address, "GET", &format!("/{path}"), "", &[("authorization", &server.token)])?.to_string())
}

/// How often STS is asked for one role when 100 programs ask for it at once, just behind the end of its session: the agent
/// is stopped meanwhile, so that it cannot refresh it before.
fn storm(rig: &Rig) -> anyhow::Result<f64> {
    let rig = Rig::start(rig.binary(), 1)?;
    rig.faults(&format!(r#"{{"session_seconds":{}}}"#, LIFE.as_secs()))?;
    let agent = ours(&rig)?;
    let pid = Pid::from_raw(i32::try_from(agent.process.pid())?).context("a process has a number")?;
    kill_process(pid, Signal::STOP)?;
    sleep(LIFE + Duration::from_secs(1));
    // STS takes a moment, so that all of them come while it is being asked.
    rig.faults(r#"{"latency_ms":200}"#)?;
    rig.new_calls()?;
    let fetched: Vec<_> = std::thread::scope(|scope| {
        let programs: Vec<_> = (0..PROGRAMS).map(|_| scope.spawn(|| body(&agent))).collect();
        sleep(Duration::from_millis(500));
        let woken = kill_process(pid, Signal::CONT);
        let fetched = programs.into_iter().map(|program| program.join()).collect();
        woken.map(|()| fetched)
    })?;
    for answer in fetched {
        answer.map_err(|_| anyhow!("a program panicked"))?.context("a program got no credentials")?;
    }
    Ok(rig.new_calls()? as f64)
}

//! The meter: the small static program, `meter.c`, that starts what is measured.
//!
//! Promises figures of the kernel's own counting for a whole process. Starting it from here would not do: this process is
//! large, and its pages would be in the peak of every program that it starts.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::summary::Sample;
use crate::step::quietly;
use crate::workspace::{root, target};

/// The built program.
#[derive(Clone)]
pub(super) struct Meter(PathBuf);

impl Meter {
    /// Builds it.
    ///
    /// # Errors
    /// When there is no C compiler that can link statically.
    pub(super) fn build() -> anyhow::Result<Self> {
        let program = target("bench/meter");
        std::fs::create_dir_all(target("bench"))?;
        let source = root().join("xtask/src/bench/meter.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o"]).arg(&program).arg(source);
        quietly(&mut compiler)
            .context("cannot build the program that measures; install a C compiler and libc's headers")?;
        Ok(Self(program))
    }

    /// One for all tests, which would otherwise write and run the same file at once.
    #[cfg(test)]
    pub(super) fn for_tests() -> &'static Self {
        static METER: std::sync::LazyLock<Meter> = std::sync::LazyLock::new(|| Meter::build().unwrap());
        &METER
    }

    /// A command that runs `program` under the meter, in an empty environment. Arguments are the program's.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command.arg(program).env_clear();
        command
    }

    /// The processor time that a running process has used.
    ///
    /// # Errors
    /// When there is no such process.
    pub(super) fn processor_time(&self, pid: u32) -> anyhow::Result<Duration> {
        let output = Command::new(&self.0).args(["--cpu", &pid.to_string()]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim().parse().map(Duration::from_nanos).with_context(|| said(&output))
    }
}

/// Runs a command that [`Meter::command`] made, and returns what the program cost and printed.
///
/// # Errors
/// When the program fails or cannot be started: what it said.
pub(super) fn run(command: &mut Command) -> anyhow::Result<(Sample, Vec<u8>)> {
    let output = command.stdin(Stdio::null()).output().context("cannot run the meter")?;
    let Some((line, printed)) = output.status.success().then(|| split(&output.stdout)).flatten() else {
        bail!("the meter: {}", said(&output));
    };
    let figures: Value = serde_json::from_slice(line).context("the meter's own line")?;
    let number = |name: &str| figures[name].as_u64().with_context(|| format!("the meter does not say {name}"));
    let status = number("status")?;
    if status != 0 {
        let program = command.get_args().next().unwrap_or_default().to_string_lossy();
        bail!("{program}: exit code {status}: {}", said(&output));
    }
    let sample = Sample {
        wall: Duration::from_nanos(number("wall_ns")?),
        cpu: Duration::from_micros(number("cpu_us")?),
        peak: number("peak_kib")? * 1024,
    };
    Ok((sample, printed.to_vec()))
}

fn split(output: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = output.iter().position(|byte| *byte == b'\n')?;
    Some((&output[..end], &output[end + 1..]))
}

/// Standard error, which has no credentials, unlike standard output.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_its_cost_and_its_output() {
        let meter = Meter::for_tests();
        let (sample, output) = run(meter.command(Path::new("/bin/echo")).arg("x")).unwrap();
        assert_eq!(output, b"x\n");
        assert!(sample.wall > Duration::ZERO && sample.cpu > Duration::ZERO);
        // The meter itself, which is the floor, is far under what the smallest program with a C library takes.
        assert!(sample.peak > 1 << 20, "{sample:?}");
        let floor = run(meter.command(&meter.0).args(["--cpu", &std::process::id().to_string()])).unwrap().0;
        assert!(floor.peak < 1 << 20, "{floor:?}");
    }

    #[test]
    fn a_run_that_fails_is_no_sample() {
        let meter = Meter::for_tests();
        let error = run(meter.command(Path::new("/bin/ls")).arg("/no/such")).unwrap_err().to_string();
        assert!(error.contains("/no/such") && error.contains("exit code 2"), "{error}");
        assert!(run(&mut meter.command(Path::new("/no/such"))).is_err());
    }

    /// Linux gives no process this number.
    const NOBODY: u32 = 1 << 22;

    #[test]
    fn processor_time_of_a_process_is_read() {
        let meter = Meter::for_tests();
        assert!(meter.processor_time(std::process::id()).unwrap() > Duration::ZERO);
        assert!(meter.processor_time(NOBODY).is_err());
    }
}

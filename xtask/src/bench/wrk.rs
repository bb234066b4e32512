//! The load generator `wrk`: as many requests as a server answers, over connections that are kept.

use std::process::Command;

use anyhow::{Context as _, bail};

use super::peers;

/// What the load generator saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Load {
    pub(super) a_second: f64,
    /// Milliseconds that half of the answers beat, and 99 in 100.
    pub(super) half: f64,
    pub(super) most: f64,
}

/// Puts load on what `aim` names for so many seconds.
///
/// # Errors
/// When there is no wrk, or an answer is not 200.
pub(super) fn run(
    connections: u32,
    seconds: u32,
    aim: impl FnOnce(&mut Command) -> &mut Command,
) -> anyhow::Result<Load> {
    let mut wrk = peers::wrk()?;
    wrk.args(["--threads=1", "--latency", &format!("--connections={connections}"), &format!("--duration={seconds}s")]);
    let output = aim(&mut wrk).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("wrk: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    read(&text).with_context(|| format!("wrk says:\n{text}"))
}

fn read(text: &str) -> anyhow::Result<Load> {
    if let Some(bad) =
        text.lines().map(str::trim).find(|line| line.starts_with("Non-2xx") || line.starts_with("Socket"))
    {
        bail!("{bad}");
    }
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
        line.map(str::trim).with_context(|| format!("no {name}"))
    };
    let time = |name: &str| {
        let text = value(name)?;
        let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
        let in_ms = match unit {
            "us" => 1e-3,
            "ms" => 1.0,
            "s" => 1e3,
            _ => bail!("the unit of {text}"),
        };
        Ok(number.parse::<f64>()? * in_ms)
    };
    Ok(Load { a_second: value("Requests/sec:")?.parse()?, half: time("50%")?, most: time("99%")? })
}

/// The one in the middle by rate.
pub(super) fn middle(mut loads: Vec<Load>) -> Load {
    loads.sort_unstable_by(|a, b| a.a_second.total_cmp(&b.a_second));
    loads[loads.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
Running 5s test @ http://127.0.0.1:4566/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.40ms  420.10us   8.95ms   91.33%
  Latency Distribution
     50%  987.00us
     75%    1.41ms
     90%    1.66ms
     99%    2.92ms
  225901 requests in 5.00s, 250.45MB read
Requests/sec:  45163.08
Transfer/sec:     50.07MB
";

    #[test]
    fn what_wrk_says_is_read() {
        assert_eq!(read(SAID).unwrap(), Load { a_second: 45163.08, half: 0.987, most: 2.92 });
    }

    #[test]
    fn answers_that_are_no_sessions_are_no_figure() {
        let text = SAID.replace("Requests/sec", "  Non-2xx or 3xx responses: 3\nRequests/sec");
        assert_eq!(read(&text).unwrap_err().to_string(), "Non-2xx or 3xx responses: 3");
        assert!(read("").is_err());
    }
}

//! How far it is, as one line of stderr that goes away again. On a terminal only.

use std::collections::HashSet;
use std::convert::Infallible;
use std::future::pending;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use crossterm::cursor::MoveToColumn;
use crossterm::queue;
use crossterm::terminal::{Clear, ClearType, DisableLineWrap, EnableLineWrap};
use rolecall_core::Role;

use super::tries::{Count, Tries};
use crate::environment::Environment;

/// How often the line is drawn. The first one comes as much later, so that what is done at once draws none.
const PAUSE: Duration = Duration::from_millis(200);

/// Draws until it is dropped, which takes the line away.
pub(super) async fn show(tries: &Tries, roles: &[Role], environment: &Environment) -> Infallible {
    if !io::stderr().is_terminal() || environment.text("TERM").is_none_or(|term| term == "dumb") {
        return pending().await;
    }
    let all = roles.iter().flat_map(Role::chain).map(|role| &role.alias).collect::<HashSet<_>>().len();
    let mut line = None;
    loop {
        tokio::time::sleep(PAUSE).await;
        line.get_or_insert(Line).draw(&text(tries.count(), all));
    }
}

fn text(Count { tried, failed }: Count, all: usize) -> String {
    let failed = if failed == 0 { String::new() } else { format!(", {failed} failed") };
    format!("{tried} of {all} roles tried{failed}")
}

/// The line that the cursor is on, from the first time that it is drawn.
struct Line;

impl Line {
    fn draw(&self, text: &str) {
        let mut out = Vec::new();
        // Nobody is left to tell that stderr is closed.
        let _ = queue!(out, DisableLineWrap, MoveToColumn(0), Clear(ClearType::UntilNewLine));
        out.extend(text.bytes());
        let _ = queue!(out, EnableLineWrap);
        let _ = io::stderr().write_all(&out);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut out = Vec::new();
        let _ = queue!(out, MoveToColumn(0), Clear(ClearType::CurrentLine));
        let _ = io::stderr().write_all(&out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_short_and_tells_failures_once_there_are_some() {
        assert_eq!(text(Count { tried: 0, failed: 0 }, 500), "0 of 500 roles tried");
        assert_eq!(text(Count { tried: 499, failed: 2 }, 500), "499 of 500 roles tried, 2 failed");
    }
}

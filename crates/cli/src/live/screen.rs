//! Where it is shown: over itself on a terminal, and a line for each new session elsewhere.
//!
//! Promises to give the terminal back as it was: at the end by [`Screen::close`], at a panic by [`restore`], which
//! whoever opens one has to see to.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice, adapter::strip_str};
use crossterm::cursor::{Hide, MoveTo, MoveToColumn, MoveToPreviousLine, Show};
use crossterm::queue;
use crossterm::terminal::{
    Clear, ClearType, DisableLineWrap, EnableLineWrap, EnterAlternateScreen, LeaveAlternateScreen,
};
use jiff::Timestamp;
use unicode_width::UnicodeWidthStr as _;

use super::Picture;
use super::picture::news;
use crate::environment::Environment;
use crate::output;

/// The size of a terminal that does not say.
const SIZE: (usize, usize) = (80, 24);

/// Where the roles are shown.
pub(crate) enum Screen {
    /// A terminal, below what stands there already: how wide each line was that was drawn last.
    Below(Vec<usize>),
    /// The whole of a terminal, whose content comes back afterwards.
    Whole,
    /// A file or a pipe; the session of each role that was told last.
    Lines(BTreeMap<String, u64>),
}

impl Screen {
    /// A terminal that can move its cursor is drawn on, below what it shows. Everything else gets lines.
    pub(crate) fn below(environment: &Environment) -> Self {
        if is_drawn_on(environment) { Self::Below(Vec::new()) } else { Self::Lines(BTreeMap::new()) }
    }

    /// A terminal that can move its cursor is taken as a whole. Everything else gets lines.
    pub(crate) fn whole(environment: &Environment) -> io::Result<Self> {
        if !is_drawn_on(environment) {
            return Ok(Self::Lines(BTreeMap::new()));
        }
        let mut out = Vec::new();
        queue!(out, EnterAlternateScreen, Hide)?;
        write(&out)?;
        Ok(Self::Whole)
    }

    /// Whether a person watches it.
    pub(crate) fn is_live(&self) -> bool {
        !matches!(self, Self::Lines(_))
    }

    /// Prints what stays above the picture.
    pub(crate) fn greet(&mut self, text: &str) -> io::Result<()> {
        let mut out = text.as_bytes().to_vec();
        if self.is_live() {
            queue!(out, Hide)?;
        }
        write(&out)
    }

    /// Shows how the roles stand.
    pub(crate) fn draw(&mut self, picture: &Picture, now: Timestamp) -> io::Result<()> {
        let size = output::terminal_size().unwrap_or(SIZE);
        let mut out = Vec::new();
        match self {
            Self::Below(drawn) => {
                // Most terminals break a line that was drawn when they were wider.
                let up: usize = drawn.iter().map(|width| width.div_ceil(size.0).max(1)).sum();
                // A line that is too long for the terminal is cut, since a wrapped one would not be drawn over.
                queue!(out, DisableLineWrap)?;
                if up > 0 {
                    queue!(
                        out,
                        MoveToPreviousLine(up.try_into().unwrap_or(u16::MAX)),
                        Clear(ClearType::FromCursorDown)
                    )?;
                }
                let text = picture.text(now, size);
                *drawn = strip_str(&text).to_string().lines().map(|line| line.width().min(size.0)).collect();
                out.extend(coloured(&text));
                queue!(out, EnableLineWrap)?;
            }
            Self::Whole => {
                queue!(out, DisableLineWrap, MoveTo(0, 0))?;
                // Each line goes before it is drawn: all at once would flicker, and behind a line that reaches the edge
                // the cursor stands on its last character.
                for line in picture.text(now, size).lines() {
                    queue!(out, Clear(ClearType::UntilNewLine))?;
                    out.extend(coloured(line));
                    out.extend(b"\r\n");
                }
                queue!(out, Clear(ClearType::FromCursorDown), EnableLineWrap)?;
            }
            Self::Lines(told) => {
                for row in &picture.rows {
                    if row.version > told.insert(row.alias.clone(), row.version).unwrap_or(0) {
                        out.extend(news(row, now).into_bytes());
                    }
                }
            }
        }
        write(&out)
    }

    /// Gives the terminal back.
    pub(crate) fn close(self) -> io::Result<()> {
        match self {
            Self::Below(_) => restore(),
            Self::Whole => restore_whole(),
            Self::Lines(_) => Ok(()),
        }
    }

    /// Sees to it that a panic gives the terminal back before it is reported.
    pub(crate) fn restore_at_panic(&self) {
        if let Self::Whole = self {
            let report = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                // A panicking process can do no more about what fails here.
                let _ = restore_whole();
                report(info);
            }));
        }
    }
}

fn is_drawn_on(environment: &Environment) -> bool {
    io::stdout().is_terminal() && environment.text("TERM").is_some_and(|term| term != "dumb")
}

/// Shows the cursor again, at the start of a line without the `^C` that the terminal put there.
pub(crate) fn restore() -> io::Result<()> {
    let mut out = Vec::new();
    queue!(out, EnableLineWrap, MoveToColumn(0), Clear(ClearType::CurrentLine), Show)?;
    write(&out)
}

fn restore_whole() -> io::Result<()> {
    let mut out = Vec::new();
    queue!(out, EnableLineWrap, Show, LeaveAlternateScreen)?;
    write(&out)
}

/// The text as this terminal wants it.
fn coloured(text: &str) -> Vec<u8> {
    match AutoStream::choice(&io::stdout()) {
        ColorChoice::Never => strip_str(text).to_string().into_bytes(),
        _ => text.as_bytes().to_vec(),
    }
}

fn write(out: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(out)?;
    stdout.flush()
}

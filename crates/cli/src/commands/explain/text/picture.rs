//! A chain drawn with the characters of a terminal: a box for each caller and role, an arrow for each hop.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use textwrap::{Options, WordSeparator, WordSplitter, wrap};
use unicode_width::UnicodeWidthStr as _;

use super::{DIM, GREEN, RED, USUAL_WIDTH};
use crate::commands::explain::explanation::{Explanation, Hop, Outcome};
use crate::commands::explain::words;

const BORDER: Style = AnsiColor::BrightBlack.on_default();

/// The narrowest picture that can still be read.
const LEAST: usize = 24;

/// What a picture is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands::explain) struct Glyphs {
    corners: [char; 4],
    across: char,
    down: char,
    tee: char,
    arrow: char,
    ok: char,
    failed: char,
    not_tried: char,
}

impl Glyphs {
    /// For a terminal that shows Unicode.
    pub(in crate::commands::explain) const UNICODE: Self = Self {
        corners: ['╭', '╮', '╰', '╯'],
        across: '─',
        down: '│',
        tee: '┬',
        arrow: '▼',
        ok: '✓',
        failed: '✗',
        not_tried: '·',
    };

    /// For any other.
    pub(in crate::commands::explain) const ASCII: Self =
        Self { corners: ['+'; 4], across: '-', down: '|', tee: '+', arrow: 'v', ok: '+', failed: 'x', not_tried: '.' };
}

/// The picture, `width` characters wide at most.
pub(super) fn draw(explanation: &Explanation, width: usize, glyphs: Glyphs) -> String {
    let width = width.clamp(LEAST, USUAL_WIDTH);
    let (source, who) = words::start(explanation);
    let state = if explanation.start.failed.is_some() { RED } else { Style::new() };
    let mut nodes = vec![(source, who, state)];
    for hop in &explanation.hops {
        nodes.push((hop.alias.clone(), hop.arn.to_string(), style(&hop.outcome)));
    }
    let widest = nodes.iter().map(|(title, text, _)| text.width().max(title.width() + 4)).max().unwrap_or_default();
    let inner = widest.min(width - 4);
    let mut text = String::new();
    for (at, (title, content, style)) in nodes.iter().enumerate() {
        let next = explanation.hops.get(at);
        boxed(&mut text, title, content, *style, inner, next.is_some(), glyphs);
        if let Some(hop) = next {
            arrow(&mut text, hop, width, glyphs);
        }
    }
    text
}

fn style(outcome: &Outcome) -> Style {
    match outcome {
        Outcome::NotTried => DIM,
        Outcome::Ok { .. } => GREEN,
        Outcome::Failed { .. } => RED,
    }
}

fn boxed(text: &mut String, title: &str, content: &str, style: Style, inner: usize, goes_on: bool, glyphs: Glyphs) {
    let Glyphs { corners: [left, right, below_left, below_right], across, down, tee, .. } = glyphs;
    let across = |length: usize| across.to_string().repeat(length);
    let title = words::pieces(title, inner.saturating_sub(3)).swap_remove(0);
    let rest = across((inner + 2).saturating_sub(title.width() + 3));
    // Writing to a string cannot fail.
    let _ =
        writeln!(text, "{BORDER}{left}{}{BORDER:#} {style}{title}{style:#} {BORDER}{rest}{right}{BORDER:#}", across(1));
    for piece in words::pieces(content, inner) {
        let pad = inner.saturating_sub(piece.width());
        let _ = writeln!(text, "{BORDER}{down}{BORDER:#} {piece}{:pad$} {BORDER}{down}{BORDER:#}", "");
    }
    let bottom = if goes_on { format!("{}{tee}{}", across(2), across(inner - 1)) } else { across(inner + 2) };
    let _ = writeln!(text, "{BORDER}{below_left}{bottom}{below_right}{BORDER:#}");
}

fn arrow(text: &mut String, hop: &Hop, width: usize, glyphs: Glyphs) {
    let Glyphs { down, arrow, ok, failed, not_tried, .. } = glyphs;
    let options = Options::new(width - 5)
        .subsequent_indent("  ")
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    for line in words::call(hop) {
        for line in wrap(&line, &options) {
            let _ = writeln!(text, "   {BORDER}{down}{BORDER:#} {line}");
        }
    }
    let mark = match hop.outcome {
        Outcome::NotTried => not_tried,
        Outcome::Ok { .. } => ok,
        Outcome::Failed { .. } => failed,
    };
    let style = style(&hop.outcome);
    let outcome = words::outcome(&hop.outcome);
    let _ = writeln!(text, "   {BORDER}{arrow}{BORDER:#} {style}{mark} {outcome}{style:#}");
}

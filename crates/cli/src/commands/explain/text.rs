//! The explanation for people: the chain as a picture, what may be wrong, the policies to paste. Pure: the width of the
//! terminal and what it can draw come in.
//!
//! Promises lines that fit the width, but for what is to be pasted: that is whole and without a frame.

mod picture;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::causes::{Cause, Certainty};
use super::explanation::{Explanation, Hop, Outcome};
use super::{policy, words};
use crate::output::wrap::wrapped;
pub(super) use picture::Glyphs;

const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// What a terminal has that does not say.
const USUAL_WIDTH: usize = 80;

/// How it is to be shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// None: no terminal.
    pub(super) width: Option<usize>,
    pub(super) glyphs: Glyphs,
    /// Whether nothing is left out: the policies of every hop, and what speaks for the causes that are only possible.
    pub(super) all: bool,
}

/// The whole text.
// Writing to a string cannot fail: so nothing below looks at the results.
pub(super) fn text(explanation: &Explanation, form: Form) -> String {
    let mut text = wrapped(&headline(explanation), form.width);
    text.push('\n');
    text.push_str(&picture::draw(explanation, form.width.unwrap_or(USUAL_WIDTH), form.glyphs));
    if let Some(clock) = words::clock(explanation) {
        text.push_str(&wrapped(&format!("\n{YELLOW}clock{YELLOW:#}: {clock}\n"), form.width));
    }
    text.push_str(&wrapped(&why(explanation, form.all), form.width));
    for hop in explanation.hops.iter().filter(|hop| form.all || is_mended_by_policies(hop)) {
        policies(&mut text, hop, form.width);
    }
    text
}

fn is_mended_by_policies(hop: &Hop) -> bool {
    matches!(&hop.outcome, Outcome::Failed { causes, .. } if causes.iter().any(|cause| cause.by_policy))
}

fn headline(explanation: &Explanation) -> String {
    let style = if explanation.is_well() { GREEN } else { RED };
    format!("{BOLD}{}{BOLD:#} {style}{}{style:#}\n", explanation.alias, words::verdict(explanation))
}

/// What went wrong, and the causes there may be.
fn why(explanation: &Explanation, all: bool) -> String {
    let Some((_, fault, causes)) = explanation.failure() else { return String::new() };
    let mut text = format!("\n{RED}{}{RED:#}: {}\n", fault.kind, fault.message);
    let is_certain = |cause: &Cause| cause.certainty == Certainty::Certain;
    if !causes.iter().all(is_certain) {
        let _ = writeln!(text, "\n{BOLD}What may be the cause{BOLD:#}, the likeliest first:");
    }
    for (at, cause) in causes.iter().enumerate() {
        let Cause { certainty, what, evidence, fix, by_policy: _ } = cause;
        let full = all || *certainty != Certainty::Possible;
        if is_certain(cause) {
            let _ = writeln!(text, "\n  {RED}The cause{RED:#}: {what}");
        } else {
            // The possible ones stand close together.
            let is_first = at == 0 || causes[at - 1].certainty != *certainty;
            let gap = if full || is_first { "\n" } else { "" };
            let style = if *certainty == Certainty::Likely { RED } else { YELLOW };
            let _ = writeln!(text, "{gap}  {}. {style}{}{style:#}: {what}", at + 1, certainty.as_str());
        }
        if !full {
            continue;
        }
        if *evidence != fault.message {
            let _ = writeln!(text, "     {DIM}why:{DIM:#} {evidence}");
        }
        let _ = writeln!(text, "     {BOLD}fix:{BOLD:#} {fix}");
    }
    if !all && causes.iter().any(|cause| cause.certainty == Certainty::Possible) {
        let _ = writeln!(text, "\n  {DIM}--all tells what speaks for the possible ones, and their fixes{DIM:#}");
    }
    text
}

fn policies(text: &mut String, hop: &Hop, width: Option<usize>) {
    let mut block = |title: String, json: Option<policy::Policy>| {
        if let Some(json) = json {
            text.push_str(&wrapped(&format!("\n{title}\n"), width));
            let _ = writeln!(text, "{}", json.json());
        }
    };
    let name = hop.arn.name();
    block(format!("{BOLD}What the trust policy of {name} needs{BOLD:#}:"), policy::trust(hop));
    let caller = hop.principal().map_or("the caller", |principal| principal.named());
    block(format!("{BOLD}What a policy of {caller} needs{BOLD:#}:"), policy::identity(hop));
    for note in policy::notes(hop) {
        text.push_str(&wrapped(&format!("\n{YELLOW}note{YELLOW:#}: {note}\n"), width));
    }
}

#[cfg(test)]
mod tests;

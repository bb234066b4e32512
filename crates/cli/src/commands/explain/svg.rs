//! The chain as a picture for a page or a ticket: SVG with nothing in it but shapes and text. Pure.
//!
//! Written by hand: a library for it would be larger than the picture. It has its own background, so that it can be read on
//! any page.

use std::fmt::Write as _;

use textwrap::{Options, WordSeparator, WordSplitter, wrap};

use super::causes::{Cause, Certainty};
use super::explanation::{Explanation, Outcome};
use super::words;

const WIDTH: usize = 760;
const MARGIN: usize = 32;
const CARD: usize = 64;
const LINE: usize = 18;
/// How many characters fit a line: of a card in fixed width, of the rest.
const FIXED: usize = 84;
const PROSE: usize = 98;

const OK: &str = "#1a7f37";
const FAILED: &str = "#cf222e";
const QUIET: &str = "#8c959f";
const INK: &str = "#1f2328";
const SOFT: &str = "#59636e";

/// A picture under construction, from its top down.
struct Picture {
    body: String,
    y: usize,
}

/// The picture.
pub(super) fn picture(explanation: &Explanation) -> String {
    let mut picture = Picture { body: String::new(), y: MARGIN };
    picture.headline(explanation);
    let (source, who) = words::start(explanation);
    let of_start = if explanation.start.failed.is_some() { FAILED } else { SOFT };
    picture.card(&source, &who, of_start);
    for hop in &explanation.hops {
        let colour = colour(&hop.outcome);
        picture.arrow(&words::call(hop), &words::outcome(&hop.outcome), colour);
        picture.card(&hop.alias, &hop.arn.to_string(), colour);
    }
    picture.causes(explanation);
    if let Some(clock) = words::clock(explanation) {
        picture.y += LINE + 16;
        picture.prose(MARGIN, FAILED, &clock);
        picture.y -= LINE;
    }
    picture.end(explanation)
}

fn colour(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::NotTried => QUIET,
        Outcome::Ok { .. } => OK,
        Outcome::Failed { .. } => FAILED,
    }
}

// Writing to a string cannot fail.
impl Picture {
    fn text(&mut self, x: usize, class: &str, fill: &str, text: &str) {
        let y = self.y;
        let _ = writeln!(self.body, r#"<text x="{x}" y="{y}" class="{class}" fill="{fill}">{}</text>"#, escaped(text));
    }

    fn prose(&mut self, x: usize, fill: &str, text: &str) {
        let options = Options::new(PROSE - x / 8)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation);
        for line in wrap(text, &options) {
            self.text(x, "s", fill, &line);
            self.y += LINE;
        }
    }

    fn headline(&mut self, explanation: &Explanation) {
        self.y += 14;
        let fill = if explanation.is_well() { OK } else { FAILED };
        let (y, alias) = (self.y, escaped(&explanation.alias));
        let _ = writeln!(
            self.body,
            r#"<text x="{MARGIN}" y="{y}" class="h"><tspan fill="{INK}">{alias}</tspan> <tspan fill="{fill}">{}</tspan></text>"#,
            escaped(&words::verdict(explanation))
        );
        self.y += 24;
    }

    fn card(&mut self, title: &str, text: &str, colour: &str) {
        let pieces = words::pieces(text, FIXED);
        let height = CARD + LINE * pieces.len().saturating_sub(1);
        let (width, y) = (WIDTH - 2 * MARGIN, self.y);
        let _ = writeln!(
            self.body,
            r##"<rect x="{MARGIN}" y="{y}" width="{width}" height="{height}" rx="8" fill="#fff" stroke="#d1d9e0"/>
<rect x="{MARGIN}" y="{y}" width="6" height="{height}" rx="3" fill="{colour}"/>"##
        );
        self.y += 26;
        self.text(MARGIN + 22, "t", INK, title);
        for piece in pieces {
            self.y += LINE + 2;
            self.text(MARGIN + 22, "m", SOFT, &piece);
        }
        self.y = y + height;
    }

    fn arrow(&mut self, lines: &[String], outcome: &str, colour: &str) {
        let (x, top) = (MARGIN + 40, self.y);
        let height = (lines.len() + 1) * LINE + 16;
        let (end, tip) = (top + height - 8, top + height);
        let dash = if colour == OK { "" } else { r#" stroke-dasharray="5 4""# };
        let _ = writeln!(
            self.body,
            r#"<path d="M{x} {top}V{end}" stroke="{colour}" stroke-width="2"{dash}/>
<path d="M{} {end}h12L{x} {tip}z" fill="{colour}"/>"#,
            x - 6
        );
        self.y += LINE + 4;
        for line in lines {
            self.prose(x + 22, SOFT, line);
        }
        self.text(x + 22, "b", colour, outcome);
        self.y = top + height.max(self.y - top + 16);
    }

    /// The likeliest causes: as many as a picture has room for.
    fn causes(&mut self, explanation: &Explanation) {
        let Some((_, _, causes)) = explanation.failure() else { return };
        for Cause { certainty, what, evidence, fix, by_policy: _ } in causes.iter().take(3) {
            self.y += LINE + 16;
            let fill = if *certainty == Certainty::Possible { SOFT } else { FAILED };
            self.text(MARGIN, "b", fill, &format!("{}: {what}", certainty.as_str()));
            self.y += LINE + 2;
            self.prose(MARGIN, SOFT, &format!("why: {evidence}"));
            self.prose(MARGIN, INK, &format!("fix: {fix}"));
            self.y -= LINE;
        }
    }

    fn end(self, explanation: &Explanation) -> String {
        let Self { body, y } = self;
        let height = y + MARGIN;
        let title = escaped(&format!("How {} is assumed", explanation.alias));
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img">
<title>{title}</title>
<style>text{{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;white-space:pre}}.h{{font-size:19px;font-weight:600}}.t,.b{{font-weight:600}}.t{{font-size:15px}}.m{{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12.5px}}</style>
<rect width="{WIDTH}" height="{height}" rx="12" fill="#f6f8fa"/>
{body}</svg>
"##
        )
    }
}

/// A text as XML has it. What no XML may hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !rolecall_core::is_unseen(*c)) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::explain::fixture::denied;

    #[test]
    fn the_picture_has_every_role_and_the_likeliest_cause() {
        let svg = picture(&denied());
        for text in [
            ">arn:aws:iam::111122223333:role/team/Hub<",
            ">arn:aws:iam::444455556666:role/Spoke<",
            ">ok<",
            ">failed: denied<",
            ">likely: the trust policy does not name &quot;hub&quot; &amp; &lt;co&gt;<",
        ] {
            assert!(svg.contains(text), "{text}\n{svg}");
        }
    }

    #[test]
    fn nothing_in_it_can_be_run_or_fetched() {
        let mut explanation = denied();
        explanation.alias = "</title><script>x</script>\u{7}".into();
        let svg = picture(&explanation);
        assert!(!svg.contains("<script") && !svg.contains('\u{7}') && !svg.contains("href"), "{svg}");
    }
}

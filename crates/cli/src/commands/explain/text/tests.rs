//! The text as a person sees it.

use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::commands::explain::explanation::Explanation;
use crate::commands::explain::fixture::{denied, role};

fn shown(explanation: &Explanation, width: usize, glyphs: Glyphs) -> String {
    let text = text(explanation, Form { width: Some(width), glyphs, all: false });
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn a_chain_is_drawn_up_to_where_it_breaks() {
    let expected = "\
spoke cannot be assumed: denied

╭─ base: the default AWS chain ───────────╮
│ arn:aws:iam::111122223333:user/me       │
╰──┬──────────────────────────────────────╯
   │ AssumeRole in eu-central-1 at sts.eu-central-1.amazonaws.com
   │ session name hub@host
   │ for 12 h
   │ tag job=7
   │ tag team=blue (transitive)
   │ source identity alice
   ▼ ✓ ok
╭─ hub ───────────────────────────────────╮
│ arn:aws:iam::111122223333:role/team/Hub │
╰──┬──────────────────────────────────────╯
   │ AssumeRole
   │ session name spoke@host
   │ for 1 h, not 12 h: the caller is a role session
   │ external id handshake
   │ tag team=blue (from hub)
   │ source identity alice
   ▼ ✗ failed: denied
╭─ spoke ─────────────────────────────────╮
│ arn:aws:iam::444455556666:role/Spoke    │
╰─────────────────────────────────────────╯

denied: could not assume arn:aws:iam::444455556666:role/Spoke: no
";
    let text = shown(&denied(), 80, Glyphs::UNICODE);
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn every_line_but_the_policies_fits_the_terminal() {
    for width in [24, 50, 80, 200] {
        for glyphs in [Glyphs::UNICODE, Glyphs::ASCII] {
            let text = shown(&denied(), width, glyphs);
            let (picture, _) = text.split_once("\ndenied: ").unwrap();
            for line in picture.lines().skip(2) {
                assert!(line.width() <= width, "{width}: {line}\n{text}");
            }
        }
    }
    assert!(shown(&denied(), 80, Glyphs::ASCII).is_ascii());
}

#[test]
fn policies_are_to_be_pasted() {
    let text = shown(&denied(), 50, Glyphs::UNICODE);
    let (_, policies) = text.split_once("trust policy of Spoke needs:\n").unwrap();
    let end = policies.find("\n}\n").unwrap() + 2;
    let policy: serde_json::Value = serde_json::from_str(&policies[..end]).unwrap();
    assert_eq!(policy["Statement"][0]["Principal"]["AWS"], "arn:aws:iam::111122223333:role/team/Hub");
    assert!(!text.contains("trust policy of Hub needs"), "{text}");
    let all = super::text(&denied(), Form { width: None, glyphs: Glyphs::ASCII, all: true });
    assert!(anstream::adapter::strip_str(&all).to_string().contains("trust policy of Hub needs"));
}

#[test]
fn what_was_not_tried_is_not_said_to_fail() {
    let text = shown(&Explanation::planned(&role("a", "A"), false), 80, Glyphs::ASCII);
    assert!(text.starts_with("a was not tried\n") && text.contains("v . not tried"), "{text}");
}

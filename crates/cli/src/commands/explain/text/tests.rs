//! The text as a person sees it.

use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::commands::explain::explanation::{Explanation, Start};
use crate::commands::explain::fixture::denied;

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
    let mut explanation = denied();
    let Some((_, fault, causes)) = explanation.failure() else { unreachable!() };
    explanation.start = Start { failed: Some((fault.clone(), causes.to_vec())), ..explanation.start };
    explanation.hops.truncate(1);
    explanation.hops[0].outcome = Outcome::NotTried;
    let text = shown(&explanation, 80, Glyphs::ASCII);
    assert!(
        text.starts_with("spoke cannot be assumed: denied at the base\n") && text.contains("v . not tried"),
        "{text}"
    );
}

#[test]
fn a_clock_that_is_wrong_is_told_with_its_direction() {
    let told = |ahead: i64| shown(&Explanation { clock_ahead: Some(ahead), ..denied() }, 200, Glyphs::ASCII);
    assert!(told(7200).contains("clock: the clock of this machine is 2 h ahead of that of AWS"));
    assert!(told(-90).contains("1 min behind that of AWS"));
    assert!(!told(59).contains("clock:"));
}

#[test]
fn only_what_is_likely_takes_room_unless_all_is_wanted() {
    let mut explanation = denied();
    let Outcome::Failed { causes, .. } = &mut explanation.hops[1].outcome else { unreachable!() };
    causes.push(Cause {
        certainty: Certainty::Possible,
        what: "b".into(),
        evidence: "e".into(),
        fix: "f".into(),
        by_policy: false,
    });
    let shown = |all: bool| {
        let text = text(&explanation, Form { width: None, glyphs: Glyphs::ASCII, all });
        anstream::adapter::strip_str(&text).to_string()
    };
    assert!(shown(false).contains("\n  2. possible: b\n\n"), "{}", shown(false));
    assert!(shown(true).contains("\n  2. possible: b\n     why: e\n     fix: f\n"), "{}", shown(true));
}

#[test]
fn policies_are_given_where_they_mend_something() {
    let mut explanation = denied();
    assert!(shown(&explanation, 80, Glyphs::ASCII).contains("trust policy of Spoke needs"));
    let Outcome::Failed { causes, .. } = &mut explanation.hops[1].outcome else { unreachable!() };
    causes[0].by_policy = false;
    assert!(!shown(&explanation, 80, Glyphs::ASCII).contains("trust policy of Spoke needs"));
}

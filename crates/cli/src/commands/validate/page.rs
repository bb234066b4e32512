//! The verdict for people: a row for each role, then each reason with what to do about it. Pure.

use std::collections::HashMap;

use anstyle::{AnsiColor, Style};
use rolecall_core::{Fault, FaultKind};

use super::outcome::Verdict;
use crate::commands::status::page::{RED, YELLOW, item};
use crate::output::table::{Cell, Fit, Table};
use crate::output::wrap::wrapped;

/// How many roles are named that failed for one reason.
const NAMED: usize = 3;

/// The text for the width of a terminal.
pub(super) fn text(verdict: &Verdict, width: Option<usize>) -> String {
    table(verdict).render(width) + &wrapped(&(reasons(verdict) + &summary(verdict)), width)
}

fn table(verdict: &Verdict) -> Table {
    let mut table = Table::new([
        ("ALIAS", Fit::Shorten),
        ("ACCOUNT/ROLE", Fit::Shorten),
        ("FROM", Fit::Drop(1)),
        ("RESULT", Fit::Keep),
    ]);
    for outcome in &verdict.roles {
        let (result, colour) = match &outcome.result {
            Ok(_) => ("ok", AnsiColor::Green),
            Err(fault) => (fault.kind.as_str(), AnsiColor::Red),
        };
        let role = &outcome.role;
        table.add([
            Cell::new(&role.alias),
            Cell::new(format!("{}/{}", role.arn.account(), role.arn.name())),
            Cell::new(&role.source),
            Cell::new(result).styled(colour.on_default()),
        ]);
    }
    table
}

fn reasons(verdict: &Verdict) -> String {
    let mut text = String::new();
    for Group { fault, message, aliases } in grouped(verdict) {
        let named: Vec<&str> = aliases.iter().take(NAMED).copied().collect();
        let more = match aliases.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let origin = format!("{}{more} {}", named.join(", "), fault.kind);
        item(&mut text, RED, &origin, &message, &fault.action);
    }
    for problem in &verdict.problems {
        let place = problem.column.map_or_else(String::new, |column| format!(", character {column}"));
        item(&mut text, RED, &format!("{}{place}", problem.origin), &problem.fault.message, &problem.fault.action);
    }
    for note in &verdict.notes {
        item(&mut text, YELLOW, "note", note, "");
    }
    text
}

/// Who failed for one reason.
struct Group<'a> {
    /// Of the first of them.
    fault: &'a Fault,
    message: String,
    aliases: Vec<&'a str>,
}

/// Each reason once, with those who failed for it: without a base, or without a network, all do. What differs by the ARN of
/// the role is one reason, and told without it.
fn grouped(verdict: &Verdict) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = vec![];
    let mut known: HashMap<(FaultKind, String, &str), usize> = HashMap::new();
    for outcome in &verdict.roles {
        let Err(fault) = &outcome.result else { continue };
        let of_all = fault.message.replace(&outcome.role.arn.to_string(), "the role");
        let group = *known.entry((fault.kind, of_all.clone(), &fault.action)).or_insert_with(|| {
            groups.push(Group { fault, message: fault.message.clone(), aliases: vec![] });
            groups.len() - 1
        });
        let Group { fault: first, message, aliases } = &mut groups[group];
        if first.message != fault.message {
            *message = of_all;
        }
        aliases.push(outcome.role.alias.as_str());
    }
    groups
}

fn summary(verdict: &Verdict) -> String {
    let tally = verdict.tally();
    let all = tally.well + tally.failed;
    let roles = if all == 1 { "role" } else { "roles" };
    let settings = match tally.problems {
        0 => String::new(),
        1 => "; 1 setting cannot be used".into(),
        more => format!("; {more} settings cannot be used"),
    };
    let style = if tally.failed + tally.problems == 0 { AnsiColor::Green } else { AnsiColor::Red }.on_default();
    let style: Style = style.bold();
    format!("\n{style}{} of {all} {roles} can be assumed{settings}{style:#}\n", tally.well)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::validate::outcome::fixture;

    fn plain(verdict: &Verdict, width: Option<usize>) -> String {
        anstream::adapter::strip_str(&text(verdict, width)).to_string()
    }

    #[test]
    fn each_failure_is_told_with_its_fix() {
        let expected = "\
ALIAS   ACCOUNT/ROLE         FROM  RESULT
well    123456789012/well    base  ok
denied  123456789012/denied  base  denied
behind  123456789012/behind  base  denied

denied denied: could not assume it
  fix: allow it

behind denied: waits for denied, which it is assumed from: could not assume it
  fix: allow it

AWS_ROLE_4, character 3: not an ARN
  fix: correct it

note: the profile \"mfa\" is left out

1 of 3 roles can be assumed; 1 setting cannot be used
";
        assert_eq!(plain(&fixture::verdict(), None), expected);
    }

    #[test]
    fn one_reason_of_many_roles_is_told_once() {
        let mut verdict = fixture::verdict();
        for outcome in &mut verdict.roles {
            let message = format!("could not assume {}: refused", outcome.role.arn);
            outcome.result = Err(Fault::new(FaultKind::Denied, message, "allow it"));
        }
        verdict.roles.extend(verdict.roles.clone());
        let text = plain(&verdict, None);
        assert_eq!(text.matches("could not assume").count(), 1, "{text}");
        let told = "\nwell, denied, behind and 3 more denied: could not assume the role: refused\n";
        assert!(text.contains(told), "{text}");
        verdict.roles[5].result = Err(Fault::new(FaultKind::Unreachable, "could not assume it", "wait"));
        assert_eq!(plain(&verdict, None).matches("could not assume").count(), 2);
    }

    #[test]
    fn it_fits_a_narrow_terminal() {
        let text = plain(&fixture::verdict(), Some(40));
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
    }
}

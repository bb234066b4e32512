//! The words that all the pictures of a chain share. Pure.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::explanation::{Caller, Explanation, Hop, Outcome};
use crate::output::duration;

/// Whether the role that was asked about can be assumed, behind its name.
pub(super) fn verdict(explanation: &Explanation) -> String {
    let Some((hop, fault, _)) = explanation.failure() else { return "can be assumed".into() };
    let place = hop.map_or("the base", |hop| &hop.alias);
    let place = if place == explanation.alias { String::new() } else { format!(" at {place}") };
    format!("cannot be assumed: {}{place}", fault.kind)
}

/// What stands at the start of a chain: its source and who that is.
pub(super) fn start(explanation: &Explanation) -> (String, String) {
    let source = match explanation.start.source.as_str() {
        "base" => "base: the default AWS chain".into(),
        other => other.to_owned(),
    };
    let who = match explanation.hops.first().map(|hop| &hop.caller) {
        Some(Caller::Principal(Some(principal))) => principal.arn.clone(),
        Some(Caller::Token(Some(claims))) => format!("{} of {}", claims.subject, claims.issuer),
        _ => "nobody knows who that is".into(),
    };
    (source, who)
}

/// How a role is asked for, in lines.
pub(super) fn call(hop: &Hop) -> Vec<String> {
    let place = match (&hop.region, &hop.endpoint) {
        (Some(region), Some(host)) => format!(" in {region} at {host}"),
        (Some(region), None) => format!(" in {region}"),
        (None, Some(host)) => format!(" at {host}"),
        (None, None) => String::new(),
    };
    let mut lines = vec![
        format!("{}{place}", hop.operation()),
        format!("session name {}", hop.session_name),
        format!("for {}", length(hop)),
    ];
    lines.extend(hop.external_id.as_ref().map(|id| format!("external id {id}")));
    let tags = hop.tags.iter().map(|tag| {
        let origin = match &tag.inherited_from {
            Some(alias) => format!(" (from {alias})"),
            None if tag.transitive => " (transitive)".into(),
            None => String::new(),
        };
        format!("tag {}={}{origin}", tag.key, tag.value)
    });
    lines.extend(tags);
    lines.extend(hop.unknown_tags.then(|| "the tags of EKS Pod Identity".to_owned()));
    lines.extend(hop.source_identity.as_ref().map(|identity| format!("source identity {identity}")));
    lines.extend(hop.narrowed.then(|| "narrowed by a session policy".to_owned()));
    lines
}

/// How long the session is to live, and why not for as long as the settings want.
fn length(hop: &Hop) -> String {
    let Hop { wanted, duration: asked, .. } = hop;
    let words = |length: &Duration| duration::words(*length);
    if wanted == asked {
        words(asked)
    } else {
        format!("{}, not {}: the caller is a role session", words(asked), words(wanted))
    }
}

/// How a hop went.
pub(super) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::NotTried => "not tried".into(),
        Outcome::Ok { .. } => "ok".into(),
        Outcome::Failed { fault, .. } => format!("failed: {}", fault.kind),
    }
}

/// What is worth knowing besides.
pub(super) fn clock(explanation: &Explanation) -> Option<String> {
    let ahead = explanation.clock_ahead?;
    let length = duration::words(Duration::from_secs(ahead.unsigned_abs()));
    let direction = if ahead < 0 { "behind" } else { "ahead of" };
    // Under a minute it may be the way of the answer.
    let is_wrong = ahead.unsigned_abs() >= 60;
    is_wrong
        .then(|| format!("the clock of this machine is {length} {direction} that of AWS: set it, for example with NTP"))
}

/// A text in pieces of at most `width`, broken behind a `:` or `/` where there is one in the second half of a piece.
/// At least one piece.
pub(super) fn pieces(text: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in text.chars() {
        let last = pieces.len() - 1;
        if pieces[last].width() + c.width().unwrap_or_default() > width.max(1) {
            let whole = pieces[last].rfind([':', '/']).filter(|at| *at > pieces[last].len() / 2);
            let rest = whole.map_or_else(String::new, |at| pieces[last].split_off(at + 1));
            pieces.push(rest);
        }
        let last = pieces.len() - 1;
        pieces[last].push(c);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_broken_between_its_parts_where_that_costs_little() {
        assert_eq!(pieces("", 5), [""]);
        assert_eq!(pieces("role/team/Hub", 20), ["role/team/Hub"]);
        assert_eq!(pieces("role/team/Hub", 11), ["role/team/", "Hub"]);
        assert_eq!(pieces("a/bcdefghijkl", 6), ["a/bcde", "fghijk", "l"]);
        assert_eq!(pieces("日本語", 4), ["日本", "語"]);
    }
}

//! The chain as a [Mermaid flowchart](https://mermaid.js.org/syntax/flowchart.html), for pages that draw those. Pure.

use std::fmt::Write as _;

use super::explanation::{Explanation, Outcome};
use super::words;

/// The flowchart.
// Writing to a string cannot fail.
pub(super) fn flowchart(explanation: &Explanation) -> String {
    let (source, who) = words::start(explanation);
    let mut text = String::from("flowchart TD\n");
    let _ = writeln!(text, "  n0[\"{}<br/>{}\"]", escaped(&source), escaped(&who));
    for (at, hop) in explanation.hops.iter().enumerate() {
        let (from, to) = (at, at + 1);
        let _ = writeln!(text, "  n{to}[\"{}<br/>{}\"]", escaped(&hop.alias), escaped(&hop.arn.to_string()));
        let call = words::call(hop).into_iter().chain([words::outcome(&hop.outcome)]);
        let lines: Vec<String> = call.map(|line| escaped(&line)).collect();
        let link = if matches!(hop.outcome, Outcome::Ok { .. }) { "-->" } else { "-.->" };
        let _ = writeln!(text, "  n{from} {link}|\"{}\"| n{to}", lines.join("<br/>"));
    }
    text.push_str("  classDef ok stroke:#2da44e,stroke-width:2px\n  classDef failed stroke:#cf222e,stroke-width:2px\n");
    if explanation.start.failed.is_some() {
        text.push_str("  class n0 failed\n");
    }
    for (at, hop) in explanation.hops.iter().enumerate() {
        match hop.outcome {
            Outcome::Ok { .. } => writeln!(text, "  class n{} ok", at + 1),
            Outcome::Failed { .. } => writeln!(text, "  class n{} failed", at + 1),
            Outcome::NotTried => Ok(()),
        }
        .unwrap_or_default();
    }
    text
}

/// A text that means nothing but itself: all that Mermaid, Markdown or HTML may read otherwise as a character code.
fn escaped(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " :/.,-=+@".contains(c);
    text.chars().map(|c| if plain(c) { c.to_string() } else { format!("#{};", u32::from(c)) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::explain::fixture::denied;

    #[test]
    fn a_chain_is_a_flowchart() {
        let expected = "\
flowchart TD
  n0[\"base: the default AWS chain<br/>arn:aws:iam::111122223333:user/me\"]
  n1[\"hub<br/>arn:aws:iam::111122223333:role/team/Hub\"]
  n0 -->|\"AssumeRole in eu-central-1 at sts.eu-central-1.amazonaws.com<br/>session name hub@host<br/>for 12 h<br/>tag \
                        job=7<br/>tag team=blue #40;transitive#41;<br/>source identity alice<br/>ok\"| n1
";
        let text = flowchart(&denied());
        assert!(text.starts_with(expected), "{text}");
        assert!(text.ends_with("  class n1 ok\n  class n2 failed\n") && text.contains("n1 -.->|"), "{text}");
    }

    #[test]
    fn nothing_in_a_name_is_read_as_anything_else() {
        assert_eq!(escaped("a\"b]<i>#x|`_*"), "a#34;b#93;#60;i#62;#35;x#124;#96;#95;#42;");
    }
}

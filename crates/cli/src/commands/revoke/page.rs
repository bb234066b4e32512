//! What a person has to know about the policy. Pure.
//!
//! What is to be pasted stands on lines of its own, which are never broken.

use anstyle::{AnsiColor, Style};
use rolecall_core::Alias;

use super::known::Concerned;
use super::policy::NAME;
use crate::output::wrap::wrapped;

const BOLD: Style = Style::new().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

/// Where more is said.
const PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html";

/// The paths of roles that only AWS itself changes: those of IAM Identity Center and of services
/// ([roles](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html)).
const OF_AWS: [&str; 2] = ["/aws-reserved/", "/aws-service-role/"];

/// The text for the width of a terminal.
pub(super) fn text(concerned: &Concerned, policy: &str, width: Option<usize>) -> String {
    let Concerned { alias, arn, names, children, agent } = concerned;
    let (role, account) = (arn.name(), arn.account());
    let mut text = wrapped(
        &format!(
            "{BOLD}This policy ends every session of {arn} that was issued until now.{BOLD:#} It goes onto the role itself, \
             in account {account}:\n"
        ),
        width,
    );
    text.extend(["\n", policy, "\n"]);
    let mut say = |words: &str, lines: &str| {
        text.push_str(&wrapped(&format!("{words}\n"), width));
        text.push_str(lines);
    };
    if OF_AWS.iter().any(|path| arn.path().starts_with(path)) {
        let words = format!(
            "{YELLOW}note:{YELLOW:#} by its path the role belongs to AWS, and IAM lets nobody change it: sessions of IAM \
             Identity Center are ended there, and those of services not at all.\n"
        );
        say(&words, "");
    }
    say(
        "Its limit is the time of this machine. Where the clock is behind that of AWS, which `rolecall status` tells, set it \
         right first: sessions of the time between would go on.\n",
        "",
    );
    say(
        &format!("{BOLD}Attach it{BOLD:#} as somebody who may change roles in account {account}:"),
        &format!(
            "    rolecall revoke {alias} --output json > revoke.json\n    aws iam put-role-policy --policy-name {NAME} \\\n      \
             --role-name {role} \\\n      --policy-document file://revoke.json\n\n"
        ),
    );
    say(
        "It takes some seconds until AWS heeds it everywhere. Whoever has a session of the role from before is refused then, \
         whichever program it has the session from. Sessions that are issued later work.\n",
        "",
    );
    let mut named = vec![alias.as_str()];
    named.extend(names.iter().filter(|name| *name != alias).map(Alias::as_str));
    let (all, is) = (named.join(", "), if named.len() == 1 { "is" } else { "are" });
    if *agent {
        say(
            &format!("{BOLD}What the agent holds{BOLD:#} of {all} {is} refused, too. Have it get a new session:"),
            &format!("    rolecall refresh {}\n\n", named.join(" ")),
        );
    } else {
        let words = format!(
            "{BOLD}What an agent left{BOLD:#} of {all} {is} refused, too. Start one and have it get a new session, or take \
             away what is left:"
        );
        say(&words, &format!("    rolecall refresh {}\n    rolecall clean\n\n", named.join(" ")));
    }
    if !children.is_empty() {
        let lines: String = children.iter().map(|child| format!("    rolecall revoke {child}\n")).collect();
        let words = format!(
            "{YELLOW}Not ended{YELLOW:#} are sessions of other roles that were assumed with a session of this one. If they \
             are to end, too, revoke each:"
        );
        say(&words, &format!("{lines}\n"));
    }
    say(
        "Once the sessions from before have ended by themselves, 12 hours later at the most, the policy is of no use any more:",
        &format!("    aws iam delete-role-policy --policy-name {NAME} \\\n      --role-name {role}\n\n"),
    );
    say(&format!("More about it: {PAGE}"), "");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(arn: &str, children: &[&str], width: Option<usize>) -> String {
        let children = children.iter().map(|child| child.parse().unwrap()).collect();
        let alias: Alias = "hub".parse().unwrap();
        let names = vec![alias.clone(), "hub-too".parse().unwrap()];
        let concerned = Concerned { alias, arn: arn.parse().unwrap(), names, children, agent: true };
        let text = text(&concerned, "{\n  \"Version\": \"2012-10-17\"\n}\n", width);
        anstream::adapter::strip_str(&text).to_string()
    }

    const ARN: &str = "arn:aws:iam::123456789012:role/team/Hub";

    #[test]
    fn what_is_to_be_pasted_is_whole_on_any_terminal() {
        for width in [None, Some(80), Some(40)] {
            let text = shown(ARN, &["spoke"], width);
            for line in [
                "{\n  \"Version\": \"2012-10-17\"\n}\n",
                "\n    aws iam put-role-policy --policy-name AWSRevokeOlderSessions \\\n      --role-name Hub \\\n",
                "\n    rolecall refresh hub hub-too\n",
                "\n    rolecall revoke spoke\n",
            ] {
                assert!(text.contains(line), "{width:?}: no {line:?} in\n{text}");
            }
        }
    }

    #[test]
    fn a_note_is_made_of_what_does_not_always_apply() {
        let plain = shown(ARN, &[], None);
        assert!(!plain.contains("Not ended") && !plain.contains("belongs to AWS"), "{plain}");
        let reserved =
            shown("arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x_1", &["a"], None);
        assert!(reserved.contains("Not ended") && reserved.contains("belongs to AWS"), "{reserved}");
    }
}

//! The verdict as JUnit XML, for the test reports of CI systems: a test case for each role, and for each setting that could
//! not be used.
//!
//! Keeps to what the schema of Jenkins (`junit-10.xsd` of its xUnit plugin) has. The text of a failure says all, since some
//! readers show nothing else of it.

use std::io;
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use rolecall_core::Fault;

use super::outcome::Verdict;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// The name of the report and of its only suite.
const SUITE: &str = "rolecall validate";
/// The class of the settings that could not be used; that of a role is its account.
const SETTINGS: &str = "settings";

/// The report.
///
/// # Errors
/// When there is no room for it.
pub(super) fn xml(verdict: &Verdict) -> Result<Vec<u8>, Failure> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    report(&mut writer, verdict)
        .map_err(|error| Failure::new(ExitCode::Bug, format!("write the JUnit report: {error}"), ""))?;
    Ok(writer.into_inner())
}

fn report(writer: &mut Writer<Vec<u8>>, verdict: &Verdict) -> io::Result<()> {
    let tally = verdict.tally();
    let tests = (tally.well + tally.failed + tally.problems).to_string();
    let failures = (tally.failed + tally.problems).to_string();
    let took = seconds(verdict.took);
    let counts = [("tests", tests.as_str()), ("failures", &failures), ("errors", "0"), ("time", &took)];
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suites = writer.create_element("testsuites").with_attribute(("name", SUITE)).with_attributes(counts);
    suites.write_inner_content(|writer| {
        let suite = writer.create_element("testsuite").with_attribute(("name", SUITE)).with_attributes(counts);
        suite.write_inner_content(|writer| cases(writer, verdict))?;
        Ok(())
    })?;
    Ok(())
}

fn cases(writer: &mut Writer<Vec<u8>>, verdict: &Verdict) -> io::Result<()> {
    for outcome in &verdict.roles {
        let role = &outcome.role;
        case(writer, role.arn.account(), role.alias.as_str(), outcome.took, outcome.result.as_ref().err())?;
    }
    for problem in &verdict.problems {
        case(writer, SETTINGS, &problem.origin, Duration::ZERO, Some(&problem.fault))?;
    }
    if !verdict.notes.is_empty() {
        let notes = allowed(&verdict.notes.join("\n"));
        writer.create_element("system-out").write_text_content(BytesText::new(&notes))?;
    }
    Ok(())
}

fn case(
    writer: &mut Writer<Vec<u8>>,
    class: &str,
    name: &str,
    took: Duration,
    fault: Option<&Fault>,
) -> io::Result<()> {
    let (name, took) = (allowed(name), seconds(took));
    let attributes = [("name", name.as_str()), ("classname", class), ("time", &took)];
    let case = writer.create_element("testcase").with_attributes(attributes);
    let Some(Fault { kind, message, action }) = fault else {
        case.write_empty()?;
        return Ok(());
    };
    let message = allowed(message);
    let text = if action.is_empty() { message.clone() } else { format!("{message}\nfix: {}", allowed(action)) };
    case.write_inner_content(|writer| {
        let failure = writer.create_element("failure");
        let failure = failure.with_attributes([("type", kind.as_str()), ("message", &message)]);
        failure.write_text_content(BytesText::new(&text))?;
        Ok(())
    })?;
    Ok(())
}

/// Seconds, as JUnit has them.
fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// The text without what [XML](https://www.w3.org/TR/xml/#charsets) cannot hold, escaped or not.
fn allowed(text: &str) -> String {
    let is_allowed = |c: char| matches!(c, '\t' | '\n') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    text.chars().map(|c| if is_allowed(c) { c } else { '·' }).collect()
}

#[cfg(test)]
mod tests {
    use roxmltree::{Document, Node};

    use super::*;
    use crate::commands::validate::outcome::fixture;

    fn named<'a>(document: &'a Document<'_>, name: &str) -> Node<'a, 'a> {
        document
            .descendants()
            .find(|node| node.attribute("name") == Some(name) && node.has_tag_name("testcase"))
            .unwrap()
    }

    #[test]
    fn each_role_and_each_wrong_setting_is_a_test_case() {
        let xml = String::from_utf8(xml(&fixture::verdict()).unwrap()).unwrap();
        let document = Document::parse(&xml).unwrap();
        let suite = document.root_element().first_element_child().unwrap();
        assert!(document.root_element().has_tag_name("testsuites") && suite.has_tag_name("testsuite"), "{xml}");
        for (attribute, value) in [("tests", "4"), ("failures", "3"), ("errors", "0"), ("time", "1.250")] {
            assert_eq!(suite.attribute(attribute), Some(value), "{attribute}");
        }
        let well = named(&document, "well");
        assert_eq!((well.attribute("classname"), well.attribute("time")), (Some("123456789012"), Some("0.050")));
        assert!(!well.has_children(), "{xml}");
        let failure = named(&document, "denied").first_element_child().unwrap();
        assert_eq!((failure.tag_name().name(), failure.attribute("type")), ("failure", Some("denied")));
        assert_eq!(failure.attribute("message"), Some("could not assume it"));
        assert_eq!(failure.text(), Some("could not assume it\nfix: allow it"));
        assert_eq!(named(&document, "AWS_ROLE_4").attribute("classname"), Some("settings"));
        let notes = suite.children().find(|node| node.has_tag_name("system-out")).unwrap();
        assert_eq!(notes.text(), Some("the profile \"mfa\" is left out"));
    }

    #[test]
    fn whatever_a_message_holds_it_is_well_formed() {
        let mut verdict = fixture::verdict();
        let message = "<a> & \"b\" 'c' ]]> \u{1b}[31m\u{0}\u{ffff} é 🦀";
        verdict.roles[1].result = Err(Fault::new(rolecall_core::FaultKind::Denied, message, message));
        verdict.notes = vec![message.into()];
        let xml = String::from_utf8(xml(&verdict).unwrap()).unwrap();
        let document = Document::parse(&xml).unwrap();
        let failure = named(&document, "denied").first_element_child().unwrap();
        let expected = "<a> & \"b\" 'c' ]]> ·[31m·· é 🦀";
        assert_eq!(failure.attribute("message"), Some(expected));
        assert_eq!(failure.text(), Some(format!("{expected}\nfix: {expected}").as_str()));
    }
}

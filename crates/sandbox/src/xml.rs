//! The XML that STS answers with.
//!
//! Templates with escaped values: the documents are few and fixed. Whatever a caller sent can stand in them.

use std::fmt::{self, Write as _};

use crate::error::StsError;

/// The namespace of this version of the API.
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The content type that STS gives its answers.
pub(crate) const CONTENT_TYPE: &str = "text/xml";

/// A leaf: one element with a text.
pub(crate) type Leaf<'a> = (&'a str, &'a str);

/// The answer to a successful `action`: groups of leaves, a group without a name standing for itself.
pub(crate) fn success(action: &str, request_id: &str, groups: &[(&str, &[Leaf<'_>])]) -> String {
    let mut xml = format!("<{action}Response xmlns=\"{NAMESPACE}\">\n  <{action}Result>\n");
    for (group, leaves) in groups {
        if group.is_empty() {
            write_leaves(&mut xml, "    ", leaves);
        } else {
            line(&mut xml, format_args!("    <{group}>"));
            write_leaves(&mut xml, "      ", leaves);
            line(&mut xml, format_args!("    </{group}>"));
        }
    }
    line(&mut xml, format_args!("  </{action}Result>\n  <ResponseMetadata>"));
    write_leaves(&mut xml, "    ", &[("RequestId", request_id)]);
    line(&mut xml, format_args!("  </ResponseMetadata>\n</{action}Response>"));
    xml
}

/// The answer to a request that failed.
pub(crate) fn failure(error: &StsError, request_id: &str) -> String {
    let mut xml = format!("<ErrorResponse xmlns=\"{NAMESPACE}\">\n  <Error>\n");
    let leaves = [("Type", error.fault_type()), ("Code", error.code), ("Message", &error.message)];
    write_leaves(&mut xml, "    ", &leaves);
    xml.push_str("  </Error>\n");
    write_leaves(&mut xml, "  ", &[("RequestId", request_id)]);
    xml.push_str("</ErrorResponse>\n");
    xml
}

fn write_leaves(xml: &mut String, indent: &str, leaves: &[Leaf<'_>]) {
    for (name, text) in leaves {
        line(xml, format_args!("{indent}<{name}>{}</{name}>", Escaped(text)));
    }
}

fn line(xml: &mut String, text: fmt::Arguments<'_>) {
    writeln!(xml, "{text}").expect("a String takes every text");
}

/// A text that can stand between tags; characters that XML 1.0 does not know become U+FFFD.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '\r' => f.write_str("&#xD;"),
            '\t' | '\n' => f.write_char(c),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}'),
            c => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_shape_that_the_api_reference_shows() {
        let xml = success("GetCallerIdentity", "id-1", &[("", &[("Arn", "a&b"), ("Account", "1")])]);
        let expected = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
  <GetCallerIdentityResult>
    <Arn>a&amp;b</Arn>
    <Account>1</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>id-1</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
";
        assert_eq!(xml, expected);
    }

    #[test]
    fn an_error_has_the_shape_that_the_api_reference_shows() {
        let xml = failure(&StsError::validation("Value '<x>'"), "id-1");
        let expected = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
  <Error>
    <Type>Sender</Type>
    <Code>ValidationError</Code>
    <Message>Value '&lt;x&gt;'</Message>
  </Error>
  <RequestId>id-1</RequestId>
</ErrorResponse>
";
        assert_eq!(xml, expected);
        assert!(failure(&StsError::service_unavailable(), "").contains("<Type>Receiver</Type>"));
    }

    #[test]
    fn no_text_can_break_the_document() {
        assert_eq!(Escaped("]]>\0\u{1b}\u{ffff}\r\n\"'ü").to_string(), "]]&gt;\u{fffd}\u{fffd}\u{fffd}&#xD;\n\"'ü");
    }
}

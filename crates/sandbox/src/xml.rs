//! The XML that STS and IAM answer with.
//!
//! Templates with escaped values: the documents are few and fixed. Whatever a caller sent can stand in them.

use crate::error::StsError;

/// Whose answer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Sts,
    Iam,
}

impl Api {
    /// The namespace of the version that is spoken.
    fn namespace(self) -> &'static str {
        match self {
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
        }
    }
}

/// The content type that both give their answers.
pub(crate) const CONTENT_TYPE: &str = "text/xml";

/// A leaf: one element with a text.
pub(crate) type Leaf<'a> = (&'a str, &'a str);

/// Room for every answer that a role with a name of usual length gets, so that the text is written in one place.
const ROOM: usize = 2048;

/// The answer to a successful `action`: groups of leaves, a group without a name standing for itself.
pub(crate) fn success(api: Api, action: &str, request_id: &str, groups: &[(&str, &[Leaf<'_>])]) -> String {
    let mut xml = String::with_capacity(ROOM);
    push(&mut xml, &["<", action, "Response xmlns=\"", api.namespace(), "\">\n  <", action, "Result>\n"]);
    for (group, leaves) in groups {
        if group.is_empty() {
            push_leaves(&mut xml, "    ", leaves);
        } else {
            push(&mut xml, &["    <", group, ">\n"]);
            push_leaves(&mut xml, "      ", leaves);
            push(&mut xml, &["    </", group, ">\n"]);
        }
    }
    push(&mut xml, &["  </", action, "Result>\n  <ResponseMetadata>\n"]);
    push_leaves(&mut xml, "    ", &[("RequestId", request_id)]);
    push(&mut xml, &["  </ResponseMetadata>\n</", action, "Response>\n"]);
    xml
}

/// The answer to a request that failed.
pub(crate) fn failure(api: Api, error: &StsError, request_id: &str) -> String {
    let mut xml = String::with_capacity(ROOM);
    push(&mut xml, &["<ErrorResponse xmlns=\"", api.namespace(), "\">\n  <Error>\n"]);
    let leaves = [("Type", error.fault_type()), ("Code", error.code), ("Message", &error.message)];
    push_leaves(&mut xml, "    ", &leaves);
    xml.push_str("  </Error>\n");
    push_leaves(&mut xml, "  ", &[("RequestId", request_id)]);
    xml.push_str("</ErrorResponse>\n");
    xml
}

fn push(xml: &mut String, parts: &[&str]) {
    for part in parts {
        xml.push_str(part);
    }
}

fn push_leaves(xml: &mut String, indent: &str, leaves: &[Leaf<'_>]) {
    for (name, text) in leaves {
        push(xml, &[indent, "<", name, ">"]);
        push_escaped(xml, text);
        push(xml, &["</", name, ">\n"]);
    }
}

/// Writes a text that can stand between tags; characters that XML 1.0 does not know become U+FFFD.
fn push_escaped(xml: &mut String, text: &str) {
    // Nearly every text: keys, tokens, ARNs.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'&' | b'<' | b'>')) {
        xml.push_str(text);
        return;
    }
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\r' => xml.push_str("&#xD;"),
            '\t' | '\n' => xml.push(c),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => xml.push('\u{fffd}'),
            c => xml.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_shape_that_the_api_reference_shows() {
        let xml = success(Api::Sts, "GetCallerIdentity", "id-1", &[("", &[("Arn", "a&b"), ("Account", "1")])]);
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
        let xml = failure(Api::Sts, &StsError::validation("Value '<x>'"), "id-1");
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
        assert!(failure(Api::Sts, &StsError::service_unavailable(), "").contains("<Type>Receiver</Type>"));
    }

    #[test]
    fn no_text_can_break_the_document() {
        let mut xml = String::new();
        push_escaped(&mut xml, "]]>\0\u{1b}\u{ffff}\r\n\"'ü");
        assert_eq!(xml, "]]&gt;\u{fffd}\u{fffd}\u{fffd}&#xD;\n\"'ü");
    }
}

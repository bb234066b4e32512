//! Sections and keys of a text, as Python's `configparser.RawConfigParser` reads them for botocore.
//!
//! What differs from other ini readers: a line that is indented deeper than its key continues the value, even if it
//! looks like a header; `:` separates as `=` does; a lone carriage return ends a line; keys are in lower case; and a
//! `[DEFAULT]` section lends its keys to all others.

use std::collections::HashMap;
use std::ops::Range;

use zeroize::Zeroizing;

use super::{FileFault, FileProblem, Key};

/// The section that lends its keys to all others.
const DEFAULT: &str = "DEFAULT";

/// A section of any kind.
pub(crate) struct Section {
    /// What stands between the brackets.
    pub(crate) header: String,
    pub(crate) line: usize,
    pub(crate) keys: Vec<Key>,
}

/// All of a text.
pub(crate) struct Sections {
    pub(crate) sections: Vec<Section>,
    /// The keys of `[DEFAULT]`.
    pub(crate) defaults: Vec<Key>,
    /// The lines of all headers, in order, those of `[DEFAULT]` among them.
    pub(crate) headers: Vec<usize>,
}

/// A key whose value may go on in the next line. The value is put together once, so that no copy of a secret stays
/// where a text that grows has been.
struct OpenKey<'a> {
    name: String,
    line: usize,
    values: Vec<&'a str>,
}

/// Adds a key that has ended to its section.
fn close(key: Option<OpenKey<'_>>, section: Option<usize>, sections: &mut [Section]) {
    if let (Some(OpenKey { name, line, values }), Some(section)) = (key, section.and_then(|at| sections.get_mut(at))) {
        let mut value = Zeroizing::new(values.join("\n"));
        let end = value.trim_end_matches(is_space).len();
        value.truncate(end);
        section.keys.push(Key { name, value, line });
    }
}

/// Reads `text`.
pub(crate) fn sections(text: &str) -> Result<Sections, FileFault> {
    if text.starts_with('\u{feff}') {
        return Err(FileFault { line: 1, problem: FileProblem::ByteOrderMark });
    }
    let mut sections: Vec<Section> = Vec::new();
    let mut headers: HashMap<&str, usize> = HashMap::new();
    let mut header_lines: Vec<usize> = Vec::new();
    // The lines of the keys of every section.
    let mut names: HashMap<(usize, String), usize> = HashMap::new();
    let mut current: Option<usize> = None;
    let mut open: Option<OpenKey<'_>> = None;
    let mut indent = 0;
    let mut wrong_defaults: Vec<(String, usize)> = Vec::new();
    for (number, line) in (1..).zip(lines(text)) {
        let fault = |problem| Err(FileFault { line: number, problem });
        let content = line.trim_matches(is_space);
        if content.starts_with(['#', ';']) {
            continue;
        }
        if content.is_empty() {
            if let Some(key) = &mut open {
                key.values.push("");
            }
            continue;
        }
        let this_indent = line.chars().take_while(|&c| is_space(c)).count();
        if let Some(key) = &mut open
            && this_indent > indent
        {
            if key.values.first().is_some_and(|first| first.is_empty()) && !is_nested(content) {
                // Nobody reads a key of `[DEFAULT]` that every section has itself.
                if current != headers.get(DEFAULT).copied() {
                    return fault(FileProblem::NotANestedKey);
                }
                wrong_defaults.push((key.name.clone(), number));
            }
            key.values.push(content);
            continue;
        }
        indent = this_indent;
        close(open.take(), current, &mut sections);
        if let Some(header) = header(content) {
            header_lines.push(number);
            current = match headers.get(header) {
                Some(&at) if header == DEFAULT => Some(at),
                Some(&at) => return fault(FileProblem::SectionTwice { first: sections[at].line }),
                None => {
                    headers.insert(header, sections.len());
                    sections.push(Section { header: header.into(), line: number, keys: Vec::new() });
                    Some(sections.len() - 1)
                }
            };
            continue;
        }
        let Some(section) = current else {
            return fault(FileProblem::NoSection);
        };
        let Some((name, value)) = content.split_once(['=', ':']) else {
            return fault(FileProblem::NotAKey);
        };
        let name = name.trim_end_matches(is_space).to_lowercase();
        if name.is_empty() {
            return fault(FileProblem::NoKey);
        }
        if let Some(&first) = names.get(&(section, name.clone())) {
            return fault(FileProblem::KeyTwice { first });
        }
        names.insert((section, name.clone()), number);
        open = Some(OpenKey { name, line: number, values: vec![value.trim_start_matches(is_space)] });
    }
    close(open, current, &mut sections);
    let default = headers.get(DEFAULT).copied();
    for (name, line) in wrong_defaults {
        let has = |at| names.contains_key(&(at, name.clone()));
        if (0..sections.len()).any(|at| Some(at) != default && !has(at)) {
            return Err(FileFault { line, problem: FileProblem::NotANestedKey });
        }
    }
    let defaults = headers.get(DEFAULT).map(|&at| sections.remove(at).keys);
    Ok(Sections { sections, defaults: defaults.unwrap_or_default(), headers: header_lines })
}

/// Whether a line says nothing: it is blank or a comment.
pub(super) fn is_silent(line: &str) -> bool {
    let content = line.trim_matches(is_space);
    content.is_empty() || content.starts_with(['#', ';'])
}

/// The bytes of each line with its line end, as [`lines`] has them.
pub(crate) fn spans(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let ends = (1..=bytes.len()).filter(|&end| match bytes[end - 1] {
        b'\n' => true,
        b'\r' => bytes.get(end) != Some(&b'\n'),
        _ => end == bytes.len(),
    });
    let mut start = 0;
    ends.map(|end| std::mem::replace(&mut start, end)..end).collect()
}

/// The bytes of white space before what a line says.
pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(is_space).len()
}

/// Lines as Python's text files have them: `\n`, `\r\n` and `\r` end one.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// What stands between the first `[` and the last `]`; text behind it is nobody's.
fn header(content: &str) -> Option<&str> {
    let end = content.rfind(']')?;
    content.get(..end)?.strip_prefix('[').filter(|header| !header.is_empty())
}

/// Whether every line of a continuation has a key, as botocore wants under a key without a value.
fn is_nested(content: &str) -> bool {
    nested_lines(content).all(|line| line.contains('='))
}

/// The lines under a key without a value, without blanks and blank lines. Python's `splitlines` knows more line ends
/// than its files do.
pub(crate) fn nested_lines(value: &str) -> impl Iterator<Item = &str> {
    let is_line_end = |c| matches!(c, '\n' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
    value.split(is_line_end).map(|line| line.trim_matches(is_space)).filter(|line| !line.is_empty())
}

/// White space as Python's `str.strip` has it: Unicode's and four control characters.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

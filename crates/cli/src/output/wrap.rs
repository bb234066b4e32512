//! Texts on a terminal: broken between words. The breaking is `textwrap`'s, which knows what is a colour and how wide a
//! character is.

use textwrap::{Options, WordSeparator, WordSplitter, fill};

/// The text with each line broken into lines of at most `width` characters; those that go on are indented. A word that
/// is longer than a line stays whole, so that it can be copied. Without a terminal nothing is broken.
pub(crate) fn wrapped(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return text.into() };
    let broken = |line: &str| {
        let indent = " ".repeat(line.len() - line.trim_start_matches(' ').len() + 2);
        let options = Options::new(width.max(20))
            .subsequent_indent(&indent)
            .break_words(false)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation);
        fill(line, options) + "\n"
    };
    text.lines().map(broken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_go_on_indented() {
        let text = "\n\u{1b}[31ma denied\u{1b}[0m: could not assume arn:aws:iam::123456789012:role/R, since\n  fix: ask who may\n";
        let expected = "
\u{1b}[31ma denied\u{1b}[0m: could not
  assume
  arn:aws:iam::123456789012:role/R,
  since
  fix: ask who may
";
        assert_eq!(wrapped(text, Some(20)), expected);
        assert_eq!(wrapped(text, None), text);
        assert_eq!(wrapped(text, Some(200)), text);
    }
}

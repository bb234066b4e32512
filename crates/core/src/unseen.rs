//! Characters that make a line look like another one: a terminal obeys them, or draws what stands beside them elsewhere.
//!
//! Promises an answer for one character. What a text has in its place is its own.

/// Whether a text that somebody else wrote is better shown without this character: a control character, or one that only
/// steers how others are drawn ([bidirectional formatting](https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters),
/// zero width).
#[must_use]
pub fn is_unseen(c: char) -> bool {
    let steers = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}');
    c.is_control() || steers || c == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_a_line_round_is_unseen_and_every_script_is_seen() {
        assert!("\u{1b}\u{9b}\u{61c}\u{200b}\u{202e}\u{2066}\u{2069}\u{feff}".chars().all(is_unseen));
        assert!(!"a é ש ع 語 …→ 'x'".chars().any(is_unseen));
    }
}

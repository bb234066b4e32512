//! Patterns with `*` (any characters) and `?` (one character)
//! ([string conditions](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html)).

/// One place of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `*`
    Any,
    /// `?`
    One,
    /// The character itself.
    Char(char),
}

impl Token {
    /// What a written character stands for.
    pub(super) fn written(c: char) -> Self {
        match c {
            '*' => Self::Any,
            '?' => Self::One,
            c => Self::Char(c),
        }
    }
}

/// Whether a pattern as written covers all of `text`.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    matches(&pattern.chars().map(Token::written).collect::<Vec<_>>(), text)
}

/// Whether `pattern` covers all of `text`, in time that grows with the product of their lengths at most.
pub(super) fn matches(pattern: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last `*` did not match: one character of the text further.
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Token::Any) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(&token) if token == Token::One || token == Token::Char(text[t]) => (p, t) = (p + 1, t + 1),
            _ => {
                let Some((after, from)) = retry else { return false };
                retry = Some((after, from + 1));
                (p, t) = (after, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|&token| token == Token::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_characters_and_a_question_mark_one() {
        let text = "system:serviceaccount:default:app";
        for (pattern, expected) in [
            (text, true),
            ("system:serviceaccount:*", true),
            ("*:app", true),
            ("*a*:???", true),
            ("*", true),
            ("*:????", false),
            ("system:serviceaccount:default:ap", false),
            ("system:serviceaccount:default:app?", false),
            ("System:*", false),
            ("", false),
        ] {
            assert_eq!(is_like(pattern, text), expected, "{pattern}");
        }
        assert!(is_like("*", "") && is_like("", "") && !is_like("?", "") && is_like("?", "ü"));
    }

    #[test]
    fn a_character_from_a_value_is_itself() {
        assert!(matches(&[Token::Char('*')], "*"));
        assert!(!matches(&[Token::Char('*')], "x"));
    }
}

//! Patterns of ARNs: each of the six parts is compared by itself
//! ([ARN conditions](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN)).

use super::glob::{Token, matches};

/// Whether `pattern` covers the ARN `text`. A `*` alone covers every ARN; none reaches over a colon but in the last part.
pub(super) fn is_arn_like(pattern: &[Token], text: &str) -> bool {
    if pattern == [Token::Any] {
        return text.starts_with("arn:");
    }
    let patterns: Vec<&[Token]> = pattern.splitn(6, |&token| token == Token::Char(':')).collect();
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    patterns.len() == 6 && parts.len() == 6 && patterns.iter().zip(parts).all(|(pattern, part)| matches(pattern, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_an_arn_is_compared_by_itself() {
        let arn = "arn:aws:iam::123456789012:role/team/R";
        for (pattern, expected) in [
            (arn, true),
            ("*", true),
            ("arn:aws:iam::*:role/*", true),
            ("arn:aws:iam::123456789012:role/team/?", true),
            ("arn:*:*:*:*:*", true),
            ("arn:aws:*:role/team/R", false),
            ("arn:*", false),
            ("arn:aws:iam::123456789012:ROLE/team/R", false),
        ] {
            let tokens: Vec<Token> = pattern.chars().map(Token::written).collect();
            assert_eq!(is_arn_like(&tokens, arn), expected, "{pattern}");
        }
        assert!(!is_arn_like(&[Token::Any], "no arn"));
    }
}

//! What a value of AWS credentials may look like, whoever gave it.
//!
//! The [service](https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html) issues visible ASCII only. The
//! SDK's signer panics on a line break, and a file that is made of such a value has a line more than it should.

/// The longest value, in bytes. Session tokens are near 1 KiB; headers end at 8 or 16 KiB everywhere.
const MAX: usize = 16 * 1024;

/// What is wrong with a value, to go on behind its name; never with a part of the value.
pub(crate) fn flaw(value: &str) -> Option<&'static str> {
    let visible = |value: &str| value.bytes().all(|byte| byte.is_ascii_graphic());
    if value.is_empty() {
        Some("is empty")
    } else if value.len() > MAX {
        Some("is longer than 16 KiB")
    } else if visible(value) {
        None
    } else if visible(value.trim_end_matches(['\r', '\n'])) {
        Some("ends with a line break")
    } else {
        Some("has a character that AWS never issues")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_visible_ascii() {
        let long = "a".repeat(16 * 1024 + 1);
        for (value, expected) in [
            ("AKIAIOSFODNN7EXAMPLE", None),
            ("wJalr/K7+MDENG==", None),
            (&long[1..], None),
            ("", Some("is empty")),
            (&long, Some("is longer than 16 KiB")),
            ("AKIA\n", Some("ends with a line break")),
            ("AKIA\r\n", Some("ends with a line break")),
            ("AK\nIA", Some("has a character that AWS never issues")),
            (" AKIA", Some("has a character that AWS never issues")),
            ("AKI\u{e4}", Some("has a character that AWS never issues")),
            ("AKI\0", Some("has a character that AWS never issues")),
            ("\u{feff}AKIA", Some("has a character that AWS never issues")),
        ] {
            assert_eq!(flaw(value), expected, "{value:?}");
        }
    }
}

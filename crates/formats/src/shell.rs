//! Words as both readers of a `credential_process` line split them: Python's `shlex` (botocore), `sh -c` (the others).
//!
//! The two agree on bare words of plain characters, on single quotes, and on double quotes round everything but
//! `$`, `` ` ``, `\` and `!`. Only those forms are written; a shell into which a person pastes them reads them back, too.

/// `word` so that `shlex` and `sh` read it back as it is; bare when it needs no quotes.
#[must_use]
pub fn quote(word: &str) -> String {
    if !word.is_empty() && word.bytes().all(is_plain) { word.into() } else { quote_always(word) }
}

/// As [`quote`], with quotes round the word even where none are needed.
pub(crate) fn quote_always(word: &str) -> String {
    if !word.contains(['$', '`', '\\', '!', '"']) {
        return format!("\"{word}\"");
    }
    // Single quotes hold everything but themselves; those go between double quotes.
    format!("'{}'", word.replace('\'', r#"'"'"'"#))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_./:@%+=-".contains(&byte)
}

/// Splits `text` as Python's `shlex.split` does: POSIX rules, no comments. None where it raises `ValueError`.
#[must_use]
pub fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(chars.next()?),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        end if end == c => break,
                        '\\' if c == '"' => match chars.next()? {
                            escaped @ ('\\' | '"') => word.push(escaped),
                            other => word.extend(['\\', other]),
                        },
                        inner => word.push(inner),
                    }
                }
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_split_as_shlex_splits_them() {
        for (text, words) in [
            ("profile x", Some(vec!["profile", "x"])),
            (r#" profile  "x y"	"#, Some(vec!["profile", "x y"])),
            (r#"a"b c"'d e'f"#, Some(vec!["ab cd ef"])),
            (r#""" ''"#, Some(vec!["", ""])),
            (r#""\$\"\\" \$ '\'"#, Some(vec![r#"\$"\"#, "$", r"\"])),
            ("it's", None),
            ("a\\", None),
            ("a # b", Some(vec!["a", "#", "b"])),
        ] {
            assert_eq!(split(text), words.map(|w| w.into_iter().map(String::from).collect()), "{text}");
        }
    }

    #[test]
    fn plain_words_stay_bare_and_the_rest_takes_the_lightest_quotes() {
        for (word, quoted) in [
            ("/usr/bin/rolecall", "/usr/bin/rolecall"),
            ("/a b", "\"/a b\""),
            ("/it's", "\"/it's\""),
            ("/$HOME", "'/$HOME'"),
            ("/it's $5", r#"'/it'"'"'s $5'"#),
            ("", "\"\""),
        ] {
            assert_eq!(quote(word), quoted);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn shlex_and_sh_read_back_what_was_quoted(word in r#"[ -~é\t]{0,24}"#) {
            let (bare, quoted) = (quote(&word), quote_always(&word));
            prop_assert_eq!(split(&format!("{bare} {quoted}")), Some(vec![word.clone(), word.clone()]));

            let script = format!("printf '%s\\n' {bare} {quoted}");
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{word}\n{word}\n"));
        }
    }
}

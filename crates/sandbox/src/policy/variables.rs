//! Policy variables: `${aws:username}` in the values of conditions and in resources
//! ([policy variables](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html)).
//!
//! Only policies of version 2012-10-17 have them. What a variable stands for is taken literally: a `*` in it is no
//! wildcard.

use super::context::Context;
use super::glob::Token;

/// A text of a policy whose variables are filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filled(Vec<Token>);

impl Filled {
    /// Fills in `text`; none when it names a variable that the request does not have, or has several values of.
    pub(super) fn new(text: &str, variables: Option<&Context>) -> Option<Self> {
        let mut tokens = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(context) = variables
            && let Some((before, after)) = rest.split_once("${")
            && let Some((variable, after)) = after.split_once('}')
        {
            tokens.extend(before.chars().map(Token::written));
            tokens.extend(value(variable, context)?.chars().map(Token::Char));
            rest = after;
        }
        tokens.extend(rest.chars().map(Token::written));
        Some(Self(tokens))
    }

    /// As a pattern with wildcards.
    pub(super) fn pattern(&self) -> &[Token] {
        &self.0
    }

    /// As a text, in which `*` and `?` are themselves.
    pub(super) fn text(&self) -> String {
        let char = |token: &Token| match token {
            Token::Any => '*',
            Token::One => '?',
            Token::Char(c) => *c,
        };
        self.0.iter().map(char).collect()
    }
}

/// What the inside of `${…}` stands for: `key`, `key, 'default'`, or one of the characters that have a meaning.
fn value<'a>(variable: &'a str, context: &'a Context) -> Option<&'a str> {
    if matches!(variable, "*" | "?" | "$") {
        return Some(variable);
    }
    let (key, default) = variable.split_once(',').map_or((variable, None), |(key, default)| (key, Some(default)));
    let default = || default?.trim().strip_prefix('\'')?.strip_suffix('\'');
    context.single(key.trim()).or_else(default)
}

#[cfg(test)]
mod tests {
    use super::super::glob::matches;
    use super::*;

    fn filled(text: &str) -> Option<String> {
        let mut context = Context::default();
        context.set("aws:username", "al*ce");
        context.set_list("aws:TagKeys", ["a", "b"].into_iter());
        Filled::new(text, Some(&context)).map(|filled| filled.text())
    }

    #[test]
    fn variables_stand_for_the_values_of_the_request() {
        for (text, expected) in [
            ("plain", Some("plain")),
            ("a/${aws:username}/b", Some("a/al*ce/b")),
            ("${AWS:UserName}", Some("al*ce")),
            ("${aws:userid, 'nobody'}!", Some("nobody!")),
            ("${aws:userid}", None),
            ("${aws:TagKeys}", None),
            ("${*}${?}${$}", Some("*?$")),
            ("${aws:username", Some("${aws:username")),
        ] {
            assert_eq!(filled(text).as_deref(), expected, "{text}");
        }
        assert_eq!(Filled::new("${x}", None).unwrap().text(), "${x}", "policies of 2008 have no variables");
    }

    #[test]
    fn a_star_in_a_value_is_no_wildcard() {
        let mut context = Context::default();
        context.set("k", "a*");
        let filled = Filled::new("${k}/*${*}", Some(&context)).unwrap();
        assert!(matches(filled.pattern(), "a*/x*"));
        assert!(!matches(filled.pattern(), "ab/x*") && !matches(filled.pattern(), "a*/xy"));
    }
}

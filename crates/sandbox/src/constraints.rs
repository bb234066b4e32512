//! The constraints of parameters, and the words in which STS reports the broken ones.
//!
//! All that is wrong with a call is reported together, as the [API reference](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)
//! bounds it. A missing parameter is reported here too; what a value means is left to the operations.

use std::fmt;
use std::ops::RangeInclusive;

use crate::error::StsError;
use crate::query::Parameters;

/// A set of characters, as the API reference writes it, and whether one is in it.
#[derive(Clone, Copy)]
pub(crate) struct Pattern {
    written: &'static str,
    holds: fn(char) -> bool,
}

/// Names of sessions, and source identities.
pub(crate) const NAME: Pattern = Pattern { written: "[\\w+=,.@-]*", holds: is_name };

/// External ids.
const EXTERNAL_ID: Pattern = Pattern { written: "[\\w+=,.@:\\/-]*", holds: |c| is_name(c) || matches!(c, ':' | '/') };

/// The keys of session tags.
const TAG_KEY: Pattern = Pattern { written: "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+", holds: is_tag };

/// The values of session tags.
const TAG_VALUE: Pattern = Pattern { written: "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", holds: is_tag };

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

fn is_tag(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

/// What has been found wrong with one call so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// A parameter that must be there, with its length in characters.
    pub(crate) fn required<'a>(
        &mut self,
        member: &str,
        value: Option<&'a str>,
        length: RangeInclusive<usize>,
        pattern: Option<Pattern>,
    ) -> &'a str {
        match value {
            Some(value) => self.check(member, value, length, pattern),
            None => {
                self.0.push(format!("Value null at '{member}' failed to satisfy constraint: Member must not be null"))
            }
        }
        value.unwrap_or_default()
    }

    /// A number and its bounds.
    pub(crate) fn bounds(&mut self, member: &str, value: i32, bounds: RangeInclusive<i32>) {
        if value < *bounds.start() {
            self.push(member, value, format_args!("have value greater than or equal to {}", bounds.start()));
        } else if value > *bounds.end() {
            self.push(member, value, format_args!("have value less than or equal to {}", bounds.end()));
        }
    }

    /// The parameters that only `AssumeRole` has.
    pub(crate) fn assume_role(&mut self, parameters: &Parameters<'_>) {
        for (name, member, length, pattern) in
            [("ExternalId", "externalId", 2..=1224, EXTERNAL_ID), ("SourceIdentity", "sourceIdentity", 2..=64, NAME)]
        {
            if let Some(value) = parameters.get(name) {
                self.check(member, value, length, Some(pattern));
            }
        }
        let mut tags = 0;
        for (rest, value) in parameters.below("Tags.member.") {
            match rest.split_once('.') {
                Some((number, "Key")) => {
                    tags += 1;
                    self.check(&format!("tags.{number}.member.key"), value, 1..=128, Some(TAG_KEY));
                }
                Some((number, "Value")) => {
                    self.check(&format!("tags.{number}.member.value"), value, 0..=256, Some(TAG_VALUE));
                }
                _ => {}
            }
        }
        self.count("tags", tags, 50);
        let mut keys = 0;
        for (number, key) in parameters.below("TransitiveTagKeys.member.") {
            keys += 1;
            self.check(&format!("transitiveTagKeys.{number}.member"), key, 1..=128, Some(TAG_KEY));
        }
        self.count("transitiveTagKeys", keys, 50);
    }

    /// The session policies, which every operation takes.
    pub(crate) fn policies(&mut self, parameters: &Parameters<'_>) {
        if let Some(policy) = parameters.get("Policy") {
            self.check("policy", policy, 1..=2048, None);
        }
        let mut arns = 0;
        for (rest, arn) in parameters.below("PolicyArns.member.") {
            arns += 1;
            let number = rest.split('.').next().unwrap_or_default();
            self.check(&format!("policyArns.{number}.member.arn"), arn, 20..=2048, None);
        }
        self.count("policyArns", arns, 10);
    }

    /// All of them as the one error that STS answers with.
    pub(crate) fn finish(self) -> Result<(), StsError> {
        let Self(problems) = self;
        if problems.is_empty() {
            return Ok(());
        }
        let plural = if problems.len() == 1 { "" } else { "s" };
        let list = problems.join("; ");
        Err(StsError::validation(format!("{} validation error{plural} detected: {list}", problems.len())))
    }

    fn check(&mut self, member: &str, value: &str, length: RangeInclusive<usize>, pattern: Option<Pattern>) {
        let count = value.chars().count();
        if count < *length.start() {
            self.push(member, value, format_args!("have length greater than or equal to {}", length.start()));
        } else if count > *length.end() {
            self.push(member, value, format_args!("have length less than or equal to {}", length.end()));
        }
        if let Some(Pattern { written, .. }) = pattern.filter(|pattern| !value.chars().all(pattern.holds)) {
            self.push(member, value, format_args!("satisfy regular expression pattern: {written}"));
        }
    }

    fn count(&mut self, member: &str, count: usize, most: usize) {
        if count > most {
            self.push(
                member,
                format_args!("[{count} members]"),
                format_args!("have length less than or equal to {most}"),
            );
        }
    }

    fn push(&mut self, member: &str, value: impl fmt::Display, constraint: fmt::Arguments<'_>) {
        self.0.push(format!("Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(form: &str) -> String {
        let parameters = Parameters::parse([form.as_bytes()]).unwrap();
        let mut problems = Problems::default();
        problems.assume_role(&parameters);
        problems.policies(&parameters);
        problems.finish().map_or_else(|error| error.message, |()| String::new())
    }

    #[test]
    fn what_aws_takes_is_taken() {
        let tags: String = (1..=50).map(|n| format!("&Tags.member.{n}.Key=k{n}&Tags.member.{n}.Value=")).collect();
        for form in [
            "",
            "ExternalId=a/b:c%2B%3D,.@-_1&SourceIdentity=me%40host",
            "Tags.member.1.Key=Cost%20Center%C3%BC&Tags.member.1.Value=a/b%20%3A%2B&TransitiveTagKeys.member.1=team",
            "PolicyArns.member.1.arn=arn:aws:iam::aws:policy/ReadOnlyAccess",
            &tags,
        ] {
            assert_eq!(problems(form), "", "{form}");
        }
    }

    #[test]
    fn each_constraint_is_reported_where_it_is_broken() {
        let many = |name: &str, end: &str, count: usize| -> String {
            (1..=count).map(|n| format!("&{name}.member.{n}{end}=arn:aws:iam::aws:policy/P")).collect()
        };
        for (form, member, constraint) in [
            ("ExternalId=x".to_owned(), "externalId", "have length greater than or equal to 2"),
            (format!("ExternalId={}", "x".repeat(1225)), "externalId", "have length less than or equal to 1224"),
            ("ExternalId=a%20b".into(), "externalId", "satisfy regular expression pattern: [\\w+=,.@:\\/-]*"),
            ("SourceIdentity=a:b".into(), "sourceIdentity", "satisfy regular expression pattern: [\\w+=,.@-]*"),
            ("Tags.member.3.Key=".into(), "tags.3.member.key", "have length greater than or equal to 1"),
            (format!("Tags.member.1.Value={}", "x".repeat(257)), "tags.1.member.value", "have length less than"),
            ("Tags.member.1.Key=a%23".into(), "tags.1.member.key", "satisfy regular expression pattern: [\\p{L}"),
            (many("Tags", ".Key", 51), "tags", "have length less than or equal to 50"),
            ("TransitiveTagKeys.member.1=%00".into(), "transitiveTagKeys.1.member", "satisfy regular expression"),
            ("Policy=".into(), "policy", "have length greater than or equal to 1"),
            ("PolicyArns.member.2.arn=short".into(), "policyArns.2.member.arn", "have length greater than or"),
            (many("PolicyArns", ".arn", 11), "policyArns", "have length less than or equal to 10"),
        ] {
            let found = problems(&form);
            let expected = format!("at '{member}' failed to satisfy constraint: Member must {constraint}");
            assert!(found.starts_with("1 validation error detected: ") && found.contains(&expected), "{form}: {found}");
        }
    }
}

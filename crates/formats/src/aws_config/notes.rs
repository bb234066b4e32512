//! Lines that the AWS SDKs read in different ways. We read them as botocore does, and say so.
//!
//! Compared were botocore 1.43, the Go SDK (`config` 1.33), the JavaScript SDK (`@smithy/core`, 2026) and Rust's
//! `aws-runtime` 1.10. What makes botocore refuse a whole file is no note but an error.

use std::collections::HashMap;

use super::assumed::seconds;
use super::{Key, Place, Profile, profile_name};
use crate::config::{File, parse};

/// A line that not every AWS SDK reads alike.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {difference}")]
pub struct Note {
    /// The line.
    pub at: Place,
    /// What differs.
    pub difference: Difference,
}

/// What the AWS SDKs do with a line. The first part is what botocore and we do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// `key: value`.
    #[error("`:` divides the key from its value, but some AWS SDKs skip the line or refuse the file; write `=`")]
    Colon,
    /// `key = value # text`.
    #[error("what follows `#` or `;` is part of the value, but other AWS SDKs cut it off; give it a line of its own")]
    InlineComment,
    /// `key = "value"`.
    #[error("the quotes are part of the value, but some AWS SDKs take them off; write it without")]
    Quotes,
    /// An indented line with `=` under a value.
    #[error("the value goes on in the next line, which some AWS SDKs take for a key of its own; take the indent out")]
    ContinuedByKey,
    /// An indented key.
    #[error("the key is indented, for which some AWS SDKs refuse the file; take the indent out")]
    Indented,
    /// `[ profile x ]`.
    #[error("the section is no profile, because of blanks at its brackets, but other AWS SDKs take it; take them out")]
    BlankHeader,
    /// `[profiles x]`.
    #[error("the section is a profile, but for other AWS SDKs it is none; write `[profile NAME]`")]
    OddHeader,
    /// A name that is not of plain characters.
    #[error("the profile's name has characters for which other AWS SDKs skip it; use letters, digits and `_-/.%@:+`")]
    OddName,
    /// `[profile "x"]`.
    #[error("the profile's name is quoted, for which some AWS SDKs skip it; write it without quotes")]
    QuotedName,
    /// `[profile x]` in the credentials file.
    #[error("the name of the profile begins with `profile` here, and other AWS SDKs skip it; write `[NAME]`")]
    PrefixInCredentials,
    /// `[default]` behind `[profile default]`.
    #[error(
        "`[default]` replaces the `[profile default]` before it, but for other AWS SDKs it does not; make one of them"
    )]
    DefaultTwice,
    /// Two spellings of one profile.
    #[error("the section replaces one above for the same profile, but other AWS SDKs do not; make one of the two")]
    ProfileTwice,
    /// `[DEFAULT]` with keys.
    #[error(
        "`[DEFAULT]` lends its keys to every profile, but for other AWS SDKs it does not; write them where they belong"
    )]
    LendingSection,
    /// A token file and another source.
    #[error("the token file is the source of the role alone, but some AWS SDKs refuse a second source; take it out")]
    WebIdentityAndSource,
    /// A web identity with a duration or an external id.
    #[error("the key is passed over: with a web identity it says nothing; take it out")]
    NotForWebIdentity,
    /// A duration that is no number.
    #[error("the duration is no whole number of seconds and is passed over; write one")]
    Duration,
}

/// The keys that say something of a role.
const OF_ROLES: [&str; 8] = [
    "role_arn",
    "source_profile",
    "credential_source",
    "web_identity_token_file",
    "external_id",
    "role_session_name",
    "duration_seconds",
    "region",
];

/// What can be said of the lines of one file.
pub(super) fn of_text(parsed: &parse::Sections, text: &str, file: File) -> Vec<Note> {
    let spans = parse::spans(text);
    let mut notes = Vec::new();
    let mut note = |line, difference| notes.push(Note { at: Place { file, line }, difference });
    let mut profiles: HashMap<String, &str> = HashMap::new();
    for section in &parsed.sections {
        let Some(name) = profile_name(&section.header, file) else {
            if profile_name(section.header.trim_matches(parse::is_space), file).is_some() {
                note(section.line, Difference::BlankHeader);
            }
            continue;
        };
        if let Some(difference) = of_header(&section.header, &name, file) {
            note(section.line, difference);
        }
        match profiles.insert(name, &section.header) {
            Some(_) if section.header == "default" => note(section.line, Difference::DefaultTwice),
            // Behind `[default]`, `[profile default]` wins everywhere.
            Some(before) if before != "default" => note(section.line, Difference::ProfileTwice),
            _ => {}
        }
        for key in &section.keys {
            let line = spans.get(key.line - 1).map_or("", |span| &text[span.clone()]);
            if line.contains(':') && line.find([':', '=']) == line.find(':') {
                note(key.line, Difference::Colon);
            }
            if line.starts_with(parse::is_space) {
                note(key.line, Difference::Indented);
            }
        }
    }
    if let Some(key) = parsed.defaults.first() {
        note(key.line, Difference::LendingSection);
    }
    notes
}

fn of_header(header: &str, name: &str, file: File) -> Option<Difference> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c);
    let prefix = header.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t']));
    match file {
        File::Credentials if prefix.is_some() => Some(Difference::PrefixInCredentials),
        File::Config if prefix.is_none() && header != "default" => Some(Difference::OddHeader),
        _ if name.is_empty() || !name.chars().all(plain) => Some(Difference::OddName),
        File::Config if header.contains(['"', '\'', '\\']) => Some(Difference::QuotedName),
        _ => None,
    }
}

/// What can be said of a profile.
pub(super) fn of_profile(profile: &Profile) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for key in &profile.keys {
        let difference = of_value(key).into_iter().chain(of_role(profile, key));
        notes.extend(difference.map(|difference| Note { at: key.at, difference }));
    }
    notes
}

fn of_value(key: &Key) -> Vec<Difference> {
    let Some(value) = key.text() else { return Vec::new() };
    let mut lines = value.split('\n');
    let first = lines.next().unwrap_or_default();
    let comment = |line: &str| {
        let marks = line.match_indices(['#', ';']);
        marks.into_iter().any(|(at, _)| at == 0 || line[..at].ends_with([' ', '\t']))
    };
    let quoted = first.len() > 1 && ['"', '\''].iter().any(|&quote| first.starts_with(quote) && first.ends_with(quote));
    let found = [
        (comment(first), Difference::InlineComment),
        (quoted && OF_ROLES.contains(&key.name.as_str()), Difference::Quotes),
        (lines.any(|line| line.contains('=')), Difference::ContinuedByKey),
    ];
    found.into_iter().filter_map(|(differs, difference)| differs.then_some(difference)).collect()
}

fn of_role(profile: &Profile, key: &Key) -> Option<Difference> {
    let web_identity = profile.has("role_arn") && profile.has("web_identity_token_file");
    match key.name.as_str() {
        "source_profile" | "credential_source" if web_identity => Some(Difference::WebIdentityAndSource),
        "external_id" | "duration_seconds" if web_identity => Some(Difference::NotForWebIdentity),
        "duration_seconds" if key.text().is_none_or(|value| seconds(value).is_none()) => Some(Difference::Duration),
        _ => None,
    }
}

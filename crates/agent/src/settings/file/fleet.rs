//! `[fleet.<name>]`: one role that is there under one name in many accounts, as a role for each of them.

use rolecall_core::{Alias, RoleArn};

use super::details::{self, Reader};
use super::roles::{FileRole, WrongRole};
use super::value::{Entry, Wrong, entries};

/// The name of the profile where nobody says another.
const ALIAS: &str = "{account}-{role}";
const PARTITION: &str = "aws";
/// The keys of a fleet beside those that it shares with single roles.
const KEYS: [&str; 4] = ["accounts", "role", "partition", "alias"];

/// Reads all tables: a role for each account, in the order of the file.
pub(super) fn read(entry: &Entry<'_>) -> Result<Vec<Result<FileRole, WrongRole>>, Wrong> {
    let one =
        |entry: &Entry<'_>| fleet(entry).unwrap_or_else(|problems| vec![Err(WrongRole { alias: None, problems })]);
    Ok(entries(entry.file, entry.table()?).iter().flat_map(one).collect())
}

fn fleet(entry: &Entry<'_>) -> Result<Vec<Result<FileRole, WrongRole>>, Vec<crate::settings::problem::Problem>> {
    let mut problems = Vec::new();
    let mut note = |wrong: Wrong| problems.push(wrong.shortened());
    let mut reader = Reader::default();
    let (mut accounts, mut role, mut partition, mut alias) = (None, None, PARTITION.to_owned(), ALIAS.to_owned());
    let keys = entry.table().map(|table| entries(entry.file, table)).map_err(&mut note).unwrap_or_default();
    for key in &keys {
        let read = match key.key {
            "accounts" => key.table().map(|table| accounts = Some(entries(key.file, table))),
            "role" => key.text().map(|text| role = Some(text.to_owned())),
            "partition" => key.text().map(|text| partition = text.to_owned()),
            "alias" => template(key).map(|text| alias = text),
            _ => reader.take(key).unwrap_or_else(|| Err(key.unknown(&[&KEYS[..], &details::KEYS[..]].concat()))),
        };
        let _ = read.map_err(&mut note);
    }
    let details = reader.finish(entry).map_err(&mut note);
    let (Some(accounts), Some(role)) = (accounts, role) else {
        if problems.is_empty() {
            let action = "add `accounts = { billing = \"111122223333\" }` and `role = \"ReadOnly\"`";
            problems.push(entry.wrong(&entry.key_span, "a fleet has accounts and a role", action).shortened());
        }
        return Err(problems);
    };
    let Ok(details) = details else { return Err(problems) };
    if !problems.is_empty() {
        return Err(problems);
    }
    let of_account = |account: &Entry<'_>| {
        let wrong = |wrong: Wrong| WrongRole { alias: None, problems: vec![wrong.shortened()] };
        let (alias, arn) = member(account, &role, &partition, &alias).map_err(wrong)?;
        Ok(FileRole { alias, origin: account.file.origin(&account.key_span), arn, details: details.clone() })
    };
    Ok(accounts.iter().map(of_account).collect())
}

/// The role of one account, and its profile name.
fn member(account: &Entry<'_>, role: &str, partition: &str, template: &str) -> Result<(Alias, RoleArn), Wrong> {
    let id = account.text()?;
    let arn = format!("arn:{partition}:iam::{id}:role/{role}").parse::<RoleArn>().map_err(|error| {
        let action = "write the 12 digits of the account id in quotes, and role as it is behind `role/` in its ARN";
        account.wrong(&account.value.span(), &error.problem.to_string(), action)
    })?;
    let name = template.replace("{account}", account.key).replace("{role}", arn.name());
    let alias = name.parse::<Alias>().map_err(|error| {
        let action = "give the account another name, or the fleet another alias";
        account.wrong(&account.key_span, &error.to_string(), action)
    })?;
    Ok((alias, arn))
}

/// A template for the profile names, each of which has to be another.
fn template(entry: &Entry<'_>) -> Result<String, Wrong> {
    let text = entry.text()?;
    let rest = text.replace("{account}", "").replace("{role}", "");
    if text.contains("{account}") && !rest.contains(['{', '}']) {
        return Ok(text.into());
    }
    let message = format!("{text:?} has to have {{account}} and may have {{role}}, and no other braces");
    Err(entry.wrong(&entry.value.span(), &message, "write it such as \"{account}-{role}\", which is the default"))
}

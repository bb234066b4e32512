//! The `credential_process` command line of a profile.
//!
//! Promises a line that starts the same program with the same arguments whoever reads it: botocore splits it with
//! `shlex`, the other SDKs hand it to `sh -c`, and all but botocore cut a value at white space before `#` or `;`.
//! What cannot be written so is refused by name. Whether the program exists is left to the caller.

use rolecall_core::Alias;

use crate::shell;

/// A command that prints the credentials of any alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    /// All but the alias of a command that asks an agent.
    Ask(String),
    /// The directory of the documents that `cat` prints.
    Cat(String),
}

/// Why a path cannot stand in a `credential_process` line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Programs start it from any directory, so a relative path names something else each time.
    #[error("{path:?} cannot stand in a `credential_process` line: it is not an absolute path")]
    Relative {
        /// The path.
        path: String,
    },
    /// A control character ends the line, or is eaten by some reader.
    #[error("{path:?} cannot stand in a `credential_process` line: it has a control character; use a path without one")]
    Control {
        /// The path.
        path: String,
    },
    /// SDKs take this for the start of a comment, even in quotes.
    #[error(
        "{path:?} cannot stand in a `credential_process` line: AWS SDKs take white space before `#` or `;` for a \
         comment; use a path without it"
    )]
    Comment {
        /// The path.
        path: String,
    },
}

impl Command {
    /// The command that runs `program` with the state directory `state_dir`, both absolute paths.
    ///
    /// # Errors
    /// The first path that not every reader would get as it is.
    pub fn new(program: &str, state_dir: &str) -> Result<Self, CommandError> {
        let program = shell::quote_always(checked(program)?);
        let state_dir = shell::quote(checked(state_dir)?);
        Ok(Self(Form::Ask(format!("{program} credentials --state-dir {state_dir}"))))
    }

    /// The command that prints `<alias>.json` in `directory`, an absolute path: no program of ours is needed for it.
    ///
    /// # Errors
    /// When not every reader would get the path as it is.
    pub fn cat(directory: &str) -> Result<Self, CommandError> {
        Ok(Self(Form::Cat(checked(directory)?.into())))
    }

    /// The value of `credential_process` in the profile of `alias`.
    #[must_use]
    pub fn line(&self, alias: &Alias) -> String {
        // An alias has only characters that are plain to every shell.
        match &self.0 {
            Form::Ask(command) => format!("{command} {alias}"),
            Form::Cat(directory) => format!("cat {}", shell::quote(&format!("{directory}/{alias}.json"))),
        }
    }
}

fn checked(path: &str) -> Result<&str, CommandError> {
    // JavaScript counts the byte order mark among white space.
    let is_space = |c: char| c.is_whitespace() || c == '\u{feff}';
    let comment = path.chars().zip(path.chars().skip(1)).any(|(c, next)| is_space(c) && (next == '#' || next == ';'));
    if !path.starts_with('/') {
        Err(CommandError::Relative { path: path.into() })
    } else if path.chars().any(char::is_control) {
        Err(CommandError::Control { path: path.into() })
    } else if comment {
        Err(CommandError::Comment { path: path.into() })
    } else {
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(program: &str, state_dir: &str) -> Result<String, CommandError> {
        Ok(Command::new(program, state_dir)?.line(&"My.Account".parse().unwrap()))
    }

    #[test]
    fn the_program_is_always_quoted_and_the_rest_where_it_must_be() {
        for (program, state_dir, expected) in [
            (
                "/usr/local/bin/rolecall",
                "/home/me/.local/state/rolecall",
                r#""/usr/local/bin/rolecall" credentials --state-dir /home/me/.local/state/rolecall My.Account"#,
            ),
            (
                "/opt/my tools/rolecall",
                "/home/a b/s",
                r#""/opt/my tools/rolecall" credentials --state-dir "/home/a b/s" My.Account"#,
            ),
            ("/$x/100%/rolecall", "/~/#1", r#"'/$x/100%/rolecall' credentials --state-dir "/~/#1" My.Account"#),
        ] {
            assert_eq!(line(program, state_dir).unwrap(), expected);
        }
    }

    #[test]
    fn cat_gets_the_whole_path_in_one_word() {
        for (directory, expected) in [
            ("/home/me/.local/state/rolecall/json", "cat /home/me/.local/state/rolecall/json/My.Account.json"),
            ("/home/a b/json", r#"cat "/home/a b/json/My.Account.json""#),
            ("/it's $5/json", r#"cat '/it'"'"'s $5/json/My.Account.json'"#),
        ] {
            let line = Command::cat(directory).unwrap().line(&"My.Account".parse().unwrap());
            assert_eq!(line, expected);
            assert_eq!(shell::split(&line).unwrap(), ["cat", &format!("{directory}/My.Account.json")]);
        }
    }

    #[test]
    fn a_path_that_some_reader_would_change_is_refused_by_name() {
        for (path, error) in [
            ("rolecall", CommandError::Relative { path: "rolecall".into() }),
            ("~/rolecall", CommandError::Relative { path: "~/rolecall".into() }),
            ("", CommandError::Relative { path: String::new() }),
            ("/a\nb", CommandError::Control { path: "/a\nb".into() }),
            ("/a\u{85}b", CommandError::Control { path: "/a\u{85}b".into() }),
            ("/a #b", CommandError::Comment { path: "/a #b".into() }),
            ("/a\u{a0};b", CommandError::Comment { path: "/a\u{a0};b".into() }),
        ] {
            assert_eq!(line(path, "/s"), Err(error.clone()));
            assert_eq!(line("/p", path), Err(error.clone()));
            assert_eq!(Command::cat(path), Err(error));
        }
    }
}

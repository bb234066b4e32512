//! Lines that a shell evaluates to set and unset variables of its environment.
//!
//! Promises that whatever a value holds is read back as it is and runs nothing, that a line ends in `;`, so that it does
//! no harm to join lines, and that a variable that is unset is in no program's environment afterwards, or else the user of
//! the shell is told. Names are the caller's to choose: letters, digits and `_`.

use std::fmt;
use std::str::FromStr;

/// A family of shells that take the same lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// `sh`, `bash`, `zsh`, `dash`, `ksh` ([POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html)).
    Sh,
    /// [fish](https://fishshell.com/docs/current/language.html).
    Fish,
    /// [PowerShell](https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules).
    PowerShell,
}

impl Shell {
    /// The family of a shell's program, such as `/usr/bin/fish`; none when it takes lines of none of them.
    #[must_use]
    pub fn of_program(path: &str) -> Option<Self> {
        match path.rsplit('/').next()? {
            "sh" | "bash" | "zsh" | "dash" | "ash" | "ksh" | "mksh" => Some(Self::Sh),
            "fish" => Some(Self::Fish),
            "pwsh" | "powershell" => Some(Self::PowerShell),
            _ => None,
        }
    }

    /// The line that sets a variable for this shell and the programs that it starts.
    #[must_use]
    pub fn set(self, name: &str, value: &str) -> String {
        let value = self.quoted(value);
        match self {
            Self::Sh => format!("export {name}={value};\n"),
            Self::Fish => format!("set -gx {name} {value};\n"),
            Self::PowerShell => format!("$env:{name} = {value};\n"),
        }
    }

    /// The line that takes a variable out of the environment; no error where there is none.
    #[must_use]
    pub fn unset(self, name: &str) -> String {
        match self {
            Self::Sh => format!("unset {name};\n"),
            // A universal variable is for all shells and for ever: it is left to the user, who is told.
            Self::Fish => format!(
                "set -eg {name}; if set -qxU {name}; echo '{name} is a universal variable, which programs see still: \
                 set -eU {name}' >&2; end;\n"
            ),
            Self::PowerShell => format!("$env:{name} = $null;\n"),
        }
    }

    /// A value in single quotes, in which the shells look for nothing but the end of it, and fish for `\`.
    fn quoted(self, value: &str) -> String {
        let value = match self {
            Self::Sh => value.replace('\'', r"'\''"),
            Self::Fish => value.replace('\\', r"\\").replace('\'', r"\'"),
            Self::PowerShell => doubled(value),
        };
        format!("'{value}'")
    }
}

/// A value with each single quote twice; PowerShell takes the typographic ones for such, too.
fn doubled(value: &str) -> String {
    let is_quote = |c: &char| matches!(c, '\'' | '\u{2018}'..='\u{201b}');
    value.chars().flat_map(|c| [Some(c), Some(c).filter(is_quote)]).flatten().collect()
}

/// Not the name of a family of shells.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no shell that is known: use sh (also for bash, zsh, dash, ksh), fish or powershell")]
pub struct UnknownShell;

impl FromStr for Shell {
    type Err = UnknownShell;

    fn from_str(name: &str) -> Result<Self, UnknownShell> {
        Self::of_program(name).ok_or(UnknownShell)
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sh => "sh",
            Self::Fish => "fish",
            Self::PowerShell => "powershell",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_shell_gets_its_own_lines() {
        for (shell, set, unset) in [
            (Shell::Sh, r"export A='it'\''s $5 \';", "unset A;"),
            (
                Shell::Fish,
                r"set -gx A 'it\'s $5 \\';",
                "set -eg A; if set -qxU A; echo 'A is a universal variable, which programs see still: set -eU A' >&2; end;",
            ),
            (Shell::PowerShell, r"$env:A = 'it''s $5 \';", "$env:A = $null;"),
        ] {
            assert_eq!(shell.set("A", r"it's $5 \"), format!("{set}\n"));
            assert_eq!(shell.unset("A"), format!("{unset}\n"));
        }
        assert_eq!(Shell::PowerShell.set("A", "\u{2019}"), "$env:A = '\u{2019}\u{2019}';\n");
    }

    #[test]
    fn a_shell_is_known_by_its_program() {
        for (program, shell) in [
            ("/bin/bash", Some(Shell::Sh)),
            ("zsh", Some(Shell::Sh)),
            ("/usr/local/bin/fish", Some(Shell::Fish)),
            ("/opt/microsoft/powershell/7/pwsh", Some(Shell::PowerShell)),
            ("/bin/tcsh", None),
            ("", None),
        ] {
            assert_eq!(Shell::of_program(program), shell, "{program}");
        }
        for shell in [Shell::Sh, Shell::Fish, Shell::PowerShell] {
            assert_eq!(shell.to_string().parse(), Ok(shell));
        }
        assert_eq!("csh".parse::<Shell>(), Err(UnknownShell));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn sh_has_the_value_as_it_is_and_forgets_what_is_unset(value in r#"[ -~é\t\n]{0,24}"#) {
            let lines = format!("{}{}set -u\n", Shell::Sh.set("A", &value), Shell::Sh.unset("B"));
            for script in [&format!("{lines}printf '%s.' \"$A\""), "eval \"$L\"\nprintf '%s.' \"$A\""] {
                let output = Command::new("sh").args(["-c", script]).env("B", "x").env("L", &lines).output().unwrap();
                prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{value}."));
            }
            let output = Command::new("sh").args(["-c", &format!("{lines}echo $B")]).env("B", "x").output().unwrap();
            prop_assert!(!output.status.success());
        }
    }
}

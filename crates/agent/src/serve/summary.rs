//! How the roles of an agent stand, in numbers: for its log, for whoever started it, and for its exit code.

use std::fmt;

use rolecall_rotator::{Report, State};

/// How many roles there are, and how many can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// All roles.
    pub roles: usize,
    /// Those that a valid session is held for.
    pub held: usize,
}

impl Summary {
    pub(crate) fn of(report: &Report) -> Self {
        let held = |state| matches!(state, State::Fresh | State::Stale);
        Self { roles: report.roles.len(), held: report.roles.iter().filter(|role| held(role.state)).count() }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { roles: 0, .. } => f.write_str("there is no role"),
            Self { roles: 1, held: 1 } => f.write_str("the role has a session"),
            Self { roles: 1, .. } => f.write_str("the role has no session"),
            Self { roles, held } => write!(f, "{held} of {roles} roles have a session"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_a_sentence() {
        for (roles, held, text) in [
            (0, 0, "there is no role"),
            (1, 0, "the role has no session"),
            (1, 1, "the role has a session"),
            (3, 0, "0 of 3 roles have a session"),
            (3, 2, "2 of 3 roles have a session"),
            (3, 3, "3 of 3 roles have a session"),
        ] {
            assert_eq!(Summary { roles, held }.to_string(), text);
        }
    }
}

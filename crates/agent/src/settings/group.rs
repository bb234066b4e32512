//! The group that an agent shares its state directory with.
//!
//! Promises a number that the system takes for a group. The name is looked up in the text of `/etc/group`, not by the C
//! library: in a static binary that would load modules of the machine it happens to run on.

use std::fmt;

use crate::settings::SettingsError;

/// What `chown` takes for "leave it as it is", so no group can have it.
const NO_GROUP: u32 = u32::MAX;

/// A group, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group(u32);

impl Group {
    /// The group that a setting means: a number, or a name in `groups`, the text of `/etc/group`.
    ///
    /// # Errors
    /// When no group has that name, or the number can be none.
    pub fn named(text: &str, groups: &str) -> Result<Self, SettingsError> {
        let text = text.trim();
        let unknown = || SettingsError::UnknownGroup(text.into());
        let id = match text.parse() {
            Ok(id) => id,
            Err(_) => groups.lines().find_map(|line| id_of(text, line)).ok_or_else(unknown)?,
        };
        Self::new(id).ok_or_else(unknown)
    }

    /// The group of this number; none when it can be none.
    #[must_use]
    pub fn new(id: u32) -> Option<Self> {
        (id != NO_GROUP).then_some(Self(id))
    }

    /// Its number.
    #[must_use]
    pub fn id(self) -> u32 {
        self.0
    }

    /// Whether this process may give files to it: it is a member, or root.
    pub(crate) fn is_ours(self) -> bool {
        let is = |group: rustix::process::Gid| group.as_raw() == self.0;
        rustix::process::geteuid().is_root()
            || is(rustix::process::getegid())
            || rustix::process::getgroups().is_ok_and(|groups| groups.into_iter().any(is))
    }
}

/// The number in a line such as `staff:x:50:me,you`, if it is of the group of this name.
fn id_of(name: &str, line: &str) -> Option<u32> {
    let mut fields = line.split(':');
    if fields.next()? != name || name.is_empty() {
        return None;
    }
    fields.nth(1)?.parse().ok()
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: &str = "root:x:0:\n# a comment\nstaff:x:50:me,you\nbroken:x\nodd:x:many:\nlast:x:4294967295:";

    #[test]
    fn a_number_is_itself_and_a_name_is_looked_up() {
        for (text, id) in [("0", 0), ("4242", 4242), (" 50 ", 50), ("staff", 50), ("root", 0)] {
            assert_eq!(Group::named(text, GROUPS), Ok(Group(id)), "{text}");
        }
        // A number needs no file.
        assert_eq!(Group::named("7", ""), Ok(Group(7)));
    }

    #[test]
    fn what_is_no_group_is_refused_by_name() {
        for text in ["", "-1", "nobody-has-it", "stafF", "broken", "odd", "last", "4294967295", "4294967296", "staff:x"]
        {
            let error = Group::named(text, GROUPS).unwrap_err();
            assert_eq!(error, SettingsError::UnknownGroup(text.into()));
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}

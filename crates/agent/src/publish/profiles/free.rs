//! Which roles may be published, given what the user's files hold besides our block. Pure.

use std::collections::BTreeMap;
use std::path::Path;

use rolecall_core::{Alias, Fault, FaultKind, Role};
use rolecall_formats::config::Profiles;

/// Which names are free.
#[derive(Clone, Debug, Default)]
pub(crate) struct Free {
    /// The role whose keys `default` may have; none when the user has that profile.
    pub(crate) default: Option<Alias>,
    /// The roles whose names are taken, and by which file.
    pub(crate) taken: BTreeMap<Alias, Fault>,
    /// What is worth knowing about single roles.
    pub(crate) notes: BTreeMap<Alias, String>,
}

impl Free {
    /// Looks for the names of `roles` among the profiles that are not ours. A profile in either file counts: programs
    /// merge the two, and keys win over a command.
    pub(crate) fn look(roles: &[&Role], default: Option<&Alias>, others: [(&Path, &Profiles); 2]) -> Self {
        let holder =
            |name: &str| others.iter().find_map(|(path, profiles)| Some((path.display(), profiles.get(name)?.line)));
        let mut free = Self::default();
        for Role { alias, .. } in roles {
            if let Some((path, line)) = holder(alias.as_str()) {
                let message = format!("publish the profile {alias}: {path} has one of that name, in line {line}");
                let action = format!(
                    "remove or rename that profile, give the role another friendly name, or give yours up with \
                     `rolecall agent --take-over {alias}`, which copies the file first"
                );
                free.taken.insert(alias.clone(), Fault::new(FaultKind::ProfileTaken, message, action));
            }
        }
        if let Some(alias) = default {
            match holder("default") {
                None => free.default = Some(alias.clone()),
                Some((path, line)) => {
                    let note = format!("`default` stays as it is: {path} has that profile, in line {line}");
                    free.notes.insert(alias.clone(), note);
                }
            }
        }
        free
    }

    /// Whether the role may be published.
    pub(crate) fn allows(&self, alias: &Alias) -> bool {
        !self.taken.contains_key(alias)
    }
}

//! The world as it is during one call: the one from the file, and what was changed since.

use std::collections::BTreeMap;

use rolecall_core::RoleArn;

use crate::config::{Config, Role};
use crate::faults::Faults;
use crate::mint::Mint;
use crate::policy::Policy;

/// Trust policies that were put in the place of those of the file.
pub(crate) type ChangedTrust = BTreeMap<RoleArn, Policy>;

/// What the operations look at.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub(crate) config: &'a Config,
    pub(crate) mint: &'a Mint,
    pub(crate) faults: &'a Faults,
    pub(crate) changed_trust: &'a ChangedTrust,
}

impl<'a> World<'a> {
    /// The trust policy in force of a role of the world.
    pub(crate) fn trust_of(self, arn: &RoleArn, role: &'a Role) -> &'a Policy {
        self.changed_trust.get(arn).unwrap_or(&role.trust)
    }
}

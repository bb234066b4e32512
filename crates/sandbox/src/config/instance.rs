//! The instance of a world, from TOML.

use std::collections::BTreeMap;

use rolecall_core::{Region, RoleArn};
use serde::Deserialize;

use super::{ConfigError, Instance, Role};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InstanceTable {
    role: String,
    #[serde(default = "first_region")]
    region: String,
}

fn first_region() -> String {
    "us-east-1".into()
}

impl InstanceTable {
    /// Reads it, in a world of these roles.
    pub(super) fn read(self, roles: &BTreeMap<RoleArn, Role>) -> Result<Instance, ConfigError> {
        let Self { role, region } = self;
        let known = role.parse().ok().filter(|arn| roles.contains_key(arn));
        let role = known.ok_or_else(|| {
            ConfigError::Instance(format!("role is {role:?}, which is not the ARN of a role of this file"))
        })?;
        let region = region.parse::<Region>().map_err(|problem| ConfigError::Instance(format!("region: {problem}")))?;
        Ok(Instance { role, region })
    }
}

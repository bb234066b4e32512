//! The flag that has the AWS config count, for commands that read it as the agent does.

use clap::builder::BoolishValueParser;
use rolecall_agent::settings::file::FileSettings;

use super::Sourced;
use crate::roles::FROM_AWS_CONFIG;

// No doc comment: clap would take it for the description of every command that has this.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AwsConfigArg {
    /// Take every profile of your AWS config that assumes a role as a role, too, as the agent does
    #[arg(long, env = FROM_AWS_CONFIG, hide_env_values = true, value_parser = BoolishValueParser::new(),
        default_value_t = false, default_missing_value = "true", num_args = 0..=1, require_equals = true,
        hide_default_value = true, hide_possible_values = true)]
    from_aws_config: bool,
}

impl AwsConfigArg {
    /// Whether it counts, by this flag, which is among the arguments of `sourced`, and by the settings file.
    pub(crate) fn counts<A>(&self, sourced: &Sourced<A>, said: &FileSettings) -> bool {
        sourced.or("from_aws_config", self.from_aws_config, said.from_aws_config)
    }
}

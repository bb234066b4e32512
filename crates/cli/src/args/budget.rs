//! The flags for how fast STS may be asked.

use rolecall_agent::settings::file::FileSettings;
use rolecall_core::rotation::BudgetPolicy;

use super::Sourced;

// No doc comment: clap would take it for the description of every command that has this.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct BudgetArgs {
    /// The most calls to STS under way at once
    #[arg(long, value_name = "N", env = "ROLECALL_STS_IN_FLIGHT", hide_env_values = true, default_value_t = BudgetPolicy::default().in_flight,
        value_parser = clap::value_parser!(u32).range(1..))]
    sts_in_flight: u32,
    /// The most calls to STS a second
    #[arg(long, value_name = "N", env = "ROLECALL_STS_RATE", hide_env_values = true, default_value_t = BudgetPolicy::default().per_second,
        value_parser = clap::value_parser!(u32).range(1..))]
    sts_rate: u32,
    /// The most calls to STS at once after a pause
    #[arg(long, value_name = "N", env = "ROLECALL_STS_BURST", hide_env_values = true, default_value_t = BudgetPolicy::default().burst,
        value_parser = clap::value_parser!(u32).range(1..))]
    sts_burst: u32,
}

impl BudgetArgs {
    /// The budget by these flags, which are among the arguments of `sourced`, and by the settings file.
    pub(crate) fn policy<A>(&self, sourced: &Sourced<A>, said: &FileSettings) -> BudgetPolicy {
        BudgetPolicy {
            in_flight: sourced.or("sts_in_flight", self.sts_in_flight, said.sts_in_flight),
            per_second: sourced.or("sts_rate", self.sts_rate, said.sts_rate),
            burst: sourced.or("sts_burst", self.sts_burst, said.sts_burst),
        }
    }
}

//! What `profiles` and `status` share: their arguments, the question to the agent, and the two forms of the answer.

use jiff::Timestamp;
use rolecall_core::port::Clock as _;
use rolecall_rotator::SystemClock;
use serde::de::DeserializeOwned;

use crate::args::{Output, StateDirArg};
use crate::client;
use crate::environment::Environment;
use crate::failure::Failure;
use crate::output;

// No doc comment: clap would take it for the description of both commands.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// A text for people, or JSON for programs
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    output: Output,
    #[command(flatten)]
    state_dir: StateDirArg,
}

impl ReportArgs {
    /// Asks the agent for the document at `target` and prints it: as it came, or as the text that is made of it for now
    /// and for the width of a terminal.
    ///
    /// # Errors
    /// When there is no agent to ask, it speaks another version, or stdout takes no more.
    pub(crate) fn print<T: DeserializeOwned>(
        &self,
        environment: &Environment,
        target: &str,
        text: impl FnOnce(&T, Timestamp, Option<u16>) -> String,
    ) -> Result<T, Failure> {
        let state_dir = self.state_dir.resolve(environment)?;
        let body = client::get(&state_dir, target, client::AT_HAND)?;
        let document = client::parsed(&state_dir, target, &body)?;
        match self.output {
            Output::Json => output::print_document(body)?,
            Output::Table => {
                output::print_styled(&text(&document, SystemClock.now().wall, output::terminal_width()))?;
            }
        }
        Ok(document)
    }
}

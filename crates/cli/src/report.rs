//! What `profiles` and `status` share: their arguments, the question to the agent, and the two forms of the answer.

use jiff::Timestamp;
use rolecall_core::port::Clock as _;
use rolecall_rotator::SystemClock;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

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
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) state_dir: StateDirArg,
}

/// What the agent answered.
pub(crate) struct Answer<T> {
    /// As this version reads it.
    pub(crate) document: T,
    /// As it came.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl ReportArgs {
    /// Asks the agent for the document at `target`.
    ///
    /// # Errors
    /// When there is no agent to ask, or it speaks another version.
    pub(crate) fn ask<T: DeserializeOwned>(
        &self,
        environment: &Environment,
        target: &str,
    ) -> Result<Answer<T>, Failure> {
        let state_dir = self.state_dir.resolve(environment)?;
        let body = client::get(&state_dir, target, client::AT_HAND)?;
        let document = client::parsed(&state_dir, target, &body)?;
        Ok(Answer { document, body })
    }

    /// Prints an answer: as it came, or as the text that is made of it for now and for the width of a terminal.
    ///
    /// # Errors
    /// When stdout takes no more.
    pub(crate) fn print<T>(
        &self,
        Answer { document, body }: Answer<T>,
        text: impl FnOnce(&T, Timestamp, Option<usize>) -> String,
    ) -> Result<T, Failure> {
        match self.output {
            Output::Json => output::print_document(body)?,
            Output::Table => {
                output::print_styled(&text(&document, SystemClock.now().wall, output::terminal_width()))?;
            }
        }
        Ok(document)
    }
}

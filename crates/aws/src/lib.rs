//! STS and base credentials through the AWS SDK, as the port [`rolecall_core::AssumeRole`].
//!
//! Promises one classified answer per call, within 25 seconds, without a secret in any fault; base credentials that are
//! read anew when their source changes; and that nothing of the user's profile files and variables is seen but what
//! [`ProfileFiles`] and [`Environment`] give. When to ask, and when to ask again, is left to the rotator.
//!
//! | To find | Look in |
//! |---|---|
//! | where the base credentials come from, and how long a load of them is used | `base` |
//! | what a role is assumed with | `sources` |
//! | the call itself: Region, duration, the clock of STS | `sts` |
//! | what an error of AWS or of the SDK means and what to do about it | `fault` |
//! | who a role is assumed by, and whom it trusts | [`explain`] |

mod base;
mod environment;
pub mod explain;
mod fault;
mod http;
mod quiet;
mod region;
mod sources;
mod sts;
#[cfg(test)]
mod tests;
mod value;

pub use base::{Base, CredentialProcess, ProfileFiles, ProfileTexts, credential_process, endpoint_flaw};
pub use environment::Environment;
pub use sts::Sts;

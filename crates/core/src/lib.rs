//! The words of Rolecall as types, the rotation engine, and the ports that the rest of the house implements.
//!
//! Everything here is pure: no runtime, no AWS SDK, no HTTP, no clock, no files, no environment. Time, environment and
//! randomness come in as values, so every decision can be replayed and printed.
//!
//! | To find | Look in |
//! |---|---|
//! | what a role is and how its parts are spelt | [`role`], [`arn`], [`alias`], [`region`], [`session_name`], [`external_id`], [`session_policy`] |
//! | why a role could not be assumed | [`fault`] |
//! | what STS issued | [`credentials`] |
//! | when to assume which role | [`rotation`] |
//! | what an adapter must implement | [`port`] |

pub mod alias;
pub mod arn;
pub mod credentials;
pub mod external_id;
pub mod fault;
pub mod port;
pub mod region;
pub mod role;
pub mod rotation;
pub mod session_name;
pub mod session_policy;

pub use alias::Alias;
pub use arn::RoleArn;
pub use credentials::SessionCredentials;
pub use external_id::ExternalId;
pub use fault::{Fault, FaultKind};
pub use port::{AssumeRole, Assumed, Clock, Delivery, Session, Sink};
pub use region::Region;
pub use role::{Role, RoleKey, Source};
pub use session_name::SessionName;
pub use session_policy::{PolicyArn, SessionPolicy};

//! The words of Rolecall as types, the rotation engine, and the ports that the rest of the house implements.
//!
//! Everything here is pure: no runtime, no AWS SDK, no HTTP, no clock, no files, no environment. Time, environment and
//! randomness come in as values, so every decision can be replayed and printed.
//!
//! | To find | Look in |
//! |---|---|
//! | what a role is | [`role`], [`source`]; how roles become chains: [`chain`] |
//! | how its parts are spelt | [`arn`], [`alias`], [`region`], [`session_name`], [`external_id`], [`session_tags`], [`source_identity`], [`session_policy`] |
//! | why a role could not be assumed | [`fault`] |
//! | what no text of others is shown with | [`unseen`] |
//! | what STS issued | [`credentials`] |
//! | when to assume which role | [`rotation`] |
//! | what an adapter must implement | [`port`] |

pub mod alias;
pub mod arn;
pub mod chain;
pub mod credentials;
pub mod external_id;
pub mod fault;
pub mod port;
pub mod region;
pub mod role;
pub mod rotation;
pub mod session_name;
pub mod session_policy;
pub mod session_tags;
pub mod source;
pub mod source_identity;
pub mod unseen;

pub use alias::Alias;
pub use arn::RoleArn;
pub use credentials::SessionCredentials;
pub use external_id::ExternalId;
pub use fault::{Fault, FaultKind};
pub use port::{AssumeRole, Assumed, Clock, Delivery, Session, Sink};
pub use region::Region;
pub use role::{Role, RoleKey};
pub use session_name::SessionName;
pub use session_policy::{PolicyArn, SessionPolicy};
pub use session_tags::SessionTags;
pub use source::Source;
pub use source_identity::SourceIdentity;
pub use unseen::is_unseen;

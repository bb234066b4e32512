//! An AWS STS in memory, over HTTP, for demos and tests, with the other sources of base credentials around it.
//!
//! Speaks as the real one does, so that AWS's programs cannot tell: the query protocol with XML answers and errors,
//! Signature Version 4 verified, trust policies and web identity tokens checked, sessions that really expire. Signatures
//! are taken in the `Authorization` header only, not from presigned URLs. A control endpoint makes it fail in chosen
//! ways and shows what was asked.
//!
//! | To find | Look in |
//! |---|---|
//! | accounts, users, roles and identity providers | [`Config`] |
//! | how a request becomes an answer | `sts`; the pieces: `query`, `sigv4`, `authenticate`, `xml` |
//! | the operations | `assume_role`, `web_identity`, what they share: `constraints`, `issue`, `world`; of IAM: `iam` |
//! | who may assume what | `trust`, `policy`; what goes along a chain of roles: `session` |
//! | IAM Identity Center, instance metadata, the container endpoint | `sources` |
//! | faults and the call log | [`Faults`], `throttle`, [`Call`], [`Control`]; over HTTP: `routes`, `role_routes` |
//! | keys, tokens and ids | `mint`, `issuer_key` |
//! | sockets | `server`, `service` |

mod assume_role;
mod authenticate;
mod calls;
mod config;
mod constraints;
mod control;
mod error;
mod faults;
mod iam;
mod identity;
mod issue;
mod issuer_key;
mod mint;
mod policy;
mod query;
mod role_routes;
mod routes;
mod server;
mod service;
mod session;
mod sigv4;
mod sources;
mod sts;
mod throttle;
mod trust;
mod web_identity;
mod world;
mod xml;

use std::sync::Arc;

use jiff::Timestamp;

pub use calls::Call;
pub use config::{Config, ConfigError, DEFAULT_WORLD, User};
pub use control::{Control, TokenError, TokenRequest, TrustPolicyError};
pub use faults::{Faults, FaultsError, KeyState, Outage, RoleFaults, Throttle};
pub use server::{Sandbox, StartError};
pub use sources::{ContainerTokenError, ContainerTokenRequest, Login, LoginError, LoginRequest, Pod};

/// Where a sandbox takes the time from.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

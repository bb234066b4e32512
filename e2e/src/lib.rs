//! What the black-box tests share: the binary as child processes in a home of their own, the servers they talk to, the
//! real clients, and waiting for conditions.
//!
//! Everything is started on loopback with a free port, in a temporary home with an environment that is empty but for
//! what the test says, and ended by its process id when its value is dropped. Every failure shows what the processes
//! printed. Helpers panic: a test has nobody to return an error to.

mod agent;
mod clients;
mod endpoint;
mod home;
mod http;
mod ministack;
mod moto;
mod process;
mod sandbox;
mod sdks;
mod secrets;
mod setup;
mod wait;

pub use agent::Agent;
pub use clients::{aws, boto3, caller};
pub use endpoint::through_endpoint;
pub use home::{Home, REGION, SEED_ROLES, seed_environment};
pub use ministack::Ministack;
pub use moto::Moto;
pub use process::{Finished, Running, finish};
pub use sandbox::Sandbox;
pub use sdks::{Caller, Sdk};
pub use secrets::Secrets;
pub use setup::{binary, image, python};
pub use wait::{elapsed, until};

//! With the real clients: the `aws` CLI and boto3, against the sandbox and against moto.

mod demo;
mod identity;
mod rotation;

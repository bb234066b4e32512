//! With the real clients: the `aws` CLI and boto3, against the sandbox, moto and ministack.

mod aws_config;
mod chains;
mod demo;
mod exec;
mod fire;
mod identity;
mod oracle;
mod reload;
mod rotation;
mod trust;

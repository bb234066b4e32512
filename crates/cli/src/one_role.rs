//! One role for one program: what `exec`, `env` and `credentials` share.
//!
//! `known` is a role as the agent tells of it, `assume` does the agent's work while none runs, `keys` are what a session
//! comes to, and `variables` is how a program gets nothing else. Which of them is used when is left to the commands.

pub(crate) mod assume;
pub(crate) mod keys;
pub(crate) mod known;
pub(crate) mod variables;

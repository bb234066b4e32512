//! IAM policies: read, and asked whether they allow a request.
//!
//! Follows the [policy grammar](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html) and
//! the [evaluation logic](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html) of
//! one policy: an explicit deny wins. How several policies work together is left to [`crate::trust`]. Permissions
//! boundaries, service control policies and the effect of session policies are left out.

mod arn;
mod condition;
mod context;
mod document;
mod glob;
mod operator;
mod principal;
mod statement;
#[cfg(test)]
mod tests;
mod variables;

pub(crate) use context::Context;
pub(crate) use document::{Malformed, Policy, Query};
pub(crate) use principal::{Principal, Subject};

/// What one policy says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// No statement is about it: denied, unless another policy allows it.
    Silent,
    /// A statement allows it to the caller's account, which must allow it to the caller.
    ToAccount,
    /// A statement allows it.
    Allowed,
    /// A statement denies it, whatever others say.
    Denied,
}

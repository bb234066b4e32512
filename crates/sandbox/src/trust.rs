//! Who may assume which role.
//!
//! The one place where that is decided. Every user and session of the world may assume every role of its partition
//! that is not denied through the control endpoint; trust policies and external ids belong here when they come.

use rolecall_core::RoleArn;

use crate::identity::Caller;

/// What STS makes of a wish to assume a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// A session may be issued.
    Allow,
    /// `AccessDenied`.
    Deny,
}

/// Decides whether `caller` may assume `role`. `exists`: whether the world has it; `denied`: whether a fault forbids it.
pub(crate) fn may_assume(caller: &Caller, role: &RoleArn, exists: bool, denied: bool) -> Decision {
    // Partitions know nothing of each other: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    if exists && !denied && caller.partition == role.partition() { Decision::Allow } else { Decision::Deny }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tests::user;

    #[test]
    fn only_roles_that_exist_in_the_partition_and_are_not_denied_can_be_assumed() {
        let ours: RoleArn = "arn:aws:iam::123456789013:role/R".parse().unwrap();
        let china: RoleArn = "arn:aws-cn:iam::123456789013:role/R".parse().unwrap();
        for (role, exists, denied, decision) in [
            (&ours, true, false, Decision::Allow),
            (&ours, true, true, Decision::Deny),
            (&ours, false, false, Decision::Deny),
            (&china, true, false, Decision::Deny),
        ] {
            assert_eq!(may_assume(&user(), role, exists, denied), decision, "{role} {exists} {denied}");
        }
    }
}

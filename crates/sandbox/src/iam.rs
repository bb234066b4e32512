//! IAM's `GetRole`: what a program reads to learn whom a role trusts, and how long its sessions may be.
//!
//! The shape is that of the [API reference](https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html). Only
//! roles of the caller's own account are found, and only by those whose policies allow `iam:GetRole`.

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::constraints::{NAME, Problems};
use crate::error::StsError;
use crate::identity::Caller;
use crate::policy::Verdict;
use crate::query::Parameters;
use crate::trust::own_verdict;
use crate::world::World;
use crate::xml::{self, Api};

/// The only version of the API.
pub(crate) const VERSION: &str = "2010-05-08";

const ACTION: &str = "iam:GetRole";

/// When the roles were made: the world does not say.
const CREATED: &str = "2026-01-01T00:00:00Z";

/// What a policy in an answer is encoded with (RFC 3986, section 2.3).
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Answers `GetRole`.
pub(crate) fn get_role(
    world: World<'_>,
    now: Timestamp,
    caller: &Caller,
    parameters: &Parameters<'_>,
    request_id: &str,
) -> Result<String, StsError> {
    let mut problems = Problems::default();
    let name = problems.required("roleName", parameters.get("RoleName"), 1..=64, Some(NAME));
    problems.finish()?;
    let role =
        world.config.roles.iter().find(|(arn, _)| {
            arn.partition() == caller.partition && arn.account() == caller.account && arn.name() == name
        });
    let resource = role.map_or_else(
        || format!("arn:{}:iam::{}:role/{name}", caller.partition, caller.account),
        |(arn, _)| arn.to_string(),
    );
    match own_verdict(world.config, caller, ACTION, &resource, now) {
        Verdict::Allowed => {}
        verdict => return Err(StsError::iam_access_denied(&caller.arn, ACTION, name, verdict == Verdict::Denied)),
    }
    let (arn, role) = role.ok_or_else(|| StsError::no_such_role(name))?;
    let trust = utf8_percent_encode(world.trust_of(arn, role).text(), &RESERVED).to_string();
    let (id, longest) = (world.mint.unique_id("AROA", &resource), role.max_session.as_secs().to_string());
    let leaves = [
        ("Path", arn.path()),
        ("RoleName", name),
        ("RoleId", &id),
        ("Arn", &resource),
        ("CreateDate", CREATED),
        ("AssumeRolePolicyDocument", &trust),
        ("MaxSessionDuration", &longest),
    ];
    Ok(xml::success(Api::Iam, "GetRole", request_id, &[("Role", &leaves)]))
}

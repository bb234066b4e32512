//! Which Region's STS endpoint a role is assumed at.
//!
//! Sessions from the global endpoint are not valid in opt-in Regions, so there is always a Region
//! ([STS Regions and endpoints](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_region-endpoints.html)).

use aws_config::Region;
use rolecall_core::{Fault, FaultKind, Role};

/// The role's own Region, else the one of the base, else the first Region of the role's partition.
///
/// # Errors
/// When none is given and the partition is not known here.
pub(crate) fn choose(role: &Role, base: Option<&Region>) -> Result<Region, Fault> {
    let own = role.region.as_ref().map(|region| Region::new(region.as_str().to_owned()));
    own.or_else(|| base.cloned()).or_else(|| first_of(role.arn.partition())).ok_or_else(|| {
        Fault::new(
            FaultKind::Misconfigured,
            format!(
                "could not assume {}: no Region is set, and none is known here for the partition {:?}",
                role.arn,
                role.arn.partition()
            ),
            "set AWS_REGION, or a region in the profile of the base",
        )
    })
}

/// The Region of a partition that needs no opt-in: the one that AWS itself falls back to.
pub(crate) fn first_of(partition: &str) -> Option<Region> {
    let region = match partition {
        "aws" => "us-east-1",
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-iso-e" => "eu-isoe-west-1",
        "aws-iso-f" => "us-isof-south-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => return None,
    };
    Some(Region::from_static(region))
}

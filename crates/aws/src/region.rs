//! Which Region's STS endpoint a role is assumed at.
//!
//! Sessions from the global endpoint are not valid in opt-in Regions, so there is always a Region
//! ([STS Regions and endpoints](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_region-endpoints.html)).

use aws_config::Region;
use rolecall_core::{Fault, FaultKind, Role};

/// The role's own Region, else the one of the base, else the first Region of the role's partition.
///
/// # Errors
/// When none is given and the partition is not known here, or the Region is in another partition than the role: STS
/// there has never heard of the role's account.
pub(crate) fn choose(role: &Role, base: Option<&Region>) -> Result<Region, Fault> {
    let partition = role.arn.partition();
    let misconfigured = |why: String, action: String| {
        Fault::new(FaultKind::Misconfigured, format!("could not assume {}: {why}", role.arn), action)
    };
    let own = role.region.as_ref().map(|region| Region::new(region.as_str().to_owned()));
    let region = own.or_else(|| base.cloned()).or_else(|| first_of(partition)).ok_or_else(|| {
        misconfigured(
            format!("no Region is set, and none is known here for the partition {partition:?}"),
            "set AWS_REGION, or a region in the profile of the base".into(),
        )
    })?;
    let other = partition_of(region.as_ref()).filter(|other| *other != partition);
    let Some(other) = other else { return Ok(region) };
    let whose = if role.region.is_some() { "its Region" } else { "the Region of the base" };
    let such_as = first_of(partition).map(|region| format!(", such as {region}")).unwrap_or_default();
    Err(misconfigured(
        format!("{whose} {region} is in the partition {other:?}, and the role in {partition:?}"),
        format!("give the role a region of its own in {partition:?}{such_as}, or correct its ARN"),
    ))
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

/// The partition of a Region, by the forms of names in the
/// [endpoint data](https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json) of the SDKs; none of a
/// name that has none of these forms.
fn partition_of(region: &str) -> Option<&'static str> {
    let parts: Vec<&str> = region.split('-').collect();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match parts[..] {
        ["us", "gov", _, number] if is_number(number) => Some("aws-us-gov"),
        ["us", "iso", _, number] if is_number(number) => Some("aws-iso"),
        ["us", "isob", _, number] if is_number(number) => Some("aws-iso-b"),
        ["eu", "isoe", _, number] if is_number(number) => Some("aws-iso-e"),
        ["us", "isof", _, number] if is_number(number) => Some("aws-iso-f"),
        ["eusc", _, _, number] if is_number(number) => Some("aws-eusc"),
        ["cn", _, number] if is_number(number) => Some("aws-cn"),
        ["us" | "eu" | "ap" | "sa" | "ca" | "me" | "af" | "il" | "mx", _, number] if is_number(number) => Some("aws"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_region_of_each_partition_is_in_it() {
        for partition in ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"] {
            assert_eq!(first_of(partition).as_ref().and_then(|region| partition_of(region.as_ref())), Some(partition));
        }
    }

    #[test]
    fn a_region_of_an_unknown_form_may_be_in_any_partition() {
        for (region, expected) in [
            ("ap-southeast-7", Some("aws")),
            ("mx-central-1", Some("aws")),
            ("cn-northwest-1", Some("aws-cn")),
            ("us-gov-east-1", Some("aws-us-gov")),
            ("us-iso-west-1", Some("aws-iso")),
            ("xx-new-1", None),
            ("aws-global", None),
            ("local", None),
            ("eu-west-x", None),
            ("us-west-", None),
        ] {
            assert_eq!(partition_of(region), expected, "{region}");
        }
    }
}

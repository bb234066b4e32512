//! Where STS is called: the host that partition, Region and the settings of endpoints lead to, as the SDK would call
//! it.

use rolecall_core::{AssumeRole, Fault, FaultKind};

use super::support::*;

const KEYS: &str = "[default]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n";

/// The address that a role in `partition` is assumed at.
async fn address(
    partition: &str,
    own: Option<&str>,
    config: &str,
    env: &[(&'static str, &'static str)],
) -> Result<String, Fault> {
    let aws = Aws::new(|_, _| session("AssumeRole", "1"));
    let mut role = role_of(&format!("arn:{partition}:iam::123456789012:role/R"));
    role.region = own.map(|region| region.parse().unwrap());
    let outcome = World::new(aws.clone()).files(config, KEYS).env(env).sts().assume_role(&role, None).await;
    let requests = aws.requests();
    outcome.map(|_| requests[0].uri.clone()).inspect_err(|fault| assert!(requests.is_empty(), "{fault}"))
}

#[tokio::test]
async fn every_partition_has_a_region_to_fall_back_to_and_hosts_of_its_own() {
    for (partition, own, host) in [
        ("aws", None, "sts.us-east-1.amazonaws.com"),
        ("aws-cn", None, "sts.cn-north-1.amazonaws.com.cn"),
        ("aws-us-gov", None, "sts.us-gov-west-1.amazonaws.com"),
        ("aws-iso", None, "sts.us-iso-east-1.c2s.ic.gov"),
        ("aws-iso-b", None, "sts.us-isob-east-1.sc2s.sgov.gov"),
        ("aws-iso-e", None, "sts.eu-isoe-west-1.cloud.adc-e.uk"),
        ("aws-iso-f", None, "sts.us-isof-south-1.csp.hci.ic.gov"),
        ("aws-eusc", None, "sts.eusc-de-east-1.amazonaws.eu"),
        ("aws-cn", Some("cn-northwest-1"), "sts.cn-northwest-1.amazonaws.com.cn"),
        ("aws-us-gov", Some("us-gov-east-1"), "sts.us-gov-east-1.amazonaws.com"),
    ] {
        assert_eq!(address(partition, own, "", &[]).await.unwrap(), format!("https://{host}/"), "{partition}");
    }
}

#[tokio::test]
async fn the_endpoint_is_regional_in_regions_of_opt_in_and_whatever_the_settings_say() {
    for (region, config) in [
        ("af-south-1", ""),
        ("ap-east-2", ""),
        ("me-central-1", ""),
        ("us-east-1", "[default]\nsts_regional_endpoints = legacy\n"),
        ("eu-west-1", "[default]\nsts_regional_endpoints = legacy\n"),
    ] {
        let env = [("AWS_STS_REGIONAL_ENDPOINTS", "legacy")];
        let expected = format!("https://sts.{region}.amazonaws.com/");
        assert_eq!(address("aws", Some(region), config, &env).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_region_of_another_partition_is_named_with_one_that_fits() {
    for (partition, own, config, words, such_as) in [
        ("aws-cn", None, "[default]\nregion = eu-west-1\n", "the Region of the base eu-west-1 is in", "cn-north-1"),
        ("aws", None, "[default]\nregion = us-gov-west-1\n", "the Region of the base us-gov-west-1 is in", "us-east-1"),
        ("aws-us-gov", Some("us-east-1"), "", "its Region us-east-1 is in", "us-gov-west-1"),
    ] {
        let fault = address(partition, own, config, &[]).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Misconfigured, "{fault}");
        assert!(fault.message.contains(words) && fault.action.contains(such_as), "{fault}");
    }
    let config = "[default]\nregion = eu-west-1\n";
    let mended = address("aws-cn", Some("cn-north-1"), config, &[]).await.unwrap();
    assert_eq!(mended, "https://sts.cn-north-1.amazonaws.com.cn/", "the role's own Region counts");
}

#[tokio::test]
async fn fips_and_dual_stack_endpoints_are_asked_for_by_variable_or_profile() {
    let fips = [("AWS_USE_FIPS_ENDPOINT", "true")];
    let dual = [("AWS_USE_DUALSTACK_ENDPOINT", "true")];
    let both = [fips[0], dual[0]];
    for (partition, region, config, env, host) in [
        ("aws", "us-east-2", "", &fips[..], "sts-fips.us-east-2.amazonaws.com"),
        ("aws", "us-east-2", "[default]\nuse_fips_endpoint = true\n", &[], "sts-fips.us-east-2.amazonaws.com"),
        ("aws-us-gov", "us-gov-east-1", "", &fips, "sts.us-gov-east-1.amazonaws.com"),
        ("aws", "eu-west-1", "", &dual, "sts.eu-west-1.api.aws"),
        ("aws", "eu-west-1", "[default]\nuse_dualstack_endpoint = true\n", &[], "sts.eu-west-1.api.aws"),
        ("aws-cn", "cn-north-1", "", &dual, "sts.cn-north-1.api.amazonwebservices.com.cn"),
        ("aws", "us-east-2", "", &both, "sts-fips.us-east-2.api.aws"),
        (
            "aws",
            "us-east-2",
            "[default]\nuse_fips_endpoint = true\n",
            &[("AWS_USE_FIPS_ENDPOINT", "false")],
            "sts.us-east-2.amazonaws.com",
        ),
    ] {
        let address = address(partition, Some(region), config, env).await.unwrap();
        assert_eq!(address, format!("https://{host}/"), "{config} {env:?}");
    }
}

#[tokio::test]
async fn the_endpoint_for_sts_counts_before_the_one_for_all_services_and_the_environment_before_the_profile() {
    let of_profile = "[default]\nendpoint_url = http://127.0.0.1:3\n";
    let of_service = "[default]\nservices = mine\n[services mine]\nsts =\n  endpoint_url = http://127.0.0.1:4\n";
    let one = ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
    let all = ("AWS_ENDPOINT_URL", "http://127.0.0.1:2");
    for (config, env, port) in
        [(of_profile, &[one, all][..], 1), (of_profile, &[all], 2), (of_profile, &[], 3), (of_service, &[], 4)]
    {
        let address = address("aws", Some("eu-west-1"), config, env).await.unwrap();
        assert_eq!(address, format!("http://127.0.0.1:{port}/"));
    }
}

#[tokio::test]
async fn authorities_of_the_profile_are_used_unless_the_environment_names_others() {
    let config = "[default]\nregion = eu-west-1\nca_bundle = /nonexistent/ca.pem\n";
    let aws = Aws::new(|_, _| session("AssumeRole", "1"));
    let world = World::new(aws.clone()).files(config, KEYS);
    let fault = world.sts().assume_role(&role(), None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Misconfigured, "{fault}");
    assert!(fault.message.contains("ca_bundle of the profile \"default\" names /nonexistent/ca.pem"), "{fault}");
    assert!(fault.action.contains("or take ca_bundle out of the profile"), "{fault}");
    assert!(aws.requests().is_empty(), "{fault}");
    world.env(&[("AWS_CA_BUNDLE", "/other.pem")]).sts().assume_role(&role(), None).await.unwrap();
}

#[tokio::test]
async fn a_variant_that_cannot_be_had_is_named_and_not_left_out() {
    let fips = "AWS_USE_FIPS_ENDPOINT";
    let own = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    for (config, env, words) in [
        ("", &[(fips, "1")][..], "AWS_USE_FIPS_ENDPOINT is \"1\", which is neither true nor false"),
        (
            "[default]\nuse_dualstack_endpoint = yes\n",
            &[],
            "use_dualstack_endpoint of the profile \"default\" is \"yes\"",
        ),
        ("", &[(fips, "true"), own], "AWS_USE_FIPS_ENDPOINT is true, but an endpoint for STS is named"),
        ("[default]\nuse_fips_endpoint = true\n", &[own], "use_fips_endpoint of the profile \"default\" is true, but"),
    ] {
        let fault = address("aws", Some("us-east-2"), config, env).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Misconfigured, "{fault}");
        assert!(fault.message.contains(words), "{fault}");
    }
    let ignored = [(fips, "TRUE"), own, ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
    let address = address("aws", Some("us-east-2"), "", &ignored).await.unwrap();
    assert_eq!(address, "https://sts-fips.us-east-2.amazonaws.com/");
}

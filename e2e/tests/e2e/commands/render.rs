//! `rolecall render`: what is printed where, and how it ends.

use e2e::{Home, finish};

const SETTINGS: &str = "\
version = 1
[role.a]
arn = \"arn:aws:iam::123456789012:role/A\"
tags = { team = \"x\" }
[role.b]
arn = \"arn:aws:iam::123456789012:role/B\"
source = \"role:a\"
[role.mine]
arn = \"arn:aws:iam::123456789012:role/M\"
source = \"profile:keys\"
";

fn home() -> Home {
    let home = Home::new();
    home.write(".config/rolecall/rolecall.toml", SETTINGS);
    home
}

#[test]
fn the_text_is_on_stdout_and_what_it_cannot_say_on_stderr() {
    let home = home();
    let rendered = finish(&mut home.rolecall(&["render", "aws-config", "b", "--base", "instance"])).code(0);
    let expected = "\
[profile a]
role_arn = arn:aws:iam::123456789012:role/A
credential_source = Ec2InstanceMetadata

[profile b]
role_arn = arn:aws:iam::123456789012:role/B
source_profile = a
";
    assert_eq!(rendered.stdout, expected);
    assert!(rendered.stderr.starts_with("note: a: ") && rendered.stderr.contains("session tags"), "{rendered:#?}");

    let some = finish(&mut home.rolecall(&["render", "aws-config", "--base", "container"])).code(3);
    assert!(some.stdout.contains("EcsContainer") && some.stderr.contains("\"keys\" of this machine"), "{some:#?}");
    let none = finish(&mut home.rolecall(&["render", "aws-config", "mine"])).code(4);
    assert_eq!(none.stdout, "");
}

#[test]
fn a_config_map_has_the_config_and_what_a_pod_needs() {
    let home = home();
    let args = ["render", "aws-config", "b", "--base", "container", "--output", "configmap", "--name", "my-aws"];
    let map = finish(home.rolecall(&args).args(["--namespace", "prod"])).code(0).stdout;
    for part in [
        "kind: ConfigMap",
        "name: \"my-aws\"",
        "namespace: \"prod\"",
        "    [profile b]",
        "AWS_CONFIG_FILE",
        "AWS_PROFILE",
    ] {
        assert!(map.contains(part), "{part}: {map}");
    }
    finish(home.rolecall(&args).args(["--namespace", "Not Legal"])).code(2);
}

#[test]
fn what_is_missing_or_wrong_is_told_with_what_to_do() {
    let home = home();
    home.write(
        ".config/rolecall/rolecall.toml",
        &format!("{SETTINGS}[role.self]\narn = \"arn:aws:iam::123456789012:role/S\"\nsource = \"role:self\"\n"),
    );
    home.write("nothing.toml", "version = 1\n");
    let coded = "role_arn = arn:aws:iam::123456789012:role/C\nsource_profile = keys\nmfa_serial = me\n";
    home.write(".aws/config", &format!("[profile coded]\n{coded}[profile keys]\naws_access_key_id = A\n"));
    for (args, code, part) in [
        (&["render", "aws-config"][..], 2, "--base web-identity"),
        (&["render", "aws-config", "a", "--base", "web-identity"], 2, "--role-arn"),
        (&["render", "aws-config", "nobody"], 5, "use one of a, b, mine"),
        (&["render", "aws-config", "self"], 2, "self -> self"),
        (&["render"], 2, "aws-config"),
        (&["render", "aws-config", "coded", "--from-aws-config"], 2, "has `mfa_serial`"),
        (&["validate", "coded", "--from-aws-config"], 2, "has `mfa_serial`"),
        (&["explain", "coded", "--from-aws-config"], 2, "has `mfa_serial`"),
        (&["explain", "self"], 2, "self -> self"),
        (&["validate", "self"], 2, "self -> self"),
        (&["render", "aws-config", "--config", "nothing.toml"], 2, "--from-aws-config"),
    ] {
        let refused = finish(&mut home.rolecall(args)).code(code);
        assert!(refused.stdout.is_empty() && refused.stderr.contains(part), "{args:?}: {refused:#?}");
    }
    assert!(!home.state().exists(), "nothing is written");
}

//! A Kubernetes ConfigMap with an AWS config, as YAML, and in comments what a pod needs to use it.
//!
//! The names are checked as Kubernetes checks them, so the text is accepted as it is. It holds no secret, because
//! [`chained`](crate::chained) writes none.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use crate::chained::Rendered;

/// Where the pod has the ConfigMap.
const FOLDER: &str = "/etc/aws";

/// The name of a ConfigMap: a DNS subdomain of RFC 1123, at most 253 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigMapName(String);

/// The name of a namespace: a DNS label of RFC 1123, at most 63 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace(String);

/// Kubernetes would refuse the name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} cannot be the name of a {kind}: 1 to {max} of {of}, the first and last a letter or digit")]
pub struct NameError {
    text: String,
    kind: &'static str,
    of: &'static str,
    max: usize,
}

impl FromStr for ConfigMapName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() <= 253 && text.split('.').all(is_label) {
            Ok(Self(text.into()))
        } else {
            Err(NameError { text: text.into(), kind: "ConfigMap", of: "`a-z 0-9 - .`, between dots", max: 253 })
        }
    }
}

impl FromStr for Namespace {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() <= 63 && is_label(text) {
            Ok(Self(text.into()))
        } else {
            Err(NameError { text: text.into(), kind: "namespace", of: "`a-z 0-9 -`", max: 63 })
        }
    }
}

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

impl fmt::Display for ConfigMapName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The ConfigMap `name` with the key `config`; without a namespace it goes where `kubectl` puts it.
#[must_use]
pub fn config_map(name: &ConfigMapName, namespace: Option<&Namespace>, config: &Rendered) -> String {
    let namespace = namespace.map(|namespace| format!("  namespace: \"{namespace}\"\n")).unwrap_or_default();
    // Names such as `on` and `1e3` are other things in YAML without quotes.
    let mut text = format!(
        r#"# An AWS config without a secret. What a pod needs to use it:
#
#   spec:
#     volumes:
#       - name: aws-config
#         configMap:
#           name: "{name}"
#     containers:
#       - volumeMounts:
#           - name: aws-config
#             mountPath: {FOLDER}
#             readOnly: true
#         env:
#           - name: AWS_CONFIG_FILE
#             value: {FOLDER}/config
#
# Where AWS_ROLE_ARN is set, as in a pod with a role of its own (IRSA), AWS SDKs take it before AWS_PROFILE: name the
# profile in the program (--profile), or unset AWS_ROLE_ARN.
apiVersion: v1
kind: ConfigMap
metadata:
  name: "{name}"
{namespace}data:
  config: |
"#
    );
    for line in config.text.lines() {
        let indent = if line.is_empty() { "" } else { "    " };
        writeln!(text, "{indent}{line}").expect("a text has room");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_config_stands_in_it_line_by_line() {
        let config = Rendered { text: "[default]\nregion = x\n\n[profile a]\n".into(), unsaid: Vec::new() };
        let text = config_map(&"aws.on".parse().unwrap(), Some(&"1e3".parse().unwrap()), &config);
        let (comments, document): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
        assert_eq!(
            document.join("\n"),
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: \"aws.on\"\n  namespace: \"1e3\"\ndata:\n  config: |\n    \
             [default]\n    region = x\n\n    [profile a]"
        );
        assert!(comments.contains(&"#           name: \"aws.on\""), "{text}");
        assert!(!config_map(&"aws".parse().unwrap(), None, &config).contains("namespace"));
    }

    #[test]
    fn names_are_those_of_kubernetes() {
        for (name, as_name, as_namespace) in [
            ("aws-config", true, true),
            ("a.b-1", true, false),
            ("0", true, true),
            (&"x".repeat(63), true, true),
            (&"x".repeat(64), true, false),
            (&"x".repeat(254), false, false),
            ("", false, false),
            ("-a", false, false),
            ("a-", false, false),
            ("a..b", false, false),
            (".a", false, false),
            ("A", false, false),
            ("a_b", false, false),
            ("a\nb: c", false, false),
            ("a\"", false, false),
        ] {
            assert_eq!(name.parse::<ConfigMapName>().is_ok(), as_name, "{name:?}");
            assert_eq!(name.parse::<Namespace>().is_ok(), as_namespace, "{name:?}");
        }
        assert_eq!(
            "a b".parse::<Namespace>().unwrap_err().to_string(),
            "\"a b\" cannot be the name of a namespace: 1 to 63 of `a-z 0-9 -`, the first and last a letter or digit"
        );
    }
}

//! The environment in which a program is one role and nothing else, as changes to the environment that it would have.
//!
//! Pure. Every AWS SDK and CLI looks for credentials in an order of its own, and takes the first that it finds. So
//! whatever could come before those that are handed over is taken away, whatever the user's files hold is hidden behind
//! files without credentials, and so is what comes after, since it would lend more. A program that goes looking with the
//! rights of the same user finds more all the same: this is no fence.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rolecall_agent::state::env_files::EnvFiles;
use rolecall_core::Region;
use rolecall_formats::time::utc_seconds;
use zeroize::Zeroizing;

use crate::one_role::keys::Keys;

/// Variables by which a program finds credentials, or files with some. Every one is set anew or unset.
const FOUND_BY: [&str; 30] = [
    // Which profile.
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    // Keys, and what goes with them.
    ACCESS_KEY_ID,
    SECRET_ACCESS_KEY,
    SESSION_TOKEN,
    EXPIRATION,
    ACCOUNT_ID,
    "AWS_SECURITY_TOKEN",
    // Keys as older SDKs and tools call them: Java and Go v1, JavaScript v2, Ruby v1, the EC2 tools.
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    "AWSACCESSKEYID",
    "AWSSECRETACCESSKEY",
    "EC2_ACCESS_KEY",
    "EC2_SECRET_KEY",
    // A web identity, which comes before the endpoint.
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    // The endpoint; the relative form wins.
    URL,
    TOKEN_FILE,
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    // Files.
    CONFIG_FILE,
    CREDENTIALS_FILES[0],
    CREDENTIALS_FILES[1],
    CREDENTIALS_FILES[2],
    "AWS_CREDENTIAL_FILE",
    // What comes last.
    NO_INSTANCE_ROLE,
];

/// Variables that begin so hold tokens that some services take in place of a signature, such as
/// `AWS_BEARER_TOKEN_BEDROCK`.
const BEARER_TOKENS: &str = "AWS_BEARER_TOKEN_";

const URL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
const EXPIRATION: &str = "AWS_CREDENTIAL_EXPIRATION";
const ACCOUNT_ID: &str = "AWS_ACCOUNT_ID";
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const CONFIG_FILE: &str = "AWS_CONFIG_FILE";
/// Of all current SDKs; of Java v1; of botocore, which looks into `~/.boto` before it asks an endpoint.
const CREDENTIALS_FILES: [&str; 3] = ["AWS_SHARED_CREDENTIALS_FILE", "AWS_CREDENTIAL_PROFILES_FILE", "BOTO_CONFIG"];
const NO_INSTANCE_ROLE: &str = "AWS_EC2_METADATA_DISABLED";

/// What a program is handed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handover<'a> {
    /// How it comes to credentials.
    pub(crate) credentials: Credentials<'a>,
    /// The Region of the role, if it has one.
    pub(crate) region: Option<&'a Region>,
    /// The files that stand in for the user's.
    pub(crate) files: &'a EnvFiles,
}

/// How a program comes to credentials.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Credentials<'a> {
    /// It asks for them whenever its own are about to end.
    Endpoint { url: &'a str, token_file: &'a Path },
    /// It has them until they end.
    Keys(&'a Keys),
}

/// A variable and what becomes of it: another value, or none. Without `Debug`: a value may be a secret.
pub(crate) struct Change {
    pub(crate) name: OsString,
    pub(crate) value: Option<Value>,
}

/// The value of a variable, wiped from memory when dropped.
pub(crate) struct Value(Zeroizing<Vec<u8>>);

impl Value {
    pub(crate) fn as_os_str(&self) -> &OsStr {
        OsStr::from_bytes(&self.0)
    }
}

impl<T: AsRef<OsStr> + ?Sized> From<&T> for Value {
    fn from(text: &T) -> Self {
        Self(Zeroizing::new(text.as_ref().as_bytes().into()))
    }
}

/// The changes to an environment with variables of these names: first what is set, then what is unset.
pub(crate) fn changes(names: impl Iterator<Item = OsString>, handover: Handover<'_>) -> Vec<Change> {
    let set = set(handover);
    let is_set = |name: &OsStr| set.iter().any(|(set, _)| name == *set);
    let is_token = |name: &OsString| name.as_bytes().starts_with(BEARER_TOKENS.as_bytes());
    let bearer_tokens = names.filter(|name| is_token(name) && is_plain(name));
    let mut unset: Vec<OsString> = FOUND_BY.into_iter().map(OsString::from).chain(bearer_tokens).collect();
    unset.retain(|name| !is_set(name));
    let unset = unset.into_iter().map(|name| Change { name, value: None });
    set.into_iter().map(|(name, value)| Change { name: name.into(), value: Some(value) }).chain(unset).collect()
}

/// Whether a shell, and any SDK, can have a variable of this name. Another one is nobody's, and would be text of a program to
/// whoever evaluates our lines.
fn is_plain(name: &OsStr) -> bool {
    name.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn set(Handover { credentials, region, files }: Handover<'_>) -> Vec<(&'static str, Value)> {
    let mut set: Vec<(&str, Value)> = match credentials {
        Credentials::Endpoint { url, token_file } => vec![(URL, url.into()), (TOKEN_FILE, token_file.into())],
        Credentials::Keys(keys) => vec![
            (ACCESS_KEY_ID, keys.credentials.access_key_id().into()),
            (SECRET_ACCESS_KEY, keys.credentials.secret_access_key().into()),
            (SESSION_TOKEN, keys.credentials.session_token().into()),
            (EXPIRATION, (&utc_seconds(keys.expires_at)).into()),
            (ACCOUNT_ID, (&keys.account).into()),
        ],
    };
    if let Some(region) = region {
        set.extend(REGIONS.map(|name| (name, region.as_str().into())));
    }
    set.push((CONFIG_FILE, (&files.config).into()));
    set.extend(CREDENTIALS_FILES.map(|name| (name, (&files.credentials).into())));
    set.push((NO_INSTANCE_ROLE, "true".into()));
    set
}

#[cfg(test)]
mod tests;

//! The endpoint of a container: a session for whoever shows the token that was mounted or set for it.
//!
//! Answers as ECS does ([task roles](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html)),
//! or, to the token of a pod, as the agent of
//! [EKS Pod Identity](https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html).

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::AUTHORIZATION;
use hyper::{Method, Response, StatusCode};
use jiff::Timestamp;
use rolecall_core::RoleArn;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Refusal, Request, Sources, end, json_response};
use crate::calls::Call;
use crate::control::Control;
use crate::session::{Carried, SessionTag};

pub(super) const PATH: &str = "/container/credentials";

/// What a token is for.
const PURPOSE: &str = "container token";

/// How long a token holds when nobody says, in seconds: a day, as those of pods.
const TOKEN_SECONDS: i64 = 86_400;

/// The longest name of a session, in characters.
const LONGEST_NAME: usize = 64;

/// Whose token is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerTokenRequest {
    /// The ARN of the role that the container has.
    pub role: String,
    /// The pod, in EKS; none: a task, in ECS.
    pub pod: Option<Pod>,
    /// How long the token holds, by the clock of the sandbox; none: a day. Negative: it is over already.
    pub expires_in_seconds: Option<i64>,
}

/// A pod with a Pod Identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pod {
    /// The name of the cluster.
    pub cluster: String,
    /// Where the pod is.
    pub namespace: String,
    /// As whom it runs.
    pub service_account: String,
    /// Its name.
    pub name: String,
}

impl Pod {
    /// The [tags](https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html) of a pod's sessions, all transitive.
    /// Those of the cluster's ARN and the pod's UID are left out: the sandbox has neither.
    fn carried(&self) -> Carried {
        let Self { cluster, namespace, service_account, name } = self;
        let tags = [
            ("eks-cluster-name", cluster),
            ("kubernetes-namespace", namespace),
            ("kubernetes-service-account", service_account),
            ("kubernetes-pod-name", name),
        ];
        let tag =
            |(key, value): (&str, &String)| SessionTag { key: key.into(), value: value.clone(), transitive: true };
        Carried { tags: tags.map(tag).into(), source_identity: None }
    }
}

/// Why a token cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerTokenError {
    /// The world has no such role.
    #[error("role: {0:?} is not the ARN of a role of this sandbox")]
    UnknownRole(String),
    /// The name of the session is made of those of the cluster and the pod.
    #[error("pod: {0:?} is not one or more letters, digits, `.` or `-`")]
    Name(String),
    /// The end of the token is no time.
    #[error("expires_in_seconds: {0} is over a hundred years")]
    Lifetime(i64),
}

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    role: String,
    pod: Option<Pod>,
    /// In seconds since 1970.
    ends: i64,
}

impl Control {
    /// Makes the token of a container, for `AWS_CONTAINER_AUTHORIZATION_TOKEN` or the file that
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` names.
    ///
    /// # Errors
    /// When there is no such role, a name is none, or the token would end beyond all time.
    pub fn container_token(&self, request: &ContainerTokenRequest) -> Result<String, ContainerTokenError> {
        let ContainerTokenRequest { role, pod, expires_in_seconds } = request.clone();
        if !role.parse().is_ok_and(|arn: RoleArn| self.config().roles.contains_key(&arn)) {
            return Err(ContainerTokenError::UnknownRole(role));
        }
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
        let names = pod.iter().flat_map(|pod| [&pod.cluster, &pod.namespace, &pod.service_account, &pod.name]);
        if let Some(name) = names.into_iter().find(|name| !is_name(name)) {
            return Err(ContainerTokenError::Name(name.clone()));
        }
        let seconds = expires_in_seconds.unwrap_or(TOKEN_SECONDS);
        let now = self.now(&self.in_force().faults);
        let ends = end(now, seconds).ok_or(ContainerTokenError::Lifetime(seconds))?;
        Ok(self.mint().seal(PURPOSE, &Claims { role, pod, ends }))
    }
}

pub(super) fn answer(
    sources: Sources<'_>,
    now: Timestamp,
    serial: u64,
    request: Request<'_>,
    call: &mut Call,
) -> Result<Response<Full<Bytes>>, Refusal> {
    let refusal = |code, message| Refusal { status: StatusCode::BAD_REQUEST, code, message };
    if request.method != Method::GET {
        return Err(refusal("InvalidRequestException", "This endpoint is read with GET"));
    }
    let token = request.header(AUTHORIZATION.as_str()).unwrap_or_default();
    let claims: Option<Claims> = sources.mint.open(PURPOSE, token);
    let Claims { role, pod, ends } =
        claims.ok_or(refusal("InvalidTokenException", "The token in Authorization is none of this endpoint"))?;
    if ends <= now.as_second() {
        return Err(refusal("ExpiredTokenException", "The token in Authorization has expired"));
    }
    let denied = refusal("AccessDeniedException", "The role of this container may not be assumed for it");
    let arn: RoleArn = role.parse().map_err(|_| denied)?;
    let id = sources.mint.request_id(serial);
    call.caller = pod.as_ref().map(|pod| format!("system:serviceaccount:{}:{}", pod.namespace, pod.service_account));
    let session_name = match &pod {
        Some(pod) => format!("eks-{}-{}-{id}", pod.cluster, pod.name).chars().take(LONGEST_NAME).collect(),
        None => id.replace('-', ""),
    };
    let issued = sources
        .grant(now, serial, &arn, session_name, pod.as_ref().map(Pod::carried).unwrap_or_default(), call)?
        .ok_or(denied)?;
    let mut body = json!({
        "AccessKeyId": issued.claims.access_key_id,
        "SecretAccessKey": issued.secret_access_key,
        "Token": issued.session_token,
        "Expiration": issued.claims.expires_at.to_string(),
    });
    match pod {
        Some(_) => body["AccountId"] = arn.account().into(),
        None => body["RoleArn"] = role.into(),
    }
    Ok(json_response(StatusCode::OK, &body))
}

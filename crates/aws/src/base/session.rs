//! Whether the base is itself the session of a role, which decides how long the sessions made with it may be.

use super::Loaded;
use crate::quiet::quiet;

impl Loaded {
    /// Asks `GetCallerIdentity` once per load, which needs no permission; never for long-term keys, which have no session
    /// token. When STS does not say, the answer is no and is not kept: then STS decides about the duration.
    pub(crate) async fn is_role_session(&self) -> bool {
        if self.credentials.as_ref().and_then(|credentials| credentials.session_token()).is_none() {
            return false;
        }
        let ask = || async {
            let answer = quiet(self.client.get_caller_identity().send()).await?;
            Ok::<_, aws_sdk_sts::Error>(answer.arn().is_some_and(is_assumed_role))
        };
        match self.role_session.get_or_try_init(ask).await {
            Ok(is_session) => *is_session,
            Err(_) => {
                tracing::debug!("STS did not say who the base is, so no duration is shortened");
                false
            }
        }
    }
}

/// `arn:aws:sts::123456789012:assumed-role/name/session`.
fn is_assumed_role(arn: &str) -> bool {
    arn.split(':').nth(5).is_some_and(|resource| resource.starts_with("assumed-role/"))
}

//! Who a role is assumed by, by `GetCallerIdentity`, which needs no permission.

use std::time::Duration;

use jiff::Timestamp;
use rolecall_core::{Fault, Role, Session};

use super::Signer;
use crate::fault::{self, Call, Secrets, one_line};
use crate::quiet::quiet;
use crate::region;
use crate::sts::Sts;
use crate::sts::probe::Probe;

/// The longest that the question takes, loading the base included.
const LIMIT: Duration = Duration::from_secs(25);

/// What STS said of a caller, and what was seen of STS.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The ARN of the caller.
    pub arn: String,
    /// The Region that the role is assumed in.
    pub region: String,
    /// The host, and port where it is not the usual one, that was asked.
    pub host: Option<String>,
    /// The clock of STS when it answered.
    pub date: Option<Timestamp>,
}

impl Sts {
    /// Who `role` is assumed by, asked where the role itself would be asked for; none for a web identity, which nobody signs.
    /// `parent` is the session of the role that it is assumed from.
    ///
    /// # Errors
    /// When there are no credentials to ask with, or STS does not answer.
    pub async fn identity(&self, role: &Role, parent: Option<&Session>) -> Result<Option<Identity>, Fault> {
        let asked = async {
            match self.signer(role, parent).await? {
                Some(signer) => ask(role, &signer).await.map(Some),
                None => Ok(None),
            }
        };
        tokio::time::timeout(LIMIT, asked).await.unwrap_or_else(|_| Err(fault::base_timed_out(LIMIT)))
    }
}

async fn ask(role: &Role, signer: &Signer) -> Result<Identity, Fault> {
    let Signer { loaded, credentials, with } = signer;
    let region = region::choose(role, loaded.region.as_ref())?;
    let probe = Probe::default();
    let config = aws_sdk_sts::Config::builder().region(region.clone()).credentials_provider(credentials.clone());
    let question = loaded.client.get_caller_identity().customize().config_override(config).interceptor(probe.clone());
    let answer = quiet(question.send()).await;
    let call = Call { attempted: "ask STS who the caller is".into(), host: probe.host(), with: with.clone() };
    let answer = answer.map_err(|error| fault::of_call(&call, &error, &Secrets::Of(credentials)).fault)?;
    let arn = answer.arn.as_deref().map(one_line).ok_or_else(|| fault::no_session(&call, "names nobody"))?;
    Ok(Identity { arn, region: region.to_string(), host: probe.host(), date: probe.date() })
}

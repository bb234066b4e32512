//! Notes what the SDK does not hand out: the host that was called and the `Date` of its last answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_sts::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sts::error::BoxError;
use aws_sdk_sts::primitives::{DateTime, DateTimeFormat};
use jiff::Timestamp;

/// One call's notes; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probe(Arc<Mutex<Notes>>);

#[derive(Debug, Default)]
struct Notes {
    host: Option<String>,
    date: Option<Timestamp>,
}

impl Probe {
    /// The host and port of the endpoint, once a request was about to be sent.
    pub(crate) fn host(&self) -> Option<String> {
        self.notes().host.clone()
    }

    /// The `Date` of the last answer: of the repeated attempt, when the SDK had to repair the signing time.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        self.notes().date
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Probe {
    fn name(&self) -> &'static str {
        "Probe"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.notes().host = host_of(context.request().uri()).map(str::to_owned);
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.notes().date = context.response().headers().get("date").and_then(parse_date);
        Ok(())
    }
}

fn parse_date(text: &str) -> Option<Timestamp> {
    let date = DateTime::from_str(text, DateTimeFormat::HttpDate).ok()?;
    Timestamp::from_second(date.secs()).ok()
}

fn host_of(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    // Whoever puts a password into AWS_ENDPOINT_URL does not want to read it in a fault.
    Some(authority.rsplit_once('@').map_or(authority, |(_, host)| host))
}

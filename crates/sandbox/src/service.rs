//! What happens to one HTTP request: read, routed, answered, held back.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, DATE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::control::{Answer, Control, SourceAnswer};
use crate::error::StsError;
use crate::sigv4::Signable;
use crate::sources::{self, Source};
use crate::xml::Api;
use crate::{routes, xml};

/// The most bytes that a body may have.
const BODY_LIMIT: usize = 64 * 1024;

/// How long a client may take to send a body.
const BODY_TIME: Duration = Duration::from_secs(10);

/// The id of a request, in the answer of every AWS service.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The connection is to be closed without an answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("dropped without an answer, as the faults say")]
pub(crate) struct Dropped;

/// Answers one request.
pub(crate) async fn answer(control: Control, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Dropped> {
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(BODY_TIME, Limited::new(body, BODY_LIMIT).collect()).await;
    let body = match body {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(StsError::request_entity_too_large()),
        Ok(Err(_)) | Err(_) => Err(StsError::request_timeout()),
    };
    let in_force = control.in_force();
    let path = head.uri.path();
    let source = Source::at(path);
    let (mut response, request_id) = match (body, source) {
        (Err(error), _) => {
            let id = control.next_request_id();
            (respond(error.status, xml::failure(Api::Sts, &error, &id)), id)
        }
        (Ok(body), Some(source)) => {
            let (method, query) = (&head.method, head.uri.query().unwrap_or_default());
            let request = sources::Request { method, path, query, headers: &head.headers, body: &body };
            let SourceAnswer { response, request_id, latency } = control.answer_at(&in_force, source, request);
            hold_back(latency).await;
            (response.ok_or(Dropped)?, request_id)
        }
        (Ok(body), None) if path.starts_with(routes::PREFIX) => {
            (routes::answer(&control, &head.method, path, &head.headers, &body), control.next_request_id())
        }
        (Ok(body), None) if is_query_protocol(&head.method, path, &head.headers, &body) => {
            let request = Signable {
                method: head.method.as_str(),
                path,
                query: head.uri.query().unwrap_or_default(),
                headers: &head.headers,
                body: &body,
            };
            let Answer { status, body, request_id, latency } = control.answer(&in_force, request);
            hold_back(latency).await;
            (respond(status, body.ok_or(Dropped)?), request_id)
        }
        // The real STS answers so, too.
        (Ok(_), None) => {
            (respond(StatusCode::NOT_FOUND, "<UnknownOperationException/>\n".into()), control.next_request_id())
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [(REQUEST_ID, request_id), (DATE, http_date(control.now(&in_force.faults)))] {
        headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
    }
    Ok(response)
}

async fn hold_back(latency: Duration) {
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
}

/// Whether a request is one that STS looks into: at its only path, a form when it has a body.
fn is_query_protocol(method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let is_form = media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    path == "/" && (method == Method::POST || method == Method::GET) && (is_form || body.is_empty())
}

fn respond(status: StatusCode, xml: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(xml.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(xml::CONTENT_TYPE));
    response
}

/// The time as HTTP writes it (RFC 9110, section 5.6.7).
fn http_date(time: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap_or_default()
}

//! How a request is read, and how a problem is answered.

use std::time::Duration;

use althing_api::{Code, LIMIT_DEFAULT, LIMIT_MAX, Problem};
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::asked::Wanted;

/// The maximum size of a request's body in bytes.
pub const BODY_BYTES_MAX: usize = 64 << 10;

/// Time within which a request must be there as a whole: its head, and then its body.
pub const REQUEST_TIME: Duration = Duration::from_secs(10);

/// A problem as an answer.
pub(crate) struct Refused(pub(crate) Problem);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::BAD_REQUEST);
        let is_unauthorized = status == StatusCode::UNAUTHORIZED;
        let mut response = (status, Json(self.0)).into_response();
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, problem);
        if is_unauthorized {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

fn invalid(reason: impl std::fmt::Display) -> Refused {
    Refused(Problem::new(Code::InvalidRequest, reason.to_string()))
}

/// What stands after the question mark.
pub(crate) struct Asking<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asking<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let query = Query::<T>::try_from_uri(&parts.uri);
        query.map(|Query(asking)| Self(asking)).map_err(|error| invalid(error.body_text()))
    }
}

/// A part of the path.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(named)| Self(named)).map_err(|error| invalid(error.body_text()))
    }
}

/// What is sent, as JSON.
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Sent<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        // A page elsewhere can send anything else without asking the browser's leave.
        if !kind.eq_ignore_ascii_case("application/json") {
            let detail =
                "what is sent must be JSON, with the header Content-Type: application/json";
            return Err(Problem::new(Code::UnsupportedMediaType, detail).into());
        }
        let bytes = body(request.into_body()).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(invalid)
    }
}

async fn body(body: Body) -> Result<bytes::Bytes, Refused> {
    match timeout(REQUEST_TIME, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_too_long(&error) => {
            let detail = format!("a request has at most {BODY_BYTES_MAX} bytes");
            Err(Problem::new(Code::TooLarge, detail).into())
        }
        Ok(Err(error)) => Err(invalid(error)),
        Err(_) => {
            let detail = format!("a request must be there within {} s", REQUEST_TIME.as_secs());
            Err(Problem::new(Code::Timeout, detail).into())
        }
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Returns which items a request wants: those from a number on, and at most so many.
pub(crate) fn wanted(from: u64, limit: Option<u64>) -> Result<Wanted, Refused> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(invalid(format!("limit is from 1 to {LIMIT_MAX}, and not {limit}")));
    }
    Ok(Wanted { from, limit: usize::try_from(limit).unwrap_or(usize::MAX) })
}

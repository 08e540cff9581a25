//! The description of the API as a page for people, which reads `/openapi.json` and shows it.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::process::Process;

/// What the page may do: run its own script, and ask the server that it comes from.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Returns where the page is.
pub(crate) fn routes() -> Router<Process> {
    Router::new()
        .route("/docs", get(async || file("text/html; charset=utf-8", include_str!("page.html"))))
        .route("/docs/page.css", get(async || file("text/css", include_str!("page.css"))))
        .route("/docs/page.js", get(async || file("text/javascript", include_str!("page.js"))))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (headers, text).into_response()
}

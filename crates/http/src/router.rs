//! How a request finds its endpoint, and what is checked before and added after.

use std::sync::Arc;

use althing_api::{Code, Problem};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Method};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use crate::access::{Access, Granted};
use crate::endpoints::endpoints;
use crate::metrics::Metrics;
use crate::process::Process;
use crate::request::Refused;
use crate::right::Right;
use crate::{openapi, page, reader};

/// Returns the router of a server with this access.
pub(crate) fn router(process: Process, access: Access) -> Router {
    process.count();
    let admission = Arc::new((process.clone(), access));
    let mut router = Router::new();
    for endpoint in endpoints() {
        let handler = match endpoint.right {
            Some(right) => endpoint
                .handler
                .layer(from_fn(move |request: Request, next: Next| check(right, request, next))),
            None => endpoint.handler,
        };
        router = router.route(endpoint.path, handler);
    }
    router
        .route("/openapi.json", axum::routing::get(openapi::answer))
        .merge(reader::routes())
        .merge(page::routes())
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .with_state(process)
        .layer(from_fn_with_state(admission, admit))
}

/// Lets a request in if its sender may ask at all, and takes note of what it may do.
async fn admit(
    State(admission): State<Arc<(Process, Access)>>,
    mut request: Request,
    next: Next,
) -> Response {
    let (process, access) = &*admission;
    let mut response = match access.of(request.uri().path(), request.headers()) {
        Ok(granted) => {
            request.extensions_mut().insert(granted);
            next.run(request).await
        }
        Err(problem) => Refused(problem).into_response(),
    };
    complete(&mut response, &process.metrics());
    response
}

/// Adds to an answer what all have, and counts it.
pub(crate) fn complete(response: &mut Response, metrics: &Metrics) {
    metrics.count_request(response.status().as_u16());
    let headers = response.headers_mut();
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        // What is answered is so at one moment.
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Lets a request through if its sender has the right.
async fn check(needed: Right, request: Request, next: Next) -> Response {
    let right = needed.name();
    let problem = match request.extensions().get::<Granted>().and_then(|granted| granted.right) {
        Some(has) if has >= needed => return next.run(request).await,
        Some(has) => {
            let detail = format!("this takes a token with the right {right}, not {}", has.name());
            Problem::new(Code::Forbidden, detail)
        }
        None => {
            let detail = format!(
                "this takes a token with the right {right}, in the header Authorization: Bearer \
                 TOKEN; see althing token --help"
            );
            Problem::new(Code::Unauthorized, detail)
        }
    };
    Refused(problem).into_response()
}

async fn not_found(request: Request) -> Refused {
    let path = request.uri().path();
    Refused(Problem::new(
        Code::NotFound,
        format!("there is no {path}; see /docs for what there is"),
    ))
}

async fn method_not_allowed(method: Method, request: Request) -> Refused {
    let path = request.uri().path();
    Refused(Problem::new(Code::MethodNotAllowed, format!("{path} does not take {method}")))
}

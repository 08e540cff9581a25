//! The page at `/`, which shows what happens: the files of `web/dist`, which are in the program.

use std::io::Write;
use std::sync::OnceLock;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use crate::process::Process;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../web/dist");

/// What the page may do: run its own scripts, and ask the server that it comes from.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' \
                      data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action \
                      'none'; frame-ancestors 'none'";

/// A file as it is sent.
struct File {
    path: &'static str,
    kind: &'static str,
    /// Changes with the content.
    tag: HeaderValue,
    plain: &'static [u8],
    /// Compressed, if that makes it smaller; made when it is first asked for.
    gzip: OnceLock<Option<Bytes>>,
}

/// Returns where the page is.
pub(crate) fn routes() -> Router<Process> {
    let index = |request: Request| async move { answer("index.html", request.headers()) };
    let mut router = Router::new().route("/", get(index));
    for file in files() {
        let one = move |request: Request| async move { answer(file.path, request.headers()) };
        router = router.route(&format!("/{}", file.path), get(one));
    }
    router
}

fn files() -> &'static [File] {
    static ALL: OnceLock<Vec<File>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Vec::new();
        collect(&FILES, &mut all);
        all
    })
}

fn collect(dir: &Dir<'static>, all: &mut Vec<File>) {
    for file in dir.files() {
        let Some(path) = file.path().to_str() else { continue };
        let plain = file.contents();
        let digest = althing_text::hex::encode(&Sha256::digest(plain)[..16]);
        let tag = HeaderValue::try_from(format!("\"{digest}\"")).expect("digits are a value");
        all.push(File { path, kind: kind(path), tag, plain, gzip: OnceLock::new() });
    }
    dir.dirs().for_each(|dir| collect(dir, all));
}

fn compressed(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    let gzip = encoder.finish().ok()?;
    (gzip.len() < plain.len()).then(|| Bytes::from(gzip))
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json" | "webmanifest") => "application/json",
        _ => "application/octet-stream",
    }
}

fn answer(path: &str, headers: &HeaderMap) -> Response {
    let Some(file) = files().iter().find(|file| file.path == path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let fixed = |value| HeaderValue::from_static(value);
    let mut said: Vec<(HeaderName, HeaderValue)> = vec![
        (ETAG, file.tag.clone()),
        // It is asked each time whether it has changed, since a new program has the same names.
        (CACHE_CONTROL, fixed("no-cache")),
        (VARY, fixed("accept-encoding")),
        (CONTENT_SECURITY_POLICY, fixed(POLICY)),
        (CONTENT_TYPE, fixed(file.kind)),
    ];
    let says = |name: HeaderName, word: &str| {
        let all = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        all.flat_map(|value| value.split(',')).any(|value| value.trim() == word)
    };
    let tag = file.tag.to_str().unwrap_or_default();
    if says(IF_NONE_MATCH, tag) || says(IF_NONE_MATCH, "*") {
        return (StatusCode::NOT_MODIFIED, axum::response::AppendHeaders(said)).into_response();
    }
    let gzip = says(ACCEPT_ENCODING, "gzip")
        .then(|| file.gzip.get_or_init(|| compressed(file.plain)).clone())
        .flatten();
    let body = gzip.map_or(Bytes::from_static(file.plain), |gzip| {
        said.push((CONTENT_ENCODING, fixed("gzip")));
        gzip
    });
    let mut response = body.into_response();
    said.into_iter().for_each(|(name, value)| {
        response.headers_mut().insert(name, value);
    });
    response
}

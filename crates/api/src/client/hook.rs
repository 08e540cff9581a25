//! How a program elsewhere is told that something has happened.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use tokio::time::timeout;

use super::connecting::{self, tls_config};
use super::{ClientError, Place, host_and_port};
use crate::{Code, Problem};

/// Time within which the program must answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// The header with the signature of what is sent.
const SIGNATURE: &str = "x-althing-signature";

/// A URL to which something is sent when it happens: a webhook.
#[derive(Clone, Debug)]
pub struct Hook {
    place: Place,
    path: String,
}

impl Hook {
    /// Returns the hook at a URL, as in `https://host/path`. With https it trusts what this system
    /// trusts, and the certificates in `ca_file`, in PEM.
    pub fn at_url(text: &str, ca_file: Option<&Path>) -> Result<Self, ClientError> {
        let no_url = || ClientError::NoUrl { text: text.to_owned() };
        let uri: Uri = text.parse().map_err(|_| no_url())?;
        let tls = match uri.scheme_str() {
            Some("https") => Some(tls_config(ca_file)?),
            Some("http") => None,
            _ => return Err(no_url()),
        };
        if uri.host().is_none_or(str::is_empty) {
            return Err(no_url());
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { place: Place::Url { uri, token: None, tls }, path })
    }

    /// Sends JSON with its signature. Any answer but one of success is an error.
    pub async fn send(&self, json: Bytes, signature: &str) -> Result<(), ClientError> {
        let place = || self.place.to_string();
        let Place::Url { uri, .. } = &self.place else {
            return Err(ClientError::NoUrl { text: place() });
        };
        let request = Request::post(&self.path)
            .header(HOST, host_and_port(uri))
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE, signature)
            .body(Full::new(json))
            .map_err(|error| ClientError::Foreign { place: place(), reason: error.to_string() })?;
        let answer = timeout(ANSWER_TIME, connecting::ask(&self.place, request)).await;
        let answer = answer.map_err(|_| ClientError::Silent { place: place() })??;
        if answer.status().is_success() {
            return Ok(());
        }
        let problem = Problem::new(Code::Unknown, format!("it answers {}", answer.status()));
        Err(ClientError::Refused { place: place(), problem: Box::new(problem) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_a_url_with_a_path_of_its_own() {
        let hook = Hook::at_url("http://127.0.0.1:8000/hooks?for=ann", None).expect("a URL");
        assert_eq!(hook.path, "/hooks?for=ann");
        for bad in ["", "127.0.0.1:8000", "ftp://host/", "http://"] {
            assert!(Hook::at_url(bad, None).is_err(), "{bad}");
        }
    }
}

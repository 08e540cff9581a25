//! How a program elsewhere is told that something has happened.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{CONTENT_TYPE, HOST};
use tokio::time::timeout;

use super::{ClientError, Remote, connecting};
use crate::{Code, Problem};

/// Time within which the program must answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// The header with the signature of what is sent.
const SIGNATURE: &str = "x-althing-signature";

/// A URL to which something is sent when it happens: a webhook.
#[derive(Clone, Debug)]
pub struct Hook {
    remote: Remote,
    path: String,
}

impl Hook {
    /// Returns the hook at a URL, as in `https://host/path`. With https it trusts what this system
    /// trusts, and the certificates in `ca_file`, in PEM.
    pub fn at_url(text: &str, ca_file: Option<&Path>) -> Result<Self, ClientError> {
        let remote = Remote::at(text, ca_file)?;
        let path = remote.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { remote, path })
    }

    /// Sends JSON with its signature. Any answer but one of success is an error.
    pub async fn send(&self, json: Bytes, signature: &str) -> Result<(), ClientError> {
        let place = || self.remote.to_string();
        let request = Request::post(&self.path)
            .header(HOST, self.remote.host_and_port())
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE, signature)
            .body(Full::new(json))
            .map_err(|error| ClientError::Foreign { place: place(), reason: error.to_string() })?;
        let answer = timeout(ANSWER_TIME, connecting::ask_remote(&self.remote, request)).await;
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

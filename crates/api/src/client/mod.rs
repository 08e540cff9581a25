//! How a peer is asked: at the socket in its directory, or at the address of its API.
//!
//! | file | question |
//! | --- | --- |
//! | `connecting` | how is it reached? |
//! | `events` | how is followed what happens? |
//! | `hook` | how is a program elsewhere told of something? |

mod connecting;
mod events;
mod hook;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use althing_feed::{PeerName, Row};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response, Uri};
use rustls::ClientConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::events::Events;
pub use self::hook::Hook;
use crate::{
    Action, Ballot, Block, Certificate, Charter, Demo, Done, Edit, Effect, Entry, EntryProof,
    NewEntry, Node, Page, PeerStatus, Peers, Problem, Submitted, Tally,
};

/// The longest answer that is read, in bytes: a page of the largest blocks is a tenth of it.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Time within which a peer that was reached must begin to answer, unless it has to wait for
/// something itself.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// Asks the peers of one process.
#[derive(Clone, Debug)]
pub struct Client(Place);

/// Where the peers are reached.
#[derive(Clone)]
pub(crate) enum Place {
    /// At the socket in a directory.
    Dir(PathBuf),
    /// At a URL, with what to say who we are with.
    Url(Remote, Option<HeaderValue>),
}

/// A program at a URL.
#[derive(Clone)]
pub(crate) struct Remote {
    uri: Uri,
    /// Whose certificates are trusted, if it speaks TLS.
    tls: Option<Arc<ClientConfig>>,
}

/// Why a peer could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No peer runs in that directory.
    #[error(
        "no peer runs in {0}; start one, as in althing peer --data {0}, with the options of its \
         network",
        dir.display()
    )]
    NotRunning {
        /// The directory.
        dir: PathBuf,
    },
    /// The place cannot be reached.
    #[error("{place} cannot be reached: {error}")]
    Unreachable {
        /// The socket or the URL.
        place: String,
        /// The error of the operating system, or of TLS.
        error: io::Error,
    },
    /// The certificates to trust cannot be used.
    #[error("the certificates to trust cannot be used: {reason}")]
    NoTrust {
        /// What is wrong with them.
        reason: String,
    },
    /// What was given as a token is none.
    #[error("the token has a character that no token has; give it as althing token new wrote it")]
    NoToken,
    /// What was given as a URL is none.
    #[error("{text:?} is not the address of an API; write it as in http://127.0.0.1:8080")]
    NoUrl {
        /// The text that was given.
        text: String,
    },
    /// The peer has left before it answered.
    #[error("the peer at {place} has left without an answer")]
    Left {
        /// The directory or the URL.
        place: String,
    },
    /// The peer has not answered in time.
    #[error("the peer at {place} does not answer")]
    Silent {
        /// The directory or the URL.
        place: String,
    },
    /// The peer has refused the request.
    #[error("the peer at {place} cannot answer: {problem}")]
    Refused {
        /// The directory or the URL.
        place: String,
        /// The problem, in the words of the peer.
        problem: Box<Problem>,
    },
    /// The answer is not one of the API.
    #[error(
        "the answer of {place} is not understood ({reason}); it may be of another version of \
         althing"
    )]
    Foreign {
        /// The directory or the URL.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ClientError {
    /// Returns whether this user may not use the socket, as another user may.
    pub fn is_permission_denied(&self) -> bool {
        matches!(self, Self::Unreachable { error, .. }
            if error.kind() == io::ErrorKind::PermissionDenied)
    }
}

type Answer<T> = Result<T, ClientError>;

impl Client {
    /// Returns a client for the peer that runs in `dir`.
    pub fn in_dir(dir: &Path) -> Self {
        Self(Place::Dir(dir.to_owned()))
    }

    /// Returns a client for the peers behind a URL, as in `http://127.0.0.1:8080`. With https it
    /// trusts what this system trusts, and the certificates in `ca_file`, in PEM.
    pub fn at_url(text: &str, token: Option<String>, ca_file: Option<&Path>) -> Answer<Self> {
        let remote = Remote::at(text.trim_end_matches('/'), ca_file)?;
        if !matches!(remote.uri.path(), "" | "/") {
            return Err(ClientError::NoUrl { text: text.to_owned() });
        }
        let bearer = |token| HeaderValue::try_from(format!("Bearer {token}"));
        let token = token.map(bearer).transpose().map_err(|_| ClientError::NoToken)?;
        Ok(Self(Place::Url(remote, token)))
    }

    /// Returns what runs there.
    pub async fn node(&self) -> Answer<Node> {
        self.get("/v1/node").await
    }

    /// Returns how things stand with the first peer there.
    pub async fn status(&self) -> Answer<PeerStatus> {
        self.get("/v1/status").await
    }

    /// Returns how things stand with all peers there.
    pub async fn peers(&self) -> Answer<Peers> {
        self.get("/v1/peers").await
    }

    /// Returns how things stand with a peer.
    pub async fn peer(&self, peer: &PeerName) -> Answer<PeerStatus> {
        self.get(&format!("/v1/peers/{peer}")).await
    }

    /// Returns a page of the table.
    pub async fn rows(&self, from: u64) -> Answer<Page<Row>> {
        self.page("rows", from).await
    }

    /// Returns what decided a row of the table.
    pub async fn certificate(&self, row: u64) -> Answer<Certificate> {
        self.get(&format!("/v1/rows/{row}/certificate")).await
    }

    /// Returns a page of the chain's blocks.
    pub async fn blocks(&self, from: u64) -> Answer<Page<Block>> {
        self.page("blocks", from).await
    }

    /// Returns a page of the chain's entries, from those of the block at a height on.
    pub async fn entries(&self, from: u64) -> Answer<Page<Entry>> {
        self.page("entries", from).await
    }

    /// Returns what shows that an entry is in its block.
    pub async fn proof(&self, height: u64, place: u64) -> Answer<EntryProof> {
        self.get(&format!("/v1/blocks/{height}/entries/{place}/proof")).await
    }

    /// Returns what the members of the assembly have agreed on.
    pub async fn charter(&self) -> Answer<Charter> {
        self.get("/v1/charter").await
    }

    /// Returns a page of the ballots in the chain, from those of the block at a height on.
    pub async fn ballots(&self, from: u64) -> Answer<Page<Ballot>> {
        self.page("ballots", from).await
    }

    /// Gets an entry into the chain, and waits until it is there, for as long as that takes.
    pub async fn add(&self, entry: &NewEntry) -> Answer<Submitted> {
        self.post("/v1/entries", entry, None).await
    }

    /// Returns the ballots in the chain, counted.
    pub async fn tally(&self) -> Answer<Tally> {
        self.get("/v1/tally").await
    }

    /// Returns what a change to one byte of a block would break.
    pub async fn what_if(&self, edit: &Edit) -> Answer<Effect> {
        self.post("/v1/what-if", edit, None).await
    }

    /// Returns what can be seen of a network in one process.
    pub async fn demo(&self) -> Answer<Demo> {
        self.get("/v1/demo").await
    }

    /// Does something to a network in one process.
    pub async fn act(&self, action: &Action) -> Answer<Done> {
        self.post("/v1/demo/actions", action, Some(ANSWER_TIME)).await
    }

    /// Undoes what was done to a network in one process.
    pub async fn undo(&self, fault: u64) -> Answer<Done> {
        let path = format!("/v1/demo/faults/{fault}");
        let answer = self.ask(Method::DELETE, &path, None, Some(ANSWER_TIME)).await?;
        self.read(answer).await
    }

    /// Follows what happens there: from record number `from` on, or from the next one on.
    pub async fn events(&self, from: Option<u64>) -> Answer<Events> {
        let path = match from {
            Some(from) => format!("/v1/events?from={from}"),
            None => "/v1/events".to_owned(),
        };
        let answer = self.ask(Method::GET, &path, None, Some(ANSWER_TIME)).await?;
        if !answer.status().is_success() {
            return Err(self.refused(answer).await);
        }
        Ok(Events::new(self.to_string(), answer.into_body()))
    }

    async fn page<T: DeserializeOwned>(&self, list: &str, from: u64) -> Answer<Page<T>> {
        self.get(&format!("/v1/{list}?from={from}&limit={}", crate::LIMIT_MAX)).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Answer<T> {
        let answer = self.ask(Method::GET, path, None, Some(ANSWER_TIME)).await?;
        self.read(answer).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        time: Option<Duration>,
    ) -> Answer<T> {
        let body = serde_json::to_vec(body).expect("plain data can be written as JSON");
        let answer = self.ask(Method::POST, path, Some(body), time).await?;
        self.read(answer).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        time: Option<Duration>,
    ) -> Answer<Response<Incoming>> {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(ACCEPT, "application/json, application/x-ndjson");
        match &self.0 {
            Place::Dir(_) => request = request.header(HOST, "localhost"),
            Place::Url(remote, token) => {
                request = request.header(HOST, remote.host_and_port());
                if let Some(token) = token {
                    request = request.header(AUTHORIZATION, token);
                }
            }
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(Bytes::from(body.unwrap_or_default())));
        let request = request.map_err(|error| self.foreign(&error))?;
        let asked = connecting::ask(&self.0, request);
        match time {
            None => asked.await,
            Some(time) => tokio::time::timeout(time, asked)
                .await
                .map_err(|_| ClientError::Silent { place: self.to_string() })?,
        }
    }

    async fn read<T: DeserializeOwned>(&self, answer: Response<Incoming>) -> Answer<T> {
        if !answer.status().is_success() {
            return Err(self.refused(answer).await);
        }
        let bytes = self.bytes(answer).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.foreign(&error))
    }

    async fn refused(&self, answer: Response<Incoming>) -> ClientError {
        let status = answer.status();
        let problem = match self.bytes(answer).await {
            Ok(bytes) => serde_json::from_slice::<Problem>(&bytes),
            Err(error) => return error,
        };
        match problem {
            Ok(problem) => {
                ClientError::Refused { place: self.to_string(), problem: Box::new(problem) }
            }
            Err(_) => self.foreign(&status),
        }
    }

    async fn bytes(&self, answer: Response<Incoming>) -> Answer<Bytes> {
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let left = |_| ClientError::Left { place: self.to_string() };
        body.map(http_body_util::Collected::to_bytes).map_err(left)
    }

    fn foreign(&self, reason: &impl fmt::Display) -> ClientError {
        ClientError::Foreign { place: self.to_string(), reason: reason.to_string() }
    }
}

/// The directory or the URL.
impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dir(dir) => dir.display().fmt(f),
            Self::Url(remote, _) => remote.fmt(f),
        }
    }
}

impl Remote {
    /// Returns the program at a URL. With https it trusts what this system trusts, and the
    /// certificates in `ca_file`, in PEM.
    fn at(text: &str, ca_file: Option<&Path>) -> Answer<Self> {
        let no_url = || ClientError::NoUrl { text: text.to_owned() };
        let uri: Uri = text.parse().map_err(|_| no_url())?;
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(no_url()),
        };
        if uri.host().is_none_or(str::is_empty) {
            return Err(no_url());
        }
        let tls = is_secure.then(|| connecting::tls_config(ca_file)).transpose()?;
        Ok(Self { uri, tls })
    }

    /// Returns its host as it calls itself: without a user and a password.
    fn host_and_port(&self) -> String {
        let host = self.uri.host().unwrap_or_default();
        self.uri.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// The URL, up to its path.
impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.uri.scheme_str().unwrap_or("http");
        write!(f, "{scheme}://{}", self.host_and_port())
    }
}

/// Without a user and a password.
impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without the token.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_host_and_nothing_below_it() {
        for good in ["http://127.0.0.1:8080", "https://node.example/", "http://[::1]:7"] {
            let client = Client::at_url(good, None, None).expect(good);
            assert_eq!(client.to_string(), good.trim_end_matches('/'));
        }
        for bad in ["", "127.0.0.1:8080", "ftp://host", "http://", "http://host/v1", "not a url"] {
            let error = Client::at_url(bad, None, None).expect_err(bad).to_string();
            assert!(error.contains("http://127.0.0.1:8080"), "{error}");
        }
    }

    #[test]
    fn neither_a_token_nor_a_password_is_shown() {
        let client = Client::at_url("https://ann:hush@host:7", Some("secret".to_owned()), None);
        let client = client.expect("a URL");
        assert_eq!(client.to_string(), "https://host:7");
        assert!(!format!("{client:?}").contains("secret"));
    }

    #[test]
    fn a_token_that_cannot_be_sent_is_told_as_that() {
        for bad in ["althing_7\n", "\u{1b}[31m"] {
            let refused = Client::at_url("http://host:7", Some(bad.to_owned()), None);
            assert!(matches!(refused, Err(ClientError::NoToken)), "{refused:?}");
        }
    }
}

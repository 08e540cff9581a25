//! The API at an address of the user's choice.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};

use crate::access::Access;
use crate::process::Process;
use crate::router::router;
use crate::serve::{CONNECTIONS_MAX, Listener, Server};
use crate::tls::{Certificate, CertificateError, Secure};
use crate::tokens::{Guarded, TokensError};

/// Where the API is served, and to whom.
#[derive(Clone, Debug)]
pub struct Serving {
    /// Where; port 0 takes a free one.
    pub address: SocketAddr,
    /// The file of the tokens that callers need. Without it the address must be of this machine,
    /// and all users of the machine may do everything.
    pub tokens: Option<PathBuf>,
    /// The certificate for TLS, if it is served over TLS.
    pub certificate: Option<Certificate>,
    /// The names by which it may be asked from other machines, besides its addresses: a page of
    /// another site may have made any other name lead here.
    pub names: Vec<String>,
}

/// The API at an address, while it is served.
pub struct Http {
    address: SocketAddr,
    is_secure: bool,
    server: Server,
}

/// Why the API cannot be served at an address.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// All who reach the address could do anything.
    #[error(
        "{address} can be reached from other machines, and so takes --tokens FILE; make the file \
         with althing token new, or use 127.0.0.1"
    )]
    Open {
        /// The address.
        address: SocketAddr,
    },
    /// The tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The operating system refuses.
    #[error("the API cannot be served at {address}: {error}")]
    Io {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        error: io::Error,
    },
}

impl Serving {
    /// Serves the API at an address of this machine, to all its users.
    pub fn here(address: SocketAddr) -> Self {
        Self { address, tokens: None, certificate: None, names: Vec::new() }
    }
}

impl Http {
    /// Serves the API.
    pub async fn serve(serving: &Serving, process: Process) -> Result<Self, HttpError> {
        let Serving { address, tokens, certificate, names } = serving;
        let failed = |error| HttpError::Io { address: *address, error };
        if tokens.is_none() && !address.ip().to_canonical().is_loopback() {
            return Err(HttpError::Open { address: *address });
        }
        let acceptor = certificate.as_ref().map(Certificate::acceptor).transpose()?;
        let guarded = tokens.as_deref().map(Guarded::open).transpose()?;
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let is_secure = acceptor.is_some();
        let access = match guarded {
            Some(guarded) => Access::Tokens(Arc::new(guarded), names.clone()),
            None => Access::ThisMachine { address, is_secure },
        };
        let metrics = process.metrics();
        let router = router(process, access);
        let server = match acceptor {
            Some(acceptor) => {
                let secure = Secure { listener, acceptor };
                Server::start(secure, router, metrics, CONNECTIONS_MAX)
            }
            None => Server::start(listener, router, metrics, CONNECTIONS_MAX),
        };
        Ok(Self { address, is_secure, server })
    }

    /// Returns where it is served.
    pub fn url(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Accepts no more callers, and waits a moment for those that are there.
    pub async fn end(self) {
        self.server.end().await;
    }
}

impl Listener for TcpListener {
    type Raw = TcpStream;
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<TcpStream> {
        let (stream, _) = Self::accept(self).await?;
        // Answers are small, and events are to be seen when they happen.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn greet(raw: TcpStream) -> io::Result<TcpStream> {
        Ok(raw)
    }

    fn caller(raw: &TcpStream) -> Option<IpAddr> {
        raw.peer_addr().ok().map(|address| address.ip())
    }

    fn try_send(raw: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        raw.try_write(bytes)
    }
}

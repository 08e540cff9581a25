//! The connections under the broker libraries: TCP without Nagle's delay (RFC 896) and without
//! delayed acknowledgements (RFC 1122), with TLS on top if configured.

use std::io;
use std::net::Shutdown;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tracing::debug;

use crate::connect::{ConnectError, connect_any};
use crate::opening::{Opening, Protocol};
use crate::url::{Scheme, Url};

/// Time for the other side to close after the goodbye.
const LINGER_TIME: Duration = Duration::from_millis(500);

/// How the connections of one link are made.
pub(crate) struct Dialer {
    host: String,
    port: u16,
    /// `host:port`, for messages.
    address: String,
    scheme: &'static Scheme,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    acknowledgements: Acknowledgements,
    /// The socket of the latest connection.
    socket: Mutex<Option<std::net::TcpStream>>,
}

/// When our side of the connection acknowledges what it received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acknowledgements {
    /// At once, so that a broker with Nagle's algorithm never waits for us.
    Prompt,
    /// As late as the operating system chooses, which shows whether the broker would wait.
    Delayed,
}

/// Bytes in both directions, with or without TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// Why the connection to a broker could not be established.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The host's name cannot be resolved.
    #[error("the broker's host {host} cannot be found: {reason}")]
    Unresolved {
        /// The host's name.
        host: String,
        /// The operating system's error.
        reason: String,
    },
    /// Nothing listens at the port.
    #[error("no broker listens at {address}: connection refused")]
    Refused {
        /// Host and port.
        address: String,
    },
    /// The host cannot be reached.
    #[error("the broker at {address} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// The operating system's error.
        reason: String,
    },
    /// What answers speaks another protocol.
    #[error("what answers at {address} speaks {protocol}; {advice}")]
    Foreign {
        /// Host and port.
        address: String,
        /// The protocol of the server that answers there instead of the expected one.
        protocol: Protocol,
        /// What to do about it.
        advice: String,
    },
    /// The certificates to trust cannot be used.
    #[error("the certificates in {} cannot be used: {reason}", path.display())]
    Certificates {
        /// The file that should contain them.
        path: PathBuf,
        /// Why they cannot be used, as a sentence for a person.
        reason: String,
    },
    /// The TLS handshake failed, or the broker could not prove its identity.
    #[error("TLS with the broker at {address} failed: {reason}")]
    Tls {
        /// Host and port.
        address: String,
        /// What the TLS library says, as a sentence for a person.
        reason: String,
    },
}

impl DialError {
    /// Returns whether an immediate retry would fail in the same way.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Foreign { .. } | Self::Certificates { .. } | Self::Tls { .. } => true,
            Self::Unresolved { .. } | Self::Refused { .. } | Self::Unreachable { .. } => false,
        }
    }
}

impl Dialer {
    /// Returns the dialer for the broker at `url`; `ca_file` contains certificates to trust in
    /// addition to the system's.
    pub(crate) fn new(
        url: &Url,
        ca_file: Option<&Path>,
        acknowledgements: Acknowledgements,
    ) -> Result<Self, DialError> {
        let (host, port, address) = (url.host.clone(), url.port, url.address());
        let tls = match url.is_encrypted {
            true => Some(tls(&host, &address, ca_file)?),
            false => None,
        };
        let (scheme, socket) = (url.scheme, Mutex::new(None));
        Ok(Self { host, port, address, scheme, tls, acknowledgements, socket })
    }

    /// Connects, with TLS if configured.
    pub(crate) async fn dial(&self) -> Result<Box<dyn Stream>, DialError> {
        let (tcp, socket) =
            self.dial_tcp().await.and_then(|tcp| shared(tcp).map_err(|e| self.unreachable(&e)))?;
        *self.socket.lock().expect("nothing panics while it holds this lock") = Some(socket);
        let tcp = Tcp { stream: tcp, acknowledgements: self.acknowledgements };
        match &self.tls {
            None => Ok(Box::new(self.watched(tcp))),
            Some((connector, name)) => match connector.connect(name.clone(), tcp).await {
                Ok(stream) => Ok(Box::new(self.watched(stream))),
                Err(error) => {
                    let (address, reason) = (self.address.clone(), self.tls_failure(&error));
                    Err(DialError::Tls { address, reason })
                }
            },
        }
    }

    /// Returns a connection that fails with [`DialError::Foreign`] if what answers is no broker of
    /// this kind.
    fn watched<S: Stream>(&self, stream: S) -> Opening<S> {
        let (address, scheme) = (self.address.clone(), self.scheme);
        Opening::new(stream, scheme.speaks, move |protocol| {
            let advice = match protocol {
                Protocol::Tls => format!("write {}:// for a broker with TLS", scheme.encrypted),
                Protocol::Amqp => "write amqp:// for a broker of AMQP".to_owned(),
                Protocol::Http | Protocol::Ssh => {
                    "a broker listens at another port or on another host".to_owned()
                }
            };
            let error = DialError::Foreign { address: address.clone(), protocol, advice };
            io::Error::other(error)
        })
    }

    /// Says what is wrong with TLS, and what to do about it.
    fn tls_failure(&self, error: &io::Error) -> String {
        use rustls::{CertificateError, Error};
        let plain = self.scheme.plain;
        match error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
            Some(Error::InvalidMessage(_)) => {
                format!("what answers does not speak it; write {plain}:// for a broker without TLS")
            }
            Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                "its certificate was issued by no authority that we trust; if it is the right \
                 broker, name the certificate of its issuer with --ca-file"
                    .to_owned()
            }
            None if error.kind() == io::ErrorKind::UnexpectedEof => format!(
                "the connection was closed instead of an answer; write {plain}:// for a broker \
                 without TLS"
            ),
            _ => error.to_string(),
        }
    }

    /// Cuts the latest connection, whichever part of the program holds it.
    pub(crate) fn hang_up(&self) {
        let socket = self.socket.lock().expect("nothing panics while it holds this lock").take();
        if let Some(socket) = socket {
            // It fails only on a connection that has already ended.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Closes the latest connection like [`linger`]. No other part of the program may still hold
    /// it.
    pub(crate) async fn linger(&self) {
        let socket = self.socket.lock().expect("nothing panics while it holds this lock").take();
        if let Some(Ok(stream)) = socket.map(TcpStream::from_std) {
            linger(stream).await;
        }
    }

    async fn dial_tcp(&self) -> Result<TcpStream, DialError> {
        let address = self.address.clone();
        match connect_any(&self.host, self.port).await {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(|error| self.unreachable(&error))?;
                Ok(stream)
            }
            Err(ConnectError::Unresolved(reason)) => {
                Err(DialError::Unresolved { host: self.host.clone(), reason })
            }
            Err(ConnectError::Refused) => Err(DialError::Refused { address }),
            Err(ConnectError::Unreachable(reason)) => {
                Err(DialError::Unreachable { address, reason })
            }
        }
    }

    fn unreachable(&self, error: &io::Error) -> DialError {
        let address = self.address.clone();
        match error.kind() {
            io::ErrorKind::ConnectionRefused => DialError::Refused { address },
            _ => DialError::Unreachable { address, reason: error.to_string() },
        }
    }
}

/// Closes a connection so that the other side reads everything we sent: closing a socket with
/// unread bytes resets the connection, and the other side may then take us for crashed.
pub(crate) async fn linger(mut stream: TcpStream) {
    let end = async {
        stream.shutdown().await?;
        let mut rest = [0; 4096];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    if !matches!(timeout(LINGER_TIME, end).await, Ok(Ok(()))) {
        debug!("the other side of a connection did not close it in time");
    }
}

/// Returns the stream, and a second handle to its socket.
fn shared(stream: TcpStream) -> io::Result<(TcpStream, std::net::TcpStream)> {
    let stream = stream.into_std()?;
    let socket = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, socket))
}

fn tls(
    host: &str,
    address: &str,
    ca_file: Option<&Path>,
) -> Result<(TlsConnector, ServerName<'static>), DialError> {
    let mut roots = RootCertStore::empty();
    let (added, refused) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    debug!(added, refused, "loaded the system's certificates");
    if let Some(path) = ca_file {
        let unusable = |reason: String| DialError::Certificates { path: path.to_owned(), reason };
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unusable(error.to_string()))?;
        if certificates.is_empty() {
            return Err(unusable("it holds none in PEM format".to_owned()));
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
    }
    let broken = |reason: String| DialError::Tls { address: address.to_owned(), reason };
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| broken(error.to_string()))?;
    Ok((TlsConnector::from(Arc::new(config)), name))
}

struct Tcp {
    stream: TcpStream,
    acknowledgements: Acknowledgements,
}

impl Tcp {
    /// Sets when received data is acknowledged. Linux resets this setting during a connection, so
    /// it is set after every read; other systems have no such setting.
    fn acknowledge(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            let prompt = self.acknowledgements == Acknowledgements::Prompt;
            // If it fails, messages only arrive later.
            let _ = self.stream.set_quickack(prompt);
        }
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        self.acknowledge();
        Poll::Ready(read)
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

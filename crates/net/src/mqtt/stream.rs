//! The connection under the MQTT library: TCP without Nagle's delay and without delayed
//! acknowledgements, TLS above it if asked for.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rumqttc::tokio_rustls::TlsConnector;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tracing::debug;

use super::Error;
use super::guard::Guard;

/// Time for the broker to close its side after the goodbye.
const LINGER_TIME: Duration = Duration::from_millis(500);

/// How the connections of one link are made.
pub(super) struct Dialer {
    host: String,
    port: u16,
    /// `host:port`, for messages.
    address: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    acknowledgements: Acknowledgements,
    packet_bytes_max: usize,
    /// The socket of the latest connection.
    socket: Mutex<Option<std::net::TcpStream>>,
}

/// When our side of the connection acknowledges what it received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acknowledgements {
    /// At once, so that a broker which sends with Nagle's algorithm never waits for us.
    Prompt,
    /// As late as the system likes, which shows whether the broker would wait.
    Delayed,
}

/// Bytes in both directions, with or without TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

impl Dialer {
    pub(super) fn new(
        options: &super::Options,
        acknowledgements: Acknowledgements,
        packet_bytes_max: usize,
    ) -> Result<Self, Error> {
        let broker = &options.broker;
        let address = broker.address();
        let tls = match broker.is_encrypted() {
            true => Some(tls(broker.host(), &address, options.ca_file.as_deref())?),
            false => None,
        };
        Ok(Self {
            host: broker.host().to_owned(),
            port: broker.port(),
            address,
            tls,
            acknowledgements,
            packet_bytes_max,
            socket: Mutex::new(None),
        })
    }

    /// Connects, with TLS if so configured. The MQTT library can only pass on I/O errors, so an
    /// [`Error`] travels inside one; [`Error::of_connection`] takes it out again.
    pub(super) async fn dial(&self) -> io::Result<Guard<Box<dyn Stream>>> {
        let tcp = self.dial_tcp().await.map_err(io::Error::other)?;
        let (tcp, socket) = shared(tcp)?;
        *self.socket.lock().expect("nothing panics while it holds this lock") = Some(socket);
        let tcp = Tcp { stream: tcp, acknowledgements: self.acknowledgements };
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(tcp),
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), tcp).await.map_err(|error| {
                    io::Error::other(Error::Tls {
                        address: self.address.clone(),
                        reason: error.to_string(),
                    })
                })?;
                Box::new(stream)
            }
        };
        Ok(Guard::new(stream, self.packet_bytes_max))
    }

    /// Ends the latest connection, which must be in nobody else's hands any more, so that the
    /// broker reads our last words: closing a socket that holds unread bytes resets the
    /// connection, and a broker may then take us for crashed.
    pub(super) async fn linger(&self) {
        let socket = self.socket.lock().expect("nothing panics while it holds this lock").take();
        let Some(Ok(mut stream)) = socket.map(TcpStream::from_std) else { return };
        let end = async {
            stream.shutdown().await?;
            let mut rest = [0; 4096];
            while stream.read(&mut rest).await? > 0 {}
            io::Result::Ok(())
        };
        if !matches!(timeout(LINGER_TIME, end).await, Ok(Ok(()))) {
            debug!(broker = %self.address, "the broker did not close its side in time");
        }
    }

    async fn dial_tcp(&self) -> Result<TcpStream, Error> {
        let unresolved = |reason: String| Error::Unresolved { host: self.host.clone(), reason };
        let addresses: Vec<SocketAddr> = lookup_host((self.host.as_str(), self.port))
            .await
            .map_err(|error| unresolved(error.to_string()))?
            .collect();
        let mut failure = unresolved("it has no address".to_owned());
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(|error| self.unreachable(&error))?;
                    return Ok(stream);
                }
                Err(error) => failure = self.unreachable(&error),
            }
        }
        Err(failure)
    }

    fn unreachable(&self, error: &io::Error) -> Error {
        let address = self.address.clone();
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Error::Refused { address },
            _ => Error::Unreachable { address, reason: error.to_string() },
        }
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
) -> Result<(TlsConnector, ServerName<'static>), Error> {
    let mut roots = RootCertStore::empty();
    let (added, refused) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    debug!(added, refused, "loaded the system's certificates");
    if let Some(path) = ca_file {
        let unusable = |reason: String| Error::Certificates { path: path.to_owned(), reason };
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
    let broken = |reason: String| Error::Tls { address: address.to_owned(), reason };
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
    /// Sets when what was just received is acknowledged. Linux forgets this as the connection
    /// goes on, so it is set after every read; other systems have no such setting.
    fn acknowledge(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            let prompt = self.acknowledgements == Acknowledgements::Prompt;
            // Without it messages only come later.
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

//! How a peer is reached: a connection of its own for each request.

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::{ClientError, Place, Remote};
use crate::path::{PathError, SOCKET, ShortPath};

/// Sends a request, and returns the beginning of the answer.
pub(super) async fn ask(
    place: &Place,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, ClientError> {
    match place {
        Place::Dir(dir) => {
            let socket = || dir.join(SOCKET).display().to_string();
            let not_running = || ClientError::NotRunning { dir: dir.clone() };
            let unreachable = |error| ClientError::Unreachable { place: socket(), error };
            let short = ShortPath::of(dir).map_err(|error| match error {
                PathError::Missing => not_running(),
                PathError::TooLong { .. } => {
                    unreachable(io::Error::new(ErrorKind::InvalidInput, error.to_string()))
                }
                PathError::Io(error) => unreachable(error),
            })?;
            let stream = UnixStream::connect(short.path()).await;
            let stream = stream.map_err(|error| match error.kind() {
                ErrorKind::NotFound | ErrorKind::ConnectionRefused => not_running(),
                _ => unreachable(error),
            })?;
            exchange(place, stream, request).await
        }
        Place::Url(remote, _) => ask_remote(remote, request).await,
    }
}

/// Sends a request to a program at a URL, and returns the beginning of the answer.
pub(super) async fn ask_remote(
    remote: &Remote,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, ClientError> {
    let Remote { uri, tls } = remote;
    let unreachable = |error| ClientError::Unreachable { place: remote.host_and_port(), error };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
    let stream = TcpStream::connect((host.as_str(), port)).await.map_err(unreachable)?;
    // Requests are small, and each waits for its answer.
    stream.set_nodelay(true).map_err(unreachable)?;
    let Some(tls) = tls else {
        return exchange(remote, stream, request).await;
    };
    let name = ServerName::try_from(host)
        .map_err(|error| unreachable(io::Error::new(ErrorKind::InvalidInput, error)))?;
    let connector = TlsConnector::from(Arc::clone(tls));
    let stream = connector.connect(name, stream).await.map_err(unreachable)?;
    exchange(remote, stream, request).await
}

async fn exchange(
    place: &impl Display,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, ClientError> {
    let left = |_| ClientError::Left { place: place.to_string() };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(left)?;
    // It ends when the answer has been read, or is dropped.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(left)
}

/// Returns what trusts what this system trusts, and the certificates in a file.
pub(super) fn tls_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, ClientError> {
    let untrusted = |reason: String| ClientError::NoTrust { reason };
    let mut roots = RootCertStore::empty();
    // What is no certificate is left out, as other programs do.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = ca_file {
        let of_file = |error: &dyn Display| ClientError::NoTrust {
            reason: format!("{}: {error}", file.display()),
        };
        let all = CertificateDer::pem_file_iter(file).map_err(|error| of_file(&error))?;
        for certificate in all {
            let certificate = certificate.map_err(|error| of_file(&error))?;
            roots.add(certificate).map_err(|error| of_file(&error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| untrusted(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

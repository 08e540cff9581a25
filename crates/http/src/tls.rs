//! TLS with a certificate of the user's.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::request::REQUEST_TIME;
use crate::serve::Listener;

/// The files of a certificate and its key, in PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate, and those that stand behind it.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read, or holds something else.
    #[error("{} holds no {what} in PEM: {error}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// Why it cannot be read.
        error: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not fit together, or are of an unknown kind.
    #[error("the certificate cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

impl Certificate {
    /// Reads it.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, CertificateError> {
        let chain = certificates(&self.chain)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| {
            CertificateError::File { file: self.key.clone(), what: "private key", error }
        })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let failed =
        |error| CertificateError::File { file: file.to_owned(), what: "certificate", error };
    let all = CertificateDer::pem_file_iter(file).map_err(failed)?;
    let all = all.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    match all.is_empty() {
        true => Err(failed(rustls::pki_types::pem::Error::NoItemsFound)),
        false => Ok(all),
    }
}

/// Callers that speak TLS.
pub(crate) struct Secure {
    pub(crate) listener: TcpListener,
    pub(crate) acceptor: TlsAcceptor,
}

impl Listener for Secure {
    type Raw = (TcpStream, TlsAcceptor);
    type Stream = TlsStream<TcpStream>;

    async fn accept(&mut self) -> io::Result<Self::Raw> {
        let stream = Listener::accept(&mut self.listener).await?;
        Ok((stream, self.acceptor.clone()))
    }

    async fn greet((stream, acceptor): Self::Raw) -> io::Result<Self::Stream> {
        timeout(REQUEST_TIME, acceptor.accept(stream)).await?
    }

    fn caller((stream, _): &Self::Raw) -> Option<std::net::IpAddr> {
        TcpListener::caller(stream)
    }

    /// What is not said in TLS is understood by no caller.
    fn try_send(_: &Self::Raw, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

//! Starting, stopping and waiting for the servers that tests use.

use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// How often other ports are tried, in case another program takes ports that were just free.
const PORTS_MAX: usize = 5;

/// Directories with servers that are not on the path of ordinary users.
const PLACES: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"];

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It is not installed.
    #[error(
        "this test needs {program}, which is not installed; \
         run `cargo xtask test`, which installs it"
    )]
    Missing {
        /// The program that was looked for.
        program: &'static str,
    },
    /// It did not accept connections.
    #[error("the server did not start; its log:\n{log}")]
    Failed {
        /// Its output.
        log: String,
    },
    /// Its files could not be written, or a program could not be started.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// No certificates could be made for it.
    #[error(transparent)]
    Certificates(#[from] rcgen::Error),
}

pub(crate) fn find(program: &'static str) -> Result<PathBuf, StartError> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(PLACES.map(PathBuf::from))
        .map(|place| place.join(program))
        .find(|file| file.is_file())
        .ok_or(StartError::Missing { program })
}

/// Starts a server, with new ports on each attempt, until it succeeds.
pub(crate) fn try_ports<T>(
    mut start: impl FnMut() -> Result<T, StartError>,
) -> Result<T, StartError> {
    let mut outcome = start();
    for _ in 1..PORTS_MAX {
        if !matches!(outcome, Err(StartError::Failed { .. })) {
            break;
        }
        outcome = start();
    }
    outcome
}

/// Waits until `process` accepts connections at all of `ports`; if it does not, its output is in
/// `log`.
pub(crate) fn wait_until_ready(
    process: &mut Child,
    ports: &[u16],
    within: Duration,
    log: &Path,
) -> Result<(), StartError> {
    let deadline = Instant::now() + within;
    while Instant::now() < deadline && process.try_wait()?.is_none() {
        if ports.iter().all(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_ok()) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(2));
    }
    Err(StartError::Failed { log: String::from_utf8_lossy(&fs::read(log)?).into_owned() })
}

/// Sends `process` a signal, as in `-STOP`.
pub(crate) fn signal(process: &Child, signal: &str) -> Result<(), StartError> {
    Command::new("kill").arg(signal).arg(process.id().to_string()).status()?;
    Ok(())
}

/// Kills `process`, as a power cut would.
pub(crate) fn kill(process: &mut Child) {
    // Both fail only if it has already ended, which is fine.
    let _ = process.kill();
    let _ = process.wait();
}

/// Writes the certificate of a server called `localhost` and `127.0.0.1`, `server.pem`, its key,
/// `server.key`, and the certificate of its authority, `ca.pem`.
pub(crate) fn write_certificates(directory: &Path) -> Result<(), StartError> {
    let mut params = CertificateParams::new([])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names)?.signed_by(&key, &authority)?;
    fs::write(directory.join("ca.pem"), authority.pem())?;
    fs::write(directory.join("server.pem"), certificate.pem())?;
    fs::write(directory.join("server.key"), key.serialize_pem())?;
    Ok(())
}

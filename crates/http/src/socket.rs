//! The socket in a peer's directory: a file that belongs to the peer's user alone, and so does the
//! right to ask there.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use althing_api::{PathError, SOCKET, ShortPath};
use socket2::{Domain, SockAddr, Socket as RawSocket, Type};
use tokio::net::{UnixListener, UnixStream};

use crate::access::Access;
use crate::process::Process;
use crate::router::router;
use crate::serve::{Listener, Server};

/// The maximum number of callers at a time; who comes when they are there is told so.
pub const CALLERS_MAX: usize = 128;

/// Callers that the operating system keeps until they are accepted.
const BACKLOG: i32 = 128;

/// The API at the socket in a directory; the socket is removed when this is dropped.
pub struct Socket {
    path: PathBuf,
    _server: Server,
}

/// Why a socket cannot be listened at.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Its path leads nowhere.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The operating system refuses.
    #[error("the socket {} cannot be used: {error}", socket.display())]
    Io {
        /// The path of the socket.
        socket: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
}

impl Socket {
    /// Listens in `dir`, whose store this process must have open: no other process can listen
    /// there, so a socket that is already there was left by a process that was killed.
    pub fn listen(dir: &Path, process: Process) -> Result<Self, SocketError> {
        let path = dir.join(SOCKET);
        let failed = |error| SocketError::Io { socket: path.clone(), error };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let short = ShortPath::of(dir)?;
        let listener = listener(short.path()).map_err(failed)?;
        let metrics = process.metrics();
        let server = Server::start(listener, router(process, Access::All), metrics, CALLERS_MAX);
        Ok(Self { path, _server: server })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // If this fails, the next peer that listens here removes it.
        let _ = fs::remove_file(&self.path);
    }
}

impl Listener for UnixListener {
    type Raw = UnixStream;
    type Stream = UnixStream;

    async fn accept(&mut self) -> io::Result<UnixStream> {
        Ok(Self::accept(self).await?.0)
    }

    async fn greet(raw: UnixStream) -> io::Result<UnixStream> {
        Ok(raw)
    }

    /// They are all the same user.
    fn caller(_: &UnixStream) -> Option<std::net::IpAddr> {
        None
    }

    fn try_send(stream: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
        stream.try_write(bytes)
    }
}

/// Returns a listener at a socket file that only its owner may connect to, whatever the process's
/// umask: at no moment is it open to others.
fn listener(path: &Path) -> io::Result<UnixListener> {
    let socket = RawSocket::new(Domain::UNIX, Type::STREAM, None)?;
    // On Linux the file gets the mode of its socket ...
    let socket = File::from(OwnedFd::from(socket));
    socket.set_permissions(Permissions::from_mode(0o600))?;
    let socket = RawSocket::from(OwnedFd::from(socket));
    socket.bind(&SockAddr::unix(path)?)?;
    // ... and elsewhere its own, while no program can connect yet.
    #[cfg(not(target_os = "linux"))]
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    UnixListener::from_std(OwnedFd::from(socket).into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[tokio::test]
    async fn only_the_owner_may_connect() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(SOCKET);
        // Others may write here, and the usual umask does not protect a socket.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).expect("it is ours");
        let listener = listener(&path).expect("it is free");
        let mode = fs::symlink_metadata(&path).expect("it is there").mode();
        assert_eq!(mode & 0o777, 0o600);
        let connecting = UnixStream::connect(&path);
        let (connected, accepted) = tokio::join!(connecting, listener.accept());
        assert!(connected.is_ok() && accepted.is_ok());
    }
}

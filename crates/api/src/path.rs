//! The path of the socket. That of a socket is short everywhere (108 bytes on Linux, 104 on macOS),
//! and the paths of directories are not.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use socket2::SockAddr;

/// The file name of the socket in a peer's directory.
pub const SOCKET: &str = "control.sock";

/// Where a socket is, by a path that is short enough for one.
pub struct ShortPath {
    path: PathBuf,
    /// The open directory that `path` leads through.
    _dir: Option<File>,
}

/// Why a socket cannot be reached by its path.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// The directory does not exist, so no peer has ever run there.
    #[error("there is no such directory")]
    Missing,
    /// The path is too long for this system.
    #[error(
        "the socket in the peer's directory would have a path of {bytes} bytes, and a socket's may \
         have about 100; use a --data directory with a shorter path"
    )]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
    /// The directory cannot be opened.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ShortPath {
    /// Returns the path of the socket in `dir`: as it is if it is short enough, and otherwise, on
    /// Linux, by the number under which this process has `dir` open.
    pub fn of(dir: &Path) -> Result<Self, PathError> {
        let path = dir.join(SOCKET);
        if SockAddr::unix(&path).is_ok() {
            return Ok(Self { path, _dir: None });
        }
        let too_long = || PathError::TooLong { bytes: path.as_os_str().as_bytes().len() };
        if !cfg!(target_os = "linux") {
            return Err(too_long());
        }
        let (dir, number) = open(dir).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => PathError::Missing,
            _ => PathError::Io(error),
        })?;
        let short = Path::new("/proc/self/fd").join(number.to_string()).join(SOCKET);
        // In a container without /proc it cannot be used.
        match short.parent().is_some_and(Path::is_dir) {
            true => Ok(Self { path: short, _dir: Some(dir) }),
            false => Err(too_long()),
        }
    }

    /// Returns the path, which is right as long as this is not dropped.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn open(dir: &Path) -> io::Result<(File, i32)> {
    use std::os::fd::AsRawFd;
    let dir = File::open(dir)?;
    let number = dir.as_raw_fd();
    Ok((dir, number))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn a_path_of_any_length_leads_to_the_socket() {
        let home = tempfile::TempDir::new().expect("there is room");
        for dir in [home.path().join("short"), home.path().join("x".repeat(200))] {
            std::fs::create_dir(&dir).expect("there is room");
            let short = ShortPath::of(&dir).expect("it is there");
            let _listener = UnixListener::bind(short.path()).expect("the path is short");
            drop(short);
            assert!(dir.join(SOCKET).exists());
            let again = ShortPath::of(&dir).expect("it is there");
            UnixStream::connect(again.path()).expect("it listens");
        }
    }

    #[test]
    fn no_peer_runs_in_a_directory_that_is_not_there_however_long_its_path() {
        let missing = Path::new("/nowhere").join("x".repeat(200));
        assert!(matches!(ShortPath::of(&missing), Err(PathError::Missing)));
    }
}

//! The directory of the file, and how the file is created.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::StoreError;

const FILE_NAME: &str = "althing.redb";

/// Ends the name of a file that is not complete yet.
const DRAFT_ENDING: &str = ".new";

/// Tells the drafts of one process apart.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

/// A directory and the file in it.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    pub(super) dir: PathBuf,
    pub(super) file: PathBuf,
}

impl Directory {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), file: dir.join(FILE_NAME) }
    }

    /// Creates directory and file, unless they are there.
    ///
    /// The file is filled by `fill` under another name, and gets its own when it is complete and
    /// on disk. So a crash never leaves half a file, and of two processes that start at the same
    /// time only one gives it its content.
    pub(super) fn create(
        &self,
        fill: impl FnOnce(File) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        create_directory(&self.dir).map_err(|error| io_error("creating", &self.dir, error))?;
        let is_there =
            || fs::exists(&self.file).map_err(|error| io_error("looking for", &self.file, error));
        if !is_there()? {
            let draft = self.draft();
            let file = create_file(&draft).map_err(|error| io_error("creating", &draft, error))?;
            fill(file)?;
            match fs::hard_link(&draft, &self.file) {
                // Another process was quicker; it may also have removed our draft.
                Err(_) if is_there()? => {}
                Err(error) => return Err(io_error("creating", &self.file, error)),
                Ok(()) => {}
            }
            sync_directory(&self.dir).map_err(|error| io_error("syncing", &self.dir, error))?;
        }
        self.remove_drafts();
        Ok(())
    }

    fn draft(&self) -> PathBuf {
        let count = DRAFTS.fetch_add(1, Ordering::Relaxed);
        self.dir.join(format!("{FILE_NAME}.{}-{count}{DRAFT_ENDING}", process::id()))
    }

    /// Removes our draft, and those of processes that were killed. Once the file is there, no
    /// process needs one; and if one cannot be removed, it only takes up room.
    fn remove_drafts(&self) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(FILE_NAME) && name.ends_with(DRAFT_ENDING) {
                fs::remove_file(entry.path()).ok();
            }
        }
    }
}

/// Creates `dir` and what is missing above it, for their owner only.
fn create_directory(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    // The directory above a single name is the current one, which has an empty name.
    let above = dir.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        create_directory(above)?;
    }
    match for_owner_directory().create(dir) {
        Ok(()) => sync_directory(above.unwrap_or(Path::new("."))),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Creates an empty file for its owner only. One of that name was left by a process that is gone,
/// since those that run have numbers of their own.
fn create_file(draft: &Path) -> io::Result<File> {
    match fs::remove_file(draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => for_owner_file().read(true).write(true).create_new(true).open(draft),
    }
}

#[cfg(unix)]
fn for_owner_directory() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn for_owner_directory() -> DirBuilder {
    DirBuilder::new()
}

#[cfg(unix)]
fn for_owner_file() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn for_owner_file() -> OpenOptions {
    OpenOptions::new()
}

/// Puts the names in a directory on disk, where that can be asked for: elsewhere than on unix, for
/// a directory that we may write but not read, and in some file systems, it cannot.
fn sync_directory(dir: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    synced.or_else(|error| match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::InvalidInput | ErrorKind::Unsupported => Ok(()),
        _ => Err(error),
    })
}

fn io_error(doing: &'static str, path: &Path, reason: io::Error) -> StoreError {
    StoreError::Io { doing, path: path.to_owned(), reason }
}

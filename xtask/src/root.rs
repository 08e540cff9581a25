//! Where the workspace is.

use std::env;
use std::path::{Path, PathBuf};

/// Returns the directory that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    // Cargo sets the variable when it runs us, so that a moved clone is found again; the value of
    // the build is for a copy of the program that is started by hand.
    let own = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().expect("xtask is a directory in the workspace").to_owned()
}

/// Returns `path` as seen from the workspace's root, for messages.
pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

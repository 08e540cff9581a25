//! The files that people write, as git knows them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::{shell, workspace};

/// Endings of the files that people write. Others may be recordings, where each byte counts.
const WRITTEN: &[&str] = &["css", "html", "js", "md", "rs", "sh", "svelte", "toml", "ts", "yml"];

/// What is built from the source beside it, and committed for those who lack what builds it.
const BUILT: &[&str] = &["web/dist/"];

/// Files by their path from the workspace's root, with their text.
pub(crate) type Files = BTreeMap<String, String>;

/// Reads all files that people write. Build output and whatever else git ignores is left out.
pub(crate) fn written() -> Result<Files> {
    let mut git = shell::command("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let list = shell::output(&mut git).context("cannot ask git for the files")?;
    let root = workspace::root();
    let mut files = Files::new();
    for path in list.split_terminator('\0').filter(|path| is_written(path)) {
        let file = root.join(path);
        // Git still lists a file that was deleted but not yet committed so.
        if file.is_file() {
            let text = fs::read_to_string(&file).with_context(|| format!("cannot read {path}"))?;
            files.insert(path.to_owned(), text);
        }
    }
    Ok(files)
}

fn is_written(path: &str) -> bool {
    if BUILT.iter().any(|folder| path.starts_with(folder)) {
        return false;
    }
    let path = Path::new(path);
    path.extension().is_none_or(|ending| WRITTEN.iter().any(|known| ending == *known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_people_write_are_read() {
        assert!(is_written("crates/types/src/lib.rs"));
        assert!(is_written(".ci/run"));
        assert!(is_written("LICENSE-MIT"));
        assert!(!is_written("crates/dialect/tests/vectors/run.txt"));
        assert!(!is_written("Cargo.lock"));
        assert!(is_written("web/src/main.ts"));
        assert!(!is_written("web/dist/app.js"));
    }
}

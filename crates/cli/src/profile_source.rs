//! Profiles as people name them: a built-in one by its name, another one by its file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use althing_dialect::profile::{self, FILE_BYTES_MAX, Problem, Profile, Unreadable, built_in};
use anyhow::Context;

use crate::output::Misuse;

/// How many profiles may be based on each other.
const BASES_MAX: usize = 8;

/// Returns the profile that a person names: a built-in one, or that of a file.
pub(crate) fn load(name: &str) -> anyhow::Result<Profile> {
    match names_file(name) {
        true => load_file(Path::new(name)),
        false => built_in::base(name).map_err(|reason| {
            Misuse(format!("{reason} (a file is named as in ./mine.toml)")).into()
        }),
    }
}

/// Returns the profile of a file.
fn load_file(path: &Path) -> anyhow::Result<Profile> {
    Ok(check_file(path)??)
}

/// Returns the profile that a person names, or all that is wrong with its file; fails if there is
/// no such thing at all.
pub(crate) fn check(name: &str) -> anyhow::Result<Result<Profile, Unreadable>> {
    // A file may have any name.
    match names_file(name) || Path::new(name).exists() {
        true => check_file(Path::new(name)),
        false => load(name).map(Ok),
    }
}

fn check_file(path: &Path) -> anyhow::Result<Result<Profile, Unreadable>> {
    read(path, &[]).with_context(|| format!("reading the profile {}", path.display()))
}

/// Returns the bytes of a file, one more at most than a profile may have.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    // What is no file may have no end, or wait for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file; write the profile into one"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a file; `followers` are those that are based on it, the nearest last.
fn read(path: &Path, followers: &[PathBuf]) -> anyhow::Result<Result<Profile, Unreadable>> {
    let file = path.display().to_string();
    let bytes = bytes_of(path)?;
    let followers = [followers, &[fs::canonicalize(path)?]].concat();
    let Ok(text) = String::from_utf8(bytes) else {
        let reason = "it is no text in UTF-8".to_owned();
        let problems = vec![Problem { line: None, key: String::new(), reason }];
        return Ok(Err(Unreadable { file, problems }));
    };
    let base = |name: &str| match names_file(name) {
        false => built_in::base(name),
        true if followers.len() > BASES_MAX => {
            Err(format!("more than {BASES_MAX} profiles follow it"))
        }
        true => {
            let path = beside(path, name);
            if fs::canonicalize(&path).is_ok_and(|path| followers.contains(&path)) {
                return Err(format!(
                    "{} is based on this one, so they go round in a circle; leave one base out",
                    path.display()
                ));
            }
            match read(&path, &followers) {
                Ok(read) => read.map_err(|error| error.to_string()),
                Err(error) => Err(format!("{}: {error}", path.display())),
            }
        }
    };
    Ok(profile::read(&file, &text, &base))
}

/// Returns whether a name is that of a file: built-in ones have neither of these in theirs.
fn names_file(name: &str) -> bool {
    name.contains(['/', '\\', '.'])
}

/// Returns the path of a file that another one names.
fn beside(path: &Path, name: &str) -> PathBuf {
    path.parent().unwrap_or_else(|| Path::new("")).join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_be_based_on_a_file_next_to_it() {
        let dir = tempfile::tempdir().expect("there is room");
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).expect("there is room");
            path
        };
        write("class.toml", "base = \"copy-a\"\nname = \"class\"\ntopics.prefix = \"class/\"\n");
        let ours = write("ours.toml", "base = \"class.toml\"\nname = \"ours\"\njoin.n = 7\n");
        let profile = load(&ours.display().to_string()).expect("both are right");
        assert_eq!((profile.topics.prefix.as_str(), profile.join.n), ("class/", 7));

        let circle = write("circle.toml", "base = \"circle.toml\"\nname = \"x\"\n");
        let error = load(&circle.display().to_string()).expect_err("it has no end").to_string();
        assert_eq!(error.matches("circle.toml").count(), 2, "{error}");
        assert!(error.contains("go round in a circle"), "{error}");
        let wrong = write("wrong.toml", "base = \"gone.toml\"\nname = \"x\"\n");
        let error = load(&wrong.display().to_string()).expect_err("it is gone").to_string();
        assert!(error.contains("wrong.toml:1: base: "), "{error}");
        let endless = load("/dev/zero").expect_err("it has no end");
        assert!(format!("{endless:#}").ends_with("it is no file; write the profile into one"));
        let latin = dir.path().join("latin.toml");
        fs::write(&latin, [0xe9]).expect("there is room");
        let error = load(&latin.display().to_string()).expect_err("no text").to_string();
        assert!(error.ends_with("it is no text in UTF-8"), "{error}");
    }

    #[test]
    fn a_name_that_is_none_is_explained() {
        let error = load("copy-g").expect_err("there is none").to_string();
        assert!(error.contains("did you mean \"copy-a\"?"), "{error}");
        let error = format!("{:#}", load("./gone.toml").expect_err("it is gone"));
        assert!(error.starts_with("reading the profile ./gone.toml: "), "{error}");
    }
}

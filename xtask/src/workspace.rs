//! The project's own crates, as described by cargo.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

pub(crate) use crate::root::{relative, root};
use crate::shell;

/// The features that all builds here enable, so that each crate is built only once.
pub(crate) const EVERYTHING: [&str; 2] = ["--workspace", "--all-features"];

/// Returns where cargo builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Returns the `althing` command, as the tests build it.
pub(crate) fn program() -> PathBuf {
    target().join("debug/althing")
}

/// The part of `cargo metadata` that the checks read.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// One crate of the workspace.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

/// One line of a crate's dependencies.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    /// The name of the package, even if the crate renames it.
    pub(crate) name: String,
    /// `dev`, `build`, or nothing for a normal one.
    pub(crate) kind: Option<String>,
}

/// One target of a crate.
#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
}

impl Package {
    /// Returns the directory of the crate.
    pub(crate) fn directory(&self) -> &Path {
        self.manifest_path.parent().expect("a manifest is a file in a directory")
    }

    /// Returns the file of the library, or of the program if there is no library.
    pub(crate) fn root_file(&self) -> Option<&Path> {
        ["lib", "proc-macro", "bin"].into_iter().find_map(|kind| {
            let is_kind = |target: &&Target| target.kind.iter().any(|known| known == kind);
            self.targets.iter().find(is_kind).map(|target| target.src_path.as_path())
        })
    }
}

impl Dependency {
    /// Returns whether only tests and benches need it.
    pub(crate) fn is_for_tests(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

/// Returns all crates of the workspace, in cargo's order.
pub(crate) fn packages() -> Result<Vec<Package>> {
    parse(&shell::output(&mut shell::cargo(["metadata", "--format-version=1", "--no-deps"]))?)
}

/// Returns the crates in the output of `cargo metadata --no-deps`.
pub(crate) fn parse(metadata: &str) -> Result<Vec<Package>> {
    let metadata: Metadata =
        serde_json::from_str(metadata).context("cargo metadata has an unknown shape")?;
    Ok(metadata.packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_what_a_crate_is_documented_by() {
        let packages = parse(
            r#"{"packages": [{
                "name": "both",
                "manifest_path": "/w/crates/both/Cargo.toml",
                "dependencies": [{"name": "other", "kind": "dev"}, {"name": "more", "kind": null}],
                "targets": [
                    {"kind": ["bin"], "src_path": "/w/crates/both/src/main.rs"},
                    {"kind": ["lib"], "src_path": "/w/crates/both/src/lib.rs"}
                ]
            }]}"#,
        )
        .expect("this is what cargo writes");
        let [package] = packages.as_slice() else { panic!("one package was written") };
        assert_eq!(package.root_file(), Some(Path::new("/w/crates/both/src/lib.rs")));
        assert_eq!(package.directory(), Path::new("/w/crates/both"));
        let for_tests: Vec<_> = package.dependencies.iter().map(Dependency::is_for_tests).collect();
        assert_eq!(for_tests, [true, false]);
    }
}

//! What cargo knows of the project's own crates.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::shell;

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
    /// The name of the package, also if the crate calls it something else.
    pub(crate) name: String,
    /// `dev`, `build`, or nothing for a normal one.
    pub(crate) kind: Option<String>,
}

/// One thing that is built from a crate.
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

/// Returns the directory that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    // Cargo sets the variable when it runs us, so that a moved clone is found again; the value of
    // the build is for a copy of the program that somebody starts by hand.
    let own = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().expect("xtask is a directory in the workspace").to_owned()
}

/// Returns `path` as seen from the workspace's root, for messages.
pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// Returns all crates of the workspace, in cargo's order.
pub(crate) fn packages() -> Result<Vec<Package>> {
    parse(&shell::output(&mut shell::cargo(["metadata", "--format-version=1", "--no-deps"]))?)
}

/// Returns the crates that are described by the output of `cargo metadata --no-deps`.
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

//! Pure crates stay pure: no runtime, socket, disk, clock, thread or entropy of their own.
//!
//! The same code runs on a real broker and in the simulator, reproducibly from a seed, only as long
//! as nothing in it can ask the machine for anything. Three checks ensure it:
//!
//! 1. No dependency of a pure crate is on a deny list. The list is checked for each crate alone,
//!    with only the features that the crate itself enables.
//! 2. Each pure crate builds alone. In a build of the whole workspace, cargo unifies the features
//!    of a shared dependency, and hides that a crate needs a feature that only others enable.
//! 3. Each pure crate has a `clippy.toml` that refuses the parts of the standard library that ask
//!    the machine. [`bans`] contains its text.
//!
//! | file | question |
//! | --- | --- |
//! | `bans` | Which parts of the standard library are refused? |

mod bans;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::shell;
use crate::workspace::{self, Package};

/// How to check purity.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write the clippy.toml of each pure crate instead of checking anything.
    #[arg(long)]
    write: bool,
}

impl Options {
    /// Checks, as a part of all checks.
    pub(crate) const CHECK: Self = Self { write: false };
}

/// The pure crates. Those that do not exist yet are pure from their first day.
const PURE: &[&str] = &[
    "althing-types",
    "althing-text",
    "althing-pow",
    "althing-ledger",
    "althing-applications",
    "althing-engine",
    "althing-dialect",
    "althing-stratum",
    "althing-faults",
    "althing-sim",
];

/// The pure crate that may start threads, for its searches.
const WITH_THREADS: &str = "althing-pow";

/// Packages on which no pure crate may depend, with the reason.
const DENIED: &[(&str, &[&str])] = &[
    ("a runtime", &["tokio", "async-std", "async-executor", "futures-executor", "smol", "rayon"]),
    ("a socket", &["mio", "socket2", "async-io", "polling", "hyper", "quinn", "rustls", "rumqttc"]),
    ("a socket", &["rumqttc-v5-next", "rumqttc-v4-next", "lapin", "libp2p", "async-nats"]),
    ("a disk", &["redb", "fjall", "sled", "rusqlite", "rocksdb", "tempfile", "memmap2", "fs-err"]),
    ("a clock", &["chrono", "time", "jiff", "web-time", "quanta", "coarsetime", "instant"]),
    ("entropy", &["getrandom", "fastrand", "ahash"]),
    ("a terminal", &["crossterm", "ratatui", "indicatif"]),
];

/// Packages that may bring a denied one, as they must not be used for it.
const ALLOWED: &[(&str, &str)] = &[
    // RSA with PKCS #1 v1.5 is signed by it. That takes a source of entropy, and draws nothing.
    ("ring", "getrandom"),
];

/// Checks the workspace, or writes the files that hold the rules.
pub(crate) fn run(options: &Options) -> Result<()> {
    let packages = workspace::packages()?;
    let pure: Vec<&Package> = PURE
        .iter()
        .filter_map(|name| packages.iter().find(|package| package.name == *name))
        .collect();
    if options.write {
        return pure.into_iter().try_for_each(write_rules);
    }
    let mut complaints = Vec::new();
    for package in pure {
        complaints.extend(rules_complaint(package));
        complaints.extend(dependency_complaints(package)?);
        complaints.extend(build_complaint(package));
    }
    for complaint in &complaints {
        println!("{complaint}");
    }
    if !complaints.is_empty() {
        bail!("{} complaints about pure crates", complaints.len());
    }
    Ok(())
}

/// Returns the file with the rules for a crate, and its required content.
fn rules(package: &Package) -> (PathBuf, String) {
    let threads = package.name == WITH_THREADS;
    (package.directory().join("clippy.toml"), bans::clippy_toml(threads))
}

fn write_rules(package: &Package) -> Result<()> {
    let (file, wanted) = rules(package);
    let name = workspace::relative(&file);
    fs::write(&file, wanted).with_context(|| format!("cannot write {name}"))?;
    println!("wrote {name}");
    Ok(())
}

fn rules_complaint(package: &Package) -> Option<String> {
    let (file, wanted) = rules(package);
    let is_right = fs::read_to_string(&file).is_ok_and(|text| text == wanted);
    (!is_right).then(|| {
        format!(
            "{} is missing or is not what xtask/src/purity/bans.rs says: change the rules there, \
             then run `cargo xtask purity --write`.",
            workspace::relative(&file)
        )
    })
}

fn build_complaint(package: &Package) -> Option<String> {
    let name = &package.name;
    let build = shell::run(&mut shell::cargo(["check", "--quiet", "--package", name]));
    build.err().map(|_| format!("{name} does not build alone; the compiler says above why."))
}

fn dependency_complaints(package: &Package) -> Result<Vec<String>> {
    // `cargo metadata` would mix in the features that other crates of the workspace ask for.
    // Macros run in the compiler, and are not part of the crate.
    let tree = shell::output(&mut shell::cargo([
        "tree",
        "--package",
        &package.name,
        "--edges=normal,no-proc-macro",
        "--prefix=depth",
        "--format= {p}",
    ]))?;
    Ok(denied_in(&tree))
}

/// Returns a sentence for each denied package in the output of `cargo tree --prefix=depth`.
fn denied_in(tree: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut way: Vec<&str> = Vec::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let (Some(Ok(depth)), Some(name)) = (words.next().map(str::parse), words.next()) else {
            continue;
        };
        way.truncate(depth);
        way.push(name);
        // A package that was shown before ends in `(*)`: its first place is enough.
        if line.ends_with("(*)") {
            continue;
        }
        let parent = way.iter().rev().nth(1).copied().unwrap_or_default();
        if ALLOWED.contains(&(parent, name)) {
            continue;
        }
        if let Some(brings) = brings(name) {
            complaints.push(format!(
                "{} must stay pure, but {name} brings {brings}: {}.",
                way[0],
                way.join(" -> ")
            ));
        }
    }
    complaints
}

fn brings(package: &str) -> Option<&'static str> {
    DENIED.iter().find(|(_, names)| names.contains(&package)).map(|(brings, _)| *brings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_package_is_named_with_the_way_that_leads_to_it() {
        let tree = "0 althing-sim v0.1.0 (/w/crates/sim)\n\
                    1 althing-engine v0.1.0 (/w/crates/engine)\n\
                    2 serde v1.0.0\n\
                    1 rand v0.10.0\n\
                    2 getrandom v0.4.0\n\
                    3 cfg-if v1.0.0\n";
        let expected = "althing-sim must stay pure, but getrandom brings entropy: \
                        althing-sim -> rand -> getrandom.";
        assert_eq!(denied_in(tree), [expected]);
    }

    #[test]
    fn a_pure_tree_and_a_repeated_package_give_no_complaint() {
        let pure = "0 althing-types v0.1.0 (/w/crates/types)\n1 serde v1.0.0\n";
        assert_eq!(denied_in(pure), [] as [String; 0]);

        let allowed = "0 althing-dialect v0.1.0\n1 ring v0.17.14\n2 getrandom v0.2.16\n";
        assert_eq!(denied_in(allowed), [] as [String; 0]);

        let repeated = "0 x v1.0.0\n1 tokio v1.0.0\n1 y v1.0.0\n2 tokio v1.0.0 (*)\n";
        assert_eq!(denied_in(repeated).len(), 1);
    }
}

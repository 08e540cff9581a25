//! Dependencies between the project's crates only point down one list.
//!
//! The list is what a newcomer reads first: whoever understands a crate has to know only those
//! before it. Cargo alone would accept any order without a cycle.
//!
//! | file | question |
//! | --- | --- |
//! | `diagram` | Which crate needs which, as `ARCHITECTURE.md` shows it? |

mod diagram;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use clap::Args;

use crate::workspace::{self, Package};

/// All crates, lowest first. A crate may depend only on crates before it.
///
/// `althing-fuzz` and `althing-testkit` stand so high that no crate can need them outside of its
/// tests. A name without
/// a crate keeps the place of one to come.
const LOWEST_FIRST: &[&str] = &[
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
    "althing-feed",
    "althing-board",
    "althing-chain-file",
    "althing-net",
    "althing-store",
    "althing-node",
    "althing-peer",
    "althing-api",
    "althing-http",
    "althing",
    "althing-fuzz",
    "althing-testkit",
    "xtask",
];

/// What to do with the diagram.
#[derive(Args)]
pub(crate) struct Options {
    /// Write the diagram of the crates in ARCHITECTURE.md anew
    #[arg(long)]
    write: bool,
}

impl Options {
    /// What `cargo xtask check` does.
    pub(crate) const CHECK: Self = Self { write: false };
}

/// Checks the workspace.
pub(crate) fn run(options: &Options) -> Result<()> {
    let packages = workspace::packages()?;
    let complaints = complaints(&packages, LOWEST_FIRST);
    for complaint in &complaints {
        println!("{complaint}");
    }
    if !complaints.is_empty() {
        bail!("{} dependencies break the order of the crates", complaints.len());
    }
    diagram::keep(&packages, options.write)?;
    println!("The dependencies of {} crates point down the list.", packages.len());
    Ok(())
}

/// Returns a sentence for each dependency that breaks the order.
fn complaints(packages: &[Package], lowest_first: &[&str]) -> Vec<String> {
    let place = |name: &str| lowest_first.iter().position(|known| *known == name);
    let members: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut complaints = Vec::new();
    let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        let name = package.name.as_str();
        let Some(own_place) = place(name) else {
            complaints.push(format!(
                "{name} is missing from the list of crates: add it to LOWEST_FIRST in \
                 xtask/src/deps.rs, below all that may depend on it."
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let other = dependency.name.as_str();
            if !members.contains(other) {
                continue;
            }
            edges.entry(name).or_default().insert(other);
            let is_lower = place(other).is_none_or(|place| place < own_place);
            if !dependency.is_for_tests() && !is_lower {
                complaints.push(format!(
                    "{name} depends on {other}, which is not below it: dependencies only point \
                     down the list LOWEST_FIRST in xtask/src/deps.rs (those for tests are free)."
                ));
            }
        }
    }
    // A cycle among normal dependencies is refused by cargo itself, so this one has a test in it.
    // There the types of a crate exist twice, and those of its unit tests fit nowhere else.
    if let Some(cycle) = find_cycle(&edges) {
        complaints.push(format!(
            "{} is a cycle: not even a dependency for tests may lead back to its crate.",
            cycle.join(" -> ")
        ));
    }
    complaints
}

/// Returns a way from a crate back to itself, if there is one.
fn find_cycle<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Vec<&'a str>> {
    let mut finished = BTreeSet::new();
    edges.keys().find_map(|start| visit(start, edges, &mut Vec::new(), &mut finished))
}

fn visit<'a>(
    name: &'a str,
    edges: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    way: &mut Vec<&'a str>,
    finished: &mut BTreeSet<&'a str>,
) -> Option<Vec<&'a str>> {
    if let Some(start) = way.iter().position(|visited| *visited == name) {
        return Some([&way[start..], &[name]].concat());
    }
    if finished.contains(name) {
        return None;
    }
    way.push(name);
    let next = edges.get(name).into_iter().flatten();
    let cycle = next.copied().find_map(|other| visit(other, edges, way, finished));
    way.pop();
    finished.insert(name);
    cycle
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[&str] = &["low", "middle", "high"];

    /// Returns the complaints about crates with `(dependency, kind)` each.
    fn judge(crates: &[(&str, &[(&str, &str)])]) -> Vec<String> {
        let packages: Vec<String> = crates
            .iter()
            .map(|(name, dependencies)| {
                let dependencies: Vec<String> = dependencies
                    .iter()
                    .map(|(name, kind)| format!(r#"{{"name": "{name}", "kind": {kind}}}"#))
                    .collect();
                format!(
                    r#"{{"name": "{name}", "manifest_path": "/w/{name}/Cargo.toml", "targets": [],
                        "dependencies": [{}]}}"#,
                    dependencies.join(",")
                )
            })
            .collect();
        let metadata = format!(r#"{{"packages": [{}]}}"#, packages.join(","));
        complaints(&workspace::parse(&metadata).expect("the metadata is well-formed"), LIST)
    }

    #[test]
    fn dependencies_that_point_down_and_out_are_fine() {
        let complaints = judge(&[
            ("low", &[("serde", "null")]),
            ("middle", &[("low", "null")]),
            ("high", &[("low", "null"), ("middle", "null")]),
        ]);
        assert_eq!(complaints, [] as [String; 0]);
    }

    #[test]
    fn a_dependency_that_points_up_is_named_with_both_crates() {
        for kind in ["null", "\"build\""] {
            let complaints = judge(&[("low", &[("high", kind)]), ("high", &[])]);
            let [complaint] = complaints.as_slice() else {
                panic!("one complaint: {complaints:?}")
            };
            assert!(complaint.starts_with("low depends on high, which is not below it"));
        }
    }

    #[test]
    fn a_crate_that_is_not_in_the_list_must_be_added() {
        let complaints = judge(&[("new", &[]), ("low", &[])]);
        let [complaint] = complaints.as_slice() else { panic!("one complaint: {complaints:?}") };
        assert!(complaint.starts_with("new is missing from the list of crates: add it"));
    }

    #[test]
    fn tests_may_look_up_but_not_in_a_circle() {
        let up = judge(&[("low", &[("high", "\"dev\"")]), ("high", &[])]);
        assert_eq!(up, [] as [String; 0]);

        let around = judge(&[
            ("low", &[("high", "\"dev\"")]),
            ("middle", &[("low", "null")]),
            ("high", &[("middle", "null")]),
        ]);
        let [complaint] = around.as_slice() else { panic!("one complaint: {around:?}") };
        // The way starts where the search did, at the first name of the alphabet.
        assert!(complaint.starts_with("high -> middle -> low -> high is a cycle"));
    }

    #[test]
    fn no_crate_is_in_the_list_twice() {
        let distinct: BTreeSet<_> = LOWEST_FIRST.iter().collect();
        assert_eq!(distinct.len(), LOWEST_FIRST.len());
    }
}

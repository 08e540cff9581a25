//! The crates and their dependencies as a diagram, kept in `ARCHITECTURE.md`.
//!
//! Dependencies of tests are left out, and so is every arrow that a longer way stands for already:
//! what depends on `engine` depends on `types` as well, and one arrow says both.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::workspace::{self, Package};

/// The document that has the diagram.
const DOCUMENT: &str = "ARCHITECTURE.md";

/// The lines that stand before and after the diagram.
const MARKERS: [&str; 2] =
    ["<!-- crates: made by cargo xtask deps --write -->\n", "<!-- end of crates -->"];

/// What each crate depends on, by the names of their folders.
type Edges = BTreeMap<String, BTreeSet<String>>;

/// Compares the diagram in the document with the workspace, or writes it anew.
pub(super) fn keep(packages: &[Package], write: bool) -> Result<()> {
    let path = workspace::root().join(DOCUMENT);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let current = with_diagram(&text, &draw(&reduce(&edges(packages))))
        .with_context(|| format!("{DOCUMENT} has no lines between which the diagram stands"))?;
    if current == text {
        return Ok(());
    }
    if !write {
        bail!("the diagram in {DOCUMENT} is stale: run cargo xtask deps --write");
    }
    fs::write(&path, current).with_context(|| format!("cannot write {DOCUMENT}"))
}

/// Returns the dependencies between the project's crates, without those of tests.
fn edges(packages: &[Package]) -> Edges {
    let folder = |package: &Package| {
        let name = package.directory().file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let folders: BTreeMap<&str, String> =
        packages.iter().map(|package| (package.name.as_str(), folder(package))).collect();
    let targets = |package: &Package| {
        let needed = package.dependencies.iter().filter(|dependency| !dependency.is_for_tests());
        needed.filter_map(|dependency| folders.get(dependency.name.as_str()).cloned()).collect()
    };
    packages.iter().map(|package| (folder(package), targets(package))).collect()
}

/// Leaves out each arrow for which there is a longer way.
fn reduce(edges: &Edges) -> Edges {
    let is_shortcut = |targets: &BTreeSet<String>, target: &String| {
        targets.iter().any(|other| other != target && leads_to(edges, other, target))
    };
    let reduced = edges.iter().map(|(name, targets)| {
        let kept = targets.iter().filter(|target| !is_shortcut(targets, target)).cloned();
        (name.clone(), kept.collect())
    });
    reduced.collect()
}

fn leads_to(edges: &Edges, from: &str, to: &str) -> bool {
    let next = edges.get(from).into_iter().flatten();
    next.into_iter().any(|name| name == to || leads_to(edges, name, to))
}

/// Returns the diagram, as a block of Markdown. Crates that have no arrow are left out.
fn draw(edges: &Edges) -> String {
    let mut diagram = String::from("```mermaid\nflowchart TD\n");
    for (name, targets) in edges {
        for target in targets {
            writeln!(diagram, "    {name} --> {target}").expect("a String takes all");
        }
    }
    diagram + "```\n"
}

/// Returns `text` with this diagram between the markers, or `None` if it has no markers.
fn with_diagram(text: &str, diagram: &str) -> Option<String> {
    let (before, rest) = text.split_once(MARKERS[0])?;
    let (_, after) = rest.split_once(MARKERS[1])?;
    Some([before, MARKERS[0], diagram, MARKERS[1], after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(edges: &[(&str, &[&str])]) -> Edges {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        edges.iter().map(|(name, targets)| ((*name).to_owned(), names(targets))).collect()
    }

    #[test]
    fn an_arrow_with_a_longer_way_is_left_out() {
        let all = made(&[("a", &["b", "c", "d"]), ("b", &["c"]), ("c", &["d"]), ("d", &[])]);
        let expected = made(&[("a", &["b"]), ("b", &["c"]), ("c", &["d"]), ("d", &[])]);
        assert_eq!(reduce(&all), expected);
        let two_ways = made(&[("a", &["b", "c"]), ("b", &["d"]), ("c", &["d"]), ("d", &[])]);
        assert_eq!(reduce(&two_ways), two_ways);
    }

    #[test]
    fn crates_are_named_by_their_folders_and_tests_draw_no_arrows() {
        let package = |name: &str, folder: &str, dependencies: &str| {
            format!(
                r#"{{"name": "{name}", "manifest_path": "/w/{folder}/Cargo.toml", "targets": [],
                    "dependencies": [{dependencies}]}}"#
            )
        };
        let packages = [
            package("x-low", "low", r#"{"name": "x-high", "kind": "dev"}"#),
            package(
                "x-high",
                "high",
                r#"{"name": "x-low", "kind": null}, {"name": "serde", "kind": null}"#,
            ),
        ];
        let metadata = format!(r#"{{"packages": [{}]}}"#, packages.join(","));
        let packages = workspace::parse(&metadata).expect("the metadata is well-formed");
        assert_eq!(edges(&packages), made(&[("high", &["low"]), ("low", &[])]));
    }

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let [begin, end] = MARKERS;
        let old = format!("before\n{begin}old\n{end}\nafter\n");
        let diagram = draw(&made(&[("a", &["b"]), ("b", &[])]));
        assert_eq!(diagram, "```mermaid\nflowchart TD\n    a --> b\n```\n");
        let new = with_diagram(&old, &diagram).expect("it has markers");
        assert_eq!(new, format!("before\n{begin}{diagram}{end}\nafter\n"));
        assert_eq!(with_diagram(&new, &diagram), Some(new.clone()));
        assert_eq!(with_diagram("no markers", &diagram), None);
    }
}

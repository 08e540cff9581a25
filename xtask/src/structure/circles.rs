//! Modules of one folder that depend on each other in a circle.
//!
//! In each folder the modules beside each other are looked at, each with all that is in it. One
//! depends on another if anything in it uses anything in the other; that a module uses its parent,
//! or the parent it, is no circle. What counts is the number of groups in which every module leads
//! to every other: a group of two is one circle, and so is a group of five.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::imports::{Module, Use};

/// A group of modules that cannot be understood one after the other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Circle {
    /// The crate and the folder they are in, as `althing-engine::rounds`.
    folder: String,
    modules: Vec<String>,
    /// For each arrow between two of them, one place that draws it, and how many there are.
    arrows: BTreeMap<(String, String), (String, usize)>,
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "In {}, a circle of {}:", self.folder, self.modules.join(", "))?;
        for ((from, to), (place, count)) in &self.arrows {
            writeln!(f, "  {from} -> {to}: {place}, {count} in all")?;
        }
        Ok(())
    }
}

type Arrows = BTreeMap<(String, String), (String, usize)>;

/// Returns the circles in a crate of which these are the uses.
pub(super) fn find(package: &str, uses: &[Use]) -> Vec<Circle> {
    let mut folders: BTreeMap<Module, Arrows> = BTreeMap::new();
    for Use { from, to, place } in uses {
        let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        if let (Some(one), Some(other)) = (from.get(common), to.get(common)) {
            let arrows = folders.entry(from[..common].to_vec()).or_default();
            let arrow = (one.clone(), other.clone());
            arrows.entry(arrow).or_insert_with(|| (place.clone(), 0)).1 += 1;
        }
    }
    let mut circles = Vec::new();
    for (folder, arrows) in folders {
        let folder = [vec![package.to_owned()], folder].concat().join("::");
        for modules in groups(&arrows) {
            let is_inside = |name: &String| modules.contains(name);
            let inside = arrows.iter().filter(|((from, to), _)| is_inside(from) && is_inside(to));
            let arrows = inside.map(|(arrow, places)| (arrow.clone(), places.clone())).collect();
            circles.push(Circle { folder: folder.clone(), modules, arrows });
        }
    }
    circles
}

/// Returns the groups in which every module leads to every other.
fn groups(arrows: &Arrows) -> Vec<Vec<String>> {
    let names: BTreeSet<&String> = arrows.keys().flat_map(|(from, to)| [from, to]).collect();
    let reach: BTreeMap<&String, BTreeSet<&String>> =
        names.iter().map(|name| (*name, reachable(name, arrows))).collect();
    let mut grouped = BTreeSet::new();
    let mut groups = Vec::new();
    for name in names {
        let leads_back = |other: &&&String| reach[**other].contains(name);
        let group: Vec<String> =
            reach[name].iter().filter(leads_back).map(|other| (*other).clone()).collect();
        if !group.is_empty() && !grouped.contains(name) {
            grouped.extend(group.clone());
            groups.push(group);
        }
    }
    groups
}

fn reachable<'a>(start: &'a String, arrows: &'a Arrows) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut next = vec![start];
    while let Some(name) = next.pop() {
        let targets = arrows.keys().filter(|(from, _)| from == name).map(|(_, to)| to);
        next.extend(targets.filter(|target| found.insert(*target)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(uses: &[(&str, &str)]) -> Vec<String> {
        let module = |path: &str| path.split("::").map(str::to_owned).collect();
        let uses: Vec<Use> = uses
            .iter()
            .map(|(from, to)| Use { from: module(from), to: module(to), place: "f:1".into() })
            .collect();
        find("x", &uses).iter().map(|c| format!("{}: {}", c.folder, c.modules.join(" "))).collect()
    }

    #[test]
    fn two_modules_that_use_each_other_are_a_circle() {
        assert_eq!(circles(&[("a", "b"), ("b", "a"), ("c", "a")]), ["x: a b"]);
    }

    #[test]
    fn what_is_inside_a_module_counts_for_it() {
        let uses = [("a::inner", "b::deep"), ("b::other", "a"), ("a::inner", "a::outer")];
        assert_eq!(circles(&uses), ["x: a b"]);
        let below = [("a::one", "a::two"), ("a::two", "a::one")];
        assert_eq!(circles(&below), ["x::a: one two"]);
    }

    #[test]
    fn a_child_may_use_its_parent_and_the_parent_its_child() {
        assert_eq!(circles(&[("a::inner", "a"), ("a", "a::inner")]), [] as [String; 0]);
    }

    #[test]
    fn a_longer_way_around_is_one_circle_and_two_apart_are_two() {
        let uses = [("a", "b"), ("b", "c"), ("c", "a"), ("a", "d"), ("d", "e"), ("e", "d")];
        assert_eq!(circles(&uses), ["x: a b c", "x: d e"]);
    }

    #[test]
    fn the_arrows_are_shown_with_a_place() {
        let (a, b) = (vec!["a".to_owned()], vec!["b".to_owned()]);
        let one = |from: &Module, to: &Module, place: &str| Use {
            from: from.clone(),
            to: to.clone(),
            place: place.into(),
        };
        let uses = [one(&a, &b, "a.rs:3"), one(&a, &b, "a.rs:9"), one(&b, &a, "b.rs:7")];
        assert_eq!(
            find("x", &uses)[0].to_string(),
            "In x, a circle of a, b:\n  a -> b: a.rs:3, 2 in all\n  b -> a: b.rs:7, 1 in all\n"
        );
    }
}

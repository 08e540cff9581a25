//! `althing demo` without a dialect: an assembly, whole, with a member that dies, and with one that
//! lies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::{Althing, Line};

/// Checks that the members have committed one chain, and returns who has committed what.
fn chains(lines: &[Line]) -> BTreeMap<String, BTreeMap<u64, Value>> {
    let mut chains: BTreeMap<String, BTreeMap<u64, Value>> = BTreeMap::new();
    let mut hashes: BTreeMap<u64, Value> = BTreeMap::new();
    for Line { said, .. } in lines.iter().filter(|line| line.is("block_committed")) {
        let height = said["height"].as_u64().expect("a height");
        let hash = hashes.entry(height).or_insert_with(|| said["hash"].clone());
        assert_eq!(*hash, said["hash"], "block {height}");
        let peer = said["peer"].as_str().expect("a peer tells it").to_owned();
        chains.entry(peer).or_default().insert(height, said["hash"].clone());
    }
    chains
}

/// Returns the text that a demo has printed, whole.
fn text(demo: &Althing) -> String {
    let lines = demo.lines().into_iter();
    lines.map(|line| line.said.as_str().unwrap_or_default().to_owned() + "\n").collect()
}

#[test]
fn a_demo_is_an_assembly_of_four_that_ends_with_one_chain() {
    let mut demo = Althing::start("demo", ["demo", "--rounds", "5", "--json"]);
    demo.ends_well();
    let lines = demo.lines();
    let chains = chains(&lines);
    let having = chains.values().filter(|chain| chain.contains_key(&5)).count();
    assert!(chains.len() == 4 && having >= 3, "{chains:#?}");
    assert!(lines.last().is_some_and(|line| line.is("summary")));
    let network = &lines.first().expect("it tells something").said["network"];
    assert_eq!(network, "assembly");
}

#[test]
fn at_the_end_a_demo_prints_blocks_and_members() {
    let mut demo = Althing::start("demo", ["demo", "--members", "5", "--rounds", "5"]);
    demo.ends_well();
    let text = text(&demo);
    assert!(text.contains("made by") && text.contains("what happened to it"), "{text}");
    assert_eq!(text.lines().filter(|line| line.ends_with("  nothing")).count(), 5, "{text}");
}

#[test]
fn when_the_leader_is_killed_the_others_commit_and_the_end_says_who_was_dead() {
    let arguments = ["demo", "--crash", "leader@1s", "--revive", "never", "--json"];
    let mut demo = Althing::start("demo", arguments);
    let dead = demo.wait_until("its leader is killed", |lines| {
        lines.iter().find(|line| line.is("peer_crashed")).map(|line| line.said["crashed"].clone())
    });
    // Blocks that were proposed after that, by the three others.
    demo.wait_until("blocks of views after that", |lines| {
        let killed = lines.iter().position(|line| line.is("peer_crashed"))?;
        let view = |line: &Line| line.said["view"].as_u64();
        let before = lines[..killed].iter().filter(|line| line.is("view_entered"));
        let last = before.filter_map(view).max()?;
        let later = lines[killed..].iter().filter(|line| line.is("block_committed"));
        let later = later.filter(|line| view(line) > Some(last + 4));
        let tellers: BTreeSet<String> = later.map(|line| line.said["peer"].to_string()).collect();
        (tellers.len() == 3).then(|| assert!(!tellers.contains(&dead.to_string())))
    });
    demo.signal("INT");
    demo.ends_well();
    chains(&demo.lines());

    let arguments = ["demo", "--crash", "member-2@100ms", "--revive", "never", "--rounds", "40"];
    let mut demo = Althing::start("demo", arguments);
    demo.ends_well();
    let text = text(&demo);
    let dead: Vec<&str> = text.lines().filter(|line| line.contains("dead at the end")).collect();
    assert!(dead.len() == 1 && dead[0].contains("member-2"), "{text}");
}

#[test]
fn a_member_that_is_killed_comes_back_and_catches_up() {
    let arguments = ["demo", "--crash", "member-3@300ms", "--revive", "500ms", "--json"];
    let mut demo = Althing::start("demo", arguments);
    demo.wait_until("member 3 to commit again", |lines| {
        let back = lines.iter().position(|line| line.is("peer_restarted"))?;
        let restarted = &lines[back].said["restarted"];
        let mut after = lines[back..].iter().filter(|line| line.is("block_committed"));
        after.find(|line| line.said["peer"] == *restarted).map(drop)
    });
    demo.signal("INT");
    demo.ends_well();
    chains(&demo.lines());
}

#[test]
fn a_member_that_votes_twice_leaves_evidence_and_the_others_commit() {
    let mut demo = Althing::start("demo", ["demo", "--byzantine", "1", "--json"]);
    let member = demo.wait_until("evidence", |lines| {
        let lies = lines.iter().find(|line| line.is("member_contradicted"))?;
        Some(lies.said["member"].clone())
    });
    let liar = demo.lines().iter().find(|line| line.is("peer_restarted")).cloned();
    assert_eq!(liar.map(|line| line.said["restarted"].clone()), Some(member.clone()));
    demo.wait_until("blocks after that of the three others", |lines| {
        let lies = lines.iter().position(|line| line.is("member_contradicted"))?;
        let later = lines[lies..].iter().filter(|line| line.is("block_committed"));
        let tellers = later.filter(|line| line.said["peer"] != member);
        let tellers: BTreeSet<String> = tellers.map(|line| line.said["peer"].to_string()).collect();
        (tellers.len() == 3).then_some(())
    });
    demo.signal("INT");
    demo.ends_well();
    let lines = demo.lines();
    let honest: Vec<Line> = lines.into_iter().filter(|line| line.said["peer"] != member).collect();
    chains(&honest);
}

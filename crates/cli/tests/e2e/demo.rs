//! `althing demo` away from a terminal.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::{Althing, is, row};

/// Returns the cells of each line of a text table, without its heading.
fn cells(lines: &[String]) -> Vec<Vec<&str>> {
    let heading = lines.iter().position(|line| line.contains("transaction  challenge"));
    let heading = heading.expect("there is a table in the end");
    lines[heading + 1..].iter().map(|line| line.split_whitespace().collect()).collect()
}

fn texts(demo: &Althing) -> Vec<String> {
    let lines = demo.lines().into_iter();
    lines.map(|line| line.said.as_str().map_or(line.said.to_string(), str::to_owned)).collect()
}

#[test]
fn ten_rounds_of_the_demo_end_with_a_table_of_ten_rows() {
    let mut demo = Althing::start("demo", ["demo", "--rounds", "10", "--challenge", "1..6"]);
    demo.ends_well();
    let lines = texts(&demo);
    let table = cells(&lines);
    assert_eq!(table.len(), 10, "{lines:#?}");
    for (number, cells) in table.iter().enumerate() {
        let [transaction, challenge, _, _, yes, no] = cells[..] else {
            panic!("six columns: {cells:?}");
        };
        assert_eq!(transaction, number.to_string());
        assert!((1..=6).contains(&challenge.parse().expect("a number of bits")), "{cells:?}");
        assert_eq!((yes, no), ("6", "0"), "six of ten have to agree, and nobody objects");
    }
    let told = |what: &str| lines.iter().any(|line| line.contains(what));
    assert!(told("leads in term 0") && told("all members have all rows"), "{lines:#?}");
}

#[test]
fn in_json_all_ten_peers_of_the_demo_tell_the_same_rows() {
    let arguments = ["demo", "--rounds", "5", "--json", "--challenge", "1..6"];
    let mut demo = Althing::start("demo", arguments);
    demo.ends_well();
    let mut lines: Vec<Value> = demo.lines().into_iter().map(|line| line.said).collect();
    let summary = lines.pop().expect("it says something");
    assert!(is(&summary, "summary") && summary["at_ms"].is_f64(), "{summary}");
    assert!(summary["received"].as_u64().is_some_and(|received| received > 0), "{summary}");
    let mut rows = BTreeMap::<String, Vec<Value>>::new();
    for line in &lines {
        assert!(line["at_ms"].is_f64() && line["event"].is_string(), "{line}");
        let peer = line["peer"].as_str().unwrap_or_else(|| panic!("a peer tells it: {line}"));
        let rows = rows.entry(peer.to_owned()).or_default();
        if is(line, "round_decided") {
            rows.push(row(line));
        }
    }
    assert_eq!(rows.len(), 10, "ten peers");
    let (_, first) = rows.first_key_value().expect("ten peers");
    assert_eq!(first.len(), 5);
    assert!(rows.values().all(|rows| rows == first), "{rows:#?}");
}

#[test]
fn an_interrupt_ends_the_demo_with_the_table_so_far() {
    let mut demo = Althing::start("demo", ["demo", "--peers", "3", "--challenge", "1..6"]);
    demo.wait_until("its fourth row", |lines| {
        let mut texts = lines.iter().filter_map(|line| line.said.as_str());
        texts.any(|text| text.contains("transaction 3: ") && text.contains("wins")).then_some(())
    });
    demo.signal("INT");
    demo.ends_well();
    let lines = texts(&demo);
    let table = cells(&lines);
    assert!(table.len() >= 4, "{lines:#?}");
    let first = table.first().expect("four rows").first().expect("a number");
    let last = table.last().expect("four rows").first().expect("a number");
    let rows = |text: &str| text.parse::<usize>().expect("a number");
    assert_eq!(rows(last) - rows(first) + 1, table.len(), "no gap");
}

#[test]
fn a_demo_with_a_pace_tells_what_all_have_drawn_and_lets_its_leader_win_no_more_than_others() {
    // Without a pace, the leader knows each challenge first, and wins nearly all rows.
    let arguments = ["demo", "--peers", "3", "--rounds", "40", "--pace", "150ms", "--json"];
    let mut demo = Althing::start("demo", arguments);
    demo.ends_well();
    let lines: Vec<Value> = demo.lines().into_iter().map(|line| line.said).collect();
    let elected = lines.iter().find(|line| is(line, "leader_elected")).expect("one leads");
    let draws = elected["draws"].as_array().expect("a list of draws");
    assert_eq!(draws.len(), 3, "{elected}");
    let number = |draw: &Value| draw.as_str().and_then(|draw| draw.parse::<u128>().ok());
    let highest = draws.iter().map(|draw| number(&draw["draw"])).max().expect("three draws");
    assert!(highest.is_some() && number(&elected["draw"]) == highest, "{elected}");
    let mut winners = BTreeMap::new();
    for line in lines.iter().filter(|line| is(line, "round_decided")) {
        winners.insert(line["transaction"].as_u64(), line["winner"].clone());
    }
    // On a busy machine a challenge may be replaced by an easier one.
    let mut asked = BTreeMap::new();
    for line in lines.iter().filter(|line| is(line, "challenge_issued")) {
        let bits = line["challenge"].as_u64().expect("a number of bits");
        asked.entry(line["transaction"].as_u64()).or_insert(bits);
    }
    assert!(asked.values().all(|bits| (17..=20).contains(bits)), "{asked:?}");
    assert_eq!(winners.len(), 40);
    // Of three with the same chance, one wins as many in one of a hundred thousand runs.
    let leader = &elected["leader"];
    let won = winners.values().filter(|winner| *winner == leader).count();
    assert!(won < 27, "{won} of 40");
}

#[test]
fn networks_with_a_chain_have_a_demo_that_ends_with_their_blocks() {
    for dialect in ["cs60", "aviary", "open"] {
        let arguments = ["demo", "--dialect", dialect, "--peers", "3", "--rounds", "3"];
        let mut demo = Althing::start("demo", arguments);
        demo.ends_well();
        let lines = texts(&demo);
        let heading = lines.iter().position(|line| line.contains("found by"));
        let blocks = &lines[heading.expect("there is a table in the end") + 1..];
        let found = blocks.iter().filter(|line| line.contains('#')).count();
        assert!(found >= 3, "{dialect}: {lines:#?}");

        let mut demo = Althing::start("demo", arguments.iter().chain(&["--json"]));
        demo.ends_well();
        assert!(demo.lines().last().expect("it tells something").is("summary"), "{dialect}");
    }
}

//! `althing demo` away from a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::harness::{Althing, Line, is, row};

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
    let mut demo = Althing::start(
        "demo",
        ["demo", "--dialect", "elect-chain", "--rounds", "10", "--challenge", "1..6"],
    );
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
    let arguments = ["demo", "--dialect", "elect-chain", "--rounds", "5", "--json"];
    let arguments = arguments.iter().chain(&["--challenge", "1..6"]);
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
    let arguments = ["demo", "--dialect", "elect-chain", "--peers", "3", "--challenge", "1..6"];
    let mut demo = Althing::start("demo", arguments);
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
    let arguments = ["demo", "--dialect", "elect-chain", "--peers", "3", "--rounds", "40"];
    let arguments = arguments.iter().chain(&["--pace", "150ms", "--json"]);
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

/// Asks the API of a demo, and returns the status and the answer.
fn ask(url: &str, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let host = url.strip_prefix("http://").expect("it is not encrypted").trim_end_matches('/');
    let body = body.map(ToString::to_string).unwrap_or_default();
    let mut connection = TcpStream::connect(host).expect("it listens");
    let head = format!("{method} /v1/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close");
    let length = body.len();
    let kind = "Content-Type: application/json";
    write!(connection, "{head}\r\n{kind}\r\nContent-Length: {length}\r\n\r\n{body}")
        .expect("it reads");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("it answers");
    let status = answer.split_whitespace().nth(1).and_then(|status| status.parse().ok());
    let json = answer.find('{').map(|begin| &answer[begin..=answer.rfind('}').unwrap_or(begin)]);
    let json = json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    (status.unwrap_or_else(|| panic!("no HTTP: {answer}")), json)
}

/// Returns the value of a field of the first line with an event, once it is there.
fn told(demo: &Althing, event: &str, field: &str) -> Value {
    demo.wait_until(event, |lines| {
        lines.iter().find(|line| line.is(event)).map(|line| line.said[field].clone())
    })
}

#[test]
fn a_demo_is_broken_and_mended_over_http() {
    let arguments = ["demo", "--dialect", "elect-chain", "--peers", "4", "--pace", "300ms"];
    let arguments = arguments.iter().chain(&["--json", "--http", "127.0.0.1:0"]);
    let mut demo = Althing::start("demo", arguments);
    let url = told(&demo, "serving", "url");
    let url = url.as_str().expect("a text");
    let leader = told(&demo, "leader_elected", "leader");
    told(&demo, "round_decided", "transaction");
    told(&demo, "message_sent", "kind");
    let (status, state) = ask(url, "GET", "demo", None);
    assert_eq!(status, 200);
    let peers = state["peers"].as_array().expect("a list").clone();
    assert_eq!((peers.len(), &state["faults"]), (4, &json!([])));
    assert!(state["strategies"].as_array().is_some_and(|all| all.len() > 10), "{state}");
    let act = |action: &Value| ask(url, "POST", "demo/actions", Some(action));

    let crash = json!({ "action": "crash", "peer": leader });
    let (status, done) = act(&crash);
    assert_eq!(status, 200, "{done}");
    assert!(done["sentence"].as_str().is_some_and(|it| it.ends_with(" crashed")), "{done}");
    let (status, problem) = act(&crash);
    assert_eq!(status, 409, "{problem}");
    let (status, _) = act(&json!({ "action": "crash", "peer": "7" }));
    assert_eq!(status, 404);
    demo.wait_until("another leader", |lines| {
        let crashed = lines.iter().position(|line| line.is("peer_crashed"))?;
        let mut after = lines[crashed..].iter();
        after.find(|line| line.is("leader_elected") && line.said["leader"] != leader).map(drop)
    });
    assert_eq!(act(&json!({ "action": "restart", "peer": leader })).0, 200);

    let groups = json!([[peers[0]["peer"], peers[1]["peer"]]]);
    let (status, done) = act(&json!({ "action": "partition", "groups": groups }));
    assert_eq!((status, &done["sentence"]), (200, &json!("peers 1, 2 cannot reach the others")));
    demo.wait_until("a message that is lost", |lines| {
        lines.iter().find(|line| line.is("message_lost")).map(|line| {
            assert_eq!(line.said["reason"], "partition");
        })
    });
    let (_, state) = ask(url, "GET", "demo", None);
    assert_eq!(state["faults"][0]["action"], "partition", "{state}");
    let (status, _) = ask(url, "DELETE", &format!("demo/faults/{}", done["fault"]), None);
    assert_eq!(status, 200);
    let decided = |line: &Line| line.is("round_decided");
    demo.wait_until("rows of all four after that", |lines| {
        let cleared = lines.iter().position(|line| line.is("fault_cleared"))?;
        let tellers = lines[cleared..].iter().filter(|line| decided(line));
        let tellers: BTreeSet<String> = tellers.map(|line| line.said["peer"].to_string()).collect();
        (tellers.len() == 4).then_some(())
    });
    // No two of them have recorded different rows.
    let mut rows = BTreeMap::new();
    for line in demo.lines().iter().filter(|line| decided(line)) {
        let row = row(&line.said);
        let known = rows.entry(row["transaction"].as_u64()).or_insert_with(|| row.clone());
        assert_eq!((&known["seed"], &known["winner"]), (&row["seed"], &row["winner"]));
    }
    demo.signal("INT");
    demo.ends_well();
}

#[test]
fn a_demo_of_a_chain_is_broken_over_http_and_what_happens_is_on_record() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("demo.jsonl");
    let file = file.to_str().expect("a text");
    let arguments = ["demo", "--dialect", "aviary", "--peers", "3", "--pace", "1s", "--json"];
    let more = ["--http", "127.0.0.1:0", "--record", file];
    let mut demo = Althing::start("demo", arguments.into_iter().chain(more));
    let url = told(&demo, "serving", "url");
    let url = url.as_str().expect("a text");
    told(&demo, "block_mined", "height");
    let (_, state) = ask(url, "GET", "demo", None);
    let peer = state["peers"][1]["peer"].clone();
    let act = |action: &Value| ask(url, "POST", "demo/actions", Some(action));

    let apart = json!({ "action": "partition", "groups": [[peer]] });
    let (status, done) = act(&apart);
    assert_eq!((status, &done["sentence"]), (200, &json!("peer 2 cannot reach the others")));
    told(&demo, "message_lost", "kind");
    let (status, _) = ask(url, "DELETE", &format!("demo/faults/{}", done["fault"]), None);
    assert_eq!(status, 200);
    demo.wait_until("one chain of all three after that", |lines| {
        let cleared = lines.iter().position(|line| line.is("fault_cleared"))?;
        let mut tips = BTreeMap::<String, BTreeSet<String>>::new();
        for Line { said, .. } in lines[cleared..].iter().filter(|line| line.is("tip_changed")) {
            tips.entry(said["hash"].to_string()).or_default().insert(said["peer"].to_string());
        }
        tips.values().any(|peers| peers.len() == 3).then_some(())
    });

    let lie = json!({ "action": "byzantine", "peer": peer, "strategy": "silent" });
    let (status, done) = act(&lie);
    let sentence = json!("peer 2 breaks the rules: withholds everything");
    assert_eq!((status, &done["sentence"]), (200, &sentence));
    let (_, state) = ask(url, "GET", "demo", None);
    assert_eq!(
        state["faults"],
        json!([{
            "id": done["fault"], "sentence": sentence,
            "action": "byzantine", "peer": peer, "strategy": "silent",
        }])
    );
    // It has its name still, so that a viewer knows it.
    assert_eq!(
        state["peers"][1],
        json!({
            "number": 2, "peer": peer, "state": "runs", "byzantine": "silent",
        })
    );
    let (status, done) = ask(url, "DELETE", &format!("demo/faults/{}", done["fault"]), None);
    assert_eq!(status, 200, "{done}");
    assert_eq!(act(&json!({ "action": "freeze", "peer": peer })).0, 200);
    assert_eq!(act(&json!({ "action": "thaw", "peer": peer })).0, 200);
    assert_eq!(act(&json!({ "action": "lose", "peer": null, "share": 2 })).0, 422);
    demo.signal("INT");
    demo.ends_well();
    let lines = std::fs::read_to_string(file).expect("it is there");
    let records: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(records.iter().zip(0..).all(|(record, number)| record["sequence"] == number));
    for event in ["message_sent", "fault_set", "fault_cleared", "peer_frozen", "peer_thawed"] {
        assert!(records.iter().any(|record| record["event"] == event), "{event}");
    }
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

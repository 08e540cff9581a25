//! What a peer keeps on disk is its own, and can be read when it has ended.

use std::process::Output;

use serde_json::{Value, json};

use crate::harness::{Network, command, mosquitto};

/// Runs a command to its end.
fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().expect("the program has just been built")
}

fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn nobody_else_gets_at_the_data_of_a_running_peer() {
    let broker = mosquitto();
    let network = Network::of(3, broker.url()).with("--pause", "20ms");
    let mut peers = network.peers(3);
    peers[0].reaches(2);
    let data = network.data("peer-1").display().to_string();
    let in_use = format!(
        "error: {data} is in use by another althing process; stop it, or use another --data \
         directory.\n"
    );

    let again = run(&["peer", "--broker", &broker.url(), "--data", &data, "--peers", "3"]);
    assert_eq!(complaint(&again), in_use);

    let reached = peers[0].reached();
    peers[0].reaches(reached + 2);
    network.assert_one_table(&mut peers, reached + 2);
}

#[test]
fn the_table_of_a_running_peer_is_shown_and_who_leads() {
    let broker = mosquitto();
    let network = Network::of(3, broker.url()).with("--pause", "20ms");
    let mut peers = network.peers(3);
    peers[0].reaches(3);
    let shown: Vec<Value> = serde_json::from_str(&network.table("peer-1")).expect("a list of rows");
    assert!(shown.len() >= 3, "{shown:?}");
    let data = network.data("peer-1").display().to_string();
    let status = run(&["status", "--data", &data, "--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).expect("JSON");
    let (leader, _) = peers[0].follows();
    assert_eq!(status["leader"], leader, "nobody was stopped");
    assert!(status["time"].is_string(), "{status}");
    network.assert_one_table(&mut peers, 3);
    assert_eq!(shown, network.rows("peer-1")[..shown.len()]);
}

#[test]
fn the_table_of_a_peer_that_has_ended_is_shown_in_each_format() {
    let broker = mosquitto();
    let network = Network::of(1, broker.url()).with("--rounds", 3);
    let mut peer = network.peer("peer-1");
    peer.ends_well();
    let rows = peer.all("round_decided");
    assert_eq!(rows.len(), 3);
    let summary = peer.first("summary");
    assert_eq!(summary["rows"], 3);
    assert!(summary["hashes"].as_u64() > Some(0), "nobody else can have mined: {summary}");
    let data = network.data("peer-1").display().to_string();
    let show = |format: &str| {
        let output = run(&["table", "--data", &data, "--format", format]);
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).expect("a text")
    };

    let names = ["transaction", "challenge", "seed", "winner", "yes", "no"];
    let cells = |row: &Value| names.map(|name| row[name].to_string().trim_matches('"').to_owned());
    let csv: Vec<String> = rows.iter().map(|row| cells(row).join(",") + "\n").collect();
    assert_eq!(show("csv"), names.join(",") + "\n" + &csv.concat());
    let csv: Vec<String> = rows.iter().map(|row| cells(row)[..4].join(",") + "\n").collect();
    let published = "TransactionID,Challenge,Seed,Winner\n".to_owned() + &csv.concat();
    assert_eq!(show("published-csv"), published);

    let json = json!(rows.iter().map(|row| json!({
        "transaction": row["transaction"], "challenge": row["challenge"], "seed": row["seed"],
        "winner": row["winner"], "yes": row["yes"], "no": row["no"],
    })).collect::<Vec<_>>());
    let shown: Value = serde_json::from_str(&show("json")).expect("JSON");
    assert_eq!(shown, json);

    let text = show("text");
    let mut lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(lines.next(), Some(names.to_vec()));
    for row in &rows {
        assert_eq!(lines.next().expect("three rows"), cells(row));
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn the_table_of_a_directory_that_is_not_there_is_an_error_and_creates_nothing() {
    let home = tempfile::TempDir::new().expect("there is room for files");
    let missing = home.path().join("nobody");
    let data = missing.display().to_string();
    for format in ["text", "json", "csv", "published-csv"] {
        let said = complaint(&run(&["table", "--data", &data, "--format", format]));
        let expected = format!(
            "error: {data} holds nothing of a peer; one that is started with it as --data \
             directory keeps its own there.\n"
        );
        assert_eq!(said, expected);
    }
    assert!(!missing.exists());
}

#[test]
fn the_data_of_one_network_are_no_good_in_another() {
    let broker = mosquitto();
    let network = Network::of(1, broker.url()).with("--rounds", 1);
    network.peer("peer-1").ends_well();
    let data = network.data("peer-1").display().to_string();
    let url = broker.url();
    let other = ["peer", "--broker", &url, "--data", &data, "--peers", "2"];
    let said = complaint(&run(&other));
    assert!(said.starts_with("error: the data are of a peer of another network ("), "{said}");
    assert_eq!(network.rows("peer-1").len(), 1, "its table is untouched");
}

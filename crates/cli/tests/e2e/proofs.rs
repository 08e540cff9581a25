//! What a file proves to one who trusts no peer, and was not there.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Network, command, mosquitto};

/// Rows that are recorded before they are proven.
const ROWS: u64 = 3;

/// What is done to a row with its votes, and a part of what is said then.
type Forgery = (&'static str, fn(&mut Value), &'static str);

const FORGERIES: [Forgery; 9] = [
    ("another winner", |it| it["row"]["winner"] = other_than(&it["row"]["winner"], it), "votes"),
    ("another term", |it| it["term"] = json!(it["term"].as_u64().map(|it| it + 1)), "votes"),
    ("another row", |it| it["row"]["transaction"] = json!(77), "votes"),
    ("no solution", |it| it["row"]["seed"] = json!("no"), "solution"),
    ("one vote", |it| it["votes"] = json!([it["votes"][0]]), "it has 1 vote, and not"),
    (
        "one vote, twice",
        |it| {
            it["votes"] = json!([it["votes"][0], it["votes"][0]]);
            it["row"]["yes"] = json!(2);
        },
        "by different members",
    ),
    ("fewer needed", |it| it["needed"] = json!(1), "2 votes are needed, and not 1"),
    ("no members", |it| it["members"] = json!([]), "other members than the first one"),
    ("a member too few", |it| it["members"] = json!([it["members"][0]]), "member"),
];

/// Returns a member that is not this one.
fn other_than(member: &Value, certificate: &Value) -> Value {
    let members = certificate["members"].as_array().expect("a list").iter();
    let mut others = members.map(|it| &it["peer"]).filter(|it| *it != member);
    others.next().expect("there are three").clone()
}

/// Returns the rows of a peer with what proves them, a line each.
fn certificates(data: &str) -> Vec<Value> {
    let output = command().args(["table", "--certificates", "--data", data]).output();
    let output = output.expect("the program has just been built");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let lines = String::from_utf8(output.stdout).expect("a text");
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Returns what `verify` says of these rows, or why it does not take them.
fn verify(network: &Network, rows: &[Value], options: &[&str]) -> Result<Value, String> {
    let file = network.data("rows.jsonl");
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    fs::write(&file, lines).expect("there is room for a file");
    let output = command().arg("verify").arg(&file).args(options).arg("--json").output();
    let output = output.expect("the program has just been built");
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).expect("JSON")),
        false => Err(String::from_utf8(output.stderr).expect("a text")),
    }
}

#[test]
fn rows_are_proven_by_the_signed_votes_of_their_members_and_nothing_else_is() {
    let broker = mosquitto();
    let network = Network::of(3, broker.url()).with("--pause", "20ms");
    let mut peers = network.peers(3);
    peers[0].reaches(ROWS);
    let data = network.data("peer-1").display().to_string();
    let running = certificates(&data);
    network.assert_one_table(&mut peers, ROWS);
    let rows = certificates(&data);
    assert_eq!(running[..], rows[..running.len()], "running or not");

    let proven = verify(&network, &rows, &[]).expect("they are good");
    assert_eq!(proven["rows"], rows.len());
    assert_eq!((&proven["needed"], &proven["is_compared"]), (&json!(2), &json!(false)));
    let hash = proven["members_hash"].as_str().expect("a hash").to_owned();
    let compared = verify(&network, &rows, &["--members", &hash]).expect("they are the same");
    assert_eq!(compared["is_compared"], true);
    let others = verify(&network, &rows, &["--members", &"0".repeat(64)]);
    assert!(others.expect_err("they are others").contains(&hash));

    for (what, forge, reason) in FORGERIES {
        let mut forged = rows.clone();
        forge(&mut forged[1]);
        let complaint = verify(&network, &forged, &[]).expect_err(what);
        assert!(complaint.contains("rows.jsonl: certificate 2"), "{what}: {complaint}");
        assert!(complaint.contains(reason), "{what}: {complaint}");
    }
    let nothing = verify(&network, &[], &[]).expect_err("there is nothing");
    assert!(nothing.contains("there is nothing in it"), "{nothing}");
    let other = verify(&network, &[json!({"a": 1})], &[]).expect_err("it is no proof");
    assert!(other.contains("--certificates"), "{other}");
}

#[test]
fn rows_that_no_member_signs_prove_nothing_and_that_is_said() {
    let broker = mosquitto();
    let network =
        Network::of(3, broker.url()).with("--variant", "published").with("--pause", "20ms");
    let mut peers = network.peers(3);
    peers[0].reaches(ROWS);
    let data = network.data("peer-1").display().to_string();
    let unsigned = certificates(&data);
    let complaint = verify(&network, &unsigned, &[]).expect_err("they are not signed");
    assert!(complaint.contains("prove nothing to others"), "{complaint}");
    network.assert_one_table(&mut peers, ROWS);
}

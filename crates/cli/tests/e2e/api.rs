//! The API of real processes: asked while they run, by the commands and over the network.

use std::process::Command;

use althing_api::{Client, Events, Mode};
use althing_feed::{Event, RoundsEvent};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::harness::{Althing, command};

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

/// Waits until a process says where its API is.
fn url(process: &Althing) -> String {
    process.wait_until("the address of its API", |lines| {
        let line = lines.iter().find(|line| line.said["event"] == "serving")?;
        line.said["url"].as_str().map(str::to_owned)
    })
}

fn said(mut command: Command) -> Result<String, String> {
    let output = command.output().expect("it has just been built");
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

async fn decided(events: &mut Events, rows: usize) -> Vec<u64> {
    let mut seen = Vec::new();
    let mut first = None;
    while seen.len() < rows {
        let record = events.next().await.expect("it is served").expect("the demo goes on");
        let Event::Rounds(RoundsEvent::RoundDecided { row, .. }) = &record.event else { continue };
        if first.get_or_insert_with(|| record.peer.clone()) == &record.peer {
            seen.push(row.transaction.number());
        }
    }
    seen
}

#[test]
fn a_demo_is_asked_and_followed_while_it_runs_and_ends_when_it_is_told() {
    let arguments = ["demo", "--dialect", "elect-chain", "--peers", "3", "--json"];
    let arguments = arguments.iter().chain(&["--http", "127.0.0.1:0"]);
    let mut demo = Althing::start("demo", arguments);
    let url = url(&demo);
    let client = Client::at_url(&url, None, None).expect("it is a URL");
    let runtime = runtime();
    // From its first record on, whenever that was.
    let mut events = runtime.block_on(client.events(Some(0))).expect("it is asked");
    let rows = runtime.block_on(decided(&mut events, 5));
    assert_eq!(rows, [0, 1, 2, 3, 4]);
    let node = runtime.block_on(client.node()).expect("it is asked");
    assert_eq!((node.mode, node.peers.len()), (Mode::Demo, 3));
    // The same rows, by the command.
    let mut table = command();
    table.args(["table", "--api", &url, "--format", "json"]);
    let table: Value = serde_json::from_str(&said(table).expect("it is asked")).expect("JSON");
    let page = runtime.block_on(client.rows(0)).expect("it is asked");
    for (row, listed) in page.items.iter().zip(table.as_array().expect("rows")).take(5) {
        assert_eq!(serde_json::to_value(row).expect("plain data")["winner"], listed["winner"]);
    }
    demo.signal("TERM");
    demo.ends_well();
    let mut status = command();
    status.args(["status", "--api", &url]);
    let error = said(status).expect_err("it has ended");
    assert!(error.contains("cannot be reached"), "{error}");
}

#[test]
fn a_tracker_beyond_this_machine_takes_tokens() {
    let dir = TempDir::new().expect("there is room");
    let tokens = dir.path().join("tokens.json");
    let tokens = tokens.to_str().expect("a path of ours");
    let listen = ["tracker", "--listen", "127.0.0.1:0", "--json", "--http"];
    let mut open = Althing::start("open", listen.into_iter().chain(["0.0.0.0:0"]));
    assert_eq!(open.ended().code(), Some(1));
    assert!(open.complaints().contains("--tokens"), "{}", open.complaints());

    let mut make = command();
    make.args(["token", "new", "--rights", "read", "--name", "ann", "--tokens", tokens]);
    let secret = said(make).expect("there is room");
    let options = listen.into_iter().chain(["0.0.0.0:0", "--tokens", tokens]);
    let mut tracker = Althing::start("tracker", options);
    let url = url(&tracker).replace("0.0.0.0", "127.0.0.1");
    let runtime = runtime();
    let client = |token: Option<&str>| {
        Client::at_url(&url, token.map(str::to_owned), None).expect("it is a URL")
    };
    let refused = runtime.block_on(client(None).node()).expect_err("there is no token");
    assert!(refused.to_string().contains("althing token"), "{refused}");
    let node = runtime.block_on(client(Some(secret.trim())).node()).expect("it has a token");
    assert_eq!(node.mode, Mode::Tracker);
    let mut list = command();
    list.args(["token", "list", "--tokens", tokens]);
    let listed = said(list).expect("it is there");
    assert!(listed.contains("ann") && !listed.contains(secret.trim()), "{listed}");
    tracker.signal("TERM");
    tracker.ends_well();
}

//! Peers and a tracker of `cs60`, as processes.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::harness::{ChainPeer, Chains, QUICK_CS60, add, chain, one_chain};
use super::strangers::Stranger;
use crate::harness::{Althing, Line};

/// A tracker, and a network whose peers know it.
struct Voters {
    tracker: Althing,
    chains: Chains,
    /// Where the tracker is.
    place: String,
}

impl Voters {
    fn gather() -> Self {
        Self::gather_for("")
    }

    /// Returns a network with these options as well.
    fn gather_for(options: &str) -> Self {
        let tracker = start_tracker("127.0.0.1:0");
        let place = place(&tracker);
        let chains = Chains::with(&format!("{QUICK_CS60} --tracker {place} {options}"));
        Self { tracker, chains, place }
    }

    fn peers(&self, count: usize) -> Vec<ChainPeer> {
        (1..=count).map(|number| self.chains.peer(&format!("voter-{number}"), "")).collect()
    }
}

fn start_tracker(listen: &str) -> Althing {
    Althing::start("tracker", ["tracker", "--json", "--listen", listen])
}

fn place(tracker: &Althing) -> String {
    tracker.wait_until("its address", |lines| {
        lines.iter().find_map(|line| line.said["address"].as_str().map(str::to_owned))
    })
}

fn ballot(voter: &str, choice: &str) -> String {
    json!({ "voter": voter, "choice": choice }).to_string()
}

fn all(peers: &[ChainPeer]) -> Vec<&ChainPeer> {
    peers.iter().collect()
}

#[test]
fn ballots_of_five_voters_are_counted_once_each() {
    let voters = Voters::gather();
    let peers = voters.peers(5);
    for peer in &peers {
        peer.meets(4);
    }
    // All at once, so that they race for each block.
    std::thread::scope(|scope| {
        for number in 1..=5 {
            let (chains, name) = (&voters.chains, format!("voter-{number}"));
            scope.spawn(move || add(chains, &name, &ballot(&name, "yes")));
        }
    });
    let (height, _) = one_chain(&all(&peers), 5);
    assert_eq!(height, 5, "one ballot a block");
    let twice = chain(&["add"], &voters.chains.data("voter-2"), &[&ballot("voter-1", "no")]);
    assert!(twice.as_ref().is_err_and(|said| said.contains("has voted before")), "{twice:?}");
    let text = chain(&["add"], &voters.chains.data("voter-2"), &["yes"]);
    assert!(text.as_ref().is_err_and(|said| said.contains("not a ballot")), "{text:?}");
}

#[test]
fn a_voter_killed_is_taken_off_the_list_and_comes_back_with_its_chain() {
    let voters = Voters::gather();
    let mut peers = voters.peers(4);
    for peer in &peers {
        peer.meets(3);
    }
    add(&voters.chains, "voter-1", &ballot("ann", "yes"));
    one_chain(&all(&peers), 1);
    let gone = peers[2].address();
    peers[2].kill();
    peers[0].tells("peer_lost", |said| said["lost"] == gone.as_str());
    voters.tracker.wait_until("that it is gone", |lines| {
        lines.iter().any(|line| line.is("peer_gone")).then_some(())
    });
    add(&voters.chains, "voter-1", &ballot("bob", "yes"));
    peers[2] = voters.chains.peer("voter-3", "");
    assert_eq!(peers[2].first_event("started")["blocks"], 2);
    peers[2].reaches(2);
    for peer in &peers {
        peer.reaches(2);
    }
}

#[test]
fn voters_outlive_their_tracker() {
    let mut voters = Voters::gather();
    let peers = voters.peers(3);
    for peer in &peers {
        peer.meets(2);
    }
    voters.tracker.kill();
    peers[0].tells("disconnected", |_| true);
    add(&voters.chains, "voter-1", &ballot("ann", "yes"));
    one_chain(&all(&peers), 1);
    voters.tracker = start_tracker(&voters.place);
    let late = voters.chains.peer("late", "");
    late.reaches(1);
    for peer in &peers {
        let address = late.address();
        peer.tells("peer_found", |said| said["found"] == address.as_str());
    }
}

#[test]
fn a_chain_longer_than_a_datagram_is_fetched_whole_by_who_comes_late() {
    let authors = Voters::gather_for("--entries texts --difficulty 1");
    let early = authors.chains.peer("early", "");
    let texts: Vec<String> = (1..=50).map(|number| format!("{number:-<1400}")).collect();
    assert!(texts.concat().len() > 65_507);
    for (text, height) in texts.iter().zip(1..) {
        assert_eq!(add(&authors.chains, "early", text), height);
    }
    let late = authors.chains.peer("late", "");
    one_chain(&[&early, &late], 50);
    assert!(authors.chains.entries("late").ends_with(&texts));
}

/// A program as the published one: it says SYN, takes whole chains and blocks, and asks for a chain
/// when a block does not fit.
#[test]
fn a_published_program_and_ours_keep_one_chain() {
    let voters = Voters::gather();
    let peers = voters.peers(2);
    add(&voters.chains, "voter-1", &ballot("ann", "yes"));
    one_chain(&all(&peers), 1);
    let (said, heard) = std::sync::mpsc::channel();
    let program = Stranger::start(|_| {
        move |heard: &Value| {
            // A test that has ended listens no more.
            let _ = said.send(heard.clone());
            None
        }
    });
    let address = program.address();
    let mut tracker = TcpStream::connect(&voters.place).expect("it listens");
    let syn = json!({ "type": "SYN", "addr": [address.ip().to_string(), address.port()] });
    tracker.write_all(syn.to_string().as_bytes()).expect("it reads");
    let mut list = [0; 1500];
    let length = tracker.read(&mut list).expect("it answers");
    let list: Vec<(String, u16)> = serde_json::from_slice(&list[..length]).expect("a list");
    assert_eq!(list.len(), 3, "{list:?}");
    program.say(&peers[0].address(), br#"{"type": "REQ"}"#);
    let next = |kind: &str| loop {
        let message: Value = heard.recv().expect("the program runs");
        if message["type"] == kind {
            let data = message["data"].as_str().expect("JSON in a text").to_owned();
            return serde_json::from_str::<Value>(&data).expect("JSON in a text");
        }
    };
    let chain = next("CHAIN");
    assert_eq!(chain["_length"], 2, "the genesis and a ballot: {chain}");
    peers[1].tells("peer_found", |said| said["found"] == address.to_string());
    add(&voters.chains, "voter-2", &ballot("bob", "no"));
    let block = next("BLOCK");
    assert_eq!(block["_index"], 2, "{block}");
    assert_eq!(block["_data"], ballot("bob", "no"));
}

#[test]
fn a_vote_at_the_menu() {
    let voters = Voters::gather();
    let peers = voters.peers(1);
    let mut menu = Althing::start("menu", ["cs60-vote", "--tracker", &voters.place]);
    let says = |menu: &Althing, part: &str| {
        menu.wait_until(part, |lines| {
            lines.iter().any(|line| line.said_contains(part)).then_some(())
        });
    };
    for line in ["a", "ann", "yes"] {
        menu.types(line);
    }
    for prompt in [
        "Enter option ('a' add record, 'd' display tally, 'q' quit):",
        "Enter voter id:",
        "Enter choice:",
    ] {
        says(&menu, prompt);
    }
    says(&menu, "Added: \"ann\" is in block 1, which another peer has too");
    peers[0].reaches(1);
    for line in ["d", "x", "a", "ann", "no"] {
        menu.types(line);
    }
    for part in ["1  \"yes\"", "none of a, d and q", "Invalid/duplicate Vote!"] {
        says(&menu, part);
    }
    menu.types("q");
    assert_eq!(menu.ended().code(), Some(1));
    assert!(menu.complaints().contains("\"ann\" (invalid)"), "{}", menu.complaints());
}

#[test]
fn the_menu_answers_while_a_ballot_is_mined_and_says_that_it_was_not_added() {
    let voters = Voters::gather();
    // So hard that no machine finds it.
    let options = ["cs60-vote", "--tracker", &voters.place, "--threads", "1", "--difficulty", "20"];
    let mut menu = Althing::start("menu", options);
    for line in ["a", "ann", "yes", "d", "q", "q"] {
        menu.types(line);
    }
    assert_eq!(menu.ended().code(), Some(1));
    let said = |part: &str| menu.lines().iter().any(|line| line.said_contains(part));
    assert!(said("no ballots yet") && said("q leaves at once"));
    assert!(menu.complaints().contains("\"ann\" (not in the chain)"), "{}", menu.complaints());
}

#[test]
fn a_ballot_that_nobody_else_has_is_said_to_be_only_here() {
    let voters = Voters::gather();
    let mut menu = Althing::start("menu", ["cs60-vote", "--tracker", &voters.place]);
    for line in ["a", "ann", "yes"] {
        menu.types(line);
    }
    // At the end of its input it waits until it knows.
    menu.types_no_more();
    assert_eq!(menu.ended().code(), Some(3));
    let is_said = |line: &Line| line.said_contains("only here so far: no other peer");
    assert!(menu.lines().iter().any(is_said));
}

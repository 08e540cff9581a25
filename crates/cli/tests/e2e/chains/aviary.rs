//! Peers of `aviary`, as processes.

use althing_testkit::{eventually_blocking, free_port};
use serde_json::{Value, json};

use super::harness::{ChainPeer, Chains, QUICK_AVIARY, add, chain, one_chain};
use super::strangers::{course_chain, course_program};

/// Starts a peer that founds a network, and others that turn to it.
fn founded(chains: &Chains, others: usize) -> Vec<ChainPeer> {
    let words = chains.file("words.txt", "hello\nworld\n");
    let founder = chains.peer("founder", &format!("--found {words} --name founder"));
    let address = founder.address();
    let mut peers = vec![founder];
    for number in 1..=others {
        let options = format!("--contact {address} --name peer-{number}");
        peers.push(chains.peer(&format!("peer-{number}"), &options));
    }
    peers
}

fn everybody(peers: &[ChainPeer]) -> Vec<&ChainPeer> {
    peers.iter().collect()
}

#[test]
fn a_network_is_founded_out_of_nothing_and_all_follow_one_chain() {
    let chains = Chains::with(QUICK_AVIARY);
    let peers = founded(&chains, 4);
    one_chain(&everybody(&peers), 0);
    for (name, word) in [("peer-4", "one"), ("founder", "two"), ("peer-2", "three")] {
        add(&chains, name, word);
    }
    let (height, _) = one_chain(&everybody(&peers), 1);
    let entries = chains.entries("peer-3");
    assert_eq!(entries[..2], ["hello", "world"], "the first block holds the file's lines");
    assert_eq!(entries[2..], ["one", "two", "three"], "{height} blocks");
}

#[test]
fn a_founder_starts_again_with_the_same_command_line_and_names_of_contacts_are_enough() {
    let chains = Chains::with(QUICK_AVIARY);
    let words = chains.file("words.txt", "hello\nworld\n");
    let found = format!("--found {words} --listen localhost:0");
    let founder = chains.peer("founder", &found);
    one_chain(&[&founder], 0);
    drop(founder);
    let founder = chains.peer("founder", &found);
    let address = founder.address();
    let (_, port) = address.rsplit_once(':').expect("an address ends with a port");
    // One contact that is nowhere, and one by a name that is ::1 first on many systems.
    let contacts = format!("--contact nowhere.invalid:7 --contact localhost:{port}");
    let other = chains.peer("other", &contacts);
    one_chain(&[&other], 0);
    assert_eq!(chains.entries("other")[..2], ["hello", "world"]);
    assert!(other.complaints().contains("nowhere.invalid:7 cannot be found"));
}

#[test]
fn contacts_that_do_not_answer_are_named() {
    let chains = Chains::with(QUICK_AVIARY);
    let port = free_port().expect("there are ports");
    let lonely = chains.peer("lonely", &format!("--contact 127.0.0.1:{port}"));
    let expected = format!("no peer has answered yet at 127.0.0.1:{port}");
    eventually_blocking("the peer to say so", || {
        lonely.complaints().contains(&expected).then_some(())
    });
}

#[test]
fn peers_that_call_themselves_by_the_name_of_their_host_know_each_other() {
    let chains = Chains::with(&format!("{QUICK_AVIARY} --advertise localhost:0"));
    let peers = founded(&chains, 2);
    for peer in &peers {
        assert!(peer.address().starts_with("localhost:"));
        peer.meets(2);
    }
    add(&chains, "peer-2", "hello to all");
    one_chain(&everybody(&peers), 1);
}

#[test]
fn peers_killed_at_any_moment_go_on_where_they_were() {
    let chains = Chains::with(QUICK_AVIARY);
    let mut peers = founded(&chains, 4);
    one_chain(&everybody(&peers), 0);
    let listen = peers[0].address();
    let mut height = 0;
    for round in 0..3 {
        for index in [0, 1, 4] {
            peers[index].kill();
        }
        let restarted = [
            (0, "founder", format!("--mine --name founder --listen {listen}")),
            (1, "peer-1", format!("--name peer-1 --contact {listen}")),
            (4, "peer-4", format!("--name peer-4 --contact {listen}")),
        ];
        for (index, name, options) in restarted {
            peers[index] = chains.peer(name, &options);
            let started = peers[index].first_event("started");
            assert!(started["blocks"].as_u64() > Some(height), "{name} keeps its chain: {started}");
            assert_eq!(started["left_out"], 0, "{name}");
        }
        height = add(&chains, "founder", &format!("after crash {round}"));
        one_chain_reaching(&peers, height);
    }
    for (peer, name) in peers.iter_mut().zip(["founder", "peer-1", "peer-2", "peer-3", "peer-4"]) {
        peer.stops();
        let verified = chain(&["verify", "--json"], &chains.data(name), &[]).expect("it is valid");
        assert_eq!(verified["blocks"], height + 1, "{name}");
    }
}

/// Waits until all have the block at `height`, whether or not they have told of it in this life.
fn one_chain_reaching(peers: &[ChainPeer], height: u64) {
    for peer in peers {
        peer.reaches(height);
    }
}

#[test]
fn a_silent_peer_is_forgotten_and_taken_back_when_it_speaks_again() {
    let chains = Chains::with(QUICK_AVIARY);
    let peers = founded(&chains, 2);
    let quiet = peers[2].address();
    peers[0].tells("peer_found", |said| said["found"] == quiet.as_str());
    peers[2].signal("STOP");
    peers[0].tells("peer_lost", |said| said["lost"] == quiet.as_str());
    peers[2].signal("CONT");
    peers[0].wait_until("that it is back", |lines| {
        let found = lines
            .iter()
            .filter(|line| line.is("peer_found") && line.said["found"] == quiet.as_str());
        (found.count() >= 2).then_some(())
    });
}

#[test]
fn a_real_chain_of_the_course_is_fetched_from_a_program_of_the_course() {
    let (blocks, difficulty) = course_chain("2023-chain2-difficulty9");
    let (last, length) = (blocks.len() as u64 - 1, blocks.len());
    let hash = blocks.last().expect("it has blocks")["hash"].clone();
    let program = course_program(blocks, length, hash.clone());
    let chains = Chains::with("--dialect aviary --gossip-every 200ms --stats-every 200ms");
    let contact = format!("--contact {} --difficulty {difficulty}", program.address());
    let first = chains.peer("first", &contact);
    first.reaches(last);
    assert_eq!(first.tip().map(|(_, hash)| hash), hash.as_str().map(str::to_owned));
    // And from us by another of ours, after the program is gone.
    drop(program);
    let contact = format!("--contact {} --difficulty {difficulty}", first.address());
    chains.peer("second", &contact).reaches(last);
}

#[test]
fn liars_and_corrupt_chains_lead_nobody_astray() {
    let (mut corrupt, difficulty) = course_chain("2023-chain2-difficulty9");
    let (good, _) = course_chain("2023-chain2-difficulty9");
    let (last, length) = (good.len() as u64 - 1, good.len());
    let middle = length / 2;
    corrupt[middle]["messages"][0] = "never said".into();
    let tip = good[length - 1]["hash"].clone();
    let liar = course_program(good[..3].to_vec(), 20_000, "ee".repeat(32).into());
    let honest = course_program(good, length, tip.clone());
    let corrupter = course_program(corrupt, length, tip);
    let chains = Chains::with(
        "--dialect aviary --gossip-every 200ms --stats-every 200ms --request-timeout 200ms",
    );
    let dishonest = [&liar, &corrupter].map(|program| program.address().to_string());
    let [liar, corrupter] = &dishonest;
    let options = format!("--difficulty {difficulty} --contact {liar} --contact {corrupter}");
    let peer = chains.peer("peer", &options);
    peer.tells("download_failed", |said| said["length"] == 20_000);
    for shunned in &dishonest {
        peer.tells("peer_shunned", |said| said["shunned"] == shunned.as_str());
    }
    assert!(peer.tip().is_none_or(|(height, _)| height < last), "nobody has sent all blocks yet");
    let gossip = json!({
        "type": "GOSSIP",
        "host": honest.address().ip().to_string(),
        "port": honest.address().port(),
        "id": "honest",
        "name": "honest",
    });
    honest.say(&peer.address(), gossip.to_string().as_bytes());
    peer.reaches(last);
}

#[test]
fn garbage_is_refused_and_nothing_else_happens() {
    let chains = Chains::with(QUICK_AVIARY);
    let peers = founded(&chains, 1);
    one_chain(&everybody(&peers), 0);
    let stranger = course_program(Vec::new(), 0, Value::Null);
    let to = peers[0].address();
    for bytes in [&b"{"[..], b"\xff\xfe", b"[1,2]", br#"{"type":"GET_BLOCK","height":"x"}"#, b""] {
        stranger.say(&to, bytes);
    }
    let from = stranger.address().to_string();
    peers[0].wait_until("four refusals", |lines| {
        let refused = lines
            .iter()
            .filter(|line| line.is("message_refused") && line.said["from"] == from.as_str());
        (refused.count() >= 4).then_some(())
    });
    add(&chains, "peer-1", "still here");
    one_chain(&everybody(&peers), 1);
}

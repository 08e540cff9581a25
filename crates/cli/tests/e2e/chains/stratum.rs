//! Miners over Stratum, for a peer of the open network.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use althing_ledger::{Block, CompactTarget, Target};
use althing_testkit::DEADLINE;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::harness::{ChainPeer, Chains, QUICK_OPEN, add};

/// What a miner does between two lines: it hashes so many times, and listens.
const NONCES: u32 = 2_000;

fn serving(chains: &Chains, options: &str) -> (ChainPeer, String) {
    let peer = chains.stratum("server", &format!("--stratum 127.0.0.1:0 {options}"));
    let listening = peer.first_event("listening_for_miners");
    let address = listening["address"].as_str().expect("an address").to_owned();
    (peer, address)
}

/// A connection that speaks lines of JSON.
struct Connection {
    stream: TcpStream,
    lines: BufReader<TcpStream>,
}

impl Connection {
    fn to(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a time");
        let lines = BufReader::new(stream.try_clone().expect("a handle more"));
        Self { stream, lines }
    }

    fn say(&mut self, method: &str, params: &Value) {
        let request = json!({ "id": 1, "method": method, "params": params });
        // Who is dropped finds out when it reads.
        let _ = self.stream.write_all(format!("{request}\n").as_bytes());
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("there is more in time");
        serde_json::from_str(&line).expect("a line is JSON")
    }

    /// Waits until the other side has ended it.
    fn ends(mut self) {
        let mut rest = Vec::new();
        // Who is dropped with bytes on their way may see a reset instead of the end.
        if let Err(error) = self.lines.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
        }
    }
}

/// A miner that knows nothing but Stratum and Bitcoin's header.
struct Miner {
    connection: Connection,
    name: String,
    extranonce1: Vec<u8>,
    /// The parameters of the last `mining.notify`.
    job: Value,
    extranonce2: u32,
}

impl Miner {
    fn joins(address: &str, name: &str) -> Self {
        let mut connection = Connection::to(address);
        connection.say("mining.subscribe", &json!(["test/1"]));
        let extranonce1 = unhex(&connection.hear()["result"][1]);
        connection.say("mining.authorize", &json!([name, "x"]));
        assert_eq!(connection.hear()["result"], true);
        assert_eq!(connection.hear()["method"], "mining.set_difficulty");
        let job = connection.hear()["params"].clone();
        Self { connection, name: name.to_owned(), extranonce1, job, extranonce2: 0 }
    }

    /// Mines until it has found a block and is told of the next, and returns its hash.
    fn finds_a_block(&mut self) -> String {
        loop {
            self.extranonce2 += 1;
            let (header, target) = self.header();
            let found = (0..NONCES).find_map(|nonce| {
                let mut header = header;
                header[76..].copy_from_slice(&nonce.to_le_bytes());
                let hash = Block::hash_of_header(&Block::header_from_bytes(&header));
                target.is_met_by(&hash).then_some((nonce, hash))
            });
            let Some((nonce, hash)) = found else { continue };
            let extranonce2 = format!("{:08x}", self.extranonce2);
            let share =
                json!([self.name, self.job[0], extranonce2, self.job[7], format!("{nonce:08x}")]);
            self.connection.say("mining.submit", &share);
            if self.is_accepted() {
                let parent = self.job[1].clone();
                while self.job[1] == parent {
                    let said = self.connection.hear();
                    self.heed(&said);
                }
                return hash.to_string();
            }
        }
    }

    /// Waits for the answer to a share.
    fn is_accepted(&mut self) -> bool {
        loop {
            let said = self.connection.hear();
            if said["method"].is_null() {
                return said["result"] == true;
            }
            self.heed(&said);
        }
    }

    fn heed(&mut self, said: &Value) {
        if said["method"] == "mining.notify" {
            self.job = said["params"].clone();
        }
    }

    fn header(&self) -> ([u8; 80], Target) {
        let twice = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(Sha256::digest(bytes)).into() };
        let turned = |value: &Value| unhex(value).into_iter().rev().collect::<Vec<u8>>();
        let extranonce2 = self.extranonce2.to_be_bytes();
        let (first, last) = (unhex(&self.job[2]), unhex(&self.job[3]));
        let coinbase = [&first[..], &self.extranonce1, &extranonce2, &last].concat();
        let branch = self.job[4].as_array().expect("a list").iter();
        let root = branch
            .fold(twice(&coinbase), |root, beside| twice(&[&root[..], &unhex(beside)].concat()));
        let parent = unhex(&self.job[1]);
        let parent = parent.chunks(4).flat_map(|word| word.iter().rev().copied());
        let (version, time, bits) =
            (turned(&self.job[5]), turned(&self.job[7]), turned(&self.job[6]));
        let header = [version, parent.collect(), root.into(), time, bits.clone(), vec![0; 4]];
        let bits = u32::from_le_bytes(bits.try_into().expect("four bytes"));
        let target = Target::AtMost(CompactTarget::from_consensus(bits));
        (header.concat().try_into().expect("80 bytes"), target)
    }
}

fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("a text");
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("two digits");
    (0..text.len()).step_by(2).map(byte).collect()
}

#[test]
fn a_stock_miner_mines_the_chain_of_a_peer_whose_blocks_others_take() {
    let chains = Chains::with(QUICK_OPEN);
    let (server, address) = serving(&chains, "--summary-every 1s");
    let other = chains.peer("other", &format!("--contact {}", server.address()));
    other.meets(1);
    let mut miner = Miner::joins(&address, "ann");
    let hash = miner.finds_a_block();
    server.tells("block_found", |said| said["hash"] == hash && said["worker"] == "ann");
    server.tells("block_mined", |said| said["hash"] == hash);
    other.tells("tip_changed", |said| said["hash"] == hash);
    server.tells("shares_accepted", |said| said["accepted"].as_u64() >= Some(1));
    std::thread::scope(|scope| {
        let adding = scope.spawn(|| add(&chains, "other", "mined by a stock miner"));
        while !adding.is_finished() {
            miner.finds_a_block();
        }
        other.reaches(adding.join().expect("it is added"));
    });
    assert_eq!(chains.entries("other"), ["mined by a stock miner"]);
}

#[test]
fn who_misbehaves_is_dropped_and_an_honest_miner_goes_on() {
    let chains = Chains::with(QUICK_OPEN);
    let (server, address) = serving(&chains, "--password x --workers-max 2");
    let mut honest = Miner::joins(&address, "ann");
    let unknown = b"{\"id\":1,\"method\":\"eth_getWork\"}\n";
    let harmless = b"{\"id\":1,\"method\":\"mining.extranonce.subscribe\"}\n";
    for (bytes, reason) in [
        (vec![b'x'; 10_000], "a line is too long"),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "a line is not a request"),
        (unknown.repeat(40), "too many faults"),
        (harmless.repeat(4_000), "too many lines"),
    ] {
        let mut bad = Connection::to(&address);
        let _ = bad.stream.write_all(&bytes);
        bad.ends();
        server.tells("worker_dropped", |said| said["reason"] == reason);
        honest.finds_a_block();
    }
    // There is room for one more worker, since a stranger is none, and then for none.
    let mut stranger = Connection::to(&address);
    let _second = Miner::joins(&address, "bob");
    stranger.say("mining.authorize", &json!(["eve", "y"]));
    assert_eq!(stranger.hear()["error"][0], 24);
    Connection::to(&address).ends();
    server.tells("worker_dropped", |said| said["reason"] == "too many connections");
    honest.finds_a_block();
}

#[test]
fn who_does_not_read_holds_up_nobody() {
    let chains = Chains::with(QUICK_OPEN);
    let (server, address) = serving(&chains, "");
    let mut honest = Miner::joins(&address, "ann");
    let mut deaf = Connection::to(&address);
    deaf.say("mining.subscribe", &json!([]));
    deaf.say("mining.authorize", &json!(["deaf", ""]));
    server.tells("worker_joined", |said| said["worker"] == "deaf");
    for _ in 0..3 {
        let hash = honest.finds_a_block();
        server.tells("block_mined", |said| said["hash"] == hash);
    }
}

//! The server against miners that are played by hand.

use std::net::SocketAddr;
use std::time::Duration;

use althing_ledger::{Block, Coinbase, CompactTarget, Entry, NativeBlock, Target};
use althing_types::{BlockHash, Height, Moment};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;

/// About one hash in 4,096 is a block.
const EASY: u32 = 0x1f0f_ffff;

fn block(parent: u8, bits: u32, entries: u8) -> NativeBlock {
    let coinbase = Coinbase { height: Height::new(7), miner: "ann".into(), extra_nonce: 0 };
    let entries = (0..entries).map(|number| Entry::new(vec![number; 70])).collect();
    let (parent, bits) = (BlockHash::from_bytes([parent; 32]), CompactTarget::from_consensus(bits));
    NativeBlock::new(Some(parent), 1_700_000_000, bits, coinbase, entries)
}

/// What a stock miner makes of `mining.notify`: nothing here knows our blocks.
fn stock_header(job: &Value, extranonces: [u32; 2], time: u32, nonce: u32) -> [u8; 80] {
    let bytes = |value: &Value| unhex(value.as_str().expect("a text"));
    let twice = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(Sha256::digest(bytes)).into() };
    let [first, second] = extranonces.map(u32::to_be_bytes);
    let coinbase = [&bytes(&job[2])[..], &first, &second, &bytes(&job[3])].concat();
    let root = job[4]
        .as_array()
        .expect("a list")
        .iter()
        .fold(twice(&coinbase), |root, beside| twice(&[&root[..], &bytes(beside)].concat()));
    let mut header = Vec::new();
    header.extend(bytes(&job[5]).iter().rev());
    for word in bytes(&job[1]).chunks(4) {
        header.extend(word.iter().rev());
    }
    header.extend(root);
    header.extend(time.to_le_bytes());
    header.extend(bytes(&job[6]).iter().rev());
    header.extend(nonce.to_le_bytes());
    header.try_into().expect("80 bytes")
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    digits.chunks(2).map(|pair| byte(pair).expect("two digits")).collect()
}

fn hash(header: &[u8; 80]) -> BlockHash {
    Block::hash_of_header(&Block::header_from_bytes(header))
}

proptest! {
    #[test]
    fn a_stock_miner_hashes_the_header_of_our_block(
        entries in 0..20_u8,
        extranonces in any::<[u32; 2]>(),
        time in any::<u32>(),
        nonce in any::<u32>(),
    ) {
        let mut block = block(9, EASY, entries);
        let told = job::Job::new(block.clone()).parameters("1", time, true);
        block.set_extra_nonce(u64::from(extranonces[0]) << 32 | u64::from(extranonces[1]));
        (block.header.time, block.header.nonce) = (time, nonce);
        let header = stock_header(&told, extranonces, time, nonce);
        prop_assert_eq!(header, Block::header_bytes(&block.header));
    }

    #[test]
    fn whatever_comes_is_borne(lines in prop::collection::vec(".*", 0..20)) {
        let mut server = Tested::new(None);
        server.work(block(1, EASY, 0));
        server.handle(Input::Connected { session: ANN, from: from() });
        for line in lines {
            server.send(ANN, &line);
        }
    }
}

const ANN: SessionId = SessionId(1);
const BOB: SessionId = SessionId(2);

fn from() -> SocketAddr {
    "192.0.2.1:4000".parse().expect("an address")
}

/// A server, and everything that it has sent.
struct Tested {
    server: Server,
    now: Moment,
    said: Vec<(SessionId, Value)>,
    events: Vec<Event>,
    found: Vec<NativeBlock>,
    closed: Vec<SessionId>,
}

impl Tested {
    fn new(password: Option<&str>) -> Self {
        let config = Config {
            share_difficulty: ShareDifficulty::MIN,
            workers_max: 3,
            password: password.map(str::to_owned),
            summary_time: Duration::from_secs(60),
        };
        Self {
            server: Server::new(Moment::START, config),
            now: Moment::START,
            said: Vec::new(),
            events: Vec::new(),
            found: Vec::new(),
            closed: Vec::new(),
        }
    }

    fn handle(&mut self, input: Input) {
        let mut out = Vec::new();
        self.server.handle(self.now, input, &mut out);
        for output in out {
            match output {
                Output::Send { to, lines } => {
                    let read = |line| (to, serde_json::from_str(line).expect("JSON"));
                    self.said.extend(lines.lines().map(read));
                }
                Output::Close { session } => self.closed.push(session),
                Output::Found(block) => self.found.push(*block),
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    fn send(&mut self, session: SessionId, line: &str) {
        self.handle(Input::Received { session, bytes: format!("{line}\n").into_bytes() });
    }

    fn work(&mut self, block: NativeBlock) {
        self.handle(Input::Work(Some(Box::new(block))));
    }

    fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now + TICK;
            self.handle(Input::Tick);
        }
    }

    /// Has a miner call a method, and returns the answer.
    fn call(&mut self, session: SessionId, method: &str, params: &Value) -> Value {
        self.send(session, &json!({ "id": 5, "method": method, "params": params }).to_string());
        let mut said = self.said.iter().rev();
        let answer = said.find(|(to, message)| *to == session && message["id"] == 5);
        answer.expect("it is answered").1.clone()
    }

    fn joins(&mut self, session: SessionId, name: &str) -> u32 {
        self.handle(Input::Connected { session, from: from() });
        let subscribed = self.call(session, "mining.subscribe", &json!(["cpuminer/2.5.1"]));
        assert_eq!(subscribed["result"][2], 4, "bytes of the second extranonce");
        assert_eq!(self.call(session, "mining.authorize", &json!([name, "x"]))["result"], true);
        let extranonce = subscribed["result"][1].as_str().expect("a text");
        u32::from_str_radix(extranonce, 16).expect("four bytes")
    }

    fn last(&self, session: SessionId, method: &str) -> Value {
        let mut said = self.said.iter().rev();
        let is_it = |said: &&(SessionId, Value)| said.0 == session && said.1["method"] == method;
        said.find(is_it).expect("it was sent").1["params"].clone()
    }

    /// Returns the parameters of a share for the last job: the first with a nonce from `start` on.
    fn share(&self, session: SessionId, extranonce1: u32, start: u32) -> Value {
        let job = self.last(session, "mining.notify");
        let difficulty = self.last(session, "mining.set_difficulty")[0].as_f64().expect("a number");
        let mut shares = (0..=u8::MAX).filter_map(ShareDifficulty::from_bits);
        let share = shares.find(|share| share.stratum() >= difficulty);
        let target = share.expect("in range").target();
        let text = |index: usize| job[index].as_str().expect("a text").to_owned();
        let time = u32::from_str_radix(&text(7), 16).expect("four bytes");
        let is_share = |nonce: &u32| {
            target.is_met_by(&hash(&stock_header(&job, [extranonce1, 3], time, *nonce)))
        };
        let nonce = (start..).find(is_share).expect("there are many");
        json!(["ann", text(0), "00000003", text(7), format!("{nonce:08x}")])
    }

    fn submit(&mut self, session: SessionId, share: &Value) -> Value {
        let answer = self.call(session, "mining.submit", share);
        match answer["result"] == true {
            true => Value::Null,
            false => answer["error"][0].clone(),
        }
    }

    fn dropped(&self) -> Vec<DropReason> {
        let reason = |event: &Event| match event {
            Event::WorkerDropped { reason, .. } => Some(*reason),
            _ => None,
        };
        self.events.iter().filter_map(reason).collect()
    }
}

/// A nonce like another in a share.
fn with_nonce(share: &Value, nonce: u32) -> Value {
    let mut other = share.clone();
    other[4] = format!("{nonce:08x}").into();
    other
}

#[test]
fn a_miner_is_told_what_to_do_and_its_share_counts_once() {
    let mut server = Tested::new(None);
    server.work(block(1, 0x1d00_ffff, 2));
    let extranonce = server.joins(ANN, "ann");
    assert_eq!(server.last(ANN, "mining.notify")[8], true);
    let share = server.share(ANN, extranonce, 0);
    assert_eq!(server.submit(ANN, &share), Value::Null);
    assert_eq!(server.submit(ANN, &share), 22);
    server.wait(60);
    let shares = server.events.iter().find_map(|event| match event {
        Event::Shares { tally, hash_rate, .. } => Some((tally.accepted, tally.invalid, *hash_rate)),
        _ => None,
    });
    assert_eq!(shares, Some((1, 1, 256 / 60)));
}

#[test]
fn a_share_that_is_a_block_is_handed_in_also_for_the_entries_of_before() {
    let mut server = Tested::new(None);
    server.work(block(1, EASY, 0));
    let extranonce = server.joins(ANN, "ann");
    let target = Target::AtMost(CompactTarget::from_consensus(EASY));
    let job = server.last(ANN, "mining.notify");
    let time = u32::from_str_radix(job[7].as_str().expect("a text"), 16).expect("four bytes");
    let header = |nonce: &u32| stock_header(&job, [extranonce, 0], time, *nonce);
    let nonce = (0..).find(|nonce| target.is_met_by(&hash(&header(nonce)))).expect("it is easy");
    server.work(block(1, EASY, 3));
    let share = json!(["ann", job[0], "00000000", job[7], format!("{nonce:08x}")]);
    assert_eq!(server.submit(ANN, &share), Value::Null);
    let [found] = &server.found[..] else { panic!("it is a block") };
    assert_eq!(Block::header_bytes(&found.header), header(&nonce));
    let mut same = block(1, EASY, 0);
    same.set_extra_nonce(found.coinbase.extra_nonce);
    assert_eq!(found.header.merkle_root, same.header.merkle_root);
    assert_eq!(found.entries, same.entries);
    assert!(server.events.iter().any(|event| matches!(event, Event::BlockFound { .. })));
}

#[test]
fn what_is_wrong_with_a_share_is_told_by_its_number() {
    let mut server = Tested::new(None);
    server.work(block(1, 0x1d00_ffff, 0));
    server.handle(Input::Connected { session: BOB, from: from() });
    let extranonce = server.joins(ANN, "ann");
    let share = server.share(ANN, extranonce, 0);
    assert_eq!(server.submit(BOB, &share), 25);
    let _ = server.call(BOB, "mining.subscribe", &json!([]));
    assert_eq!(server.submit(BOB, &share), 24);
    let low = (0..).map(|nonce| with_nonce(&share, nonce)).find(|low| *low != share);
    assert_eq!(server.submit(ANN, &low.expect("there are many")), 23);
    for (index, other, code) in
        [(0, "bob", 24), (1, "77", 21), (2, "0003", 20), (3, "00000000", 20), (3, "6fffffff", 20)]
    {
        let mut wrong = share.clone();
        wrong[index] = other.into();
        assert_eq!(server.submit(ANN, &wrong), code, "{wrong}");
    }
    for bits in ["20000000", "00002000", "0000200", "zzzzzzzz"] {
        let mut rolled = share.clone();
        rolled.as_array_mut().expect("a list").push(bits.into());
        assert_eq!(server.submit(ANN, &rolled), 20, "{bits}");
    }
    server.work(block(2, 0x1d00_ffff, 0));
    assert_eq!(server.submit(ANN, &share), 21, "there is a new tip");
    let share = server.share(ANN, extranonce, 0);
    assert_eq!(server.submit(ANN, &share), Value::Null);
}

#[test]
fn a_sixth_parameter_of_zeros_is_a_share_whose_version_is_not_rolled() {
    let mut server = Tested::new(None);
    server.work(block(1, 0x1d00_ffff, 0));
    let (extranonce, mut nonce) = (server.joins(ANN, "ann"), 0);
    for _ in 0..2 * FAULTS_MAX {
        server.wait(SHARE_TIME.as_secs());
        let mut share = server.share(ANN, extranonce, nonce);
        let found = share[4].as_str().map(|found| u32::from_str_radix(found, 16));
        nonce = found.expect("a text").expect("four bytes") + 1;
        share.as_array_mut().expect("a list").push("00000000".into());
        assert_eq!(server.submit(ANN, &share), Value::Null);
    }
    assert_eq!(server.dropped(), []);
}

#[test]
fn the_agreed_bits_of_the_version_may_be_rolled_as_bip_310_says() {
    let mut server = Tested::new(None);
    server.work(block(1, EASY, 0));
    let extranonce = server.joins(ANN, "ann");
    let asked = json!({ "version-rolling.mask": "00ffffff", "version-rolling.min-bit-count": 2 });
    let configured = server.call(ANN, "mining.configure", &json!([["version-rolling"], asked]));
    let agreed = json!({ "version-rolling": true, "version-rolling.mask": "00ffe000" });
    assert_eq!(configured["result"], agreed);

    let target = Target::AtMost(CompactTarget::from_consensus(EASY));
    let job = server.last(ANN, "mining.notify");
    let time = u32::from_str_radix(job[7].as_str().expect("a text"), 16).expect("four bytes");
    let mut rolled_job = job.clone();
    rolled_job[5] = "00a00002".into();
    let header = |nonce: &u32| stock_header(&rolled_job, [extranonce, 0], time, *nonce);
    let nonce = (0..).find(|nonce| target.is_met_by(&hash(&header(nonce)))).expect("it is easy");
    let share =
        |bits: &str| json!(["ann", job[0], "00000000", job[7], format!("{nonce:08x}"), bits]);
    for outside in ["20a00000", "00a00002", "01a00000"] {
        assert_eq!(server.submit(ANN, &share(outside)), 20, "{outside}");
    }
    assert_eq!(server.submit(ANN, &share("00a00000")), Value::Null);
    let [found] = &server.found[..] else { panic!("it is a block") };
    assert_eq!(Block::header_bytes(&found.header), header(&nonce));
}

#[test]
fn a_miner_that_says_no_mask_may_roll_all_that_may_be_and_a_wrong_mask_is_told() {
    let mut server = Tested::new(None);
    server.joins(ANN, "ann");
    let mut configured =
        |parameters: Value| server.call(ANN, "mining.configure", &parameters)["result"].clone();
    let all = json!({ "version-rolling": true, "version-rolling.mask": "1fffe000" });
    assert_eq!(configured(json!([["version-rolling"]])), all);
    assert_eq!(configured(json!([["version-rolling"], {}])), all);
    let wrong = configured(json!([["version-rolling"], { "version-rolling.mask": "ffff" }]));
    assert!(wrong["version-rolling"].is_string(), "{wrong}");
    let others = configured(json!([["minimum-difficulty", "subscribe-extranonce", "info"], {}]));
    let answer = json!({ "minimum-difficulty": false, "subscribe-extranonce": true, "info": true });
    assert_eq!(others, answer);
}

#[test]
fn a_worker_may_have_a_long_name() {
    let mut server = Tested::new(None);
    let address = "bc1pqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq.rig-001";
    server.joins(ANN, address);
    server.joins(BOB, &"ö".repeat(WORKER_CHARS_MAX));
    server.handle(Input::Connected { session: SessionId(3), from: from() });
    let longer = "x".repeat(WORKER_CHARS_MAX + 1);
    assert_eq!(server.call(SessionId(3), "mining.authorize", &json!([longer]))["error"][0], 20);
}

#[test]
fn who_has_no_worker_takes_no_worker_s_place() {
    let mut server = Tested::new(Some("x"));
    server.work(block(1, 0x1d00_ffff, 0));
    let first = 1000;
    let silent = |number: u16| SocketAddr::new("192.0.2.66".parse().expect("valid"), number);
    for number in 0..u16::try_from(10 * STRANGERS_MAX).expect("few") {
        let session = SessionId(first + u64::from(number));
        server.handle(Input::Connected { session, from: silent(number) });
    }
    let dropped = server.dropped();
    assert_eq!(dropped.len(), 9 * STRANGERS_MAX);
    assert!(dropped.iter().all(|reason| *reason == DropReason::TooManyStrangers));
    let oldest: Vec<u64> = server.closed.iter().map(|session| session.0).collect();
    assert!(oldest.is_sorted() && oldest[0] == first, "the oldest goes first");
    // Miners come from elsewhere, one after the other, and stay.
    for number in 1..=3 {
        let session = SessionId(10_000 + number);
        server.joins(session, "ann");
        assert!(!server.closed.contains(&session));
    }
    // Only the first had to be made room for.
    assert_eq!(server.dropped().len(), 9 * STRANGERS_MAX + 1);
    // Now there are three workers, which is as many as may be.
    server.handle(Input::Connected { session: BOB, from: from() });
    assert_eq!(server.dropped().last(), Some(&DropReason::TooManyConnections));
    server.wait(NAMELESS_TIME.as_secs());
    let nameless = |reason: &&DropReason| **reason == DropReason::Nameless;
    assert_eq!(server.dropped().iter().filter(nameless).count(), STRANGERS_MAX - 1);
}

#[test]
fn workers_that_come_at_once_are_no_more_than_may_be() {
    let mut server = Tested::new(None);
    for number in 1..=4 {
        server.handle(Input::Connected { session: SessionId(number), from: from() });
    }
    let mut joins = |number| {
        server.call(SessionId(number), "mining.authorize", &json!(["ann", "x"]))["error"][0].clone()
    };
    assert_eq!([joins(1), joins(2), joins(3)], [Value::Null, Value::Null, Value::Null]);
    assert_eq!(joins(4), 20);
    assert_eq!(joins(3), Value::Null, "a worker may say again who it is");
}

#[test]
fn a_guesser_of_passwords_waits_and_workers_that_are_there_go_on() {
    let mut server = Tested::new(Some("x"));
    server.work(block(1, 0x1d00_ffff, 0));
    let extranonce = server.joins(ANN, "ann");
    let mut guess = |session: u64, password: &str| {
        let session = SessionId(session);
        server.handle(Input::Connected { session, from: from() });
        server.call(session, "mining.authorize", &json!(["eve", password]))["error"].clone()
    };
    assert_eq!(guess(10, "a")[1], "unauthorized worker");
    for (session, password) in (11..).zip(["b", "c", "x"]) {
        let refused = guess(session, password);
        assert_eq!(refused[0], 24);
        assert!(refused[1].as_str().is_some_and(|said| said.contains("in 1 s")), "{refused}");
    }
    let share = server.share(ANN, extranonce, 0);
    assert_eq!(server.submit(ANN, &share), Value::Null);
}

#[test]
fn extensions_are_answered_and_workers_need_the_password() {
    let mut server = Tested::new(Some("x"));
    let first = server.joins(ANN, "ann");
    assert_ne!(server.joins(BOB, "bob"), first, "nobody searches where another does");
    assert_eq!(server.call(ANN, "mining.extranonce.subscribe", &json!([]))["result"], true);
    assert_eq!(server.call(ANN, "mining.get_transactions", &json!([]))["error"][0], 20);
    assert_eq!(server.call(ANN, "mining.authorize", &json!(["eve", "x"]))["error"][0], 20);
    let third = SessionId(3);
    server.handle(Input::Connected { session: third, from: from() });
    assert_eq!(server.call(third, "mining.authorize", &json!(["eve", "y"]))["error"][0], 24);
}

#[test]
fn a_miner_may_say_how_hard_its_shares_shall_be() {
    let mut server = Tested::new(None);
    server.work(block(1, 0x1d00_ffff, 0));
    let extranonce = server.joins(ANN, "ann");
    let asked = |server: &mut Tested, difficulty: f64| {
        let answer = server.call(ANN, "mining.suggest_difficulty", &json!([difficulty]));
        assert_eq!(answer["result"], true);
        let told = server.last(ANN, "mining.set_difficulty");
        ShareDifficulty::of_stratum(told[0].as_f64().expect("a number") * 1.001).bits()
    };
    assert_eq!(asked(&mut server, 0.3), 30);
    assert_eq!(asked(&mut server, 1e9), 32, "every block is a share");
    assert_eq!(asked(&mut server, 1e-9), ShareDifficulty::MIN.bits());
    let share = server.share(ANN, extranonce, 0);
    assert_eq!(server.submit(ANN, &share), Value::Null);
}

#[test]
fn who_misbehaves_is_dropped_and_an_honest_miner_goes_on() {
    let long = "x".repeat(LINE_BYTES_MAX + 1);
    let request =
        r#"{"id":1,"method":"mining.extranonce.subscribe","params":[]}"#.to_owned() + "\n";
    let unknown = r#"{"id":1,"method":"eth_submitWork","params":[]}"#.to_owned() + "\n";
    for (bytes, reason) in [
        (long, DropReason::LineTooLong),
        ("GET / HTTP/1.1\r\n".to_owned(), DropReason::NoRequest),
        (request.repeat(LINES_AT_ONCE as usize + 1), DropReason::TooManyLines),
        (unknown.repeat(FAULTS_MAX as usize), DropReason::TooManyFaults),
    ] {
        let mut server = Tested::new(None);
        server.work(block(1, 0x1d00_ffff, 0));
        let extranonce = server.joins(ANN, "ann");
        server.handle(Input::Connected { session: BOB, from: from() });
        server.handle(Input::Received { session: BOB, bytes: bytes.into_bytes() });
        assert_eq!((server.dropped(), &server.closed[..]), (vec![reason], &[BOB][..]));
        let share = server.share(ANN, extranonce, 0);
        assert_eq!(server.submit(ANN, &share), Value::Null);
    }
}

#[test]
fn who_does_nothing_is_dropped_in_time() {
    let mut server = Tested::new(None);
    server.handle(Input::Connected { session: BOB, from: from() });
    server.joins(ANN, "ann");
    server.wait(NAMELESS_TIME.as_secs());
    assert_eq!(server.dropped(), [DropReason::Nameless]);
    server.wait(2 * IDLE_TIME.as_secs());
    assert_eq!(server.dropped().len(), 1, "there was nothing to do");
    server.work(block(1, 0x1d00_ffff, 0));
    server.wait(IDLE_TIME.as_secs());
    assert_eq!(server.dropped(), [DropReason::Nameless, DropReason::Idle]);
    assert_eq!(server.closed, [BOB, ANN]);
}

#[test]
fn who_is_stuck_is_dropped_once() {
    let mut server = Tested::new(None);
    server.joins(ANN, "ann");
    server.handle(Input::Stuck { session: ANN });
    server.handle(Input::Disconnected { session: ANN });
    assert_eq!(server.dropped(), [DropReason::NotReading]);
    assert!(!server.events.iter().any(|event| matches!(event, Event::WorkerLeft { .. })));
}

#[test]
fn jobs_are_repeated_with_a_later_time_and_each_name_has_its_own() {
    let mut server = Tested::new(None);
    server.work(block(1, 0x1d00_ffff, 0));
    let extranonce = server.joins(ANN, "ann");
    let first = server.last(ANN, "mining.notify");
    server.wait(REPEAT_TIME.as_secs());
    let second = server.last(ANN, "mining.notify");
    assert_eq!((&first[2], &first[3], &first[1]), (&second[2], &second[3], &second[1]));
    assert_ne!(first[0], second[0]);
    assert!(first[7].as_str() < second[7].as_str());
    // All shares come at once, so they must become harder to find, and the search must start
    // elsewhere.
    let before = server.last(ANN, "mining.set_difficulty");
    for start in 0..16 {
        let share = server.share(ANN, extranonce, start << 16);
        assert_eq!(server.submit(ANN, &share), Value::Null);
    }
    let after = server.last(ANN, "mining.set_difficulty");
    assert!(after[0].as_f64() > before[0].as_f64(), "{before} {after}");
    let third = server.last(ANN, "mining.notify");
    assert!(second[7].as_str() < third[7].as_str());
    assert_eq!(third[8], true, "so that the miner begins at once");
}

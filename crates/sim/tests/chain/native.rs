//! Networks of our own blocks, which fetch headers first.

use std::sync::Mutex;
use std::time::Duration;

use althing_dialect::{ChainDialect, Malformed};
use althing_engine::nakamoto::{Discovery, Entries, Message, Rules, SyncMethod, Timeouts};
use althing_ledger::{
    Anything, Application, Asert, Block, CompactTarget, DifficultyRule, Entry, Format, Genesis,
    Imprint, Limits, NativeBlock, Once, Rules as ChainRules, SignedEntry, Times,
};
use althing_sim::chain::{Plan, Simulation};
use althing_types::Height;
use ed25519_dalek::SigningKey;

use crate::common::{assert_one_chain, entries, minutes, seconds};

/// A dialect whose bytes are the number under which a message is kept: how the messages of such
/// networks are written is of no matter here.
struct Numbered {
    rules: Rules,
    said: Mutex<Vec<Message>>,
}

impl ChainDialect for Numbered {
    fn network(&self) -> String {
        "numbered".to_owned()
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn application(&self) -> Box<dyn Application> {
        Box::new(Once::new(Box::new(Anything)))
    }

    fn encode(&self, message: &Message) -> Option<Vec<u8>> {
        let mut said = self.said.lock().expect("nobody panics while holding it");
        said.push(message.clone());
        Some((said.len() - 1).to_be_bytes().to_vec())
    }

    fn decode(&self, payload: &[u8]) -> Result<Message, Malformed> {
        let said = self.said.lock().expect("nobody panics while holding it");
        let number = payload.try_into().map(usize::from_be_bytes).ok();
        let message = number.and_then(|number| said.get(number)).cloned();
        message.ok_or_else(|| Malformed::NotAMessage("not a number that was given".to_owned()))
    }
}

/// The target of the genesis: 256 hashes for a block.
const EASIEST: u32 = 0x2000_ffff;

fn rules() -> ChainRules {
    let easiest = CompactTarget::from_consensus(EASIEST);
    let imprint = Imprint { height: Height::GENESIS, miner: "".into(), salt: 0 };
    let genesis = NativeBlock::new(None, 1_700_000_000, easiest, imprint, [].into());
    ChainRules {
        format: Format::Native,
        limits: Limits {
            entries: 0..=10,
            entry_length_max: 300,
            nonce_chars_max: 0,
            miner_chars_max: 64,
        },
        difficulty: DifficultyRule::Asert(Asert {
            block_time: seconds(10),
            half_life: minutes(3),
            easiest,
        }),
        times: Times::MedianPast { ahead_max: Duration::from_secs(7200) },
        genesis: Genesis::Given(Box::new(Block::Native(genesis))),
    }
}

fn note(number: u64) -> Entry {
    let genesis = rules().chain().expect("everybody has it");
    let key = SigningKey::from_bytes(&[7; 32]);
    SignedEntry::sign(&key, &genesis, "notes", number, b"hello").encode()
}

fn native(plan: Plan) -> Simulation {
    let rules = Rules {
        chain: rules(),
        discovery: Discovery::Gossip { forward: 3 },
        sync: SyncMethod::HeadersFirst,
        relay: 3,
        entries: Entries::Shared,
        timeouts: Timeouts::default(),
    };
    let dialect = Numbered { rules, said: Mutex::default() };
    Simulation::new(Plan { entry: note, ..plan }, Box::new(dialect))
}

fn run(net: &mut Simulation, time: Duration) {
    net.run_for(time).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_network_becomes_one_after_a_partition_and_has_each_entry_once() {
    let mut net = native(Plan { miners: 10, hashes_per_second: 3.0, ..Plan::new(1, 40) });
    run(&mut net, minutes(3));
    net.partition((0..40).filter(|peer| peer % 3 == 0));
    run(&mut net, minutes(10));
    assert_ne!(net.tip(0), net.tip(1));
    net.mend();
    assert_one_chain(&mut net, minutes(10));
    let counted = entries(&net, 5);
    assert!(counted.len() > 50);
    assert!(counted.values().all(|count| *count == 1));
}

#[test]
fn who_joins_late_gets_headers_and_then_blocks() {
    let mut net = native(Plan { miners: 4, hashes_per_second: 10.0, ..Plan::new(2, 10) });
    run(&mut net, seconds(30));
    net.crash(9);
    run(&mut net, minutes(60));
    let length = net.ledger(0).expect("it is up").length();
    assert!(length > 200, "{length}");
    net.restart(9);
    run(&mut net, minutes(1));
    assert!(net.ledger(9).expect("it is up").length() >= length);
    assert_one_chain(&mut net, minutes(5));
}

#[test]
fn losses_and_crashes_keep_nobody_from_the_chain() {
    for seed in 0..10 {
        let mut net = native(Plan { miners: 5, hashes_per_second: 5.0, ..Plan::new(seed, 12) });
        net.lose(20);
        for round in 0..20 {
            let peer = 1 + round % 11;
            run(&mut net, seconds(10));
            net.crash(peer);
            run(&mut net, seconds(20));
            net.restart(peer);
        }
        assert_one_chain(&mut net, minutes(10));
    }
}

#[test]
fn a_network_keeps_to_its_timetable_while_miners_come_and_go() {
    let mut net = native(Plan { miners: 10, hashes_per_second: 3.0, ..Plan::new(3, 10) });
    // The way to the difficulty of thirty hashes a second; then ten times as many, and back.
    run(&mut net, minutes(30));
    for rate in [3.0, 30.0, 3.0] {
        net.set_hash_rate(rate);
        let before = net.ledger(0).expect("it is up").length();
        run(&mut net, minutes(300));
        let blocks = net.ledger(0).expect("it is up").length() - before;
        assert!((1_620..=1_980).contains(&blocks), "{blocks} blocks in five hours, not 1,800");
    }
    assert_one_chain(&mut net, minutes(10));
}

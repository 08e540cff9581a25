//! Blocks of the course network, as they were mined there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use althing_ledger::{
    Adoption, Anything, AviaryBlock, Block, Choice, DifficultyRule, Entry, Format, Genesis,
    HashedBlock, HexDigits, Invalid, Ledger, Outcome, Proposal, Rules, Semantic, Structural,
    Target, Ties, Times,
};
use althing_types::{BlockHash, Height, UnixTime};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::common::limits;

const ONE_SECOND: Duration = Duration::from_secs(1);

#[derive(Clone)]
struct Chain {
    difficulty: u8,
    blocks: Vec<AviaryBlock>,
}

fn chains() -> BTreeMap<String, Chain> {
    let json: Value = serde_json::from_str(include_str!("../vectors/aviary-chains.json"))
        .expect("the vectors are JSON");
    let chains = json["chains"].as_object().expect("chains have names").iter();
    let parse = |(name, chain): (&String, &Value)| {
        let blocks = chain["blocks"].as_array().expect("a list").iter().map(block).collect();
        let difficulty = chain["difficulty"].as_u64().expect("a number");
        let difficulty = u8::try_from(difficulty).expect("a small one");
        (name.clone(), Chain { difficulty, blocks })
    };
    chains.map(parse).collect()
}

fn block(json: &Value) -> AviaryBlock {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let number = |name: &str| json[name].as_u64().expect("a number");
    let messages = json["messages"].as_array().expect("a list").iter();
    AviaryBlock {
        height: Height::new(number("height")),
        miner: text(&json["minedBy"]).into(),
        messages: messages.map(|message| Entry::text(&text(message))).collect(),
        time: Some(UnixTime::from_seconds(number("timestamp"))),
        nonce: text(&json["nonce"]).into(),
        hash: text(&json["hash"]).parse().expect("a hash"),
    }
}

fn ledger(difficulty: u8) -> Ledger {
    ledger_of(difficulty, true)
}

/// Returns a ledger of a network whose blocks have times, or none.
fn ledger_of(difficulty: u8, timed: bool) -> Ledger {
    let digits = HexDigits::new(difficulty).expect("at most 64");
    let rules = Rules {
        format: Format::Aviary { timed },
        limits: limits(1..=10),
        difficulty: DifficultyRule::Fixed(Target::TrailingZeros(digits)),
        times: Times::Any,
        genesis: Genesis::Mined(None),
        choice: Choice::MostWork(Ties::FirstSeen),
    };
    Ledger::new(rules, Box::new(Anything))
}

/// Returns a ledger with the blocks of a chain below `height`.
fn ledger_below(chain: &Chain, height: usize) -> Ledger {
    let mut ledger = ledger(chain.difficulty);
    for block in &chain.blocks[..height] {
        let (hash, block) = (block.hash, Block::Aviary(block.clone()));
        let connected = vec![HashedBlock { hash, block: Arc::new(block.clone()) }];
        let adoption = Adoption { disconnected: vec![], connected, returned: vec![] };
        assert_eq!(ledger.add(block), Ok(Outcome::Adopted(adoption)));
    }
    ledger
}

#[test]
fn the_blocks_of_the_course_network_are_valid() {
    for chain in chains().values() {
        let ledger = ledger_below(chain, chain.blocks.len());
        assert_eq!(ledger.length(), chain.blocks.len() as u64);
        let tip = ledger.tip().expect("there are blocks");
        assert_eq!(Some(tip.hash), chain.blocks.last().map(|block| block.hash));
        let hashes = chain.blocks.len() as u128 * 16_u128.pow(chain.difficulty.into());
        assert_eq!(tip.work.hashes(), hashes);
    }
}

#[test]
fn a_block_is_not_valid_at_a_higher_difficulty() {
    let chain = &chains()["2023-main-difficulty8"];
    let block = Block::Aviary(chain.blocks[0].clone());
    let error = ledger(9).add(block).expect_err("it ends with eight zeros");
    assert!(matches!(error, Invalid::Semantic(Semantic::WorkTooLow { .. })));
}

#[test]
fn each_mutation_is_refused_but_for_the_one_that_keeps_the_hash() {
    let chains = chains();
    let mutations: Vec<Value> =
        serde_json::from_str(include_str!("../vectors/aviary-mutations.json")).expect("JSON");
    assert_eq!(mutations.len(), 40);
    for mutation in &mutations {
        let chain = &chains[mutation["chain"].as_str().expect("a name")];
        let height = mutation["height"].as_u64().expect("a number");
        let height = usize::try_from(height).expect("a small one");
        let what = mutation["mutation"].as_str().expect("a text");
        let digest: BlockHash = mutation["digest"].as_str().expect("a text").parse().expect("hex");

        let mut mutated = mutate(chain.blocks[height].clone(), what);
        let mut ledger = ledger_below(chain, height);
        let parent = height.checked_sub(1).map(|before| chain.blocks[before].hash);
        let found = Block::Aviary(mutated.clone()).hash_after(parent.as_ref());
        assert_eq!(found, digest, "{what} at {height}");
        if mutation["same_as_real"] == true {
            assert!(matches!(ledger.add(Block::Aviary(mutated)), Ok(Outcome::Adopted(_))));
            continue;
        }
        // With the hash that it had: it fits under nothing, or is not the genesis that it claims.
        let claimed = mutated.hash;
        let outcome = ledger.add(Block::Aviary(mutated.clone()));
        match height {
            0 => assert_eq!(outcome, Err(Semantic::HashWrong { claimed, found }.into())),
            _ => assert_eq!(outcome, Ok(Outcome::ParentMissing)),
        }
        // With the hash that it has: that shows no work.
        mutated.hash = digest;
        let error = ledger.add(Block::Aviary(mutated)).expect_err("no work was done for it");
        assert!(matches!(error, Invalid::Semantic(Semantic::WorkTooLow { .. })), "{error}");
    }
}

fn mutate(mut block: AviaryBlock, what: &str) -> AviaryBlock {
    match what.split(' ').next() {
        Some("timestamp+1") => block.time = block.time.map(|time| time.after(ONE_SECOND)),
        Some("timestamp") => {
            let swap = |time: UnixTime| UnixTime::from_seconds(time.seconds().swap_bytes());
            block.time = block.time.map(swap);
        }
        Some("nonce+0") => block.nonce = format!("{}0", block.nonce).into(),
        Some("messages") if block.messages.len() > 1 => block.messages.rotate_left(1),
        Some("messages") => {
            block.messages = [&block.messages[..], &[Entry::text("x")]].concat().into();
        }
        Some("first") => {
            let first = block.messages[0].as_text().expect("a text").to_owned();
            let (moved, rest) = first.split_at(1);
            block.miner = format!("{}{moved}", block.miner).into();
            block.messages[0] = Entry::text(rest);
        }
        _ => panic!("a mutation that is not known: {what}"),
    }
    block
}

#[test]
fn of_two_blocks_with_one_hash_the_first_is_kept() {
    let chain = &chains()["2023-main-difficulty8"];
    let mut ledger = ledger_below(chain, 2);
    let moved = mutate(chain.blocks[1].clone(), "first char");
    assert_eq!(ledger.add(Block::Aviary(moved)), Ok(Outcome::Known));
    assert_eq!(
        ledger.block_at(Height::new(1)).as_deref(),
        Some(&Block::Aviary(chain.blocks[1].clone()))
    );
}

#[test]
fn a_network_can_begin_with_a_genesis_of_its_own() {
    let mut ledger = ledger(2);
    for height in 0..4 {
        let entries = vec![Entry::text("to be"), Entry::text("or not")];
        let proposal = Proposal { miner: "us", now: UnixTime::from_seconds(7), entries };
        let template = ledger.template(proposal).expect("two messages are a block");
        let nonce = template.search(0..u64::MAX).expect("two zeros are found soon");
        let block = template.with_nonce(nonce);
        assert_eq!(block.height(), Height::new(height));
        assert!(matches!(ledger.add(block), Ok(Outcome::Adopted(_))));
    }
}

#[test]
fn where_blocks_have_no_time_none_is_hashed_and_a_block_with_one_is_of_another_network() {
    let propose = || {
        let entries = vec![Entry::text("to be")];
        Proposal { miner: "us", now: UnixTime::from_seconds(7), entries }
    };
    let mut untimed = ledger_of(1, false);
    let template = untimed.template(propose()).expect("a message is a block");
    let block = template.with_nonce(template.search(0..u64::MAX).expect("it is found soon"));
    assert_eq!(block.time(), None);
    let nonce = match &block {
        Block::Aviary(block) => block.nonce.clone(),
        other => panic!("{other:?}"),
    };
    // As the programs of 2022 hash a first block: its miner, its messages, its nonce.
    let expected = Sha256::digest(format!("usto be{nonce}"));
    assert_eq!(block.hash_after(None).as_bytes(), &expected[..]);
    assert!(matches!(untimed.add(block.clone()), Ok(Outcome::Adopted(_))));
    assert_eq!(ledger(1).add(block), Err(Structural::Format.into()));
    let template = ledger(1).template(propose()).expect("a message is a block");
    let block = template.with_nonce(template.search(0..u64::MAX).expect("it is found soon"));
    assert_eq!(ledger_of(1, false).add(block), Err(Structural::Format.into()));
}

#[test]
fn a_block_with_a_time_is_kept_as_when_all_had_one_and_one_without_is_kept_as_well() {
    let block = chains()["2023-main-difficulty8"].blocks[0].clone();
    let AviaryBlock { height, miner, messages, time, nonce, hash } = block.clone();
    let seconds = time.expect("it has one").seconds();
    let before = postcard::to_allocvec(&(height, miner, messages, seconds, nonce, hash));
    let bytes = postcard::to_allocvec(&block).expect("it is plain");
    assert_eq!(Ok(&bytes), before.as_ref());
    for time in [time, Some(UnixTime::from_seconds(u64::MAX)), None] {
        let block = AviaryBlock { time, ..block.clone() };
        let bytes = postcard::to_allocvec(&block).expect("it is plain");
        assert_eq!(postcard::from_bytes(&bytes), Ok(block));
    }
}

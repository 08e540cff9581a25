//! How many headers and blocks a second a core verifies, and takes into the tree.

use std::time::Duration;

use althing_ledger::{
    Anything, Asert, Block, Choice, Coinbase, CompactTarget, Cs60Block, DifficultyRule, Entry,
    Format, Genesis, Header, Headers, HexDigits, Ledger, Limits, NativeBlock, Own, Proposal, Rules,
    SignedEntry, Target, Ties, Times,
};
use althing_types::{BlockHash, Height, UnixTime};
use divan::Bencher;
use divan::counter::ItemsCount;
use ed25519_dalek::SigningKey;

fn main() {
    divan::main();
}

const BLOCKS: usize = 1_000;

fn easiest() -> CompactTarget {
    CompactTarget::from_consensus(0x207f_ffff)
}

fn limits(entries: std::ops::RangeInclusive<usize>) -> Limits {
    Limits {
        entries,
        entry_length_max: 300,
        nonce_chars_max: 40,
        miner_chars_max: 40,
        own: Own::UNLIMITED,
    }
}

fn native() -> Rules {
    let coinbase = Coinbase { height: Height::GENESIS, miner: "".into(), extra_nonce: 0 };
    let genesis = NativeBlock::new(None, 1_700_000_000, easiest(), coinbase, [].into());
    Rules {
        format: Format::Native,
        limits: limits(0..=1000),
        difficulty: DifficultyRule::Asert(Asert {
            block_time: Duration::from_secs(1),
            half_life: Duration::from_secs(3600),
            easiest: easiest(),
        }),
        times: Times::MedianPast { ahead_max: Duration::from_secs(7200) },
        genesis: Genesis::Given(Box::new(Block::Native(genesis))),
        choice: Choice::MostWork(Ties::FirstSeen),
    }
}

fn cs60() -> Rules {
    let none = HexDigits::new(0).expect("at most 64");
    Rules {
        format: Format::Cs60,
        limits: limits(1..=1),
        difficulty: DifficultyRule::Fixed(Target::LeadingZeros(none)),
        times: Times::Any,
        genesis: Genesis::Given(Box::new(Block::Cs60(Cs60Block::genesis()))),
        choice: Choice::MostWork(Ties::FirstSeen),
    }
}

fn aviary() -> Rules {
    let none = HexDigits::new(0).expect("at most 64");
    Rules {
        format: Format::Aviary { timed: true },
        limits: limits(1..=10),
        difficulty: DifficultyRule::Fixed(Target::TrailingZeros(none)),
        times: Times::Any,
        genesis: Genesis::Mined(None),
        choice: Choice::MostWork(Ties::FirstSeen),
    }
}

fn ledger(rules: &Rules) -> Ledger {
    let mut ledger = Ledger::new(rules.clone(), Box::new(Anything));
    ledger.set_clock(UnixTime::from_seconds(2_000_000_000));
    ledger
}

/// Returns a chain whose blocks hold what `entries` says.
fn chain(rules: &Rules, blocks: usize, entries: impl Fn(usize) -> Vec<Entry>) -> Vec<Block> {
    let mut ledger = ledger(rules);
    let mine = |number: usize| {
        let now = UnixTime::from_seconds(1_700_000_000 + number as u64);
        let proposal = Proposal { miner: "us", now, entries: entries(number) };
        let template = ledger.template(proposal).expect("the entries fit");
        let block = template.with_nonce(template.search(0..1 << 32).expect("it is easy"));
        ledger.add(block.clone()).expect("it is valid");
        block
    };
    (0..blocks).map(mine).collect()
}

/// Verifies a whole chain, and takes it into a new tree.
fn add_all(bencher: Bencher<'_, '_>, rules: &Rules, chain: &[Block]) {
    bencher
        .counter(ItemsCount::new(chain.len()))
        .with_inputs(|| (ledger(rules), chain.to_vec()))
        .bench_values(|(mut ledger, chain)| {
            for block in chain {
                ledger.add(block).expect("it is valid");
            }
            ledger
        });
}

/// Blocks without entries: all there is to check is the header and its place.
#[divan::bench]
fn native_headers(bencher: Bencher<'_, '_>) {
    let rules = native();
    add_all(bencher, &rules, &chain(&rules, BLOCKS, |_| vec![]));
}

/// Headers alone, as they come before their blocks.
#[divan::bench(args = [BLOCKS, 100_000], sample_count = 20)]
fn headers_without_blocks(bencher: Bencher<'_, '_>, count: usize) {
    let rules = native();
    let ledger = ledger(&rules);
    let headers: Vec<Header> = chain(&rules, count, |_| vec![])
        .into_iter()
        .filter_map(|block| match block {
            Block::Native(block) => Some(block.header),
            Block::Cs60(_) | Block::Aviary(_) => None,
        })
        .collect();
    bencher.counter(ItemsCount::new(count)).with_inputs(Headers::default).bench_values(
        |mut known| {
            for header in &headers {
                known.add(&ledger, header).expect("it is valid");
            }
            known
        },
    );
}

/// Blocks with so many entries, whose signatures are most of the work.
#[divan::bench(args = [10, 100])]
fn native_blocks_of_signed_entries(bencher: Bencher<'_, '_>, count: usize) {
    let rules = native();
    let genesis = rules.chain().expect("everybody has it");
    let key = SigningKey::from_bytes(&[7; 32]);
    let entries = |number: usize| {
        let nonces = (0..count).map(|entry| (count * number + entry) as u64);
        nonces.map(|n| SignedEntry::sign(&key, &genesis, "notes", n, b"hello").encode()).collect()
    };
    add_all(bencher, &rules, &chain(&rules, BLOCKS / count, entries));
}

/// A hundred entries, each of another author.
fn signed_entries() -> (BlockHash, Vec<SignedEntry>) {
    let genesis = native().chain().expect("everybody has it");
    let sign = |number: u8| {
        let key = SigningKey::from_bytes(&[number; 32]);
        SignedEntry::sign(&key, &genesis, "notes", number.into(), b"hello")
    };
    (genesis, (0..100).map(sign).collect())
}

#[divan::bench]
fn signatures_of_100_entries_one_by_one(bencher: Bencher<'_, '_>) {
    let (genesis, entries) = signed_entries();
    bencher
        .counter(ItemsCount::new(entries.len()))
        .bench_local(|| entries.iter().all(|entry| entry.verify(&genesis).is_ok()));
}

#[divan::bench]
fn signatures_of_100_entries_together(bencher: Bencher<'_, '_>) {
    let (genesis, entries) = signed_entries();
    bencher
        .counter(ItemsCount::new(entries.len()))
        .bench_local(|| SignedEntry::are_authentic(&entries, &genesis));
}

#[divan::bench]
fn cs60_blocks(bencher: Bencher<'_, '_>) {
    let rules = cs60();
    let ballot = |n: usize| vec![Entry::text(&format!(r#"{{"voter": "{n}", "choice": "y"}}"#))];
    add_all(bencher, &rules, &chain(&rules, BLOCKS, ballot));
}

#[divan::bench]
fn aviary_blocks(bencher: Bencher<'_, '_>) {
    let rules = aviary();
    let words = |_| vec![Entry::text("marzipan's"), Entry::text("lubricant's")];
    add_all(bencher, &rules, &chain(&rules, BLOCKS, words));
}

/// One more block into a tree of a hundred thousand.
#[divan::bench(sample_count = 20)]
fn insertion_into_a_tree_of_100000(bencher: Bencher<'_, '_>) {
    let rules = cs60();
    let mut ledger = ledger(&rules);
    let add = |ledger: &mut Ledger, number: u64| {
        let tip = ledger.tip().expect("a genesis");
        let (height, parent) = (tip.height.next(), Some(tip.hash));
        let datum = Entry::text("x");
        let block = Cs60Block { height, parent, datum, nonce: number, odd: None };
        ledger.add(Block::Cs60(block)).expect("it is valid");
    };
    (0..100_000).for_each(|number| add(&mut ledger, number));
    bencher.counter(ItemsCount::new(BLOCKS)).bench_local(|| {
        (0..BLOCKS).for_each(|number| add(&mut ledger, number as u64));
    });
}

/// Leaving a hundred blocks for a hundred and one others, on a chain of ten thousand.
#[divan::bench(sample_count = 20)]
fn reorganisation_of_100_blocks(bencher: Bencher<'_, '_>) {
    let rules = cs60();
    let common = chain(&rules, 10_000, |_| vec![Entry::text("x")]);
    let branch = |datum: &'static str, blocks: usize| {
        let mut ledger = ledger(&rules);
        common.iter().for_each(|block| drop(ledger.add(block.clone())));
        let mine = |_| {
            let entries = vec![Entry::text(datum)];
            let now = UnixTime::default();
            let template = ledger.template(Proposal { miner: "", now, entries }).expect("it fits");
            let block = template.with_nonce(0);
            ledger.add(block.clone()).expect("it is valid");
            block
        };
        (0..blocks).map(mine).collect::<Vec<_>>()
    };
    let (ours, theirs) = (branch("a", 100), branch("b", 101));
    let last = theirs.last().cloned().expect("it has blocks");
    bencher
        .with_inputs(|| {
            let mut ledger = ledger(&rules);
            let before = common.iter().chain(&ours).chain(&theirs[..100]);
            before.for_each(|block| drop(ledger.add(block.clone())));
            (ledger, last.clone())
        })
        .bench_values(|(mut ledger, last)| {
            ledger.add(last).expect("it is valid");
            ledger
        });
}

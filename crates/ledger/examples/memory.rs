//! How much memory each block of a chain takes, when the blocks are on disk.
//!
//!     cargo run --profile dev -p althing-ledger --example memory -- 100000 1
//!
//! mines a chain of so many easy blocks with so many entries each, hands every block to a ledger,
//! and prints by how much the resident set of the process has grown for each (Linux only). With
//! `in-memory` as a third argument there is no disk, and all blocks stay in memory.

#![expect(clippy::disallowed_types, reason = "a program that measures memory needs a disk")]
#![expect(clippy::disallowed_methods, reason = "a program that measures memory asks the system")]
#![expect(clippy::print_stdout, reason = "it prints what it has measured")]

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use althing_ledger::{
    Anything, Archive, Asert, Block, Choice, Coinbase, CompactTarget, DifficultyRule, Entry,
    Format, Genesis, Ledger, Limits, NativeBlock, NoArchive, Own, Proposal, Rules, SignedEntry,
    Ties, Times,
};
use althing_types::{Height, UnixTime};
use ed25519_dalek::SigningKey;

const START: u32 = 1_700_000_000;

/// Blocks in a file, each in a place of its own of the same size.
#[derive(Clone, Debug)]
struct Disk {
    file: Arc<File>,
    blocks: Arc<AtomicU64>,
    place: u64,
}

impl Disk {
    fn write(&self, block: &Block) {
        let bytes = postcard::to_stdvec(block).expect("a block can be encoded");
        assert!(bytes.len() as u64 <= self.place, "a block has its place");
        let number = self.blocks.load(Ordering::Relaxed);
        self.file.write_all_at(&bytes, number * self.place).expect("the disk is not full");
        self.blocks.store(number + 1, Ordering::Relaxed);
    }
}

impl Archive for Disk {
    fn heights(&self) -> Range<u64> {
        1..1 + self.blocks.load(Ordering::Relaxed)
    }

    fn block(&self, height: Height) -> Option<Block> {
        let mut bytes = vec![0; usize::try_from(self.place).ok()?];
        self.file.read_at(&mut bytes, height.number().checked_sub(1)? * self.place).ok()?;
        postcard::take_from_bytes(&bytes).ok().map(|(block, _)| block)
    }
}

fn rules() -> Rules {
    let easiest = CompactTarget::from_consensus(0x207f_ffff);
    let coinbase = Coinbase { height: Height::GENESIS, miner: "".into(), extra_nonce: 0 };
    let genesis = NativeBlock::new(None, START, easiest, coinbase, [].into());
    Rules {
        format: Format::Native,
        limits: Limits {
            entries: 0..=100,
            entry_length_max: 600,
            nonce_chars_max: 0,
            miner_chars_max: 64,
            own: Own::UNLIMITED,
        },
        difficulty: DifficultyRule::Asert(Asert {
            block_time: Duration::from_secs(1),
            half_life: Duration::from_secs(3600),
            easiest,
        }),
        times: Times::MedianPast { ahead_max: Duration::from_secs(7200) },
        genesis: Genesis::Given(Box::new(Block::Native(genesis))),
        choice: Choice::MostWork(Ties::FirstSeen),
    }
}

/// Returns the bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it is told");
    let kilobytes: String = line.chars().filter(char::is_ascii_digit).collect();
    1024 * kilobytes.parse::<u64>().expect("it is a number")
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse::<u64>().ok());
    let (blocks, entries) = (number(1).unwrap_or(100_000), number(2).unwrap_or(1));
    let is_in_memory = arguments.get(3).is_some_and(|text| text == "in-memory");

    let path = std::env::temp_dir().join(format!("althing-memory-{}", std::process::id()));
    let options = File::options().read(true).write(true).create_new(true).open(&path);
    let file = Arc::new(options.expect("the directory for temporary files can be written"));
    std::fs::remove_file(&path).expect("it was just created");
    let disk = Disk { file, blocks: Arc::default(), place: 256 + 256 * entries };

    let rules = rules();
    let genesis = rules.chain().expect("everybody has it");
    let archive: Box<dyn Archive> =
        if is_in_memory { Box::new(NoArchive) } else { Box::new(disk.clone()) };
    let now = UnixTime::from_seconds(u64::from(START) + blocks);
    let mut ledger = Ledger::recover(rules, Box::new(Anything), archive, now);
    let key = SigningKey::from_bytes(&[7; 32]);
    let before = resident();
    for number in 1..=blocks {
        let sign = |entry: u64| {
            SignedEntry::sign(&key, &genesis, "notes", entries * number + entry, b"hello").encode()
        };
        let entries: Vec<Entry> = (0..entries).map(sign).collect();
        let now = UnixTime::from_seconds(u64::from(START) + number);
        let template = ledger.template(Proposal { miner: "us", now, entries }).expect("they fit");
        let block = template.with_nonce(template.search(0..1 << 32).expect("it is easy"));
        ledger.add(block.clone()).expect("it is valid");
        if !is_in_memory {
            disk.write(&block);
        }
    }
    let grown = resident().saturating_sub(before);
    println!("{blocks} blocks of {entries} entries: {} bytes a block", grown / blocks);
    println!("{} blocks are in memory", ledger.blocks_in_memory());
}

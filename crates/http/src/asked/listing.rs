//! The blocks of a chain and their entries, as lists: the same for every network that has one.

use std::ops::Range;

use althing_api::{Block as BlockAnswer, Code, Entry as EntryAnswer, Page, Problem};
use althing_feed::{entry_author, entry_text};
use althing_ledger::{Block, Entry, Parent, SignedEntry};
use althing_text::hex;
use althing_types::{BlockHash, UnixTime};

use super::{Answer, Wanted};

/// Blocks that are read at a time.
const READ_MAX: usize = 16;

/// The size of a page after which no further block is added to it: in hexadecimal digits where
/// blocks are shown, and in bytes of blocks where only their entries are.
const PAGE_SIZE_MAX: usize = 4 << 20;

/// Blocks that are looked through for the entries of one page.
const SCANNED_MAX: u64 = 1000;

/// A chain as it is on disk. All of this blocks the thread.
pub(super) trait Blocks {
    /// Returns the heights of the blocks that are kept.
    fn heights(&self) -> Answer<Range<u64>>;

    /// Returns up to so many blocks, from a height on.
    fn read(&self, from: u64, count: usize) -> Answer<Vec<Block>>;

    /// Returns the same blocks, each with its certificate as it is told, if it has one of its own.
    fn read_certified(&self, from: u64, count: usize) -> Answer<Vec<(Block, Option<String>)>> {
        Ok(self.read(from, count)?.into_iter().map(|block| (block, None)).collect())
    }

    /// Returns what the author of an entry is called, if all know it by a name.
    fn name_of(&self, _: &SignedEntry) -> Option<String> {
        None
    }

    /// Returns the hash of the block below the first one, if there is one that is not kept.
    fn genesis(&self) -> Option<BlockHash>;

    /// Returns how many hashes it takes on average to find a block.
    fn work(&self, block: &Block) -> u128;

    /// Returns what a block says of who has found or made it, if it does.
    fn miner(&self, block: &Block) -> Option<String>;

    /// Returns a block as it is sent.
    fn encode(&self, block: &Block) -> Vec<u8>;
}

pub(super) fn blocks(chain: &dyn Blocks, wanted: Wanted) -> Answer<Page<BlockAnswer>> {
    let heights = chain.heights()?;
    let mut from = wanted.from.max(heights.start);
    let mut previous = hash_before(chain, from)?;
    let (mut items, mut digits) = (Vec::new(), 0);
    while items.len() < wanted.limit && digits < PAGE_SIZE_MAX {
        let count = READ_MAX.min(wanted.limit - items.len());
        let blocks = chain.read_certified(from, count)?;
        if blocks.is_empty() {
            break;
        }
        for (block, certificate) in &blocks {
            let item = shown(chain, block, certificate.clone(), previous);
            previous = Some(hash(block));
            digits += item.bytes.len();
            items.push(item);
        }
        from += blocks.len() as u64;
    }
    let next = (!items.is_empty() && from < heights.end).then_some(from);
    Ok(Page { items, next, total: heights.end - heights.start })
}

pub(super) fn block(chain: &dyn Blocks, height: u64) -> Answer<BlockAnswer> {
    let before = hash_before(chain, height)?;
    match chain.read_certified(height, 1)?.pop() {
        Some((block, certificate)) => Ok(shown(chain, &block, certificate, before)),
        None => Err(missing(chain, height)),
    }
}

pub(super) fn entries(chain: &dyn Blocks, wanted: Wanted) -> Answer<Page<EntryAnswer>> {
    let name = |signed: &SignedEntry| chain.name_of(signed);
    page(chain, wanted, |block, place, entry| Some(entry_as_told(block, place, entry, name)))
}

/// Returns a page of what is read from the entries, which ends with a block.
pub(super) fn page<T>(
    chain: &dyn Blocks,
    wanted: Wanted,
    mut read: impl FnMut(&Block, u64, &Entry) -> Option<T>,
) -> Answer<Page<T>> {
    let heights = chain.heights()?;
    let mut from = wanted.from.max(heights.start);
    let end = heights.end.min(from.saturating_add(SCANNED_MAX));
    let (mut items, mut bytes) = (Vec::new(), 0);
    'page: while from < end && items.len() < wanted.limit {
        let blocks = chain.read(from, READ_MAX)?;
        if blocks.is_empty() {
            break;
        }
        for block in &blocks {
            from += 1;
            let entries = (0..).zip(block.entries());
            items.extend(entries.filter_map(|(place, entry)| read(block, place, entry)));
            bytes += block.sent_bytes();
            if items.len() >= wanted.limit || bytes >= PAGE_SIZE_MAX {
                break 'page;
            }
        }
    }
    let next = (from < heights.end && from > wanted.from).then_some(from);
    Ok(Page { items, next, total: heights.end - heights.start })
}

/// Returns the block at a height.
pub(super) fn kept(chain: &dyn Blocks, height: u64) -> Answer<Block> {
    chain.read(height, 1)?.pop().ok_or_else(|| missing(chain, height))
}

fn missing(chain: &dyn Blocks, height: u64) -> Problem {
    let reason = match height {
        0 if chain.genesis().is_some() => "block 0 is the same in every such network: it is part \
                                           of the program, and has no entry of a user"
            .to_owned(),
        _ => format!("the chain has no block at height {height}"),
    };
    Problem::new(Code::NotFound, reason)
}

/// Returns the hash of the block below a height, if there is one.
pub(super) fn hash_before(chain: &dyn Blocks, height: u64) -> Answer<Option<BlockHash>> {
    let Some(below) = height.checked_sub(1) else { return Ok(None) };
    Ok(chain.read(below, 1)?.first().map(hash).or_else(|| chain.genesis()))
}

/// Returns the hash of a block that is valid, and so the one that it states if it states one.
pub(super) fn hash(block: &Block) -> BlockHash {
    block.claimed_hash().unwrap_or_else(|| block.hash_after(None))
}

fn shown(
    chain: &dyn Blocks,
    block: &Block,
    certificate: Option<String>,
    before: Option<BlockHash>,
) -> BlockAnswer {
    let previous = match block.parent() {
        Parent::None => None,
        Parent::Named(parent) => Some(parent),
        Parent::Unnamed => before,
    };
    let work = chain.work(block);
    let bytes = chain.encode(block);
    BlockAnswer {
        height: block.height().number(),
        hash: hash(block).to_string(),
        previous: previous.map(|hash| hash.to_string()),
        time: block.time().map(UnixTime::seconds),
        miner: chain.miner(block),
        work: work.to_string(),
        difficulty: bits(work),
        entries: (0..)
            .zip(block.entries())
            .map(|(place, entry)| {
                entry_as_told(block, place, entry, |signed| chain.name_of(signed))
            })
            .collect(),
        certificate,
        size: bytes.len() as u64,
        bytes: hex::encode(&bytes),
    }
}

/// Returns the entry at a place of a block as it is told; `name` says what an author is called.
pub fn entry_as_told(
    block: &Block,
    place: u64,
    entry: &Entry,
    name: impl FnOnce(&SignedEntry) -> Option<String>,
) -> EntryAnswer {
    let signed = SignedEntry::decode(entry).ok();
    EntryAnswer {
        height: block.height().number(),
        place,
        text: entry_text(entry),
        author: entry_author(entry),
        name: signed.as_ref().and_then(name),
        time: block.time().map(UnixTime::seconds),
        hash: signed.as_ref().map(|_| entry_hash(entry)),
        application: signed.map(|signed| signed.application.into()),
    }
}

/// Returns the hash by which a signed entry is found again, in hexadecimal digits.
pub(super) fn entry_hash(entry: &Entry) -> String {
    hex::encode(&entry.leaf())
}

/// Returns the logarithm to the base 2, to the thousandth; 0 of nothing.
fn bits(work: u128) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "it is rounded anyway")]
    let bits = (work.max(1) as f64).log2();
    (bits * 1e3).round() / 1e3
}

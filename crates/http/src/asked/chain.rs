//! What a peer of a network with a chain answers.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use althing_api::{
    Ballot, Block as BlockAnswer, ChainStatus, Choice, Code, Entry as EntryAnswer, EntryProof,
    NewEntry, Page, Problem, Submitted, Tally,
};
use althing_applications::Ballots;
use althing_dialect::cs60::Data;
use althing_dialect::{ChainDialect, NetworkConfig};
use althing_engine::nakamoto::{self, Durable, Mining, Nakamoto};
use althing_feed::{entry_author, entry_text};
use althing_ledger::{Application, Block, BlockContext, Entry, Genesis, Parent};
use althing_node::chain::Entries;
use althing_node::{self as node, Commands};
use althing_store::Reader;
use althing_text::hex;
use althing_types::{BlockHash, Height, UnixTime};

use super::{Answer, Wanted, has_left, of_disk, proof};

/// Blocks that are read at a time.
const READ_MAX: usize = 16;

/// The size of a page after which no further block is added to it: in hexadecimal digits where
/// blocks are shown, and in bytes of blocks where only their entries are.
const PAGE_SIZE_MAX: usize = 4 << 20;

/// Blocks that are looked through for the entries of one page.
const SCANNED_MAX: u64 = 1000;

#[derive(Clone)]
pub(super) struct AskedChain {
    pub(super) commands: Commands<Nakamoto>,
    pub(super) entries: Entries,
    pub(super) dialect: Arc<dyn ChainDialect>,
}

impl AskedChain {
    pub(super) fn has_ballots(&self) -> bool {
        matches!(self.dialect.network(), NetworkConfig::Cs60 { data: Data::Ballots, .. })
    }

    pub(super) fn blocks(&self, wanted: Wanted) -> Answer<Page<BlockAnswer>> {
        let heights = self.heights()?;
        let mut from = wanted.from.max(heights.start);
        let mut previous = self.hash_before(from)?;
        let (mut items, mut digits) = (Vec::new(), 0);
        while items.len() < wanted.limit && digits < PAGE_SIZE_MAX {
            let count = READ_MAX.min(wanted.limit - items.len());
            let blocks = self.log().entries(from, count).map_err(|error| of_disk(&error))?;
            if blocks.is_empty() {
                break;
            }
            for block in &blocks {
                let item = self.shown(block, previous);
                previous = Some(hash(block));
                digits += item.bytes.len();
                items.push(item);
            }
            from += blocks.len() as u64;
        }
        let next = (!items.is_empty() && from < heights.end).then_some(from);
        Ok(Page { items, next, total: heights.end - heights.start })
    }

    pub(super) fn block(&self, height: u64) -> Answer<BlockAnswer> {
        Ok(self.shown(&self.kept(height)?, self.hash_before(height)?))
    }

    pub(super) fn proof(&self, height: u64, place: u64) -> Answer<EntryProof> {
        let block = self.kept(height)?;
        proof::of(&*self.dialect, &block, hash(&block), self.hash_before(height)?, place)
    }

    pub(super) fn entries(&self, wanted: Wanted) -> Answer<Page<EntryAnswer>> {
        self.page(wanted, |block, place, entry| Some(shown_entry(block, place, entry)))
    }

    pub(super) fn ballots(&self, wanted: Wanted) -> Answer<Page<Ballot>> {
        self.check_ballots()?;
        self.page(wanted, |block, _, entry| {
            let (voter, choice) = Ballots::read(entry)?;
            let choice = choice.map(|choice| choice.to_string());
            Some(Ballot { height: block.height().number(), voter: voter.to_string(), choice })
        })
    }

    /// Returns a page of what is read from the entries, which ends with a block.
    fn page<T>(
        &self,
        wanted: Wanted,
        mut read: impl FnMut(&Block, u64, &Entry) -> Option<T>,
    ) -> Answer<Page<T>> {
        let heights = self.heights()?;
        let mut from = wanted.from.max(heights.start);
        let end = heights.end.min(from.saturating_add(SCANNED_MAX));
        let (mut items, mut bytes) = (Vec::new(), 0);
        'page: while from < end && items.len() < wanted.limit {
            let blocks = self.log().entries(from, READ_MAX).map_err(|error| of_disk(&error))?;
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

    fn check_ballots(&self) -> Answer<()> {
        match self.has_ballots() {
            true => Ok(()),
            false => Err(Problem::new(Code::WrongNetwork, "its chain holds no ballots")),
        }
    }

    pub(super) fn tally(&self) -> Answer<Tally> {
        self.check_ballots()?;
        let (ballots, height) = self.counted()?;
        let mut votes: BTreeMap<String, u64> = BTreeMap::new();
        let mut voters = 0;
        for (_, choice) in ballots.choices() {
            *votes.entry(choice.to_string()).or_default() += 1;
            voters += 1;
        }
        let mut choices: Vec<Choice> =
            votes.into_iter().map(|(choice, votes)| Choice { choice, votes }).collect();
        // Choices with as many votes stay in the order of their names.
        choices.sort_by_key(|choice| std::cmp::Reverse(choice.votes));
        Ok(Tally { choices, voters, height })
    }

    /// Returns the result of the ballots in the chain, and the height of the last block with one.
    fn counted(&self) -> Answer<(Ballots, Option<u64>)> {
        let counted = self.entries.fold(
            || (Ballots::default(), None),
            |(ballots, last), height, entry| {
                let context = BlockContext { height, time: None };
                ballots.apply(&context, std::slice::from_ref(entry));
                *last = Some(height.number());
            },
        );
        counted.map_err(|error| of_disk(&error))
    }

    pub(super) fn doubt(&self, text: &str) -> Answer<Option<String>> {
        if !self.has_ballots() {
            return Ok(None);
        }
        // What is no ballot is refused when it is added.
        let Ok(entry) = self.dialect.entry(text, rand::random()) else { return Ok(None) };
        Ok(self.counted()?.0.doubt(&entry).map(|doubt| doubt.to_string()))
    }

    pub(super) async fn add(&self, new: NewEntry) -> Answer<Submitted> {
        let NewEntry { text, confirmations, once, as_written: _ } = new;
        let entry = match self.dialect.entry(&text, rand::random()) {
            Ok(entry) => entry,
            Err(refused) => return Ok(Submitted::Invalid { reason: refused.to_string() }),
        };
        if once && self.dialect.rules().entries == nakamoto::Entries::Kept {
            return match self.entries.try_once(entry).await.map_err(has_left)? {
                Some(outcome) => submitted(&outcome),
                None => Ok(Submitted::Overtaken {}),
            };
        }
        let wanted = confirmations.unwrap_or_else(|| self.dialect.confirmations());
        let submission = self.entries.submit_until(entry, wanted).await.map_err(has_left)?;
        submitted(&submission.outcome().await.map_err(has_left)?)
    }

    fn log(&self) -> &Reader<Durable> {
        self.entries.log()
    }

    /// Returns the block at a height.
    fn kept(&self, height: u64) -> Answer<Block> {
        let block = self.log().entry(height).map_err(|error| of_disk(&error))?;
        let is_given = matches!(self.dialect.rules().chain.genesis, Genesis::Given(_));
        block.ok_or_else(|| {
            let reason = match height {
                0 if is_given => "block 0 is the same in every such network: it is part of the \
                                  program, and has no entry of a user"
                    .to_owned(),
                _ => format!("the chain has no block at height {height}"),
            };
            Problem::new(Code::NotFound, reason)
        })
    }

    /// Returns the heights of the blocks that are kept.
    fn heights(&self) -> Answer<Range<u64>> {
        self.log().range().map_err(|error| of_disk(&error))
    }

    /// Returns the hash of the block below a height, if there is one.
    fn hash_before(&self, height: u64) -> Answer<Option<BlockHash>> {
        let Some(below) = height.checked_sub(1) else { return Ok(None) };
        let kept = self.log().entry(below).map_err(|error| of_disk(&error))?;
        Ok(kept.as_ref().map(hash).or_else(|| match &self.dialect.rules().chain.genesis {
            Genesis::Given(genesis) => Some(hash(genesis)),
            Genesis::Mined(_) => None,
        }))
    }

    fn shown(&self, block: &Block, before: Option<BlockHash>) -> BlockAnswer {
        let previous = match block.parent() {
            Parent::None => None,
            Parent::Named(parent) => Some(parent),
            Parent::Unnamed => before,
        };
        let target = self.dialect.rules().chain.difficulty.stated(block);
        let work = target.map_or(0, |target| target.work().hashes());
        let bytes = self.dialect.encode_block(block);
        BlockAnswer {
            height: block.height().number(),
            hash: hash(block).to_string(),
            previous: previous.map(|hash| hash.to_string()),
            time: block.time().map(UnixTime::seconds),
            miner: block.miner().map(str::to_owned),
            work: work.to_string(),
            difficulty: bits(work),
            entries: (0..)
                .zip(block.entries())
                .map(|(place, entry)| shown_entry(block, place, entry))
                .collect(),
            size: bytes.len() as u64,
            bytes: hex::encode(&bytes),
        }
    }
}

/// Returns the hash of a block that is valid, and so the one that it states if it states one.
fn hash(block: &Block) -> BlockHash {
    block.claimed_hash().unwrap_or_else(|| block.hash_after(None))
}

/// Returns the logarithm to the base 2, to the thousandth; 0 of nothing.
fn bits(work: u128) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "it is rounded anyway")]
    let bits = (work.max(1) as f64).log2();
    (bits * 1e3).round() / 1e3
}

fn shown_entry(block: &Block, place: u64, entry: &Entry) -> EntryAnswer {
    EntryAnswer {
        height: block.height().number(),
        place,
        text: entry_text(entry),
        author: entry_author(entry),
    }
}

fn submitted(submitted: &node::Submitted) -> Answer<Submitted> {
    match submitted {
        node::Submitted::Added { height, lost_races, confirmations, is_held } => {
            Ok(Submitted::Added {
                height: height.number(),
                lost_races: *lost_races,
                confirmations: *confirmations,
                held: *is_held,
            })
        }
        // That is no outcome, so it is not what was waited for.
        node::Submitted::Returned => {
            Err(Problem::new(Code::Conflict, "the entry waits for a block again"))
        }
        node::Submitted::Refused(reason) => Ok(Submitted::Invalid { reason: reason.to_string() }),
    }
}

pub(super) fn status(status: &nakamoto::Status) -> ChainStatus {
    ChainStatus {
        blocks: status.blocks,
        tip: status.tip.map(|tip| tip.hash.to_string()),
        height: status.tip.map(|tip| tip.height.number()),
        peers: status.peers.iter().map(ToString::to_string).collect(),
        mempool: status.mempool,
        mining: status.mining != Mining::Off,
        searching: status.searching.map(Height::number),
        joined: status.joined,
    }
}

/// Returns, in words, the action of a timer that has run out.
pub(super) fn timer(timer: nakamoto::Timer) -> &'static str {
    use nakamoto::Timer;
    match timer {
        Timer::Gossip => "say that we are here, and forget who is silent",
        Timer::Tips => "ask what chains the others have",
        Timer::Joined => "go on alone if no peer has answered",
        Timer::Unlisted => "see who answers of those that the tracker does not list",
        Timer::Held(_) => "report if no other peer has our block",
        Timer::Overheard => "tell how many peers of other networks are here",
        Timer::Turn => "mine, after we have left others alone",
        Timer::Newcomer => "ask a peer of the tracker's first list for its chain",
        Timer::Request(_) => "ask another peer, if the answer has not come",
    }
}

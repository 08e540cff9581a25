//! What a peer of a network with a chain answers.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;

use althing_api::{
    Ballot, ChainStatus, Choice, Code, EntryProof, NewEntry, Page, Problem, Submitted, Tally,
};
use althing_applications::Ballots;
use althing_dialect::cs60::Data;
use althing_dialect::{ChainDialect, NetworkConfig};
use althing_engine::nakamoto::{self, Mining, Nakamoto};
use althing_ledger::{Application, Block, BlockContext, Genesis, SignedEntry};
use althing_node::chain::Entries;
use althing_node::{self as node, Commands};
use althing_types::{BlockHash, Height};

use super::listing::{Blocks, entry_hash, hash, hash_before, kept, page};
use super::{Answer, Wanted, has_left, of_disk, proof};

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

    pub(super) fn proof(&self, height: u64, place: u64) -> Answer<EntryProof> {
        let (block, before) = (kept(self, height)?, hash_before(self, height)?);
        proof::of(&*self.dialect, &block, hash(&block), before, place)
    }

    pub(super) fn ballots(&self, wanted: Wanted) -> Answer<Page<Ballot>> {
        self.check_ballots()?;
        page(self, wanted, |block, _, entry| {
            let (voter, choice) = Ballots::read(entry)?;
            let choice = choice.map(|choice| choice.to_string());
            Some(Ballot { height: block.height().number(), voter: voter.to_string(), choice })
        })
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
        let is_signed = SignedEntry::decode(&entry).is_ok();
        let found_by = is_signed.then(|| entry_hash(&entry));
        let submission = self.entries.submit_until(entry, wanted).await.map_err(has_left)?;
        let mut answer = submitted(&submission.outcome().await.map_err(has_left)?)?;
        if let Submitted::Added { entry, .. } = &mut answer {
            *entry = found_by;
        }
        Ok(answer)
    }
}

impl Blocks for AskedChain {
    fn heights(&self) -> Answer<Range<u64>> {
        self.entries.log().range().map_err(|error| of_disk(&error))
    }

    fn read(&self, from: u64, count: usize) -> Answer<Vec<Block>> {
        self.entries.log().entries(from, count).map_err(|error| of_disk(&error))
    }

    fn genesis(&self) -> Option<BlockHash> {
        match &self.dialect.rules().chain.genesis {
            Genesis::Given(genesis) => Some(hash(genesis)),
            Genesis::Mined(_) => None,
        }
    }

    fn work(&self, block: &Block) -> u128 {
        let target = self.dialect.rules().chain.difficulty.stated(block);
        target.map_or(0, |target| target.work().hashes())
    }

    fn miner(&self, block: &Block) -> Option<String> {
        block.miner().map(str::to_owned)
    }

    fn encode(&self, block: &Block) -> Vec<u8> {
        self.dialect.encode_block(block)
    }
}

pub(super) fn submitted<R: Display>(submitted: &node::Submitted<R>) -> Answer<Submitted> {
    match submitted {
        node::Submitted::Added { height, lost_races, confirmations, is_held } => {
            Ok(Submitted::Added {
                height: height.number(),
                lost_races: *lost_races,
                confirmations: *confirmations,
                held: *is_held,
                view: None,
                entry: None,
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

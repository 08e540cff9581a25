//! How a peer of a network with a chain is made, and how entries get into its chain.

use std::num::NonZeroU64;
use std::ops::Range;
use std::sync::Arc;

use althing_dialect::{ChainDialect, NetworkConfig};
use althing_engine::Engine;
use althing_engine::nakamoto::{Command, Durable, Identity, Label, Mining, Nakamoto};
use althing_feed::Feed;
use althing_ledger::{Block, Entry, Parent};
use althing_pow::Parallelism;
use althing_store::{Reader, Secret, Store, StoreError};
use althing_types::{Address, BlockHash, Height, PeerId};
use tokio::sync::watch;

use crate::clock::{Clock, wall_time_at_start};
use crate::commands::{Commands, HasLeft};
use crate::driver::{Node, NodeError, Setup};
use crate::identity::{identify, random_secret};
use crate::submissions::{Submission, Submissions, Submitted, Watching};
use crate::watch::Watch;

/// The work of miners in a network with a chain.
pub type Work = <Nakamoto as Engine>::Work;

/// The parts of which a peer of a network with a chain is made.
pub struct Options {
    /// The network it takes part in.
    pub dialect: Arc<dyn ChainDialect>,
    /// The address at which other peers can reach it.
    pub address: Address,
    /// The name it uses, also as the miner of its blocks.
    pub name: Label,
    /// The peers that it contacts when it knows no others.
    pub contacts: Vec<Address>,
    /// Whether it mines.
    pub mining: Mining,
    /// How much of the machine its searches may use; `None` if only other processes search.
    pub parallelism: Option<Parallelism>,
    /// The channel through which miners of other processes learn of its search, if there are any.
    pub searches: Option<watch::Sender<Option<Work>>>,
    /// Its store, which must have an owner of this network: see [`secret`].
    pub store: Store<Durable>,
    /// The clock of its process.
    pub clock: Clock,
    /// The source with which it publishes its events.
    pub feed: Feed,
}

/// Returns the secret with which the owner of `store` signs: the one from before a restart, or a
/// new one. A store of another network than `network` is an error.
///
/// Networks with a chain know peers by their addresses, so the id in the store names the store
/// alone.
pub fn secret(store: &mut Store<Durable>, network: &NetworkConfig) -> Result<Secret, NodeError> {
    let new = || (PeerId::new(rand::random()), random_secret());
    Ok(identify(store, network, new)?.secret)
}

/// Returns one that only watches, and tells `watch` what it hears; and a way to the entries of the
/// chain. It mines nothing, whatever the options say.
pub fn watch(options: Options, watch: &Watch) -> Result<(Node<Nakamoto>, Entries), NodeError> {
    let options = Options { mining: Mining::Off, ..options };
    let (node, entries) = make(options, Nakamoto::watching)?;
    Ok((node.telling(watch), entries))
}

/// Returns a peer that goes on from the chain in its store, and a way to its entries. All its
/// blocks are read and checked again, which takes a while for a long chain.
pub fn open(options: Options) -> Result<(Node<Nakamoto>, Entries), NodeError> {
    make(options, |engine| engine)
}

fn make(
    options: Options,
    role: impl FnOnce(Nakamoto) -> Nakamoto,
) -> Result<(Node<Nakamoto>, Entries), NodeError> {
    let Options {
        dialect,
        address,
        name,
        contacts,
        mining,
        parallelism,
        searches,
        mut store,
        clock,
        feed,
    } = options;
    let network = dialect.network();
    secret(&mut store, &network)?;
    let source =
        feed.source(Some(network.dialect().to_owned().into()), Some(address.clone().into()));
    let identity = Identity {
        address,
        name,
        contacts,
        mining,
        entropy: rand::random(),
        started: wall_time_at_start(clock),
    };
    let archive = Box::new(store.reader());
    let (rules, kept) = (dialect.rules().clone(), store.recovered().state);
    let engine = Nakamoto::new(rules, identity, dialect.application(), archive, kept);
    let length = engine.ledger().length();
    let submissions = Submissions::default();
    let node = Node::new(Setup {
        engine: role(engine),
        left_out: store.next().saturating_sub(length),
        source,
        codec: dialect,
        store,
        parallelism,
        searches,
        observer: Some(Box::new(Watching(submissions.clone()))),
        clock,
    });
    let entries = Entries { commands: node.commands(), submissions, log: node.log() };
    Ok((node, entries))
}

/// The entries of a running peer's chain: reads those that are in it, and submits new ones. Cheap
/// to clone.
#[derive(Clone)]
pub struct Entries {
    commands: Commands<Nakamoto>,
    submissions: Submissions,
    log: Reader<Durable>,
}

impl Entries {
    /// Has the peer get an entry into the chain; entries are tried in the order in which they come.
    ///
    /// The entry is on disk from the start, and is tried again after a restart. Dropping the future
    /// does not withdraw it.
    pub async fn submit(&self, entry: Entry) -> Result<Submission, HasLeft> {
        self.submit_until(entry, NonZeroU64::MIN).await
    }

    /// As [`submit`](Self::submit), but the submission is done only once the entry has so many
    /// confirmations: 1 when it is in a block, and one more for each block after that.
    pub async fn submit_until(
        &self,
        entry: Entry,
        confirmations: NonZeroU64,
    ) -> Result<Submission, HasLeft> {
        let submission = self.submissions.add(entry.clone(), confirmations);
        self.commands.send(Command::Submit(entry)).await?;
        Ok(submission)
    }

    /// Has the peer try to get an entry into the next block that it finds. `None` means that
    /// another block came first; then the entry is withdrawn, unless other callers wait for it as
    /// well. If a block with it was found all the same and comes back into the chain, the next try
    /// finds the entry added.
    pub async fn try_once(&self, entry: Entry) -> Result<Option<Submitted>, HasLeft> {
        if let Some(mut submission) = self.submissions.come_back(&entry) {
            match submission.next().await? {
                // Its block was replaced once more, and nothing searches for another.
                Submitted::Returned => {}
                outcome => return Ok(Some(outcome)),
            }
        }
        let mut submission = self.submit(entry.clone()).await?;
        if let Some(outcome) = submission.outcome_or_lost_race().await? {
            return Ok(Some(outcome));
        }
        if !self.submissions.is_wanted(&entry) {
            self.commands.send(Command::Withdraw(entry.clone())).await?;
            // It may have come into a block, or been refused, before that.
            if !self.submissions.is_wanted(&entry) {
                return Ok(submission.news());
            }
        }
        submission.outcome().await.map(Some)
    }

    /// Has the peer get several entries into the chain, and into one block if there is room: no
    /// block is found between the first of them and the last.
    pub async fn submit_all(&self, entries: Vec<Entry>) -> Result<Vec<Submission>, HasLeft> {
        let add = |entry: &Entry| self.submissions.add(entry.clone(), NonZeroU64::MIN);
        let submissions = entries.iter().map(add).collect();
        self.commands.send_all(entries.into_iter().map(Command::Submit).collect()).await?;
        Ok(submissions)
    }

    /// Takes in all entries of the best chain as it is on disk, in order, each with the height of
    /// its block, and returns what they come to; without those of a genesis block that is part of
    /// the network's rules. It begins with `new` each time: if the chain is replaced meanwhile, it
    /// begins again, so that all entries are of one chain. Only a few blocks are in memory at a
    /// time. Does not make the peer wait, but does block the thread.
    pub fn fold<T>(
        &self,
        new: impl Fn() -> T,
        take: impl FnMut(&mut T, Height, &Entry),
    ) -> Result<T, StoreError> {
        fold(&self.log, new, take)
    }

    /// Returns a view of the best chain as it is on disk: its blocks by their heights, without a
    /// genesis block that is part of the network's rules. Reading blocks the thread, and does not
    /// make the peer wait.
    pub fn log(&self) -> &Reader<Durable> {
        &self.log
    }

    /// Returns the blocks of the best chain as it is on disk, in order, without a genesis block
    /// that is part of the network's rules. Does not make the peer wait, but does block the thread.
    fn blocks(&self) -> Result<Vec<Block>, StoreError> {
        // In one go, so that they are all of one chain.
        self.log.entries(self.log.range()?.start, usize::MAX)
    }

    /// Returns the entries of the best chain as it is on disk, each with the height of its block,
    /// in order; without those of a genesis block that is part of the network's rules. Does not
    /// make the peer wait, but does block the thread.
    pub fn in_chain(&self) -> Result<Vec<(Height, Entry)>, StoreError> {
        let blocks = self.blocks()?;
        let entries = |block: &Block| {
            let height = block.height();
            block.entries().iter().map(|entry| (height, entry.clone())).collect::<Vec<_>>()
        };
        Ok(blocks.iter().flat_map(entries).collect())
    }
}

fn fold<T>(
    log: &Reader<Durable>,
    new: impl Fn() -> T,
    mut take: impl FnMut(&mut T, Height, &Entry),
) -> Result<T, StoreError> {
    'again: loop {
        let (mut folded, mut before) = (new(), None);
        let Range { mut start, end } = log.range()?;
        while start < end {
            let blocks = log.entries(start, BLOCKS_AT_ONCE)?;
            start += blocks.len() as u64;
            if blocks.is_empty() {
                continue 'again;
            }
            for block in blocks {
                let hash = block.hash_after(before.as_ref());
                if before.is_some_and(|before| !follows(&block, before, hash)) {
                    continue 'again;
                }
                before = Some(hash);
                block.entries().iter().for_each(|it| take(&mut folded, block.height(), it));
            }
        }
        return Ok(folded);
    }
}

/// Blocks that are read at a time.
const BLOCKS_AT_ONCE: usize = 256;

/// Returns whether a block, whose hash is this after the block `before`, was mined after that.
fn follows(block: &Block, before: BlockHash, hash: BlockHash) -> bool {
    match block.parent() {
        Parent::None => false,
        Parent::Named(parent) => parent == before,
        Parent::Unnamed => block.claimed_hash() == Some(hash),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use althing_ledger::Cs60Block;

    use super::*;

    /// Returns a chain with these data after the genesis.
    fn chain(data: &[&str]) -> Vec<Block> {
        let mut parent = Some(Block::Cs60(Cs60Block::genesis()).hash_after(None));
        let mut block = |(height, datum): (u64, &&str)| {
            let (height, datum) = (Height::new(height), Entry::text(datum));
            let block = Block::Cs60(Cs60Block { height, parent, datum, nonce: 0, odd: None });
            parent = Some(block.hash_after(None));
            block
        };
        (1..).zip(data).map(&mut block).collect()
    }

    fn write(store: &mut Store<Durable>, blocks: Vec<Block>) {
        let durable = Durable { from: Height::new(1), blocks, own: None };
        store.commit(&[durable]).expect("memory takes it");
    }

    #[test]
    fn entries_are_taken_in_of_one_chain_though_it_is_replaced_meanwhile() {
        let mut store = Store::<Durable>::in_memory();
        write(&mut store, chain(&["old"; 3 * BLOCKS_AT_ONCE]));
        let log = store.reader();
        let new_chain = chain(&["new"; 3 * BLOCKS_AT_ONCE]);
        let (begun, taken) = (Cell::new(0), Cell::new(0));
        let new = || {
            begun.set(begun.get() + 1);
            Vec::new()
        };
        let found = fold(&log, new, |found: &mut Vec<Entry>, _, entry| {
            taken.set(taken.get() + 1);
            if taken.get() == BLOCKS_AT_ONCE {
                write(&mut store, new_chain.clone());
            }
            found.push(entry.clone());
        });
        let found = found.expect("it can be read");
        assert_eq!(found.len(), 3 * BLOCKS_AT_ONCE);
        assert!(found.iter().all(|entry| entry.as_text() == Some("new")));
        assert_eq!(begun.get(), 2);
    }
}

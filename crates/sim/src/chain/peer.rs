use althing_dialect::ChainDialect;
use althing_engine::nakamoto::{Claim, Durable, Identity, Message, Mining, Nakamoto, SearchId};
use althing_ledger::{AviaryBlock, Block, Cs60Block, Entry, NativeBlock, Template};
use althing_types::{Address, BlockHash, Height, Moment, Work};

/// One simulated peer: what survives a crash, and what does not.
pub(super) struct Peer {
    pub(super) identity: Identity,
    /// Its best chain, as it last wrote it.
    pub(super) disk: Vec<Block>,
    /// The engine, while the peer is up.
    pub(super) engine: Option<Nakamoto>,
    /// When that started.
    pub(super) started: Moment,
    /// Counts starts, so that timers of a former life are known as such.
    pub(super) life: u32,
    /// What it searches for.
    pub(super) search: Option<(SearchId, Template)>,
    /// Whether it neither hears nor says anything.
    pub(super) mute: bool,
    pub(super) lie: Option<Lie>,
    /// The most work that its chain has had.
    pub(super) work: Work,
}

/// In what a peer is dishonest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// It says that its chain has so many blocks.
    Length(u64),
    /// It says that it has a chain of so many blocks that nobody has ever seen.
    Chain(u64),
    /// It sends another entry than the one in the block at this height.
    Corrupt(Height),
    /// It sends no block, header or entry as it is.
    Invalid,
}

impl Peer {
    pub(super) fn new(identity: Identity) -> Self {
        Self {
            identity,
            disk: Vec::new(),
            engine: None,
            started: Moment::START,
            life: 0,
            search: None,
            mute: false,
            lie: None,
            work: Work::ZERO,
        }
    }

    pub(super) fn address(&self) -> &Address {
        &self.identity.address
    }

    pub(super) fn is_miner(&self) -> bool {
        self.identity.mining != Mining::Off
    }

    pub(super) fn start(&mut self, now: Moment, dialect: &dyn ChainDialect, entropy: [u8; 32]) {
        self.life += 1;
        self.started = now;
        let started = self.identity.started.after(now.since_start());
        let identity = Identity { entropy, started, ..self.identity.clone() };
        let (rules, state) = (dialect.rules().clone(), dialect.application());
        self.engine = Some(Nakamoto::new(rules, identity, state, self.disk.clone()));
    }

    pub(super) fn crash(&mut self) {
        self.engine = None;
        self.search = None;
        self.mute = false;
    }

    /// Writes to its disk, and returns whether that leaves no hole.
    pub(super) fn write(&mut self, durable: Durable) -> bool {
        let Durable { from, blocks } = durable;
        let from = usize::try_from(from.number()).unwrap_or(usize::MAX);
        // A genesis that everybody has is on nobody's disk.
        let first = self.disk.first().or(blocks.first()).map(Block::height);
        let first = first.map_or(0, |height| usize::try_from(height.number()).unwrap_or(0));
        let Some(start) = from.checked_sub(first).filter(|start| *start <= self.disk.len()) else {
            return false;
        };
        self.disk.truncate(start);
        self.disk.extend(blocks);
        true
    }

    /// Returns what it says when it should say `message`.
    pub(super) fn distort(&self, message: Message) -> Message {
        match (self.lie, message) {
            (Some(Lie::Length(length)), Message::Tip(claim)) => {
                Message::Tip(Claim { length, ..claim })
            }
            (Some(Lie::Chain(length)), Message::Tip(_)) => {
                let hash = BlockHash::from_bytes([0xee; 32]);
                Message::Tip(Claim { length, hash })
            }
            (Some(Lie::Corrupt(height)), Message::Block(block)) => {
                Message::Block(corrupt_at(height, block))
            }
            (Some(Lie::Corrupt(height)), Message::Chain(blocks)) => {
                Message::Chain(blocks.into_iter().map(|block| corrupt_at(height, block)).collect())
            }
            (Some(Lie::Invalid), Message::Block(block)) => Message::Block(corrupt(block)),
            (Some(Lie::Invalid), Message::Announcement(block)) => {
                Message::Announcement(corrupt(block))
            }
            (Some(Lie::Invalid), Message::Headers(mut headers)) => {
                headers.iter_mut().for_each(|header| header.nonce ^= 1);
                Message::Headers(headers)
            }
            (Some(Lie::Invalid), Message::Entry(entry)) => {
                let mut bytes = entry.as_bytes().to_vec();
                bytes.iter_mut().last().into_iter().for_each(|byte| *byte ^= 1);
                Message::Entry(Entry::new(bytes))
            }
            (_, message) => message,
        }
    }
}

fn corrupt_at(height: Height, block: Block) -> Block {
    if block.height() == height { corrupt(block) } else { block }
}

fn corrupt(mut block: Block) -> Block {
    let entry = Entry::text("corrupt");
    match &mut block {
        Block::Aviary(AviaryBlock { messages, .. }) => messages[0] = entry,
        Block::Cs60(Cs60Block { datum, .. }) => *datum = entry,
        // It may be without entries.
        Block::Native(NativeBlock { imprint, .. }) => imprint.salt ^= 1,
    }
    block
}

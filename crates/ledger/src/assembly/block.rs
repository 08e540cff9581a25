//! Whether a block may follow another one in an assembly (rules L5 and L6).

use std::time::Duration;

use althing_types::{BlockHash, Height, UnixTime, View};
use bitcoin::CompactTarget;

use super::seal::Seal;
use crate::application::BlockContext;
use crate::asert::{Asert, eased, target_of_bits};
use crate::block::{Coinbase, NativeBlock};
use crate::charter::{ChainId, Charter, MemberIndex};
use crate::entry::Entry;
use crate::signed::{NotSigned, SignedEntry};
use crate::target::Target;
use crate::template::Template;

/// Entries that a block may have.
pub const ENTRIES_MAX: usize = 2048;

/// Bytes that an entry may have.
pub const ENTRY_BYTES_MAX: usize = 4096;

/// Bytes that all the entries of a block may have together, each with two bytes for its length. A
/// message with such a block, its certificate and the headers after it fits into the longest that
/// there is.
pub const BLOCK_BYTES_MAX: usize = 96 * 1024;

/// How far ahead of our clock a block's time may be.
pub const AHEAD_MAX: Duration = Duration::from_secs(60);

/// Returns what the header of a block says of its target where no member mines.
fn no_work() -> CompactTarget {
    CompactTarget::from_consensus(0)
}

/// A block that is so many block times late is followed by one that is half as hard, and an early
/// one by a harder one.
const HALF_LIFE_BLOCKS: u32 = 8;

/// What must be known of a block to tell whether another one may follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Facts {
    /// Its hash.
    pub hash: BlockHash,
    /// Its height.
    pub height: Height,
    /// The view in which it was proposed.
    pub view: View,
    /// The time that it states.
    pub time: UnixTime,
    /// The time that the block before it states.
    time_before: UnixTime,
    /// The target that it would have had to meet if no view had failed before it.
    base: CompactTarget,
}

/// Why a block may not be where it claims to be. A leader that proposes it breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockProblem {
    /// Rule L6.
    #[error("block {0} has no seal")]
    NoSeal(BlockHash),
    /// Rule L6.
    #[error("the seal says view {found}, but the block is of view {wanted}")]
    ViewWrong {
        /// What the seal says.
        found: View,
        /// The view for which it was proposed.
        wanted: View,
    },
    /// Rule L6.
    #[error("the seal names member {0}, who is none, or may not make blocks here")]
    MakerWrong(MemberIndex),
    /// Rule L6.
    #[error("the block follows {}, and not {wanted}",
        found.map_or_else(|| "no other".to_owned(), |hash| hash.to_string()))]
    ParentWrong {
        /// The parent that it names.
        found: Option<BlockHash>,
        /// The one that it should follow.
        wanted: BlockHash,
    },
    /// Rule L6.
    #[error("the block states height {found}, but {wanted} is next")]
    HeightWrong {
        /// The height that it states.
        found: Height,
        /// One more than its parent's.
        wanted: Height,
    },
    /// Rule L6.
    #[error("the block states time {found}, before its parent's {parent}")]
    TooOld {
        /// The time that it states.
        found: UnixTime,
        /// The time of its parent.
        parent: UnixTime,
    },
    /// Rule L6.
    #[error("the block states time {found}, too far ahead of {now}")]
    TooNew {
        /// The time that it states.
        found: UnixTime,
        /// The time of our own clock.
        now: UnixTime,
    },
    /// Rule L5.
    #[error("the block states target {found:08x}, but {wanted:08x} is demanded here")]
    DifficultyWrong {
        /// The target that it states, in Bitcoin's compact form.
        found: u32,
        /// The target that it should state.
        wanted: u32,
    },
    /// Rule L5.
    #[error("block {0} does not have the work that it states")]
    WorkTooLow(BlockHash),
    /// Rule L6.
    #[error(
        "{entries} entries with {bytes} bytes are more than {ENTRIES_MAX} or {BLOCK_BYTES_MAX}"
    )]
    TooLong {
        /// How many entries it has.
        entries: usize,
        /// How many bytes they have.
        bytes: usize,
    },
    /// Rule L6.
    #[error("entry {index} has {bytes} bytes, more than {ENTRY_BYTES_MAX}")]
    EntryTooLong {
        /// The position of the entry in the block.
        index: usize,
        /// Its length.
        bytes: usize,
    },
    /// Rule L6.
    #[error("the entries are not the ones under the Merkle root of block {0}")]
    RootWrong(BlockHash),
    /// Rule L6.
    #[error("an entry of the block is wrong: {0}")]
    EntryWrong(NotSigned),
}

impl Facts {
    /// Returns what is known of the genesis.
    pub fn of_genesis(genesis: &NativeBlock) -> Self {
        let time = time_of(genesis);
        Self {
            hash: genesis.hash(),
            height: Height::GENESIS,
            view: View::GENESIS,
            time,
            time_before: time,
            base: genesis.header.bits,
        }
    }

    /// Returns the target that a block of `view` after this one must meet; `None` where no member
    /// mines (rule L5).
    ///
    /// It halves the difficulty for each view that ended without a block since, so what is too hard
    /// to be found is asked for only once. Blocks after that one are as hard as if no view had
    /// failed, since most fail for other reasons; what was too hard was late as well.
    pub fn demanded(&self, charter: &Charter, view: View) -> Option<CompactTarget> {
        if !charter.is_mined() {
            return None;
        }
        let skipped = view.after(self.view).saturating_sub(1);
        Some(eased(self.base_after(charter), skipped).min(easiest(charter)))
    }

    /// Returns the target of the next block if no view fails before it.
    fn base_after(&self, charter: &Charter) -> CompactTarget {
        let easiest = easiest(charter);
        let block_time = charter.block_time;
        let rule = Asert { block_time, half_life: block_time * HALF_LIFE_BLOCKS, easiest };
        // The schedule begins anew with each block: after a rest nothing has to be made up for.
        let next = match self.height {
            Height::GENESIS => self.base,
            _ => rule.next((self.time_before, self.base), (self.time, Height::new(1))),
        };
        next.clamp(target_of_bits(*charter.difficulty.end()), easiest)
    }

    /// Returns what a member makes of `entries` for a block of a view after this one: the block, or
    /// where blocks are mined what it has to search for.
    pub fn template(
        &self,
        charter: &Charter,
        seal: Seal,
        now: UnixTime,
        entries: Box<[Entry]>,
    ) -> Template {
        let demanded = self.demanded(charter, seal.view);
        let time = u32::try_from(now.max(self.time).seconds()).unwrap_or(u32::MAX);
        let miner = seal.to_text().into();
        let coinbase = Coinbase { height: self.height.next(), miner, extra_nonce: 0 };
        let bits = demanded.unwrap_or_else(no_work);
        let block = NativeBlock::new(Some(self.hash), time, bits, coinbase, entries);
        Template::of_native(block, Target::AtMost(bits))
    }

    /// Returns what is known of a block after this one whose place is right, or what is wrong with
    /// its place. Its entries are only checked to be the ones under its root, which is enough for a
    /// block that a quorum has checked; see [`check_entries`](Self::check_entries).
    pub fn follow(
        &self,
        charter: &Charter,
        block: &NativeBlock,
        view: View,
    ) -> Result<Self, BlockProblem> {
        let hash = block.hash();
        let seal = Seal::of(block).ok_or(BlockProblem::NoSeal(hash))?;
        if seal.view != view {
            return Err(BlockProblem::ViewWrong { found: seal.view, wanted: view });
        }
        if charter.member(seal.maker).is_none() {
            return Err(BlockProblem::MakerWrong(seal.maker));
        }
        let (found, wanted) = (block.parent(), self.hash);
        if found != Some(wanted) {
            return Err(BlockProblem::ParentWrong { found, wanted });
        }
        let (found, wanted) = (block.coinbase.height, self.height.next());
        if found != wanted {
            return Err(BlockProblem::HeightWrong { found, wanted });
        }
        let time = time_of(block);
        if time < self.time {
            return Err(BlockProblem::TooOld { found: time, parent: self.time });
        }
        let demanded = self.demanded(charter, view);
        let (found, wanted) = (block.header.bits, demanded.unwrap_or_else(no_work));
        if found != wanted {
            let (found, wanted) = (found.to_consensus(), wanted.to_consensus());
            return Err(BlockProblem::DifficultyWrong { found, wanted });
        }
        if demanded.is_some_and(|bits| !Target::AtMost(bits).is_met_by(&hash)) {
            return Err(BlockProblem::WorkTooLow(hash));
        }
        check_lengths(block.entries.iter())?;
        if !block.has_its_root() {
            return Err(BlockProblem::RootWrong(hash));
        }
        Ok(Self {
            hash,
            height: block.coinbase.height,
            view,
            time,
            time_before: self.time,
            base: demanded.map_or(self.base, |_| self.base_after(charter)),
        })
    }

    /// Returns what an application is told of this block.
    pub fn context(&self) -> BlockContext {
        BlockContext { height: self.height, time: Some(self.time) }
    }

    /// Returns what an application is told of a block that is made now after this one.
    pub fn next_context(&self, now: UnixTime) -> BlockContext {
        BlockContext { height: self.height.next(), time: Some(now.max(self.time)) }
    }

    /// Checks what only those who vote on a block must know: that its time is not ahead of `now`,
    /// and that its entries are their authors'. Signatures of those that `is_known` are not checked
    /// again.
    pub fn check_entries(
        &self,
        chain: &ChainId,
        block: &NativeBlock,
        is_known: impl Fn(&Entry) -> bool,
        now: UnixTime,
    ) -> Result<(), BlockProblem> {
        if self.time > now.after(AHEAD_MAX) {
            return Err(BlockProblem::TooNew { found: self.time, now });
        }
        let decoded: Result<Vec<SignedEntry>, NotSigned> =
            block.entries.iter().filter(|it| !is_known(it)).map(SignedEntry::decode).collect();
        let decoded = decoded.map_err(BlockProblem::EntryWrong)?;
        match SignedEntry::are_authentic(&decoded, &chain.for_entries()) {
            true => Ok(()),
            false => Err(BlockProblem::EntryWrong(NotSigned::SignatureWrong)),
        }
    }
}

/// Returns the genesis of an assembly, which every member has and none has made. Its coinbase names
/// the charter.
pub fn genesis(charter: &Charter, chain: &ChainId) -> NativeBlock {
    let miner = format!("althing charter 1\n{chain}\n").into();
    let coinbase = Coinbase { height: Height::GENESIS, miner, extra_nonce: 0 };
    let time = u32::try_from(charter.founded.seconds()).unwrap_or(u32::MAX);
    let bits = if charter.is_mined() { easiest(charter) } else { no_work() };
    NativeBlock::new(None, time, bits, coinbase, [].into())
}

/// Checks how many entries there are, and how long.
fn check_lengths<'a>(entries: impl Iterator<Item = &'a Entry>) -> Result<(), BlockProblem> {
    let (mut count, mut all) = (0, 0);
    for (index, entry) in entries.enumerate() {
        let bytes = entry.as_bytes().len();
        if bytes > ENTRY_BYTES_MAX {
            return Err(BlockProblem::EntryTooLong { index, bytes });
        }
        count += 1;
        all += 2 + bytes;
    }
    match count > ENTRIES_MAX || all > BLOCK_BYTES_MAX {
        true => Err(BlockProblem::TooLong { entries: count, bytes: all }),
        false => Ok(()),
    }
}

/// Returns the target of the easiest block that the charter allows.
fn easiest(charter: &Charter) -> CompactTarget {
    target_of_bits(*charter.difficulty.start())
}

fn time_of(block: &NativeBlock) -> UnixTime {
    UnixTime::from_seconds(block.header.time.into())
}

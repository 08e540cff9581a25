//! What a network with a chain has besides its codec.

use std::num::NonZeroU64;

use althing_engine::nakamoto::{Nakamoto, Rules};
use althing_ledger::{Application, Block, EntriesRefused, Entry};

use crate::{Codec, Malformed};

/// One of the networks with a chain that Althing speaks.
///
/// Here a message is one datagram from one address to another. Only where messages are signed does
/// it identify its sender.
pub trait ChainDialect: Codec<Engine = Nakamoto> {
    /// Returns the rules its engine follows.
    fn rules(&self) -> &Rules;

    /// Returns what its entries mean, before the first of them.
    fn application(&self) -> Box<dyn Application>;

    /// Returns an entry of this peer that says `text`, or why there can be none. In networks whose
    /// entries are signed, the nonce tells it from others with the same text.
    fn entry(&self, text: &str, nonce: u64) -> Result<Entry, EntriesRefused>;

    /// Returns how many confirmations a user waits for who does not say: 1 where blocks are mined
    /// only for entries, since no further block may come.
    fn confirmations(&self) -> NonZeroU64 {
        NonZeroU64::MIN
    }

    /// Returns `block` as it is kept and exported. Where messages are text this is one line,
    /// without its end.
    ///
    /// # Panics
    /// If it is a block of another kind of network.
    fn encode_block(&self, block: &Block) -> Vec<u8>;

    /// Returns the block that [`encode_block`](Self::encode_block) gives these bytes, or what is
    /// wrong with them. The ledger decides whether the block is valid.
    fn decode_block(&self, bytes: &[u8]) -> Result<Block, Malformed>;
}

/// Returns the text of a new entry, unless there is nothing to read in it.
pub(crate) fn not_blank(text: &str) -> Result<&str, EntriesRefused> {
    match text.trim().is_empty() {
        true => Err(EntriesRefused::because("an entry has more than spaces")),
        false => Ok(text),
    }
}

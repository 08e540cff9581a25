//! Peers that are honest except in one thing.
//!
//! In a network with a chain, peers check everything that they receive, so a dishonest peer can
//! only waste the time of others: every role here leaves the honest peers on one chain of valid
//! blocks, as long as some of them have it whole. Where messages are signed, a key is banned when
//! it signs something that no honest owner would sign ([`Role::InvalidBlocks`]).

use std::fmt;

use althing_engine::Recipient;
use althing_engine::nakamoto::{Claim, Message, Nakamoto};
use althing_ledger::{AviaryBlock, Block, Cs60Block, Entry, NativeBlock};
use althing_types::{BlockHash, Height};

use crate::{Byzantine, Sending};

/// The one thing in which a peer is dishonest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It says that its chain has so many blocks.
    ClaimsLength(u64),
    /// It claims to have a chain of so many blocks, which does not exist.
    ClaimsChain(u64),
    /// It sends another entry than the one in the block at this height.
    CorruptsBlock(Height),
    /// It damages every block, header and entry that it sends.
    InvalidBlocks,
    /// It sends neither blocks nor headers, though it tells of its chain.
    WithholdsBlocks,
    /// It sends nothing at all.
    Silent,
}

impl Role {
    /// All roles, with typical numbers.
    pub const ALL: [Self; 6] = [
        Self::ClaimsLength(20_000),
        Self::ClaimsChain(20_000),
        Self::CorruptsBlock(Height::new(2)),
        Self::InvalidBlocks,
        Self::WithholdsBlocks,
        Self::Silent,
    ];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClaimsLength(length) => write!(f, "claims that its chain has {length} blocks"),
            Self::ClaimsChain(length) => {
                write!(f, "claims a chain of {length} blocks that no peer has")
            }
            Self::CorruptsBlock(height) => write!(f, "corrupts the block at height {height}"),
            Self::InvalidBlocks => f.write_str("sends invalid blocks, headers and entries"),
            Self::WithholdsBlocks => f.write_str("withholds blocks and headers"),
            Self::Silent => f.write_str("withholds everything"),
        }
    }
}

/// A dishonest peer.
pub struct ByzantinePeer {
    role: Role,
}

impl ByzantinePeer {
    /// Returns a peer that plays `role`.
    pub fn new(role: Role) -> Self {
        Self { role }
    }

    /// Returns the messages it sends where an honest peer would send `message`.
    fn distort(&self, message: Message) -> Option<Message> {
        Some(match (self.role, message) {
            (Role::ClaimsLength(length), Message::Tip(claim)) => {
                Message::Tip(Claim { length, ..claim })
            }
            (Role::ClaimsChain(length), Message::Tip(_)) => {
                Message::Tip(Claim { length, hash: BlockHash::from_bytes([0xee; 32]) })
            }
            (Role::CorruptsBlock(height), Message::Block(block)) => {
                Message::Block(corrupt_at(height, block))
            }
            (Role::CorruptsBlock(height), Message::Chain(blocks)) => {
                Message::Chain(blocks.into_iter().map(|block| corrupt_at(height, block)).collect())
            }
            (Role::InvalidBlocks, Message::Block(block)) => Message::Block(corrupt(block)),
            (Role::InvalidBlocks, Message::Announcement(block)) => {
                Message::Announcement(corrupt(block))
            }
            (Role::InvalidBlocks, Message::Headers(mut headers)) => {
                headers.iter_mut().for_each(|header| header.nonce ^= 1);
                Message::Headers(headers)
            }
            (Role::InvalidBlocks, Message::Entry(entry)) => {
                let mut bytes = entry.as_bytes().to_vec();
                bytes.iter_mut().last().into_iter().for_each(|byte| *byte ^= 1);
                Message::Entry(Entry::new(bytes))
            }
            (
                Role::WithholdsBlocks,
                Message::Block(_)
                | Message::Chain(_)
                | Message::Headers(_)
                | Message::Announcement(_),
            )
            | (Role::Silent, _) => return None,
            (_, message) => message,
        })
    }
}

impl Byzantine<Nakamoto> for ByzantinePeer {
    fn send(&mut self, to: Recipient, message: Message) -> Vec<Sending<Message>> {
        let message = self.distort(message);
        message.map(|message| Sending { message, to, only: None }).into_iter().collect()
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
        Block::Native(NativeBlock { coinbase, .. }) => coinbase.extra_nonce ^= 1,
    }
    block
}

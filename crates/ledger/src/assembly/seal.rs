//! The seal of a block: where it stands among views, and who made it.

use althing_types::View;

use crate::block::{Coinbase, NativeBlock};
use crate::charter::MemberIndex;

/// What a block says about its view, under its Merkle root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The view in which it was proposed.
    pub view: View,
    /// The member that made it: the leader, or where blocks are mined the one that found it.
    pub maker: MemberIndex,
    /// The salt of the leader's challenge; zero where none is issued.
    pub salt: u64,
}

impl Seal {
    /// Returns it as the text that a coinbase has for its miner. There is one text of each seal.
    pub fn to_text(self) -> String {
        let Self { view, maker, salt } = self;
        format!("althing seal 1\nview {view}\nmember {maker}\nsalt {salt:016x}\n")
    }

    /// Returns the seal of a block, or `None` if its coinbase has none.
    pub fn of(block: &NativeBlock) -> Option<Self> {
        Self::of_coinbase(&block.coinbase)
    }

    /// Returns the seal in a coinbase, or `None` if it has none.
    pub fn of_coinbase(coinbase: &Coinbase) -> Option<Self> {
        let text = &*coinbase.miner;
        let mut lines = text.strip_prefix("althing seal 1\n")?.lines();
        let mut value = |name| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let seal = Self {
            view: View::new(value("view")?.parse().ok()?),
            maker: MemberIndex(value("member")?.parse().ok()?),
            salt: u64::from_str_radix(value("salt")?, 16).ok()?,
        };
        // Numbers can be written in other ways, and there may be more lines.
        (seal.to_text() == text).then_some(seal)
    }
}

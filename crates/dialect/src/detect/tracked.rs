//! Which profile of `cs60` the programs on a tracker's list follow, from the chain of one of them.
//!
//! Whom a newcomer asks answers with all its blocks in one datagram, and ends where they no longer
//! fit into that. So this asks as a newcomer does: the last on the list, and another one only if no
//! chain has come for a while.

use std::collections::{BTreeMap, BTreeSet};

use althing_engine::Recipient;
use althing_engine::nakamoto::Message;
use althing_ledger::{Block, Ledger, Outcome, Parent};
use althing_types::{Address, Channel, Height};
use serde_json::{Value, json};

use super::{Detected, of_seen};
use crate::cs60::{Config, Cs60};
use crate::profile::{Data, NetworkKind};
use crate::{ChainDialect, Codec, Content};

/// Blocks that are kept; a chain in one datagram has fewer.
const BLOCKS_MAX: usize = 2_000;

/// The most zeros that are tried: no search finds so many.
const ZEROS_MAX: u8 = 16;

/// What was heard of the programs on a tracker's list.
#[derive(Debug, Default)]
pub struct ChainProber {
    /// In its order.
    list: Vec<Address>,
    asked: BTreeSet<Address>,
    /// The longest chain that was heard, from the genesis on.
    chain: Vec<Block>,
    messages: usize,
}

impl ChainProber {
    /// Takes note of the tracker's list, without ourselves.
    pub fn list(&mut self, others: impl IntoIterator<Item = Address>) {
        self.list = others.into_iter().collect();
    }

    /// Returns whom to ask next and what, while no chain was heard: each once.
    pub fn question(&mut self) -> Option<(Address, Vec<u8>)> {
        if self.chain.len() > 1 {
            return None;
        }
        let next = self.list.iter().rev().find(|it| !self.asked.contains(it))?.clone();
        self.asked.insert(next.clone());
        let request = Message::ChainRequest { from: Height::GENESIS };
        let wires = any(Data::Texts, 0).encode(&Recipient::One(next.clone()), &request);
        Some((next, wires.into_iter().next()?.payload))
    }

    /// Takes note of a datagram.
    pub fn hear(&mut self, from: &Address, payload: &[u8]) {
        let heard = any(Data::Texts, 0).decode(&Channel::Address(from.clone()), payload).content;
        let Ok(Content::Message(message)) = heard else { return };
        match message {
            Message::Chain(blocks) => {
                if blocks.len() > self.chain.len() && blocks.len() <= BLOCKS_MAX {
                    self.chain = blocks;
                }
            }
            Message::Announcement(block) => {
                let tip = self.chain.last().map(|tip| Parent::Named(tip.hash_after(None)));
                if tip == Some(block.parent()) && self.chain.len() < BLOCKS_MAX {
                    self.chain.push(block);
                }
            }
            Message::ChainRequest { .. } => {}
            _ => return,
        }
        self.messages += 1;
    }

    /// Returns the profile of the programs, as far as their chain shows it; `None` if none was on
    /// the list, or has said anything.
    pub fn detect(&self) -> Option<Detected> {
        if self.list.is_empty() || self.messages == 0 {
            return None;
        }
        let (mut seen, mut unknown, mut lacks) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut say = |key: &str, value: Value| {
            seen.insert(format!("cs60.{key}"), value);
        };
        let blocks = self.chain.len().saturating_sub(1);
        let zeros = (0..=ZEROS_MAX).rev().find(|zeros| self.is_of(Data::Texts, *zeros));
        match zeros {
            _ if blocks == 0 => {
                lacks.push("no block was heard that tells the zeros and the data".to_owned());
            }
            None => lacks.push("the blocks that were heard are none of cs60".to_owned()),
            Some(zeros) => {
                say("zeros", json!(zeros));
                if blocks < 4 {
                    unknown
                        .push(format!("the zeros may be fewer: only {blocks} blocks were heard"));
                }
                let are_ballots = self.is_of(Data::Ballots, zeros);
                say("data", json!(if are_ballots { Data::Ballots } else { Data::Texts }));
            }
        }
        let (peers, messages) = (self.list.len(), self.messages);
        Some(Detected { lacks, ..of_seen(NetworkKind::Cs60, seen, unknown, peers, messages) })
    }

    /// Returns whether all blocks after the genesis are valid in such a network.
    fn is_of(&self, data: Data, zeros: u8) -> bool {
        let dialect = any(data, zeros);
        let mut ledger = Ledger::new(dialect.rules().chain.clone(), dialect.application());
        let mut blocks = self.chain.iter().skip(1);
        blocks.all(|block| matches!(ledger.add(block.clone()), Ok(Outcome::Adopted(_))))
    }
}

fn any(data: Data, zeros: u8) -> Cs60 {
    Cs60::new(Config { data, zeros, ..Config::default() })
}

#[cfg(test)]
mod tests {
    use althing_ledger::{Entry, Proposal};
    use althing_types::UnixTime;

    use super::*;
    use crate::cs60::Ballots;
    use crate::profile::{Cs60Rules, built_in, read};
    use crate::testing;

    fn address(port: u16) -> Address {
        Address::new("127.0.0.1", port).expect("a host")
    }

    /// Returns what a program answers that has these entries in its chain.
    fn chain(dialect: &Cs60, entries: &[Entry]) -> Vec<Block> {
        let mut ledger = Ledger::new(dialect.rules().chain.clone(), dialect.application());
        for entry in entries {
            let now = UnixTime::from_seconds(0);
            let proposal = Proposal { miner: "", now, entries: vec![entry.clone()] };
            let template = ledger.template(proposal).expect("an entry is a block");
            let nonce = template.search(0..u64::MAX).expect("it is easy");
            assert!(ledger.add(template.with_nonce(nonce)).is_ok());
        }
        ledger.blocks_from(Height::GENESIS).map(|block| (*block).clone()).collect()
    }

    fn answer(dialect: &Cs60, blocks: &[Block]) -> Vec<u8> {
        testing::datagram(dialect, &Message::Chain(blocks.to_vec())).expect("the network has it")
    }

    #[test]
    fn zeros_and_data_are_told_by_the_chain_of_the_last_on_the_list() {
        let ballots: Vec<Entry> =
            (0..9).map(|voter| Ballots::ballot(&voter.to_string(), "yes")).collect();
        let texts: Vec<Entry> = (0..9).map(|text| Entry::text(&format!("text {text}"))).collect();
        for (data, entries) in [(Data::Ballots, ballots), (Data::Texts, texts)] {
            let dialect = any(data, 1);
            let blocks = chain(&dialect, &entries);
            let mut prober = ChainProber::default();
            assert_eq!((prober.question(), prober.detect()), (None, None));
            prober.list([address(1), address(2)]);
            let (asked, question) = prober.question().expect("there are two");
            assert_eq!((asked, question), (address(2), br#"{"type": "REQ"}"#.to_vec()));
            prober.hear(&address(2), &answer(&dialect, &blocks[..9]));
            assert_eq!(prober.question(), None, "it was answered");
            let last = Message::Announcement(blocks[9].clone());
            let last = testing::datagram(&dialect, &last).expect("the network has it");
            prober.hear(&address(1), &last);
            let detected = prober.detect().expect("one has answered");
            assert_eq!((detected.nearest.as_str(), detected.peers), ("cs60", 2));
            let profile = read("detected", &detected.to_toml(), &built_in::base);
            let expected = Cs60Rules { data, zeros: 1 };
            assert_eq!(profile.expect("it is one").cs60, expected, "{detected:?}");
            assert!(detected.lacks.is_empty(), "{detected:?}");
        }
    }

    #[test]
    fn a_chain_without_blocks_tells_nothing_and_each_is_asked_once() {
        let dialect = any(Data::Ballots, 1);
        let mut prober = ChainProber::default();
        prober.list([address(1), address(2)]);
        assert!(prober.question().is_some());
        prober.hear(&address(2), &answer(&dialect, &chain(&dialect, &[])));
        prober.hear(&address(2), b"[]");
        assert_eq!(prober.question().map(|(asked, _)| asked), Some(address(1)));
        assert_eq!(prober.question(), None);
        let detected = prober.detect().expect("one has answered");
        assert!(detected.lacks[0].starts_with("no block was heard"), "{detected:?}");
    }
}

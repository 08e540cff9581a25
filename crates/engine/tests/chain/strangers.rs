//! Whatever is said, by whomever and in whatever order: no panic, no queue beyond its bound, and
//! never a chain with less work than before.

use std::time::Duration;

use althing_engine::nakamoto::{Claim, Gossip, Input, Message, Mining, Rules, SyncMethod};
use althing_ledger::{Entry, Ledger};
use althing_types::{BlockHash, Height, PeerKey, Work};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::common::{
    Peer, address, answer, by_height, chain, headers_first, heard, label, malformed, new_chain,
    submit, whole_chain,
};

#[derive(Clone, Debug)]
enum Step {
    Says(u16, Word),
    Waits(u64),
    Submits(u8),
    /// Somebody signs what is no message.
    Stammers(u8),
    Solves,
}

#[derive(Clone, Debug)]
enum Word {
    Gossip(u16, u8),
    Reply,
    Asks(u64),
    AsksTip,
    Consensus,
    Claims(Index, u64),
    Invents(u64, u8),
    Sends(Index, Index),
    SendsChain(Index, Index),
    Denies,
    Announces(Index, Index),
    AsksHeaders(Index, Index),
    AsksBody(Index, Index),
    SendsHeaders(Index, Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<Index>;
    let word = prop_oneof![
        (0..9_u16, any::<u8>()).prop_map(|(origin, id)| Word::Gossip(origin, id)),
        Just(Word::Reply),
        (0..60_u64).prop_map(Word::Asks),
        Just(Word::AsksTip),
        Just(Word::Consensus),
        (index(), 0..4_u64).prop_map(|(chain, more)| Word::Claims(chain, more)),
        (0..30_u64, any::<u8>()).prop_map(|(length, hash)| Word::Invents(length, hash)),
        (index(), index()).prop_map(|(chain, height)| Word::Sends(chain, height)),
        (index(), index()).prop_map(|(chain, height)| Word::SendsChain(chain, height)),
        Just(Word::Denies),
        (index(), index()).prop_map(|(chain, height)| Word::Announces(chain, height)),
        (index(), index()).prop_map(|(chain, height)| Word::AsksHeaders(chain, height)),
        (index(), index()).prop_map(|(chain, height)| Word::AsksBody(chain, height)),
        (index(), index()).prop_map(|(chain, height)| Word::SendsHeaders(chain, height)),
    ];
    let step = prop_oneof![
        8 => (1..6_u16, word).prop_map(|(from, word)| Step::Says(from, word)),
        2 => (0..20_000_u64).prop_map(Step::Waits),
        1 => any::<u8>().prop_map(Step::Submits),
        1 => (1..6_u8).prop_map(Step::Stammers),
        1 => Just(Step::Solves),
    ];
    prop::collection::vec(step, 1..120)
}

fn chains(rules: &Rules) -> Vec<Ledger> {
    let first = new_chain(rules, "a", 12);
    let second = chain(rules, "b", 20, &first, 7);
    let third = chain(rules, "c", 40, &second, 15);
    let other = new_chain(rules, "d", 25);
    vec![first, second, third, other]
}

fn message(word: &Word, chains: &[Ledger]) -> Message {
    let chain = |index: &Index| index.get(chains);
    let height = |index: &Index, chain: &Ledger| {
        Height::new(index.index(usize::try_from(chain.length()).expect("short")) as u64)
    };
    match word {
        Word::Gossip(origin, id) => {
            let id = label(&id.to_string());
            Message::Gossip(Gossip { origin: address(*origin), name: label("x"), id })
        }
        Word::Reply => Message::GossipReply { address: address(1), name: label("x") },
        Word::Asks(height) => Message::BlockRequest { height: Height::new(*height) },
        Word::AsksTip => Message::TipRequest,
        Word::Consensus => Message::Consensus,
        Word::Claims(index, more) => {
            let Claim { length, hash } = crate::common::claim(chain(index));
            Message::Tip(Claim { length: length + more, hash })
        }
        Word::Invents(length, hash) => {
            Message::Tip(Claim { length: *length, hash: BlockHash::from_bytes([*hash; 32]) })
        }
        Word::Sends(index, at) => {
            let chain = chain(index);
            Message::Block(
                chain
                    .block_at(height(at, chain))
                    .map(std::sync::Arc::unwrap_or_clone)
                    .expect("below its length"),
            )
        }
        Word::SendsChain(index, at) => {
            let chain = chain(index);
            let question = Message::ChainRequest { from: height(at, chain) };
            answer(chain, &question).expect("an answer")
        }
        Word::AsksHeaders(index, at) => {
            let chain = chain(index);
            let locator = chain.hash_at(height(at, chain)).into_iter().collect();
            Message::HeadersRequest { locator }
        }
        Word::AsksBody(index, at) => {
            let chain = chain(index);
            let hash = chain.hash_at(height(at, chain)).expect("below its length");
            Message::BodyRequest { hash }
        }
        Word::SendsHeaders(index, at) => {
            let chain = chain(index);
            Message::Headers(chain.headers_from(height(at, chain)).collect())
        }
        Word::Denies => Message::NoBlock,
        Word::Announces(index, at) => {
            let chain = chain(index);
            let block = chain.block_at(height(at, chain)).map(std::sync::Arc::unwrap_or_clone);
            Message::Announcement(block.expect("below its length"))
        }
    }
}

fn run(rules: Rules, steps: &[Step]) -> Result<(), TestCaseError> {
    let chains = chains(&rules);
    let is_signed = rules.sync == SyncMethod::HeadersFirst;
    let mut peer = Peer::new(rules, Mining::FromGenesis);
    let mut best = Work::ZERO;
    let mut searching = None;
    let mut out = peer.handle(Input::Start);
    out.extend(peer.handle(Input::Peers((1..4).map(address).collect())));
    for step in steps {
        let done = match step {
            Step::Says(from, word) => {
                let [_, key] = from.to_be_bytes();
                let signer = is_signed.then_some(PeerKey::from_bytes([key; 32]));
                let (from, message) = (address(*from), message(word, &chains));
                peer.handle(heard(&from, signer, message))
            }
            Step::Stammers(key) => peer.handle(malformed(PeerKey::from_bytes([*key; 32]))),
            Step::Waits(millis) => peer.wait(Duration::from_millis(*millis)),
            Step::Submits(number) => peer.handle(submit(Entry::text(&number.to_string()))),
            Step::Solves => match searching.take() {
                Some(search) => peer.handle(Input::Solved { search, solution: 7 }),
                None => Vec::new(),
            },
        };
        for output in &done {
            if let althing_engine::nakamoto::Output::Search { id, .. } = output {
                searching = Some(*id);
            }
        }
        let work = peer.engine.ledger().tip().map(|tip| tip.work).unwrap_or_default();
        prop_assert!(work >= best);
        best = work;
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_peer_that_fetches_by_height_stands_whatever_is_said(steps in steps()) {
        run(by_height(), &steps)?;
    }

    #[test]
    fn a_peer_that_fetches_headers_first_stands_whatever_is_said(steps in steps()) {
        run(headers_first(), &steps)?;
    }

    #[test]
    fn a_peer_that_fetches_whole_chains_stands_whatever_is_said(steps in steps()) {
        run(whole_chain(), &steps)?;
    }
}

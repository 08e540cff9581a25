//! One that only watches: it asks for chains and follows them, and does nothing for other peers.

use std::time::Duration;

use althing_engine::nakamoto::{Gossip, Input, Message, Mining, Output};
use althing_ledger::Entry;
use althing_types::{Address, Height};

use crate::common::{
    Peer, address, answer, by_height, claim, headers_first, label, new_chain, sent, submit,
    whole_chain,
};

/// Returns whether one that watches may say this: who it is, or what it wants to know.
fn is_needed(message: &Message, me: &Address) -> bool {
    match message {
        Message::Gossip(gossip) => gossip.origin == *me,
        message => matches!(
            message,
            Message::TipRequest
                | Message::BlockRequest { .. }
                | Message::ChainRequest { .. }
                | Message::HeadersRequest { .. }
                | Message::BodyRequest { .. }
        ),
    }
}

/// Returns a tracker's list, where peers meet by one.
fn list() -> Input {
    Input::Peers([0, 1, 2].map(address).into())
}

#[test]
fn it_answers_nothing_passes_nothing_on_and_mines_nothing() {
    for rules in [by_height(), whole_chain(), headers_first()] {
        let known = new_chain(&rules, "a", 3);
        let mut peer = Peer::new(rules, Mining::FromGenesis).watching();
        let mut out = peer.handle(Input::Start);
        out.extend(peer.handle(list()));
        peer.meet(1..5);
        let block = known.block_at(Height::GENESIS).expect("it has blocks");
        let gossip = Gossip { origin: address(6), name: label("they"), id: label("theirs") };
        for message in [
            Message::Gossip(gossip),
            Message::TipRequest,
            Message::Consensus,
            Message::Tip(claim(&known)),
            Message::Announcement((*block).clone()),
            Message::BlockRequest { height: Height::GENESIS },
            Message::ChainRequest { from: Height::GENESIS },
        ] {
            out.extend(peer.hear(1, message));
        }
        out.extend(peer.handle(submit(Entry::text("ours"))));
        out.extend(peer.wait(Duration::from_secs(120)));
        let said: Vec<_> = sent(&out).map(|(_, message)| message).collect();
        assert!(said.iter().all(|message| is_needed(message, &address(0))), "{said:?}");
        assert!(!said.is_empty(), "it asks");
        assert!(!out.iter().any(|output| matches!(output, Output::Search { .. })));
    }
}

#[test]
fn it_follows_the_chain_that_others_have() {
    for rules in [by_height(), whole_chain(), headers_first()] {
        let known = new_chain(&rules, "a", 3);
        let mut peer = Peer::new(rules, Mining::Off).watching();
        let mut out = peer.handle(Input::Start);
        out.extend(peer.handle(list()));
        let reply = Message::GossipReply { address: address(1), name: label("they") };
        out.extend(peer.hear(1, reply));
        for _ in 0..60 {
            peer.converse(out, |_, question| answer(&known, question));
            out = peer.wait(Duration::from_secs(1));
        }
        assert_eq!(peer.engine.ledger().tip(), known.tip());
    }
}

//! What the programs of a network do differently: rules F6, N3, T1, Y9 and Y10.

use althing_engine::nakamoto::{
    Claim, Customs, DownloadFailure, Event, Gossip, Input, Message, Mining, Output, ReplyTo, Rules,
};
use althing_engine::{OtherNetwork, Overheard};
use althing_ledger::{Agreement, Choice, Ledger};
use althing_types::{Address, Height};
use proptest::prelude::*;

use crate::common::{
    Peer, address, answer, answered, by_height, chain, claim, events, label, new_chain, sent,
};

fn with(customs: Customs) -> Rules {
    Rules { customs, ..by_height() }
}

fn agreeing(agreement: Agreement) -> Rules {
    let mut rules = by_height();
    rules.chain.choice = Choice::Agreed(agreement);
    rules
}

/// Has peers claim chains that they have, and answer for them.
fn told(peer: &mut Peer, have: &[(u16, &Ledger)]) -> Vec<Output> {
    let mut all = Vec::new();
    for (from, ledger) in have {
        let out = peer.hear(*from, Message::Tip(claim(ledger)));
        all.extend(peer.converse(out, |to, question| {
            let (_, ledger) = have.iter().find(|(number, _)| address(*number) == *to)?;
            answer(ledger, question)
        }));
    }
    all
}

#[test]
fn gossip_is_answered_where_it_came_from_or_where_it_began() {
    for (reply_to, expected) in [(ReplyTo::Origin, &[7][..]), (ReplyTo::Sender, &[7, 1])] {
        let mut peer = Peer::new(with(Customs { reply_to, ..Customs::default() }), Mining::Off);
        peer.meet([1]);
        let (origin, name, id) = (address(7), label("they"), label("7"));
        let out = peer.hear(1, Message::Gossip(Gossip { origin, name, id }));
        let is_reply =
            |(_, message): &(&Address, &Message)| matches!(message, Message::GossipReply { .. });
        let to: Vec<_> = sent(&out).filter(is_reply).map(|(to, _)| to.clone()).collect();
        let expected: Vec<_> = expected.iter().copied().map(address).collect();
        assert_eq!(to, expected, "{reply_to:?}");
    }
}

#[test]
fn a_peer_without_a_chain_says_so_where_programs_do() {
    let mut silent = Peer::new(by_height(), Mining::Off);
    silent.meet([1]);
    assert_eq!(silent.hear(1, Message::TipRequest), []);
    let rules = with(Customs { tells_of_none: true, ..Customs::default() });
    let theirs = new_chain(&rules, "they", 2);
    let mut peer = Peer::new(rules, Mining::Off);
    peer.meet([1]);
    assert_eq!(peer.hear(1, Message::TipRequest), answered(1, Message::Tip(Claim::NONE)));
    let _ = told(&mut peer, &[(1, &theirs)]);
    assert_eq!(peer.hear(1, Message::TipRequest), answered(1, Message::Tip(claim(&theirs))));
}

#[test]
fn a_chain_is_fetched_once_enough_others_are_known() {
    let rules = with(Customs { peers_min: 3, ..Customs::default() });
    let theirs = new_chain(&rules, "they", 5);
    let mut peer = Peer::new(rules, Mining::Off);
    peer.meet(1..=2);
    let _ = told(&mut peer, &[(1, &theirs), (2, &theirs)]);
    assert_eq!(peer.length(), 0);
    peer.meet([3]);
    let _ = told(&mut peer, &[(1, &theirs), (2, &theirs)]);
    assert_eq!(peer.length(), 5);
}

#[test]
fn the_first_block_is_asked_of_all_where_programs_keep_it_and_none_is_shunned_for_that() {
    for (serves_genesis, length) in [(true, 0), (false, 5)] {
        let rules = with(Customs { serves_genesis, ..Customs::default() });
        let theirs = new_chain(&rules, "they", 5);
        let mut peer = Peer::new(rules, Mining::Off);
        peer.meet(1..=3);
        let claimed = peer.hear(1, Message::Tip(claim(&theirs)));
        // Peer 3 has the first block, and claims nothing.
        let out = peer.converse(claimed, |to, question| match question {
            Message::BlockRequest { height: Height::GENESIS } if *to != address(3) => {
                Some(Message::NoBlock)
            }
            question => answer(&theirs, question),
        });
        assert_eq!(peer.length(), length);
        let shunned = events(&out).filter(|it| matches!(it, Event::PeerShunned { .. })).count();
        assert_eq!(shunned, usize::from(serves_genesis));
    }
}

#[test]
fn a_chain_whose_first_block_no_peer_gives_away_is_tried_again_when_it_is_claimed_again() {
    let rules = with(Customs { serves_genesis: false, ..Customs::default() });
    let theirs = new_chain(&rules, "they", 5);
    let mut peer = Peer::new(rules, Mining::Off);
    peer.meet(1..=2);
    let withheld = |_: &Address, question: &Message| match question {
        Message::BlockRequest { height: Height::GENESIS } => Some(Message::NoBlock),
        question => answer(&theirs, question),
    };
    let claimed = peer.hear(1, Message::Tip(claim(&theirs)));
    let out = peer.converse(claimed, withheld);
    let reason = DownloadFailure::Unobtainable { height: Height::GENESIS };
    let failed = Event::DownloadFailed { claim: claim(&theirs), reason };
    assert!(events(&out).any(|event| *event == failed));
    assert!(!events(&out).any(|event| matches!(event, Event::PeerShunned { .. })));
    let _ = told(&mut peer, &[(1, &theirs), (2, &theirs)]);
    assert_eq!(peer.length(), 5);
}

#[test]
fn the_chain_that_most_peers_have_is_followed_though_another_is_longer() {
    let rules = agreeing(Agreement::MostPeers);
    let common = new_chain(&rules, "they", 3);
    let short = chain(&rules, "many", 5, &common, 3);
    let long = chain(&rules, "few", 9, &common, 3);
    // One that only goes on contradicts nothing, and need not have most voices.
    let longer = chain(&rules, "one", 6, &short, 5);
    let mut peer = Peer::new(rules, Mining::Off);
    peer.meet(1..=5);
    let _ = told(&mut peer, &[(1, &long)]);
    assert_eq!(peer.engine.ledger().tip(), long.tip());
    // With our own voice, two are for the long one.
    let out = told(&mut peer, &[(2, &short), (3, &short), (1, &long)]);
    assert_eq!(peer.engine.ledger().tip(), long.tip());
    assert!(!events(&out).any(|event| matches!(event, Event::TipChanged { .. })));
    let _ = told(&mut peer, &[(2, &short), (3, &short), (4, &short)]);
    assert_eq!(peer.engine.ledger().tip(), short.tip());
    let _ = told(&mut peer, &[(5, &longer)]);
    assert_eq!(peer.engine.ledger().tip(), longer.tip());
}

#[test]
fn where_more_than_half_must_have_a_chain_the_longest_counts_until_they_do() {
    let rules = agreeing(Agreement::MoreThanHalf);
    let common = new_chain(&rules, "they", 3);
    let [short, long] = [("many", 5), ("few", 9)].map(|(by, l)| chain(&rules, by, l, &common, 3));
    let mut peer = Peer::new(rules, Mining::Off);
    peer.meet(1..=6);
    let _ = told(&mut peer, &[(1, &short), (2, &short)]);
    assert_eq!(peer.engine.ledger().tip(), short.tip());
    // Three of five have the short one, and we have it.
    let _ = told(&mut peer, &[(3, &long), (4, &long)]);
    assert_eq!(peer.engine.ledger().tip(), short.tip());
    // Three of six.
    let _ = told(&mut peer, &[(5, &long)]);
    assert_eq!(peer.engine.ledger().tip(), long.tip());
}

#[test]
fn a_newcomer_fetches_the_longest_chain_where_no_half_has_one_yet() {
    let mut rules = agreeing(Agreement::MoreThanHalf);
    // So that it has heard all claims before it goes by any.
    rules.customs.peers_min = 5;
    let common = new_chain(&rules, "they", 3);
    let [short, long] = [("one", 5), ("two", 9)].map(|(by, l)| chain(&rules, by, l, &common, 3));
    let [longer, longest] = [10, 11].map(|length| chain(&rules, "two", length, &long, 9));
    let evenly_split = [(1, &short), (2, &short), (3, &long), (4, &long)];
    let some_blocks_apart = [(1, &long), (2, &longer), (3, &longest), (4, &longer)];
    for (have, expected) in [(evenly_split, &long), (some_blocks_apart, &longest)] {
        let mut peer = Peer::new(rules.clone(), Mining::Off);
        peer.meet(1..=4);
        let _ = told(&mut peer, &have);
        assert_eq!(peer.length(), 0);
        peer.meet([5]);
        for _ in 0..3 {
            let _ = told(&mut peer, &have);
        }
        assert_eq!(peer.engine.ledger().tip(), expected.tip());
    }
}

#[test]
fn peers_that_speak_another_profile_are_told_of_once() {
    let mut peer = Peer::new(by_height(), Mining::Off);
    let network = OtherNetwork { speech: "as others".into(), advice: "use another".into() };
    let overheard =
        |speaker| Overheard { network: network.clone(), speaker: Some(speaker), among_us: true };
    let mut out = peer.handle(Input::Overheard(overheard(1)));
    out.extend(peer.handle(Input::Overheard(overheard(2))));
    out.extend(peer.wait(std::time::Duration::from_secs(5)));
    let told = events(&out).filter_map(|event| match event {
        Event::NetworkOverheard { peers, .. } => Some(*peers),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [1, 2]);
}

proptest! {
    /// Whichever peers have which of two branches, and in any order that they tell of it: honest
    /// peers that hear the same end on the same chain, the one for which more speaks.
    #[test]
    fn all_that_hear_the_same_claims_agree(
        lengths in (4..9_u64, 4..9_u64),
        sides in prop::collection::vec(any::<bool>(), 3..8),
        order in Just((0..8_usize).collect::<Vec<_>>()).prop_shuffle(),
        ours in any::<bool>(),
    ) {
        let rules = agreeing(Agreement::MostPeers);
        let common = new_chain(&rules, "they", 3);
        let one = chain(&rules, "one", lengths.0, &common, 3);
        let two = chain(&rules, "two", lengths.1, &common, 3);
        let of = |side: bool| if side { &one } else { &two };
        let mut peer = Peer::new(rules, Mining::Off);
        peer.meet(1..=20);
        // What we had first, from a peer that is gone when we hear the others.
        let _ = told(&mut peer, &[(20, of(ours))]);
        let _ = peer.hear(20, Message::Tip(Claim::NONE));
        let order = order.iter().filter(|at| **at < sides.len());
        let have: Vec<(u16, &Ledger)> = order
            .map(|at| (u16::try_from(at + 1).expect("few"), of(sides[*at])))
            .collect();
        for _ in 0..3 {
            let _ = told(&mut peer, &have);
        }
        let voices = |side: bool| sides.iter().filter(|it| **it == side).count();
        let first = peer.engine.ledger().tip();
        // Without our own voice the majority is clear; with it, at most a tie is broken.
        match voices(true).abs_diff(voices(false)) {
            0 | 1 => prop_assert!(first == one.tip() || first == two.tip()),
            _ => prop_assert_eq!(first, of(voices(true) > voices(false)).tip()),
        }
    }
}

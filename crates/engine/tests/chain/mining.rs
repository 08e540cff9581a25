//! Rules M1 to M3 and Y6: mining on the tip, and telling the others.

use althing_engine::SearchId;
use althing_engine::nakamoto::{
    Command, Event, Input, MEMPOOL_MAX, Message, Mining, NotAdmitted, Output, State,
};
use althing_ledger::{Entry, Template};
use althing_types::Height;

use crate::common::{
    AllBut, Peer, by_height, chain, events, mined, new_chain, sent, submit, template, whole_chain,
};

fn search(out: &[Output]) -> Option<(SearchId, Template)> {
    out.iter().rev().find_map(|output| match output {
        Output::Search { id, work } => Some((*id, (**work).clone())),
        _ => None,
    })
}

fn solve(peer: &mut Peer, (search, template): (SearchId, Template)) -> Vec<Output> {
    let nonce = template.search(0..u64::MAX).expect("it is easy");
    peer.handle(Input::Solved { search, solution: nonce })
}

#[test]
fn what_is_found_is_on_disk_before_everybody_is_told() {
    let mut peer = Peer::new(by_height(), Mining::FromGenesis);
    peer.meet(1..=5);
    let out = peer.handle(submit(Entry::text("a word")));
    assert_eq!(sent(&out).filter(|(_, m)| matches!(m, Message::Entry(_))).count(), 5);
    let out = solve(&mut peer, search(&out).expect("there is an entry to mine"));
    let persisted = out.iter().position(|output| matches!(output, Output::Persist(_)));
    let told = out.iter().position(|output| matches!(output, Output::Send { .. }));
    assert!(persisted < told);
    let announced = sent(&out).filter(|(_, m)| matches!(m, Message::Announcement(_))).count();
    assert_eq!(announced, 5);
    assert!(events(&out).any(|event| matches!(event, Event::BlockMined { .. })));
    assert_eq!(search(&out), None, "nothing waits any more");
}

#[test]
fn what_is_withdrawn_is_searched_for_no_more() {
    let mut peer = Peer::new(by_height(), Mining::FromGenesis);
    let [first, second] = ["first", "second"].map(Entry::text);
    let _ = peer.handle(submit(first.clone()));
    let _ = peer.handle(submit(second.clone()));
    let withdraw = |entry: &Entry| Input::Command(Command::Withdraw(entry.clone()));
    let (_, template) = search(&peer.handle(withdraw(&first))).expect("the second waits");
    assert_eq!(template.entries(), std::slice::from_ref(&second));
    assert!(peer.handle(withdraw(&second)).contains(&Output::CancelSearch));
    assert_eq!(peer.handle(withdraw(&second)), [], "it is not there");
    assert!(search(&peer.handle(submit(second))).is_some(), "it may come again");
}

#[test]
fn only_who_may_begin_a_chain_mines_a_genesis() {
    let entry = || submit(Entry::text("a word"));
    for (mining, begins) in
        [(Mining::Off, false), (Mining::OnChain, false), (Mining::FromGenesis, true)]
    {
        let mut peer = Peer::new(by_height(), mining);
        assert_eq!(search(&peer.handle(entry())).is_some(), begins);
    }
    let mut peer = Peer::new(by_height(), Mining::OnChain);
    let theirs = new_chain(&by_height(), "they", 1);
    let genesis =
        theirs.block_at(Height::GENESIS).map(std::sync::Arc::unwrap_or_clone).expect("a genesis");
    let _ = peer.hear(1, Message::Announcement(genesis));
    assert!(search(&peer.handle(entry())).is_some());
}

#[test]
fn the_search_moves_with_the_tip_and_ends_when_nothing_is_left() {
    let rules = whole_chain();
    let mut peer = Peer::new(rules.clone(), Mining::OnChain);
    peer.joins_alone();
    let (first, _) = search(&peer.handle(submit(Entry::text("ours")))).expect("an entry");
    let _ = peer.handle(submit(Entry::text("later")));

    let theirs = new_chain(&rules, "they", 2);
    let block =
        theirs.block_at(Height::new(1)).map(std::sync::Arc::unwrap_or_clone).expect("the tip");
    let out = peer.hear(1, Message::Announcement(block));
    let (second, on_theirs) = search(&out).expect("it goes on");
    assert_eq!(on_theirs.parent(), theirs.tip().map(|tip| tip.hash));
    assert_ne!(first, second);
    assert_eq!(
        peer.handle(Input::Solved { search: first, solution: 0 }),
        [],
        "that search is over"
    );

    // Somebody else has mined what we wanted to.
    let mut theirs = theirs;
    for entry in ["ours", "later"] {
        let block = mined(&template(&theirs, "they", entry));
        assert!(theirs.add(block.clone()).is_ok());
        let out = peer.hear(1, Message::Announcement(block));
        let ends = out.contains(&Output::CancelSearch);
        assert_eq!(ends, entry == "later");
    }
}

#[test]
fn entries_of_blocks_that_no_longer_count_are_mined_again() {
    let rules = whole_chain();
    let mut peer = Peer::new(rules.clone(), Mining::OnChain);
    peer.joins_alone();
    let out = peer.handle(submit(Entry::text("ours")));
    let _ = solve(&mut peer, search(&out).expect("an entry"));
    assert_eq!(peer.length(), 2);
    let theirs = new_chain(&rules, "they", 3);
    let [first, second] = [1, 2].map(|height| {
        Message::Announcement(
            theirs
                .block_at(Height::new(height))
                .map(std::sync::Arc::unwrap_or_clone)
                .expect("a block"),
        )
    });
    assert_eq!(search(&peer.hear(1, first)), None);
    let (_, again) = search(&peer.hear(1, second)).expect("it is back in the mempool");
    assert_eq!(again.entries(), [Entry::text("ours")]);
    assert_eq!(again.parent(), theirs.tip().map(|tip| tip.hash));
}

#[test]
fn an_announcement_is_passed_on_once_and_not_back() {
    let rules = by_height();
    let mut peer = Peer::new(rules.clone(), Mining::Off);
    peer.meet(1..=9);
    let theirs = new_chain(&rules, "they", 1);
    let genesis =
        theirs.block_at(Height::GENESIS).map(std::sync::Arc::unwrap_or_clone).expect("a genesis");
    let out = peer.hear(4, Message::Announcement(genesis.clone()));
    let to: Vec<u16> = sent(&out).map(|(to, _)| to.port()).collect();
    assert_eq!(to.len(), 3);
    assert!(!to.contains(&4));
    assert_eq!(peer.hear(5, Message::Announcement(genesis)), []);
}

#[test]
fn the_pool_takes_what_can_be_in_a_block_up_to_its_bound() {
    let refuses = || Box::new(AllBut::text("refused"));
    let mut peer = Peer::with(by_height(), Mining::Off, refuses());
    let refused = peer.handle(submit(Entry::text("refused")));
    let is_refusal = |event: &Event| {
        matches!(event, Event::EntryRefused { reason: NotAdmitted::Refused(_), .. })
    };
    assert!(events(&refused).any(is_refusal));
    let long = peer.handle(submit(Entry::text(&"x".repeat(21))));
    assert!(events(&long).any(is_refusal));
    for number in 0..MEMPOOL_MAX {
        let out = peer.hear(1, Message::Entry(Entry::text(&number.to_string())));
        assert!(events(&out).any(|event| matches!(event, Event::EntryPooled(_))));
    }
    let again = peer.hear(1, Message::Entry(Entry::text("0")));
    assert_eq!(again, []);
    let full = peer.handle(submit(Entry::text("one more")));
    let is_full =
        |event: &Event| matches!(event, Event::EntryRefused { reason: NotAdmitted::Full, .. });
    assert!(events(&full).any(is_full));
}

#[test]
fn a_peer_comes_back_with_the_chain_from_its_disk() {
    let rules = by_height();
    let kept = new_chain(&rules, "we", 5);
    let mut blocks: Vec<_> =
        kept.blocks_from(Height::GENESIS).map(std::sync::Arc::unwrap_or_clone).collect();
    let other = chain(&rules, "they", 9, &new_chain(&rules, "they", 1), 1);
    blocks.extend(other.blocks_from(Height::new(5)).map(std::sync::Arc::unwrap_or_clone));
    let identity = althing_engine::nakamoto::Identity {
        address: crate::common::address(0),
        name: crate::common::label("us"),
        contacts: Vec::new(),
        mining: Mining::Off,
        entropy: [0; 32],
        started: althing_types::UnixTime::default(),
    };
    let state = Box::new(althing_ledger::Anything);
    let engine = althing_engine::nakamoto::Nakamoto::new(
        rules,
        identity,
        state,
        Box::new(blocks),
        State::default(),
    );
    assert_eq!(engine.ledger().tip(), kept.tip(), "what does not fit is left out");
}

#[test]
fn a_block_found_elsewhere_counts_also_for_an_earlier_search_on_the_tip() {
    let mut peer = Peer::new(by_height(), Mining::FromGenesis);
    peer.meet(1..=3);
    let (_, before) = search(&peer.handle(submit(Entry::text("first")))).expect("an entry");
    assert!(search(&peer.handle(submit(Entry::text("later")))).is_some(), "it begins anew");
    let block = mined(&before);
    let out = peer.handle(Input::Command(Command::Mined(Box::new(block.clone()))));
    assert!(events(&out).any(|event| matches!(event, Event::BlockMined { .. })));
    let announced = sent(&out).filter(|(_, m)| matches!(m, Message::Announcement(_))).count();
    assert_eq!(announced, 3);
    let (_, next) = search(&out).expect("there is more to mine");
    assert_eq!(next.entries(), [Entry::text("later")]);
    assert_eq!(
        peer.handle(Input::Command(Command::Mined(Box::new(block)))),
        [],
        "it is there already"
    );
}

//! What members do together while nothing fails, and when a leader does.

use althing_engine::Engine;
use althing_engine::simplex::{Challenge, Event, Message, Timeouts};
use althing_types::{Height, View};

use crate::common::{Net, charter, signer};

#[test]
fn an_entry_is_committed_at_once_and_everywhere() {
    let mut net = Net::new(charter(4, 0..=0));
    net.submit(2, 1);
    assert_eq!(net.heights(), [1; 4], "no time has passed");
    let committed: Vec<_> = (0..4).map(|index| net.log(index)[0].clone()).collect();
    assert!(committed.iter().all(|it| it.hash() == committed[0].hash()));
    assert_eq!(committed[0].block.entries.len(), 1);
    let charter = &net.charter;
    for it in &committed {
        let certificate = it.finalization.as_ref().expect("it was finalized itself");
        let verdict = certificate.verify(charter, &charter.chain_id(), &crate::common::signer(0));
        assert_eq!(verdict, Ok(()));
    }
}

#[test]
fn entries_are_committed_in_batches_and_each_once() {
    let mut net = Net::new(charter(4, 0..=0));
    for nonce in 0..50 {
        net.submit(usize::try_from(nonce % 4).expect("few"), nonce);
    }
    net.submit(0, 7);
    net.pass(2000);
    let entries: Vec<_> =
        net.log(3).iter().flat_map(|it| it.block.entries.iter().cloned()).collect();
    assert_eq!(entries.len(), 50);
    assert_eq!(net.engine(0).status().mempool, 0);
    let again = |event: &Event| matches!(event, Event::EntryRefused { .. });
    assert_eq!(net.peers[0].events.iter().filter(|event| again(event)).count(), 1);
}

#[test]
fn without_entries_there_is_a_block_each_block_time() {
    let mut net = Net::new(charter(4, 0..=0));
    net.pass(10_500);
    let heights = net.heights();
    assert!(heights.iter().all(|height| (9..=11).contains(height)), "{heights:?}");
    let log = net.log(0);
    let last = log.last().expect("there are blocks");
    assert_eq!(last.block.coinbase.height, Height::new(heights[0] as u64));
}

#[test]
fn a_member_alone_goes_on_alone() {
    let mut net = Net::new(charter(1, 0..=0));
    for nonce in 0..100 {
        net.submit(0, nonce);
    }
    assert_eq!(net.heights(), [100]);
}

#[test]
fn a_silent_leader_costs_a_moment_once_and_then_nothing() {
    let mut net = Net::new(charter(4, 0..=0));
    net.pass(5000);
    net.speaks[3] = false;
    net.pass(5000);
    let suspected = |event: &&Event| matches!(event, Event::MemberSuspected { .. });
    assert_eq!(net.peers[0].events.iter().filter(suspected).count(), 1);
    // From now on its views are nullified as soon as they begin.
    let before = net.heights()[0];
    for nonce in 0..40 {
        net.submit(0, nonce);
        assert_eq!(net.heights()[0], before + usize::try_from(nonce).expect("few") + 1);
    }
    // It is heard again, and leads again.
    net.speaks[3] = true;
    net.pass(1000);
    let heard = |event: &&Event| matches!(event, Event::MemberHeard { .. });
    assert_eq!(net.peers[0].events.iter().filter(heard).count(), 1);
    let view = net.led_by(3, net.view(0));
    while net.view(0) <= view {
        net.pass(1000);
    }
    assert!(net.log(0).iter().any(|it| it.view == view), "its block was committed");
    net.pass(2000);
    assert_eq!(net.heights()[3], net.heights()[0], "and it has all that it missed");
}

#[test]
fn with_too_few_members_nothing_is_committed_and_that_is_said() {
    let mut net = Net::new(charter(4, 0..=0));
    net.pass(3000);
    (net.speaks[2], net.speaks[3]) = (false, false);
    net.submit(0, 1);
    net.pass(20_000);
    let before = net.heights();
    assert!(before.iter().all(|height| *height == before[0]));
    let standstill =
        |event: &Event| matches!(event, Event::Standstill { missing } if missing.len() == 2);
    assert!(net.peers[0].events.iter().any(standstill));
    (net.speaks[2], net.speaks[3]) = (true, true);
    net.pass(u64::try_from(Timeouts::default().patience_most.as_millis()).expect("a minute"));
    assert!(net.peers[0].events.contains(&Event::Resumed));
    assert!(net.heights().iter().all(|height| *height > before[0]), "{:?}", net.heights());
}

#[test]
fn a_finder_repeats_its_block_and_a_dead_leader_is_not_waited_for() {
    let mut net = Net::new(charter(4, 1..=8));
    net.speaks = vec![false; 4];
    let (view, chain) = (net.view(0), net.charter.chain_id());
    let leader = net.charter.leader(view).0;
    let index = usize::from((leader + 1) % 4);
    let root = althing_ledger::assembly::genesis(&net.charter, &chain).hash();
    let challenge = Challenge::sign(view, root, &chain, &signer(leader));
    net.hear_message(index, Message::Challenge(challenge));
    net.pass(3000);
    let found = net.peers[index].sent.iter().filter_map(|message| match message {
        Message::Solution(block) => Some(block.hash()),
        _ => None,
    });
    let found: Vec<_> = found.collect();
    assert!(found.len() > 1 && found.iter().all(|it| *it == found[0]), "{found:?}");
    // The wait for a challenge would take four seconds more than the usual one.
    let words = net.engine(index).words().get(&view).copied().unwrap_or_default();
    assert!(words.nullify.is_some(), "it suspects the leader");
}

#[test]
fn members_mine_for_the_leader_where_the_charter_says_so() {
    let mut net = Net::new(charter(4, 1..=8));
    net.submit(1, 1);
    net.pass(20_000);
    let heights = net.heights();
    assert!(heights[0] > 3 && heights.iter().all(|it| *it == heights[0]), "{heights:?}");
    let makers: std::collections::BTreeSet<_> = net
        .log(0)
        .iter()
        .filter_map(|it| althing_ledger::assembly::Seal::of(&it.block))
        .map(|seal| seal.maker)
        .collect();
    assert!(!makers.is_empty());
    let challenges = |message: &&Message| matches!(message, Message::Challenge(_));
    assert!(net.peers.iter().any(|peer| peer.sent.iter().filter(challenges).count() > 0));
    assert!(net.view(0) > View::FIRST);
}

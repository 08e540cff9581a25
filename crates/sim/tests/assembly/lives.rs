//! What a member knows when it starts again, and when it must not vote.

use althing_engine::Engine;
use althing_engine::simplex::{Durable, Event, Message, Past, WhyObserving};
use althing_ledger::assembly::{Statement, StatementKind};
use althing_sim::host::Host;
use althing_types::{BlockHash, View};

use crate::common::{Net, charter};

fn observes(net: &Net, index: usize) -> Option<WhyObserving> {
    net.engine(index).status().observing
}

#[test]
fn a_member_that_starts_again_repeats_its_words_and_contradicts_none() {
    let mut net = Net::new(charter(4, 0..=0));
    net.pass(3000);
    // What it says from here on reaches none of the others.
    net.speaks[0] = false;
    net.pass(10_000);
    let view = net.view(0);
    let before = net.engine(0).words()[&view];
    assert!(before.nullify.is_some(), "it waits for the others");
    net.start(0, Past::Perhaps);
    assert_eq!((net.view(0), net.engine(0).words()[&view]), (view, before));
    net.peers[0].sent.clear();
    net.pass(1000);
    let repeated =
        |message: &Message| matches!(message, Message::Vote(word) if Some(*word) == before.nullify);
    assert!(net.peers[0].sent.iter().any(repeated));
    net.speaks[0] = true;
    net.pass(70_000);
    let heights = net.heights();
    assert!(heights[0] > 10 && heights.iter().all(|it| it.abs_diff(heights[1]) < 2), "{heights:?}");
}

#[test]
fn all_members_can_lose_their_power_at_once() {
    let mut net = Net::new(charter(4, 0..=0));
    net.submit(0, 1);
    net.pass(1500);
    let before = net.heights();
    for index in 0..4 {
        net.peers[index].host.crash();
    }
    for index in 0..4 {
        net.start(index, Past::Perhaps);
    }
    for index in 0..4 {
        assert_eq!(observes(&net, index), None);
    }
    net.submit(2, 2);
    net.pass(5000);
    assert!(net.heights().iter().all(|height| *height > before[0]));
}

#[test]
fn a_member_without_its_disk_only_observes() {
    let mut net = Net::new(charter(4, 0..=0));
    net.pass(3000);
    net.peers[1].host = Host::default();
    net.start(1, Past::Perhaps);
    assert_eq!(observes(&net, 1), Some(WhyObserving::DiskLost));
    net.peers[1].sent.clear();
    net.pass(10_000);
    assert_eq!(net.heights()[1], net.heights()[0], "it follows");
    let says = |message: &Message| {
        matches!(message, Message::Vote(_) | Message::Proposal { .. } | Message::Status(_))
    };
    assert!(!net.peers[1].sent.iter().any(says));
}

#[test]
fn who_hears_itself_say_what_it_has_not_said_is_silent_for_good() {
    let mut net = Net::new(charter(4, 0..=0));
    let view = net.view(0);
    let statement = Statement::Notarize { view, block: BlockHash::from_bytes([9; 32]) };
    net.hear(0, statement, 0);
    assert_eq!(observes(&net, 0), Some(WhyObserving::Copied));
    assert!(net.peers[0].events.contains(&Event::Observing(WhyObserving::Copied)));
    net.start(0, Past::Perhaps);
    assert_eq!(observes(&net, 0), Some(WhyObserving::Copied));
    net.pass(5000);
    assert!(net.heights()[0] > 2, "the other three go on, and it follows");
}

#[test]
fn a_certificate_with_what_it_has_not_said_silences_a_member_too() {
    let mut net = Net::new(charter(4, 0..=0));
    let view = net.view(0);
    let certificate = net.certificate(Statement::Nullify { view }, &[0, 1, 2]);
    net.hear_message(0, Message::Certificates(vec![certificate]));
    assert_eq!(observes(&net, 0), Some(WhyObserving::Copied));
}

#[test]
fn a_member_with_an_old_disk_is_silenced_by_what_it_has_finalized_since() {
    // A quorum is all three of them, so its signature is in each certificate.
    let mut net = Net::new(charter(3, 0..=0));
    net.pass(3000);
    let old = net.peers[0].host.disk().clone();
    net.pass(10_000);
    net.peers[0].host = Host::new(old);
    net.start(0, Past::Perhaps);
    net.pass(3000);
    assert_eq!(observes(&net, 0), Some(WhyObserving::Copied));
}

#[test]
fn hearing_its_own_words_again_changes_nothing() {
    let mut net = Net::new(charter(4, 0..=0));
    net.speaks = vec![false; 4];
    net.pass(5000);
    let view = net.view(0);
    let words = net.engine(0).words()[&view];
    for word in words.all() {
        net.hear_message(0, Message::Vote(word));
    }
    assert_eq!(observes(&net, 0), None);
}

#[test]
fn words_are_on_disk_before_they_are_sent_and_forgotten_once_a_block_is_committed() {
    let mut net = Net::new(charter(4, 0..=0));
    net.submit(0, 1);
    net.pass(100);
    for index in 0..4 {
        let (view, state) = (net.log(index)[0].view, net.state(index));
        assert!(state.words.keys().all(|said| *said > view));
        assert!(state.blocks.is_empty() && state.joined.is_some());
        assert!(state.certificates.iter().all(|it| it.statement.view() > view));
    }
}

#[test]
fn what_is_durable_survives_its_bytes() {
    let mut net = Net::new(charter(4, 0..=0));
    net.pass(2000);
    net.speaks = vec![false; 4];
    net.pass(30_000);
    let state = &net.state(0);
    assert!(!state.words.is_empty());
    let mut restored = <Durable as althing_engine::Durable>::State::default();
    for name in <althing_engine::simplex::State as althing_engine::State>::CELLS {
        if let Some(bytes) = althing_engine::State::cell(state, name) {
            althing_engine::State::restore(&mut restored, name, &bytes).expect("its own bytes");
            let cut = &bytes[..bytes.len().saturating_sub(1)];
            if !cut.is_empty() {
                let mut other = althing_engine::simplex::State::default();
                assert!(althing_engine::State::restore(&mut other, name, cut).is_err());
            }
        }
    }
    assert_eq!(restored, *state);
}

#[test]
fn a_finalized_block_is_never_nullified_by_who_finalized_it() {
    let mut net = Net::new(charter(4, 0..=0));
    net.pass(1200);
    // Only member 0 sees that the next block is notarized; all votes to finalize are lost.
    net.speaks = vec![false; 4];
    let view = net.view(0);
    let leader = net.charter.leader(view).0;
    net.pass(1500);
    let block = net.engine(usize::from(leader)).words()[&view].notarize.expect("it has proposed");
    let hash = block.statement.block().expect("it is one");
    for member in 1..4 {
        net.hear(0, Statement::Notarize { view, block: hash }, member);
    }
    let words = net.engine(0).words().get(&view).copied().unwrap_or_default();
    let is_left = net.view(0) > view;
    assert!(is_left, "a quorum has notarized it");
    let has = |kind: StatementKind| words.all().any(|word| word.statement.kind() == kind);
    assert!(has(StatementKind::Finalize) != has(StatementKind::Nullify));
    assert!(View::FIRST < view);
}

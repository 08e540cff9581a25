//! Rule B13 when the clock is set: blocks that were too far ahead are fetched and taken.

use althing_engine::nakamoto::{Event, Input, Message, Mining, Output};
use althing_types::UnixTime;

use crate::common::{Peer, answer, events, headers_first, new_chain, sent};

/// The time at which the chains of these tests are made.
const RIGHT: u64 = 1_700_000_000;

#[test]
fn a_peer_whose_clock_is_set_later_takes_the_blocks_that_were_too_far_ahead() {
    let rules = headers_first();
    let theirs = new_chain(&rules, "they", 4);
    let mut peer = Peer::new(rules, Mining::Off);
    // The machine began without a clock.
    let _ = peer.handle(Input::WallClock(UnixTime::from_seconds(1_600_000_000)));
    peer.meet([1]);
    let block = theirs.block_at(althing_types::Height::new(1)).expect("four blocks");
    let refused = peer.hear(1, Message::Announcement((*block).clone()));
    assert!(events(&refused).any(|event| matches!(event, Event::MessageRefused { .. })));
    assert_eq!(peer.length(), 1);

    let out = peer.handle(Input::WallClock(UnixTime::from_seconds(RIGHT)));
    assert!(sent(&out).any(|(_, message)| *message == Message::TipRequest), "{out:?}");
    let _ = peer.converse(out, |_, question| answer(&theirs, question));
    assert_eq!(peer.length(), 4);
}

#[test]
fn a_search_for_a_block_begins_anew_when_the_clock_is_set() {
    let mut peer = Peer::new(headers_first(), Mining::FromGenesis);
    let times = |out: &[Output]| -> Vec<u64> {
        let searches = out.iter().filter_map(|output| match output {
            Output::Search { work, .. } => work.with_nonce(0).time(),
            _ => None,
        });
        searches.map(UnixTime::seconds).collect()
    };
    let out = peer.handle(Input::Start);
    assert_eq!(times(&out), [RIGHT]);
    let out = peer.handle(Input::WallClock(UnixTime::from_seconds(RIGHT + 86_400)));
    assert_eq!(times(&out), [RIGHT + 86_400]);
    let out = peer.handle(Input::WallClock(UnixTime::from_seconds(RIGHT + 86_400)));
    assert_eq!(times(&out), [] as [u64; 0], "it shows what was expected");
}

#[test]
fn a_peer_says_that_its_clock_is_wrong_when_three_others_agree_that_it_is() {
    let rules = headers_first();
    let theirs = new_chain(&rules, "they", 4);
    let mut peer = Peer::new(rules, Mining::Off);
    let _ = peer.handle(Input::WallClock(UnixTime::from_seconds(1_600_000_000)));
    peer.meet(1..=3);
    let block = theirs.block_at(althing_types::Height::new(1)).expect("four blocks");
    let mut told = Vec::new();
    for other in [1, 1, 2, 3] {
        let out = peer.hear(other, Message::Announcement((*block).clone()));
        let wrong = |event: &Event| match event {
            Event::ClockWrong { ahead } => Some(*ahead),
            _ => None,
        };
        told.push(events(&out).find_map(wrong));
    }
    let ahead = i64::try_from(RIGHT - 1_600_000_000).expect("some years");
    assert_eq!(told, [None, None, None, Some(ahead)]);
}

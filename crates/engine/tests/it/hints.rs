//! What a peer makes of reports that others are gone, and of others that speak otherwise.

use althing_engine::rounds::{Counting, Event, Input, Message, Recovered, Rounds, Rules, Timer};
use althing_engine::{OtherNetwork, Overheard};

use crate::common::{events, handle, hear, id, member, rules, said};

fn published(peers: u16) -> Rounds {
    let rules = Rules { counting: Counting::Arrivals, ..rules(peers) };
    let mut peer = member(rules, id(0), Recovered::default());
    handle(&mut peer, Input::Start);
    peer
}

fn announcement(peer: usize) -> Message {
    Message::Announcement { peer: id(peer), key: None, members: None, start: None }
}

/// Returns whether these outputs tell that peer 1 is lost.
fn is_lost(outputs: &[althing_engine::rounds::Output]) -> bool {
    events(outputs).any(|event| *event == Event::PeerLost { peer: id(1) })
}

#[test]
fn a_published_peer_takes_nobody_for_lost_on_a_hint_alone() {
    let mut peer = published(3);
    hear(&mut peer, announcement(1));
    for _ in 0..3 {
        assert_eq!(handle(&mut peer, Input::PeerLost(id(1))), []);
        // Strangers are nobody to miss.
        assert_eq!(handle(&mut peer, Input::PeerLost(id(9))), []);
        // Something was heard since the last look.
        hear(&mut peer, announcement(0));
        assert!(!is_lost(&handle(&mut peer, Input::Timer(Timer::Repeat))));
    }
    // What is heard of the peer itself is proof enough.
    hear(&mut peer, announcement(1));
    handle(&mut peer, Input::Timer(Timer::Repeat));
    assert!(!is_lost(&handle(&mut peer, Input::Timer(Timer::Repeat))));
    assert_eq!(handle(&mut peer, Input::PeerLost(id(1))), []);
    assert!(is_lost(&handle(&mut peer, Input::Timer(Timer::Repeat))));
    assert!(!is_lost(&handle(&mut peer, Input::Timer(Timer::Repeat))), "it is told once");
}

fn neighbour(among_us: bool) -> Input {
    let network = OtherNetwork { speech: "as peers of sd".into(), advice: "use sd".into() };
    Input::Overheard(Overheard { network, speaker: Some(1), among_us })
}

#[test]
fn a_published_peer_alone_among_others_falls_silent_until_its_own_come() {
    let mut peer = published(3);
    handle(&mut peer, neighbour(false));
    assert_eq!(said(&hear(&mut peer, announcement(0))).count(), 1, "they do not hear it");
    let mut peer = published(3);
    handle(&mut peer, neighbour(true));
    assert_eq!(said(&hear(&mut peer, announcement(0))).count(), 0);
    assert_eq!(said(&hear(&mut peer, announcement(1))).count(), 1, "here is one of its own");
}

//! Pictures of the screen, which are also its documentation.

use althing_engine::rounds::{Event, Refusal, Waiting};
use althing_feed::PeerEvent;
use althing_types::{Channel, Transaction};

use super::made_up::{Story, challenge, joined, peer, solution, vote};

/// Compares a story with its pictures, in the usual terminal and in a large one.
fn assert_looks(name: &str, story: &Story) {
    assert_picture(name, story, 80, 24);
    assert_picture(name, story, 120, 40);
}

fn assert_picture(name: &str, story: &Story, width: u16, height: u16) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        let name = format!("{name}_{width}x{height}");
        insta::assert_snapshot!(name, story.picture(width, height));
    });
}

/// Ten peers that have decided `rows` rows.
fn grown(rows: u64) -> Story {
    let mut story = Story::new(10, Some(100));
    story.led(3);
    for row in 0..rows {
        let winner = usize::try_from(row * 7 % 10 + 1).expect("a small number");
        story.after(300).row(row, 18 + row % 5, winner, 40 + row * 7919 % 1400);
    }
    story
}

#[test]
fn discovery() {
    let mut story = Story::new(10, Some(100));
    story.connected();
    for number in 1..=7 {
        story.after(130).all(&joined(number));
    }
    story.after(5000).all(&Event::Waiting(Waiting::Peers { known: 7, needed: 10 }));
    story.after(3000);
    assert_looks("discovery", &story);
}

#[test]
fn mining() {
    let mut story = grown(4);
    story.after(2000).all(&challenge(4, 26, 3)).mined();
    assert_looks("mining", &story);
}

#[test]
fn voting() {
    let mut story = grown(41);
    story.after(2000).all(&challenge(41, 24, 3)).mined();
    story.all(&solution(41, 7, "8374928371")).all(&solution(41, 2, "1192837465")).after(10);
    for voter in [3, 7, 2, 10, 5] {
        story.after(2).all(&vote(41, voter, "8374928371", true));
    }
    story.all(&vote(41, 8, "8374928371", false));
    assert_looks("voting", &story);
}

#[test]
fn waiting_for_a_majority() {
    let mut story = grown(12);
    story.after(2000).all(&challenge(12, 24, 3)).after(10_000);
    for lost in [1, 2, 5, 6, 9] {
        story.report(lost, PeerEvent::Disconnected { reason: "connection refused".to_owned() });
        story.report(3, Event::PeerLost { peer: peer(lost) });
    }
    let waiting = Waiting::Majority { heard: 5, needed: 6 };
    story.report(3, Event::Waiting(waiting));
    let stranger = peer(77);
    for _ in 0..20 {
        let reason = Refusal::Ahead { transaction: Transaction::new(u64::MAX) };
        story.all(&Event::MessageRefused { claimed: stranger, reason });
    }
    for number in 1..=10 {
        story.report(number, PeerEvent::further_refused(980));
    }
    story.all(&Event::MessageRefused { claimed: stranger, reason: Refusal::Stranger });
    story.after(72_000);
    assert_looks("waiting", &story);
}

#[test]
fn finished() {
    let mut story = grown(100);
    let (topic, reason) = ("althing/\u{1b}[2Jroom/vote", "not JSON\r\n");
    let (topic, reason) = (topic.to_owned(), reason.to_owned());
    story.report(4, PeerEvent::refused_from(&Channel::topic(topic), reason));
    story.all(&Event::AllRecorded).after(200);
    assert_looks("finished", &story);
}

#[test]
fn an_observer_a_cut_connection_and_a_lost_vote() {
    let mut story = Story::new(3, None);
    story.led(2).row(0, 20, 1, 2300);
    story
        .all(&joined(4))
        .all(&Event::MembershipSettled { members: (1..=3).map(peer).collect(), member: true });
    story.after(500).all(&challenge(1, 24, 2)).after(400).all(&solution(1, 3, "17"));
    for voter in 1..=3 {
        story.all(&vote(1, voter, "17", voter == 3));
    }
    story.all(&Event::RoundFailed { transaction: Transaction::new(1), yes: 1, no: 2 });
    story.report(3, PeerEvent::Disconnected { reason: "connection refused".to_owned() });
    assert_picture("unusual", &story, 80, 24);
}

#[test]
fn more_peers_than_there_is_room_for() {
    let mut story = Story::new(64, None);
    story.led(3).after(100).row(0, 12, 33, 20);
    assert_looks("crowd", &story);
}

#[test]
fn too_small() {
    let story = grown(1);
    assert_picture("too_small", &story, 40, 6);
}

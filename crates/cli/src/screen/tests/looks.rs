//! Pictures of the screen, which are also its documentation.

use althing_board::{ChainBoard, Decides, HowDecided};
use althing_engine::Ground;
use althing_engine::rounds::{Election, Event, Refusal, Tie, Waiting};
use althing_feed::{self as feed, ChainEvent, PeerEvent};
use althing_types::{Address, BlockHash, Channel, Height, Moment, Transaction};
use ratatui::backend::TestBackend;

use super::made_up::{
    CONTROLS, Story, challenge, joined, peer, picture_of, solution, vote, votes_decide,
};
use crate::screen::{Controls, Shown};

/// Compares a story with its pictures, in the usual terminal and in a large one.
fn assert_looks(name: &str, story: &Story) {
    assert_picture(name, story, 80, 24);
    assert_picture(name, story, 120, 40);
}

fn assert_picture(name: &str, story: &Story, width: u16, height: u16) {
    assert_snapshot(name, &story.picture(width, height), width, height);
}

pub(super) fn assert_snapshot(name: &str, picture: &TestBackend, width: u16, height: u16) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        let name = format!("{name}_{width}x{height}");
        insta::assert_snapshot!(name, picture);
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
    let ground = Ground { kind: "not_a_message", rule: None, is_breach: true };
    story.report(4, PeerEvent::refused_from(&Channel::topic(topic), ground, reason));
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

#[test]
fn a_leader_that_decides_alone_and_one_that_most_have_drawn() {
    let rules = HowDecided { decides: Decides::Leader, ..votes_decide(10) };
    let mut story = Story::with_rules(10, None, rules);
    story.led(8).after(100).row(0, 18, 2, 1400);
    story.after(2000).all(&challenge(1, 19, 8)).after(700).all(&solution(1, 4, "77"));
    assert_picture("leader_decides", &story, 80, 24);

    let rules = HowDecided { election: Election::plurality(Tie::SmallestId), ..votes_decide(5) };
    let mut story = Story::with_rules(5, None, rules);
    let draws = [(1, 3), (2, 3), (3, 5), (4, 3), (5, 1)];
    let draws = draws.map(|(from, to)| (peer(from), peer(to).number())).to_vec();
    let leader = peer(3);
    story.led(3);
    let term = althing_types::Term::new(1);
    story.all(&Event::LeaderElected { leader, term, draw: Some(peer(5).number()), draws });
    assert_picture("plurality", &story, 80, 24);
}

#[test]
fn what_the_keys_have_done() {
    let mut story = grown(2);
    story.after(2000).all(&challenge(2, 20, 3)).after(1500);
    story.board.set_down(peer(3), true);
    let controls = Controls { speed: Some(0.5), is_paused: true, killed: 1, ..CONTROLS };
    let picture =
        |controls: &Controls| picture_of(Shown::Rounds(&story.board), controls, story.now, 80, 24);
    assert_snapshot("paused", &picture(&controls), 80, 24);
    assert_snapshot("help", &picture(&Controls { shows_help: true, ..CONTROLS }), 80, 24);
}

#[test]
fn what_was_broken_shows_beside_the_peers_and_above_them() {
    let mut story = grown(2);
    story.after(2000).all(&challenge(2, 20, 3)).after(1500);
    let name = |number| feed::PeerName::from(peer(number));
    let byzantine = Some("votes-twice".to_owned());
    let cut = "peer 2 no longer hears peer 1".to_owned();
    for event in [
        feed::DemoEvent::PeerFrozen { frozen: name(2) },
        feed::DemoEvent::PeerRestarted { restarted: name(4), byzantine },
        feed::DemoEvent::PeerCrashed { crashed: name(5) },
        feed::DemoEvent::FaultSet { fault: 7, kind: "cut".to_owned(), sentence: cut, seed: None },
    ] {
        let (time, at) = (std::time::SystemTime::UNIX_EPOCH, story.now);
        let (network, peer, names) = (None, None, Default::default());
        let event = feed::Event::Demo(event);
        story.board.apply(&feed::Record { sequence: 0, time, at, network, peer, names, event });
    }
    let said = Some("peer 5 crashed".to_owned());
    let controls = Controls { chosen: Some(3), said, killed: 1, ..CONTROLS };
    let picture = picture_of(Shown::Rounds(&story.board), &controls, story.now, 80, 24);
    assert_snapshot("broken", &picture, 80, 24);
}

#[test]
fn a_chain_with_a_fork() {
    let at = |millis| Moment::from_start(std::time::Duration::from_millis(millis));
    let address = |number: usize| {
        let port = 40_000 + u16::try_from(number).expect("a small number");
        Address::new("127.0.0.1", port).expect("a host")
    };
    let place = "http://127.0.0.1:40000".to_owned();
    let mut board = ChainBoard::new("aviary", Some(65_536.0), None, place);
    (1..=5).for_each(|number| board.add(&address(number)));
    let mut tell = |millis, peer: usize, event: feed::Event| {
        let time = std::time::SystemTime::UNIX_EPOCH;
        let peer = Some(address(peer).into());
        board.apply(&feed::Record {
            sequence: 0,
            time,
            at: at(millis),
            network: None,
            peer,
            names: Default::default(),
            event,
        });
    };
    let hash = |byte: u8| BlockHash::from_bytes([byte; 32]);
    let found =
        |height, byte| ChainEvent::BlockMined { height: Height::new(height), hash: hash(byte) };
    let tip = |height, byte, disconnected| {
        let (height, hash) = (Height::new(height), hash(byte));
        ChainEvent::TipChanged { height, hash, disconnected, connected: disconnected + 1 }
    };
    for peer in 1..=5 {
        tell(0, peer, PeerEvent::Connected {}.into());
    }
    for (millis, peer, height, byte) in [(1000, 1, 0, 0x11), (7000, 4, 1, 0x44), (7200, 2, 1, 0x22)]
    {
        tell(millis, peer, feed::Event::Chain(tip(height, byte, 0)));
        tell(millis, peer, feed::Event::Chain(found(height, byte)));
    }
    tell(7300, 3, feed::Event::Chain(tip(1, 0x44, 0)));
    let pooled = ChainEvent::EntryPooled { entry: "message 9 of #5".into(), author: None };
    tell(7400, 5, feed::Event::Chain(pooled));
    tell(16_000, 2, feed::Event::Chain(tip(2, 0x33, 0)));
    tell(16_000, 2, feed::Event::Chain(found(2, 0x33)));
    tell(16_300, 3, feed::Event::Chain(tip(2, 0x33, 1)));
    board.set_down(4, true);
    for (tenth, millis) in (0..30_u64).zip((13_000_u64..).step_by(100)) {
        board.set_hashes(at(millis), (1..=5).map(|number| (tenth / 5) * 800 * number));
    }
    let picture = picture_of(Shown::Chain(&board), &CONTROLS, at(17_000), 80, 24);
    assert_snapshot("chain", &picture, 80, 24);
}

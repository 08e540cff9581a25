//! Pictures of assemblies, which are also their documentation.

use std::time::{Duration, SystemTime};

use althing_board::AssemblyBoard;
use althing_feed::{
    AssemblyEvent, ChainEvent, CharterMember, DemoEvent, Event, Id, PeerEvent, PeerName, Record,
    Word,
};
use althing_types::{BlockHash, Height, Moment, PeerId, View};

use super::looks::assert_snapshot;
use super::made_up::{CONTROLS, picture_of};
use crate::screen::{Controls, Shown};

const NAMES: [&str; 4] = ["ann", "bob", "carol", "dave"];

/// Four members in one process, all of which tell the board whatever one of them tells.
struct Story {
    board: AssemblyBoard,
    now: Moment,
    height: u64,
    view: u64,
}

fn id(number: usize) -> Id {
    PeerId::new(number as u128).into()
}

fn name(number: usize) -> PeerName {
    PeerId::new(number as u128).into()
}

impl Story {
    fn new(wanted: Option<u64>) -> Self {
        let board = AssemblyBoard::new("assembly", wanted, "http://127.0.0.1:40000".to_owned());
        let mut story = Self { board, now: Moment::START, height: 0, view: 1 };
        let members = (1..).zip(NAMES).map(|(number, name)| CharterMember {
            id: id(number),
            name: name.parse().expect("it is a name"),
        });
        let members: Vec<_> = members.collect();
        for number in 1..=4 {
            story.report(Some(number), PeerEvent::Connected {});
            let (chain, members) = ("ab".to_owned(), members.clone());
            let charter =
                AssemblyEvent::CharterFollowed { chain, members, quorum: 3, member: true };
            story.report(Some(number), charter);
        }
        story
    }

    fn after(&mut self, millis: u64) -> &mut Self {
        self.now = self.now + Duration::from_millis(millis);
        self
    }

    fn report(&mut self, by: Option<usize>, event: impl Into<Event>) -> &mut Self {
        let (time, at, peer) = (SystemTime::UNIX_EPOCH, self.now, by.map(name));
        let (names, event) = (Default::default(), event.into());
        self.board.apply(&Record { sequence: 0, time, at, network: None, peer, names, event });
        self
    }

    /// All of some members tell of an event.
    fn all(&mut self, by: &[usize], event: &AssemblyEvent) -> &mut Self {
        for number in by {
            self.report(Some(*number), event.clone());
        }
        self
    }

    /// The next view, which `leader` leads.
    fn enters(&mut self, by: &[usize], leader: usize) -> &mut Self {
        self.view += 1;
        let view = View::new(self.view);
        self.all(by, &AssemblyEvent::ViewEntered { view, leader: id(leader) })
    }

    /// A block of the view, made by its leader.
    fn commits(&mut self, by: &[usize], leader: usize) -> &mut Self {
        self.height += 1;
        let byte = u8::try_from(self.height * 37 % 251).expect("a byte");
        let entries = usize::try_from(self.height % 3).expect("a small number");
        let committed = AssemblyEvent::BlockCommitted {
            height: Height::new(self.height),
            hash: BlockHash::from_bytes([byte; 32]),
            view: View::new(self.view),
            maker: id(leader),
            entries,
        };
        self.all(by, &committed)
    }

    /// A view that all enter, in which a block is committed.
    fn block(&mut self, by: &[usize], leader: usize, took: u64) -> &mut Self {
        self.after(900).enters(by, leader).after(took).commits(by, leader)
    }

    /// The view ends without a block.
    fn passes(&mut self, by: &[usize], leader: usize) -> &mut Self {
        let view = View::new(self.view);
        self.all(by, &AssemblyEvent::LeaderPassedOver { view, leader: id(leader) })
    }

    fn picture(&self, controls: &Controls) -> String {
        picture_of(Shown::Assembly(&self.board), controls, self.now, 80, 24).to_string()
    }

    fn assert_looks(&self, name: &str, controls: &Controls) {
        let shown = Shown::Assembly(&self.board);
        assert_snapshot(name, &picture_of(shown, controls, self.now, 80, 24), 80, 24);
    }
}

/// An assembly without a pace, as all are.
fn controls() -> Controls {
    Controls { speed: None, ..CONTROLS }
}

#[test]
fn an_assembly_that_goes_on() {
    let mut story = Story::new(None);
    let all = [1, 2, 3, 4];
    for (leader, took) in [(2, 84), (4, 61), (1, 93), (1, 70), (3, 66)] {
        story.block(&all, leader, took);
    }
    let entry = || ChainEvent::EntryPooled { entry: "note 12".into(), author: None };
    story.after(300).report(Some(2), entry()).enters(&all, 3).after(200);
    story.assert_looks("assembly", &controls());
    let help = story.picture(&Controls { shows_help: true, ..controls() });
    assert!(help.contains("chooses a member; else the leader is meant"), "{help}");
}

#[test]
fn a_member_that_was_killed_and_one_that_lies() {
    let mut story = Story::new(None);
    let (all, up) = ([1, 2, 3, 4], [2, 3, 4]);
    story.block(&all, 2, 84).after(500).enters(&all, 1);
    story.report(None, DemoEvent::PeerCrashed { crashed: name(1) });
    for by in up {
        story.report(Some(by), PeerEvent::PeerLost { lost: name(1) });
    }
    story.after(1200).passes(&up, 1).block(&up, 3, 90).after(100).enters(&up, 4);
    let view = View::new(story.view);
    let reason = "the block does not follow one that may be built on".to_owned();
    let refused = AssemblyEvent::ProposalRefused { view, leader: id(4), reason };
    story.all(&[2, 3], &refused).after(40).passes(&up, 4);
    let word = |statement: &str| Word { statement: statement.into(), signature: String::new() };
    let (first, second) = (word("notarizes 1a2b in view 4"), word("notarizes 3c4d in view 4"));
    let contradicted = AssemblyEvent::MemberContradicted { member: id(4), first, second };
    story.all(&[2, 3], &contradicted).after(300).enters(&up, 1).after(100);
    story.assert_looks("assembly_trouble", &Controls { killed: 1, chosen: Some(4), ..controls() });
}

#[test]
fn an_assembly_without_a_quorum_and_one_that_has_ended() {
    let mut story = Story::new(Some(2));
    let (all, up) = ([1, 2, 3, 4], [1, 2]);
    story.block(&all, 2, 84).after(500);
    let missing = vec![id(3), id(4)];
    story.all(&up, &AssemblyEvent::Standstill { here: 2, needed: 3, missing }).after(42_000);
    story.assert_looks("assembly_standstill", &controls());
    story.block(&all, 1, 80).after(500);
    let picture = story.picture(&controls());
    assert!(picture.contains("Finished: all blocks are committed"), "{picture}");
}

#[test]
fn whatever_size_it_has_an_assembly_can_be_drawn() {
    let mut story = Story::new(None);
    story.block(&[1, 2, 3, 4], 2, 84).after(500).enters(&[1], 1);
    for member in 5..200 {
        story.report(Some(member), PeerEvent::Connected {});
    }
    for (width, height) in [(1, 1), (72, 18), (80, 24), (120, 40), (200, 60)] {
        picture_of(Shown::Assembly(&story.board), &controls(), story.now, width, height);
    }
    let nothing = AssemblyBoard::new("", None, String::new());
    picture_of(Shown::Assembly(&nothing), &controls(), Moment::START, 80, 24);
}

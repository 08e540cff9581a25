//! Reports that nobody made.

use std::time::{Duration, SystemTime};

use althing_board::{Board, Decides, HowDecided};
use althing_engine::rounds::{CertifiedRecord, Election, Event, Record, StartsDigest, Tie};
use althing_feed::{self as feed, PeerEvent};
use althing_types::{Difficulty, Moment, PeerId, Seed, Term, Transaction};
use ratatui::backend::TestBackend;

use crate::screen::{Controls, Shown, draw};

pub(super) const BROKER: &str = "mqtt://127.0.0.1:1883";

/// A network of peers in one process, all of which tell the board whatever one of them tells.
pub(super) struct Story {
    pub(super) board: Board,
    pub(super) now: Moment,
    peers: usize,
    leader: usize,
}

/// Returns the peer that comes `number`th, with an id as published programs choose them.
pub(super) fn peer(number: usize) -> PeerId {
    let number = u128::try_from(number).expect("a small number");
    PeerId::new(1_000_000_000_000_000_003 + number * 778_899_001_234_567)
}

pub(super) fn bits(bits: u64) -> Difficulty {
    Difficulty::from_bits(bits).expect("in range")
}

pub(super) fn seed(text: &str) -> Seed {
    Seed::new(text).expect("short enough")
}

pub(super) fn joined(number: usize) -> Event {
    Event::PeerJoined { peer: peer(number), known: number }
}

/// The peer with this number leads, having drawn the most.
pub(super) fn elected(number: usize, term: u64) -> Event {
    let draw = |other: usize| if other == number { 251 } else { number_of(other).into() };
    let draws = (1..=10).map(|other| (peer(other), draw(other))).collect();
    let (leader, term) = (peer(number), Term::new(term));
    Event::LeaderElected { leader, term, draw: Some(251), draws }
}

/// Returns the rules of a network in which a majority decides.
pub(super) fn votes_decide(peers: usize) -> HowDecided {
    HowDecided {
        decides: Decides::Votes,
        votes_needed: peers / 2 + 1,
        election: Election::highest(255, Tie::SmallestId),
        is_elected_often: false,
    }
}

pub(super) const CONTROLS: Controls = Controls {
    speed: Some(1.0),
    is_paused: false,
    shows_help: false,
    killed: 0,
    chosen: None,
    said: None,
    can_break: true,
};

pub(super) fn challenge(row: u64, difficulty: u64, leader: usize) -> Event {
    let (transaction, difficulty) = (Transaction::new(row), bits(difficulty));
    Event::ChallengeIssued { transaction, difficulty, leader: peer(leader) }
}

pub(super) fn solution(row: u64, finder: usize, text: &str) -> Event {
    let transaction = Transaction::new(row);
    Event::SolutionFound { transaction, finder: peer(finder), seed: seed(text) }
}

pub(super) fn vote(row: u64, voter: usize, text: &str, approve: bool) -> Event {
    let transaction = Transaction::new(row);
    Event::VoteCast { transaction, voter: peer(voter), seed: seed(text), approve }
}

pub(super) fn decided(row: u64, difficulty: u64, winner: usize, text: &str, yes: usize) -> Event {
    Event::RoundDecided(CertifiedRecord {
        record: Record {
            transaction: Transaction::new(row),
            difficulty: bits(difficulty),
            seed: seed(text),
            winner: peer(winner),
        },
        term: Term::FIRST,
        votes: (1..=yes).map(|voter| (peer(voter), None)).collect(),
        noes: 0,
        starts: StartsDigest(0),
    })
}

/// Returns the record of an event.
pub(super) fn record(at: Moment, peer: PeerId, event: feed::Event) -> feed::Record {
    let (time, peer) = (SystemTime::UNIX_EPOCH, Some(peer.into()));
    feed::Record { sequence: 0, time, at, network: None, peer, names: Default::default(), event }
}

impl Story {
    pub(super) fn new(peers: usize, rounds: Option<u64>) -> Self {
        Self::with_rules(peers, rounds, votes_decide(peers))
    }

    pub(super) fn with_rules(peers: usize, rounds: Option<u64>, rules: HowDecided) -> Self {
        let board = Board::new("elect-chain", peers, rules, rounds, BROKER.to_owned());
        Self { board, now: Moment::START, peers, leader: 1 }
    }

    pub(super) fn after(&mut self, millis: u64) -> &mut Self {
        self.now = self.now + Duration::from_millis(millis);
        self
    }

    /// One peer tells of something.
    pub(super) fn report(&mut self, by: usize, event: impl Into<feed::Event>) -> &mut Self {
        self.board.apply(&record(self.now, peer(by), event.into()));
        self
    }

    /// All peers tell of an event.
    pub(super) fn all(&mut self, event: &Event) -> &mut Self {
        for number in 1..=self.peers {
            self.report(number, event.clone());
        }
        self
    }

    pub(super) fn connected(&mut self) -> &mut Self {
        for number in 1..=self.peers {
            self.report(number, PeerEvent::Connected {});
        }
        self
    }

    /// All peers have come and follow one of them.
    pub(super) fn led(&mut self, leader: usize) -> &mut Self {
        self.leader = leader;
        self.connected();
        for number in 1..=self.peers {
            self.after(20).all(&joined(number));
        }
        let members = (1..=self.peers).map(peer).collect();
        self.after(100).all(&Event::MembershipSettled { members, member: true });
        self.after(150).all(&elected(leader, 0))
    }

    /// A row from its challenge to its record.
    pub(super) fn row(&mut self, row: u64, difficulty: u64, winner: usize, took: u64) -> &mut Self {
        let text = (row * 917_263_541 % 9_999_999_967).to_string();
        self.all(&challenge(row, difficulty, self.leader)).after(took / 2);
        self.all(&solution(row, winner, &text)).after(took - took / 2);
        for voter in 1..self.peers {
            self.all(&vote(row, voter, &text, true));
        }
        self.all(&decided(row, difficulty, winner, &text, self.peers / 2 + 1));
        self.all(&vote(row, self.peers, &text, true))
    }

    /// All peers mine for two seconds, the later ones a little faster.
    pub(super) fn mined(&mut self) -> &mut Self {
        for tenth in 0..=20 {
            let hashed = |number| (peer(number), number_of(number) * 104_729 * (tenth / 5));
            let totals: Vec<_> = (1..=self.peers).map(hashed).collect();
            self.board.set_hashes(self.now, &totals);
            if tenth < 20 {
                self.after(100);
            }
        }
        self
    }

    pub(super) fn picture(&self, width: u16, height: u16) -> TestBackend {
        picture(&self.board, self.now, width, height)
    }
}

fn number_of(number: usize) -> u64 {
    10 + u64::try_from(number).expect("a small number")
}

pub(super) fn picture(board: &Board, now: Moment, width: u16, height: u16) -> TestBackend {
    picture_of(Shown::Rounds(board), &CONTROLS, now, width, height)
}

pub(super) fn picture_of(
    shown: Shown<'_>,
    controls: &Controls,
    now: Moment,
    width: u16,
    height: u16,
) -> TestBackend {
    let mut terminal = ratatui::Terminal::new(TestBackend::new(width, height))
        .expect("a test backend does not fail");
    terminal
        .draw(|frame| draw::draw(shown, controls, now, frame))
        .expect("a test backend does not fail");
    terminal.backend().clone()
}

//! A peer that counts messages as they arrive, where the leader judges, and what it makes of rows
//! that it has missed.

use std::time::Duration;

use althing_engine::rounds::{
    CertifiedRecord, Counting, Decision, Durable, Event, Identity, Input, Issuing, Message, Output,
    Past, Place, Record, Recovered, Refusal, Rounds, Rules, Ruling, Seat, Signed, Timer, Unsigned,
    Waiting,
};
use althing_engine::{Engine, Origin};
use althing_pow::Puzzle;
use althing_types::{Moment, PeerId, Seed, Term, Transaction};

use crate::common::{bits, durables, events, handle, hear, id, member, rules, said};

/// The rules of the published `sd`, for a peer and its leader.
fn controlled() -> Rules {
    Rules {
        counting: Counting::Arrivals,
        decision: Decision::Leader,
        puzzle: Puzzle::SHA1_DECIMAL,
        issuing: Issuing::AtOnce,
        rounds: None,
        ..rules(2)
    }
}

/// A peer, the moment, and what it has said and recorded so far.
struct Peer {
    engine: Rounds,
    now: Moment,
}

const ME: usize = 0;
const OTHER: usize = 1;

impl Peer {
    /// Returns a peer that has met another one, which leads or not.
    fn new(rules: Rules, other_leads: bool) -> Self {
        let engine = member(rules, id(ME), Recovered::default());
        let mut peer = Self { engine, now: Moment::START };
        let start = peer.handle(Input::Start);
        assert_eq!(durables(&start), [&Durable::Session]);
        for known in [ME, OTHER] {
            peer.hear(Message::Announcement {
                peer: id(known),
                key: None,
                members: None,
                start: None,
            });
        }
        // A draw above all others.
        let (winner, loser) = if other_leads { (OTHER, ME) } else { (ME, OTHER) };
        for (drawer, draw) in [(winner, 1000), (loser, 0)] {
            peer.hear(Message::Election { peer: id(drawer), draw, state: None });
        }
        peer
    }

    fn handle(&mut self, input: Input) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.engine.handle(self.now, input, &mut outputs);
        outputs
    }

    fn hear(&mut self, message: Message) -> Vec<Output> {
        let message = Signed { message, signature: None };
        self.handle(Input::Message { from: Origin::default(), message })
    }

    fn asked(&mut self, row: u64, difficulty: u64) -> Vec<Output> {
        self.hear(challenge(row, difficulty))
    }

    fn judged(&mut self, row: u64, seed: u64) -> Vec<Output> {
        self.hear(Message::Verdict {
            peer: PeerId::UNNAMED,
            transaction: Transaction::new(row),
            seed: Seed::from(seed),
            winner: id(7),
            ruling: Ruling::Accepted,
        })
    }
}

fn challenge(row: u64, difficulty: u64) -> Message {
    let place = Some(Place { transaction: Transaction::new(row), term: Term::FIRST });
    Message::Challenge { peer: PeerId::UNNAMED, difficulty: bits(difficulty), place }
}

/// Returns the number and the difficulty of each row that is recorded.
fn recorded(outputs: &[Output]) -> Vec<(u64, u16)> {
    let rows = durables(outputs).into_iter().filter_map(|durable| match durable {
        Durable::Record(CertifiedRecord { record, .. }) => {
            let Record { transaction, difficulty, .. } = record;
            Some((transaction.number(), difficulty.bits()))
        }
        _ => None,
    });
    rows.collect()
}

fn refusals(outputs: &[Output]) -> Vec<Refusal> {
    let refused = events(outputs).filter_map(|event| match event {
        Event::MessageRefused { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    refused.collect()
}

/// 351 has ten zero bits, and so solves every easier challenge as well.
const SEED: u64 = 351;

#[test]
fn after_a_gap_rows_that_are_not_named_are_not_recorded() {
    for interrupted in [false, true] {
        let mut peer = Peer::new(controlled(), true);
        peer.asked(0, 2);
        assert_eq!(recorded(&peer.judged(0, SEED)), [(0, 2)]);
        if interrupted {
            let said = peer.handle(Input::Interrupted);
            assert_eq!(events(&said).count(), 0, "the next messages may name their row");
        }
        assert_eq!(peer.engine.status().waiting, None);
        let mut told = Vec::new();
        for row in 1..4 {
            let unnamed =
                Message::Challenge { peer: PeerId::UNNAMED, difficulty: bits(3), place: None };
            peer.hear(unnamed);
            let outputs = peer.judged(Transaction::UNNAMED.number(), SEED);
            let expected: &[(u64, u16)] = if interrupted { &[] } else { &[(row, 3)] };
            assert_eq!(recorded(&outputs), expected);
            told.extend(events(&outputs).filter_map(|event| match event {
                Event::Waiting(waiting) => Some(waiting.clone()),
                _ => None,
            }));
        }
        // The first row that it cannot tell stays the first.
        let missed = Waiting::Missed { transaction: Transaction::new(1) };
        let missed = interrupted.then_some(missed);
        assert_eq!(told, missed.clone().into_iter().collect::<Vec<_>>());
        peer.now = peer.now + Duration::from_secs(600);
        peer.handle(Input::Timer(Timer::Repeat));
        let waiting = peer.engine.status().waiting;
        assert_eq!(matches!(waiting, Some(Waiting::Missed { .. })), interrupted);
        if interrupted {
            assert_eq!(waiting, missed);
        }
    }
}

#[test]
fn a_missed_challenge_leaves_a_hole_and_the_next_row_has_its_own_number_and_bits() {
    let mut peer = Peer::new(controlled(), true);
    peer.asked(0, 2);
    assert_eq!(recorded(&peer.judged(0, SEED)), [(0, 2)]);
    // Row 1 is missed as a whole, and of row 2 the verdict.
    peer.asked(2, 3);
    peer.asked(3, 5);
    assert_eq!(recorded(&peer.judged(3, SEED)), [(3, 5)]);
    // What is over stays so.
    let late = [peer.judged(2, SEED), peer.asked(1, 9), peer.judged(1, SEED)].concat();
    assert_eq!(recorded(&late), []);
    assert_eq!(refusals(&late), [Refusal::Past { transaction: Transaction::new(1) }]);
    peer.asked(4, 1);
    assert_eq!(recorded(&peer.judged(4, SEED)), [(4, 1)]);
}

#[test]
fn a_verdict_that_comes_after_the_next_challenge_is_still_recorded() {
    let mut peer = Peer::new(controlled(), true);
    peer.asked(0, 2);
    peer.asked(1, 4);
    assert_eq!(recorded(&peer.judged(0, SEED)), [(0, 2)]);
    assert_eq!(recorded(&peer.judged(1, SEED)), [(1, 4)]);
}

#[test]
fn a_challenge_that_is_repeated_or_too_far_ahead_changes_nothing() {
    let mut peer = Peer::new(controlled(), true);
    peer.asked(0, 2);
    assert_eq!(peer.asked(0, 3), []);
    let far = Transaction::new(u64::MAX);
    assert_eq!(refusals(&peer.asked(u64::MAX, 3)), [Refusal::Ahead { transaction: far }]);
    assert_eq!(recorded(&peer.judged(0, SEED)), [(0, 2)]);
}

#[test]
fn a_leader_is_not_led_on_by_a_challenge_that_it_has_not_issued() {
    let mut peer = Peer::new(controlled(), false);
    let forged = peer.asked(7, 1);
    assert_eq!(refusals(&forged), [Refusal::Impersonation]);
}

/// What is said while a broker restarts is lost; the programs' threads repeat their answers too.
#[test]
fn what_does_not_come_back_from_the_broker_is_said_again() {
    let mut rules = controlled();
    rules.pause = Duration::from_secs(1);
    let mut peer = Peer::new(rules, false);
    let issued = peer.handle(Input::Timer(Timer::Lead(Transaction::FIRST)));
    let words: Vec<Message> = said(&issued).cloned().collect();
    assert!(matches!(words[..], [Message::Challenge { .. }]), "{words:?}");
    let again = Input::Timer(Timer::Again(Transaction::FIRST, 0));
    let repeated = peer.handle(again.clone());
    assert_eq!(said(&repeated).cloned().collect::<Vec<_>>(), words);
    peer.hear(words[0].clone());
    assert_eq!(peer.handle(again), []);
}

#[test]
fn waiting_is_said_within_the_timeout_whatever_arrives_meanwhile() {
    let rules = controlled();
    let silence = rules.timeouts.silence;
    let mut peer = Peer::new(rules, true);
    for second in 1..10 {
        peer.now = Moment::from_start(Duration::from_secs(second));
        // Late answers, a stranger's announcement, a verdict on a row that is unknown here.
        peer.judged(9, second);
        peer.hear(Message::Announcement { peer: id(9), key: None, members: None, start: None });
        let (finder, transaction) = (id(OTHER), Transaction::FIRST);
        peer.hear(Message::Solution { peer: finder, transaction, seed: Seed::from(second) });
    }
    peer.now = Moment::START + silence;
    let outputs = peer.handle(Input::Timer(Timer::Repeat));
    let waiting = Waiting::Arrivals { transaction: Transaction::FIRST };
    assert!(events(&outputs).any(|event| *event == Event::Waiting(waiting.clone())), "{outputs:?}");
    assert_eq!(peer.engine.status().waiting, Some(waiting));
    peer.asked(0, 2);
    assert_eq!(peer.engine.status().waiting, None);
}

#[test]
fn yesterdays_table_is_another_session_and_this_one_begins_at_row_zero() {
    for counting in [Counting::Arrivals, Counting::ArrivalsOfRow] {
        let rules = Rules { counting, challenges: bits(1)..=bits(1), ..rules(1) };
        let yesterday = Recovered { log: 0..31, ..Recovered::default() };
        let mut engine = member(rules, id(ME), yesterday.clone());
        let mut recovered = yesterday;
        let mut heard = Vec::new();
        let mut inputs = vec![Input::Start];
        // It hears itself, until it has recorded a row.
        while recovered.log.end < 33 {
            let input = inputs.remove(0);
            let mut outputs = Vec::new();
            engine.handle(Moment::START, input, &mut outputs);
            for durable in durables(&outputs) {
                recovered.apply(durable).expect("rows follow on each other");
            }
            for message in said(&outputs).cloned() {
                heard.push(message.clone());
                let message = Signed { message, signature: None };
                inputs.push(Input::Message { from: Origin::default(), message });
            }
            inputs.extend(outputs.iter().filter_map(|output| match output {
                Output::Search { id, .. } => {
                    Some(Input::Solved { search: *id, solution: Seed::from(6) })
                }
                _ => None,
            }));
        }
        assert_eq!(recovered.state.sessions.starts, [31]);
        let answered = heard.iter().filter_map(|message| match message {
            Message::Solution { transaction, .. } => Some(transaction.number()),
            _ => None,
        });
        assert_eq!(answered.take(2).collect::<Vec<_>>(), [0, 1], "{counting:?}");
    }
}

/// Returns one that watches a network of two.
fn watcher() -> Rounds {
    let identity = Identity {
        id: PeerId::new(1),
        seat: Seat::Watcher,
        past: Past::New,
        entropy: [7; 32],
        authenticator: Box::new(Unsigned),
        solution_cache: None,
    };
    let mut watcher = Rounds::new(controlled(), identity, Recovered::default());
    handle(&mut watcher, Input::Start);
    watcher
}

fn here(peer: usize) -> Message {
    Message::Announcement { peer: id(peer), key: None, members: None, start: None }
}

fn draw(peer: usize, draw: u128) -> Message {
    Message::Election { peer: id(peer), draw, state: None }
}

/// Returns the members of each session that one that watches is told of.
fn sessions(watcher: &mut Rounds, messages: impl IntoIterator<Item = Message>) -> Vec<Vec<PeerId>> {
    let heard = messages.into_iter().flat_map(|message| hear(watcher, message));
    let settled = heard.filter_map(|output| match output {
        Output::Event(Event::MembershipSettled { members, .. }) => Some(members),
        _ => None,
    });
    settled.collect()
}

#[test]
fn invented_peers_are_no_other_session_until_one_of_them_draws() {
    let mut watcher = watcher();
    let first = sessions(&mut watcher, [here(0), here(1), draw(0, 5), draw(1, 7)]);
    assert_eq!(first, [[id(0), id(1)]]);
    assert_eq!(sessions(&mut watcher, [challenge(0, 2)]), [[]; 0]);
    assert_eq!(sessions(&mut watcher, (100..200).map(here)), [[]; 0]);
    assert_eq!(watcher.status().members, [id(0), id(1)]);
    // The members, or others, are started again.
    let second = sessions(&mut watcher, [here(8), here(9), draw(9, 5), draw(8, 7)]);
    assert_eq!(second, [[id(8), id(9)]]);
    assert_eq!(watcher.status().leader, Some(id(8)));
}

#[test]
fn one_that_watches_counts_the_rows_it_has_and_not_those_before() {
    let mut watcher = watcher();
    // Peers that have only said to be there are no members of a session that is under way.
    hear(&mut watcher, here(5));
    hear(&mut watcher, challenge(606, 2));
    assert_eq!(watcher.status().members, []);
    let verdict = Message::Verdict {
        peer: PeerId::UNNAMED,
        transaction: Transaction::new(606),
        seed: Seed::from(SEED),
        winner: id(7),
        ruling: Ruling::Accepted,
    };
    assert_eq!(recorded(&hear(&mut watcher, verdict)), [(606, 2)]);
    assert_eq!(watcher.status().rows, 1);
}

/// A program that asks without leading is the mistake that such a network is watched for.
#[test]
fn one_that_comes_late_follows_the_peer_whose_rows_are_decided_and_accuses_none_before() {
    let verdict = |row: u64| Message::Verdict {
        peer: PeerId::UNNAMED,
        transaction: Transaction::new(row),
        seed: Seed::from(SEED),
        winner: id(7),
        ruling: Ruling::Accepted,
    };
    let solution = |row: u64| Message::Solution {
        peer: id(7),
        transaction: Transaction::new(row),
        seed: Seed::from(SEED),
    };
    let asked = |peer, row: u64, by: u64| Message::Challenge {
        peer: id(peer),
        difficulty: bits(by),
        place: Some(Place { transaction: Transaction::new(row), term: Term::FIRST }),
    };
    let mut watcher = watcher();
    let mut said = hear(&mut watcher, asked(5, 606, 60));
    said.extend(hear(&mut watcher, solution(606)));
    for row in 607..610 {
        for message in [asked(1, row, 2), solution(row), verdict(row)] {
            said.extend(hear(&mut watcher, message));
        }
    }
    assert_eq!(refusals(&said), []);
    assert_eq!(recorded(&said).len(), 3, "{said:?}");
    assert_eq!(watcher.status().leader, Some(id(1)));
    // Now it knows.
    let stray = hear(&mut watcher, asked(5, 610, 60));
    assert_eq!(refusals(&stray), [Refusal::NotLeader]);
    assert_eq!(watcher.status().leader, Some(id(1)));
}

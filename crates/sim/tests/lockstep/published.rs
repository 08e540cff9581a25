//! Networks that count arrivals: the published programs' ways.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use althing_engine::rounds::{
    Authenticator, Counting, Decision, Draw, Election, ElectionEvery, Event, Issuing, Message,
    PublicKey, Refusal, Rules, Ruling, Signature, Signatures, Signed, Tie,
};
use althing_pow::Puzzle;
use althing_types::{PeerId, Seed, Transaction};

use crate::network::{Lockstep, bits, id, rules};

const TIME: Duration = Duration::from_secs(20);

/// Seals with a hash of the message and its key, which is no secret here.
struct Stamp(u8);

fn stamp(key: &PublicKey, message: &Message) -> Signature {
    let mut hasher = DefaultHasher::new();
    (key, message).hash(&mut hasher);
    Signature::new(Arc::new(hasher.finish().to_be_bytes()))
}

fn key(number: u8) -> PublicKey {
    PublicKey(Arc::new([number]))
}

impl Authenticator for Stamp {
    fn public_key(&self) -> Option<PublicKey> {
        Some(key(self.0))
    }

    fn signature(&self, message: &Message) -> Option<Signature> {
        Some(stamp(&key(self.0), message))
    }

    fn is_authentic(&self, message: &Message, signature: &Signature, key: &PublicKey) -> bool {
        stamp(key, message) == *signature
    }
}

/// The rules of the published `sd`.
fn controlled(peers: u16) -> Rules {
    let election = Election::highest(u128::MAX, Tie::LargestId);
    let (counting, decision) = (Counting::Arrivals, Decision::Leader);
    Rules { election, counting, decision, puzzle: Puzzle::SHA1_DECIMAL, ..rules(peers) }
}

/// The rules of the published `ppd`.
fn signed(peers: u16) -> Rules {
    Rules {
        election: Election {
            draw: Draw::NumberThenMember { min: 0, max: 29 },
            ..Election::highest(29, Tie::LargestId)
        },
        election_every: ElectionEvery::Transaction,
        counting: Counting::ArrivalsOfRow,
        decision: Decision::AtLeastHalf,
        signatures: Signatures::Required,
        puzzle: Puzzle::SHA1_TEXT,
        ..rules(peers)
    }
}

fn signed_net(rules: &Rules, peers: u8) -> Lockstep {
    let stamps = (0..peers).map(|peer| Box::new(Stamp(peer)) as Box<dyn Authenticator>);
    Lockstep::with(rules, stamps)
}

/// Returns the reasons for refusals, with the claimed senders, each once.
fn refusals(net: &Lockstep) -> Vec<(PeerId, Refusal)> {
    let mut refusals = Vec::new();
    for (_, event) in &net.events {
        if let Event::MessageRefused { claimed, reason } = event
            && !refusals.contains(&(*claimed, reason.clone()))
        {
            refusals.push((*claimed, reason.clone()));
        }
    }
    refusals
}

#[test]
fn peers_agree_under_every_combination_of_rules() {
    for election in [Election::highest(255, Tie::LargestId), Election::plurality(Tie::LargestId)] {
        for election_every in [ElectionEvery::Once, ElectionEvery::Transaction] {
            for counting in [Counting::Arrivals, Counting::ArrivalsOfRow] {
                for decision in [Decision::Majority, Decision::AtLeastHalf, Decision::Leader] {
                    for signatures in [Signatures::None, Signatures::Required] {
                        let base = rules(4);
                        let rules = Rules {
                            election,
                            election_every,
                            counting,
                            decision,
                            signatures,
                            ..base
                        };
                        let mut net = signed_net(&rules, 4);
                        net.run(TIME);
                        net.assert_one_table(5);
                    }
                }
            }
        }
    }
}

#[test]
fn a_network_of_one_judges_itself() {
    let mut net = Lockstep::new(&controlled(1), 1);
    net.run(TIME);
    net.assert_one_table(5);
}

#[test]
fn the_controller_accepts_the_first_solution_and_answers_all() {
    let rules = Rules { rounds: Some(Transaction::new(6)), ..controlled(4) };
    let mut net = Lockstep::new(&rules, 4);
    net.run(TIME);
    let leader = net.leaders()[0];
    let verdicts = net.log.iter().filter_map(|signed| match &signed.message {
        Message::Verdict { peer, transaction, ruling, .. } => {
            assert_eq!(*peer, leader);
            Some((transaction.number(), *ruling == Ruling::Accepted))
        }
        _ => None,
    });
    // Three mine, and the controller does not.
    let mut expected: Vec<_> =
        (0..5).flat_map(|row| [(row, true), (row, false), (row, false)]).collect();
    // After the last row it leaves, and answers no peer.
    expected.push((5, true));
    let mut verdicts: Vec<_> = verdicts.collect();
    verdicts.sort_by_key(|(row, accepted)| (*row, !accepted));
    assert_eq!(verdicts, expected);
    assert!(net.rows(0).iter().all(|row| row.record.winner != leader));
}

#[test]
fn a_verdict_that_is_not_true_is_refused_and_one_that_names_no_sender_is_the_leaders() {
    let mut rules = controlled(3);
    (rules.rounds, rules.issuing) = (None, Issuing::OnCommand);
    let mut net = Lockstep::new(&rules, 3);
    net.run(Duration::from_millis(1));
    let leader = net.leaders()[0];
    let verdict = |seed: u64, peer| Message::Verdict {
        peer,
        transaction: Transaction::FIRST,
        seed: Seed::from(seed),
        winner: id(9),
        ruling: Ruling::Accepted,
    };
    net.say(Message::Challenge { peer: PeerId::UNNAMED, difficulty: bits(20), place: None });
    net.say(verdict(1, PeerId::UNNAMED));
    net.run(Duration::from_millis(1));
    let untrue = refusals(&net).into_iter().filter(|(claimed, _)| *claimed == id(9));
    let reasons: Vec<Refusal> = untrue.map(|(_, reason)| reason).collect();
    assert!(matches!(reasons[..], [Refusal::VoteForNoSolution(_)]), "{reasons:?}");
    let rows: Vec<usize> = (0..3).map(|peer| net.rows(peer).len()).collect();
    let other = (0..3).map(id).find(|peer| *peer != leader).expect("three are more than one");
    net.say(verdict(946_399, other));
    net.run(Duration::from_millis(1));
    assert!(refusals(&net).contains(&(other, Refusal::NotLeader)));
    assert_eq!(rows, (0..3).map(|peer| net.rows(peer).len()).collect::<Vec<_>>());
}

#[test]
fn a_leader_that_waits_for_the_word_asks_when_it_is_told_to() {
    for counting in [Counting::Arrivals, Counting::Members] {
        let mut rules = controlled(3);
        (rules.counting, rules.issuing) = (counting, Issuing::OnCommand);
        let mut net = Lockstep::new(&rules, 3);
        net.run(TIME);
        net.assert_one_table(0);
        let leader = net.leaders()[0];
        for peer in 0..3 {
            net.issue(peer, Some(bits(3)));
        }
        net.run(TIME);
        net.assert_one_table(1);
        let asked = net.log.iter().filter_map(|signed| match &signed.message {
            Message::Challenge { peer, difficulty, .. } => Some((*peer, *difficulty)),
            _ => None,
        });
        assert!(asked.clone().count() > 0 && asked.into_iter().all(|it| it == (leader, bits(3))));
        net.issue((0..3).find(|peer| id(*peer) == leader).expect("it is one of them"), None);
        net.run(TIME);
        net.assert_one_table(2);
    }
}

#[test]
fn an_election_comes_before_each_row_and_all_solutions_of_it_are_voted_on() {
    let mut net = signed_net(&signed(3), 3);
    net.run(TIME);
    net.assert_one_table(5);
    let count = |is: fn(&Message) -> bool| net.log.iter().filter(|it| is(&it.message)).count();
    assert_eq!(count(|message| matches!(message, Message::Election { .. })), 3 * 6);
    assert_eq!(count(|message| matches!(message, Message::Challenge { .. })), 5);
    assert!(count(|message| matches!(message, Message::Vote { .. })) > 3 * 5);
    assert!(refusals(&net).is_empty(), "{:?}", refusals(&net));
}

#[test]
fn after_the_first_election_each_draws_the_id_of_a_member() {
    let mut net = signed_net(&signed(3), 3);
    net.run(TIME);
    let draws = net.log.iter().filter_map(|signed| match &signed.message {
        Message::Election { draw, .. } => Some(*draw),
        _ => None,
    });
    let draws: Vec<u128> = draws.collect();
    let (first, later) = draws.split_at(3);
    assert!(first.iter().all(|draw| *draw <= 29), "{first:?}");
    let ids: Vec<u128> = (0..3).map(|peer| id(peer).number()).collect();
    assert!(later.len() >= 12 && later.iter().all(|draw| ids.contains(draw)), "{later:?}");
}

/// Equal texts count once, in the programs as well.
#[test]
fn a_draw_that_is_replayed_shifts_no_later_election() {
    let mut rules = signed(3);
    (rules.rounds, rules.pause) = (Some(Transaction::new(8)), Duration::from_secs(1));
    let mut undisturbed = signed_net(&rules, 3);
    undisturbed.run(TIME);
    undisturbed.assert_one_table(8);
    let mut net = signed_net(&rules, 3);
    let mut replayed = 0;
    for _ in 0..120 {
        net.run(Duration::from_millis(250));
        let new = net.log[replayed..].iter();
        let is_draw = |signed: &&Signed| matches!(signed.message, Message::Election { .. });
        let draws: Vec<Signed> = new.filter(is_draw).cloned().collect();
        for draw in draws {
            net.say_signed(draw);
        }
        net.run(Duration::ZERO);
        replayed = net.log.len();
    }
    net.assert_one_table(8);
    assert_eq!(net.leaders(), undisturbed.leaders());
}

#[test]
fn frauds_are_refused_by_name_and_change_nothing() {
    let mut rules = signed(3);
    (rules.rounds, rules.pause) = (None, TIME);
    let mut net = signed_net(&rules, 3);
    net.run(Duration::from_millis(1));
    let leader = net.leaders()[0];
    let victim = (0..3).map(id).find(|peer| *peer != leader).expect("three are more than one");
    let number = u8::try_from(victim.number() - id(0).number()).expect("few peers");
    let vote = |peer| Message::Vote {
        peer,
        transaction: Transaction::FIRST,
        seed: Seed::from(7),
        approve: true,
        cause: None,
    };
    // In another's name, with a wrong signature or none; by a non-member; a second key.
    let by_other = Signature::new(stamp(&key(77), &vote(victim)).bytes);
    net.say_signed(Signed { message: vote(victim), signature: Some(by_other) });
    net.say(vote(victim));
    net.say(vote(id(50)));
    net.say(Message::Announcement { peer: victim, key: Some(key(77)), members: None, start: None });
    // By a member that may vote, but was not elected.
    let challenge = Message::Challenge { peer: victim, difficulty: bits(1), place: None };
    let signature = Some(stamp(&key(number), &challenge));
    net.say_signed(Signed { message: challenge, signature });
    net.run(Duration::from_millis(1));
    for fraud in [
        (victim, Refusal::SignatureWrong),
        (victim, Refusal::SignatureMissing),
        (id(50), Refusal::KeyMissing),
        (victim, Refusal::SecondKey),
        (victim, Refusal::NotLeader),
    ] {
        assert!(refusals(&net).contains(&fraud), "{fraud:?} in {:?}", refusals(&net));
    }
    assert!(net.events.iter().all(|(_, event)| !matches!(event, Event::VoteCast { .. })));
    assert!(net.rows(0).is_empty());
}

#[test]
fn a_lost_count_is_mined_again() {
    let mut rules = rules(3);
    (rules.counting, rules.rounds) = (Counting::Arrivals, None);
    rules.pause = Duration::from_secs(1);
    let mut net = Lockstep::new(&rules, 3);
    net.run(Duration::from_millis(1));
    // Three votes of a non-member, which come before those of the members and are counted first.
    for _ in 0..3 {
        net.say(Message::Vote {
            peer: id(99),
            transaction: Transaction::FIRST,
            seed: 6.into(),
            approve: false,
            cause: None,
        });
    }
    net.run(Duration::from_millis(1500));
    let failed = |(_, event): &(usize, Event)| matches!(event, Event::RoundFailed { no: 3, .. });
    assert_eq!(net.events.iter().filter(|event| failed(event)).count(), 3);
    assert!(!net.rows(0).is_empty(), "the members' own votes decide the next count");
}

/// Neither would be counted as a member, and the session would not begin.
#[test]
fn a_peer_that_shares_its_id_says_so_once() {
    let mut net = Lockstep::new(&controlled(4), 3);
    net.run(Duration::from_millis(1));
    assert_eq!(refusals(&net), []);
    for _ in 0..3 {
        let (peer, key, members, start) = (id(0), None, None, None);
        net.say(Message::Announcement { peer, key, members, start });
        net.run(Duration::from_millis(1));
    }
    let shared = |(_, event): &&(usize, Event)| {
        matches!(event, Event::MessageRefused { reason: Refusal::SharedId, .. })
    };
    let told: Vec<usize> = net.events.iter().filter(shared).map(|(peer, _)| *peer).collect();
    assert_eq!(told, [0]);
}

//! Every choice that rules offer to members.

use std::time::Duration;

use althing_engine::rounds::{
    Decision, Election, ElectionEvery, Event, Message, Refusal, Ruling, Signatures, Tie,
};
use althing_pow::Puzzle;

use crate::network::{Lockstep, id, rules};

const TIME: Duration = Duration::from_secs(20);

#[test]
fn members_agree_under_every_combination_of_rules() {
    let elections = [
        Election::highest(3, Tie::SmallestId),
        Election::highest(3, Tie::LargestId),
        Election::plurality(Tie::SmallestId),
        Election::plurality(Tie::LargestId),
    ];
    for election in elections {
        for election_every in [ElectionEvery::Once, ElectionEvery::Transaction] {
            for decision in [Decision::Majority, Decision::AtLeastHalf, Decision::Leader] {
                for puzzle in &[Puzzle::SHA1_INTEGER, Puzzle::SHA1_DECIMAL, Puzzle::SHA1_TEXT] {
                    let mut rules = rules(4);
                    (rules.election, rules.election_every) = (election, election_every);
                    (rules.decision, rules.puzzle) = (decision, puzzle.clone());
                    let mut net = Lockstep::new(&rules, 4);
                    net.run(TIME);
                    net.assert_one_table(5);
                }
            }
        }
    }
}

#[test]
fn an_election_each_transaction_gives_each_row_a_term_of_its_own() {
    let mut rules = rules(5);
    rules.election_every = ElectionEvery::Transaction;
    let mut net = Lockstep::new(&rules, 5);
    net.run(TIME);
    let terms: Vec<u64> = net.rows(0).iter().map(|row| row.term.number()).collect();
    assert_eq!(terms, [0, 1, 2, 3, 4]);
    assert_eq!(net.leaders().len(), 5);
}

#[test]
fn half_of_all_decide_where_the_rules_say_so() {
    let mut rules = rules(4);
    rules.decision = Decision::AtLeastHalf;
    let mut net = Lockstep::new(&rules, 4);
    net.run(TIME);
    net.assert_one_table(5);
    let votes: Vec<usize> = net.rows(0).iter().map(|row| row.votes.len()).collect();
    assert_eq!(votes, [2; 5], "each row was decided by two of four");
}

#[test]
fn where_the_leader_decides_it_alone_publishes_each_verdict_once() {
    let mut rules = rules(4);
    rules.decision = Decision::Leader;
    let mut net = Lockstep::new(&rules, 4);
    net.run(TIME);
    let leader = net.leaders()[0];
    let verdicts = net.log.iter().filter_map(|signed| match &signed.message {
        Message::Verdict { peer, transaction, .. } => Some((*peer, transaction.number())),
        _ => None,
    });
    let expected: Vec<_> = (0..5).map(|row| (leader, row)).collect();
    assert_eq!(verdicts.collect::<Vec<_>>(), expected);
}

#[test]
fn a_verdict_of_another_than_the_leader_is_refused() {
    let mut rules = rules(4);
    (rules.decision, rules.rounds) = (Decision::Leader, None);
    rules.challenges = crate::network::bits(100)..=crate::network::bits(100);
    rules.pause = TIME;
    let mut net = Lockstep::new(&rules, 4);
    net.run(Duration::from_millis(100));
    let other = (0..4).map(id).find(|peer| *peer != net.leaders()[0]).expect("four are more");
    net.say(Message::Verdict {
        peer: other,
        transaction: althing_types::Transaction::FIRST,
        seed: 6.into(),
        winner: other,
        ruling: Ruling::Accepted,
    });
    net.run(Duration::from_millis(1));
    let refused = |(_, event): &(usize, Event)| {
        matches!(event, Event::MessageRefused { reason: Refusal::NotLeader, .. })
    };
    assert_eq!(net.events.iter().filter(|event| refused(event)).count(), 3);
}

#[test]
fn who_announces_no_key_is_no_member_where_keys_are_required() {
    let mut rules = rules(3);
    rules.signatures = Signatures::Required;
    let mut net = Lockstep::new(&rules, 3);
    net.run(TIME);
    assert!(net.leaders().is_empty());
    let refused = |(_, event): &(usize, Event)| {
        matches!(event, Event::MessageRefused { reason: Refusal::KeyMissing, .. })
    };
    assert!(net.events.iter().any(refused));
}

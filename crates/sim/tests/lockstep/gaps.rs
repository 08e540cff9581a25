//! Peers that lose their connection among programs (rule P19).

use std::collections::BTreeMap;
use std::time::Duration;

use althing_engine::rounds::{ElectionEvery, Event, Record, Rules, Waiting};
use althing_types::Transaction;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::customs::{all_vote, changed, seconds, sheet};
use crate::network::Lockstep;

const OURS: usize = 3;
const ROWS: u64 = 12;

/// Runs a session in which one of ours is cut off for a while after the first row, and asserts that
/// no program ends, and that no two of ours have recorded different rows. Returns who was cut off.
fn run(rules: &Rules, seed: u64) -> (Lockstep, usize) {
    let rules = changed(rules.clone(), |rules| rules.rounds = Some(Transaction::new(ROWS)));
    let programs = usize::from(rules.peers.get()) - OURS;
    let mut net = Lockstep::among_programs(&rules, OURS, programs, seed);
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let cut = chance.random_range(0..OURS);
    net.run_until(|net| !net.rows(cut).is_empty());
    net.run(Duration::from_millis(chance.random_range(0..3000)));
    net.cut_off(cut);
    net.run(Duration::from_millis(chance.random_range(0..4000)));
    net.heal();
    net.run(seconds(180));
    net.assert_no_program_has_ended();
    let mut known: BTreeMap<Transaction, Record> = BTreeMap::new();
    for row in (0..OURS).flat_map(|peer| net.rows(peer)) {
        let first = known.entry(row.record.transaction).or_insert_with(|| row.record.clone());
        assert_eq!(*first, row.record, "seed {seed}, {cut} was cut off: {rules:#?}");
    }
    (net, cut)
}

/// Returns the first row that a peer cannot tell, each time that it says so.
fn said_to_be_missed(net: &Lockstep, peer: usize) -> Vec<Transaction> {
    let missed = net.events_of(peer).filter_map(|event| match event {
        Event::Waiting(Waiting::Missed { transaction }) => Some(*transaction),
        _ => None,
    });
    missed.collect()
}

#[test]
fn where_the_leader_decides_a_member_that_was_cut_off_goes_on() {
    for every in [ElectionEvery::Once, ElectionEvery::Transaction] {
        let rules = changed(sheet(4), |rules| rules.election_every = every);
        for seed in 0..40 {
            let (net, cut) = run(&rules, seed);
            assert_eq!(said_to_be_missed(&net, cut), []);
            if every == ElectionEvery::Transaction {
                // One that misses draws waits for them, as do the programs.
                continue;
            }
            for peer in 0..OURS {
                let last = net.rows(peer).last().map(|row| row.record.transaction.number());
                assert_eq!(
                    last,
                    Some(ROWS - 1),
                    "seed {seed}: {peer} of {OURS}, {cut} was cut off"
                );
            }
        }
    }
}

#[test]
fn where_that_cannot_be_known_a_member_that_was_cut_off_records_nothing_more_and_says_so() {
    let winners = changed(sheet(4), |rules| rules.election_every = ElectionEvery::Winner);
    for rules in [all_vote(4), all_vote(5), winners] {
        for seed in 0..40 {
            let (net, cut) = run(&rules, seed);
            let last = net.rows(cut).last().map(|row| row.record.transaction.next());
            assert_eq!(said_to_be_missed(&net, cut), [last.expect("it was cut off later")]);
            let mut others = (0..OURS).filter(|peer| *peer != cut);
            assert!(others.all(|peer| said_to_be_missed(&net, peer).is_empty()));
        }
    }
}

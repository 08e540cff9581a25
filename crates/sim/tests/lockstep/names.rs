//! Names of peers, over the codecs of all networks that have them.

use std::num::NonZeroU16;
use std::time::Duration;

use althing_dialect::RoundsDialect;
use althing_dialect::elect_chain::{self, ElectChain};
use althing_dialect::ppd::{self, Ppd};
use althing_dialect::profile::built_in;
use althing_dialect::program::{self, Program};
use althing_dialect::sd::{self, Sd};
use althing_engine::Engine;
use althing_engine::rounds::{Authenticator, Event, Message, Refusal, Signed};
use althing_types::Transaction;

use crate::network::{Lockstep, bits, id, rsa_secret};

const PEERS: NonZeroU16 = NonZeroU16::new(3).expect("three is not zero");

/// Two peers that are told apart by their ids alone, and one without a name.
const NAMES: [&str; 3] = ["ann", "ann", ""];

fn elect_chain() -> ElectChain {
    let config = elect_chain::Config::default();
    ElectChain::new(elect_chain::Config {
        peers: PEERS,
        challenges: bits(1)..=bits(6),
        rounds: Some(Transaction::new(5)),
        // So that the last one is still here when another comes late.
        pause: Duration::from_secs(1),
        ..config
    })
}

fn sd() -> Sd {
    let config = sd::Config::default();
    let (challenges, rounds) = (bits(1)..=bits(6), Some(Transaction::new(5)));
    Sd::new(sd::Config { peers: PEERS, challenges, rounds, ..config })
}

fn ppd() -> Ppd {
    let config = ppd::Config::default();
    let (challenges, rounds) = (bits(1)..=bits(6), Some(Transaction::new(5)));
    Ppd::new(ppd::Config { peers: PEERS, challenges, rounds, ..config })
}

fn random(dialect: &dyn RoundsDialect, peer: u8) -> Box<dyn Authenticator> {
    dialect.authenticator(&[peer; 32]).expect("32 bytes are a secret")
}

fn rsa(dialect: &dyn RoundsDialect) -> Box<dyn Authenticator> {
    dialect.authenticator(&rsa_secret(2048)).expect("it is a secret")
}

/// Returns the names that a peer knows others by, and itself.
fn known(net: &Lockstep, peer: usize) -> Vec<(usize, String)> {
    let index = |of| (0..4).find(|index| id(*index) == of).expect("it is a peer");
    let names = net.engine(peer).status().names.into_iter();
    names.map(|(of, name)| (index(of), name.to_string())).collect()
}

fn assert_all_know_the_names(mut net: Lockstep) {
    net.run_until(|net| (0..3).all(|peer| known(net, peer).len() == 2));
    let expected = [(0, "ann".to_owned()), (1, "ann".to_owned())];
    assert!((0..3).all(|peer| known(&net, peer) == expected));
    let refused = |(_, event): &&(usize, Event)| matches!(event, Event::MessageRefused { .. });
    assert_eq!(net.events.iter().find(refused), None);
    // Each name is told once, to each.
    let told = |(_, event): &&(usize, Event)| matches!(event, Event::PeerNamed { .. });
    assert_eq!(net.events.iter().filter(told).count(), 2 * 3);
    net.run_until(|net| (0..3).all(|peer| net.rows(peer).len() == 5));
    net.assert_one_table(5);
}

#[test]
fn peers_of_each_network_with_rounds_learn_each_other_s_names() {
    let authenticators = (0..3).map(|peer| random(&elect_chain(), peer));
    assert_all_know_the_names(Lockstep::called(elect_chain(), authenticators, &NAMES));
    let authenticators = (0..3).map(|peer| random(&sd(), peer));
    assert_all_know_the_names(Lockstep::called(sd(), authenticators, &NAMES));
    let authenticators = (0..3).map(|_| rsa(&ppd()));
    assert_all_know_the_names(Lockstep::called(ppd(), authenticators, &NAMES));
}

#[test]
fn one_that_comes_late_learns_the_names_and_is_known_by_its_own() {
    let names = ["ann", "bob", "carol", "dave"];
    let authenticators = (0..3).map(|peer| random(&elect_chain(), peer));
    let mut net = Lockstep::called(elect_chain(), authenticators, &names);
    net.run_until(|net| net.rows(0).len() >= 2);
    net.join(random(&elect_chain(), 3));
    let expected: Vec<_> = (0..4).zip(names.map(str::to_owned)).collect();
    net.run_until(|net| known(net, 3) == expected && known(net, 0) == expected);
}

#[test]
fn no_peer_takes_a_name_for_another_one() {
    let authenticators = (0..3).map(|peer| random(&elect_chain(), peer));
    let mut net = Lockstep::called(elect_chain(), authenticators, &NAMES);
    net.run_until(|net| net.rows(0).len() == 1);
    let before = known(&net, 1);
    let message = Message::Name { peer: id(0), name: "mallory".parse().expect("it is a name") };
    let forged = [None, random(&elect_chain(), 2).signature(&message)];
    for signature in forged {
        net.say_signed(Signed { message: message.clone(), signature });
    }
    net.run_until(|net| net.rows(0).len() == 3);
    assert_eq!(known(&net, 1), before);
    for reason in [Refusal::SignatureMissing, Refusal::SignatureWrong] {
        let refused = Event::MessageRefused { claimed: id(0), reason };
        assert!(net.events_of(1).any(|event| *event == refused), "{refused:?}");
    }
}

#[test]
fn among_published_programs_no_name_is_ever_said() {
    let mut profile = built_in::find("elect-chain").expect("it is built in").clone();
    profile.join.n = 3;
    let program = Program::new(program::Config {
        challenges: Some(bits(1)..=bits(6)),
        rounds: Some(Transaction::new(5)),
        pause: Some(Duration::ZERO),
        ..program::Config::new(profile)
    });
    let authenticators: Vec<_> =
        (0..3).map(|_| program.authenticator(&[7; 32]).expect("it needs none")).collect();
    let mut net = Lockstep::called(program, authenticators.into_iter(), &["ann", "bob", "carol"]);
    net.run_until(|net| (0..3).all(|peer| net.rows(peer).len() == 5));
    assert!(!net.log.iter().any(|signed| matches!(signed.message, Message::Name { .. })));
    assert!(!net.events.iter().any(|(_, event)| matches!(event, Event::PeerNamed { .. })));
}

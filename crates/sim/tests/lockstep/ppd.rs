//! `ppd`: three peers with RSA keys of their own, and one that sends forbidden messages.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU16;

use althing_dialect::ppd::{Config, Ppd};
use althing_dialect::profile::{SignatureName, built_in};
use althing_dialect::program::{self, Program};
use althing_dialect::{Content, RoundsDialect, Wire};
use althing_engine::rounds::{
    Authenticator, Cause, Durable, Event, Message, Output, Place, Record, Refusal, Rounds, Signed,
    StartsDigest,
};
use althing_engine::{Engine, Recipient};
use althing_pow::{Puzzle, Task};
use althing_types::{Difficulty, Seed, Transaction};

use crate::network::{Lockstep, bits, heard, id, rsa_secret};

const ROWS: u64 = 5;

/// The network, and the keys of its peers, so that the tests can send messages in their names.
struct Network<D> {
    dialect: D,
    net: Lockstep,
    authenticators: Vec<Box<dyn Authenticator>>,
}

fn have_all_rows(net: &Lockstep) -> bool {
    (0..3).all(|peer| net.rows(peer).len() as u64 == ROWS)
}

/// Returns a network of three peers of the page.
fn of_the_page() -> Network<Ppd> {
    Network::over(Ppd::new(Config {
        peers: NonZeroU16::new(3).expect("three is not zero"),
        challenges: bits(1)..=bits(6),
        rounds: Some(Transaction::new(ROWS)),
        ..Config::default()
    }))
}

/// Returns a network of three peers that do as its program does.
fn of_programs() -> Network<Program> {
    let mut profile = built_in::find("ppd").expect("it is built in").clone();
    profile.join.n = 3;
    Network::over(Program::new(program::Config {
        challenges: Some(bits(1)..=bits(6)),
        rounds: Some(Transaction::new(ROWS)),
        pause: Some(std::time::Duration::ZERO),
        ..program::Config::new(profile)
    }))
}

/// Returns a network of the sequel of the sheet, whose leader signs verdicts that do not name it.
/// (Keys of 1024 bits take longer to make.)
fn of_the_sequel() -> Network<Program> {
    let mut profile = built_in::find("sequel").expect("it is built in").clone();
    profile.join.n = 3;
    profile.sign.alg = SignatureName::RsaPkcs1Sha256;
    Network::over(Program::new(program::Config {
        challenges: Some(bits(1)..=bits(6)),
        rounds: Some(Transaction::new(ROWS)),
        pause: Some(std::time::Duration::ZERO),
        ..program::Config::new(profile)
    }))
}

#[test]
fn verdicts_that_name_no_sender_are_their_leader_s() {
    let mut network = of_the_sequel();
    network.net.run_until(have_all_rows);
    network.assert_nothing_refused();
    for peer in 1..3 {
        assert_eq!(network.records(peer), network.records(0));
    }
}

impl<D: RoundsDialect + Clone + 'static> Network<D> {
    fn over(dialect: D) -> Self {
        let secrets = [(); 3].map(|()| rsa_secret(2048));
        let authenticators = || {
            let of = |secret: &Vec<u8>| dialect.authenticator(secret).expect("it is a secret");
            secrets.iter().map(of).collect::<Vec<_>>()
        };
        let net = Lockstep::over(dialect.clone(), authenticators().into_iter());
        Self { net, authenticators: authenticators(), dialect }
    }

    fn records(&self, peer: usize) -> Vec<Record> {
        self.net.rows(peer).into_iter().map(|row| row.record).collect()
    }

    fn assert_nothing_refused(&self) {
        let refused = |(_, event): &&(usize, Event)| matches!(event, Event::MessageRefused { .. });
        assert_eq!(self.net.events.iter().find(refused), None);
    }

    /// Returns `message` as it is on the wire, signed by `signer`, which need not be its sender.
    fn signed(&self, signer: usize, message: Message) -> Wire {
        let signature = self.authenticators[signer].signature(&message);
        let wires = self.dialect.encode(&Recipient::All, &Signed { message, signature });
        wires.into_iter().next_back().expect("it is a message of this network")
    }

    /// Returns all outputs of `engine` when it hears `wire`.
    fn hear(&self, engine: &mut Rounds, wire: &Wire) -> Vec<Output> {
        let received = self.dialect.decode(&wire.to, &wire.payload).content;
        let Ok(Content::Message(signed)) = received else { panic!("{received:?}") };
        let mut out = Vec::new();
        engine.handle(self.net.now, heard(signed), &mut out);
        out
    }
}

fn solutions(difficulty: Difficulty) -> impl Iterator<Item = Seed> {
    let puzzle = Puzzle::SHA1_TEXT;
    let row = Transaction::FIRST;
    let task = Task { transaction: row, difficulty, finder: id(0), salt: 0 };
    let candidate = puzzle.clone();
    let candidates = (0..).map(move |index| candidate.candidate(&task, index));
    candidates.filter(move |seed| puzzle.check(seed, row, difficulty).is_ok())
}

fn hash(engine: &Rounds) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn three_peers_elect_for_each_row_and_agree_on_all() {
    let mut network = of_the_page();
    network.net.run_until(have_all_rows);
    for peer in 0..3 {
        assert_eq!(network.records(peer), network.records(0));
        let elected = |event: &&Event| matches!(event, Event::LeaderElected { .. });
        assert_eq!(network.net.events_of(peer).filter(elected).count() as u64, ROWS);
    }
    network.assert_nothing_refused();
}

#[test]
fn three_peers_that_do_as_the_program_does_agree_as_well() {
    let mut network = of_programs();
    network.net.run_until(have_all_rows);
    for peer in 0..3 {
        assert_eq!(network.records(peer), network.records(0));
    }
    network.assert_nothing_refused();
}

#[test]
fn what_its_sender_may_not_say_is_refused_and_changes_nothing() {
    let mut network = of_the_page();
    // A row is open, and one of the members that do not lead knows it.
    let asked = |net: &Lockstep, peer: usize| {
        net.events_of(peer).find_map(|event| match event {
            Event::ChallengeIssued { difficulty, leader, .. } => Some((*leader, *difficulty)),
            _ => None,
        })
    };
    let is_asked = |net: &Lockstep, peer: usize| {
        asked(net, peer).is_some_and(|(leader, _)| leader != id(peer))
    };
    network.net.run_until(|net| (0..3).any(|peer| is_asked(net, peer)));
    let net = &network.net;
    let me = (0..3).find(|peer| is_asked(net, *peer)).expect("one was");
    let (leader, difficulty) = asked(net, me).expect("it was");
    let leader = (0..3).find(|peer| id(*peer) == leader).expect("a member leads");
    let other = 3 - me - leader;
    let elected = |event: &Event| match event {
        Event::LeaderElected { term, .. } => Some(*term),
        _ => None,
    };
    let term = net.events_of(me).find_map(elected).expect("a member leads");
    let transaction = Transaction::FIRST;
    let seeds: Vec<_> = solutions(difficulty).take(2).collect();
    let vote = |voter: usize, seed: &Seed| Message::Vote {
        peer: id(voter),
        transaction,
        seed: seed.clone(),
        approve: true,
        cause: Some(Cause { term, difficulty, winner: id(other), starts: StartsDigest(0) }),
    };
    let place = Some(Place { transaction, term });
    let challenge = Message::Challenge { peer: id(other), difficulty, place };
    let leaders_key = network.authenticators[leader].public_key();
    let second_key =
        Message::Announcement { peer: id(other), key: leaders_key, members: None, start: None };

    let mut turncoat = network.signed(other, vote(other, &seeds[1]));
    let text = String::from_utf8(turncoat.payload).expect("it is JSON");
    turncoat.payload = text.replace("\"Vote\": true", "\"Vote\": false").into_bytes();

    let refused = [
        (network.signed(leader, vote(other, &seeds[1])), other, Refusal::SignatureWrong),
        (network.signed(other, vote(leader, &seeds[1])), leader, Refusal::SignatureWrong),
        (network.signed(other, vote(me, &seeds[1])), me, Refusal::Impersonation),
        (turncoat, other, Refusal::SignatureWrong),
        (network.signed(leader, second_key), other, Refusal::SecondKey),
        (network.signed(other, challenge), other, Refusal::NotLeader),
    ];
    let refusal = |claimed: usize, reason| {
        [Output::Event(Event::MessageRefused { claimed: id(claimed), reason })]
    };
    for (wire, claimed, reason) in &refused {
        let mut engine = net.engine(me).clone();
        assert_eq!(network.hear(&mut engine, wire), refusal(*claimed, reason.clone()));
        assert_eq!(hash(&engine), hash(net.engine(me)), "{reason} changed something");
    }
    // Of two votes neither counts, and both are kept with their signatures; once.
    let [first, second] = [0, 1].map(|seed| network.signed(other, vote(other, &seeds[seed])));
    let mut engine = net.engine(me).clone();
    let voter = id(other);
    let cast = Event::VoteCast { transaction, voter, seed: seeds[0].clone(), approve: true };
    assert_eq!(network.hear(&mut engine, &first), [Output::Event(cast)]);
    let reason = Refusal::SecondVote { transaction };
    let outputs = network.hear(&mut engine, &second);
    let [Output::Persist(Durable::Equivocation(kept)), Output::Event(told), refused_too] =
        &outputs[..]
    else {
        panic!("{outputs:?}");
    };
    assert_eq!(*told, Event::Equivocated(kept.clone()));
    assert_eq!(kept.peer(), voter);
    let kept = kept.messages().map(|signed| signed.message);
    assert_eq!(kept, [0, 1].map(|seed| vote(other, &seeds[seed])));
    let refused_again = network.hear(&mut engine, &second);
    assert_eq!(refused_again, refusal(other, reason));
    assert_eq!(*refused_too, refused_again[0]);

    // All of it is sent to all peers, and they agree nevertheless.
    for (wire, ..) in refused {
        network.net.say_bytes(wire);
    }
    network.net.run_until(have_all_rows);
    assert!((0..3).all(|peer| network.records(peer) == network.records(0)));
}

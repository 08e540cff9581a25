//! Peers as other programs have them, over real sockets.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use althing_engine::nakamoto::Label;
use althing_ledger::target_of_bits;
use althing_peer::{AddData, ConnectError, Network, Options, Peer, Rule, Tracker};
use althing_testkit::eventually_blocking;
use althing_types::UnixTime;

fn until(what: &str, is_true: impl Fn() -> bool) {
    eventually_blocking(what, || is_true().then_some(()));
}

/// Tries until it is known what comes of a datum.
fn add(peer: &Peer, datum: &str) -> i8 {
    loop {
        match peer.add_data(datum).expect("it runs") {
            AddData::Retry => {}
            outcome => return outcome.code(),
        }
    }
}

fn tracker() -> Tracker {
    Tracker::start(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)).expect("a free port")
}

#[test]
fn a_rule_of_the_callers_own_decides_what_is_in_the_chain() {
    let rule = || {
        Rule::new(|before, datum| match before.iter().any(|other| **other == *datum) {
            true => Err(format!("{datum} is there")),
            false => Ok(()),
        })
    };
    let tracker = tracker();
    let options = || Options::cs60_of(0).at_tracker(tracker.address());
    let strict = Peer::connect(&options().with_rule(rule())).expect("a network");
    let lax = Peer::connect(&options().with_rule(Rule::new(|_, _| Ok(())))).expect("a network");
    assert_eq!(add(&lax, "a"), 1);
    assert_eq!(add(&strict, "a"), -1);
    assert_eq!(add(&strict, "b"), 1);
    until("both to have both", || lax.get_data().is_ok_and(|data| data == ["a", "b"]));
    // A block that a rule refuses is in no chain of that peer, nor is what comes after it.
    assert_eq!(add(&lax, "a"), 1);
    assert_eq!(add(&lax, "c"), 1);
    assert_eq!(lax.get_data().expect("it runs"), ["a", "b", "a", "c"]);
    assert_eq!(strict.get_data().expect("it runs"), ["a", "b"]);
}

#[test]
fn peers_that_add_at_once_all_get_their_data_in() {
    let tracker = tracker();
    let options = || Options::cs60_of(1).at_tracker(tracker.address());
    let peers: Vec<Peer> = (0..4).map(|_| Peer::connect(&options()).expect("a network")).collect();
    thread::scope(|scope| {
        for (number, peer) in peers.iter().enumerate() {
            let ballot = format!(r#"{{"voter": "{number}", "choice": "yes"}}"#);
            scope.spawn(move || assert_eq!(add(peer, &ballot), 1));
        }
    });
    for peer in &peers {
        until("all ballots", || peer.get_data().is_ok_and(|data| data.len() == peers.len()));
    }
    for peer in peers {
        peer.disconnect().expect("it ran");
    }
}

#[test]
fn notes_of_an_open_network_are_kept_over_a_restart() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    let (name, founded) =
        (Label::new("club").expect("short"), UnixTime::from_seconds(now.as_secs()));
    let options = || {
        let mut options = Options::open(name.clone(), founded);
        if let Network::Open(config) = &mut options.network {
            config.easiest = target_of_bits(4);
        }
        options
    };
    let dir = tempfile::tempdir().expect("a directory");
    let keeping = || Options { data: Some(dir.path().to_owned()), ..options() };
    let first = Peer::connect(&keeping()).expect("a network");
    let second =
        Peer::connect(&options().with_contact(first.address().clone())).expect("a network");
    assert_eq!(add(&second, "hello"), 1);
    assert_eq!(add(&second, " "), -1);
    until("the other to have it", || first.get_data().is_ok_and(|data| data == ["hello"]));
    first.disconnect().expect("it ran");
    let again = Peer::connect(&keeping()).expect("the same network");
    assert_eq!(again.get_data().expect("it runs"), ["hello"]);
}

#[test]
fn a_network_that_is_not_there_is_an_error() {
    // A socket of another kind has this port, so that no tracker takes it.
    let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let place = taken.local_addr().expect("it is bound");
    let patience = Duration::from_millis(300);
    let options = Options { patience, ..Options::cs60().at_tracker(place) };
    let Err(error) = Peer::connect(&options) else { panic!("no tracker is there") };
    assert!(matches!(error, ConnectError::Unmet { .. }));
    assert!(error.to_string().ends_with(&format!("no tracker answers at {place}")), "{error}");
}

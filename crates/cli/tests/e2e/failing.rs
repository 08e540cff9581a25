//! What cannot work ends with one sentence that says why.

use althing_testkit::{Settings, eventually_blocking};

use crate::harness::{Althing, Network, mosquitto, mosquitto_with};

/// Runs a peer that cannot start, and returns its complaint: one sentence, a line long.
fn complaint(arguments: &[&str]) -> String {
    let mut peer = Althing::start("peer", ["peer"].iter().chain(arguments));
    let status = peer.ended();
    assert!(matches!(status.code(), Some(1 | 2)), "{status}");
    assert!(peer.lines().is_empty(), "{:?}", peer.lines());
    let complaints = peer.complaints();
    assert!(!complaints.contains("panicked"), "{complaints}");
    complaints
}

#[test]
fn a_wrong_address_is_explained() {
    for (url, why) in [
        (
            "localhost:1883",
            "a broker's address begins with mqtt:// or mqtts:// (MQTT), or with amqp",
        ),
        ("http://localhost", "http:// is not a way to reach a broker"),
        ("mqtt://", "the broker's address names no host"),
        ("mqtt://localhost:port", "\"port\" is not a port"),
        ("amqp://localhost/a/b", "a / within the name of a virtual host is written %2F"),
    ] {
        let said = complaint(&["--broker", url]);
        assert!(said.starts_with("error: invalid value") && said.contains(why), "{url}: {said}");
    }
}

#[test]
fn a_wrong_password_is_told_without_showing_it() {
    let settings = Settings {
        users: vec![("ann".to_owned(), "right".to_owned())],
        nodelay: true,
        ..Settings::default()
    };
    let broker = mosquitto_with(settings);
    let port = broker.port();
    let wrong = complaint(&["--broker", &format!("mqtt://ann:secret@localhost:{port}")]);
    assert_eq!(wrong.lines().count(), 1, "{wrong}");
    assert!(wrong.contains("refuses user ann or the password"), "{wrong}");
    assert!(!wrong.contains("secret"), "{wrong}");
    let none = complaint(&["--broker", &format!("mqtt://localhost:{port}")]);
    assert!(none.contains("wants a user name and password"), "{none}");

    let right = format!("mqtt://ann:right@localhost:{port}");
    let network = Network::of(1, right).with("--rounds", 1);
    network.peer("peer-1").ends_well();
}

#[test]
fn a_broker_that_is_not_there_is_named_and_nothing_is_left_half_written() {
    let mut broker = mosquitto();
    let network = Network::of(1, broker.url()).with("--rounds", 1);
    broker.stop();
    let impatient =
        Network::of(1, broker.url()).with("--rounds", 1).with_flag("--wait-for-broker=no");
    let mut peer = impatient.peer("peer-1");
    assert_eq!(peer.ended().code(), Some(1));
    assert!(peer.lines().is_empty(), "{:?}", peer.lines());
    let port = broker.port();
    let reason = format!("no broker listens at localhost:{port}: connection refused");
    let expected = format!("warning: {reason}; trying again for 5 s\nerror: {reason}.\n");
    assert_eq!(peer.complaints(), expected);

    let files = std::fs::read_dir(impatient.data("peer-1")).into_iter().flatten();
    let names = files.map(|file| file.expect("it can be read").file_name());
    let names: Vec<_> = names.collect();
    assert!(names.is_empty() || names == ["althing.redb"], "{names:?}");
    // Without a terminal it waits.
    let mut peer = network.peer("peer-1");
    eventually_blocking("the peer to say that it waits", || {
        peer.complaints().contains(&format!("{reason}; waiting for it")).then_some(())
    });
    broker.start_again().unwrap_or_else(|error| panic!("{error}"));
    peer.ends_well();
    assert_eq!(network.rows("peer-1").len(), 1);
}

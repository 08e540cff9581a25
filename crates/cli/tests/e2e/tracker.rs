//! `althing tracker`: alone, for peers and for strangers.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::harness::Althing;

#[test]
fn it_tells_peers_of_each_other_and_us_of_them() {
    let mut tracker = Althing::start("tracker", ["tracker", "--listen", "127.0.0.1:0", "--json"]);
    let address = tracker.wait_until("its address", |lines| {
        lines.first()?.said["address"].as_str().map(ToOwned::to_owned)
    });
    let mut peer = TcpStream::connect(&address).expect("it listens");
    peer.write_all(br#"{"type": "SYN", "addr": ["127.0.0.1", 7]}"#).expect("it is connected");
    let mut list = [0; 18];
    peer.read_exact(&mut list).expect("a list");
    assert_eq!(&list, br#"[["127.0.0.1", 7]]"#);
    peer.write_all(b"goodbye").expect("it is connected");
    tracker.wait_until("the end of the peer", |lines| {
        let mut told = lines.iter().map(|line| line.said["event"].as_str());
        let expected = ["listening", "peer_joined", "peer_gone", "connection_refused"];
        (lines.len() == 4 && told.by_ref().eq(expected.map(Some))).then_some(())
    });

    let mut second = Althing::start("second", ["tracker", "--listen", &address]);
    assert_eq!(second.ended().code(), Some(1));
    let expected = format!("error: TCP port in use: {address}; choose another with --listen.");
    assert_eq!(second.complaints().trim_end(), expected);
    tracker.signal("TERM");
    tracker.ends_well();
}

//! What a peer of a network with a chain answers when it is asked for its status.

use althing_engine::Engine;
use althing_engine::nakamoto::{Input, Mining, Output, Status};
use althing_ledger::Entry;
use althing_types::Height;

use crate::common::{Peer, address, by_height, submit};

#[test]
fn it_tells_of_its_chain_its_peers_and_its_search() {
    let mut peer = Peer::new(by_height(), Mining::FromGenesis);
    let nothing = Status {
        tip: None,
        blocks: 0,
        peers: Vec::new(),
        mempool: 0,
        mining: Mining::FromGenesis,
        searching: None,
        joined: true,
    };
    assert_eq!(peer.engine.status(), nothing);
    peer.meet([2, 3]);
    let out = peer.handle(submit(Entry::text("an entry")));
    let peers = vec![address(2), address(3)];
    let searching = Some(Height::GENESIS);
    let expected = Status { peers: peers.clone(), mempool: 1, searching, ..nothing.clone() };
    assert_eq!(peer.engine.status(), expected);

    let solved = out.iter().find_map(|output| match output {
        Output::Search { id, work } => {
            let solution = work.search(0..u64::MAX).expect("it is easy");
            Some(Input::Solved { search: *id, solution })
        }
        _ => None,
    });
    let _ = peer.handle(solved.expect("there is an entry to mine"));
    let tip = peer.engine.ledger().tip();
    assert!(tip.is_some());
    assert_eq!(peer.engine.status(), Status { tip, blocks: 1, peers, ..nothing });
}

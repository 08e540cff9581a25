//! Rule M7: the entries of a peer's own user survive a reorganisation and a restart.

use althing_engine::Recovered;
use althing_engine::nakamoto::{
    Command, Durable, Identity, Input, Message, Mining, Output, OwnEntry, State,
};
use althing_ledger::{Anything, Entry, NoArchive, Template};
use althing_types::{Height, UnixTime};

use crate::common::{Peer, address, by_height, chain, label, new_chain, submit};

/// Returns what a restart finds after these outputs, besides what it found before.
fn written(recovered: &mut Recovered<Durable>, out: &[Output]) {
    for output in out {
        if let Output::Persist(durable) = output {
            assert!(recovered.apply(durable).is_ok(), "{durable:?}");
        }
    }
}

fn searched(out: &[Output]) -> Option<Template> {
    out.iter().rev().find_map(|output| match output {
        Output::Search { work, .. } => Some((**work).clone()),
        _ => None,
    })
}

fn restarted(kept: State) -> Peer {
    let identity = Identity {
        address: address(0),
        name: label("us"),
        contacts: vec![address(1)],
        mining: Mining::FromGenesis,
        entropy: [8; 32],
        started: UnixTime::from_seconds(1_700_000_000),
    };
    Peer::recovered(by_height(), identity, Box::new(Anything), Box::new(NoArchive), kept)
}

#[test]
fn an_entry_is_on_disk_before_anybody_hears_of_it() {
    let mut peer = Peer::new(by_height(), Mining::FromGenesis);
    peer.meet([1]);
    let out = peer.handle(submit(Entry::text("ours")));
    let own = Some(vec![OwnEntry { entry: Entry::text("ours"), height: None }]);
    let durable = Durable { own, ..Durable::default() };
    assert_eq!(out.first(), Some(&Output::Persist(durable)));
    assert!(out.iter().any(|output| matches!(output, Output::Send { .. })));
    // The same again is neither written nor mined twice.
    let out = peer.handle(submit(Entry::text("ours")));
    assert!(!out.iter().any(|output| matches!(output, Output::Persist(_))), "{out:?}");
}

#[test]
fn an_entry_whose_block_was_replaced_is_mined_again_after_a_restart() {
    let rules = by_height();
    let mut disk = Recovered::default();
    let mut peer = Peer::new(rules.clone(), Mining::FromGenesis);
    peer.meet([1]);
    let out = peer.handle(submit(Entry::text("ours")));
    written(&mut disk, &out);
    let template = searched(&out).expect("there is an entry to mine");
    let nonce = template.search(0..u64::MAX).expect("it is easy");
    let search = out.iter().rev().find_map(|output| match output {
        Output::Search { id, .. } => Some(*id),
        _ => None,
    });
    let solved = Input::Solved { search: search.expect("it searches"), solution: nonce };
    written(&mut disk, &peer.handle(solved));
    assert_eq!(disk.state.own[0].height, Some(Height::GENESIS));

    // Their chain is longer, and has no block of ours.
    let theirs = new_chain(&rules, "they", 3);
    for height in 0..3 {
        let block = theirs.block_at(Height::new(height)).expect("it is that long");
        written(&mut disk, &peer.hear(1, Message::Announcement((*block).clone())));
    }
    assert_eq!(peer.length(), 3);
    assert_eq!(disk.state.own[0].height, None);

    let mut peer = restarted(disk.state.clone());
    let out = peer.handle(Input::Start);
    let template = searched(&out).expect("ours waits for a block again");
    assert_eq!(template.entries(), [Entry::text("ours")]);
}

#[test]
fn an_entry_whose_block_is_not_found_after_a_restart_is_mined_again() {
    let rules = by_height();
    let base = new_chain(&rules, "they", 1);
    let ours = chain(&rules, "us", 2, &base, 1);
    let entry = ours.block_at(Height::new(1)).expect("two blocks").entries()[0].clone();
    // The chain itself is not there: then the entry is in none.
    let kept = State { own: vec![OwnEntry { entry, height: Some(Height::new(1)) }] };
    assert!(searched(&restarted(kept).handle(Input::Start)).is_some());
    assert!(searched(&restarted(State::default()).handle(Input::Start)).is_none());
}

#[test]
fn an_entry_that_is_withdrawn_does_not_come_back_after_a_restart() {
    let mut disk = Recovered::default();
    let mut peer = Peer::new(by_height(), Mining::FromGenesis);
    peer.meet([1]);
    written(&mut disk, &peer.handle(submit(Entry::text("ours"))));
    assert_eq!(disk.state.own.len(), 1);
    written(&mut disk, &peer.handle(Input::Command(Command::Withdraw(Entry::text("ours")))));
    assert_eq!(disk.state.own, []);
}

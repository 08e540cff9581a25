//! A stranger that floods the members, and one that has something to say, or lacks something.

use althing_engine::simplex::{ENTRIES_PER_MESSAGE, MEMPOOL_AUTHOR_MAX, Message, Request};
use althing_ledger::charter::MemberIndex;
use althing_ledger::{Entry, SignedEntry};
use althing_types::Height;
use ed25519_dalek::SigningKey;

use crate::common::{Net, charter, note};

#[test]
fn an_author_that_floods_all_members_does_not_delay_another() {
    let mut net = Net::new(charter(4, 0..=0));
    let chain = net.charter.chain_id().for_entries();
    let key = SigningKey::from_bytes(&[77; 32]);
    let sign = |nonce| SignedEntry::sign(&key, &chain, "notes", nonce, b"buy").encode();
    let flood: Vec<Entry> = (0..MEMPOOL_AUTHOR_MAX as u64).map(sign).collect();
    // Nobody is heard until all have it: they would work it off as it comes.
    net.speaks = vec![false; 4];
    for member in 0..4 {
        for part in flood.chunks(ENTRIES_PER_MESSAGE) {
            net.hear_message(member, Message::Entries(part.to_vec()));
        }
    }
    let ours = note(&net.charter, 1);
    for member in 0..4 {
        net.hear_message(member, Message::Entries(vec![ours.clone()]));
    }
    net.speaks = vec![true; 4];
    net.pass(20_000);
    let log = net.log(0);
    let blocks = log.iter().filter(|it| !it.block.entries.is_empty()).count();
    let place = log.iter().position(|it| it.block.entries.contains(&ours));
    // The first block may have been proposed before it came.
    assert!(place.is_some_and(|place| place <= 2), "it is in block {place:?}");
    let all: usize = log.iter().map(|it| it.block.entries.len()).sum();
    assert_eq!(all, MEMPOOL_AUTHOR_MAX + 1, "the flood is committed as well");
    assert!(blocks > 4, "{blocks} are enough for all of it");
}

#[test]
fn a_stranger_that_asks_for_blocks_without_end_does_not_keep_a_member_from_them() {
    let mut net = Net::new(charter(4, 0..=0));
    net.speaks[3] = false;
    net.pass(600_000);
    let behind = net.heights();
    assert!(behind[0] > 500 && behind[3] == 0, "{behind:?}");
    net.speaks[3] = true;
    let mut asked = 0;
    for _ in 0..100 {
        // Before each of the member's own requests there are hundreds.
        for _ in 0..50 {
            asked += 1;
            let from = Height::new(1 + asked * 7919 % 500);
            for member in 0..3 {
                let of = MemberIndex(member);
                let request = Message::Request(Request::Blocks { of, from });
                net.hear_message(usize::from(member), request);
            }
        }
        net.pass(50);
    }
    let heights = net.heights();
    assert!(heights[3] + 8 >= heights[0], "{heights:?}");
}

//! An author that floods the members, and another one that has something to say.

use althing_engine::simplex::{ENTRIES_PER_MESSAGE, MEMPOOL_AUTHOR_MAX, Message};
use althing_ledger::{Entry, SignedEntry};
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

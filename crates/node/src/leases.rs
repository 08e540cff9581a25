//! The leases of an assembly, as a running peer sees them; and what its member says about them.

use althing_applications::Leases;
use althing_applications::leases::Witness;
use althing_types::{Height, PeerKey};
use tokio::sync::watch;

use crate::assembly::Entries;
use crate::clock::Clock;

/// The leases after a block.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The height of the block: the last committed one.
    pub height: Height,
    /// The leases.
    pub leases: Leases,
}

/// Blocks that are read at a time.
const READ_MAX: usize = 64;

/// Follows the leases of a running peer's chain, and has its member say which of them have lapsed,
/// as every member does (ADR 19). Returns what is seen, for those who want a lease; `None` if the
/// charter has none, or if the chain on the disk cannot be read.
///
/// All of it ends when the peer does.
pub async fn follow(entries: &Entries, clock: Clock) -> Option<watch::Receiver<Seen>> {
    let mut committed = entries.committed();
    let mut seen = Seen { height: Height::GENESIS, leases: entries.dialect().leases()?.clone() };
    seen = read_on(entries.clone(), seen).await?;
    let (tell, told) = watch::channel(seen.clone());
    let of_task = entries.clone();
    tokio::spawn(async move {
        // Blocks that were committed meanwhile are read now.
        committed.mark_changed();
        while committed.changed().await.is_ok() {
            let Some(next) = read_on(of_task.clone(), seen).await else { return };
            tell.send_replace(next.clone());
            seen = next;
        }
    });
    tokio::spawn(witness(entries.clone(), told.clone(), clock));
    Some(told)
}

/// Takes in the blocks that were committed since.
async fn read_on(entries: Entries, mut seen: Seen) -> Option<Seen> {
    let read = tokio::task::spawn_blocking(move || {
        loop {
            let next = seen.height.next();
            let blocks = entries.log().entries(next.number(), READ_MAX).ok()?;
            if blocks.is_empty() {
                return Some(seen);
            }
            for committed in blocks {
                seen.height = committed.block.coinbase.height;
                seen.leases.follow(seen.height, &committed.block.entries);
            }
        }
    });
    read.await.ok().flatten()
}

async fn witness(entries: Entries, mut told: watch::Receiver<Seen>, clock: Clock) {
    let me = PeerKey::from_bytes(entries.key().verifying_key().to_bytes());
    let mut witness = Witness::new(me);
    loop {
        // The clock is read after the leases: what is there now was there before.
        let leases = told.borrow_and_update().leases.clone();
        let statements = witness.look(clock.now(), &leases);
        for statement in statements {
            let entry = entries.dialect().lease_entry(entries.key(), &statement, rand::random());
            if entries.submit(entry).await.is_err() {
                return;
            }
        }
        let due = witness.due();
        tokio::select! {
            changed = told.changed() => if changed.is_err() { return },
            () = clock.sleep_until(due.unwrap_or_default()), if due.is_some() => {}
        }
    }
}

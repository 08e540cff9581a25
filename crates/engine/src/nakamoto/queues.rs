//! The queues that other peers can fill, each with its bound.

use super::{
    BAD_CLAIMS_MAX, BODIES_MAX, DOWNLOADS_MAX, GOSSIPS_REMEMBERED, HOSTS_MAX, KEYS_MAX,
    MEMPOOL_MAX, Nakamoto, OWN_BLOCKS_MAX, PEERS_MAX, REQUESTS_MAX, SHOWN_MAX, WINDOW,
};
use crate::Queue;

impl Nakamoto {
    pub(super) fn queues(&self) -> [Queue; 17] {
        [
            Queue { name: "peers", len: self.peers.len(), max: PEERS_MAX },
            Queue { name: "scored keys", len: self.bans.len(), max: KEYS_MAX },
            Queue { name: "gossips", len: self.heard.len(), max: GOSSIPS_REMEMBERED },
            Queue { name: "addresses shown", len: self.answers.shown(), max: SHOWN_MAX },
            Queue { name: "hosts answered", len: self.answers.hosts(), max: HOSTS_MAX },
            Queue { name: "requests", len: self.requests.len(), max: REQUESTS_MAX },
            Queue { name: "downloads", len: self.downloads.len(), max: DOWNLOADS_MAX },
            Queue {
                name: "blocks waiting",
                len: self.downloads.waiting(),
                max: DOWNLOADS_MAX * WINDOW,
            },
            Queue { name: "bad claims", len: self.downloads.bad_claims(), max: BAD_CLAIMS_MAX },
            Queue { name: "headers", len: self.headers.len(), max: althing_ledger::HEADERS_MAX },
            Queue { name: "bodies waiting", len: self.headers.waiting(), max: BODIES_MAX },
            Queue { name: "entries", len: self.mempool.len(), max: MEMPOOL_MAX },
            Queue { name: "clocks", len: self.wall.compared().0, max: self.wall.compared().1 },
            self.overhearing.queue(),
            Queue { name: "own entries", len: self.own.len(), max: MEMPOOL_MAX },
            Queue { name: "own blocks", len: self.holders.len(), max: OWN_BLOCKS_MAX },
            Queue {
                name: "side blocks",
                len: self.ledger.side_blocks(),
                max: althing_ledger::SIDE_BLOCKS_MAX,
            },
        ]
    }
}

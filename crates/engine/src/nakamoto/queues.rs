use super::{
    BAD_CLAIMS_MAX, BODIES_MAX, DOWNLOADS_MAX, GOSSIPS_REMEMBERED, KEYS_MAX, Nakamoto, PEERS_MAX,
    POOL_MAX, REQUESTS_MAX, WINDOW,
};
use crate::rounds::Queue;

impl Nakamoto {
    /// Returns the queues that others can fill, so that a test can hold each to its bound.
    pub fn queues(&self) -> impl Iterator<Item = Queue> {
        [
            ("peers", self.peers.len(), PEERS_MAX),
            ("scored keys", self.bans.len(), KEYS_MAX),
            ("gossips", self.heard.len(), GOSSIPS_REMEMBERED),
            ("requests", self.requests.len(), REQUESTS_MAX),
            ("downloads", self.downloads.len(), DOWNLOADS_MAX),
            ("blocks waiting", self.downloads.waiting(), DOWNLOADS_MAX * WINDOW),
            ("bad claims", self.downloads.bad_claims(), BAD_CLAIMS_MAX),
            ("headers", self.headers.len(), althing_ledger::HEADERS_MAX),
            ("bodies waiting", self.headers.waiting(), BODIES_MAX),
            ("entries", self.pool.len(), POOL_MAX),
            ("side blocks", self.ledger.side_blocks(), althing_ledger::SIDE_BLOCKS_MAX),
        ]
        .into_iter()
    }
}

//! Messages and events in a few words.

use althing_engine::nakamoto::{Event, Message};

use super::ChainNetwork;

impl ChainNetwork {
    /// Returns a message in a few words.
    pub(super) fn describe(&self, message: &Message) -> String {
        match message {
            Message::Gossip(gossip) => format!("{} is here", self.name(&gossip.origin)),
            Message::GossipReply { .. } => "I have heard of you".into(),
            Message::TipRequest => "which chain do you have?".into(),
            Message::Tip(claim) => format!("I have {} blocks up to {}", claim.length, claim.hash),
            Message::Consensus => "ask everybody for their chains".into(),
            Message::BlockRequest { height } => format!("send the block at height {height}"),
            Message::Block(block) => format!("here is the block at height {}", block.height()),
            Message::NoBlock => "I have no such block".into(),
            Message::HeadersRequest { locator } => {
                format!("send headers after one of {} blocks", locator.len())
            }
            Message::Headers(headers) => format!("here are {} headers", headers.len()),
            Message::BodyRequest { hash } => format!("send block {hash}"),
            Message::ChainRequest { from } => format!("send the chain from height {from} on"),
            Message::Chain(blocks) => format!("here are {} blocks", blocks.len()),
            Message::Announcement(block) => format!("a new block at height {}", block.height()),
            Message::Entry(_) => "a new entry".into(),
            Message::Challenge(_) => "are you where this goes?".into(),
            Message::Proof(_) => "I am where that went".into(),
        }
    }

    /// Returns an event in a few words.
    pub(super) fn describe_report(&self, event: &Event) -> String {
        match event {
            Event::PeerFound { peer, known } => {
                format!("meets {}; knows {known}", self.name(peer))
            }
            Event::PeerLost { peer } => format!("misses {}", self.name(peer)),
            Event::TipChanged { tip, disconnected, .. } if disconnected.is_empty() => {
                format!("follows {} at height {}", tip.hash, tip.height)
            }
            Event::TipChanged { tip, disconnected, connected } => {
                let (hash, height) = (tip.hash, tip.height);
                let (old, new) = (disconnected.len(), connected.len());
                format!("leaves {old} blocks for {new} up to {hash} at height {height}")
            }
            Event::BlockMined { height, .. } => format!("has found the block at height {height}"),
            Event::BlockHeld { peer, height, .. } => {
                format!("knows that {} has its block at height {height}", self.name(peer))
            }
            Event::BlockOnlyHere { height, .. } => {
                format!("knows no other peer with its block at height {height}")
            }
            Event::DownloadStarted { claim, backers } => {
                format!("fetches {} blocks that {backers} peers claim to have", claim.length)
            }
            Event::DownloadFailed { claim, reason } => {
                format!("gives up on a chain of {} blocks: {reason}", claim.length)
            }
            Event::HeadersFetched { peer, ahead } => {
                format!("has all headers of {}; {ahead} blocks are missing", self.name(peer))
            }
            Event::PeerShunned { peer, time } => {
                format!("does not ask {} for {time:?}", self.name(peer))
            }
            Event::PeerBanned { key, time, reason } => {
                format!("bans {key} for {time:?}: {reason}")
            }
            Event::NetworkOverheard { network, peers } => {
                format!(
                    "hears {peers} peers speak {}; to join them: {}",
                    network.speech, network.advice
                )
            }
            Event::ClockWrong { ahead } => format!("finds its clock {ahead} s behind"),
            Event::EntryPooled(_) => "has an entry for a block".into(),
            Event::EntryRefused { reason, .. } => format!("refuses an entry: {reason}"),
            Event::MessageRefused { from, reason } => {
                format!("refuses a message of {}: {reason}", self.name(from))
            }
        }
    }
}

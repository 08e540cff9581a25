//! What one that only watches does.

use althing_types::Address;

use super::{Message, Output};
use crate::Recipient;

/// Returns whether one that watches from the address `me` does this.
///
/// It says who it is, in its own name only, and asks for tips, headers and blocks. Everything else
/// would answer others, pass on what they said, or mine for them.
pub(super) fn is_done(me: &Address, output: &Output) -> bool {
    match output {
        Output::Send { to: Recipient::One(_), message } => match message {
            Message::Gossip(gossip) => gossip.origin == *me,
            Message::TipRequest
            | Message::BlockRequest { .. }
            | Message::HeadersRequest { .. }
            | Message::BodyRequest { .. }
            | Message::ChainRequest { .. }
            | Message::Proof(_) => true,
            Message::GossipReply { .. }
            | Message::Tip(_)
            | Message::Consensus
            | Message::Block(_)
            | Message::NoBlock
            | Message::Headers(_)
            | Message::Chain(_)
            | Message::Announcement(_)
            | Message::Entry(_)
            | Message::Challenge(_) => false,
        },
        Output::Send { to: Recipient::All, .. } | Output::Search { .. } => false,
        _ => true,
    }
}

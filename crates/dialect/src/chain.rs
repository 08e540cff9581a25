use althing_engine::nakamoto::{Message, Rules};
use althing_ledger::Application;

use crate::Malformed;

/// One of the networks with a chain that Althing speaks.
///
/// Here a message is one datagram from one address to another, and nothing in it says who sent it.
pub trait ChainDialect: Send + Sync {
    /// Returns what tells this network from others: a chain kept for one is of no use in another.
    fn network(&self) -> String;

    /// Returns the rules its engine follows.
    fn rules(&self) -> &Rules;

    /// Returns what its entries mean, before the first of them.
    fn application(&self) -> Box<dyn Application>;

    /// Returns `message` as bytes, or `None` for a message that this network does not have.
    fn encode(&self, message: &Message) -> Option<Vec<u8>>;

    /// Returns what `payload` says, or what is wrong with it.
    fn decode(&self, payload: &[u8]) -> Result<Message, Malformed>;
}

use althing_engine::nakamoto::{Message, Rules};
use althing_ledger::{Application, Block, EntriesRefused, Entry};
use althing_types::PeerKey;

use crate::Malformed;
use crate::aviary::Aviary;
use crate::cs60::Cs60;
use crate::open::Open;

/// One of the networks with a chain that Althing speaks.
///
/// Here a message is one datagram from one address to another. Where messages are signed, it says
/// whose it is; elsewhere nothing in it does.
pub trait ChainDialect: Send + Sync {
    /// Returns what tells this network from others: a chain kept for one is of no use in another.
    fn network(&self) -> String;

    /// Returns the rules its engine follows.
    fn rules(&self) -> &Rules;

    /// Returns what its entries mean, before the first of them.
    fn application(&self) -> Box<dyn Application>;

    /// Returns an entry of this peer that says `text`, or why there can be none. In networks whose
    /// entries are signed, the nonce tells it from others with the same text.
    fn entry(&self, text: &str, nonce: u64) -> Result<Entry, EntriesRefused>;

    /// Returns `message` as bytes, or `None` for a message that this network does not have.
    fn encode(&self, message: &Message) -> Option<Vec<u8>>;

    /// Returns what `payload` says, or what is wrong with it, and who signed it.
    fn decode(&self, payload: &[u8]) -> Heard;

    /// Returns `block` as it is kept and exported. Where messages are text this is one line,
    /// without its end.
    ///
    /// # Panics
    /// If it is a block of another kind of network.
    fn encode_block(&self, block: &Block) -> Vec<u8>;

    /// Returns the block that [`encode_block`](Self::encode_block) gives these bytes, or what is
    /// wrong with them. Whether it is valid is the ledger's business.
    fn decode_block(&self, bytes: &[u8]) -> Result<Block, Malformed>;
}

/// What a datagram says, and who answers for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Whose signature it has; nobody's where none is asked for, or if it is wrong (rule X1).
    pub signer: Option<PeerKey>,
    /// What it says, or what is wrong with it.
    pub said: Result<Message, Malformed>,
}

impl Heard {
    /// Returns what nobody has signed.
    pub(crate) fn unsigned(said: Result<Message, Malformed>) -> Self {
        Self { signer: None, said }
    }
}

/// Returns the dialect of the network that [calls itself](ChainDialect::network) `network`, if it
/// is one of ours: for those who find a chain, and want to know what is in it.
pub fn chain_dialect(network: &str) -> Option<Box<dyn ChainDialect>> {
    let aviary = || Some(Box::new(Aviary::of_network(network)?) as Box<dyn ChainDialect>);
    let cs60 = || Some(Box::new(Cs60::of_network(network)?) as Box<dyn ChainDialect>);
    let open = || Some(Box::new(Open::of_network(network)?) as Box<dyn ChainDialect>);
    aviary().or_else(cs60).or_else(open)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use althing_engine::nakamoto::Label;
    use althing_ledger::{HexDigits, target_of_bits};
    use althing_types::{BlockHash, UnixTime};

    use super::*;
    use crate::{aviary, cs60, open};

    #[test]
    fn a_network_is_found_by_its_name() {
        let genesis = [None, Some(BlockHash::from_bytes([0xab; 32]))];
        let mut networks: Vec<Box<dyn ChainDialect>> = Vec::new();
        for (genesis, digits) in genesis.into_iter().zip([1, 64]) {
            let difficulty = HexDigits::new(digits).expect("at most 64");
            let config = aviary::Config { difficulty, genesis, ..aviary::Config::default() };
            networks.push(Box::new(Aviary::new(config)));
        }
        for (data, zeros) in [(cs60::Data::Ballots, 3), (cs60::Data::Texts, 0)] {
            let config = cs60::Config { data, zeros, ..cs60::Config::default() };
            networks.push(Box::new(Cs60::new(config)));
        }
        for (name, seconds, bits) in [("notes: of ours", 60, 24), ("", 1, 8)] {
            let name = Label::new(name).expect("it is short");
            let start = UnixTime::from_seconds(1_700_000_000);
            networks.push(Box::new(Open::new(open::Config {
                block_time: Duration::from_secs(seconds),
                easiest: target_of_bits(bits),
                ..open::Config::new(name, start, [7; 32])
            })));
        }
        for network in networks {
            let found = chain_dialect(&network.network()).expect("it is one of ours");
            assert_eq!(found.network(), network.network());
            assert_eq!(found.rules(), network.rules());
        }
    }

    #[test]
    fn other_names_are_of_no_network() {
        for name in [
            "",
            "sd/room",
            "aviary of difficulty 65 from any",
            "aviary of difficulty 8 from nowhere",
            "cs60 songs from 3 zeros",
            "cs60 ballots from 300 zeros",
            "cs60 ballots from 3 zeros ",
            "open from 1700000000 every 60 s, half-life 120 blocks, target 2001: notes",
        ] {
            assert!(chain_dialect(name).is_none(), "{name:?}");
        }
    }
}

//! The dialect of a network, from its stored configuration.

use std::time::Duration;

use crate::aviary::{self, Aviary};
use crate::chain::ChainDialect;
use crate::cs60::{self, Cs60};
use crate::network::NetworkConfig;
use crate::open::{self, Open};
use crate::profile::AviaryRules;

/// Returns the dialect of `network`, with defaults for everything else, to read a stored chain.
/// `None` if the network has no chain.
pub fn chain_dialect(network: &NetworkConfig) -> Option<Box<dyn ChainDialect>> {
    match *network {
        NetworkConfig::ElectChain { .. }
        | NetworkConfig::Sd { .. }
        | NetworkConfig::Ppd { .. }
        | NetworkConfig::Profile { .. } => None,
        NetworkConfig::Aviary { difficulty, genesis, timestamp } => {
            let difficulty = difficulty.number();
            let programs = AviaryRules { difficulty, timestamp, ..AviaryRules::default() };
            let config = aviary::Config { programs, genesis, ..aviary::Config::default() };
            Some(Box::new(Aviary::new(config)))
        }
        NetworkConfig::Cs60 { data, zeros } => {
            let config = cs60::Config { data, zeros, ..cs60::Config::default() };
            Some(Box::new(Cs60::new(config)))
        }
        NetworkConfig::Open { ref name, start, block_time, half_life_blocks, easiest } => {
            Some(Box::new(Open::new(open::Config {
                block_time: Duration::from_secs(block_time),
                half_life_blocks,
                easiest,
                // A reader signs nothing.
                ..open::Config::new(name.clone(), start, [0; 32])
            })))
        }
    }
}

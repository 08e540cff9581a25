//! The dialect of a network, from its stored configuration.

use std::time::Duration;

use crate::Variant;
use crate::aviary::{self, Aviary};
use crate::chain::ChainDialect;
use crate::cs60::{self, Cs60};
use crate::elect_chain::{self, ElectChain};
use crate::network::NetworkConfig;
use crate::open::{self, Open};
use crate::ppd::{self, Ppd};
use crate::profile::AviaryRules;
use crate::program::{self, Program};
use crate::rounds::RoundsDialect;
use crate::sd::{self, Sd};

/// Returns the dialect of `network`, with defaults for everything else, to read a stored chain.
/// `None` if the network has no chain, or one whose rules are in its charter.
pub fn chain_dialect(network: &NetworkConfig) -> Option<Box<dyn ChainDialect>> {
    match *network {
        NetworkConfig::ElectChain { .. }
        | NetworkConfig::Sd { .. }
        | NetworkConfig::Ppd { .. }
        | NetworkConfig::Profile { .. }
        | NetworkConfig::Assembly { .. } => None,
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

/// Returns the dialect of `network`, with defaults for everything else, to tell how it decides.
/// `None` if the network has no rounds, or is of a published program as earlier builds wrote it.
pub fn rounds_dialect(network: &NetworkConfig) -> Option<Box<dyn RoundsDialect>> {
    Some(match network.clone() {
        NetworkConfig::Aviary { .. }
        | NetworkConfig::Cs60 { .. }
        | NetworkConfig::Open { .. }
        | NetworkConfig::Assembly { .. }
        | NetworkConfig::ElectChain { variant: Variant::Published, .. }
        | NetworkConfig::Sd { variant: Variant::Published, .. }
        | NetworkConfig::Ppd { variant: Variant::Published, .. } => return None,
        NetworkConfig::ElectChain { variant: Variant::Readme, topics: prefix, peers } => {
            let config = elect_chain::Config { prefix, peers, ..elect_chain::Config::default() };
            Box::new(ElectChain::new(config))
        }
        NetworkConfig::Sd {
            variant: Variant::Readme,
            topics: prefix,
            election_topic,
            id_field,
            peers,
        } => {
            let others = sd::Config::default();
            Box::new(Sd::new(sd::Config { prefix, election_topic, id_field, peers, ..others }))
        }
        NetworkConfig::Ppd { variant: Variant::Readme, topics: prefix, peers } => {
            Box::new(Ppd::new(ppd::Config { prefix, peers, ..ppd::Config::default() }))
        }
        NetworkConfig::Profile { profile } => {
            Box::new(Program::new(program::Config::new(*profile)))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Codec;
    use crate::profile::{NetworkKind, built_in};

    #[test]
    fn a_network_with_rounds_is_known_by_its_stored_configuration() {
        let mut all: Vec<Box<dyn RoundsDialect>> = vec![
            Box::new(ElectChain::new(elect_chain::Config::default())),
            Box::new(Sd::new(sd::Config::default())),
            Box::new(Ppd::new(ppd::Config::default())),
        ];
        for profile in built_in::all().iter().filter(|it| it.network == NetworkKind::Rounds) {
            let mut profile = profile.clone();
            profile.join.n += 1;
            all.push(Box::new(Program::new(program::Config::new(profile))));
        }
        for dialect in all {
            let network = dialect.network();
            let read = NetworkConfig::from_json(&network.to_json()).expect("it was just written");
            let known = rounds_dialect(&read).expect("it has rounds");
            assert_eq!(known.network(), network);
            let decides = |dialect: &dyn RoundsDialect| {
                let rules = dialect.rules();
                (rules.peers, rules.decision, rules.counting, rules.election, rules.election_every)
            };
            assert_eq!(decides(&*known), decides(&*dialect), "{network}");
            assert!(chain_dialect(&network).is_none());
        }
        let chain = Cs60::new(cs60::Config::default()).network();
        assert!(rounds_dialect(&chain).is_none() && chain_dialect(&chain).is_some());
    }
}

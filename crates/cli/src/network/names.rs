//! What the networks are called, and which of them have rounds.

use std::num::NonZeroU16;

use althing_dialect::{elect_chain, ppd, sd};
use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::chain_network::ChainName;

/// The networks that a peer can take part in. Most commands know those with rounds only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DialectName {
    Rounds(RoundsName),
    Chain(ChainName),
    Assembly,
}

/// A network with rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoundsName {
    /// One leader, drawn by lot; all members vote on each solution.
    ElectChain,
    /// One leader, drawn by lot, which alone judges the solutions.
    Sd,
    /// A leader elected for each transaction; all members sign, and vote on each solution.
    Ppd,
}

impl DialectName {
    /// Returns what parses the names of networks with rounds, and no others.
    pub(super) fn with_rounds() -> impl TypedValueParser<Value = Self> {
        let names = RoundsName::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        PossibleValuesParser::new(names)
            .try_map(|name| RoundsName::from_str(&name, false).map(Self::Rounds))
    }

    /// Returns what parses the names of all networks but assemblies.
    pub(crate) fn but_assemblies() -> impl TypedValueParser<Value = Self> {
        let others = Self::value_variants().iter().filter(|name| **name != Self::Assembly);
        PossibleValuesParser::new(others.filter_map(ValueEnum::to_possible_value))
            .try_map(|name| Self::from_str(&name, false))
    }

    /// Returns whether another network is of the same kind: with rounds, with a chain, or an
    /// assembly.
    pub(crate) fn is_like(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value().expect("no network is hidden");
        value.get_name().to_owned()
    }
}

impl ValueEnum for DialectName {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Rounds(RoundsName::ElectChain),
            Self::Rounds(RoundsName::Sd),
            Self::Rounds(RoundsName::Ppd),
            Self::Chain(ChainName::Cs60),
            Self::Chain(ChainName::Aviary),
            Self::Chain(ChainName::Open),
            Self::Assembly,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Rounds(name) => name.to_possible_value(),
            Self::Chain(name) => name.to_possible_value(),
            Self::Assembly => Some(
                PossibleValue::new("assembly")
                    .help("The members of a charter, who vote on each block; it stays for good"),
            ),
        }
    }
}

impl RoundsName {
    pub(super) fn peers_max(self) -> u16 {
        match self {
            Self::ElectChain => elect_chain::Config::PEERS_MAX,
            Self::Sd => sd::Config::PEERS_MAX,
            Self::Ppd => ppd::Config::PEERS_MAX,
        }
    }
}

/// Parses what the largest networks can have; some can have fewer.
pub(super) fn parse_peers(text: &str) -> Result<NonZeroU16, String> {
    let dialects = RoundsName::value_variants().iter();
    let most = dialects.map(|dialect| dialect.peers_max()).max().expect("there are dialects");
    text.parse()
        .ok()
        .filter(|peers: &NonZeroU16| peers.get() <= most)
        .ok_or_else(|| format!("a network has 1 to {most} peers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_counted() {
        assert!(parse_peers("1000").is_ok());
        assert_eq!(parse_peers("1001"), Err("a network has 1 to 1000 peers".to_owned()));
        assert!(parse_peers("0").is_err());
    }
}

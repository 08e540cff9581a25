//! Which network a peer takes part in, and how.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use althing_dialect::ChainDialect;
use althing_dialect::cs60::{self, Cs60};
use althing_dialect::open::{self, Open};
use althing_engine::nakamoto::{Discovery, Label};
use althing_pow::Parallelism;
use althing_types::{Address, UnixTime};

use crate::meeting::Meeting;
use crate::rule::Rule;

/// A network. All its peers describe it in the same way.
#[derive(Clone)]
pub enum Network {
    /// That of the `cs60` program: peers meet through a tracker.
    Cs60(cs60::Config),
    /// Our own, where peers sign what they add. The secret and the way in which peers meet are
    /// filled in.
    Open(Box<open::Config>),
}

/// How a peer takes part in a network.
pub struct Options {
    /// The network.
    pub network: Network,
    /// How the peer meets the others.
    pub meeting: Meeting,
    /// What it is called, also as a miner.
    pub name: Label,
    /// The directory with its chain and its identity; `None` to keep nothing.
    pub data: Option<PathBuf>,
    /// Whether it mines for others too (`open`); in `cs60` each peer mines what it adds.
    pub mines: bool,
    /// How much of the machine its searches may take.
    pub parallelism: Parallelism,
    /// How long [`connect`](crate::Peer::connect) waits until the peer has met its network.
    pub patience: Duration,
    /// Which data are valid, beside what the network says; `None` if it says all. All peers of the
    /// network must have the same.
    pub rule: Option<Rule>,
}

/// How long a program waits for its network, unless it says otherwise.
const PATIENCE: Duration = Duration::from_secs(20);

impl Options {
    /// Returns a peer of the `cs60` network with ballots, at the usual tracker of this machine.
    pub fn cs60() -> Self {
        Self::of(Network::Cs60(cs60::Config::default()))
    }

    /// Returns the same, with another number of zeros than three.
    pub fn cs60_of(zeros: u8) -> Self {
        Self::of(Network::Cs60(cs60::Config { zeros, ..cs60::Config::default() }))
    }

    /// Returns a peer of an open network with this name, founded at this time. It mines all the
    /// time, so that what it adds gets into a block.
    pub fn open(name: Label, founded: UnixTime) -> Self {
        let network = Network::Open(Box::new(open::Config::new(name, founded, [0; 32])));
        Self { mines: true, ..Self::of(network) }
    }

    /// Returns the usual peer of a network.
    pub fn of(network: Network) -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            network,
            meeting: Meeting::default(),
            name: Label::new("althing").expect("it is short"),
            data: None,
            mines: false,
            parallelism: Parallelism::of(threads),
            patience: PATIENCE,
            rule: None,
        }
    }

    /// Has the peer meet the others through this tracker.
    #[must_use]
    pub fn at_tracker(mut self, tracker: impl Into<Address>) -> Self {
        self.meeting.tracker = Some(tracker.into());
        self
    }

    /// Has the peer turn to this one first (`open`).
    #[must_use]
    pub fn with_contact(mut self, contact: impl Into<Address>) -> Self {
        self.meeting.contacts.push(contact.into());
        self
    }

    /// Has the data judged by a rule of the caller's own. In `cs60` it replaces the one for
    /// ballots; in `open` the data are still short texts.
    #[must_use]
    pub fn with_rule(mut self, rule: Rule) -> Self {
        if let Network::Cs60(config) = &mut self.network {
            config.data = cs60::Data::Texts;
        }
        self.rule = Some(rule);
        self
    }

    /// Returns how peers of the network find each other.
    pub(crate) fn discovery(&self) -> Discovery {
        match (&self.network, &self.meeting.tracker) {
            (Network::Cs60(_), _) | (_, Some(_)) => Discovery::Tracker,
            (Network::Open(_), None) => Discovery::Gossip { forward: open::FORWARD },
        }
    }

    /// Returns the dialect for a peer with this secret.
    pub(crate) fn dialect(&self, secret: [u8; 32]) -> Box<dyn ChainDialect> {
        let dialect: Box<dyn ChainDialect> = match &self.network {
            Network::Cs60(config) => Box::new(Cs60::new(config.clone())),
            Network::Open(config) => {
                let discovery = self.discovery();
                Box::new(Open::new(open::Config { discovery, secret, ..(**config).clone() }))
            }
        };
        match &self.rule {
            Some(rule) => rule.over(dialect),
            None => dialect,
        }
    }
}

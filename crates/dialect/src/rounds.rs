//! What a network with rounds has besides its codec.

use std::ops::RangeInclusive;

use althing_engine::rounds::{Authenticator, Rounds, Rules, Unsigned};
use althing_types::PeerId;

use crate::profile::Amqp;
use crate::{BadSecret, Codec, SecretKind, Wire};

/// One of the networks with rounds that Althing speaks.
pub trait RoundsDialect: Codec<Engine = Rounds> {
    /// Returns the rules its engine follows.
    fn rules(&self) -> &Rules;

    /// Returns the topics to listen to.
    fn topics(&self) -> Vec<String>;

    /// Returns the topics on which peers of other networks in the same room can be noticed, by
    /// network; that of this network's other variant comes first. Nothing is published on them.
    fn overheard(&self) -> Vec<Vec<String>>;

    /// Returns an id for a peer that starts `nanoseconds` after 1970.
    fn peer_id(&self, nanoseconds: u64, entropy: u64) -> PeerId;

    /// Returns the ids that peers draw from, where they are so few that two may draw the same.
    fn few_ids(&self) -> Option<RangeInclusive<u64>> {
        None
    }

    /// Returns the id that a user chooses by its number, or why there is none.
    fn chosen_id(&self, _: u64) -> Result<PeerId, String> {
        Err("peers of this network draw their ids".into())
    }

    /// Returns an id for one that only watches: it is no member's.
    fn watching_id(&self, nanoseconds: u64, entropy: u64) -> PeerId {
        self.peer_id(nanoseconds, entropy)
    }

    /// Returns what kind of secret a new peer needs.
    fn secret_kind(&self) -> SecretKind;

    /// Returns the authenticator of the owner of `secret`.
    fn authenticator(&self, secret: &[u8]) -> Result<Box<dyn Authenticator>, BadSecret>;

    /// Returns what checks signatures without an identity of its own, and makes none.
    fn verifier(&self) -> Box<dyn Authenticator> {
        Box::new(Unsigned)
    }

    /// Returns the last will of `peer`, which a broker publishes when its connection breaks.
    fn last_will(&self, peer: PeerId) -> Option<Wire>;

    /// Returns how messages are carried over a bus.
    fn bus(&self) -> Bus {
        Bus::default()
    }
}

/// How messages are carried over a bus: what its programs expect of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bus {
    /// MQTT's quality of service, unless a user chooses one.
    pub quality_of_service: u8,
    /// The topics whose messages the broker keeps.
    pub retained: Vec<String>,
    /// Whether what it has kept is heard.
    pub hears_retained: bool,
    /// The objects of an AMQP broker.
    pub amqp: Amqp,
}

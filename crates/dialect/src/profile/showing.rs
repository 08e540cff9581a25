//! A profile as the text of a file, with all that it takes from its base.

use serde::Serialize;

use super::{
    Amqp, AviaryRules, Carrying, Cs60Rules, Election, Fields, Ids, Join, Judge, Leader,
    NetworkKind, Profile, PuzzleRules, Signing, TopicNames, Transport, Votes,
};

/// The sections that mean something in a network of one kind.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    about: &'a str,
    network: NetworkKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    wire: Option<&'a Carrying>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amqp: Option<&'a Amqp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topics: Option<&'a TopicNames>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a Fields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Ids>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vote: Option<&'a Votes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    join: Option<&'a Join>,
    #[serde(skip_serializing_if = "Option::is_none")]
    election: Option<&'a Election>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leader: Option<&'a Leader>,
    #[serde(skip_serializing_if = "Option::is_none")]
    judge: Option<&'a Judge>,
    #[serde(skip_serializing_if = "Option::is_none")]
    puzzle: Option<&'a PuzzleRules>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign: Option<&'a Signing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aviary: Option<&'a AviaryRules>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cs60: Option<&'a Cs60Rules>,
}

impl Profile {
    /// Returns it as the text of a file that has no base.
    ///
    /// # Panics
    ///
    /// If a number in it is larger than TOML has, which none that was read is.
    pub fn to_toml(&self) -> String {
        let rounds = self.network == NetworkKind::Rounds;
        let shown = Shown {
            name: &self.name,
            about: &self.about,
            network: self.network,
            wire: rounds.then_some(&self.wire),
            amqp: (rounds && self.wire.transport == Transport::Amqp).then_some(&self.amqp),
            topics: rounds.then_some(&self.topics),
            fields: rounds.then_some(&self.fields),
            id: rounds.then_some(&self.id),
            vote: rounds.then_some(&self.vote),
            join: rounds.then_some(&self.join),
            election: rounds.then_some(&self.election),
            leader: rounds.then_some(&self.leader),
            judge: rounds.then_some(&self.judge),
            puzzle: rounds.then_some(&self.puzzle),
            sign: rounds.then_some(&self.sign),
            aviary: (self.network == NetworkKind::Aviary).then_some(&self.aviary),
            cs60: (self.network == NetworkKind::Cs60).then_some(&self.cs60),
        };
        toml::to_string(&shown).expect("its keys are texts, and its numbers came from TOML")
    }
}

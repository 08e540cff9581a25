//! What stands between the engine of a dishonest peer and its network.

use std::fmt::Debug;

use althing_engine::{Engine, Recipient};

/// A peer that is honest except in one thing: it has the engine of an honest one, and this stands
/// between that engine and the network.
pub trait Byzantine<E: Engine> {
    /// Prepares the engine for what will be sent in its name.
    fn prepare(&self, _engine: &mut E) {}

    /// Returns the messages it sends where an honest peer would send `message`.
    fn send(&mut self, to: Recipient, message: E::Message) -> Vec<Sending<E::Message>>;

    /// Returns the messages it sends when it receives one, besides those of its engine.
    fn receive(&mut self, _message: &E::Message) -> Vec<Sending<E::Message>> {
        Vec::new()
    }

    /// Takes note of an event of its engine.
    fn observe(&mut self, _event: &E::Event) {}
}

/// One message that a dishonest peer sends, and its receivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending<M> {
    /// The message, not encoded yet.
    pub message: M,
    /// The recipient that it is encoded for.
    pub to: Recipient,
    /// On a bus, the peers that it reaches; `None` for all. A broker cannot do that, but the peer
    /// with an accomplice could.
    pub only: Option<Vec<usize>>,
}

/// Returns the name of a role, as in `votes-twice`: its words, joined by hyphens.
pub fn role_name(role: &impl Debug) -> String {
    let debug = format!("{role:?}");
    let words = debug.split('(').next().unwrap_or_default();
    words.chars().fold(String::new(), |mut name, character| {
        if character.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(character.to_lowercase());
        name
    })
}

/// Returns the role with a [name](role_name), if there is one.
pub fn role_named<R: Clone + Debug>(roles: &[R], name: &str) -> Option<R> {
    roles.iter().find(|role| role_name(role) == name).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_a_name_of_its_own() {
        let rounds = crate::rounds::Role::ALL.iter().map(role_name);
        let names: std::collections::BTreeSet<String> = rounds.collect();
        assert_eq!(names.len(), crate::rounds::Role::ALL.len());
        assert!(names.contains("votes-twice"), "{names:?}");
        assert_eq!(role_name(&crate::chain::Role::ClaimsLength(7)), "claims-length");
    }
}

//! Ballots, as the `cs60` program has them: JSON with a voter and a choice, and no voter twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use althing_ledger::{Application, BlockContext, EntriesRefused, Entry, GrowingMap};
use althing_text::python_json::dumps;
use serde::{Deserialize, Serialize};

/// The `cs60` program's own application: each datum is a ballot, and a voter's first ballot counts.
///
/// Ballots are not signed there, so the first ballot in a voter's name counts, even if someone else
/// cast it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ballots {
    /// The choice of each voter.
    choices: GrowingMap<Arc<str>, Arc<str>>,
}

/// A ballot, as JSON.
#[derive(Deserialize, Serialize)]
struct Ballot {
    voter: Arc<str>,
    choice: Arc<str>,
}

impl Ballots {
    /// Returns the result of these entries of a chain. Entries that are not ballots are left out.
    pub fn of(entries: &[Entry]) -> Self {
        let mut ballots = Self::default();
        ballots.apply(&BlockContext::default(), entries);
        ballots
    }

    /// Returns a ballot, as the program writes it.
    pub fn ballot(voter: &str, choice: &str) -> Entry {
        Entry::new(dumps(&Ballot { voter: voter.into(), choice: choice.into() }))
    }

    /// Returns the choices, in the order of the voters' names.
    pub fn choices(&self) -> impl Iterator<Item = (&str, &str)> {
        self.choices.iter().map(|(voter, choice)| (&**voter, &**choice))
    }
}

impl Application for Ballots {
    fn check(&self, _: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
        let mut new = BTreeSet::new();
        for entry in entries {
            let Ballot { voter, .. } = parse(entry)?;
            if self.choices.contains_key(&voter) || !new.insert(Arc::clone(&voter)) {
                return Err(EntriesRefused::because(format!("{voter:?} has voted before")));
            }
        }
        Ok(())
    }

    fn apply(&mut self, _: &BlockContext, entries: &[Entry]) {
        let ballots = entries.iter().filter_map(|entry| parse(entry).ok());
        self.choices.extend(ballots.map(|Ballot { voter, choice }| (voter, choice)));
    }

    fn snapshot(&self) -> Box<dyn Application> {
        Box::new(self.clone())
    }
}

fn parse(entry: &Entry) -> Result<Ballot, EntriesRefused> {
    serde_json::from_slice(entry.as_bytes())
        .map_err(|error| EntriesRefused::because(format!("not a ballot: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HERE: BlockContext = BlockContext { height: althing_types::Height::GENESIS, time: None };

    fn ballot(voter: &str, choice: &str) -> Entry {
        Entry::text(&json!({"voter": voter, "choice": choice}).to_string())
    }

    #[test]
    fn a_ballot_is_written_as_the_program_writes_it() {
        let ballot = Ballots::ballot("Zoë", "yes");
        assert_eq!(ballot, Entry::text(r#"{"voter": "Zo\u00eb", "choice": "yes"}"#));
        assert_eq!(Ballots::default().check(&HERE, &[ballot]), Ok(()));
    }

    #[test]
    fn nobody_casts_two_ballots() {
        let mut ballots = Ballots::default();
        let alice = [ballot("alice", "Obama")];
        assert_eq!(ballots.check(&HERE, &alice), Ok(()));
        ballots.apply(&HERE, &alice);
        let twice = ballots.check(&HERE, &[ballot("alice", "McCain")]);
        assert_eq!(twice.expect_err("she has voted").to_string(), "\"alice\" has voted before");
        let bob = ballot("bob", "McCain");
        assert!(ballots.check(&HERE, &[bob.clone(), bob.clone()]).is_err());
        assert_eq!(ballots.check(&HERE, &[bob]), Ok(()));
        for text in ["", "Hi", "{}", r#"{"voter": "x"}"#, r#"{"voter": 7, "choice": "y"}"#] {
            let error = ballots.check(&HERE, &[Entry::text(text)]).expect_err(text).to_string();
            assert!(error.starts_with("not a ballot: "), "{error}");
        }
        assert_eq!(ballots.choices().collect::<Vec<_>>(), [("alice", "Obama")]);
        assert_eq!(Ballots::of(&alice), ballots);
    }
}

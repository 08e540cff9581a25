use std::collections::{BTreeMap, BTreeSet};

use althing_ledger::python_json::dumps;
use althing_ledger::{Application, EntriesRefused, Entry};
use serde::{Deserialize, Serialize};

/// The program's own application: each datum is a ballot, and nobody casts two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ballots {
    /// What each voter has chosen.
    choices: BTreeMap<Box<str>, Box<str>>,
}

/// A ballot, as JSON.
#[derive(Deserialize, Serialize)]
struct Ballot {
    voter: Box<str>,
    choice: Box<str>,
}

impl Ballots {
    /// Returns a ballot, as the program writes it.
    pub fn ballot(voter: &str, choice: &str) -> Entry {
        Entry::new(dumps(&Ballot { voter: voter.into(), choice: choice.into() }))
    }

    /// Returns who has chosen what.
    pub fn choices(&self) -> impl Iterator<Item = (&str, &str)> {
        self.choices.iter().map(|(voter, choice)| (&**voter, &**choice))
    }
}

impl Application for Ballots {
    fn check(&self, entries: &[Entry]) -> Result<(), EntriesRefused> {
        let mut new = BTreeSet::new();
        for entry in entries {
            let Ballot { voter, .. } = parse(entry)?;
            if self.choices.contains_key(&voter) || !new.insert(voter.clone()) {
                return Err(EntriesRefused::because(format!("{voter:?} has voted before")));
            }
        }
        Ok(())
    }

    fn apply(&mut self, entries: &[Entry]) {
        for entry in entries {
            // The genesis holds no ballot; all other entries have been checked.
            if let Ok(Ballot { voter, choice }) = parse(entry) {
                self.choices.insert(voter, choice);
            }
        }
    }

    fn fresh(&self) -> Box<dyn Application> {
        Box::new(Self::default())
    }
}

fn parse(entry: &Entry) -> Result<Ballot, EntriesRefused> {
    serde_json::from_slice(entry.as_bytes())
        .map_err(|error| EntriesRefused::because(format!("not a ballot: {error}")))
}

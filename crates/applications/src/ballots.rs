//! Ballots, as the `cs60` program has them: JSON with a voter and a choice, and no voter twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use althing_ledger::{Application, BlockContext, EntriesRefused, Entry, GrowingMap};
use althing_text::python_json::dumps;
use althing_text::python_value::{Text, Value, loads};
use serde::Serialize;

/// The `cs60` program's own application: each datum is a ballot, and a voter's first ballot counts.
///
/// Ballots are not signed there, so the first ballot in a voter's name counts, even if someone else
/// cast it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ballots {
    /// The choice of each voter.
    choices: GrowingMap<Voter, Arc<str>>,
}

/// A voter, as the program compares them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Voter {
    /// By a name.
    Named(Arc<str>),
    /// By any other value, such as a number, as its key.
    Other(Arc<str>),
}

/// A ballot of ours, as JSON.
#[derive(Serialize)]
struct Ballot<'a> {
    voter: &'a str,
    choice: &'a str,
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
        Entry::new(dumps(&Ballot { voter, choice }))
    }

    /// Refuses a new ballot without the name of a voter or a choice. Such ballots of others count
    /// as the program counts them.
    pub fn check_names(entry: &Entry) -> Result<(), EntriesRefused> {
        let (voter, choice) = parse(entry)?;
        match voter.name().trim().is_empty() || choice.trim().is_empty() {
            true => Err(EntriesRefused::because("a voter and a choice have more than spaces")),
            false => Ok(()),
        }
    }

    /// Returns the choices, in the order of the voters' names.
    pub fn choices(&self) -> impl Iterator<Item = (&str, &str)> {
        self.choices.iter().map(|(voter, choice)| (voter.name(), &**choice))
    }
}

impl Application for Ballots {
    fn check(&self, _: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
        let mut new = BTreeSet::new();
        for entry in entries {
            let (voter, _) = parse(entry)?;
            if self.choices.contains_key(&voter) || !new.insert(voter.clone()) {
                let name = voter.name();
                return Err(EntriesRefused::because(format!("{name:?} has voted before")));
            }
        }
        Ok(())
    }

    fn apply(&mut self, _: &BlockContext, entries: &[Entry]) {
        let ballots = entries.iter().filter_map(|entry| parse(entry).ok());
        self.choices.extend(ballots);
    }

    fn snapshot(&self) -> Box<dyn Application> {
        Box::new(self.clone())
    }
}

impl Voter {
    fn name(&self) -> &str {
        match self {
            Self::Named(name) | Self::Other(name) => name,
        }
    }
}

/// Returns who has voted in a ballot and for what, as the program reads it: what it accepts is in
/// the chain of all others, so a peer that refused it would be cut off.
fn parse(entry: &Entry) -> Result<(Voter, Arc<str>), EntriesRefused> {
    let not = |reason: &str| EntriesRefused::because(format!("not a ballot: {reason}"));
    let text = entry.as_text().ok_or_else(|| not("not a text"))?;
    let ballot = loads(text).map_err(|error| not(&error.to_string()))?;
    let Value::Object(mut fields) = ballot else { return Err(not("not an object")) };
    let mut field = |name: &'static str| {
        fields.remove(&Text::from(name)).ok_or_else(|| not(&format!("there is no `{name}`")))
    };
    let (voter, choice) = (field("voter")?, field("choice")?);
    let voter = match name(&voter) {
        Some(name) => Voter::Named(name.into()),
        None => Voter::Other(voter.key().into()),
    };
    let choice = name(&choice).unwrap_or_else(|| choice.key());
    Ok((voter, choice.into()))
}

/// Returns the text that a value is, if it is one that can be shown as it is.
fn name(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => text.to_text(),
        _ => None,
    }
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
    fn a_new_ballot_names_a_voter_and_a_choice() {
        assert_eq!(Ballots::check_names(&ballot("ann", "yes")), Ok(()));
        for (voter, choice) in [("", "yes"), ("ann", ""), (" ", "yes"), ("ann", "\u{a0}\t")] {
            let error = Ballots::check_names(&ballot(voter, choice)).expect_err("it is blank");
            assert!(error.to_string().contains("more than spaces"), "{error}");
            assert_eq!(Ballots::default().check(&HERE, &[ballot(voter, choice)]), Ok(()));
        }
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
        for text in ["", "Hi", "{}", r#"{"voter": "x"}"#, r#"["x", "y"]"#] {
            let error = ballots.check(&HERE, &[Entry::text(text)]).expect_err(text).to_string();
            assert!(error.starts_with("not a ballot: "), "{error}");
        }
        assert_eq!(ballots.choices().collect::<Vec<_>>(), [("alice", "Obama")]);
        assert_eq!(Ballots::of(&alice), ballots);
    }

    #[test]
    fn what_the_program_takes_for_a_ballot_is_one() {
        let cases = [
            (r#"{"voter": "ann", "choice": 1}"#, ("ann", "1")),
            (r#"{"voter": "bob\ud83d", "choice": "yes"}"#, ("\"bob\\ud83d\"", "yes")),
            (r#"{"voter": "cid", "choice": "yes", "weight": NaN}"#, ("cid", "yes")),
            (r#"{"voter": "ann", "voter": "dan", "choice": "yes"}"#, ("dan", "yes")),
            (r#"{"voter": 1, "choice": "", "more": [{}]}"#, ("1", "")),
            (r#"{"voter": "1", "choice": null}"#, ("1", "null")),
        ];
        let mut ballots = Ballots::default();
        for (text, expected) in cases {
            let entry = [Entry::text(text)];
            assert_eq!(ballots.check(&HERE, &entry), Ok(()), "{text}");
            ballots.apply(&HERE, &entry);
            assert!(ballots.choices().any(|found| found == expected), "{text}");
        }
        assert_eq!(ballots.choices().count(), cases.len());
        // To Python these are one and the same.
        for voter in ["1.0", "true", "10e-1"] {
            let entry = [Entry::text(&format!(r#"{{"voter": {voter}, "choice": "no"}}"#))];
            assert!(ballots.check(&HERE, &entry).is_err(), "{voter}");
        }
    }
}

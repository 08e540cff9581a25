//! Ballots, as the `cs60` program has them: JSON with a voter and a choice, and no voter twice.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use althing_ledger::{Application, BlockContext, EntriesRefused, Entry, GrowingMap};
use althing_text::python_json::dumps;
use althing_text::python_value::{Keys, Text, Value, loads_text};
use serde::Serialize;

use crate::{Doubt, Known};

/// The `cs60` program's own application: each datum is a ballot, and a voter's first ballot counts.
///
/// Ballots are not signed there, so the first ballot in a voter's name counts, even if someone else
/// cast it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ballots {
    /// The choice of each voter; none where a ballot has none, which the program accepts.
    choices: GrowingMap<Answer, Option<Answer>>,
}

/// A voter or a choice, as the program compares them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// A text.
    Text(Arc<str>),
    /// Any other value, such as a number or a text with half of a character, as JSON.
    Other(Arc<str>),
}

impl Answer {
    fn is_blank(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Other(_) => false,
        }
    }
}

/// Without quotation marks.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Text(text) | Self::Other(text)) = self;
        f.write_str(text)
    }
}

/// With quotation marks around a text.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Other(json) => f.write_str(json),
        }
    }
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

    /// Returns the voter of a ballot, and the choice if it has one; `None` of what is no ballot.
    pub fn read(entry: &Entry) -> Option<(Answer, Option<Answer>)> {
        parse(entry).ok()
    }

    /// Returns a ballot, as the program writes it.
    pub fn ballot(voter: &str, choice: &str) -> Entry {
        Entry::new(dumps(&Ballot { voter, choice }))
    }

    /// Refuses a new entry that is no ballot, and says how one is written; and a ballot without a
    /// voter or a choice that has more than spaces. Such ballots of others count as the program
    /// counts them, although it can show no tally any more after one without a choice.
    pub fn check_new(entry: &Entry) -> Result<(), EntriesRefused> {
        let Ok((voter, Some(choice))) = parse(entry) else { return Err(not_as_written()) };
        match voter.is_blank() || choice.is_blank() {
            true => Err(EntriesRefused::because("a voter and a choice have more than spaces")),
            false => Ok(()),
        }
    }

    /// Returns why a new ballot may not be meant as it is, after those of a chain.
    pub fn doubt(&self, entry: &Entry) -> Option<Doubt> {
        let (voter, choice) = parse(entry).ok()?;
        let known = Known {
            voters: self.choices.iter().map(|(voter, _)| voter.to_string()).collect(),
            choices: self.choices().map(|(_, choice)| choice.to_string()).collect(),
        };
        known.doubt(&voter.to_string(), &choice?.to_string())
    }

    /// Returns the voters in their order, and the choice of each.
    pub fn choices(&self) -> impl Iterator<Item = (&Answer, &Answer)> {
        self.choices.iter().filter_map(|(voter, choice)| Some((voter, choice.as_ref()?)))
    }
}

impl Application for Ballots {
    fn check(&self, _: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
        let mut new = BTreeSet::new();
        for entry in entries {
            let (voter, _) = parse(entry)?;
            if self.choices.contains_key(&voter) || !new.insert(voter.clone()) {
                return Err(EntriesRefused::because(format!("{voter:?} has voted before")));
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

fn not_as_written() -> EntriesRefused {
    not_a_ballot(&"write one as in {\"voter\": \"ann\", \"choice\": \"yes\"}")
}

fn not_a_ballot(reason: &dyn fmt::Display) -> EntriesRefused {
    EntriesRefused::because(format!("not a ballot: {reason}"))
}

/// Returns who has voted in a ballot and for what, as the program reads it: what it accepts is in
/// the chain of all others, so a peer that refused it would be cut off.
fn parse(entry: &Entry) -> Result<(Answer, Option<Answer>), EntriesRefused> {
    let text = Text::from_bytes(entry.as_bytes());
    let text = text.ok_or_else(|| not_a_ballot(&"not a text"))?;
    let ballot = loads_text(&text).map_err(|error| not_a_ballot(&error))?;
    let Value::Object(mut fields) = ballot else { return Err(not_a_ballot(&"not an object")) };
    let voter = fields.remove("voter").ok_or_else(|| not_a_ballot(&"there is no `voter`"))?;
    // The program has its voters in a set, where a list or an object ends it.
    let key = voter.key().ok_or_else(|| not_a_ballot(&"the voter is a list or an object"))?;
    let voter = text_of(&voter).unwrap_or_else(|| Answer::Other(key.into()));
    let choice = fields.remove("choice").map(|choice| {
        let json = || choice.key().unwrap_or_else(|| choice.dumps(Keys::AsRead));
        text_of(&choice).unwrap_or_else(|| Answer::Other(json().into()))
    });
    Ok((voter, choice))
}

/// Returns the text that a value is, if it is one that can be shown as it is.
fn text_of(value: &Value) -> Option<Answer> {
    match value {
        Value::Text(text) => Some(Answer::Text(text.as_text()?.into())),
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
    fn a_ballot_whose_names_look_like_others_in_the_chain_is_doubted() {
        let ballots = Ballots::of(&[ballot("ann", "yes"), Entry::text(r#"{"voter": 7}"#)]);
        let doubt = |voter, choice| ballots.doubt(&ballot(voter, choice)).map(|it| it.to_string());
        assert_eq!(doubt("bob", "yes"), None);
        let said = doubt("Ann", "yes").expect("it looks like one");
        assert_eq!(said, "\"ann\" has voted, and \"Ann\" looks like the same voter");
        assert!(doubt("bob", "Yes").is_some_and(|said| said.contains("counted apart")));
        assert_eq!(ballots.doubt(&Entry::text("no ballot")), None);
    }

    #[test]
    fn a_new_ballot_names_a_voter_and_a_choice() {
        assert_eq!(Ballots::check_new(&ballot("ann", "yes")), Ok(()));
        for (voter, choice) in [("", "yes"), ("ann", ""), (" ", "yes"), ("ann", "\u{a0}\t")] {
            let error = Ballots::check_new(&ballot(voter, choice)).expect_err("it is blank");
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
        for text in ["", "Hi", "{}", r#"{"choice": "x"}"#, r#"["x", "y"]"#, r#"{"voter": []}"#] {
            let error = ballots.check(&HERE, &[Entry::text(text)]).expect_err(text).to_string();
            assert!(error.starts_with("not a ballot: "), "{error}");
        }
        assert_eq!(shown(&ballots), ["\"alice\" \"Obama\""]);
        assert_eq!(Ballots::of(&alice), ballots);
    }

    fn shown(ballots: &Ballots) -> Vec<String> {
        ballots.choices().map(|(voter, choice)| format!("{voter:?} {choice:?}")).collect()
    }

    #[test]
    fn what_the_program_takes_for_a_ballot_is_one() {
        let cases = [
            (r#"{"voter": "ann", "choice": 1}"#, r#""ann" 1"#),
            (r#"{"voter": "bob\ud83d", "choice": "1"}"#, r#""bob\ud83d" "1""#),
            (r#"{"voter": "cid", "choice": "yes", "weight": NaN}"#, r#""cid" "yes""#),
            (r#"{"voter": "ann", "voter": "dan", "choice": [1.0]}"#, r#""dan" [1.0]"#),
            (r#"{"voter": 1, "choice": "", "more": [{}]}"#, r#"1 """#),
            (r#"{"voter": "1", "choice": null}"#, r#""1" null"#),
            // As the program has what was typed in Latin-1.
            (r#"{"voter": "Zo\udceb", "choice": "\u007f"}"#, r#""Zo\udceb" "\u{7f}""#),
        ];
        let mut ballots = Ballots::default();
        for (text, expected) in cases {
            let entry = [Entry::text(text)];
            assert_eq!(ballots.check(&HERE, &entry), Ok(()), "{text}");
            ballots.apply(&HERE, &entry);
            let shown = shown(&ballots);
            assert!(shown.iter().any(|found| found == expected), "{expected}: {shown:?}");
        }
        assert_eq!(ballots.choices().count(), cases.len());
        // Half of a character may also stand in the datum itself.
        let bare = [Entry::new(*b"{\"voter\": \"eve\xed\xb3\xab\", \"choice\": 1}")];
        assert_eq!(ballots.check(&HERE, &bare), Ok(()));
        let again = [Entry::text(r#"{"voter": "eve\udceb"}"#)];
        ballots.apply(&HERE, &bare);
        assert!(ballots.check(&HERE, &again).is_err(), "it is the same voter");
        // To Python these are one and the same.
        for voter in ["1.0", "true", "10e-1"] {
            let entry = [Entry::text(&format!(r#"{{"voter": {voter}, "choice": "no"}}"#))];
            assert!(ballots.check(&HERE, &entry).is_err(), "{voter}");
        }
    }

    #[test]
    fn a_ballot_without_a_choice_uses_up_the_vote_but_is_not_cast_by_us() {
        let mut ballots = Ballots::default();
        let none = Entry::text(r#"{"voter": "ann"}"#);
        assert_eq!(ballots.check(&HERE, std::slice::from_ref(&none)), Ok(()));
        assert!(Ballots::check_new(&none).is_err());
        ballots.apply(&HERE, &[none]);
        assert_eq!(ballots.choices().count(), 0);
        let other = ballot("ann", "yes");
        assert_eq!(Ballots::check_new(&other), Ok(()));
        assert!(ballots.check(&HERE, &[other]).is_err(), "she has voted");
    }
}

//! Ballots whose names look like others: what is in a chain cannot be mended.

use std::collections::BTreeSet;
use std::fmt;

use althing_text::look_alike::look_alike;

/// The names in a chain of ballots that a new one may look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The voters.
    pub voters: BTreeSet<String>,
    /// What they have chosen.
    pub choices: BTreeSet<String>,
}

/// A name of a new ballot that people take for another one, which is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The voter looks like one that has voted.
    Voter {
        /// The voter of a ballot in the chain.
        known: String,
        /// The voter of the new ballot.
        new: String,
    },
    /// The choice looks like one that others have made, and would be counted apart from it.
    Choice {
        /// What others have chosen.
        known: String,
        /// The choice of the new ballot.
        new: String,
    },
}

impl Known {
    /// Returns why a ballot may not be meant as it is. A name that is known exactly so is not
    /// doubted.
    pub fn doubt(&self, voter: &str, choice: &str) -> Option<Doubt> {
        if let Some(known) = like(voter, &self.voters) {
            return Some(Doubt::Voter { known, new: voter.to_owned() });
        }
        let known = like(choice, &self.choices)?;
        Some(Doubt::Choice { known, new: choice.to_owned() })
    }
}

/// Returns the first of some names that `name` looks like, unless it is one of them.
fn like(name: &str, names: &BTreeSet<String>) -> Option<String> {
    if names.contains(name) {
        return None;
    }
    names.iter().find(|known| look_alike(known, name)).cloned()
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Voter { known, new } => {
                write!(f, "{known:?} has voted, and {new:?} looks like the same voter")
            }
            Self::Choice { known, new } => {
                write!(
                    f,
                    "{known:?} is a choice already, and {new:?} would be counted apart from it"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_a_known_one_is_doubted_and_the_same_is_not() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let voters = names(&["ann", "bob", "Zo\u{eb} M\u{fc}ller"]);
        let known = Known { voters, choices: names(&["yes", "no"]) };
        assert_eq!(known.doubt("carol", "yes"), None);
        // Who has voted is refused elsewhere, by a rule.
        assert_eq!(known.doubt("ann", "yes"), None);
        let doubted = [
            ("Ann", "yes"),
            ("carol", "YES"),
            ("carol", "n\u{43e}"),
            ("b ob", "maybe"),
            ("zoe muller", "no"),
        ]
        .map(|(voter, choice)| known.doubt(voter, choice).map(|doubt| doubt.to_string()));
        let said = [
            "\"ann\" has voted, and \"Ann\" looks like the same voter",
            "\"yes\" is a choice already, and \"YES\" would be counted apart from it",
            "\"no\" is a choice already, and \"n\u{43e}\" would be counted apart from it",
            "\"bob\" has voted, and \"b ob\" looks like the same voter",
            "\"Zo\u{eb} M\u{fc}ller\" has voted, and \"zoe muller\" looks like the same voter",
        ];
        assert_eq!(doubted, said.map(|text| Some(text.to_owned())));
        let with_both = Known { voters: names(&["ann", "Ann"]), ..known };
        assert_eq!(with_both.doubt("Ann", "yes"), None, "it is the very one");
    }
}

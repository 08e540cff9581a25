//! What a voter is asked and told, word for word as the published program's page has it where it
//! says something, and what has become of each ballot. Pure: `cs60_vote` reads the lines, prints,
//! and follows the ballots.

use std::collections::BTreeSet;
use std::mem;

use althing_dialect::cs60::Known;
use althing_node::Submitted;
use althing_text::counted;

/// The prompts of the page.
const OPTION: &str = "Enter option ('a' add record, 'd' display tally, 'q' quit):";
const VOTER: &str = "Enter voter id:";
const CHOICE: &str = "Enter choice:";

/// What the page has for a ballot that cannot be cast.
const INVALID: &str = "Invalid/duplicate Vote!";

/// A voting booth: its questions, and the ballots that were cast in it.
#[derive(Debug, Default)]
pub(super) struct Booth {
    question: Question,
    /// In the order in which they were cast; the place of each is its number.
    ballots: Vec<Ballot>,
    /// What the chain holds already.
    known: Known,
    /// A ballot that was not cast because its names look like others.
    doubted: Option<Doubted>,
    is_closing: bool,
}

/// A ballot to be cast only if the voter says so again.
#[derive(Debug)]
struct Doubted {
    number: usize,
    choice: String,
}

#[derive(Debug, Default)]
enum Question {
    #[default]
    Option,
    Voter,
    Choice {
        voter: String,
    },
}

#[derive(Debug)]
struct Ballot {
    voter: String,
    choice: String,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It waits for a block.
    Waiting,
    /// It is in a block that no other peer is known to have.
    OnlyHere,
    /// It is in a block that another peer has.
    Added,
    Invalid,
    /// It was doubted, and has been cast under another number.
    CastAgain,
}

/// What a line leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Say this.
    Say(String),
    /// Cast the ballot with this number.
    Cast { number: usize, voter: String, choice: String },
    /// Show the tally.
    Tally,
    /// Leave as soon as it is known what has become of each ballot.
    LeaveSoon,
    /// Leave.
    Leave,
    /// Ask the next question.
    Ask,
}

impl Booth {
    /// Returns the question to ask now.
    pub(super) fn prompt(&self) -> &'static str {
        match self.question {
            Question::Option => OPTION,
            Question::Voter => VOTER,
            Question::Choice { .. } => CHOICE,
        }
    }

    /// Takes a line of input.
    pub(super) fn answer(&mut self, line: &str) -> Act {
        let line = line.trim();
        match mem::take(&mut self.question) {
            Question::Option => self.choose(line),
            Question::Voter => {
                self.question = Question::Choice { voter: line.to_owned() };
                Act::Ask
            }
            Question::Choice { voter } => self.cast(voter, line),
        }
    }

    /// Takes note that no more lines come; returns what to say if that ends a ballot half way.
    pub(super) fn end_of_input(&mut self) -> Option<String> {
        let Question::Choice { voter } = mem::take(&mut self.question) else { return None };
        let reason = format!("the input ended before the choice of {voter:?}");
        self.ballots.push(Ballot { voter, choice: String::new(), state: State::Invalid });
        Some(invalid(&reason))
    }

    fn choose(&mut self, line: &str) -> Act {
        match line {
            "a" => {
                self.question = Question::Voter;
                Act::Ask
            }
            "d" => Act::Tally,
            "q" if self.is_closing || self.unsettled() == 0 => Act::Leave,
            "q" => {
                self.is_closing = true;
                Act::LeaveSoon
            }
            "" => Act::Ask,
            other => Act::Say(format!("{other:?} is none of a, d and q")),
        }
    }

    fn cast(&mut self, voter: String, choice: &str) -> Act {
        let counts = |state| !matches!(state, State::Invalid | State::CastAgain);
        let may_count = |ballot: &Ballot| ballot.voter == voter && counts(ballot.state);
        if voter.is_empty() || choice.is_empty() {
            let reason = "a voter id and a choice have at least one character";
            return self.refuse(voter, choice, reason);
        }
        if self.ballots.iter().any(may_count) {
            let reason = format!("{voter:?} has voted before");
            return self.refuse(voter, choice, &reason);
        }
        let doubted = self.doubted.take();
        if let Some(doubted) = doubted.filter(|it| self.ballots[it.number].voter == voter)
            && doubted.choice == choice
        {
            self.ballots[doubted.number].state = State::CastAgain;
        } else if let Some(reason) = self.doubt(&voter, choice) {
            self.doubted = Some(Doubted { number: self.ballots.len(), choice: choice.to_owned() });
            return self.refuse(voter, choice, &reason);
        }
        let number = self.ballots.len();
        let ballot =
            Ballot { voter: voter.clone(), choice: choice.to_owned(), state: State::Waiting };
        self.ballots.push(ballot);
        Act::Cast { number, voter, choice: choice.to_owned() }
    }

    /// Returns why a ballot may not be meant as it is: what is in a chain cannot be mended.
    fn doubt(&self, voter: &str, choice: &str) -> Option<String> {
        let mut known = self.known.clone();
        for ballot in self.ballots.iter().filter(|ballot| ballot.state != State::Invalid) {
            known.voters.insert(ballot.voter.clone());
            known.choices.insert(ballot.choice.clone());
        }
        let doubt = known.doubt(voter, choice)?;
        Some(format!("{doubt}; if it is meant, cast this ballot again as it is"))
    }

    fn refuse(&mut self, voter: String, choice: &str, reason: &str) -> Act {
        let choice = choice.to_owned();
        self.ballots.push(Ballot { voter, choice, state: State::Invalid });
        Act::Say(invalid(reason))
    }

    /// Returns whether the next line is a choice, so that a ballot may be cast.
    pub(super) fn is_choosing(&self) -> bool {
        matches!(self.question, Question::Choice { .. })
    }

    /// Takes note of the names in the chain.
    pub(super) fn know(&mut self, known: Known) {
        self.known = known;
    }

    /// Takes note of the ballots in the chain at the end: one that waits to be seen with another
    /// peer may be there.
    pub(super) fn note_chain(&mut self, in_chain: &BTreeSet<(String, String)>) {
        for ballot in self.ballots.iter_mut().filter(|ballot| ballot.state == State::Waiting) {
            if in_chain.contains(&(ballot.voter.clone(), ballot.choice.clone())) {
                ballot.state = State::OnlyHere;
            }
        }
    }

    /// Takes what has become of a ballot, and returns what to say.
    pub(super) fn note(&mut self, number: usize, submitted: &Submitted) -> String {
        let Some(Ballot { voter, state, .. }) = self.ballots.get_mut(number) else {
            return String::new();
        };
        let (new, said) = match submitted {
            Submitted::Added { height, lost_races, is_held, .. } => {
                let races = match lost_races {
                    0 => String::new(),
                    races => format!("; others were quicker {} before", counted(*races, "time")),
                };
                match is_held {
                    true => (
                        State::Added,
                        format!(
                            "Added: {voter:?} is in block {height}, which another peer has \
                             too{races}"
                        ),
                    ),
                    false => (
                        State::OnlyHere,
                        format!(
                            "{voter:?} is in block {height}, but only here so far: no other peer \
                             has it{races}"
                        ),
                    ),
                }
            }
            Submitted::Returned => {
                let said = format!(
                    "{voter:?} is no longer in the chain, since another branch has more work; it \
                     is mined again"
                );
                (State::Waiting, said)
            }
            Submitted::Refused(reason) => (State::Invalid, invalid(&reason.to_string())),
        };
        *state = new;
        said
    }

    /// Returns how many ballots wait for a block, or for another peer to have it.
    pub(super) fn waiting(&self) -> usize {
        self.count(&[State::Waiting])
    }

    /// Returns how many ballots a tally of these in the chain lacks, if it lacks some: it is shown
    /// at once, also while they are mined.
    pub(super) fn not_counted(&self, in_chain: &BTreeSet<(String, String)>) -> Option<String> {
        let waits = |ballot: &&Ballot| ballot.state == State::Waiting;
        let is_missing = |it: &&Ballot| !in_chain.contains(&(it.voter.clone(), it.choice.clone()));
        match self.ballots.iter().filter(waits).filter(is_missing).count() {
            0 => None,
            1 => Some("1 ballot of this booth waits for its block".to_owned()),
            more => Some(format!("{more} ballots of this booth wait for their blocks")),
        }
    }

    /// Returns how many ballots are not known to be added, or not to be.
    pub(super) fn unsettled(&self) -> usize {
        self.count(&[State::Waiting, State::OnlyHere])
    }

    fn count(&self, states: &[State]) -> usize {
        self.ballots.iter().filter(|ballot| states.contains(&ballot.state)).count()
    }

    /// Returns whether all that a [`complaint`](Self::complaint) is about is only here so far.
    pub(super) fn is_only_here(&self) -> bool {
        self.count(&[State::Waiting, State::Invalid]) == 0
    }

    /// Returns what a voter must know who leaves now, or nothing if all ballots are in the chain of
    /// the network.
    pub(super) fn complaint(&self) -> Option<String> {
        let of = |state: State| {
            let is_it = |ballot: &&Ballot| ballot.state == state;
            let voters = self.ballots.iter().filter(is_it);
            voters.map(|ballot| format!("{:?}", ballot.voter)).collect::<Vec<_>>().join(", ")
        };
        let states = [
            (State::Waiting, "not in the chain"),
            (State::OnlyHere, "only here so far: no other peer is known to have its block"),
            (State::Invalid, "invalid"),
        ];
        let told: Vec<String> = states
            .into_iter()
            .map(|(state, what)| (of(state), what))
            .filter(|(voters, _)| !voters.is_empty())
            .map(|(voters, what)| format!("{voters} ({what})"))
            .collect();
        (!told.is_empty()).then(|| format!("ballots not added: {}", told.join(", ")))
    }
}

fn invalid(reason: &str) -> String {
    format!("{INVALID}\n{reason}")
}

#[cfg(test)]
mod tests {
    use althing_engine::nakamoto::NotAdmitted;
    use althing_types::Height;

    use super::*;

    #[test]
    fn a_ballot_whose_choice_never_comes_is_told_and_not_forgotten() {
        let mut booth = Booth::default();
        let _ = (booth.answer("a"), booth.answer("bob"));
        let said = booth.end_of_input().expect("bob has not chosen");
        assert!(said.contains("\"bob\""), "{said}");
        assert!(booth.complaint().is_some_and(|complaint| complaint.contains("\"bob\" (invalid)")));
        let _ = booth.answer("a");
        assert_eq!(booth.end_of_input(), None);
    }

    fn added(is_held: bool) -> Submitted {
        Submitted::Added { height: Height::new(3), lost_races: 2, confirmations: 1, is_held }
    }

    /// Casts a ballot, and returns its number.
    fn casts(booth: &mut Booth, voter: &str) -> usize {
        assert_eq!((booth.answer("a"), booth.prompt()), (Act::Ask, "Enter voter id:"));
        assert_eq!((booth.answer(voter), booth.prompt()), (Act::Ask, "Enter choice:"));
        match booth.answer("yes") {
            Act::Cast { number, .. } => number,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_questions_are_those_of_the_page() {
        let mut booth = Booth::default();
        let option = "Enter option ('a' add record, 'd' display tally, 'q' quit):";
        assert_eq!(booth.prompt(), option);
        let number = casts(&mut booth, " ann ");
        assert_eq!(booth.prompt(), option);
        // While a ballot is mined, the others go on.
        assert_eq!(booth.answer("d"), Act::Tally);
        let waits = "1 ballot of this booth waits for its block";
        assert_eq!(booth.not_counted(&BTreeSet::new()).as_deref(), Some(waits));
        let in_chain = BTreeSet::from([("ann".to_owned(), "yes".to_owned())]);
        assert_eq!(booth.not_counted(&in_chain), None);
        assert_eq!(booth.answer("x"), Act::Say("\"x\" is none of a, d and q".to_owned()));
        let said = booth.note(number, &added(true));
        assert!(said.starts_with("Added: \"ann\" is in block 3"), "{said}");
        assert_eq!(booth.not_counted(&BTreeSet::new()), None);
        assert_eq!((booth.answer("q"), booth.complaint()), (Act::Leave, None));
    }

    #[test]
    fn who_leaves_is_told_of_each_ballot_that_is_not_added() {
        let mut booth = Booth::default();
        let [ann, bob, eve] = ["ann", "bob", "eve"].map(|voter| casts(&mut booth, voter));
        assert_eq!(booth.answer("q"), Act::LeaveSoon);
        let said = booth.note(bob, &added(false));
        assert!(said.contains("only here so far: no other peer"), "{said}");
        let refused = Submitted::Refused(NotAdmitted::Full);
        let said = booth.note(eve, &refused);
        assert!(said.starts_with("Invalid/duplicate Vote!\n"), "{said}");
        assert_eq!(booth.waiting(), 1);
        let complaint = booth.complaint().expect("not all are added");
        for part in ["\"ann\" (not in", "\"bob\" (only here", "\"eve\" (invalid)"] {
            assert!(complaint.contains(part), "{complaint}");
        }
        let _ = (booth.note(ann, &added(true)), booth.note(bob, &added(true)));
        assert_eq!(booth.waiting(), 0);
        let _ = booth.note(ann, &Submitted::Returned);
        assert_eq!(booth.waiting(), 1, "it is mined again");
        assert_eq!(booth.answer("q"), Act::Leave, "the second time, at once");
    }

    #[test]
    fn names_that_look_like_others_are_cast_only_if_that_is_said_twice() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let known = Known { voters: names(&["ann"]), choices: names(&["yes", "no"]) };
        let mut booth = Booth::default();
        booth.know(known);
        let says = |booth: &mut Booth, voter: &str, choice: &str| {
            let _ = (booth.answer("a"), booth.answer(voter));
            assert!(booth.is_choosing());
            booth.answer(choice)
        };
        let Act::Say(said) = says(&mut booth, "Ann", "yes") else { panic!("it looks like ann") };
        assert!(said.contains("\"ann\" has voted, and \"Ann\" looks like"), "{said}");
        assert!(booth.complaint().is_some_and(|complaint| complaint.contains("\"Ann\" (invalid)")));
        assert!(matches!(says(&mut booth, "Ann", "yes"), Act::Cast { number: 1, .. }));
        let _ = booth.note(1, &added(true));
        assert_eq!(booth.complaint(), None);
        let Act::Say(said) = says(&mut booth, "bob", "Yes") else { panic!("it looks like yes") };
        assert!(said.contains("would be counted apart"), "{said}");
        assert!(matches!(says(&mut booth, "bob", "yes"), Act::Cast { .. }), "on second thoughts");
        let Act::Say(_) = says(&mut booth, "BOB", "no") else { panic!("bob has just voted") };
        // Something else in between is no second thought.
        assert!(matches!(says(&mut booth, "eve", "no"), Act::Cast { .. }));
        assert!(matches!(says(&mut booth, "BOB", "no"), Act::Say(_)));
    }

    #[test]
    fn a_ballot_that_is_in_the_chain_is_not_said_to_be_missing() {
        let mut booth = Booth::default();
        casts(&mut booth, "ann");
        casts(&mut booth, "bob");
        assert_eq!((booth.waiting(), booth.answer("q")), (2, Act::LeaveSoon));
        booth.note_chain(&BTreeSet::from([("ann".to_owned(), "yes".to_owned())]));
        let complaint = booth.complaint().expect("neither is with another peer");
        assert!(complaint.contains("\"bob\" (not in the chain)"), "{complaint}");
        assert!(complaint.contains("\"ann\" (only here so far"), "{complaint}");
        assert!(!booth.is_only_here());
        booth.note_chain(&BTreeSet::from([("bob".to_owned(), "yes".to_owned())]));
        assert!(booth.is_only_here());
    }

    #[test]
    fn nobody_votes_twice_or_for_nothing() {
        let mut booth = Booth::default();
        let number = casts(&mut booth, "ann");
        for (voter, choice) in [("ann", "no"), ("", "yes"), ("bob", " ")] {
            let _ = (booth.answer("a"), booth.answer(voter));
            let Act::Say(said) = booth.answer(choice) else { panic!("{voter} votes") };
            assert!(said.starts_with("Invalid/duplicate Vote!\n"), "{said}");
        }
        let _ = booth.note(number, &Submitted::Refused(NotAdmitted::Full));
        casts(&mut booth, "ann");
    }
}

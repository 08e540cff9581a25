//! What a screen must know of the rules of a network, to say why something is as it is.

use althing_engine::rounds::{Counting, Decision, Draw, Election, ElectionRule, Rules, Tie};

/// How a network decides, and chooses its leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HowDecided {
    /// Who puts a solution into the table.
    pub decides: Decides,
    /// How many yes votes it takes, where votes count.
    pub votes_needed: usize,
    /// How a leader is chosen.
    pub election: Election,
    /// Whether a leader is chosen for each row.
    pub is_elected_often: bool,
}

/// Who puts a solution into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decides {
    /// The members, by their votes.
    Votes,
    /// The leader, once enough members have agreed.
    LeaderWithVotes,
    /// The leader alone.
    Leader,
}

impl HowDecided {
    /// Returns the rule in a few words, and in fewer: `6 of 10 decide`.
    pub fn texts(&self, members: usize) -> [String; 2] {
        let needed = self.votes_needed;
        match self.decides {
            Decides::Votes => [format!("{needed} of {members} decide"), format!("{needed} decide")],
            Decides::LeaderWithVotes => [
                format!("the leader decides, with {needed} of {members}"),
                format!("{needed} agree"),
            ],
            Decides::Leader => ["the leader alone decides".into(), "the leader decides".into()],
        }
    }

    /// Returns who wins of several with the same draw.
    pub fn tie_text(&self) -> &'static str {
        match (self.election.rule, self.election.tie) {
            (ElectionRule::LargestDrawn | ElectionRule::SumOfDraws, _) => "there are no ties",
            (_, Tie::SmallestId) => "ties go to the smallest id",
            (_, Tie::LargestId) => "ties go to the largest id",
            (_, Tie::First) => "ties go to the first draw",
            (_, Tie::LargestText) => "ties go to the id whose text is last",
        }
    }

    /// Returns whether a draw names the peer that is to lead.
    pub fn draws_are_peers(&self) -> bool {
        self.election.draw == Draw::Member
    }
}

impl From<&Rules> for HowDecided {
    fn from(rules: &Rules) -> Self {
        let decides = match (rules.decision, rules.counting) {
            (Decision::Leader, Counting::Members) => Decides::LeaderWithVotes,
            // The published program records what its leader says.
            (Decision::Leader, Counting::Arrivals | Counting::ArrivalsOfRow) => Decides::Leader,
            _ => Decides::Votes,
        };
        Self {
            decides,
            votes_needed: rules.votes_needed(),
            election: rules.election,
            is_elected_often: rules.election_every
                == althing_engine::rounds::ElectionEvery::Transaction,
        }
    }
}

//! How peers of a network with rounds behave: how they meet, elect, ask and judge.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spelled::{Announce, Bound, Code, Next, Often, Rows, Seconds, Wait};

/// How an id, or a number that is drawn, is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdKind {
    /// A number, as in `7`.
    #[default]
    Int,
    /// A UUID in a text.
    Uuid,
    /// A number: the nanoseconds since 1970 at which the peer started.
    TimeNs,
    /// A number in a text, as in `"7"`.
    IntText,
    /// A hexadecimal number in a text, as in `"0x7"`.
    HexText,
    /// A number with a fraction in a text, as in `"0.7"`.
    FloatText,
}

impl IdKind {
    /// Returns whether it is a number that can be chosen, between bounds.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::IntText | Self::HexText)
    }
}

/// The ids of peers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ids {
    /// How they are written.
    pub kind: IdKind,
    /// The smallest that a peer draws for itself.
    pub lo: u64,
    /// The largest that a peer draws for itself.
    pub hi: u64,
}

impl Default for Ids {
    fn default() -> Self {
        Self { kind: IdKind::Int, lo: 0, hi: 65_335 }
    }
}

/// What peers vote with in an election.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Votes {
    /// What a vote is.
    pub kind: VoteKind,
    /// How a number that is drawn is written; a member is written like its id.
    #[serde(rename = "type")]
    pub form: IdKind,
    /// The smallest number that is drawn.
    pub lo: u64,
    /// The largest number that is drawn.
    pub hi: u64,
    /// What it is in the elections after the first, where it is something else there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub later: Option<VoteKind>,
}

/// What a vote in an election is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VoteKind {
    /// A number that is drawn.
    #[default]
    Draw,
    /// A member that is drawn.
    Member,
}

impl Default for Votes {
    fn default() -> Self {
        Self { kind: VoteKind::Draw, form: IdKind::Int, lo: 0, hi: 65_335, later: None }
    }
}

/// How peers meet, and when they are complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Join {
    /// Members of a full network, unless `--peers` says otherwise.
    #[schemars(range(min = 1, max = 1000))]
    pub n: u16,
    /// Members with which it may also begin, where `wait` has a time.
    #[schemars(range(min = 1, max = 1000))]
    pub min: u16,
    /// How often a peer says that it is there.
    pub announce: Announce,
    /// How long a peer waits before it says that it is there, in seconds.
    pub delay: Seconds,
    /// How many times it says so each time, and how many seconds are between them.
    pub burst: (u16, Seconds),
    /// Whether it must be said no more often: where a repeated id counts as a member.
    pub send_exactly_once: bool,
    /// Whether a vote of a stranger makes it a member.
    pub learn_id_from_vote: bool,
    /// Whether a message without an id is ignored, and is no fault.
    pub ignore_null: bool,
    /// Whether messages that the broker kept are ignored.
    pub ignore_retained: bool,
    /// When the members are complete.
    pub wait: Wait,
}

impl Default for Join {
    fn default() -> Self {
        Self {
            n: 3,
            min: 1,
            announce: Announce::default(),
            delay: Seconds::default(),
            burst: (1, Seconds::default()),
            send_exactly_once: false,
            learn_id_from_vote: false,
            ignore_null: true,
            ignore_retained: true,
            wait: Wait::Full,
        }
    }
}

/// How a leader is elected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Election {
    /// The rule by which one of the voters, or of the members they name, wins.
    pub rule: ElectionRule,
    /// Who wins of those who are equal.
    pub tie: TieRule,
    /// How votes and ids are compared.
    pub compare: Compare,
    /// When there is another election.
    pub again: Again,
    /// How often a peer says its vote.
    pub vote: Often,
    /// How long a peer waits before it votes, in seconds.
    pub vote_delay: Seconds,
    /// Whether the leader says that it was elected, and the others wait for that.
    pub announced: bool,
    /// How long a leader waits after its election before it first asks, in seconds.
    pub wait: Seconds,
}

/// Who wins an election.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ElectionRule {
    /// The peer with the highest vote.
    #[default]
    Max,
    /// The member that was named most often.
    Plurality,
    /// The member with the largest id among those that were named.
    LargestTarget,
    /// The member at the index that is the sum of all votes modulo the number of members, in the
    /// order of their ids.
    SumMod,
}

/// Who wins of those who are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TieRule {
    /// The largest id.
    #[default]
    MaxId,
    /// The smallest id.
    MinId,
    /// Who was heard first.
    First,
    /// The largest id, compared as text.
    MaxText,
}

/// How votes and ids are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compare {
    /// As numbers.
    #[default]
    Int,
    /// As texts: "9" is more than "10".
    Text,
}

/// When there is another election.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Again {
    /// Never.
    #[default]
    Never,
    /// After each row.
    PerRow,
    /// Never, but the winner of a row leads the next.
    Winner,
}

/// What the leader asks, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Leader {
    /// The number of the first row.
    pub first_tx: u64,
    /// The smallest and the largest challenge that it draws.
    pub d: (u16, u16),
    /// What makes it ask again.
    pub next: Next,
    /// After how many rows it stops.
    pub rounds: Rows,
    /// Whether it searches as well.
    pub mines: bool,
}

impl Default for Leader {
    fn default() -> Self {
        Self { first_tx: 0, d: (1, 20), next: Next::default(), rounds: Rows(None), mines: false }
    }
}

/// Who judges solutions, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Judge {
    /// Whether the leader judges, or all members do.
    pub by: JudgedBy,
    /// How many votes decide, where all judge.
    pub bound: Bound,
    /// How a yes or no is written.
    pub yes: YesForm,
    /// What a result says.
    pub result: Results,
}

/// The members whose judgement of a solution counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JudgedBy {
    /// The leader alone.
    #[default]
    Leader,
    /// All members, with votes.
    All,
}

/// How a yes or no is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum YesForm {
    /// As `true` or `false`.
    #[default]
    Bool,
    /// As `1` or `0`.
    Int,
}

/// What a result says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Results {
    /// The solution is right, and the first.
    pub ok: i64,
    /// It is wrong.
    pub wrong: Code,
    /// It came late: another one has won.
    pub late: Code,
}

impl Default for Results {
    fn default() -> Self {
        Self { ok: 1, wrong: Code::Number(0), late: Code::Number(0) }
    }
}

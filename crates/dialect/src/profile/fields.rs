//! The kinds of messages of a network with rounds, and which fields each has, in which order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::field::{Field, field};
use super::role::Role;

/// A kind of message in a network with rounds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum MessageKind {
    /// A peer is here.
    Init,
    /// A peer's key.
    Pubkey,
    /// A peer's vote in an election: a number that it drew, or a member.
    Vote,
    /// The peer that was elected says so.
    Coordinator,
    /// The leader asks for a solution.
    Challenge,
    /// A peer has found a solution.
    Solution,
    /// The leader's verdict on a solution.
    Result,
    /// A member's yes or no to a solution.
    Ballot,
    /// The leader ends the session.
    Finish,
}

/// Chooses what a struct with a field for each kind of message has for one kind.
macro_rules! of_kind {
    ($kind:expr, $($place:tt)+) => {
        match $kind {
            MessageKind::Init => $($place)+.init,
            MessageKind::Pubkey => $($place)+.pubkey,
            MessageKind::Vote => $($place)+.vote,
            MessageKind::Coordinator => $($place)+.coordinator,
            MessageKind::Challenge => $($place)+.challenge,
            MessageKind::Solution => $($place)+.solution,
            MessageKind::Result => $($place)+.result,
            MessageKind::Ballot => $($place)+.ballot,
            MessageKind::Finish => $($place)+.finish,
        }
    };
}
pub(super) use of_kind;

impl MessageKind {
    /// All kinds, in the order in which they are first sent.
    pub const ALL: [Self; 9] = [
        Self::Init,
        Self::Pubkey,
        Self::Vote,
        Self::Coordinator,
        Self::Challenge,
        Self::Solution,
        Self::Result,
        Self::Ballot,
        Self::Finish,
    ];

    /// Returns its name, which is also that of its keys in a profile.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Pubkey => "pubkey",
            Self::Vote => "vote",
            Self::Coordinator => "coordinator",
            Self::Challenge => "challenge",
            Self::Solution => "solution",
            Self::Result => "result",
            Self::Ballot => "ballot",
            Self::Finish => "finish",
        }
    }

    /// Returns the roles without which such a message says nothing.
    pub(crate) const fn needs(self) -> &'static [Role] {
        match self {
            Self::Init | Self::Coordinator | Self::Finish => &[Role::Id],
            Self::Pubkey => &[Role::Id, Role::Key],
            Self::Vote => &[Role::Id, Role::Vote],
            Self::Challenge => &[Role::Challenge],
            Self::Solution => &[Role::Id, Role::Solution],
            Self::Result => &[Role::Solver, Role::Result],
            Self::Ballot => &[Role::Id, Role::Yes],
        }
    }

    /// Returns the roles that such a message may have.
    pub(crate) const fn roles(self) -> &'static [Role] {
        match self {
            Self::Init | Self::Pubkey => &[Role::Id, Role::Key, Role::Sign],
            Self::Vote => &[Role::Id, Role::Vote, Role::Sign],
            Self::Coordinator => &[Role::Id, Role::Vote, Role::Sign],
            Self::Finish => &[Role::Id, Role::Sign],
            Self::Challenge => &[Role::Id, Role::Tx, Role::Challenge, Role::Sign],
            Self::Solution => &[Role::Id, Role::Tx, Role::Challenge, Role::Solution, Role::Sign],
            Self::Result => {
                &[Role::Id, Role::Solver, Role::Tx, Role::Solution, Role::Result, Role::Sign]
            }
            Self::Ballot => {
                &[Role::Id, Role::Solver, Role::Tx, Role::Solution, Role::Yes, Role::Sign]
            }
        }
    }
}

/// The fields of each message, in the order in which they are written. A message without fields
/// does not exist in the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    /// Of the message with which a peer says that it is there.
    pub init: Vec<Field>,
    /// Of the message with a peer's key.
    pub pubkey: Vec<Field>,
    /// Of a vote in an election.
    pub vote: Vec<Field>,
    /// Of the message with which the elected leader says so.
    pub coordinator: Vec<Field>,
    /// Of a challenge.
    pub challenge: Vec<Field>,
    /// Of a solution.
    pub solution: Vec<Field>,
    /// Of a leader's verdict.
    pub result: Vec<Field>,
    /// Of a member's vote on a solution.
    pub ballot: Vec<Field>,
    /// Of the message with which a leader ends the session.
    pub finish: Vec<Field>,
    /// Whether messages with other fields, or fields in other spellings, are refused, as by
    /// programs that read an exact set of keys.
    pub strict_keys: bool,
}

impl Default for Fields {
    fn default() -> Self {
        use Role::{Challenge, Id, Result, Solution, Solver, Tx, Vote};
        let id = || field(Id, "ClientID");
        let tx = || field(Tx, "TransactionID");
        let solution = || field(Solution, "Solution");
        Self {
            init: vec![id()],
            pubkey: Vec::new(),
            vote: vec![id(), field(Vote, "VoteID")],
            coordinator: Vec::new(),
            challenge: vec![tx(), field(Challenge, "Challenge")],
            solution: vec![id(), tx(), solution()],
            result: vec![field(Solver, "ClientID"), tx(), solution(), field(Result, "Result")],
            ballot: Vec::new(),
            finish: Vec::new(),
            strict_keys: false,
        }
    }
}

impl Fields {
    /// Returns the fields of a kind of message; none if there are no such messages.
    pub fn of(&self, kind: MessageKind) -> &[Field] {
        of_kind!(kind, &self)
    }

    /// Returns the fields of a kind of message, to change them.
    pub(super) fn of_mut(&mut self, kind: MessageKind) -> &mut Vec<Field> {
        of_kind!(kind, &mut self)
    }

    /// Gives the ids in all messages this name.
    pub fn rename_id(&mut self, name: &str) {
        Names { id: Some(name.to_owned()), ..Names::default() }.rename(self);
    }

    /// Returns whether messages of a kind have a field with this role.
    pub fn has(&self, kind: MessageKind, role: Role) -> bool {
        self.of(kind).iter().any(|field| field.role() == Some(role))
    }
}

/// Names for the fields of all messages at once, by role; the solver goes by the name of the id
/// where it did before, unless it has one of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Names {
    /// The sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The vote in an election.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vote: Option<String>,
    /// The number of the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx: Option<String>,
    /// The difficulty.
    #[serde(skip_serializing_if = "Option::is_none", alias = "d")]
    pub challenge: Option<String>,
    /// The solution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solution: Option<String>,
    /// The finder of a solution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solver: Option<String>,
    /// The verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The yes or no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub yes: Option<String>,
    /// The key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign: Option<String>,
}

impl Names {
    fn of(&self, role: Role) -> Option<&String> {
        match role {
            Role::Id => self.id.as_ref(),
            Role::Vote => self.vote.as_ref(),
            Role::Tx => self.tx.as_ref(),
            Role::Challenge => self.challenge.as_ref(),
            Role::Solution => self.solution.as_ref(),
            Role::Solver => self.solver.as_ref(),
            Role::Result => self.result.as_ref(),
            Role::Yes => self.yes.as_ref(),
            Role::Key => self.key.as_ref(),
            Role::Sign => self.sign.as_ref(),
        }
    }

    /// Gives these names to the fields of all messages.
    pub(super) fn rename(&self, fields: &mut Fields) {
        let id_before: Vec<String> = MessageKind::ALL
            .iter()
            .flat_map(|kind| fields.of(*kind))
            .filter(|field| field.role() == Some(Role::Id))
            .map(|field| field.name().to_owned())
            .collect();
        for kind in MessageKind::ALL {
            for field in fields.of_mut(kind) {
                let Field::Of(role, name) = field else { continue };
                let shares = *role == Role::Solver && id_before.contains(name);
                let shared = self.id.as_ref().filter(|_| shares);
                if let Some(new) = self.of(*role).or(shared) {
                    name.clone_from(new);
                }
            }
        }
    }
}

//! The messages of a network with rounds and their fields: names, order and meaning.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
    pub(super) const fn needs(self) -> &'static [Role] {
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

/// What a field of a message says.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The sender of the message.
    Id,
    /// A vote in an election.
    Vote,
    /// The number of the row.
    Tx,
    /// How hard the challenge is.
    #[serde(alias = "d")]
    Challenge,
    /// What solves the challenge.
    Solution,
    /// Who found the solution.
    Solver,
    /// The leader's verdict.
    Result,
    /// A member's yes or no.
    Yes,
    /// A key.
    Key,
    /// A signature.
    Sign,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 10] = [
        Self::Id,
        Self::Vote,
        Self::Tx,
        Self::Challenge,
        Self::Solution,
        Self::Solver,
        Self::Result,
        Self::Yes,
        Self::Key,
        Self::Sign,
    ];

    /// Returns how a profile writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Vote => "vote",
            Self::Tx => "tx",
            Self::Challenge => "challenge",
            Self::Solution => "solution",
            Self::Solver => "solver",
            Self::Result => "result",
            Self::Yes => "yes",
            Self::Key => "key",
            Self::Sign => "sign",
        }
    }

    /// Returns the names that programs give to a field with this role. Several roles share some:
    /// in a program's result, `ClientID` is the solver.
    pub fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::Id => ID_SPELLINGS,
            Self::Vote => VOTE_SPELLINGS,
            Self::Tx => TX_SPELLINGS,
            Self::Challenge => &["Challenge", "challenge", "Difficulty", "difficulty", "D", "d"],
            Self::Solution => &["Solution", "solution", "Seed", "seed", "S", "s"],
            Self::Solver => SOLVER_SPELLINGS,
            Self::Result => &["Result", "result", "R", "r"],
            Self::Yes => &["Vote", "vote", "Yes", "yes", "Valid", "valid"],
            Self::Key => &["PubKey", "pubKey", "pubkey", "pub_key", "PublicKey", "public_key"],
            Self::Sign => &["Sign", "sign", "Signature", "signature"],
        }
    }
}

/// How programs name the sender.
pub(crate) const ID_SPELLINGS: &[&str] = &[
    "id",
    "ClientID",
    "NodeId",
    "clientId",
    "clientID",
    "client_id",
    "ClientId",
    "NodeID",
    "nodeId",
    "node_id",
    "ID",
    "Id",
    "cid",
    "C",
    "c",
];

const VOTE_SPELLINGS: &[&str] = &[
    "VoteID",
    "voteId",
    "voteID",
    "vote_id",
    "VoteId",
    "Vote",
    "vote",
    "ElectionNumber",
    "electionNumber",
    "election",
    "V",
    "v",
];

const TX_SPELLINGS: &[&str] = &[
    "TransactionID",
    "transactionId",
    "transactionID",
    "transaction_id",
    "TransactionId",
    "TransactionNumber",
    "transactionNumber",
    "transaction",
    "tx",
    "T",
    "t",
];

const SOLVER_SPELLINGS: &[&str] =
    &["SolutionID", "solutionId", "solver", "Solver", "winner", "Winner"];

/// One field of a message. In a profile it is a list: `["id", "ClientID"]` has a role and a name,
/// `["const", "winner", -1]` always the same value, and `["null", "solution"]` always `null`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// It says something.
    Of(Role, String),
    /// It always has the same value.
    Constant(String, Constant),
}

/// The value of a field that always has the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constant {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without a fraction.
    Number(i64),
    /// A text.
    Text(String),
}

impl Field {
    /// Returns its name on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::Of(_, name) | Self::Constant(name, _) => name,
        }
    }

    /// Returns what it says, if not always the same.
    pub fn role(&self) -> Option<Role> {
        match self {
            Self::Of(role, _) => Some(*role),
            Self::Constant(..) => None,
        }
    }
}

/// Returns a field with a role.
pub(super) fn field(role: Role, name: &str) -> Field {
    Field::Of(role, name.to_owned())
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(None)?;
        match self {
            Self::Of(role, name) => {
                list.serialize_element(role)?;
                list.serialize_element(name)?;
            }
            Self::Constant(name, Constant::Null) => {
                list.serialize_element("null")?;
                list.serialize_element(name)?;
            }
            Self::Constant(name, value) => {
                list.serialize_element("const")?;
                list.serialize_element(name)?;
                match value {
                    Constant::Null => {}
                    Constant::Bool(value) => list.serialize_element(value)?,
                    Constant::Number(value) => list.serialize_element(value)?,
                    Constant::Text(value) => list.serialize_element(value)?,
                }
            }
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a field, such as [\"id\", \"ClientID\"], [\"const\", \"winner\", -1] or \
                     [\"null\", \"solution\"]",
                )
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Field, A::Error> {
                let short = |length| de::Error::invalid_length(length, &self);
                let first: First = list.next_element()?.ok_or_else(|| short(0))?;
                let name: String = list.next_element()?.ok_or_else(|| short(1))?;
                let field = match first {
                    First::Role(role) => Field::Of(role, name),
                    First::Null => Field::Constant(name, Constant::Null),
                    First::Const => {
                        let Value(value) = list.next_element()?.ok_or_else(|| short(2))?;
                        Field::Constant(name, value)
                    }
                };
                match list.next_element::<de::IgnoredAny>()? {
                    Some(_) => Err(de::Error::custom(format_args!(
                        "the field {:?} has more parts than it can have",
                        field.name()
                    ))),
                    None => Ok(field),
                }
            }
        }

        from.deserialize_seq(List)
    }
}

/// What a field's list begins with.
enum First {
    Role(Role),
    Const,
    Null,
}

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        const NAMES: &[&str] = &[
            "id",
            "vote",
            "tx",
            "challenge",
            "solution",
            "solver",
            "result",
            "yes",
            "key",
            "sign",
            "const",
            "null",
        ];
        let text = String::deserialize(from)?;
        match text.as_str() {
            "const" => Ok(Self::Const),
            "null" => Ok(Self::Null),
            "d" => Ok(Self::Role(Role::Challenge)),
            name => match Role::ALL.into_iter().find(|role| role.name() == name) {
                Some(role) => Ok(Self::Role(role)),
                None => Err(de::Error::unknown_variant(name, NAMES)),
            },
        }
    }
}

/// A constant as it is read.
struct Value(Constant);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;

        impl Visitor<'_> for Any {
            type Value = Constant;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, a number without a fraction, or a text")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Constant, E> {
                Ok(Constant::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Constant, E> {
                Ok(Constant::Number(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Constant, E> {
                let number = i64::try_from(value);
                number.map(Constant::Number).map_err(|_| E::custom("a number that is too large"))
            }

            fn visit_str<E>(self, value: &str) -> Result<Constant, E> {
                Ok(Constant::Text(value.to_owned()))
            }
        }

        from.deserialize_any(Any).map(Self)
    }
}

impl JsonSchema for Field {
    fn schema_name() -> Cow<'static, str> {
        "Field".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let role = generator.subschema_for::<Role>();
        json_schema!({
            "description": "A field of a message: a role and a name, or a value that is always the \
                            same.",
            "oneOf": [
                {
                    "type": "array",
                    "prefixItems": [role, { "type": "string" }],
                    "minItems": 2,
                    "maxItems": 2,
                },
                {
                    "type": "array",
                    "prefixItems": [
                        { "const": "const" },
                        { "type": "string" },
                        { "type": ["boolean", "integer", "string"] },
                    ],
                    "minItems": 3,
                    "maxItems": 3,
                },
                {
                    "type": "array",
                    "prefixItems": [{ "const": "null" }, { "type": "string" }],
                    "minItems": 2,
                    "maxItems": 2,
                },
            ],
        })
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
        match kind {
            MessageKind::Init => &self.init,
            MessageKind::Pubkey => &self.pubkey,
            MessageKind::Vote => &self.vote,
            MessageKind::Coordinator => &self.coordinator,
            MessageKind::Challenge => &self.challenge,
            MessageKind::Solution => &self.solution,
            MessageKind::Result => &self.result,
            MessageKind::Ballot => &self.ballot,
            MessageKind::Finish => &self.finish,
        }
    }

    /// Returns the fields of a kind of message, to change them.
    pub(super) fn of_mut(&mut self, kind: MessageKind) -> &mut Vec<Field> {
        match kind {
            MessageKind::Init => &mut self.init,
            MessageKind::Pubkey => &mut self.pubkey,
            MessageKind::Vote => &mut self.vote,
            MessageKind::Coordinator => &mut self.coordinator,
            MessageKind::Challenge => &mut self.challenge,
            MessageKind::Solution => &mut self.solution,
            MessageKind::Result => &mut self.result,
            MessageKind::Ballot => &mut self.ballot,
            MessageKind::Finish => &mut self.finish,
        }
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

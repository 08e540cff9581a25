//! From bytes to the engine's messages: exactly what the profile lists, or what its programs would
//! take for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use althing_engine::rounds::{
    Cause, Message, Place, PublicKey, Ruling, Signature, Signed, StartsDigest,
};
use althing_text::hex::Hex;
use althing_text::python_value::{Keys, Value};
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};

use super::encode::{signed_bytes, vote_form};
use super::key::read_key;
use super::object::read;
use super::token::{read_id, read_number};
use crate::profile::{Code, Field, MessageKind, Payload, Profile, Role, SignedPart, SolutionForm};
use crate::{Content, Malformed, json, rsa};

/// How much a message may differ from what the profile lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tolerance {
    /// Not at all: other fields, names and spellings are none of ours.
    Exact,
    /// As much as the programs do not notice.
    Programs,
}

/// Stands in a vote for the challenge, which that vote does not name.
const UNSAID: Difficulty = Difficulty::MIN;

/// The values of a message, by role.
struct Reader<'a> {
    profile: &'a Profile,
    kind: MessageKind,
    tolerance: Tolerance,
    values: BTreeMap<Role, Value>,
}

/// Returns what `payload` says as a message of a kind. One that does not name its row has
/// [`Transaction::UNNAMED`].
pub(super) fn decode(
    profile: &Profile,
    kind: MessageKind,
    tolerance: Tolerance,
    payload: &[u8],
) -> Result<Content<Signed>, Malformed> {
    let reader = Reader::new(profile, kind, tolerance, payload)?;
    let message = match kind {
        // When a session ends follows from its rows.
        MessageKind::Finish => return Ok(Content::Nothing),
        MessageKind::Init | MessageKind::Pubkey => match reader.announcement()? {
            Some(message) => message,
            None => return Ok(Content::Nothing),
        },
        MessageKind::Vote => {
            Message::Election { peer: reader.peer()?, draw: reader.draw()?, state: None }
        }
        MessageKind::Coordinator => {
            let draw = reader.draw_or(0)?;
            Message::Coordinator { peer: reader.peer()?, draw }
        }
        MessageKind::Challenge => {
            let place = reader.row()?.map(|transaction| Place { transaction, term: Term::FIRST });
            let peer = reader.peer_or(PeerId::UNNAMED)?;
            Message::Challenge { peer, difficulty: reader.difficulty()?, place }
        }
        MessageKind::Solution => Message::Solution {
            peer: reader.peer()?,
            transaction: reader.row()?.unwrap_or(Transaction::UNNAMED),
            seed: reader.seed()?,
        },
        MessageKind::Result => Message::Verdict {
            peer: reader.peer_or(PeerId::UNNAMED)?,
            transaction: reader.row()?.unwrap_or(Transaction::UNNAMED),
            seed: reader.seed_or_none()?,
            winner: reader.id(Role::Solver)?.unwrap_or(PeerId::UNNAMED),
            ruling: reader.ruling()?,
        },
        MessageKind::Ballot => Message::Vote {
            peer: reader.peer()?,
            transaction: reader.row()?.unwrap_or(Transaction::UNNAMED),
            seed: reader.seed_or_none()?,
            approve: reader.yes()?,
            cause: reader.id(Role::Solver)?.map(|winner| Cause {
                term: Term::FIRST,
                difficulty: UNSAID,
                winner,
                starts: StartsDigest::default(),
            }),
        },
    };
    let mut signature = reader.signature()?;
    if let Some(signature) = &mut signature {
        signature.over = over(profile, kind, &message, payload);
    }
    Ok(Content::Message(Signed { message, signature }))
}

/// Returns what a signature under a message is over, if that is not what we would write: programs
/// write again what they have read, without the signature. So the order of the fields, what is
/// there besides, and how numbers are written are the sender's.
fn over(
    profile: &Profile,
    kind: MessageKind,
    message: &Message,
    payload: &[u8],
) -> Option<Arc<[u8]>> {
    let is_over_all = profile.sign.over == SignedPart::DumpMinusSign;
    if !profile.signs(kind) || !is_over_all || profile.wire.payload != Payload::Json {
        return None;
    }
    let Ok(Value::Object(mut fields)) = json::read(payload) else { return None };
    let listed = profile.fields.of(kind).iter();
    for field in listed.filter(|field| field.role() == Some(Role::Sign)) {
        fields.remove(field.name());
    }
    let text = Value::Object(fields).dumps(Keys::AsRead).into_bytes();
    let is_usual = signed_bytes(profile, message).is_some_and(|usual| usual == text);
    (!is_usual).then(|| text.into())
}

impl<'a> Reader<'a> {
    fn new(
        profile: &'a Profile,
        kind: MessageKind,
        tolerance: Tolerance,
        payload: &[u8],
    ) -> Result<Self, Malformed> {
        let fields = profile.fields.of(kind);
        let mut given = read(profile.wire.payload, fields, payload)?;
        let mut values = BTreeMap::new();
        let mut missing = Vec::new();
        for field in fields {
            match (field, given.remove(field.name())) {
                (Field::Of(role, _), Some(value)) => {
                    values.insert(*role, value);
                }
                (Field::Constant(..), Some(_)) => {}
                (field, None) => missing.push(field),
            }
        }
        let is_strict = tolerance == Tolerance::Exact || profile.fields.strict_keys;
        for field in missing {
            let spellings = field.role().map_or(&[][..], Role::spellings);
            let known = spellings.iter().filter(|_| !is_strict).find_map(|name| given.remove(name));
            match (field.role(), known) {
                (Some(role), Some(value)) => {
                    values.insert(role, value);
                }
                // A signature is missed by the engine, which knows what must be signed.
                (Some(Role::Sign), None) => {}
                _ if is_strict || field.role().is_some() => {
                    let reason = format!("missing field `{}`", field.name());
                    return Err(Malformed::NotAMessage(reason));
                }
                _ => {}
            }
        }
        if let Some(name) = given.other().filter(|_| is_strict) {
            return Err(Malformed::NotAMessage(format!("unknown field `{name:.64}`")));
        }
        Ok(Self { profile, kind, tolerance, values })
    }

    /// Returns what is wrong with the value of a role.
    fn wrong(&self, role: Role, reason: &str) -> Malformed {
        let fields = self.profile.fields.of(self.kind);
        let name = fields.iter().find(|field| field.role() == Some(role)).map(Field::name);
        Malformed::NotAMessage(format!("field `{}`: {reason}", name.unwrap_or(role.name())))
    }

    fn id(&self, role: Role) -> Result<Option<PeerId>, Malformed> {
        let Some(value) = self.values.get(&role) else { return Ok(None) };
        let is_exact = self.tolerance == Tolerance::Exact;
        let number = read_id(self.profile.id.kind, value, is_exact);
        let number = number.ok_or_else(|| self.wrong(role, "it is not the id of a peer"))?;
        Ok(Some(PeerId::new(number)))
    }

    fn peer(&self) -> Result<PeerId, Malformed> {
        self.id(Role::Id)?.ok_or_else(|| self.wrong(Role::Id, "it is missing"))
    }

    fn peer_or(&self, other: PeerId) -> Result<PeerId, Malformed> {
        Ok(self.id(Role::Id)?.unwrap_or(other))
    }

    /// Returns an announcement; `None` for one without an id, where that is ignored.
    fn announcement(&self) -> Result<Option<Message>, Malformed> {
        let is_null = matches!(self.values.get(&Role::Id), Some(Value::Null));
        if is_null && self.profile.join.ignore_null {
            return Ok(None);
        }
        let peer = self.peer()?;
        Ok(Some(Message::Announcement { peer, key: self.key()?, members: None, start: None }))
    }

    fn key(&self) -> Result<Option<PublicKey>, Malformed> {
        let Some(value) = self.values.get(&Role::Key) else { return Ok(None) };
        let text = text(value).ok_or_else(|| self.wrong(Role::Key, "it is no text"))?;
        let key = read_key(self.profile.sign.key, &text);
        let key = key.map_err(|reason| self.wrong(Role::Key, reason))?;
        match rsa::is_usable(&key) {
            true => Ok(Some(key)),
            false => Err(self.wrong(Role::Key, "not an RSA key of 1024 to 2048 bits")),
        }
    }

    fn draw(&self) -> Result<u128, Malformed> {
        let (exact, form) = (self.tolerance == Tolerance::Exact, vote_form(self.profile));
        let value = self.values.get(&Role::Vote);
        let draw = value.and_then(|value| read_id(form, value, exact));
        draw.ok_or_else(|| self.wrong(Role::Vote, "it is not a vote"))
    }

    /// Returns the vote, or another one where messages of this kind do not say it.
    fn draw_or(&self, other: u128) -> Result<u128, Malformed> {
        match self.values.contains_key(&Role::Vote) {
            true => self.draw(),
            false => Ok(other),
        }
    }

    fn number(&self, role: Role) -> Result<Option<u64>, Malformed> {
        let Some(value) = self.values.get(&role) else { return Ok(None) };
        let is_plain = matches!(value, Value::Integer(_));
        let takes = self.tolerance == Tolerance::Programs
            || is_plain
            || self.profile.wire.payload == Payload::SlashText;
        let number = read_number(value).filter(|_| takes);
        match number.and_then(|number| u64::try_from(number).ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(role, "it is no number from 0 on, below 2^64")),
        }
    }

    fn row(&self) -> Result<Option<Transaction>, Malformed> {
        Ok(self.number(Role::Tx)?.map(Transaction::new))
    }

    fn difficulty(&self) -> Result<Difficulty, Malformed> {
        let bits = self.number(Role::Challenge)?;
        let bits = bits.ok_or_else(|| self.wrong(Role::Challenge, "it is missing"))?;
        Difficulty::from_bits(bits).map_err(|error| self.wrong(Role::Challenge, &error.to_string()))
    }

    fn seed(&self) -> Result<Seed, Malformed> {
        let value = self.values.get(&Role::Solution);
        let text = match self.profile.puzzle.form {
            SolutionForm::Text => value.and_then(text_or_digits),
            SolutionForm::Int => value.and_then(read_number).map(|number| number.to_string()),
        };
        let text = text.ok_or_else(|| self.wrong(Role::Solution, "it is no solution"))?;
        Seed::new(text).map_err(|error| self.wrong(Role::Solution, &error.to_string()))
    }

    /// Returns the solution, or an empty one where messages of this kind do not say it.
    fn seed_or_none(&self) -> Result<Seed, Malformed> {
        match self.values.contains_key(&Role::Solution) {
            true => self.seed(),
            false => Ok(Seed::new("").expect("it is short")),
        }
    }

    fn ruling(&self) -> Result<Ruling, Malformed> {
        let results = &self.profile.judge.result;
        let code = match self.values.get(&Role::Result) {
            Some(Value::Integer(digits)) => digits.parse().ok(),
            Some(Value::Bool(value)) => Some(i64::from(*value)),
            Some(Value::Text(text)) => text.as_text().and_then(|text| text.trim().parse().ok()),
            Some(value) => read_number(value).and_then(|number| i64::try_from(number).ok()),
            None => None,
        };
        match code.map(Code::Number) {
            Some(Code::Number(code)) if code == results.ok => Ok(Ruling::Accepted),
            Some(code) if code == results.wrong => Ok(Ruling::Wrong),
            Some(code) if code == results.late => Ok(Ruling::Late),
            Some(Code::Number(0)) => Ok(Ruling::Wrong),
            _ => Err(self.wrong(Role::Result, "it is no result")),
        }
    }

    fn yes(&self) -> Result<bool, Malformed> {
        match self.values.get(&Role::Yes) {
            Some(Value::Bool(value)) => Ok(*value),
            // As `if` of Python takes them.
            Some(Value::Integer(digits)) => Ok(digits.trim_start_matches('-') != "0"),
            Some(Value::Float(number)) => Ok(*number != 0.0),
            Some(Value::Text(text)) if self.profile.wire.payload == Payload::SlashText => {
                match text.as_text() {
                    Some("1") => Ok(true),
                    Some("0") => Ok(false),
                    _ => Err(self.wrong(Role::Yes, "it is neither yes nor no")),
                }
            }
            _ => Err(self.wrong(Role::Yes, "it is neither yes nor no")),
        }
    }

    fn signature(&self) -> Result<Option<Signature>, Malformed> {
        let Some(value) = self.values.get(&Role::Sign) else { return Ok(None) };
        let digits = text(value).map(serde_json::Value::String);
        let hex = digits.and_then(|digits| serde_json::from_value::<Hex>(digits).ok());
        match hex {
            Some(Hex(bytes)) => Ok(Some(Signature::new(bytes))),
            None => Err(self.wrong(Role::Sign, "not lower-case hexadecimal")),
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => text.as_text().map(str::to_owned),
        _ => None,
    }
}

/// Returns a solution as its text; one that is a number as its digits.
fn text_or_digits(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => text.as_text().map(str::to_owned),
        Value::Integer(digits) if !digits.starts_with('-') => Some(digits.to_string()),
        value => read_number(value).map(|number| number.to_string()),
    }
}

//! From the engine's messages to bytes: exactly the listed fields, in the listed order.

use std::sync::Arc;

use althing_engine::rounds::{Message, Ruling, Signature, Signed};
use althing_text::hex::Hex;
use althing_types::{PeerId, Seed};

use super::key::write_key;
use super::object::write;
use super::token::{Token, write_id};
use crate::profile::{
    Code, Field, IdKind, MessageKind, Profile, Role, SignedPart, SolutionForm, VoteKind, YesForm,
};

/// A message as it goes to a topic: its kind, the peer in the name of the topic if there is one,
/// and its bytes.
pub(super) struct Body {
    pub(super) kind: MessageKind,
    pub(super) solver: Option<PeerId>,
    pub(super) payload: Vec<u8>,
}

/// Returns `signed` as the messages of this network: none if it has no such thing. A leader's last
/// verdict is followed by the message that it ends the session, where there are such messages.
pub(super) fn encode(profile: &Profile, signed: &Signed) -> Vec<Body> {
    let Some(body) = body(profile, &signed.message, signed.signature.as_ref()) else {
        return Vec::new();
    };
    let besides = |kind, peer| {
        let bytes = fields_of(profile, kind, |role| match role {
            Role::Id => Some(write_id(profile.id.kind, named(peer)?)),
            _ => None,
        })?;
        Some(Body { kind, solver: None, payload: write(profile.wire.payload, &bytes) })
    };
    let first = profile.leader.first_tx;
    match signed.message {
        Message::Verdict { peer, transaction, ruling: Ruling::Accepted, .. }
            if profile.leader.rounds.0.is_some_and(|rows| {
                transaction.number().checked_add(1) == first.checked_add(rows)
            }) =>
        {
            [body].into_iter().chain(besides(MessageKind::Finish, peer)).collect()
        }
        _ => vec![body],
    }
}

/// Returns the bytes that a signature of `message` is over, if it is one that is signed.
pub(super) fn signed_bytes(profile: &Profile, message: &Message) -> Option<Vec<u8>> {
    let kind = kind_of(profile, message)?;
    if !profile.signs(kind) {
        return None;
    }
    match (profile.sign.over, Profile::signed_role(kind)) {
        (SignedPart::DumpMinusSign, _) => Some(body(profile, message, None)?.payload),
        (SignedPart::FieldUtf8, Some(role)) => {
            Some(value_of(profile, message, role)?.plain().into_bytes())
        }
        (SignedPart::FieldNZeroBytes, Some(role)) => {
            Some(zero_bytes(&value_of(profile, message, role)?))
        }
        (_, None) => None,
    }
}

/// Returns what `bytes` of Python makes of a value: a number n is n zero bytes.
fn zero_bytes(value: &Token) -> Vec<u8> {
    let count = match value {
        Token::Number(number) => usize::try_from(*number).ok(),
        Token::Signed(number) => usize::try_from(*number).ok(),
        Token::Bool(value) => Some(usize::from(*value)),
        Token::Null | Token::Text(_) => None,
    };
    match count.filter(|count| *count <= ZERO_BYTES_MAX) {
        Some(count) => vec![0; count],
        None => value.plain().into_bytes(),
    }
}

/// Zero bytes that are signed: the programs' numbers have 16 bits. A larger one is signed as text,
/// so that no number of a stranger takes our memory.
const ZERO_BYTES_MAX: usize = 1 << 20;

/// Returns the kind of message that `message` is in this network.
pub(super) fn kind_of(profile: &Profile, message: &Message) -> Option<MessageKind> {
    let kind = match message {
        Message::Announcement { key: Some(_), .. } if profile.has(MessageKind::Pubkey) => {
            MessageKind::Pubkey
        }
        Message::Announcement { .. } => MessageKind::Init,
        Message::Election { .. } => MessageKind::Vote,
        Message::Coordinator { .. } => MessageKind::Coordinator,
        Message::Challenge { .. } => MessageKind::Challenge,
        Message::Solution { .. } => MessageKind::Solution,
        Message::Verdict { .. } => MessageKind::Result,
        Message::Vote { .. } => MessageKind::Ballot,
        Message::Name { .. }
        | Message::Request { .. }
        | Message::Certificate { .. }
        | Message::Confirmation { .. } => return None,
    };
    profile.has(kind).then_some(kind)
}

fn body(profile: &Profile, message: &Message, signature: Option<&Signature>) -> Option<Body> {
    let kind = kind_of(profile, message)?;
    let fields = fields_of(profile, kind, |role| match role {
        Role::Sign => signature.map(|it| Token::Text(hex(Arc::clone(&it.bytes)))),
        role => value_of(profile, message, role),
    })?;
    let solver = match message {
        Message::Verdict { winner, .. } => Some(*winner),
        _ => None,
    };
    Some(Body { kind, solver, payload: write(profile.wire.payload, &fields) })
}

/// Returns the fields of a message, or `None` if one of them has no value; without a signature its
/// field is left out.
fn fields_of(
    profile: &Profile,
    kind: MessageKind,
    value: impl Fn(Role) -> Option<Token>,
) -> Option<Vec<(&str, Token)>> {
    let fields = profile.has(kind).then(|| profile.fields.of(kind))?;
    let token = |field: &Field| match field {
        Field::Constant(_, constant) => Some(Some(constant.into())),
        Field::Of(Role::Sign, _) => Some(value(Role::Sign)),
        Field::Of(role, _) => value(*role).map(Some),
    };
    let mut written = Vec::with_capacity(fields.len());
    for field in fields {
        if let Some(token) = token(field)? {
            written.push((field.name(), token));
        }
    }
    Some(written)
}

/// Returns what a message says in a role.
fn value_of(profile: &Profile, message: &Message, role: Role) -> Option<Token> {
    let id = |peer: &PeerId| Some(write_id(profile.id.kind, named(*peer)?));
    match (role, message) {
        (Role::Key, Message::Announcement { key, .. }) => {
            write_key(profile.sign.key, key.as_ref()?).map(Token::Text)
        }
        (Role::Vote, Message::Election { draw, .. } | Message::Coordinator { draw, .. }) => {
            Some(write_id(vote_form(profile), *draw))
        }
        (Role::Challenge, Message::Challenge { difficulty, .. }) => {
            Some(Token::Number(difficulty.bits().into()))
        }
        (Role::Tx, Message::Challenge { place, .. }) => {
            Some(Token::Number((*place)?.transaction.number().into()))
        }
        (
            Role::Tx,
            Message::Solution { transaction, .. }
            | Message::Verdict { transaction, .. }
            | Message::Vote { transaction, .. },
        ) => Some(Token::Number(transaction.number().into())),
        (
            Role::Solution,
            Message::Solution { seed, .. }
            | Message::Verdict { seed, .. }
            | Message::Vote { seed, .. },
        ) => write_seed(profile, seed),
        (Role::Solver, Message::Verdict { winner, .. }) => id(winner),
        (Role::Solver, Message::Vote { cause, .. }) => id(&(*cause)?.winner),
        (Role::Result, Message::Verdict { ruling, .. }) => {
            let results = &profile.judge.result;
            match ruling {
                Ruling::Accepted => Some(Token::Signed(results.ok)),
                Ruling::Wrong => write_code(results.wrong),
                Ruling::Late => write_code(results.late),
            }
        }
        (Role::Yes, Message::Vote { approve, .. }) => Some(match profile.judge.yes {
            YesForm::Bool => Token::Bool(*approve),
            YesForm::Int => Token::Number((*approve).into()),
        }),
        (Role::Id, message) => id(&message.peer()),
        _ => None,
    }
}

/// Returns how votes in an election are read and written.
pub(super) fn vote_form(profile: &Profile) -> IdKind {
    match profile.vote.kind {
        VoteKind::Draw => profile.vote.form,
        VoteKind::Member => profile.id.kind,
    }
}

fn write_seed(profile: &Profile, seed: &Seed) -> Option<Token> {
    match profile.puzzle.form {
        SolutionForm::Text => Some(Token::Text(seed.as_str().to_owned())),
        SolutionForm::Int => seed.as_str().parse().ok().map(Token::Number),
    }
}

fn write_code(code: Code) -> Option<Token> {
    match code {
        Code::Number(number) => Some(Token::Signed(number)),
        Code::Silent => None,
    }
}

fn named(peer: PeerId) -> Option<u128> {
    (peer != PeerId::UNNAMED).then_some(peer.number())
}

fn hex(bytes: Arc<[u8]>) -> String {
    let digits = serde_json::to_value(Hex(bytes)).expect("digits are a text");
    digits.as_str().unwrap_or_default().to_owned()
}

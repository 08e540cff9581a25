//! The messages as JSON: first the fields of the plain protocol in the order its program writes
//! them, then what Althing peers add.
//!
//! Fields have the network's own names where it has them (`TransactionID`), and those of
//! `elect-chain` elsewhere (`term`).

use std::sync::Arc;

use althing_engine::rounds::{
    Accepted, Cause, CertifiedRecord, ElectionState, Message, Place, Promise, PublicKey, Record,
    Ruling, Signature, Signed, Start,
};
use althing_text::hex::Hex;
use althing_types::{PeerId, Seed, Term, Transaction};
use serde::{Deserialize, Serialize};

use super::Config;
use super::fields::{Reader, Writer};
use super::uuid::{Id, Uuid};
use crate::json::{
    decode_start, decode_starts, difficulty, encode_start, encode_starts, membership_digest,
};
use crate::{Content, Malformed};

const INIT: &str = "init";
const CHALLENGE: &str = "challenge";
const SOLUTION: &str = "solution";
const RESULT: &str = "result";
/// Ours: a member's vote on the leader's choice.
const ACK: &str = "ack";
/// Ours: rows that a peer has missed, and what peers are called.
const SYNC: &str = "sync";
/// Ours: last wills.
const LOST: &str = "lost";

/// Solves a challenge, or is said to.
const ANSWER: &str = "Solution";
/// Bits of a challenge.
const BITS: &str = "Challenge";
const DRAW: &str = "VoteID";
const ROW: &str = "TransactionID";
/// The leader: who asks and judges in the messages that do not say so in the plain protocol, and
/// who is named in an election.
const LEADER: &str = "Controller";

/// Returns the topics to listen to: five of the plain protocol, and those that only Althing peers
/// know.
pub(super) fn topics(config: &Config) -> Vec<&str> {
    vec![INIT, &config.election_topic, CHALLENGE, SOLUTION, RESULT, LOST, ACK, SYNC]
}

/// The solution that a member last said yes to.
#[derive(Serialize, Deserialize)]
struct WireAccepted {
    term: u64,
    #[serde(rename = "Challenge")]
    challenge: u64,
    #[serde(rename = "Solution")]
    solution: Seed,
    winner: Id,
}

/// A member and its key, or its signature.
type Member = (Id, Option<Hex>);

/// Returns the topic of `signed` and its bytes, or `None` if the network has no such message.
pub(super) fn encode<'a>(config: &'a Config, signed: &Signed) -> Option<(&'a str, Vec<u8>)> {
    let writer = Writer::new();
    let (topic, writer) = match signed.message.clone() {
        Message::Announcement { peer, key, members, start } => {
            let member = |(peer, key): (PeerId, Option<PublicKey>)| -> Member {
                (Id(peer), key.map(|key| Hex(key.0)))
            };
            let members = members.map(|it| it.into_iter().map(member).collect::<Vec<_>>());
            let writer = writer
                .field(&config.id_field, &Id(peer))
                .added("key", key.map(|key| Hex(key.0)))
                .added("roster", members)
                .added("start", start.map(encode_start));
            (INIT, writer)
        }
        Message::Election { peer, draw, state } => {
            let writer = writer.field(&config.id_field, &Id(peer)).field(DRAW, &Uuid(draw));
            (config.election_topic.as_str(), encode_election_state(writer, state))
        }
        // The peer with the most promises leads.
        Message::Coordinator { .. } => return None,
        Message::Challenge { peer, difficulty, place } => {
            // A challenge that does not say which row it is for is none here.
            let Place { transaction, term } = place?;
            let writer = writer
                .field(ROW, &transaction.number())
                .field(BITS, &difficulty.bits())
                .added(LEADER, named(peer))
                .added("term", Some(term.number()));
            (CHALLENGE, writer)
        }
        Message::Solution { peer, transaction, seed } => {
            let writer = writer
                .field(ROW, &transaction.number())
                .field(&config.id_field, &Id(peer))
                .field(ANSWER, &seed);
            (SOLUTION, writer)
        }
        Message::Verdict { peer, transaction, seed, winner, ruling } => {
            let writer = writer
                .field(&config.id_field, &Id(winner))
                .field(ROW, &transaction.number())
                .field(ANSWER, &seed)
                .field("Result", &u8::from(ruling == Ruling::Accepted))
                .added(LEADER, named(peer));
            (RESULT, writer)
        }
        ours => encode_ours(writer, &config.id_field, ours),
    };
    let sign = signed.signature.as_ref().map(|signature| Hex(signature.bytes.clone()));
    Some((topic, writer.added("sign", sign).end()))
}

/// Writes a message that only Althing peers know.
fn encode_ours(writer: Writer, id_field: &str, message: Message) -> (&'static str, Writer) {
    let writer = writer.field(id_field, &Id(message.peer()));
    match message {
        Message::Vote { peer: _, transaction, seed, approve, cause } => {
            let writer = writer
                .field(ROW, &transaction.number())
                .field(ANSWER, &seed)
                .field("vote", &approve)
                .added("term", cause.map(|cause| cause.term.number()))
                .added(BITS, cause.map(|cause| cause.difficulty.bits()))
                .added("winner", cause.map(|cause| Id(cause.winner)))
                .added("starts", cause.and_then(|cause| encode_starts(cause.starts)));
            (ACK, writer)
        }
        Message::Name { peer: _, name } => (SYNC, writer.field("name", &name)),
        Message::Request { peer: _, of, from } => {
            (SYNC, writer.field("of", &Id(of)).field("from", &from.number()))
        }
        Message::Confirmation { peer: _, of, members, promised, transaction, accepted } => {
            let start = |(peer, Start { number, nonce })| (Id(peer), number, nonce);
            let members = members.map(|members| Hex(Arc::new(members.0.to_be_bytes())));
            let writer = writer
                .field("confirms", &of.into_iter().map(start).collect::<Vec<_>>())
                .added("roster", members)
                .added("term", promised.map(Term::number))
                .field(ROW, &transaction.number())
                .added("accepted", accepted.map(encode_accepted));
            (SYNC, writer)
        }
        Message::Certificate { peer: _, record } => {
            let CertifiedRecord { record, term, votes, noes, starts } = record;
            let vote = |(peer, signature): (PeerId, Option<Signature>)| -> Member {
                (Id(peer), signature.map(|signature| Hex(signature.bytes)))
            };
            let votes: Vec<Member> = votes.into_iter().map(vote).collect();
            let writer = writer
                .field(ROW, &record.transaction.number())
                .field(BITS, &record.difficulty.bits())
                .field(ANSWER, &record.seed)
                .field("winner", &Id(record.winner))
                .field("term", &term.number())
                .field("votes", &votes)
                .field("noes", &noes)
                .added("starts", encode_starts(starts));
            (SYNC, writer)
        }
        Message::Announcement { .. }
        | Message::Election { .. }
        | Message::Coordinator { .. }
        | Message::Challenge { .. }
        | Message::Solution { .. }
        | Message::Verdict { .. } => unreachable!("the plain protocol has these"),
    }
}

fn encode_election_state(writer: Writer, state: Option<ElectionState>) -> Writer {
    let Some(ElectionState { term, members, promise, starts }) = state else {
        return writer;
    };
    let members = Hex(Arc::new(members.0.to_be_bytes()));
    let writer = writer.added("term", Some(term.number())).added("roster", Some(members));
    let starts = encode_starts(starts);
    let Some(Promise { leader, transaction, accepted }) = promise else {
        return writer.added("starts", starts);
    };
    writer
        .added(LEADER, Some(Id(leader)))
        .added(ROW, Some(transaction.number()))
        .added("accepted", accepted.map(encode_accepted))
        .added("starts", starts)
}

fn encode_accepted(Accepted { term, record }: Accepted) -> WireAccepted {
    WireAccepted {
        term: term.number(),
        challenge: record.difficulty.bits().into(),
        solution: record.seed,
        winner: Id(record.winner),
    }
}

/// Returns the id of a peer that a message names.
fn named(peer: PeerId) -> Option<Id> {
    (peer != PeerId::UNNAMED).then_some(Id(peer))
}

/// Returns the topic and the bytes of a last will.
pub(super) fn encode_lost(config: &Config, peer: PeerId) -> (&'static str, Vec<u8>) {
    (LOST, Writer::new().field(&config.id_field, &Id(peer)).end())
}

/// Returns what `payload` on the topic `name` says.
pub(super) fn decode(
    config: &Config,
    name: &str,
    payload: &[u8],
) -> Result<Content<Signed>, Malformed> {
    if !topics(config).contains(&name) {
        return Err(Malformed::UnknownTopic { topic: name.to_owned() });
    }
    let mut reader = Reader::new(payload)?;
    let id_field = config.id_field.as_str();
    let message = match name {
        CHALLENGE => decode_challenge(&mut reader)?,
        RESULT => decode_result(&mut reader, id_field)?,
        _ => {
            let Id(peer) = reader.field(id_field)?;
            match name {
                INIT => decode_init(&mut reader, peer)?,
                SOLUTION => decode_solution(&mut reader, peer)?,
                ACK => decode_ack(&mut reader, peer)?,
                SYNC if reader.has("name") => {
                    let name = reader.field("name")?;
                    Message::Name { peer, name }
                }
                SYNC if reader.has("of") => decode_request(&mut reader, peer)?,
                SYNC if reader.has("confirms") => decode_confirmation(&mut reader, peer)?,
                SYNC => decode_certificate(&mut reader, peer)?,
                LOST => return Ok(Content::PeerLost(peer)),
                _election => decode_draw(&mut reader, peer)?,
            }
        }
    };
    let signature = reader.added("sign")?.map(|Hex(bytes)| Signature::new(bytes));
    Ok(Content::Message(Signed { message, signature }))
}

fn decode_init(reader: &mut Reader, peer: PeerId) -> Result<Message, Malformed> {
    let member = |(Id(peer), key): Member| (peer, key.map(|key| PublicKey(key.0)));
    let key = reader.added("key")?.map(|Hex(bytes)| PublicKey(bytes));
    let members: Option<Vec<Member>> = reader.added("roster")?;
    let members = members.map(|members| members.into_iter().map(member).collect());
    let start = reader.added("start")?.map(decode_start);
    Ok(Message::Announcement { peer, key, members, start })
}

fn decode_draw(reader: &mut Reader, peer: PeerId) -> Result<Message, Malformed> {
    let Uuid(draw) = reader.field(DRAW)?;
    let term: Option<u64> = reader.added("term")?;
    let state = match (term, reader.added("roster")?) {
        (Some(term), Some(members)) => Some(ElectionState {
            term: Term::new(term),
            members: membership_digest(&members)?,
            promise: decode_promise(reader)?,
            starts: decode_starts(reader.added("starts")?)?,
        }),
        _ => None,
    };
    Ok(Message::Election { peer, draw, state })
}

fn decode_promise(reader: &mut Reader) -> Result<Option<Promise>, Malformed> {
    let (Some(Id(leader)), Some(transaction)) = (reader.added(LEADER)?, reader.added(ROW)?) else {
        return Ok(None);
    };
    let transaction = Transaction::new(transaction);
    let accepted = decode_accepted(reader, transaction)?;
    Ok(Some(Promise { leader, transaction, accepted }))
}

fn decode_accepted(
    reader: &mut Reader,
    transaction: Transaction,
) -> Result<Option<Accepted>, Malformed> {
    let Some(accepted) = reader.added("accepted")? else { return Ok(None) };
    let WireAccepted { term, challenge, solution, winner: Id(winner) } = accepted;
    let difficulty = difficulty(BITS, challenge)?;
    let record = Record { transaction, difficulty, seed: solution, winner };
    Ok(Some(Accepted { term: Term::new(term), record }))
}

fn decode_confirmation(reader: &mut Reader, peer: PeerId) -> Result<Message, Malformed> {
    let of: Vec<(Id, u64, u64)> = reader.field("confirms")?;
    let start = |(Id(peer), number, nonce)| (peer, Start { number, nonce });
    let members = reader.added("roster")?.map(|members| membership_digest(&members)).transpose()?;
    let transaction = decode_row(reader)?;
    Ok(Message::Confirmation {
        peer,
        of: of.into_iter().map(start).collect(),
        members,
        promised: reader.added("term")?.map(Term::new),
        transaction,
        accepted: decode_accepted(reader, transaction)?,
    })
}

/// A plain challenge names neither its sender nor a term, and so no place either.
fn decode_challenge(reader: &mut Reader) -> Result<Message, Malformed> {
    let transaction = decode_row(reader)?;
    let difficulty = difficulty(BITS, reader.field(BITS)?)?;
    let peer = decode_leader(reader)?;
    let term = reader.added("term")?.map(Term::new);
    let place = term.map(|term| Place { transaction, term });
    Ok(Message::Challenge { peer, difficulty, place })
}

fn decode_solution(reader: &mut Reader, peer: PeerId) -> Result<Message, Malformed> {
    let (transaction, seed) = (decode_row(reader)?, reader.field(ANSWER)?);
    Ok(Message::Solution { peer, transaction, seed })
}

fn decode_result(reader: &mut Reader, id_field: &str) -> Result<Message, Malformed> {
    let Id(winner) = reader.field(id_field)?;
    let (transaction, seed) = (decode_row(reader)?, reader.field(ANSWER)?);
    let ruling = match reader.field("Result")? {
        0_u64 => Ruling::Wrong,
        1 => Ruling::Accepted,
        other => {
            let reason = format!("{other} is neither 0 nor 1");
            return Err(Malformed::Field { field: "Result", reason });
        }
    };
    let peer = decode_leader(reader)?;
    Ok(Message::Verdict { peer, transaction, seed, winner, ruling })
}

fn decode_ack(reader: &mut Reader, peer: PeerId) -> Result<Message, Malformed> {
    let (transaction, seed) = (decode_row(reader)?, reader.field(ANSWER)?);
    let approve = reader.field("vote")?;
    let (term, bits): (Option<u64>, Option<u64>) = (reader.added("term")?, reader.added(BITS)?);
    let cause = match (term, bits, reader.added("winner")?) {
        (Some(term), Some(bits), Some(Id(winner))) => {
            let difficulty = difficulty(BITS, bits)?;
            let starts = decode_starts(reader.added("starts")?)?;
            Some(Cause { term: Term::new(term), difficulty, winner, starts })
        }
        _ => None,
    };
    Ok(Message::Vote { peer, transaction, seed, approve, cause })
}

fn decode_request(reader: &mut Reader, peer: PeerId) -> Result<Message, Malformed> {
    let Id(of) = reader.field("of")?;
    let from = Transaction::new(reader.field("from")?);
    Ok(Message::Request { peer, of, from })
}

fn decode_certificate(reader: &mut Reader, peer: PeerId) -> Result<Message, Malformed> {
    let transaction = decode_row(reader)?;
    let difficulty = difficulty(BITS, reader.field(BITS)?)?;
    let seed = reader.field(ANSWER)?;
    let Id(winner) = reader.field("winner")?;
    let term = Term::new(reader.field("term")?);
    let votes: Vec<Member> = reader.field("votes")?;
    let votes =
        votes.into_iter().map(|(Id(peer), sign)| (peer, sign.map(|sign| Signature::new(sign.0))));
    let votes = votes.collect();
    let noes = reader.field("noes")?;
    let starts = decode_starts(reader.added("starts")?)?;
    let record = Record { transaction, difficulty, seed, winner };
    let record = CertifiedRecord { record, term, votes, noes, starts };
    Ok(Message::Certificate { peer, record })
}

fn decode_row(reader: &mut Reader) -> Result<Transaction, Malformed> {
    reader.field(ROW).map(Transaction::new)
}

/// Returns the peer that judges, which a plain leader does not name.
fn decode_leader(reader: &mut Reader) -> Result<PeerId, Malformed> {
    Ok(reader.added(LEADER)?.map_or(PeerId::UNNAMED, |Id(peer)| peer))
}

//! The messages as JSON. Each struct below is a topic's message: first the fields of the plain
//! protocol in the order its program writes them, then what Althing peers add.

use std::sync::Arc;

use althing_engine::rounds::{
    Accepted, Cause, CertifiedRecord, ElectionState, Message, Place, Promise, PublicKey, Record,
    Signature, Signed, Start,
};
use althing_text::Name;
use althing_text::hex::Hex;
use althing_text::python_json::dumps;
use althing_types::{PeerId, Seed, Term, Transaction};
use serde::{Deserialize, Serialize};

use crate::json::{
    decode_start, decode_starts, difficulty, encode_start, encode_starts, membership_digest, parse,
};
use crate::{Content, Malformed};

const INIT: &str = "init";
pub(super) const ELECTION: &str = "election";
const CHALLENGE: &str = "challenge";
const SOLUTION: &str = "solution";
const VOTING: &str = "voting";
/// Ours: rows that a peer has missed, and what peers are called.
const SYNC: &str = "sync";
/// Ours: last wills.
const LOST: &str = "lost";

/// The five topics of the plain protocol, and two that only Althing peers listen to.
pub(super) const TOPICS: [&str; 7] = [INIT, ELECTION, CHALLENGE, SOLUTION, VOTING, SYNC, LOST];

#[derive(Serialize, Deserialize)]
struct Init {
    id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "roster")]
    members: Option<Vec<(u64, Option<Hex>)>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<(u64, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
struct Draw {
    election: u64,
    id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    term: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "roster")]
    members: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leader: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transaction: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted: Option<WireAccepted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    starts: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
struct WireAccepted {
    term: u64,
    challenge: u64,
    seed: u64,
    winner: u64,
}

#[derive(Serialize, Deserialize)]
struct Challenge {
    id: u64,
    challenge: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transaction: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    term: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign: Option<Hex>,
}

/// The page calls the answer `solution`, the program `seed`; we understand both.
#[derive(Serialize, Deserialize)]
struct Solution {
    id: u64,
    transaction: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    solution: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
struct Vote {
    id: u64,
    transaction: u64,
    seed: u64,
    vote: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    term: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    challenge: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    winner: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    starts: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Sync {
    Request(Request),
    Confirmation(Box<Confirmation>),
    Certificate(Box<Certificate>),
    Called(Called),
}

#[derive(Serialize, Deserialize)]
struct Confirmation {
    id: u64,
    confirms: Vec<(u64, u64, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "roster")]
    members: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    term: Option<u64>,
    transaction: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted: Option<WireAccepted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
struct Called {
    id: u64,
    name: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
struct Request {
    id: u64,
    of: u64,
    from: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
struct Certificate {
    id: u64,
    transaction: u64,
    challenge: u64,
    seed: u64,
    winner: u64,
    term: u64,
    votes: Vec<(u64, Option<Hex>)>,
    noes: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    starts: Option<Hex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign: Option<Hex>,
}

#[derive(Serialize, Deserialize)]
struct Lost {
    id: u64,
}

/// Returns the topic of `signed` and its bytes, or `None` if the network has no such message, or
/// the message something that the network's numbers cannot hold.
pub(super) fn encode(signed: &Signed) -> Option<(&'static str, Vec<u8>)> {
    let sign = signed.signature.as_ref().map(|signature| Hex(signature.bytes.clone()));
    let encoded = match signed.message.clone() {
        Message::Announcement { peer, key, members, start } => {
            let member = |(peer, key): (PeerId, Option<PublicKey>)| {
                Some((id(peer)?, key.map(|key| Hex(key.0))))
            };
            let members = match members {
                Some(members) => Some(members.into_iter().map(member).collect::<Option<_>>()?),
                None => None,
            };
            let key = key.map(|key| Hex(key.0));
            let start = start.map(encode_start);
            (INIT, dumps(&Init { id: id(peer)?, key, members, start, sign }))
        }
        Message::Election { peer, draw, state } => {
            let mut wire = Draw {
                election: u64::try_from(draw).ok()?,
                id: id(peer)?,
                term: None,
                members: None,
                leader: None,
                transaction: None,
                accepted: None,
                starts: None,
                sign,
            };
            if let Some(ElectionState { term, members, promise, starts }) = state {
                wire.starts = encode_starts(starts);
                wire.term = Some(term.number());
                wire.members = Some(Hex(Arc::new(members.0.to_be_bytes())));
                if let Some(Promise { leader, transaction, accepted }) = promise {
                    wire.leader = Some(id(leader)?);
                    wire.transaction = Some(transaction.number());
                    wire.accepted = match accepted {
                        Some(accepted) => Some(encode_accepted(&accepted)?),
                        None => None,
                    };
                }
            }
            (ELECTION, dumps(&wire))
        }
        Message::Challenge { peer, difficulty, place } => {
            let wire = Challenge {
                id: id(peer)?,
                challenge: difficulty.bits().into(),
                transaction: place.map(|place| place.transaction.number()),
                term: place.map(|place| place.term.number()),
                sign,
            };
            (CHALLENGE, dumps(&wire))
        }
        Message::Solution { peer, transaction, seed } => {
            let (id, transaction) = (id(peer)?, transaction.number());
            let solution = Some(number(&seed)?);
            (SOLUTION, dumps(&Solution { id, transaction, seed: None, solution, sign }))
        }
        Message::Vote { peer, transaction, seed, approve, cause } => {
            let winner = match cause {
                Some(cause) => Some(id(cause.winner)?),
                None => None,
            };
            let wire = Vote {
                id: id(peer)?,
                transaction: transaction.number(),
                seed: number(&seed)?,
                vote: approve,
                term: cause.map(|cause| cause.term.number()),
                challenge: cause.map(|cause| cause.difficulty.bits().into()),
                winner,
                starts: cause.and_then(|cause| encode_starts(cause.starts)),
                sign,
            };
            (VOTING, dumps(&wire))
        }
        Message::Name { peer, name } => (SYNC, dumps(&Called { id: id(peer)?, name, sign })),
        Message::Request { peer, of, from } => {
            let (id, of, from) = (id(peer)?, id(of)?, from.number());
            (SYNC, dumps(&Request { id, of, from, sign }))
        }
        Message::Confirmation { peer, of, members, promised, transaction, accepted } => {
            let of = of
                .into_iter()
                .map(|(peer, Start { number, nonce })| Some((id(peer)?, number, nonce)));
            let wire = Confirmation {
                id: id(peer)?,
                confirms: of.collect::<Option<_>>()?,
                members: members.map(|members| Hex(Arc::new(members.0.to_be_bytes()))),
                term: promised.map(Term::number),
                transaction: transaction.number(),
                accepted: match accepted {
                    Some(accepted) => Some(encode_accepted(&accepted)?),
                    None => None,
                },
                sign,
            };
            (SYNC, dumps(&wire))
        }
        Message::Certificate { peer, record } => {
            (SYNC, dumps(&encode_certificate(peer, record, sign)?))
        }
        // Here all members vote, and no word of one peer elects or decides.
        Message::Coordinator { .. } | Message::Verdict { .. } => return None,
    };
    Some(encoded)
}

/// Returns the topic and the bytes of a last will.
pub(super) fn encode_lost(peer: PeerId) -> Option<(&'static str, Vec<u8>)> {
    Some((LOST, dumps(&Lost { id: id(peer)? })))
}

fn encode_accepted(accepted: &Accepted) -> Option<WireAccepted> {
    let Record { difficulty, seed, winner, .. } = &accepted.record;
    Some(WireAccepted {
        term: accepted.term.number(),
        challenge: difficulty.bits().into(),
        seed: number(seed)?,
        winner: id(*winner)?,
    })
}

fn encode_certificate(
    peer: PeerId,
    certified: CertifiedRecord,
    sign: Option<Hex>,
) -> Option<Certificate> {
    let CertifiedRecord { record, term, votes, noes, starts } = certified;
    let vote = |(peer, signature): (PeerId, Option<Signature>)| {
        Some((id(peer)?, signature.map(|signature| Hex(signature.bytes))))
    };
    Some(Certificate {
        id: id(peer)?,
        transaction: record.transaction.number(),
        challenge: record.difficulty.bits().into(),
        seed: number(&record.seed)?,
        winner: id(record.winner)?,
        term: term.number(),
        votes: votes.into_iter().map(vote).collect::<Option<_>>()?,
        noes,
        starts: encode_starts(starts),
        sign,
    })
}

/// Returns what `payload` on the topic `name` says.
pub(super) fn decode(name: &str, payload: &[u8]) -> Result<Content<Signed>, Malformed> {
    let (message, sign) = match name {
        INIT => decode_init(parse(payload)?),
        ELECTION => decode_draw(parse(payload)?)?,
        CHALLENGE => decode_challenge(&parse(payload)?)?,
        SOLUTION => decode_solution(parse(payload)?)?,
        VOTING => decode_vote(parse(payload)?)?,
        SYNC => decode_sync(parse(payload)?)?,
        LOST => {
            let Lost { id } = parse(payload)?;
            return Ok(Content::PeerLost(peer(id)));
        }
        other => {
            return Err(Malformed::UnknownTopic { topic: other.to_owned() });
        }
    };
    let signed = Signed { message, signature: sign.map(|sign| Signature::new(sign.0)) };
    Ok(Content::Message(signed))
}

fn decode_init(wire: Init) -> (Message, Option<Hex>) {
    let member = |(id, key): (u64, Option<Hex>)| (peer(id), key.map(|key| PublicKey(key.0)));
    let message = Message::Announcement {
        peer: peer(wire.id),
        key: wire.key.map(|key| PublicKey(key.0)),
        members: wire.members.map(|members| members.into_iter().map(member).collect()),
        start: wire.start.map(decode_start),
    };
    (message, wire.sign)
}

fn decode_draw(wire: Draw) -> Result<(Message, Option<Hex>), Malformed> {
    let state = match (wire.term, wire.members) {
        (Some(term), Some(members)) => {
            let promise = match (wire.leader, wire.transaction) {
                (Some(leader), Some(transaction)) => {
                    let transaction = Transaction::new(transaction);
                    let accepted =
                        wire.accepted.map(|it| decode_accepted(transaction, &it)).transpose()?;
                    Some(Promise { leader: peer(leader), transaction, accepted })
                }
                _ => None,
            };
            Some(ElectionState {
                term: Term::new(term),
                members: membership_digest(&members)?,
                promise,
                starts: decode_starts(wire.starts)?,
            })
        }
        _ => None,
    };
    let draw = wire.election.into();
    Ok((Message::Election { peer: peer(wire.id), draw, state }, wire.sign))
}

fn decode_accepted(transaction: Transaction, wire: &WireAccepted) -> Result<Accepted, Malformed> {
    let record = Record {
        transaction,
        difficulty: difficulty("challenge", wire.challenge)?,
        seed: Seed::from(wire.seed),
        winner: peer(wire.winner),
    };
    Ok(Accepted { term: Term::new(wire.term), record })
}

fn decode_challenge(wire: &Challenge) -> Result<(Message, Option<Hex>), Malformed> {
    let place = wire.transaction.zip(wire.term).map(|(transaction, term)| Place {
        transaction: Transaction::new(transaction),
        term: Term::new(term),
    });
    let difficulty = difficulty("challenge", wire.challenge)?;
    Ok((Message::Challenge { peer: peer(wire.id), difficulty, place }, wire.sign.clone()))
}

fn decode_solution(wire: Solution) -> Result<(Message, Option<Hex>), Malformed> {
    let Some(answer) = wire.seed.or(wire.solution) else {
        return Err(Malformed::NotAMessage("missing field `seed` or `solution`".into()));
    };
    let transaction = Transaction::new(wire.transaction);
    let seed = Seed::from(answer);
    Ok((Message::Solution { peer: peer(wire.id), transaction, seed }, wire.sign))
}

fn decode_vote(wire: Vote) -> Result<(Message, Option<Hex>), Malformed> {
    let cause = match (wire.term, wire.challenge, wire.winner) {
        (Some(term), Some(challenge), Some(winner)) => Some(Cause {
            term: Term::new(term),
            difficulty: difficulty("challenge", challenge)?,
            winner: peer(winner),
            starts: decode_starts(wire.starts)?,
        }),
        _ => None,
    };
    let message = Message::Vote {
        peer: peer(wire.id),
        transaction: Transaction::new(wire.transaction),
        seed: Seed::from(wire.seed),
        approve: wire.vote,
        cause,
    };
    Ok((message, wire.sign))
}

fn decode_sync(wire: Sync) -> Result<(Message, Option<Hex>), Malformed> {
    match wire {
        Sync::Called(Called { id, name, sign }) => {
            Ok((Message::Name { peer: peer(id), name }, sign))
        }
        Sync::Request(Request { id, of, from, sign }) => {
            let from = Transaction::new(from);
            Ok((Message::Request { peer: peer(id), of: peer(of), from }, sign))
        }
        Sync::Confirmation(wire) => {
            let of = wire.confirms.into_iter();
            let transaction = Transaction::new(wire.transaction);
            let message = Message::Confirmation {
                peer: peer(wire.id),
                of: of.map(|(id, number, nonce)| (peer(id), Start { number, nonce })).collect(),
                members: wire.members.as_ref().map(membership_digest).transpose()?,
                promised: wire.term.map(Term::new),
                transaction,
                accepted: wire
                    .accepted
                    .map(|accepted| decode_accepted(transaction, &accepted))
                    .transpose()?,
            };
            Ok((message, wire.sign))
        }
        Sync::Certificate(wire) => {
            let votes = wire.votes.into_iter();
            let votes = votes.map(|(id, sign)| (peer(id), sign.map(|sign| Signature::new(sign.0))));
            let record = CertifiedRecord {
                record: Record {
                    transaction: Transaction::new(wire.transaction),
                    difficulty: difficulty("challenge", wire.challenge)?,
                    seed: Seed::from(wire.seed),
                    winner: peer(wire.winner),
                },
                term: Term::new(wire.term),
                votes: votes.collect(),
                noes: wire.noes,
                starts: decode_starts(wire.starts)?,
            };
            Ok((Message::Certificate { peer: peer(wire.id), record }, wire.sign))
        }
    }
}

fn peer(id: u64) -> PeerId {
    PeerId::new(id.into())
}

fn id(peer: PeerId) -> Option<u64> {
    u64::try_from(peer.number()).ok()
}

fn number(seed: &Seed) -> Option<u64> {
    seed.as_str().parse().ok()
}

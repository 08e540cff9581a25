//! From the engine's messages to bytes.

use std::sync::Arc;

use althing_engine::rounds::{
    Accepted, CertifiedRecord, ElectionState, MembershipDigest, Message, Promise, PublicKey,
    Record, Signature, Signed, Start,
};
use althing_text::hex::Hex;
use althing_text::python_json::dumps;
use althing_types::PeerId;

use super::wire::{
    self, CHALLENGE, Challenge, Draw, ELECTION, INIT, Init, Members, PUBKEY, PubKey, Request,
    SOLUTION, SYNC, Solution, Sync, VOTING, Vote,
};
use crate::json::{encode_start, encode_starts};
use crate::key_text::KeyText;

/// A message's exchange and its bytes.
type Body = (&'static str, Vec<u8>);

/// Returns `signed` as the messages of this network: none if it has no such thing, two for who
/// announces its id and its key at once.
pub(super) fn encode(signed: &Signed) -> Vec<Body> {
    let sign = signed.signature.as_ref().map(|signature| Hex(signature.bytes.clone()));
    encode_init(&signed.message).into_iter().chain(encode_with(&signed.message, sign)).collect()
}

/// Returns the bytes that a signature of `message` is over: its wire form without one.
pub(super) fn signed_bytes(message: &Message) -> Option<Vec<u8>> {
    encode_with(message, None).map(|(_, bytes)| bytes)
}

/// Returns the message that says an id and nothing else.
fn encode_init(message: &Message) -> Option<Body> {
    match message {
        Message::Announcement { peer, members: None, .. } => {
            Some((INIT, dumps(&Init { node_id: id(*peer)? })))
        }
        _ => None,
    }
}

/// Returns the message that has a place for a signature, or `None` if there is no such message, or
/// it says something that this network's numbers cannot hold.
fn encode_with(message: &Message, sign: Option<Hex>) -> Option<Body> {
    match message.clone() {
        Message::Announcement { peer, key, members, start } => {
            let start = start.map(encode_start);
            match members {
                Some(members) => encode_members(peer, key?, members, start, sign),
                None => {
                    let wire = PubKey { node_id: id(peer)?, pub_key: KeyText(key?), start, sign };
                    Some((PUBKEY, dumps(&wire)))
                }
            }
        }
        Message::Election { peer, draw, state } => {
            let (node_id, election_number) = (id(peer)?, u64::try_from(draw).ok()?);
            let ElectionState { term, members, promise, starts } = state?;
            let starts = encode_starts(starts);
            if let Some(promise) = promise {
                let Promise { leader, transaction, accepted } = promise;
                let wire = Sync::Promise(wire::Promise {
                    node_id,
                    election_number,
                    term,
                    members: digest(members),
                    leader: id(leader)?,
                    transaction_number: transaction,
                    accepted: match accepted {
                        Some(accepted) => Some(encode_accepted(accepted)?),
                        None => None,
                    },
                    starts,
                    sign,
                });
                return Some((SYNC, dumps(&wire)));
            }
            let (term, members) = (Some(term), Some(digest(members)));
            Some((ELECTION, dumps(&Draw { node_id, election_number, term, members, starts, sign })))
        }
        Message::Challenge { peer, difficulty, place } => {
            let place = place?;
            let wire = Challenge {
                node_id: id(peer)?,
                transaction_number: place.transaction,
                challenge: difficulty,
                term: Some(place.term),
                sign,
            };
            Some((CHALLENGE, dumps(&wire)))
        }
        Message::Solution { peer, transaction, seed } => {
            let node_id = id(peer)?;
            let wire = Solution { node_id, transaction_number: transaction, seed, sign };
            Some((SOLUTION, dumps(&wire)))
        }
        Message::Vote { peer, transaction, seed, approve, cause } => {
            let cause = cause?;
            let wire = Vote {
                node_id: id(peer)?,
                solution_id: id(cause.winner)?,
                transaction_number: transaction,
                seed,
                vote: approve,
                term: Some(cause.term),
                challenge: Some(cause.difficulty),
                starts: encode_starts(cause.starts),
                sign,
            };
            Some((VOTING, dumps(&wire)))
        }
        Message::Name { peer, name } => {
            let wire = wire::Called { node_id: id(peer)?, name, sign };
            Some((SYNC, dumps(&Sync::Called(wire))))
        }
        Message::Request { peer, of, from } => {
            let wire = Request { node_id: id(peer)?, of: id(of)?, from, sign };
            Some((SYNC, dumps(&Sync::Request(wire))))
        }
        Message::Certificate { peer, record } => encode_certificate(peer, record, sign),
        Message::Confirmation { peer, of, members, promised, transaction, accepted } => {
            let of = of
                .into_iter()
                .map(|(peer, Start { number, nonce })| Some((id(peer)?, number, nonce)));
            let wire = wire::Confirmation {
                node_id: id(peer)?,
                confirms: of.collect::<Option<_>>()?,
                members: members.map(digest),
                term: promised,
                transaction_number: transaction,
                accepted: match accepted {
                    Some(accepted) => Some(encode_accepted(accepted)?),
                    None => None,
                },
                sign,
            };
            Some((SYNC, dumps(&Sync::Confirmation(wire))))
        }
        // Here all members vote, and no word of one peer elects or decides.
        Message::Coordinator { .. } | Message::Verdict { .. } => None,
    }
}

fn encode_members(
    peer: PeerId,
    key: PublicKey,
    members: Vec<(PeerId, Option<PublicKey>)>,
    start: Option<(u64, u64)>,
    sign: Option<Hex>,
) -> Option<Body> {
    let member = |(peer, key): (PeerId, Option<PublicKey>)| Some((id(peer)?, KeyText(key?)));
    let wire = Sync::Members(Members {
        node_id: id(peer)?,
        pub_key: KeyText(key),
        members: members.into_iter().map(member).collect::<Option<_>>()?,
        start,
        sign,
    });
    Some((SYNC, dumps(&wire)))
}

fn encode_accepted(accepted: Accepted) -> Option<wire::WireAccepted> {
    let Accepted { term, record: Record { difficulty, seed, winner, .. } } = accepted;
    Some(wire::WireAccepted { solution_id: id(winner)?, seed, term, challenge: difficulty })
}

fn encode_certificate(peer: PeerId, record: CertifiedRecord, sign: Option<Hex>) -> Option<Body> {
    let CertifiedRecord { record, term, votes, noes, starts } = record;
    let vote =
        |(peer, signature): (PeerId, Option<Signature>)| Some((id(peer)?, Hex(signature?.bytes)));
    let wire = Sync::Certificate(wire::Certificate {
        node_id: id(peer)?,
        solution_id: id(record.winner)?,
        transaction_number: record.transaction,
        seed: record.seed,
        term,
        challenge: record.difficulty,
        votes: votes.into_iter().map(vote).collect::<Option<_>>()?,
        noes,
        starts: encode_starts(starts),
        sign,
    });
    Some((SYNC, dumps(&wire)))
}

fn id(peer: PeerId) -> Option<u64> {
    u64::try_from(peer.number()).ok()
}

fn digest(members: MembershipDigest) -> Hex {
    Hex(Arc::new(members.0.to_be_bytes()))
}

//! From bytes to the engine's messages.

use althing_engine::rounds::{
    Accepted, Cause, CertifiedRecord, ElectionState, MembershipDigest, Message, Place, Promise,
    Record, Signature, Signed, Start,
};
use althing_text::hex::Hex;
use althing_types::{PeerId, Transaction};

use super::wire::{
    self, CHALLENGE, Called, Certificate, Challenge, Draw, ELECTION, INIT, Init, Members, PUBKEY,
    PubKey, Request, SOLUTION, SYNC, Solution, Sync, VOTING, Vote,
};
use crate::json::{decode_start, decode_starts, parse};
use crate::{Content, Malformed, rsa};

/// A message and the signature under it.
type Said = (Message, Option<Hex>);

/// Returns what `payload` on the exchange `name` says.
pub(super) fn decode(name: &str, payload: &[u8]) -> Result<Content<Signed>, Malformed> {
    let (message, sign) = match name {
        INIT => {
            // Its key, which it announces as well, says more.
            let Init { node_id: _ } = parse(payload)?;
            return Ok(Content::Nothing);
        }
        PUBKEY => decode_key(parse(payload)?)?,
        ELECTION => decode_draw(parse(payload)?)?,
        CHALLENGE => decode_challenge(parse(payload)?)?,
        SOLUTION => decode_solution(parse(payload)?),
        VOTING => decode_vote(parse(payload)?)?,
        SYNC => decode_sync(parse(payload)?)?,
        _ => {
            return Err(Malformed::UnknownTopic { topic: name.to_owned() });
        }
    };
    Ok(Content::Message(Signed { message, signature: sign.map(|sign| Signature::new(sign.0)) }))
}

/// Returns a field that Althing peers add. Were it made up, the signature would be over something
/// else.
fn added<T>(field: &'static str, value: Option<T>) -> Result<T, Malformed> {
    value.ok_or_else(|| Malformed::NotAMessage(format!("missing field `{field}`")))
}

fn decode_key(wire: PubKey) -> Result<Said, Malformed> {
    let key = wire.pub_key.0;
    if !rsa::is_usable(&key) {
        let reason = "not an RSA key of 1024 to 2048 bits".into();
        return Err(Malformed::Field { field: "PubKey", reason });
    }
    let peer = peer(wire.node_id);
    let start = wire.start.map(decode_start);
    Ok((Message::Announcement { peer, key: Some(key), members: None, start }, wire.sign))
}

fn decode_draw(wire: Draw) -> Result<Said, Malformed> {
    let term = added("Term", wire.term)?;
    let members = digest(&added("Roster", wire.members)?)?;
    let starts = decode_starts(wire.starts)?;
    let state = Some(ElectionState { term, members, promise: None, starts });
    let (peer, draw) = (peer(wire.node_id), wire.election_number.into());
    Ok((Message::Election { peer, draw, state }, wire.sign))
}

fn decode_challenge(wire: Challenge) -> Result<Said, Malformed> {
    let term = added("Term", wire.term)?;
    let message = Message::Challenge {
        peer: peer(wire.node_id),
        difficulty: wire.challenge,
        place: Some(Place { transaction: wire.transaction_number, term }),
    };
    Ok((message, wire.sign))
}

fn decode_solution(wire: Solution) -> Said {
    let Solution { node_id, transaction_number: transaction, seed, sign } = wire;
    (Message::Solution { peer: peer(node_id), transaction, seed }, sign)
}

fn decode_vote(wire: Vote) -> Result<Said, Malformed> {
    let cause = Cause {
        term: added("Term", wire.term)?,
        difficulty: added("Challenge", wire.challenge)?,
        winner: peer(wire.solution_id),
        starts: decode_starts(wire.starts)?,
    };
    let message = Message::Vote {
        peer: peer(wire.node_id),
        transaction: wire.transaction_number,
        seed: wire.seed,
        approve: wire.vote,
        cause: Some(cause),
    };
    Ok((message, wire.sign))
}

fn decode_sync(wire: Sync) -> Result<Said, Malformed> {
    Ok(match wire {
        Sync::Members(Members { node_id, pub_key, members, start, sign }) => {
            // These keys are only compared, or checked with when their owners say something: no
            // need to look at a thousand of them now.
            let members = members.into_iter().map(|(id, key)| (peer(id), Some(key.0)));
            let members = Some(members.collect());
            let peer = peer(node_id);
            let (key, start) = (Some(pub_key.0), start.map(decode_start));
            (Message::Announcement { peer, key, members, start }, sign)
        }
        Sync::Promise(wire) => decode_promise(wire)?,
        Sync::Called(Called { node_id, name, sign }) => {
            (Message::Name { peer: peer(node_id), name }, sign)
        }
        Sync::Request(Request { node_id, of, from, sign }) => {
            (Message::Request { peer: peer(node_id), of: peer(of), from }, sign)
        }
        Sync::Certificate(wire) => decode_certificate(wire)?,
        Sync::Confirmation(wire) => decode_confirmation(wire)?,
    })
}

fn decode_promise(wire: wire::Promise) -> Result<Said, Malformed> {
    let transaction = wire.transaction_number;
    let accepted = wire.accepted.map(|accepted| decode_accepted(transaction, accepted));
    let state = ElectionState {
        term: wire.term,
        members: digest(&wire.members)?,
        promise: Some(Promise { leader: peer(wire.leader), transaction, accepted }),
        starts: decode_starts(wire.starts)?,
    };
    let (peer, draw) = (peer(wire.node_id), wire.election_number.into());
    Ok((Message::Election { peer, draw, state: Some(state) }, wire.sign))
}

fn decode_accepted(transaction: Transaction, wire: wire::WireAccepted) -> Accepted {
    let wire::WireAccepted { solution_id, seed, term, challenge: difficulty } = wire;
    let record = Record { transaction, difficulty, seed, winner: peer(solution_id) };
    Accepted { term, record }
}

fn decode_confirmation(wire: wire::Confirmation) -> Result<Said, Malformed> {
    let transaction = wire.transaction_number;
    let of = wire.confirms.into_iter();
    let message = Message::Confirmation {
        peer: peer(wire.node_id),
        of: of.map(|(id, number, nonce)| (peer(id), Start { number, nonce })).collect(),
        members: wire.members.as_ref().map(digest).transpose()?,
        promised: wire.term,
        transaction,
        accepted: wire.accepted.map(|accepted| decode_accepted(transaction, accepted)),
    };
    Ok((message, wire.sign))
}

fn decode_certificate(wire: Certificate) -> Result<Said, Malformed> {
    let votes = wire.votes.into_iter().map(|(id, sign)| (peer(id), Some(Signature::new(sign.0))));
    let record = CertifiedRecord {
        record: Record {
            transaction: wire.transaction_number,
            difficulty: wire.challenge,
            seed: wire.seed,
            winner: peer(wire.solution_id),
        },
        term: wire.term,
        votes: votes.collect(),
        noes: wire.noes,
        starts: decode_starts(wire.starts)?,
    };
    Ok((Message::Certificate { peer: peer(wire.node_id), record }, wire.sign))
}

fn digest(members: &Hex) -> Result<MembershipDigest, Malformed> {
    let bytes = <[u8; 8]>::try_from(members.0.as_ref()).map_err(|_| Malformed::Field {
        field: "Roster",
        reason: format!("{} bytes instead of 8", members.0.len()),
    })?;
    Ok(MembershipDigest(u64::from_be_bytes(bytes)))
}

fn peer(id: u64) -> PeerId {
    PeerId::new(id.into())
}

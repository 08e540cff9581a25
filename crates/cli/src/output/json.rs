//! Reports as lines of JSON; `docs/events.md` is their specification.

use althing_engine::rounds::{CertifiedRecord, Event, Waiting};
use althing_node::{Happening, Report};
use althing_types::{Moment, PeerId};
use serde_json::{Map, Value, json};

/// Returns a report as one line of JSON.
pub(crate) fn line(report: &Report) -> Value {
    let (event, fields) = match &report.happening {
        Happening::Started { rows } => ("started", json!({ "rows": rows.number() })),
        Happening::Connected => ("connected", json!({})),
        Happening::Disconnected { reason } => ("disconnected", json!({ "reason": reason })),
        Happening::Malformed { topic, reason } => {
            ("message_refused", json!({ "topic": topic, "reason": reason }))
        }
        Happening::FurtherRefused { count } => (
            "message_refused",
            json!({ "count": count, "reason": "further messages in the same second" }),
        ),
        Happening::Engine(event) => engine_event(event),
    };
    object(report.at, Some(id(report.peer)), event, fields)
}

/// Returns the last line of a run.
pub(crate) fn summary(at: Moment, peer: Option<Value>, fields: Value) -> Value {
    object(at, peer, "summary", fields)
}

/// Returns what happened `at` a time, to `peer`, as one object.
pub(crate) fn object(at: Moment, peer: Option<Value>, event: &str, fields: Value) -> Value {
    let mut line = Map::new();
    line.insert("at_ms".into(), milliseconds(at).into());
    if let Some(peer) = peer {
        line.insert("peer".into(), peer);
    }
    line.insert("event".into(), event.into());
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    Value::Object(line)
}

fn engine_event(event: &Event) -> (&'static str, Value) {
    match event {
        Event::PeerJoined { peer, known } => {
            ("peer_joined", json!({ "joined": id(*peer), "known": known }))
        }
        Event::RosterSettled { members, member } => {
            let members: Vec<Value> = members.iter().map(|peer| id(*peer)).collect();
            ("roster_settled", json!({ "members": members, "member": member }))
        }
        Event::LeaderElected { leader, term, draw } => (
            "leader_elected",
            json!({
                "leader": id(*leader),
                "term": term.number(),
                "draw": draw.and_then(|draw| u64::try_from(draw).ok()),
            }),
        ),
        Event::ChallengeIssued { transaction, difficulty, leader } => (
            "challenge_issued",
            json!({
                "transaction": transaction.number(),
                "challenge": difficulty.bits(),
                "leader": id(*leader),
            }),
        ),
        Event::SolutionFound { transaction, finder, seed } => (
            "solution_found",
            json!({
                "transaction": transaction.number(),
                "finder": id(*finder),
                "seed": seed.as_str(),
            }),
        ),
        Event::VoteCast { transaction, voter, seed, approve } => (
            "vote_cast",
            json!({
                "transaction": transaction.number(),
                "voter": id(*voter),
                "seed": seed.as_str(),
                "vote": approve,
            }),
        ),
        Event::RoundDecided(certified) => ("round_decided", row(certified)),
        Event::RoundFailed { transaction, yes, no } => {
            ("round_failed", json!({ "transaction": transaction.number(), "yes": yes, "no": no }))
        }
        Event::MessageRefused { claimed, reason } => {
            ("message_refused", json!({ "claimed": id(*claimed), "reason": reason.to_string() }))
        }
        Event::PeerLost { peer } => ("peer_lost", json!({ "lost": id(*peer) })),
        Event::Waiting(waiting) => ("waiting", wait(*waiting)),
        Event::AllRecorded => ("all_recorded", json!({})),
    }
}

/// Returns a row of the table.
pub(crate) fn row(certified: &CertifiedRecord) -> Value {
    let record = &certified.record;
    json!({
        "transaction": record.transaction.number(),
        "challenge": record.difficulty.bits(),
        "seed": record.seed.as_str(),
        "winner": id(record.winner),
        "yes": certified.votes.len(),
        "no": certified.noes,
    })
}

fn wait(waiting: Waiting) -> Value {
    match waiting {
        Waiting::Peers { known, needed } => {
            json!({ "for": "peers", "here": known, "needed": needed })
        }
        Waiting::Majority { heard, needed } => {
            json!({ "for": "majority", "here": heard, "needed": needed })
        }
        Waiting::Arrivals { transaction } => {
            json!({ "for": "messages", "transaction": transaction.number() })
        }
    }
}

/// A number where it fits into 64 bits, as on the wire of most networks; a text where not.
pub(crate) fn id(peer: PeerId) -> Value {
    match u64::try_from(peer.number()) {
        Ok(number) => number.into(),
        Err(_) => peer.to_string().into(),
    }
}

fn milliseconds(at: Moment) -> f64 {
    (at.since_start().as_secs_f64() * 1e6).round() / 1e3
}

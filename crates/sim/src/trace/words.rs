//! Messages and events in a few words.

use althing_dialect::Received;
use althing_engine::rounds::{Event, Message, Naming, Standing};
use althing_types::PeerId;

use crate::word::Word;

/// Characters of a payload that is no message.
const UNREAD_MAX: usize = 24;

/// Returns what a word says.
pub(super) fn of_word(word: &Word, peers: &[PeerId]) -> String {
    match &word.received {
        Ok(Received::Message(sealed)) => of_message(&sealed.message, peers),
        Ok(Received::Lost(peer)) => format!("{} is gone", name(*peer, peers)),
        Ok(Received::Nothing) => "I am here".into(),
        Err(_) => {
            let text = String::from_utf8_lossy(&word.wire.payload);
            let begin: String = text.chars().take(UNREAD_MAX).collect();
            format!("something unreadable on {}: {begin}", word.wire.topic)
        }
    }
}

fn of_message(message: &Message, peers: &[PeerId]) -> String {
    let name = |peer: &PeerId| name(*peer, peers);
    match message {
        Message::Announcement { roster: None, .. } => "I am here".into(),
        Message::Announcement { roster: Some(roster), .. } => {
            format!("I count with {} members", roster.len())
        }
        Message::Election { draw, standing: None, .. } => format!("I drew {draw}"),
        Message::Election { draw, standing: Some(Standing { term, naming, .. }), .. } => {
            match naming {
                None => format!("I drew {draw} for term {term}"),
                Some(Naming { leader, transaction, accepted }) => {
                    let leader = name(leader);
                    let accepted = match accepted {
                        Some(accepted) => format!(", having accepted {}", accepted.record.seed),
                        None => String::new(),
                    };
                    format!("I follow {leader} in term {term} at row {transaction}{accepted}")
                }
            }
        }
        Message::Challenge { difficulty, place: None, .. } => format!("find {difficulty} bits"),
        Message::Challenge { difficulty, place: Some(place), .. } => {
            format!("find {difficulty} bits for row {}, term {}", place.transaction, place.term)
        }
        Message::Solution { transaction, seed, .. } => format!("{seed} solves row {transaction}"),
        Message::Vote { transaction, seed, approve, cause, .. } => {
            let word = if *approve { "yes" } else { "no" };
            let term = cause.map(|cause| format!(", term {}", cause.term)).unwrap_or_default();
            format!("{word} to {seed} in row {transaction}{term}")
        }
        Message::Verdict { transaction, seed, accepted, .. } => {
            let word = if *accepted { "is" } else { "is not" };
            format!("{seed} {word} row {transaction}")
        }
        Message::Request { of, from, .. } => format!("{}, send rows from {from}", name(of)),
        Message::Certificate { record, .. } => {
            let votes = record.votes.len();
            let record = &record.record;
            format!("row {} is {}, by {votes} votes", record.transaction, record.seed)
        }
    }
}

/// Returns what a peer saw.
pub(super) fn of_event(event: &Event, peers: &[PeerId]) -> String {
    let name = |peer: &PeerId| name(*peer, peers);
    match event {
        Event::PeerJoined { peer, known } => format!("meets {}; knows {known}", name(peer)),
        Event::RosterSettled { members, member: true } => {
            format!("is one of {} members", members.len())
        }
        Event::RosterSettled { members, member: false } => {
            format!("watches {} members", members.len())
        }
        Event::LeaderElected { leader, term, .. } => {
            format!("{} leads term {term}", name(leader))
        }
        Event::ChallengeIssued { transaction, difficulty, .. } => {
            format!("row {transaction} takes {difficulty} bits")
        }
        Event::SolutionFound { transaction, finder, seed } => {
            format!("{} has found {seed} for row {transaction}", name(finder))
        }
        Event::VoteCast { transaction, voter, seed, approve } => {
            let word = if *approve { "yes" } else { "no" };
            format!("{} said {word} to {seed} in row {transaction}", name(voter))
        }
        Event::RoundDecided(row) => {
            format!("records row {}: {}", row.record.transaction, row.record.seed)
        }
        Event::RoundFailed { transaction, yes, no } => {
            format!("row {transaction} fails with {yes} yes and {no} no")
        }
        Event::MessageRefused { claimed, reason } => {
            format!("refuses a word of {}: {reason}", name(claimed))
        }
        Event::PeerLost { peer } => format!("misses {}", name(peer)),
        Event::Waiting(waiting) => waiting.to_string(),
        Event::AllRecorded => "knows that all have all rows".into(),
    }
}

fn name(peer: PeerId, peers: &[PeerId]) -> String {
    match peers.iter().position(|known| *known == peer) {
        Some(index) => format!("peer {index}"),
        None => format!("stranger {peer}"),
    }
}

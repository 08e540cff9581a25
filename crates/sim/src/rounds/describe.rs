//! Messages and events in a few words.

use althing_engine::rounds::{ElectionState, Event, Message, Promise, Ruling};
use althing_types::PeerId;

use super::RoundsNetwork;

impl RoundsNetwork {
    /// Returns a message in a few words.
    pub(super) fn describe(&self, message: &Message) -> String {
        let name = |peer: &PeerId| self.name(*peer);
        match message {
            Message::Announcement { members: None, .. } => "I am here".into(),
            Message::Announcement { members: Some(members), .. } => {
                format!("I count with {} members", members.len())
            }
            Message::Election { draw, state: None, .. } => format!("I drew {draw}"),
            Message::Election {
                draw, state: Some(ElectionState { term, promise, .. }), ..
            } => match promise {
                None => format!("I drew {draw} for term {term}"),
                Some(Promise { leader, transaction, accepted }) => {
                    let leader = name(leader);
                    let accepted = match accepted {
                        Some(accepted) => format!(", having accepted {}", accepted.record.seed),
                        None => String::new(),
                    };
                    format!("I follow {leader} in term {term} at row {transaction}{accepted}")
                }
            },
            Message::Coordinator { draw, .. } => format!("I lead, with {draw}"),
            Message::Challenge { difficulty, place: None, .. } => format!("find {difficulty} bits"),
            Message::Challenge { difficulty, place: Some(place), .. } => {
                format!("find {difficulty} bits for row {}, term {}", place.transaction, place.term)
            }
            Message::Solution { transaction, seed, .. } => {
                format!("{seed} solves row {transaction}")
            }
            Message::Vote { transaction, seed, approve, cause, .. } => {
                let verb = if *approve { "yes" } else { "no" };
                let term = cause.map(|cause| format!(", term {}", cause.term)).unwrap_or_default();
                format!("{verb} to {seed} in row {transaction}{term}")
            }
            Message::Verdict { transaction, seed, ruling, .. } => {
                let verb = if *ruling == Ruling::Accepted { "is" } else { "is not" };
                format!("{seed} {verb} row {transaction}")
            }
            Message::Confirmation { of, transaction, .. } => {
                let of: Vec<_> = of.iter().map(|(peer, _)| name(peer)).collect();
                format!("I know that {} started again; I am at row {transaction}", of.join(", "))
            }
            Message::Name { name, .. } => format!("call me {:?}", name.as_str()),
            Message::Request { of, from, .. } => format!("{}, send rows from {from}", name(of)),
            Message::Certificate { record, .. } => {
                let votes = record.votes.len();
                let record = &record.record;
                format!("row {} is {}, by {votes} votes", record.transaction, record.seed)
            }
        }
    }

    /// Returns an event in a few words.
    pub(super) fn describe_report(&self, event: &Event) -> String {
        let name = |peer: &PeerId| self.name(*peer);
        match event {
            Event::PeerJoined { peer, known } => format!("meets {}; knows {known}", name(peer)),
            Event::PeerNamed { peer, name: called } => {
                format!("knows {} as {:?}", name(peer), called.as_str())
            }
            Event::MembershipSettled { members, member: true } => {
                format!("is one of {} members", members.len())
            }
            Event::MembershipSettled { members, member: false } => {
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
                let verb = if *approve { "yes" } else { "no" };
                format!("{} said {verb} to {seed} in row {transaction}", name(voter))
            }
            Event::RoundDecided(row) => {
                format!("records row {}: {}", row.record.transaction, row.record.seed)
            }
            Event::RoundFailed { transaction, yes, no } => {
                format!("row {transaction} fails with {yes} yes and {no} no")
            }
            Event::MessageRefused { claimed, reason } => {
                format!("refuses a message of {}: {reason}", name(claimed))
            }
            Event::PeerLost { peer } => format!("misses {}", name(peer)),
            Event::PeerHeard { peer } => format!("hears {} again", name(peer)),
            Event::Copied => "hears a copy of itself, and falls silent".into(),
            Event::Equivocated(equivocation) => {
                format!("can prove that {} said {equivocation}", name(&equivocation.peer()))
            }
            Event::Waiting(waiting) => waiting.to_string(),
            Event::NetworkOverheard { network, peers } => {
                format!("hears {peers} who speak {}", network.speech)
            }
            Event::AllRecorded => "knows that all have all rows".into(),
        }
    }

    /// Returns the name of a peer in such texts.
    pub(super) fn name(&self, peer: PeerId) -> String {
        match self.peer_with(peer) {
            Some(index) => format!("peer {index}"),
            None => format!("stranger {peer}"),
        }
    }
}

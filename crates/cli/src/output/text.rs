//! Reports as lines for people. Votes and solutions are left out: a round has dozens.

use althing_engine::rounds::Event;
use althing_node::{Happening, Report};
use althing_types::{Moment, Transaction};

/// Returns a report as a line, if it is worth one.
pub(crate) fn line(report: &Report) -> Option<String> {
    let told = match &report.happening {
        Happening::Started { rows } if *rows == Transaction::FIRST => {
            format!("we are peer {}", report.peer)
        }
        Happening::Started { rows } => {
            format!("we are peer {} again, with {rows} rows from before", report.peer)
        }
        Happening::Connected => "connected".to_owned(),
        Happening::Disconnected { reason } => format!("disconnected: {reason}"),
        Happening::Malformed { topic, reason } => format!("refused on {topic:?}: {reason}"),
        Happening::FurtherRefused { count } => format!("refused {count} more messages"),
        Happening::Engine(event) => engine_event(event)?,
    };
    Some(timed(report.at, &told))
}

/// Returns what is told of a time as a line. What strangers say must not reach the terminal as it
/// is.
pub(crate) fn timed(at: Moment, told: &str) -> String {
    let told: String = told.chars().filter(|character| !character.is_control()).collect();
    format!("{:>9.3}s {told}", at.since_start().as_secs_f64())
}

fn engine_event(event: &Event) -> Option<String> {
    Some(match event {
        Event::PeerJoined { peer, known } => format!("peer {peer} is here, {known} in all"),
        Event::RosterSettled { members, member } => {
            let seat = if *member { "we are one" } else { "we only watch" };
            format!("the {} members are settled, and {seat}", members.len())
        }
        Event::LeaderElected { leader, term, .. } => format!("{leader} leads in term {term}"),
        Event::ChallengeIssued { transaction, difficulty, .. } => {
            format!("transaction {transaction}: a challenge of {difficulty} bits")
        }
        Event::RoundDecided(certified) => {
            let record = &certified.record;
            format!(
                "transaction {}: {} wins with {}, {} yes, {} no",
                record.transaction,
                record.winner,
                record.seed,
                certified.votes.len(),
                certified.noes,
            )
        }
        Event::RoundFailed { transaction, yes, no } => {
            format!("transaction {transaction}: the vote is lost, {yes} yes, {no} no")
        }
        Event::MessageRefused { claimed, reason } => {
            format!("refused, in the name of {claimed}: {reason}")
        }
        Event::PeerLost { peer } => format!("peer {peer} is lost"),
        Event::Waiting(waiting) => waiting.to_string(),
        Event::AllRecorded => "everybody has all rows".to_owned(),
        Event::SolutionFound { .. } | Event::VoteCast { .. } => return None,
    })
}

//! Whether a process works, for programs that start it again or send users to it, and how well, for
//! those that watch it.

use althing_api::{EngineStatus, Health, PeerStatus, Trouble};
use althing_feed::{Observer, Waiting};
use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::process::Process;

/// Answers whether each peer of the process still runs.
pub(crate) async fn alive(State(process): State<Process>) -> Response {
    let mut troubles = Vec::new();
    for (peer, status) in process.all_statuses().await {
        if status.is_none() {
            troubles.push(Trouble {
                peer,
                what: "the peer has stopped".to_owned(),
                advice: "start the process again; what it printed last says why it stopped"
                    .to_owned(),
            });
        }
    }
    answer(troubles)
}

/// Answers whether each peer of the process can do what it is for.
pub(crate) async fn ready(State(process): State<Process>) -> Response {
    let mut troubles = Vec::new();
    for (peer, status) in process.all_statuses().await {
        let found = match &status {
            None => Some(("the peer has stopped".to_owned(), "start the process again")),
            Some(status) => unready(status),
        };
        if let Some((what, advice)) = found {
            troubles.push(Trouble { peer, what, advice: advice.to_owned() });
        }
    }
    answer(troubles)
}

/// Answers with all numbers for Prometheus.
pub(crate) async fn metrics(State(process): State<Process>) -> Response {
    let metrics = process.metrics();
    for status in process.statuses().await {
        metrics.set(&status);
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, HeaderValue::from_static(kind))], metrics.text()).into_response()
}

/// Returns what keeps a peer from what it is for, and what to do.
fn unready(status: &PeerStatus) -> Option<(String, &'static str)> {
    match &status.engine {
        EngineStatus::Rounds(rounds) if rounds.copied => Some((
            "another copy of this peer has spoken, so it is silent for good".to_owned(),
            "stop it, and start a new peer with an empty --data directory",
        )),
        EngineStatus::Rounds(rounds) => {
            let waits = rounds.waiting.as_ref()?;
            let advice = match waits.kind {
                // The others run, and nothing that they do brings back what was missed.
                Waiting::Missed { .. } => "start it again with the others, in their next session",
                _ => "see that the other members run, with the same options and broker",
            };
            Some((waits.sentence.clone(), advice))
        }
        EngineStatus::Chain(chain) if !chain.joined => Some((
            "it has not met its network yet".to_owned(),
            "see that its contacts or its tracker run, and that they have the same options",
        )),
        EngineStatus::Chain(_) => None,
        EngineStatus::Assembly(assembly) if assembly.observing == Some(Observer::Copied) => Some((
            "another copy of this member has spoken, so it no longer votes, for good".to_owned(),
            "leave the other one running, and stop this one",
        )),
        EngineStatus::Assembly(assembly) => {
            let (all, missing) = (assembly.members.len(), assembly.silent.len());
            (all - missing < assembly.quorum).then(|| {
                let needed = assembly.quorum;
                let heard = all - missing;
                (
                    format!("it takes {needed} members to commit, and {heard} can be heard"),
                    "see that the other members run, with the same charter and broker",
                )
            })
        }
    }
}

fn answer(troubles: Vec<Trouble>) -> Response {
    let ok = troubles.is_empty();
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Health { ok, troubles })).into_response()
}

#[cfg(test)]
mod tests {
    use althing_api::{RoundsStatus, Waits};
    use althing_feed::{Id, PeerName};
    use althing_types::Transaction;

    use super::*;

    fn with(waiting: Option<Waiting>) -> PeerStatus {
        let rounds = RoundsStatus {
            rows: 3,
            members: Vec::new(),
            names: [].into(),
            silent: Vec::new(),
            term: 0,
            leader: None,
            challenge: None,
            copied: false,
            equivocating: Vec::new(),
            waiting: waiting.map(Waits::from),
        };
        PeerStatus {
            time: "2026-01-01T00:00:00.000Z".to_owned(),
            network: "sd".to_owned(),
            peer: PeerName::Id(Id(7)),
            received: 0,
            refused: 0,
            hashes: 0,
            engine: EngineStatus::Rounds(rounds),
            due: Vec::new(),
        }
    }

    #[test]
    fn a_peer_that_has_missed_what_the_others_count_is_not_ready_whatever_they_do() {
        assert_eq!(unready(&with(None)), None);
        let missed = Waiting::Missed { transaction: Transaction::new(3) };
        let (what, advice) = unready(&with(Some(missed))).expect("it records nothing");
        assert!(what.contains("transaction 3 and later ones cannot be told"), "{what}");
        assert!(advice.contains("next session"), "{advice}");
        let majority = Waiting::Majority { here: 1, needed: 2 };
        let (_, advice) = unready(&with(Some(majority))).expect("it cannot go on");
        assert!(advice.contains("other members run"), "{advice}");
    }
}

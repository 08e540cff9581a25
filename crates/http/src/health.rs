//! Whether a process works, for programs that start it again or send users to it, and how well, for
//! those that watch it.

use althing_api::{EngineStatus, Health, PeerStatus, Trouble};
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
        EngineStatus::Rounds(rounds) => rounds.waiting.clone().map(|waiting| {
            (waiting.sentence, "see that the other members run, with the same options and broker")
        }),
        EngineStatus::Chain(chain) if !chain.joined => Some((
            "it has not met its network yet".to_owned(),
            "see that its contacts or its tracker run, and that they have the same options",
        )),
        EngineStatus::Chain(_) => None,
    }
}

fn answer(troubles: Vec<Trouble>) -> Response {
    let ok = troubles.is_empty();
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Health { ok, troubles })).into_response()
}

//! What happens among the miners of a peer, as lines.

use althing_node::stratum::{Happening, Report};
use althing_stratum::{Event, Tally, Worker};
use serde_json::{Value, json};

use super::json::object;
use super::text::timed;

/// Returns a report as a line for people.
pub(crate) fn text_line(report: &Report) -> String {
    let told = match &report.happening {
        Happening::Listening { address } => {
            format!("miners connect to stratum+tcp://{address}")
        }
        Happening::FurtherMoves { count } => format!("{count} more miners came and went"),
        Happening::Stratum(event) => told(event),
    };
    timed(report.at, &told)
}

/// Returns a report as one line of JSON; `docs/events.md` is its specification.
pub(crate) fn json_line(report: &Report) -> Value {
    let (event, fields) = match &report.happening {
        Happening::Listening { address } => {
            ("listening", json!({ "address": address.to_string() }))
        }
        Happening::FurtherMoves { count } => ("workers_moved", json!({ "count": count })),
        Happening::Stratum(event) => named(event),
    };
    object(report.at, None, event, fields)
}

fn told(event: &Event) -> String {
    match event {
        Event::WorkerJoined { worker, workers } => {
            format!("{} is here; workers: {workers}", said(worker))
        }
        Event::WorkerLeft { worker, tally, workers } => {
            format!("{} has left after {}; workers: {workers}", said(worker), counted(tally))
        }
        Event::WorkerDropped { worker, reason, workers, .. } => {
            format!("{} was dropped: {reason}; workers: {workers}", said(worker))
        }
        Event::BlockFound { worker, hash, height } => {
            format!("{} has found block {height}, {hash}", said(worker))
        }
        Event::Shares { worker, tally, hash_rate, difficulty } => format!(
            "{}: {}, {hash_rate} hashes a second, shares of {} bits",
            said(worker),
            counted(tally),
            difficulty.bits()
        ),
    }
}

fn said(worker: &Worker) -> String {
    match &worker.name {
        name if name.is_empty() => format!("miner at {}", worker.from),
        name => format!("worker {name:?} at {}", worker.from),
    }
}

fn counted(tally: &Tally) -> String {
    let Tally { accepted, stale, invalid, blocks, .. } = tally;
    format!("{accepted} shares ({blocks} of them blocks), {stale} stale, {invalid} invalid")
}

fn named(event: &Event) -> (&'static str, Value) {
    match event {
        Event::WorkerJoined { worker, workers } => {
            ("worker_joined", of(worker, json!({ "workers": workers })))
        }
        Event::WorkerLeft { worker, tally, workers } => {
            ("worker_left", of(worker, with(tally, json!({ "workers": workers }))))
        }
        Event::WorkerDropped { worker, tally, workers, reason } => {
            let fields = json!({ "workers": workers, "reason": reason.to_string() });
            ("worker_dropped", of(worker, with(tally, fields)))
        }
        Event::BlockFound { worker, hash, height } => {
            let fields = json!({ "height": height.number(), "hash": hash.to_string() });
            ("block_found", of(worker, fields))
        }
        Event::Shares { worker, tally, hash_rate, difficulty } => {
            let fields = json!({ "hash_rate": hash_rate, "share_bits": difficulty.bits() });
            ("shares_accepted", of(worker, with(tally, fields)))
        }
    }
}

fn of(worker: &Worker, mut fields: Value) -> Value {
    fields["worker"] = worker.name.clone().into();
    fields["from"] = worker.from.to_string().into();
    fields
}

fn with(tally: &Tally, mut fields: Value) -> Value {
    fields["accepted"] = tally.accepted.into();
    fields["stale"] = tally.stale.into();
    fields["invalid"] = tally.invalid.into();
    fields["blocks"] = tally.blocks.into();
    fields
}

//! Reports as lines of JSON; `docs/events.md` is their specification.

use althing_engine::nakamoto::{Claim, Event};
use althing_node::chain::{Happening, Report};
use althing_types::Address;
use serde_json::{Value, json};

use super::said;
use crate::output::json::object;

/// Returns a report as one line of JSON.
pub(crate) fn line(report: &Report) -> Value {
    let (event, fields) = match &report.happening {
        Happening::Started { blocks, left_out } => {
            ("started", json!({ "blocks": blocks, "left_out": left_out }))
        }
        Happening::Connected => ("connected", json!({})),
        Happening::Disconnected { reason } => ("disconnected", json!({ "reason": reason })),
        Happening::Malformed { from, reason } => {
            ("message_refused", json!({ "from": address(from), "reason": reason }))
        }
        Happening::FurtherRefused { count } => (
            "message_refused",
            json!({ "count": count, "reason": "further messages in the same second" }),
        ),
        Happening::Engine(event) => engine_event(event),
    };
    object(report.at, Some(address(&report.peer)), event, fields)
}

fn engine_event(event: &Event) -> (&'static str, Value) {
    match event {
        Event::PeerFound { peer, known } => {
            ("peer_found", json!({ "found": address(peer), "known": known }))
        }
        Event::PeerLost { peer } => ("peer_lost", json!({ "lost": address(peer) })),
        Event::TipChanged { tip, left, joined } => (
            "tip_changed",
            json!({
                "height": tip.height.number(),
                "hash": tip.hash.to_string(),
                "left": left,
                "joined": joined,
            }),
        ),
        Event::BlockMined { hash, height } => {
            ("block_mined", json!({ "height": height.number(), "hash": hash.to_string() }))
        }
        Event::DownloadStarted { claim, backers } => {
            ("download_started", claimed(claim, json!({ "backers": backers })))
        }
        Event::DownloadFailed { claim, reason } => {
            ("download_failed", claimed(claim, json!({ "reason": reason.to_string() })))
        }
        Event::HeadersFetched { peer, ahead } => {
            ("headers_fetched", json!({ "from": address(peer), "ahead": ahead }))
        }
        Event::PeerShunned { peer, time } => {
            ("peer_shunned", json!({ "shunned": address(peer), "seconds": time.as_secs_f64() }))
        }
        Event::PeerBanned { key, time, reason } => (
            "peer_banned",
            json!({
                "key": key.to_string(),
                "seconds": time.as_secs_f64(),
                "reason": reason.to_string(),
            }),
        ),
        Event::EntryPooled(entry) => ("entry_pooled", json!({ "entry": said(entry) })),
        Event::EntryRefused { entry, reason } => {
            ("entry_refused", json!({ "entry": said(entry), "reason": reason.to_string() }))
        }
        Event::MessageRefused { from, reason } => {
            ("message_refused", json!({ "from": address(from), "reason": reason.to_string() }))
        }
    }
}

fn claimed(claim: &Claim, mut fields: Value) -> Value {
    fields["length"] = claim.length.into();
    fields["hash"] = claim.hash.to_string().into();
    fields
}

fn address(address: &Address) -> Value {
    address.to_string().into()
}

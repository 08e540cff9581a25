//! Reports as lines for people.

use althing_engine::nakamoto::Event;
use althing_node::chain::{Happening, Report};

use super::said;
use crate::output::text::timed;

/// Returns a report as a line.
pub(crate) fn line(report: &Report) -> String {
    let told = match &report.happening {
        Happening::Started { blocks, left_out: 0 } => {
            format!("we are {}, with {blocks} blocks", report.peer)
        }
        Happening::Started { blocks, left_out } => format!(
            "we are {}, with {blocks} blocks; {left_out} more on disk are not valid, and are \
             fetched anew",
            report.peer
        ),
        Happening::Connected => "connected".to_owned(),
        Happening::Disconnected { reason } => format!("disconnected: {reason}"),
        Happening::Malformed { from, reason } => format!("refused from {from}: {reason}"),
        Happening::FurtherRefused { count } => format!("refused {count} more messages"),
        Happening::Engine(event) => engine_event(event),
    };
    timed(report.at, &told)
}

fn engine_event(event: &Event) -> String {
    match event {
        Event::PeerFound { peer, known } => format!("peer {peer} is here, {known} in all"),
        Event::PeerLost { peer } => format!("peer {peer} is lost"),
        Event::TipChanged { tip, left: 0, joined } => {
            format!("block {} is {}, {joined} more than before", tip.height, tip.hash)
        }
        Event::TipChanged { tip, left, joined } => format!(
            "block {} is {}, on another branch: {left} blocks left, {joined} joined",
            tip.height, tip.hash
        ),
        Event::BlockMined { height, .. } => format!("block {height} is ours"),
        Event::DownloadStarted { claim, backers } => {
            let length = claim.length;
            format!("fetching a chain of {length} blocks that {backers} peers say they have")
        }
        Event::DownloadFailed { claim, reason } => {
            format!("gave up on a chain of {} blocks: {reason}", claim.length)
        }
        Event::HeadersFetched { peer, ahead } => {
            format!("all headers of {peer} are here, {ahead} of them without their blocks")
        }
        Event::PeerShunned { peer, time } => {
            format!("peer {peer} is not asked for {} s", time.as_secs())
        }
        Event::PeerBanned { key, time, reason } => {
            format!("the owner of key {key} is not heard for {} s: {reason}", time.as_secs())
        }
        Event::EntryPooled(entry) => format!("to be mined: {:?}", said(entry)),
        Event::EntryRefused { entry, reason } => format!("refused {:?}: {reason}", said(entry)),
        Event::MessageRefused { from, reason } => format!("refused from {from}: {reason}"),
    }
}

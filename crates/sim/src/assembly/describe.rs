//! Messages and events in a few words.

use althing_engine::simplex::{Event, Message, Request};

/// Returns a message in a few words.
pub(super) fn message(message: &Message) -> String {
    match message {
        Message::Challenge(challenge) => format!("who finds a block for view {}?", challenge.view),
        Message::Solution(block) => format!("here is a block, {:.8}", block.hash()),
        Message::Proposal { word, .. } => format!("I propose: {}", word.statement),
        Message::Vote(word) => format!("member {}: {}", word.member, word.statement),
        Message::Certificates(certificates) => {
            let said: Vec<String> =
                certificates.iter().map(|it| it.statement.to_string()).collect();
            format!("a quorum says: {}", said.join("; "))
        }
        Message::Status(status) => {
            format!(
                "member {} is in view {} at height {}",
                status.member, status.view, status.height
            )
        }
        Message::Request(Request::Blocks { of, from }) => {
            format!("member {of}, send blocks from height {from} on")
        }
        Message::Request(Request::Body(hash)) => format!("who has block {hash:.8}?"),
        Message::Request(Request::Certificates(view)) => {
            format!("what has ended view {view} and those after it?")
        }
        Message::Body(block) => format!("block {:.8}", block.hash()),
        Message::Run(run) => format!("{} committed blocks", run.blocks.len()),
        Message::Entries(entries) => format!("{} entries", entries.len()),
        Message::Evidence(evidence) => {
            format!("member {} has contradicted itself", evidence.member)
        }
    }
}

/// Returns an event in a few words.
pub(super) fn event(event: &Event) -> String {
    match event {
        Event::Started => "begins".into(),
        Event::ViewEntered { view, leader } => format!("enters view {view}, led by {leader}"),
        Event::Notarized { view, .. } => format!("sees view {view} notarized"),
        Event::Nullified { view } => format!("sees view {view} nullified"),
        Event::Committed { block, hash, .. } => {
            format!("commits {hash:.8} at height {}", block.coinbase.height)
        }
        Event::ProposalRefused { view, leader, reason } => {
            format!("refuses the proposal of {leader} in view {view}: {reason}")
        }
        Event::EntryPooled(_) => "has an entry for a block".into(),
        Event::EntryRefused { reason, .. } => format!("refuses an entry: {reason}"),
        Event::MemberSuspected { member } => format!("misses member {member}"),
        Event::MemberHeard { member } => format!("hears member {member} again"),
        Event::Standstill { missing } => format!("hears too few: {} are missing", missing.len()),
        Event::Resumed => "hears enough members again".into(),
        Event::Equivocated(evidence) => format!("has evidence against member {}", evidence.member),
        Event::CatchingUp { height, target } => format!("is at height {height} of {target}"),
        Event::Observing(why) => format!("only observes: {why:?}"),
        Event::Diverged { block, reason } => format!("cannot follow block {block:.8}: {reason}"),
        Event::MessageRefused { reason } => format!("refuses a message: {reason}"),
    }
}

//! What `althing lead` says: lines on standard error, since standard output is the command's.

use althing_applications::leases::{FencingToken, LeaseName};
use althing_feed::{Event, Feed, PeerEvent, Record, text, wall_clock};
use serde::Serialize;

use crate::output::{self, Lines};

/// Says what becomes of a lease.
#[derive(Clone)]
pub(super) struct Telling {
    name: LeaseName,
    lines: Lines,
}

/// What becomes of it. As JSON it has the name of the lease and the time besides.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum News {
    /// Another member holds the lease.
    LeaseHeldByOther { holder: String, token: u64 },
    /// The lease is held, and the command starts.
    LeaseAcquired { token: u64 },
    /// A renewal is not in the chain when it should be.
    LeaseRenewedLate { token: u64 },
    /// The lease is held no more, although the command had not ended.
    LeaseLost { token: u64 },
    /// The command has ended.
    CommandEnded { token: u64, code: u8 },
    /// The lease was given back.
    LeaseReleased { token: u64 },
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    lease: &'a str,
    #[serde(flatten)]
    news: &'a News,
}

impl Telling {
    pub(super) fn new(name: LeaseName, json: bool) -> Self {
        Self { name, lines: Lines::of(json) }
    }

    pub(super) fn tell(&self, news: &News) {
        let name = &self.name;
        match (self.lines, news) {
            (Lines::Json, news) => {
                let line = Line { time: wall_clock(), lease: name.as_str(), news };
                json(&serde_json::to_string(&line).expect("it has only texts and numbers"));
            }
            (_, News::LeaseHeldByOther { holder, token }) => {
                output::note(&format!("{name} is held by {holder}, with token {token}"));
            }
            (_, News::LeaseAcquired { token }) => {
                output::note(&format!("{name} is held here, with token {token}"));
            }
            (_, News::LeaseRenewedLate { token }) => output::warn(&format!(
                "{name} was not renewed in time; the command with token {token} ends if it is not \
                 soon"
            )),
            (_, News::LeaseLost { token }) => {
                output::warn(&format!("{name} is lost; the command with token {token} is ended"));
            }
            (_, News::CommandEnded { token, code }) => {
                output::note(&format!("the command with token {token} has ended with code {code}"));
            }
            (_, News::LeaseReleased { token }) => {
                output::note(&format!("{name} is released, with token {token}"));
            }
        }
    }

    /// Tells of the peer what its user must know, or can do something about.
    pub(super) fn follow(&self, feed: &Feed) {
        let (mut records, lines) = (feed.subscribe(), self.lines);
        tokio::spawn(async move {
            while let Some(record) = records.next().await {
                let Ok(record) = record else { continue };
                if !matters(&record) {
                    continue;
                }
                match (lines, text::line(&record)) {
                    (Lines::Json, _) => json(&record.to_json()),
                    (Lines::Text, Some(line)) => output::note(&line),
                    (Lines::Text, None) => {}
                }
            }
        });
    }
}

fn json(line: &str) {
    output::errors::write(format!("{line}\n").into_bytes());
}

fn matters(record: &Record) -> bool {
    use althing_feed::AssemblyEvent as Of;
    match &record.event {
        Event::Assembly(event) => matches!(
            event,
            Of::Standstill { .. }
                | Of::Resumed {}
                | Of::Observing { .. }
                | Of::Diverged { .. }
                | Of::MemberContradicted { .. }
        ),
        Event::Peer(event) => {
            matches!(
                event,
                PeerEvent::Disconnected { .. }
                    | PeerEvent::Connected {}
                    | PeerEvent::Reachable { .. }
            )
        }
        _ => false,
    }
}

/// Returns a token as the news have it.
pub(super) fn number(token: FencingToken) -> u64 {
    token.0
}

//! A tracker alone.

use std::net::SocketAddr;

use althing_api::Mode;
use althing_feed::{Feed, TrackerEvent};
use althing_http::{About, Process};
use althing_net::tracker::{Event, Options, Tracker};
use althing_node::Clock;
use clap::Args;

use crate::http::HttpOptions;
use crate::listen::parse_listen;
use crate::output::{Lines, Printer};

/// Run a tracker alone, which sends all peers of a network the list of peers, until Ctrl-C.
///
/// It uses the protocol of `cs60`, keeps nothing on disk and accepts every peer, so by default it
/// listens on this machine only.
#[derive(Args)]
#[command(after_help = "Example:\n  althing tracker --listen 0.0.0.0:60825")]
pub(crate) struct Arguments {
    /// The address and port to listen at; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:60825")]
    #[arg(value_parser = parse_listen)]
    listen: SocketAddr,

    /// Write events as lines of JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    http: HttpOptions,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    super::block_on(async {
        let clock = Clock::start();
        let mut tracker = Tracker::start(&Options { listen: arguments.listen })?;
        let feed = Feed::default();
        let printer = Printer::start_lasting(Lines::of(arguments.json), &feed)?;
        let aside = printer.aside();
        let source = feed.source(None, None);
        source.publish(clock.now(), TrackerEvent::Listening { address: tracker.address() });
        let process = Process::new(About::without_network(Mode::Tracker), feed.clone());
        let http = arguments.http.serve(&process, &source, clock.now()).await?;
        let stop = crate::signals::stop_asked();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = aside.closed() => break,
                Some(event) = tracker.next() => {
                    source.publish(clock.now(), on_feed(event));
                }
            }
        }
        tracker.stop().await;
        let written = printer.finish();
        http.end().await;
        written
    })
}

/// Returns what a tracker tells as an event of the feed.
fn on_feed(event: Event) -> TrackerEvent {
    match event {
        Event::Joined { peer: address, peers } => TrackerEvent::PeerJoined { address, peers },
        Event::Left { peer: address, peers } => TrackerEvent::PeerLeft { address, peers },
        Event::Gone { peer: address, peers } => TrackerEvent::PeerGone { address, peers },
        Event::Refused { from, reason } => {
            TrackerEvent::ConnectionRefused { from, reason: reason.to_string() }
        }
    }
}

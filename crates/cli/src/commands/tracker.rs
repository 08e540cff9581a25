use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Instant;

use althing_net::tracker::{Event, Options, Tracker};
use althing_types::Moment;
use clap::Args;
use serde_json::{Value, json};

use crate::output::json;

/// Run a tracker alone, which tells the peers of a network who is there, until Ctrl-C.
///
/// It speaks the language of `cs60`, keeps nothing on disk and lets everybody in, so it listens on
/// this machine only, unless you say otherwise.
#[derive(Args)]
#[command(after_help = "Example:\n  althing tracker --listen 0.0.0.0:60825")]
pub(crate) struct Arguments {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:60825")]
    listen: SocketAddr,

    /// Tell what happens as lines of JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    super::block_on(async {
        let begin = Instant::now();
        let mut tracker = Tracker::start(&Options { listen: arguments.listen })?;
        let address = tracker.address();
        let tell = |(text, event, fields): (String, &str, Value)| match arguments.json {
            true => {
                let at = Moment::from_start(begin.elapsed());
                writeln!(io::stdout(), "{}", json::object(at, None, event, fields))
            }
            false => writeln!(io::stdout(), "{text}"),
        };
        let listening = json!({ "address": address.to_string() });
        tell((format!("listening on {address}"), "listening", listening))?;
        let stop = super::stop_asked();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(event) = tracker.next() => tell(told(&event))?,
            }
        }
        tracker.stop().await;
        Ok(())
    })
}

/// Returns an event as a sentence, and as its name and fields.
fn told(event: &Event) -> (String, &'static str, Value) {
    let (peer, peers, what, name) = match event {
        Event::Joined { peer, peers } => (peer, peers, "has joined", "peer_joined"),
        Event::Left { peer, peers } => (peer, peers, "has left", "peer_left"),
        Event::Gone { peer, peers } => (peer, peers, "is gone without a word", "peer_gone"),
        Event::Refused { from, reason } => {
            let fields = json!({ "from": from.to_string(), "reason": reason.to_string() });
            return (format!("{from} was refused: {reason}"), "connection_refused", fields);
        }
    };
    let fields = json!({ "address": peer.to_string(), "peers": peers });
    (format!("{peer} {what}; peers: {peers}"), name, fields)
}

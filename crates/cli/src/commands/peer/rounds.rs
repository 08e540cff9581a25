use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use althing_dialect::Dialect;
use althing_engine::rounds::{Issuing, Seat};
use althing_net::mqtt;
use althing_node::{Clock, Commands, Node, Setup};
use althing_store::Store;
use althing_types::PeerId;
use clap::Args;
use serde_json::json;

use super::Arguments;
use crate::commands::stop_asked as stop_asked_by_signal;
use crate::connection::Broker;
use crate::console::{self, Console};
use crate::output::{self, Aside, Lines, Printer};

/// What a peer of a network with rounds can be told besides.
#[derive(Args)]
pub(super) struct RoundsOptions {
    /// Watch without taking part.
    #[arg(long)]
    observe: bool,

    /// As the leader (of sd), ask for a solution only when told to, as its program does.
    ///
    /// Standard input takes a command a line: 1 asks for a solution, 2 shows the table, 3 leaves, ?
    /// shows what there is. Its end is a leave.
    #[arg(long, conflicts_with = "observe")]
    manual: bool,

    /// Search for each solution, even if an earlier one would do.
    ///
    /// Nothing of a round enters the hash of these puzzles, so what solved one challenge solves
    /// every other of that difficulty, and a peer that remembers it answers at once.
    #[arg(long)]
    no_answer_cache: bool,
}

pub(super) async fn take_part(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { network, connection, data, rounds, effort, json, .. } = arguments;
    let RoundsOptions { observe, manual, no_answer_cache } = rounds;
    let issuing = if manual { Issuing::OnCommand } else { Issuing::AtOnce };
    let dialect = Arc::<dyn Dialect>::from(network.dialect(Duration::ZERO, issuing)?);
    let broker = connection.broker(network.usual_broker())?;
    let store = match &data {
        Some(dir) => Store::open(dir)?,
        None => Store::in_memory(),
    };
    let lines = Lines::of(json);
    let printer = Printer::start(lines);
    let console = match manual {
        true => Some(Arc::new(Mutex::new(Console::new(store.rows(), network.rounds)?))),
        false => None,
    };
    let clock = Clock::start();
    let node = Node::new(Setup {
        dialect: Arc::clone(&dialect),
        seat: if observe { Seat::Observer } else { Seat::Member },
        store,
        effort: effort.of_each(1),
        answer_cache: !no_answer_cache,
        clock,
        reporter: match &console {
            Some(console) => console::overhear(console, printer.reporter(), printer.aside()),
            None => printer.reporter(),
        },
    })?;
    let (peer, gauges) = (node.id(), node.gauges());
    let link = broker.join(&*dialect, peer).await?;
    if let Broker::Mqtt(options) = broker {
        tokio::spawn(warn_of_delay(*options));
    }
    let stop = stop_asked(console, peer, node.commands(), printer.aside());
    let outcome = node.run(link, stop).await;
    printer.finish()?;
    let summary = outcome?;
    if lines == Lines::Json {
        let fields = json!({
            "rows": summary.rows.number(),
            "received": gauges.received(),
            "refused": gauges.refused(),
            "hashes": gauges.hashes(),
        });
        writeln!(
            io::stdout(),
            "{}",
            output::json::summary(clock.now(), Some(output::json::id(peer)), fields)
        )?;
    } else {
        writeln!(io::stdout(), "the table has {} rows", summary.rows)?;
    }
    Ok(())
}

/// Ends when the user asks us to stop, by a signal or at the console.
async fn stop_asked(
    console: Option<Arc<Mutex<Console>>>,
    peer: PeerId,
    commands: Commands,
    aside: Aside,
) {
    match console {
        Some(console) => {
            let lines = console::standard_input();
            tokio::select! {
                () = stop_asked_by_signal() => {}
                () = console::attend(&console, peer, lines, &commands, &aside) => {}
            }
        }
        None => stop_asked_by_signal().await,
    }
}

/// A broker that waits for acknowledgements before it sends on (Nagle's algorithm) makes every
/// round forty milliseconds longer for peers that acknowledge late, and nobody would know why.
async fn warn_of_delay(options: mqtt::Options) {
    if let Ok(round_trip) = mqtt::probe(&options).await
        && round_trip.delayed
    {
        output::warn(&format!(
            "the broker holds small messages back (Nagle's algorithm), for {} ms in a measurement: \
             peers that acknowledge late are so much slower in each round. If it is Mosquitto, put \
             the line \"set_tcp_nodelay true\" into its mosquitto.conf.",
            round_trip.median.as_millis(),
        ));
    }
}

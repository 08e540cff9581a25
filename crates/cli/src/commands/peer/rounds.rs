//! A peer of a network with rounds.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use althing_api::Mode;
use althing_dialect::RoundsDialect;
use althing_engine::rounds::{Durable, Issuing, Seat, Status};
use althing_feed::{Feed, PeerEvent};
use althing_http::{About, Asked, Process, Socket};
use althing_net::{Link, mqtt};
use althing_node::{self as node, Clock, Gauges};
use althing_store::Store;
use althing_types::PeerId;
use clap::Args;
use tokio::time::sleep;

use super::{Arguments, own_id};
use crate::connection::{Broker, PATIENCE};
use crate::console::{self, Console, Typed};
use crate::output::{self, Lines, Printer, demand};
use crate::signals::stop_asked;

/// What a peer of a network with rounds can be told besides.
#[derive(Args)]
#[command(next_help_heading = "Taking part (networks with rounds)")]
pub(super) struct RoundsOptions {
    /// Watch without taking part.
    #[arg(long)]
    observe: bool,

    /// Have this id, where a profile's programs have numbers for ids.
    ///
    /// By default a peer draws one. Where there are few, it listens for a moment before, and draws
    /// one that it has not heard; a program that says its id only once may have the same.
    #[arg(long, value_name = "NUMBER", conflicts_with = "observe")]
    id: Option<u64>,

    /// As the leader (of sd), issue challenges only on command, like its program.
    ///
    /// Standard input takes one command per line: 1 issues a challenge, 2 shows the table, 3
    /// leaves, ? shows the commands. At the end of the input the peer leaves.
    #[arg(long, conflicts_with = "observe")]
    manual: bool,

    /// Search for each solution, even if an earlier one solves the challenge.
    ///
    /// No part of a round enters the hash of these puzzles, so the solution of one challenge solves
    /// every other of that difficulty, and a peer with a solution cache answers at once.
    #[arg(long)]
    no_solution_cache: bool,

    /// Vouch that the --data directory was never copied, and is not a backup.
    ///
    /// A member that starts again first asks the others what they have heard of it, since its data
    /// may be a copy of data that are in use, or old. With 3 members both others must answer. Use
    /// this if one of them is gone for good. If it is not true, members may record different rows.
    #[arg(long, requires = "data")]
    never_copied: bool,
}

pub(super) async fn take_part(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { network, connection, data, rounds, parallelism, json, http, meeting, .. } =
        arguments;
    let RoundsOptions { observe, id, manual, no_solution_cache, never_copied } = rounds;
    demand!(
        !never_copied || !network.is_published(),
        "among programs a peer that starts again begins anew, and asks no member; leave \
         --never-copied out"
    );
    let issuing = manual.then_some(Issuing::OnCommand);
    let dialect = Arc::<dyn RoundsDialect>::from(network.dialect(None, issuing)?);
    let broker = connection.broker(network.usual_broker())?;
    let store: Store<Durable> = match &data {
        Some(dir) => Store::open(dir)?,
        None => Store::in_memory(),
    };
    let seat = if observe { Seat::Observer } else { Seat::Member };
    let known = store.identity()?.map(|identity| identity.peer);
    let (early, id) = tokio::select! {
        found = own_id::find(&*dialect, &broker, connection.patience(), seat, id, known) => found?,
        () = stop_asked() => return Ok(()),
    };
    let console = match manual {
        true => {
            // Where messages are counted as they arrive a session begins, with a table of its own.
            let rows = store.all_entries().filter(|_| !network.is_published());
            let rows = rows.map(|entry| entry.map(|(_, row)| row.into()));
            Some(Console::new(rows, network.rounds)?)
        }
        false => None,
    };
    // Where messages are counted as they arrive, the rows from before are of other sessions.
    let begin = if network.is_published() { store.next() } else { 0 };
    let table = store.reader();
    let (clock, feed) = (Clock::start(), Feed::default());
    let printer = Printer::start_lasting(Lines::of(json), &feed)?;
    printer.warn_when_closed();
    let records = feed.subscribe();
    let (peer, node) = node::rounds::open(node::rounds::Options {
        dialect: Arc::clone(&dialect),
        name: meeting.name,
        seat,
        id,
        store,
        parallelism: Some(parallelism.of_each(1)),
        solution_cache: !no_solution_cache,
        never_copied,
        clock,
        feed: feed.clone(),
    })?;
    let (gauges, commands) = (node.gauges(), node.commands());
    let source = feed.source(Some(network.name().into()), Some(peer.into()));
    let about = About::network(Mode::Peer, &network.name(), &dialect.network());
    let profile = network.profile().map(|profile| profile.name.as_str());
    let process = Process::new(about.following(profile), feed.clone());
    let (name, asked) = (network.name(), commands.clone());
    let dialect_of = Arc::clone(&dialect);
    process.add(Asked::rounds(&name, peer.into(), asked, table, begin, dialect_of));
    let _socket = match &data {
        Some(dir) => Some(Socket::listen(dir, process.clone())?),
        None => None,
    };
    let http = http.serve(&process, &source, clock.now()).await?;
    let mut lines = manual.then(Typed::at_standard_input);
    let link = tokio::select! {
        link = join_unless_joined(early, &broker, &*dialect, peer, connection.patience()) => link?,
        () = stop_asked() => return printer.finish(),
        // As at the end of the input later on: nothing can be said to the peer any more.
        () = is_over(&mut lines) => return printer.finish(),
    };
    if let Broker::Mqtt(options) = broker {
        tokio::spawn(warn_of_delay(*options, network.room_prefix()));
    }
    let aside = printer.aside();
    let told_to_leave = async {
        match console.zip(lines) {
            Some((console, lines)) => {
                console::attend(console, peer, lines, records, &commands, &aside).await;
            }
            None => pending().await,
        }
    };
    let stop = async {
        tokio::select! {
            () = stop_asked() => {}
            () = told_to_leave => {}
        }
    };
    let outcome = node.run(link, stop).await;
    if let Ok(status) = &outcome {
        source.publish(clock.now(), summary(status, &gauges, Some(gauges.hashes())));
    }
    let written = printer.finish();
    http.end().await;
    outcome?;
    written
}

/// Returns the last line of a run that ended as `status` says, in which so many hashes were tried,
/// if any could be.
pub(crate) fn summary(status: &Status, gauges: &Gauges, hashes: Option<u64>) -> PeerEvent {
    PeerEvent::Summary {
        rows: Some(status.rows),
        blocks: None,
        tip: None,
        received: gauges.received(),
        refused: gauges.refused(),
        hashes,
    }
}

/// Returns the connection that there is, or a new one.
async fn join_unless_joined(
    early: Option<Link>,
    broker: &Broker,
    dialect: &dyn RoundsDialect,
    peer: PeerId,
    patience: Option<Duration>,
) -> anyhow::Result<Link> {
    match early {
        Some(link) => Ok(link),
        None => broker.join(dialect, peer, patience).await,
    }
}

/// Waits until the operator's input has ended and its broker had some time more to come; for ever
/// without an operator.
async fn is_over(lines: &mut Option<Typed>) {
    match lines {
        Some(lines) => {
            lines.ended().await;
            sleep(PATIENCE).await;
        }
        None => pending().await,
    }
}

/// A broker that waits for acknowledgements before it sends on (Nagle's algorithm) makes every
/// round forty milliseconds longer for peers that acknowledge late, without a visible reason.
async fn warn_of_delay(options: mqtt::Options, prefix: String) {
    if let Ok(round_trip) = mqtt::probe(&options, &prefix).await
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

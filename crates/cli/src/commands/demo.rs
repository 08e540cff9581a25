//! A whole network in one process.

use std::io::{self, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use althing_board::Board;
use althing_engine::rounds::{Issuing, Rounds};
use althing_feed::{Feed, PeerEvent};
use althing_net::broker::EmbeddedBroker;
use althing_node::{Clock, Gauges, Swarm};
use althing_types::PeerId;
use clap::Args;

use crate::connection::{Broker, BrokerUrl};
use crate::network::Network;
use crate::output::recent::RecentRows;
use crate::output::{Lines, Printer};
use crate::parallelism::ParallelismOptions;
use crate::screen::Terminal;
use crate::swarm::{self, Meeting};

/// Watch a whole network in one process: an embedded broker and all its peers.
///
/// The peers of ppd meet over RabbitMQ, at amqp://localhost or the address given with --broker.
///
/// On a terminal it shows one live screen, with a short pause between the rounds. Elsewhere it
/// prints what the first peer sees, one event per line, without pauses. At the end it prints the
/// table.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing demo --rounds 10\n  \
    althing demo --peers 5 --challenge 16..22 --pause 1s\n  \
    althing demo --dialect sd --rounds 10\n  \
    althing demo --dialect ppd --broker amqp://user:password@localhost\n  \
    althing demo --rounds 100 --json | grep round_decided")]
pub(crate) struct Arguments {
    /// Write the events of all peers as lines of JSON.
    #[arg(long)]
    json: bool,

    /// Use this broker instead of the embedded one.
    #[arg(long, value_name = "URL")]
    broker: Option<BrokerUrl>,

    #[command(flatten)]
    parallelism: ParallelismOptions,

    // Last, since its headings in the help go on for all that follows.
    #[command(flatten)]
    network: Network,
}

/// Between two rounds on a screen, so that people can follow.
const PAUSE: Duration = Duration::from_millis(300);

/// Between two pictures on the screen.
const PICTURE: Duration = Duration::from_millis(100);

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    super::block_on(demonstrate(arguments))
}

async fn demonstrate(arguments: Arguments) -> anyhow::Result<()> {
    let place = Place::open(&arguments).await?;
    let outcome = if arguments.json {
        tell_all(&arguments, &place).await
    } else if io::stdout().is_terminal() {
        show(&arguments, &place).await
    } else {
        tell(&arguments, &place).await
    };
    place.close().await;
    outcome
}

/// Where the peers meet.
struct Place {
    meeting: Meeting,
    url: BrokerUrl,
    embedded: Option<EmbeddedBroker>,
}

impl Place {
    /// Finds the broker that was asked for, or starts one of our own. There is none of our own
    /// for the networks that meet over AMQP.
    async fn open(arguments: &Arguments) -> anyhow::Result<Self> {
        let usual = arguments.network.usual_broker();
        let given = match (&arguments.broker, usual) {
            (Some(url), _) => Some(url.clone()),
            (None, usual @ BrokerUrl::Amqp(_)) => Some(usual),
            (None, BrokerUrl::Mqtt(_)) => None,
        };
        let (embedded, url) = match given {
            Some(url) => (None, url),
            None => {
                let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let embedded = EmbeddedBroker::start(anywhere).await?;
                let url = BrokerUrl::Mqtt(embedded.url());
                (Some(embedded), url)
            }
        };
        let broker = Broker::at(url.clone());
        broker.check().await?;
        Ok(Self { meeting: Meeting::Broker(broker), url, embedded })
    }

    async fn close(self) {
        if let Some(embedded) = self.embedded {
            embedded.shutdown().await;
        }
    }
}

/// Tells of all peers in JSON.
async fn tell_all(arguments: &Arguments, place: &Place) -> anyhow::Result<()> {
    let (clock, feed) = (Clock::start(), Feed::default());
    let printer = Printer::start(Lines::Json, &feed)?;
    let (mut swarm, _) = start(arguments, place, clock, Duration::ZERO, &feed).await?;
    run_to_end(&mut swarm, &printer).await?;
    let sum = |of: fn(&Gauges) -> u64| swarm.gauges().iter().map(|gauges| of(gauges)).sum();
    let (received, refused) = (sum(Gauges::received), sum(Gauges::refused));
    feed.source(Some(arguments.network.name().into()), None).publish(
        clock.now(),
        PeerEvent::Summary { rows: None, blocks: None, tip: None, received, refused, hashes: None },
    );
    printer.finish()
}

/// Tells what one peer sees: the first that tells anything.
async fn tell(arguments: &Arguments, place: &Place) -> anyhow::Result<()> {
    let (clock, feed) = (Clock::start(), Feed::default());
    let table = Arc::new(Mutex::new(RecentRows::default()));
    let (rows, mut first) = (Arc::clone(&table), None);
    let printer = Printer::start_with(Lines::Text, &feed, move |record| {
        let is_first = *first.get_or_insert_with(|| record.peer.clone()) == record.peer;
        if is_first {
            rows.lock().expect("no thread panics while it holds the lock").follow(record);
        }
        is_first
    })?;
    let (mut swarm, _) = start(arguments, place, clock, Duration::ZERO, &feed).await?;
    run_to_end(&mut swarm, &printer).await?;
    printer.finish()?;
    let table =
        std::mem::take(&mut *table.lock().expect("no thread panics while it holds the lock"));
    table.print()
}

/// Shows all peers on one screen.
async fn show(arguments: &Arguments, place: &Place) -> anyhow::Result<()> {
    let (clock, feed) = (Clock::start(), Feed::default());
    let mut records = feed.subscribe();
    let (mut swarm, ids) = start(arguments, place, clock, PAUSE, &feed).await?;
    let network = &arguments.network;
    let peers = usize::from(network.peers.get());
    let mut board = Board::new(&network.name(), peers, network.rounds, place.url.to_string());
    let mut table = RecentRows::default();
    let mut terminal = Terminal::open()?;
    let mut pictures = tokio::time::interval(PICTURE);
    let stop = super::stop_asked();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            left = swarm.left() => {
                left?;
                break;
            }
            () = &mut stop => break,
            _ = pictures.tick() => {}
        }
        while let Some(next) = records.try_next() {
            // A screen that is behind by so much goes on with what there is.
            if let Ok(record) = next {
                table.follow(&record);
                board.apply(&record);
            }
        }
        let hashes = ids.iter().zip(swarm.gauges()).map(|(id, gauges)| (*id, gauges.hashes()));
        board.set_hashes(clock.now(), &hashes.collect::<Vec<_>>());
        terminal.draw(&board, clock.now())?;
        if terminal.quit_asked()? {
            break;
        }
    }
    swarm.stop();
    swarm.left().await?;
    drop(terminal);
    while let Some(next) = records.try_next() {
        next.iter().for_each(|record| table.follow(record));
    }
    table.print()
}

async fn start(
    arguments: &Arguments,
    place: &Place,
    clock: Clock,
    pause: Duration,
    feed: &Feed,
) -> anyhow::Result<(Swarm<Rounds>, Vec<PeerId>)> {
    let dialect = arguments.network.dialect(pause, Issuing::AtOnce)?.into();
    let peers = usize::from(arguments.network.peers.get());
    let parallelism = arguments.parallelism.of_each(peers);
    swarm::start(peers, &dialect, &place.meeting, parallelism, clock, feed).await
}

/// Waits until the peers have all rows, the user asks them to leave, or the output is closed.
async fn run_to_end(swarm: &mut Swarm<Rounds>, printer: &Printer) -> anyhow::Result<()> {
    let aside = printer.aside();
    tokio::select! {
        left = swarm.left() => return Ok(left?),
        () = super::stop_asked() => {}
        () = aside.closed() => {}
    }
    swarm.stop();
    Ok(swarm.left().await?)
}

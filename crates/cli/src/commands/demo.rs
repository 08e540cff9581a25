use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use althing_engine::rounds::Issuing;
use althing_net::broker::EmbeddedBroker;
use althing_node::{Clock, Report};
use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;

use crate::connection::{Broker, BrokerUrl};
use crate::effort::EffortOptions;
use crate::network::Network;
use crate::output::recent::RecentRows;
use crate::output::{self, Lines, Printer};
use crate::screen::{Board, Terminal};
use crate::swarm::{Meeting, Swarm};

/// Watch a whole network in one process: an embedded broker and all its peers.
///
/// The peers of ppd meet over RabbitMQ, at amqp://localhost unless --broker says otherwise.
///
/// On a terminal it shows one live screen, with a short pause between the rounds; elsewhere it
/// tells what the first peer sees, a line each, without pauses. In the end it shows the table.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing demo --rounds 10\n  \
    althing demo --peers 5 --challenge 16..22 --pause 1s\n  \
    althing demo --dialect sd --rounds 10\n  \
    althing demo --dialect ppd --broker amqp://user:password@localhost\n  \
    althing demo --rounds 100 --json | grep round_decided")]
pub(crate) struct Arguments {
    /// Tell what happens to all peers as lines of JSON.
    #[arg(long)]
    json: bool,

    /// Meet over this broker instead of the embedded one.
    #[arg(long, value_name = "URL")]
    broker: Option<BrokerUrl>,

    #[command(flatten)]
    effort: EffortOptions,

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
    let clock = Clock::start();
    let printer = Printer::start(Lines::Json);
    let swarm = start(arguments, place, clock, Duration::ZERO, || printer.reporter()).await;
    let mut swarm = swarm?;
    run_to_end(&mut swarm).await?;
    printer.finish()?;
    let (received, refused) = swarm.messages();
    let fields = json!({ "received": received, "refused": refused });
    writeln!(io::stdout(), "{}", output::json::summary(clock.now(), None, fields))?;
    Ok(())
}

/// Tells what the first peer sees.
async fn tell(arguments: &Arguments, place: &Place) -> anyhow::Result<()> {
    let printer = Printer::start(Lines::Text);
    let table = Arc::new(Mutex::new(RecentRows::default()));
    let mut first = Some(printer.reporter());
    let clock = Clock::start();
    let swarm = start(arguments, place, clock, Duration::ZERO, || {
        let (mut first, table) = (first.take(), Arc::clone(&table));
        Box::new(move |report| {
            if let Some(reporter) = &mut first {
                table.lock().expect("nobody panics with it").follow(&report);
                reporter(report);
            }
        })
    });
    run_to_end(&mut swarm.await?).await?;
    printer.finish()?;
    let table = std::mem::take(&mut *table.lock().expect("nobody panics with it"));
    table.print()
}

/// Shows all peers on one screen.
async fn show(arguments: &Arguments, place: &Place) -> anyhow::Result<()> {
    let (reports, mut received) = mpsc::unbounded_channel::<Report>();
    let clock = Clock::start();
    let mut swarm = start(arguments, place, clock, PAUSE, || {
        let reports = reports.clone();
        // The screen is gone only when the peers are to leave.
        Box::new(move |report| drop(reports.send(report)))
    })
    .await?;
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
            outcome = swarm.left() => {
                outcome?;
                break;
            }
            () = &mut stop => break,
            _ = pictures.tick() => {}
        }
        while let Ok(report) = received.try_recv() {
            table.follow(&report);
            board.apply(&report);
        }
        board.set_hashes(clock.now(), &swarm.hashes());
        terminal.draw(&board, clock.now())?;
        if terminal.quit_asked()? {
            break;
        }
    }
    swarm.stop();
    swarm.left().await?;
    drop(terminal);
    while let Ok(report) = received.try_recv() {
        table.follow(&report);
    }
    table.print()
}

async fn start(
    arguments: &Arguments,
    place: &Place,
    clock: Clock,
    pause: Duration,
    reporter: impl FnMut() -> althing_node::Reporter,
) -> anyhow::Result<Swarm> {
    let dialect = arguments.network.dialect(pause, Issuing::AtOnce)?.into();
    let peers = usize::from(arguments.network.peers.get());
    let effort = arguments.effort.of_each(peers);
    Swarm::start(peers, &dialect, &place.meeting, effort, clock, reporter).await
}

/// Waits until the peers have all rows, or the user asks them to leave.
async fn run_to_end(swarm: &mut Swarm) -> anyhow::Result<()> {
    tokio::select! {
        outcome = swarm.left() => return outcome,
        () = super::stop_asked() => {}
    }
    swarm.stop();
    swarm.left().await
}

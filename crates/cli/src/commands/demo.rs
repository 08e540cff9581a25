use std::collections::VecDeque;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use althing_engine::rounds::{CertifiedRecord, Event};
use althing_net::broker::EmbeddedBroker;
use althing_net::mqtt;
use althing_node::{Clock, Happening, Report};
use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;

use crate::network::{Network, Threads};
use crate::output::table::{self, Format};
use crate::output::{self, Lines, Printer};
use crate::screen::{Board, Terminal};
use crate::swarm::{Meeting, Swarm};

/// Watch a whole network in one process: an embedded broker and all its peers.
///
/// On a terminal it shows one live screen, with a short pause between the rounds; elsewhere it
/// tells what the first peer sees, a line each, without pauses. In the end it shows the table.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing demo --rounds 10\n  \
    althing demo --peers 5 --challenge 16..22 --pause 1s\n  \
    althing demo --rounds 100 --json | grep round_decided")]
pub(crate) struct Arguments {
    /// Tell what happens to all peers as lines of JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    threads: Threads,

    // Last, since its headings in the help go on for all that follows.
    #[command(flatten)]
    network: Network,
}

/// Between two rounds on a screen, so that people can follow.
const PAUSE: Duration = Duration::from_millis(300);

/// Between two pictures on the screen.
const PICTURE: Duration = Duration::from_millis(100);

/// Rows that are shown in the end; of a longer table only the last.
const ROWS_MAX: usize = 1000;

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    super::block_on(demonstrate(arguments))
}

async fn demonstrate(arguments: Arguments) -> anyhow::Result<()> {
    let broker = EmbeddedBroker::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let outcome = if arguments.json {
        tell_all(&arguments, &broker).await
    } else if io::stdout().is_terminal() {
        show(&arguments, &broker).await
    } else {
        tell(&arguments, &broker).await
    };
    broker.shutdown().await;
    outcome
}

/// Tells of all peers in JSON.
async fn tell_all(arguments: &Arguments, broker: &EmbeddedBroker) -> anyhow::Result<()> {
    let clock = Clock::start();
    let printer = Printer::start(Lines::Json);
    let swarm = start(arguments, broker, clock, Duration::ZERO, || printer.reporter()).await;
    let mut swarm = swarm?;
    run_to_end(&mut swarm).await?;
    printer.finish()?;
    let (received, refused) = swarm.messages();
    let fields = json!({ "received": received, "refused": refused });
    writeln!(io::stdout(), "{}", output::json::summary(clock.now(), None, fields))?;
    Ok(())
}

/// Tells what the first peer sees.
async fn tell(arguments: &Arguments, broker: &EmbeddedBroker) -> anyhow::Result<()> {
    let printer = Printer::start(Lines::Text);
    let table = Arc::new(Mutex::new(Table::default()));
    let mut first = Some(printer.reporter());
    let clock = Clock::start();
    let swarm = start(arguments, broker, clock, Duration::ZERO, || {
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
async fn show(arguments: &Arguments, broker: &EmbeddedBroker) -> anyhow::Result<()> {
    let (reports, mut received) = mpsc::unbounded_channel::<Report>();
    let clock = Clock::start();
    let mut swarm = start(arguments, broker, clock, PAUSE, || {
        let reports = reports.clone();
        // The screen is gone only when the peers are to leave.
        Box::new(move |report| drop(reports.send(report)))
    })
    .await?;
    let network = &arguments.network;
    let peers = usize::from(network.peers.get());
    let name = "elect-chain";
    let mut board = Board::new(name, peers, network.rounds, broker.url().to_string());
    let mut table = Table::default();
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
    broker: &EmbeddedBroker,
    clock: Clock,
    pause: Duration,
    reporter: impl FnMut() -> althing_node::Reporter,
) -> anyhow::Result<Swarm> {
    let dialect = arguments.network.dialect(pause).into();
    let peers = usize::from(arguments.network.peers.get());
    let threads = arguments.threads.of_each(peers);
    let meeting = Meeting::Broker(Box::new(mqtt::Options::new(broker.url())));
    Swarm::start(peers, &dialect, &meeting, threads, clock, reporter).await
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

/// The rows that one run has decided, the last ones of many.
#[derive(Default)]
struct Table(VecDeque<CertifiedRecord>);

impl Table {
    /// Keeps a row that any peer tells of first.
    fn follow(&mut self, report: &Report) {
        if let Happening::Engine(Event::RoundDecided(row)) = &report.happening {
            let last = self.0.back().map(|last| last.record.transaction);
            if last.is_none_or(|last| row.record.transaction > last) {
                if self.0.len() >= ROWS_MAX {
                    self.0.pop_front();
                }
                self.0.push_back(row.clone());
            }
        }
    }

    fn print(self) -> anyhow::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        let rows = self.0.into_iter().map(Ok::<_, io::Error>);
        table::write(Format::Text, rows, &mut out)?;
        Ok(out.flush()?)
    }
}

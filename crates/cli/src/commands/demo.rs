//! A whole network in one process.
//!
//! | file | question |
//! | --- | --- |
//! | `assembly` | how is an assembly run? |
//! | `chain` | how is a network with a chain run and shown? |
//! | `control` | what can others ask for, over HTTP? |
//! | `keys` | what do the keys do? |
//! | `pace` | how fast does it go? |
//! | `rounds` | how is a network with rounds run and shown? |

mod assembly;
mod chain;
mod control;
mod keys;
mod pace;
mod rounds;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use althing_feed::{Event, Feed, PeerEvent, Record, Source};
use althing_http::Process;
use althing_node::{Air, Gauges, Pacing};
use althing_text::Name;
use althing_types::Moment;
use clap::{ArgMatches, Args, Command};

use super::peer::{NAMELESS, hide, refuse};
use crate::connection::BrokerUrl;
use crate::http::{HttpOptions, Served};
use crate::network::{DialectName, Network};
use crate::offered::Named;
use crate::output::{self, Printer, demand};
use crate::parallelism::ParallelismOptions;

/// Watch a whole network in one process: an embedded broker and all its peers.
///
/// The peers of ppd meet over RabbitMQ, at amqp://localhost or the address given with --broker;
/// those of cs60, aviary and open meet over UDP on this machine. Members of an assembly meet over
/// the embedded broker; what the first of them sees is printed, on a terminal too.
///
/// On a terminal it shows one live screen, at a pace that people can follow, until you press q:
/// messages take a while, and each peer tries only so many candidates a second, the same for all.
/// The space bar pauses, a full stop goes on to the next thing that happens, + and - change the
/// speed, k kills the leader, r restarts it, f, p, l, d and b break it in other ways, m mends
/// everything, and ? shows all keys. Elsewhere it prints what the
/// first peer sees, one event per line, as fast as it can. At the end it prints the table.
///
/// The first line of the screen shows the address of a dashboard for a browser, which --open opens.
#[derive(Args)]
#[command(mut_arg("dialect", |argument| argument.value_parser(clap::value_parser!(DialectName))))]
#[command(after_help = "Examples:\n  \
    althing demo\n  \
    althing demo --peers 5 --challenge 16..22 --pace 20s\n  \
    althing demo --dialect sd --variant published\n  \
    althing demo --dialect ppd --broker amqp://user:password@localhost\n  \
    althing demo --dialect aviary\n  \
    althing demo --dialect assembly --peers 4 --rounds 20\n  \
    althing demo --open\n  \
    althing demo --http 127.0.0.1:8080 --json\n  \
    althing demo --rounds 100 --json | grep round_decided\n  \
    althing demo --record demo.jsonl\n\n\
    With --dialect or --profile, the help shows only what that network has.")]
pub(crate) struct Arguments {
    /// Write the events of all peers as lines of JSON.
    #[arg(long)]
    json: bool,

    /// About how long a round or a block takes, so that people can follow; with 0s it takes what it
    /// takes. Default: 8s on a terminal, and 0s elsewhere.
    ///
    /// Challenges are of 17 to 20 bits then, unless --challenge says otherwise.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pace: Option<Duration>,

    /// Write all that happens to this file, as lines of JSON: each message as well, as far as they
    /// are not too many.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    /// Open the dashboard in a browser.
    #[arg(long)]
    open: bool,

    /// Serve no dashboard; on a terminal it is served otherwise, at a free port of this machine.
    #[arg(long, conflicts_with_all = ["http", "open", "notify"])]
    no_http: bool,

    /// Use this broker instead of the embedded one.
    #[arg(long, value_name = "URL")]
    broker: Option<BrokerUrl>,

    /// A PEM file with certificates to trust in addition to the system's, for that broker.
    #[arg(long, value_name = "FILE", requires = "broker")]
    ca_file: Option<PathBuf>,

    /// What a peer is called, as a hint for people; given several times, the second is the name of
    /// the second peer, and so on (networks with rounds, default variant).
    #[arg(long, value_name = "NAME")]
    name: Vec<Name>,

    #[command(flatten)]
    parallelism: ParallelismOptions,

    #[command(flatten)]
    http: HttpOptions,

    // Last, since its headings in the help go on for all that follows.
    #[command(flatten)]
    network: Network,
}

/// The options of networks with rounds that a demo of one with a chain has as well.
const OF_ALL: [&str; 3] = ["peers", "rounds", "profile"];

/// Between two pictures on the screen.
const PICTURE: Duration = Duration::from_millis(100);

pub(crate) fn run(mut arguments: Arguments, given: &ArgMatches) -> anyhow::Result<()> {
    // What a script reads stays as it is, unless it asks for more.
    if arguments.open || (arguments.is_shown() && !arguments.no_http) {
        arguments.http.or_here();
    }
    if arguments.network.is_assembly() {
        refuse::<Network>(given, "assembly", "with rounds", &["peers", "rounds"])?;
        demand!(arguments.pace.is_none(), "an assembly goes at its own pace; leave --pace out");
        return super::block_on(assembly::demonstrate(arguments));
    }
    match arguments.network.chain_name() {
        None => {
            demand!(arguments.name.is_empty() || !arguments.network.is_published(), "{NAMELESS}");
            super::block_on(rounds::demonstrate(arguments))
        }
        Some(name) => {
            demand!(
                arguments.name.is_empty(),
                "peers of {} are numbered in the demo; leave --name out",
                name.name()
            );
            refuse::<Network>(given, &name.name(), "with rounds", &OF_ALL)?;
            anyhow::ensure!(
                arguments.broker.is_none(),
                "peers of {} meet over UDP in the demo; leave --broker out",
                name.name()
            );
            super::block_on(chain::demonstrate(arguments, name))
        }
    }
}

/// Has the help show only what the network has that the command line names.
pub(crate) fn of_network(command: Command, named: &Named) -> Command {
    named.only(match named.chain_name() {
        None => command,
        Some(_) => {
            let except = OF_ALL.iter().chain(&["dialect"]).copied().collect::<Vec<_>>();
            let command = hide::<Network>(command, &except);
            let others = ["broker", "ca_file", "name"];
            others.iter().fold(command, |command, id| command.mut_arg(id, |it| it.hide(true)))
        }
    })
}

/// Tells the numbers of all peers together, as the last event of a demo.
fn summarize<'a>(
    feed: &Feed,
    network: &str,
    now: Moment,
    gauges: impl Iterator<Item = &'a Arc<Gauges>>,
) {
    let (received, refused) = gauges.fold((0, 0), |(received, refused), gauges| {
        (received + gauges.received(), refused + gauges.refused())
    });
    feed.source(Some(network.into()), None).publish(
        now,
        PeerEvent::Summary { rows: None, blocks: None, tip: None, received, refused, hashes: None },
    );
}

/// Waits until all is on record.
fn finish(recorder: Option<Printer>) -> anyhow::Result<()> {
    recorder.map_or(Ok(()), Printer::finish)
}

/// Returns whether a record tells of something that can be seen without a screen.
fn ends_step(record: &Record) -> bool {
    matches!(record.event, Event::Rounds(_) | Event::Chain(_) | Event::Assembly(_))
}

/// Returns whether a record is of the first peer that tells anything, or of the demo itself: for
/// people, what one peer sees is enough.
fn of_first_peer() -> impl FnMut(&Record) -> bool {
    let mut first = None;
    move |record| match &record.peer {
        None => true,
        Some(peer) => *first.get_or_insert_with(|| peer.clone()) == *peer,
    }
}

impl Arguments {
    /// Returns whether its user can break something.
    fn can_break(&self) -> bool {
        self.is_shown() || self.http.is_served()
    }

    /// Returns what lies between its peers.
    fn air(&self, pacing: Option<&'static Pacing>) -> Air {
        let air = pace::air(pacing);
        if self.record.is_some() || self.http.is_served() { air.followed() } else { air }
    }

    /// Serves the API, if that is asked for, and opens the page.
    async fn serve(
        &self,
        process: &Process,
        source: &Source,
        now: Moment,
    ) -> anyhow::Result<Served> {
        let served = self.http.serve(process, source, now).await?;
        if self.open {
            served.open(self.is_shown());
        }
        Ok(served)
    }

    /// Starts to write all that happens to a file, if that was asked for.
    fn recorder(&self, feed: &Feed) -> anyhow::Result<Option<Printer>> {
        self.record.as_deref().map(|file| Printer::record(file, feed)).transpose()
    }

    /// Returns whether there is a screen to show it on.
    fn is_shown(&self) -> bool {
        !self.json && output::is_live(&io::stdout())
    }

    /// Returns how long a round is meant to take; `None` for as long as it takes.
    fn pace(&self) -> Option<Duration> {
        let usual = if self.is_shown() { pace::USUAL } else { Duration::ZERO };
        Some(self.pace.unwrap_or(usual)).filter(|pace| !pace.is_zero())
    }
}

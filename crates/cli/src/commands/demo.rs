//! A whole network in one process.
//!
//! | file | question |
//! | --- | --- |
//! | `assembly` | how is an assembly run? |
//! | `chain` | how is a network with a chain run and shown? |
//! | `control` | what can others ask for, over HTTP? |
//! | `keys` | what do the keys do? |
//! | `outcome` | what is printed at the end of an assembly? |
//! | `pace` | how fast does it go? |
//! | `rounds` | how is a network with rounds run and shown? |
//! | `trouble` | what goes wrong by itself? |

mod assembly;
mod chain;
mod control;
mod keys;
mod outcome;
mod pace;
mod rounds;
mod trouble;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use althing_feed::{DemoEvent, Event, Feed, PeerEvent, Record, Source};
use althing_http::Process;
use althing_node::{Air, Gauges, Pacing};
use althing_text::Name;
use althing_types::Moment;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command};

use super::peer::{NAMELESS, hide, refuse};
use crate::connection::BrokerUrl;
use crate::http::{HttpOptions, Served};
use crate::network::{DialectName, Network};
use crate::offered::Named;
use crate::output::{self, Printer, demand};
use crate::parallelism::ParallelismOptions;

use self::trouble::Trouble;

/// Watch a whole network in one process: an assembly, unless --dialect names another.
///
/// The members of an assembly found it, meet over an embedded broker, and commit what their users
/// have to say, at its own pace. --crash and --byzantine have some of them die or lie. So do the
/// keys, in all networks. The peers of elect-chain and sd meet over an embedded broker as well;
/// those of ppd over RabbitMQ, at amqp://localhost or the address given with --broker; those of
/// cs60, aviary and open over UDP on this machine.
///
/// On a terminal it shows one live screen, until you press q. Networks with rounds or a chain go at
/// a pace there that people can follow: messages take a while, and each peer tries only so many
/// candidates a second, the same for all. The space bar pauses, a full stop goes on to the next
/// thing that happens, + and - change the speed. k kills the leader, r restarts it, f, p, l, d and
/// b break it in other ways, m mends everything, and ? shows all keys. Elsewhere it prints what the
/// first peer sees, one event per line, as fast as it can. At the end it prints the table.
///
/// The first line of the screen shows the address of a dashboard for a browser, which --open opens.
#[derive(Args)]
#[command(mut_arg("dialect", |argument| {
    argument.value_parser(clap::value_parser!(DialectName)).default_value("assembly")
}))]
#[command(mut_arg("peers", |argument| {
    argument
        .visible_alias("members")
        .value_name("N")
        .help("How many members the network has")
        .long_help(
            "How many members the network has. The default is 4 for an assembly, what the profile \
             says, and 10 otherwise",
        )
        .help_heading("Network")
}))]
#[command(mut_arg("rounds", |argument| {
    let help = "End when the table has this many rows, or this many blocks are there (of an \
                assembly: committed). By default, run until stopped";
    argument.help(help).help_heading("Network")
}))]
#[command(after_help = "Examples:\n  \
    althing demo\n  \
    althing demo --members 7 --crash leader@10s\n  \
    althing demo --byzantine 1 --rounds 50\n  \
    althing demo --dialect elect-chain --peers 5 --challenge 16..22 --pace 20s\n  \
    althing demo --dialect sd --variant published\n  \
    althing demo --dialect ppd --broker amqp://user:password@localhost\n  \
    althing demo --dialect aviary\n  \
    althing demo --open\n  \
    althing demo --http 127.0.0.1:8080 --json\n  \
    althing demo --rounds 100 --json | grep block_committed\n  \
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
    /// the second peer, and so on (assemblies; networks with rounds, default variant).
    #[arg(long, value_name = "NAME")]
    name: Vec<Name>,

    #[command(flatten)]
    parallelism: ParallelismOptions,

    #[command(flatten)]
    http: HttpOptions,

    #[command(flatten)]
    trouble: Trouble,

    // Last, since its headings in the help go on for all that follows.
    #[command(flatten)]
    network: Network,
}

/// The dialect of assemblies.
const ASSEMBLY: &str = "assembly";

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
        let refused = refuse::<Network>(given, ASSEMBLY, "with rounds", &["peers", "rounds"]);
        if let Err(error) = refused {
            let is_named = given.value_source("dialect") == Some(ValueSource::CommandLine);
            demand!(is_named, "{error}, or name such a network, as in --dialect elect-chain");
            return Err(error);
        }
        demand!(arguments.pace.is_none(), "an assembly goes at its own pace; leave --pace out");
        return super::block_on(assembly::demonstrate(arguments));
    }
    refuse_trouble(given, &arguments.network.name())?;
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

/// Complains about what goes wrong by itself in assemblies only.
fn refuse_trouble(given: &ArgMatches, name: &str) -> anyhow::Result<()> {
    let options = Trouble::augment_args(Command::new("options"));
    for option in options.get_arguments() {
        let is_given = given.value_source(option.get_id().as_str());
        demand!(
            is_given != Some(ValueSource::CommandLine),
            "--{} is an option of assemblies; with --dialect {name}, leave it out, and break peers \
             by the keys on a terminal, or over HTTP (POST /v1/demo/actions)",
            option.get_long().unwrap_or_default()
        );
    }
    Ok(())
}

/// Has the help show only what the network has that the command line names.
pub(crate) fn of_network(command: Command, named: &Named) -> Command {
    if named.is_assembly() {
        let command = hide::<Network>(command, &["dialect", "peers", "rounds"]);
        return named.only(command.mut_arg("pace", |it| it.hide(true)));
    }
    let command = hide::<Trouble>(command, &[]);
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
/// people, what one peer sees is enough. If that one is killed, another takes its place.
fn of_first_peer() -> impl FnMut(&Record) -> bool {
    let mut first = None;
    move |record| {
        if let Event::Demo(DemoEvent::PeerCrashed { crashed }) = &record.event {
            first = first.take().filter(|first| first != crashed);
        }
        match &record.peer {
            None => true,
            Some(peer) => *first.get_or_insert_with(|| peer.clone()) == *peer,
        }
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

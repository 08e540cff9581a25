//! How fast an assembly is, over each way to meet.
//!
//! | file | question |
//! | --- | --- |
//! | `load` | which entries are submitted? |
//! | `measures` | what is measured? |
//! | `network` | how do members run, and how do they die? |
//! | `seen` | what have the members told? |

mod load;
mod measures;
mod network;
mod seen;

use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use althing_ledger::charter::MEMBERS_MAX;
use althing_net::broker::EmbeddedBroker;
use clap::{Args, ValueEnum, value_parser};
use serde_json::{Map, Value, json};

use self::measures::{Amount, Figures, Measure};
use self::network::Way;
use super::figures;
use crate::commands;
use crate::connection::{Broker, BrokerUrl};
use crate::output::demand;

/// Measure how fast an assembly is, and what the loss of a member costs.
///
/// All members run in this process, each with files of its own on which all that must be is synced
/// before it is sent (in the directory for temporary files; TMPDIR names another one), and all that
/// they say is signed. They meet over memory, over a mesh of connections, over the embedded broker,
/// and over your own broker if you name one. Entries are notes of 100 characters, which have 226
/// bytes with author and signature, and are signed before the measurement begins. A member that is
/// killed stops without a goodbye, and its connection breaks.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing bench assembly\n  \
    althing bench assembly --measure leader --kills 100 --over embedded\n  \
    althing bench assembly --measure entries --broker mqtt://localhost --time 30s --json")]
pub(crate) struct Arguments {
    /// Measure only this; can be given several times.
    #[arg(long, value_enum, value_name = "NAME")]
    measure: Vec<Measure>,

    /// Measure over this only; can be given several times.
    #[arg(long, value_enum, value_name = "NAME")]
    over: Vec<Over>,

    /// Another broker to measure.
    #[arg(long, value_name = "URL")]
    broker: Option<BrokerUrl>,

    /// A PEM file with certificates to trust in addition to the system's, for that broker.
    #[arg(long, value_name = "FILE", requires = "broker")]
    ca_file: Option<PathBuf>,

    /// How many members there are.
    #[arg(long, value_name = "N", default_value_t = 4)]
    #[arg(value_parser = value_parser!(u16).range(1..=i64::try_from(MEMBERS_MAX).unwrap_or(1)))]
    members: u16,

    /// How long each is measured.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    #[arg(value_parser = humantime::parse_duration)]
    time: Duration,

    /// How many leaders are killed.
    #[arg(long, value_name = "N", default_value_t = 20)]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    kills: u32,

    /// How many entries a member misses that has to catch up.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    missed: u32,

    /// Write one line of JSON for each.
    #[arg(long)]
    json: bool,
}

/// A way to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Over {
    /// Memory.
    Memory,
    /// Connections between the members, over TCP on 127.0.0.1.
    Mesh,
    /// The broker in this process.
    Embedded,
    /// The broker that is named with --broker.
    Given,
}

impl Over {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Mesh => "mesh",
            Self::Embedded => "embedded broker",
            Self::Given => "given broker",
        }
    }
}

/// What was measured of one thing over one way.
struct Measured {
    measure: Measure,
    over: Over,
    figures: Figures,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    demand!(!arguments.time.is_zero(), "in no time nothing can be measured; see --time");
    let wants_given = arguments.over.contains(&Over::Given);
    demand!(!wants_given || arguments.broker.is_some(), "which broker? Name one with --broker");
    let is_used = arguments.over.is_empty() || wants_given;
    demand!(arguments.broker.is_none() || is_used, "--over leaves the broker of --broker out");
    commands::block_on(async {
        tokio::select! {
            outcome = bench_assembly(arguments) => outcome,
            () = crate::signals::stop_asked() => anyhow::bail!("stopped before all was measured"),
        }
    })
}

async fn bench_assembly(arguments: &Arguments) -> anyhow::Result<()> {
    let is_wanted = |over: Over| match (over, arguments.over.is_empty()) {
        (Over::Given, true) => arguments.broker.is_some(),
        (_, true) => true,
        (over, false) => arguments.over.contains(&over),
    };
    let measures = match arguments.measure.as_slice() {
        [] => Measure::value_variants(),
        chosen => chosen,
    };
    let amount = Amount {
        members: arguments.members.into(),
        time: arguments.time,
        kills: usize::try_from(arguments.kills)?,
        missed: arguments.missed.into(),
    };
    let mut results = Vec::new();
    for over in Over::value_variants().iter().copied().filter(|over| is_wanted(*over)) {
        let mut embedded = None;
        let way = match over {
            Over::Memory => Way::Memory,
            Over::Mesh => Way::Mesh,
            Over::Embedded => {
                let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let broker = embedded.insert(EmbeddedBroker::start(anywhere).await?);
                Way::Broker(Broker::at(BrokerUrl::Mqtt(broker.url())))
            }
            Over::Given => {
                let Some(url) = arguments.broker.clone() else { continue };
                Way::Broker(Broker::at(url).trusting(arguments.ca_file.as_deref()))
            }
        };
        for measure in measures.iter().copied() {
            let tell =
                |what: &str| tell(&format!("{} over {}: {what}", measure.name(), over.name()));
            tell("starting members");
            let figures = measure.run(&way, amount, &tell).await?;
            let measured = Measured { measure, over, figures };
            if arguments.json {
                print_json(&measured, amount)?;
            }
            results.push(measured);
        }
        if let Some(embedded) = embedded {
            embedded.shutdown().await;
        }
    }
    if arguments.json { Ok(()) } else { print_table(&results) }
}

/// Shows a person how far it is.
fn tell(what: &str) {
    if io::stderr().is_terminal() {
        // A terminal that is gone is no reason to stop.
        let _ = writeln!(io::stderr(), "{what}");
    }
}

/// Returns the processor time that this process has taken, where the system tells it.
fn processor_time() -> Option<Duration> {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        let time = clock_gettime(ClockId::ProcessCPUTime);
        let (seconds, nanoseconds) = (u64::try_from(time.tv_sec).ok()?, time.tv_nsec);
        Some(Duration::new(seconds, u32::try_from(nanoseconds).ok()?))
    }
    #[cfg(not(unix))]
    None
}

fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

fn print_json(measured: &Measured, amount: Amount) -> anyhow::Result<()> {
    let about = [
        ("measure".to_owned(), json!(measured.measure.name())),
        ("over".to_owned(), json!(measured.over.name())),
        ("members".to_owned(), json!(amount.members)),
    ];
    let figures = measured.figures.iter();
    let figures = figures.map(|(name, value)| ((*name).to_owned(), json!(rounded(*value))));
    let line: Map<String, Value> = about.into_iter().chain(figures).collect();
    writeln!(io::stdout(), "{}", Value::Object(line))?;
    Ok(())
}

fn print_table(results: &[Measured]) -> anyhow::Result<()> {
    let mut table = figures::table(&["over", "measure", "figure", "value"]);
    for Measured { measure, over, figures } in results {
        for (name, value) in figures {
            let value = if *value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") };
            let (over, name) = (over.name().to_owned(), name.replace('_', " "));
            table.add_row([over, measure.name(), name, value]);
        }
    }
    Ok(figures::print(table)?)
}

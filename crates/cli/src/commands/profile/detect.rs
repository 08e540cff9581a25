//! What a room's traffic says of its programs.
//!
//! | file | question |
//! | --- | --- |
//! | `room` | what is said in a room, and to one who joins it? |
//! | `tracked` | what do the programs on a tracker's list answer? |
//! | `udp` | what do programs at some addresses answer over UDP? |

mod room;
mod tracked;
mod udp;

use std::io::{self, Write};
use std::time::Duration;

use althing_dialect::detect::{Detected, Difference, Sample};
use althing_types::Address;
use anyhow::bail;
use clap::parser::ValueSource;
use clap::{ArgGroup, ArgMatches, Args};
use serde_json::json;

use crate::chain_network::parse_address;
use crate::commands::block_on;
use crate::connection::{Broker, BrokerUrl, FORM};
use crate::network::parse_topic;
use crate::output::{demand, note, warn};

/// Listen to a room, or ask programs over UDP, and say which profile they follow.
///
/// It takes no seat, and says nothing to a room, unless --join has it take the one that a room
/// waits for. A broker of AMQP is asked how the exchanges are declared, which refuses some of the
/// questions and writes that to its log. Over UDP nothing can be overheard, so the programs of
/// aviary at --contact are asked, and those of cs60 on the list of --tracker, one after the other
/// until one has answered; they are told of an address that is gone afterwards.
///
/// What it prints is a profile: the nearest built-in one, with what differs. What no message showed
/// is listed on standard error.
#[derive(Args)]
#[command(after_help = "Example:\n  \
    althing profile detect --broker mqtt://localhost --seconds 30 > theirs.toml\n  \
    althing profile detect --contact localhost:8999 --seconds 10 > theirs.toml\n  \
    althing profile detect --tracker localhost:60825 --seconds 10 > theirs.toml")]
#[command(group(ArgGroup::new("place").required(true).multiple(true)))]
pub(crate) struct Arguments {
    /// The broker.
    #[arg(help = format!("The broker, as {FORM}"))]
    #[arg(long, value_name = "URL", env = "ALTHING_BROKER", hide_env_values = true)]
    #[arg(group = "place")]
    broker: Option<BrokerUrl>,

    /// A program of aviary to ask, over UDP; may be given several times.
    #[arg(group = "place")]
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = ["room", "join", "prefix", "rows"])]
    contact: Vec<String>,

    /// The tracker of programs of cs60, to join its list and ask those on it.
    #[arg(long, value_name = "HOST:PORT", value_parser = parse_address, group = "place")]
    #[arg(conflicts_with_all = ["contact", "room", "join", "prefix", "rows"])]
    tracker: Option<Address>,

    /// Listen only to topics that begin with this name and a slash. The profile has it in its
    /// prefix, and is used without --room.
    #[arg(long, value_name = "NAME")]
    room: Option<String>,

    /// Over AMQP, listen also to exchanges that begin with this text, and end as those of programs
    /// do: there is no way to ask for all.
    #[arg(long, value_name = "TEXT", value_parser = parse_topic)]
    prefix: Option<String>,

    /// How long to listen.
    #[arg(long, value_name = "N", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,

    /// Stop sooner, when so many solutions were accepted.
    #[arg(long, value_name = "N")]
    rows: Option<usize>,

    /// When some programs are there and no more come, join them as one of them, and listen for as
    /// long again: for a room that waits for its last member.
    ///
    /// It says what the others say with an id of its own, and draws the least, so that it does not
    /// lead; among programs that sign, it is a peer of the nearest built-in profile, and solves
    /// nothing. Who joins must stay: when it ends, so does the session.
    #[arg(long)]
    join: bool,

    /// Write the result as one object of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: Arguments, given: &ArgMatches) -> anyhow::Result<()> {
    // The environment may name a broker for other commands.
    let has_broker = given.value_source("broker") == Some(ValueSource::CommandLine);
    demand!(
        !has_broker || (arguments.contact.is_empty() && arguments.tracker.is_none()),
        "programs are heard at a broker or asked over UDP; leave --broker out, or --contact and \
         --tracker"
    );
    block_on(detect(arguments))
}

async fn detect(arguments: Arguments) -> anyhow::Result<()> {
    let time = Duration::from_secs(arguments.seconds);
    // A broker may be named by the environment, too.
    let (detected, samples) = match (&arguments.tracker, &arguments.broker) {
        (Some(tracker), _) => (tracked::detect(tracker, time).await?, Vec::new()),
        (None, Some(broker)) if arguments.contact.is_empty() => {
            room::detect(&arguments, Broker::at(broker.clone()), time).await?
        }
        (None, _) => (udp::detect(&arguments.contact, time).await?, Vec::new()),
    };
    let Some(detected) = detected else {
        list(&samples);
        let seconds = arguments.seconds;
        match samples.len() {
            0 => bail!(
                "no program was heard within {seconds} s; let it run while they start, or for \
                 longer with --seconds"
            ),
            topics => bail!(
                "messages on {topics} topics were heard within {seconds} s, and could not be told; \
                 write their profile by hand, with what docs/interop.md says of its keys"
            ),
        }
    };
    match arguments.json {
        true => print_json(&detected)?,
        false => print(&detected)?,
    }
    if arguments.room.is_some() {
        note("its prefix has the room in it, so it is used without --room");
    }
    if detected.lacks.is_empty() {
        return Ok(());
    }
    list(&detected.unassigned);
    bail!(
        "this is no profile of the programs: {}; write the keys of what is missing by hand",
        detected.lacks.join("; ")
    )
}

/// Lists what could not be told.
fn list(samples: &[Sample]) {
    for Sample { topic, payload, reason } in samples {
        warn(&format!("not told: {} {payload} ({reason})", topic.escape_debug()));
    }
}

fn print(detected: &Detected) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let Detected { nearest, differences, unknown, peers, messages, .. } = detected;
    let how_near = match differences.len() {
        0 => "as".to_owned(),
        1 => "but for one value as".to_owned(),
        many => format!("but for {many} values as"),
    };
    writeln!(out, "# {peers} peers and {messages} messages were heard.")?;
    writeln!(out, "# They speak {how_near} the built-in profile {nearest}.")?;
    out.write_all(detected.to_toml().as_bytes())?;
    out.flush()?;
    for sentence in unknown {
        warn(&format!("not seen: {sentence}"));
    }
    Ok(())
}

fn print_json(detected: &Detected) -> anyhow::Result<()> {
    let Detected { nearest, differences, seen, unknown, peers, messages, unassigned, lacks } =
        detected;
    let value = json!({
        "profile": detected.to_toml(),
        "nearest": nearest,
        "differences": differences.iter().map(difference).collect::<Vec<_>>(),
        "seen": seen,
        "unknown": unknown,
        "peers": peers,
        "messages": messages,
        "unassigned": unassigned.iter().map(sample).collect::<Vec<_>>(),
        "lacks": lacks,
    });
    Ok(writeln!(io::stdout().lock(), "{value}")?)
}

fn sample(Sample { topic, payload, reason }: &Sample) -> serde_json::Value {
    json!({ "topic": topic, "payload": payload, "reason": reason })
}

fn difference(Difference { key, nearest, seen }: &Difference) -> serde_json::Value {
    json!({ "key": key, "nearest": nearest, "seen": seen })
}

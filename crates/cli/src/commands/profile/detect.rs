//! What a room's traffic says of its programs.
//!
//! | file | question |
//! | --- | --- |
//! | `udp` | what do programs over UDP answer? |

mod udp;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::RoundsDialect;
use althing_dialect::detect::{Detected, Detector, Difference, Sample};
use althing_dialect::profile::{NetworkKind, SignatureName, Transport, built_in, read};
use althing_dialect::program::{self, Program};
use althing_feed::Feed;
use althing_net::{Arrival, Link, amqp, mqtt};
use althing_node::Clock;
use althing_types::Channel;
use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::commands::{block_on, stop_asked};
use crate::connection::{Broker, BrokerUrl, FORM, PATIENCE};
use crate::network::parse_topic;
use crate::output::{note, warn};
use crate::parallelism::ParallelismOptions;
use crate::swarm::{Making, Meeting};

/// Listen to a room, or ask programs over UDP, and say which profile they follow.
///
/// It takes no seat, and says nothing to a room, unless --join has it take the one that a room
/// waits for. Over UDP nothing can be overheard, so the programs of aviary at --contact are asked,
/// and are told of an address that is gone afterwards.
///
/// What it prints is a profile: the nearest built-in one, with what differs. What no message showed
/// is listed on standard error.
#[derive(Args)]
#[command(after_help = "Example:\n  \
    althing profile detect --broker mqtt://localhost --seconds 30 > theirs.toml\n  \
    althing profile detect --contact localhost:8999 --seconds 10 > theirs.toml")]
pub(crate) struct Arguments {
    /// The broker.
    #[arg(help = format!("The broker, as {FORM}"))]
    #[arg(long, value_name = "URL", env = "ALTHING_BROKER", hide_env_values = true)]
    #[arg(required_unless_present = "contact")]
    broker: Option<BrokerUrl>,

    /// A program of aviary to ask, over UDP; may be given several times.
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = ["room", "join", "prefix", "rows"])]
    contact: Vec<String>,

    /// Listen only to topics that begin with this name and a slash.
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
    /// lead; among programs that sign, it is a peer of the nearest built-in profile. Who joins must
    /// stay: when it ends, so does the session.
    #[arg(long)]
    join: bool,

    /// Write the result as one object of JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    parallelism: ParallelismOptions,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<()> {
    block_on(detect(arguments))
}

async fn detect(arguments: Arguments) -> anyhow::Result<()> {
    let time = Duration::from_secs(arguments.seconds);
    let (detected, samples) = match &arguments.broker {
        Some(broker) if arguments.contact.is_empty() => {
            in_room(&arguments, Broker::at(broker.clone()), time).await?
        }
        _ => {
            let detected = udp::detect(&arguments.contact, time).await?;
            (detected, Vec::new())
        }
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

/// Listens to a room. Returns what its traffic says, and a message of each topic.
async fn in_room(
    arguments: &Arguments,
    broker: Broker,
    time: Duration,
) -> anyhow::Result<(Option<Detected>, Vec<Sample>)> {
    let (mut link, transport) = listen(&broker, arguments).await?;
    note(&format!("listening for {} s", arguments.seconds));
    let mut detector = Detector::default();
    let enough = |detector: &Detector| arguments.rows.is_some_and(|rows| detector.rows() >= rows);
    match arguments.join {
        true => hear_who_is_there(&mut link, &mut detector, time).await?,
        false => hear(&mut link, &mut detector, time, enough).await?,
    }
    let mut detected = detector.detect(transport);
    let found = detected.as_ref().filter(|_| arguments.join);
    if let Some(found) = found.filter(|found| !signs(found)) {
        let (topic, payload) = detector
            // An id is only to differ from those of others.
            .join(std::process::id().into())
            .with_context(|| format!("nothing was said to the {} programs", found.peers))?;
        link.publisher().publish(topic, payload);
        hear(&mut link, &mut detector, time, enough).await?;
        detected = detector.detect(transport);
    } else if let Some(found) = found {
        let dialect = joined(found)?;
        let feed = Feed::default();
        let making = Making {
            dialect: &dialect,
            meeting: &Meeting::Broker(broker),
            parallelism: arguments.parallelism.of_each(1),
            clock: Clock::start(),
            feed: &feed,
            names: &[],
            disk: None,
            process: None,
            air: None,
        };
        let running = making.start(1).await?;
        hear(&mut link, &mut detector, time, enough).await?;
        running.swarm.stop();
        detected = detector.detect(transport);
    }
    link.close(PATIENCE).await.ok();
    Ok((detected, detector.samples()))
}

/// Subscribes to all that may be said in a room, without saying anything.
async fn listen(broker: &Broker, arguments: &Arguments) -> anyhow::Result<(Link, Transport)> {
    let Arguments { room, prefix, .. } = arguments;
    // An empty name is that of no room.
    let room = room.as_deref().filter(|room| !room.is_empty());
    let before = room.map(|room| format!("{room}/")).unwrap_or_default();
    Ok(match broker {
        Broker::Mqtt(options) => {
            let mut options = options.as_ref().clone().with_topics([format!("{before}#")]);
            options.hears_retained = true;
            let link = mqtt::connect_patiently(options, Some(PATIENCE), |_| {}).await?;
            (link, Transport::Mqtt)
        }
        Broker::Amqp(options) => {
            let mut options = options.as_ref().clone();
            let rounds = built_in::all().iter().filter(|it| it.network == NetworkKind::Rounds);
            let topics = rounds.flat_map(|it| Program::built_in(&it.name).topics());
            let mut exchanges: Vec<String> =
                topics.filter(|it| !it.contains('+')).map(|it| format!("{before}{it}")).collect();
            let prefixes = prefix.iter().map(String::as_str).chain([PPD]);
            exchanges.extend(
                prefixes.flat_map(|prefix| NAMES.map(|name| format!("{before}{prefix}{name}"))),
            );
            exchanges.sort_unstable();
            exchanges.dedup();
            options.overheard = exchanges.into_iter().map(Into::into).collect();
            let link = amqp::connect_patiently(options, Some(PATIENCE), |_| {}).await?;
            (link, Transport::Amqp)
        }
    })
}

/// What stands before the exchanges of the page with AMQP.
const PPD: &str = "ppd/";

/// The names that programs give to exchanges, after their prefix.
const NAMES: [&str; 12] = [
    "init",
    "pubkey",
    "pub_key",
    "voting",
    "vote",
    "election",
    "ElectionMsg",
    "coordinator",
    "challenge",
    "solution",
    "result",
    "ballot",
];

/// Returns whether the programs are of a kind that signs: a guest without a key could not join.
fn signs(found: &Detected) -> bool {
    let announced_otherwise =
        |it: &Difference| matches!(it.key.as_str(), "topics.init" | "fields.init");
    let nearest = built_in::find(&found.nearest);
    nearest.is_some_and(|profile| profile.sign.alg != SignatureName::None)
        && !found.differences.iter().any(announced_otherwise)
}

/// When no more come for so long, all who are there have said so: programs repeat themselves
/// sooner.
const QUIET: Duration = Duration::from_secs(2);

/// Hears until some have said that they are there, and then no others for a while.
async fn hear_who_is_there(
    link: &mut Link,
    detector: &mut Detector,
    time: Duration,
) -> anyhow::Result<()> {
    let end = Instant::now() + time;
    let mut peers = 0;
    while Instant::now() < end {
        let left = end - Instant::now();
        let wait = if peers == 0 { left } else { left.min(QUIET) };
        hear(link, detector, wait, |detector| detector.peers() > peers).await?;
        if detector.peers() == peers {
            return Ok(());
        }
        peers = detector.peers();
    }
    Ok(())
}

/// How often it is looked whether enough was heard: a look takes as long as there are messages.
const LOOK: Duration = Duration::from_millis(200);

/// Hears what is said for so long, or until it is enough, or the user says so. Says what a guest
/// has to say.
async fn hear(
    link: &mut Link,
    detector: &mut Detector,
    time: Duration,
    is_enough: impl Fn(&Detector) -> bool,
) -> anyhow::Result<()> {
    let end = Instant::now() + time;
    let mut knew_none = detector.peers() == 0;
    while Instant::now() < end && !is_enough(detector) {
        let look = end.min(Instant::now() + LOOK);
        while Instant::now() < look {
            let arrival = tokio::select! {
                arrival = timeout_at(look, link.next()) => arrival,
                () = stop_asked() => return Ok(()),
            };
            match arrival {
                Err(_) => break,
                Ok(Some(Arrival::Received { from: Channel::Topic(topic), payload })) => {
                    if let Some((topic, payload)) = detector.hear(&topic, &payload) {
                        link.publisher().publish(topic, payload);
                    }
                }
                Ok(Some(Arrival::Down { reason })) => warn(&reason),
                Ok(Some(_)) => {}
                Ok(None) => bail!("the connection has ended"),
            }
        }
        if knew_none && detector.peers() > 0 {
            knew_none = false;
            note("the first program was heard");
        }
    }
    Ok(())
}

/// Returns the dialect of the programs that were heard.
fn joined(found: &Detected) -> anyhow::Result<Arc<dyn RoundsDialect>> {
    let profile = read("the detected profile", &found.to_toml(), &built_in::base);
    let mut profile = profile.context("what was heard is too little to join")?;
    // They wait for one more.
    profile.join.n = u16::try_from(found.peers + 1).unwrap_or(u16::MAX);
    // The prefix that was heard has the room in it.
    Ok(Arc::new(Program::new(program::Config::new(profile))))
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

//! What others ask a running network for, and how much that slows its rounds.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use althing_api::Client;
use althing_feed::{Event, RoundsEvent};
use anyhow::{Context, ensure};
use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HOST;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::figures::{self, percentile};
use crate::commands;

/// Measure requests per second of a running network's API, and what they cost its rounds.
///
/// The network runs in another process, and goes on: the rounds of one of its peers are counted
/// while nothing is asked, while its status is asked for at the given rate, and while so many
/// readers follow its events, one of whom never reads. Let each of the two processes have a core of
/// its own.
#[derive(Args)]
#[command(after_help = "Example:\n  \
    taskset -c 0 althing demo --rounds 100000 --pace 200ms --http 127.0.0.1:8080 --json > log &\n  \
    taskset -c 1 althing bench http --api http://127.0.0.1:8080")]
pub(crate) struct Arguments {
    /// The address of the API.
    #[arg(long, value_name = "URL")]
    api: String,

    /// How long each is measured.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration,
        default_value = "10s")]
    time: Duration,

    /// How many times a second the status is asked for.
    #[arg(long, value_name = "N", default_value_t = 5000,
        value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,

    /// Over how many connections.
    #[arg(long, value_name = "N", default_value_t = 8,
        value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,

    /// How many want to read the events at the same time.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    readers: u32,

    /// Write one line of JSON for each.
    #[arg(long)]
    json: bool,
}

/// Time after which a reader that has no answer is counted as turned away.
const LET_IN: Duration = Duration::from_secs(2);

/// What was measured while something was asked for.
#[derive(Default)]
struct Measured {
    rounds_per_second: f64,
    /// Answers in a second.
    answers_per_second: f64,
    /// Times from a request to its answer, in order.
    times: Vec<Duration>,
    /// Readers that were let in, and those that were turned away.
    readers: [u32; 2],
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    commands::block_on(async {
        tokio::select! {
            outcome = measure(arguments) => outcome,
            () = crate::signals::stop_asked() => anyhow::bail!("stopped before all was measured"),
        }
    })
}

async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let client = Client::at_url(&arguments.api, None, None)?;
    let uri: Uri = arguments.api.parse()?;
    ensure!(uri.scheme_str() == Some("http"), "only an address without TLS can be measured");
    let place = uri.authority().context("the URL names no host")?.to_string();
    let rounds = Rounds::follow(&client).await?;
    let results = [
        ("nothing", quiet(arguments, &rounds).await),
        ("status", status(arguments, &place, &rounds).await?),
        ("events", events(arguments, &place, &rounds).await?),
    ];
    if arguments.json { print_json(&results) } else { print_table(&results) }
}

/// Counts the rounds of one peer.
struct Rounds {
    decided: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Rounds {
    async fn follow(client: &Client) -> anyhow::Result<Self> {
        let status = client.status().await?;
        let mut events = client.events(None).await?;
        let decided = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&decided);
        let task = tokio::spawn(async move {
            while let Ok(Some(record)) = events.next().await {
                let is_row =
                    matches!(record.event, Event::Rounds(RoundsEvent::RoundDecided { .. }));
                if is_row && record.peer.as_ref() == Some(&status.peer) {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Ok(Self { decided, task })
    }

    /// Returns how many there are in a second, over this time.
    async fn per_second(&self, time: Duration) -> f64 {
        let (begin, before) = (Instant::now(), self.decided.load(Ordering::Relaxed));
        sleep(time).await;
        let decided = self.decided.load(Ordering::Relaxed) - before;
        #[expect(clippy::cast_precision_loss, reason = "rounds are few")]
        let decided = decided as f64;
        decided / begin.elapsed().as_secs_f64()
    }
}

impl Drop for Rounds {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn quiet(arguments: &Arguments, rounds: &Rounds) -> Measured {
    let rounds_per_second = rounds.per_second(arguments.time).await;
    Measured { rounds_per_second, ..Measured::default() }
}

/// A connection that is kept for many requests.
async fn connect(place: &str) -> anyhow::Result<SendRequest<Empty<Bytes>>> {
    let stream = TcpStream::connect(place).await.context("connecting to the API")?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn ask(
    sender: &mut SendRequest<Empty<Bytes>>,
    place: &str,
    path: &str,
) -> anyhow::Result<Response<Incoming>> {
    let request = Request::get(path).header(HOST, place).body(Empty::new())?;
    sender.ready().await?;
    Ok(sender.send_request(request).await?)
}

async fn status(arguments: &Arguments, place: &str, rounds: &Rounds) -> anyhow::Result<Measured> {
    let every = Duration::from_secs(1) * arguments.connections / arguments.rate;
    let end = Instant::now() + arguments.time;
    let mut askers = JoinSet::new();
    for _ in 0..arguments.connections {
        let (place, mut sender) = (place.to_owned(), connect(place).await?);
        askers.spawn(async move {
            let mut times = Vec::new();
            let mut due = interval(every);
            due.set_missed_tick_behavior(MissedTickBehavior::Burst);
            while Instant::now() < end {
                due.tick().await;
                let begin = Instant::now();
                let answer = ask(&mut sender, &place, "/v1/status").await?;
                ensure!(answer.status().is_success(), "it answers {}", answer.status());
                answer.into_body().collect().await?;
                times.push(begin.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let rounds_per_second = rounds.per_second(arguments.time).await;
    let mut times = Vec::new();
    while let Some(told) = askers.join_next().await {
        times.append(&mut told??);
    }
    times.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "requests are few enough")]
    let answers_per_second = times.len() as f64 / arguments.time.as_secs_f64();
    Ok(Measured { rounds_per_second, answers_per_second, times, ..Measured::default() })
}

async fn events(arguments: &Arguments, place: &str, rounds: &Rounds) -> anyhow::Result<Measured> {
    let mut readers = JoinSet::new();
    let (mut counts, mut never_read) = ([0, 0], Vec::new());
    for number in 0..arguments.readers {
        // Who is turned away may find the connection closed before it has asked.
        let asked = async {
            let mut sender = connect(place).await?;
            let answer = ask(&mut sender, place, "/v1/events").await?;
            anyhow::Ok((sender, answer))
        };
        let (sender, answer) = match timeout(LET_IN, asked).await {
            Ok(Ok((sender, answer))) if answer.status().is_success() => (sender, answer),
            _ => {
                counts[1] += 1;
                continue;
            }
        };
        counts[0] += 1;
        if number == 0 {
            never_read.push((sender, answer));
            continue;
        }
        readers.spawn(async move {
            let (_sender, mut body) = (sender, answer.into_body());
            while let Some(Ok(_)) = body.frame().await {}
        });
    }
    let rounds_per_second = rounds.per_second(arguments.time).await;
    drop(never_read);
    Ok(Measured { rounds_per_second, readers: counts, ..Measured::default() })
}

fn print_json(results: &[(&str, Measured)]) -> anyhow::Result<()> {
    for (asked, measured) in results {
        let line = json!({
            "asked": asked,
            "rounds_per_second": (measured.rounds_per_second * 10.0).round() / 10.0,
            "answers_per_second": measured.answers_per_second.round(),
            "p50_ms": percentile(&measured.times, 50),
            "p99_ms": percentile(&measured.times, 99),
            "readers": measured.readers[0],
            "refused": measured.readers[1],
        });
        writeln!(io::stdout(), "{line}")?;
    }
    Ok(())
}

fn print_table(results: &[(&str, Measured)]) -> anyhow::Result<()> {
    let header = [
        "asked for",
        "rounds/s",
        "of quiet",
        "answers/s",
        "p50 ms",
        "p99 ms",
        "readers",
        "refused",
    ];
    let mut table = figures::table(&header);
    let quiet = results.first().map_or(0.0, |(_, measured)| measured.rounds_per_second);
    for (asked, measured) in results {
        let share = 100.0 * measured.rounds_per_second / quiet.max(f64::MIN_POSITIVE);
        table.add_row([
            (*asked).to_owned(),
            format!("{:.1}", measured.rounds_per_second),
            format!("{share:.0} %"),
            format!("{:.0}", measured.answers_per_second),
            format!("{:.2}", percentile(&measured.times, 50)),
            format!("{:.2}", percentile(&measured.times, 99)),
            measured.readers[0].to_string(),
            measured.readers[1].to_string(),
        ]);
    }
    Ok(figures::print(table)?)
}

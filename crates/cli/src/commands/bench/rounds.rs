//! How fast rounds are, over each way to meet.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use althing_engine::rounds::Issuing;
use althing_feed::{Event, Feed, Lagged, PeerEvent, PeerName, Record, RoundsEvent, Subscription};
use althing_net::broker::EmbeddedBroker;
use althing_net::memory::Bus;
use althing_node::Clock;
use althing_types::{Moment, Transaction};
use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::figures::{self, milliseconds, percentile};
use crate::commands;
use crate::connection::{Broker, BrokerUrl};
use crate::network::Network;
use crate::parallelism::ParallelismOptions;
use crate::swarm::{Making, Meeting, Running};

/// Measure rounds per second, and the time from challenge to solution and to record.
///
/// All peers run in this process: over memory, over the embedded broker, and over your own broker
/// if you name one. Times are from the leader's challenge to the first solution that a peer
/// publishes, and to the last peer's record. There is no solution cache. Without --rounds, 500
/// rounds are measured.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing bench rounds --challenge 1 --rounds 1000 --broker mqtt://localhost\n  \
    althing bench rounds --dialect sd --challenge 1\n  \
    althing bench rounds --dialect ppd --challenge 1 --broker amqp://localhost")]
pub(crate) struct Arguments {
    /// Another broker to measure.
    #[arg(long, value_name = "URL")]
    broker: Option<BrokerUrl>,

    /// A PEM file with certificates to trust in addition to the system's, for that broker.
    #[arg(long, value_name = "FILE", requires = "broker")]
    ca_file: Option<PathBuf>,

    /// Write one line of JSON for each.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    parallelism: ParallelismOptions,

    // Last, since its headings in the help go on for all that follows.
    #[command(flatten)]
    network: Network,
}

/// Rounds that are measured unless the user says otherwise.
const ROUNDS: u64 = 500;

pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    commands::block_on(bench_rounds(arguments))
}

async fn bench_rounds(mut arguments: Arguments) -> anyhow::Result<()> {
    arguments.network.rounds.get_or_insert(ROUNDS);
    let mut results = vec![("memory", measure(&arguments, &Meeting::Memory(Bus::new())).await?)];
    let embedded = EmbeddedBroker::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let meeting = Meeting::Broker(Broker::at(BrokerUrl::Mqtt(embedded.url())));
    results.push(("embedded broker", measure(&arguments, &meeting).await?));
    embedded.shutdown().await;
    if let Some(url) = &arguments.broker {
        let broker = Broker::at(url.clone()).trusting(arguments.ca_file.as_deref());
        let meeting = Meeting::Broker(broker);
        results.push(("given broker", measure(&arguments, &meeting).await?));
    }
    if arguments.json { print_json(&results) } else { print_table(&results) }
}

/// What one run came to.
struct Measured {
    rounds: usize,
    per_second: f64,
    /// Challenge to solution, in order.
    solved: Vec<Duration>,
    /// Challenge to record, in order.
    recorded: Vec<Duration>,
    /// From the start of the last peer to the last one that knew its first leader.
    leader: Duration,
}

async fn measure(arguments: &Arguments, meeting: &Meeting) -> anyhow::Result<Measured> {
    let dialect = arguments.network.dialect(Some(Duration::ZERO), Some(Issuing::AtOnce))?.into();
    let peers = usize::from(arguments.network.members().get());
    let parallelism = arguments.parallelism.of_each(peers);
    let (clock, feed) = (Clock::start(), Feed::default());
    let records = feed.subscribe();
    let collected = std::thread::spawn(move || Times::collect(records));
    let making = Making {
        dialect: &dialect,
        meeting,
        parallelism,
        clock,
        feed: &feed,
        names: &[],
        disk: None,
        air: None,
        process: None,
    };
    let Running { mut swarm, .. } = making.start(peers).await?;
    tokio::select! {
        outcome = swarm.left() => outcome?,
        () = crate::signals::stop_asked() => anyhow::bail!("stopped before the rounds were over"),
    }
    feed.close();
    let times = collected.join().expect("collecting does not panic")?;
    times.measured().context("too few rounds were recorded to measure anything")
}

/// When things happened, over all peers.
#[derive(Default)]
struct Times {
    challenged: BTreeMap<Transaction, Moment>,
    solved: BTreeMap<Transaction, Moment>,
    recorded: BTreeMap<Transaction, Moment>,
    started: Moment,
    /// When each peer first knew a leader.
    led: BTreeMap<Option<PeerName>, Moment>,
}

impl Times {
    fn collect(mut records: Subscription) -> Result<Self, Lagged> {
        let mut times = Self::default();
        while let Some(record) = records.next_blocking() {
            times.note(&*record?);
        }
        Ok(times)
    }

    fn note(&mut self, record: &Record) {
        let at = record.at;
        let first = |times: &mut BTreeMap<_, Moment>, row| {
            let first = times.entry(row).or_insert(at);
            *first = at.min(*first);
        };
        match &record.event {
            Event::Peer(PeerEvent::Started { .. }) => self.started = at.max(self.started),
            Event::Rounds(RoundsEvent::LeaderElected { .. }) => {
                self.led.entry(record.peer.clone()).or_insert(at);
            }
            Event::Rounds(RoundsEvent::ChallengeIssued { transaction, .. }) => {
                first(&mut self.challenged, *transaction);
            }
            Event::Rounds(RoundsEvent::SolutionFound { transaction, .. }) => {
                first(&mut self.solved, *transaction);
            }
            Event::Rounds(RoundsEvent::RoundDecided { row, .. }) => {
                let last = self.recorded.entry(row.transaction).or_insert(at);
                *last = at.max(*last);
            }
            _ => {}
        }
    }

    fn measured(&self) -> Option<Measured> {
        let (_, begin) = self.challenged.first_key_value()?;
        let (_, end) = self.recorded.last_key_value()?;
        let [solved, recorded] = [&self.solved, &self.recorded].map(|ends| self.times_to(ends));
        #[expect(clippy::cast_precision_loss, reason = "rounds are few")]
        let per_second = recorded.len() as f64 / (*end - *begin).as_secs_f64();
        let leader = *self.led.values().max()? - self.started;
        Some(Measured { rounds: recorded.len(), per_second, solved, recorded, leader })
    }

    /// Returns the times from the challenges to something that came of them, in order.
    fn times_to(&self, ends: &BTreeMap<Transaction, Moment>) -> Vec<Duration> {
        let times = ends.iter().filter_map(|(row, at)| Some(*at - *self.challenged.get(row)?));
        let mut times: Vec<Duration> = times.collect();
        times.sort_unstable();
        times
    }
}

fn print_json(results: &[(&str, Measured)]) -> anyhow::Result<()> {
    for (over, measured) in results {
        let line = json!({
            "over": over,
            "rounds": measured.rounds,
            "rounds_per_second": (measured.per_second * 10.0).round() / 10.0,
            "solved_p50_ms": percentile(&measured.solved, 50),
            "solved_p99_ms": percentile(&measured.solved, 99),
            "p50_ms": percentile(&measured.recorded, 50),
            "p99_ms": percentile(&measured.recorded, 99),
            "leader_ms": milliseconds(measured.leader),
        });
        writeln!(io::stdout(), "{line}")?;
    }
    Ok(())
}

fn print_table(results: &[(&str, Measured)]) -> anyhow::Result<()> {
    let mut table = figures::table(&[
        "over",
        "rounds",
        "rounds/s",
        "solved p50",
        "p99 ms",
        "recorded p50",
        "p99 ms",
        "leader ms",
    ]);
    for (over, measured) in results {
        table.add_row([
            (*over).to_owned(),
            measured.rounds.to_string(),
            format!("{:.0}", measured.per_second),
            format!("{:.2}", percentile(&measured.solved, 50)),
            format!("{:.2}", percentile(&measured.solved, 99)),
            format!("{:.2}", percentile(&measured.recorded, 50)),
            format!("{:.2}", percentile(&measured.recorded, 99)),
            format!("{:.1}", milliseconds(measured.leader)),
        ]);
    }
    Ok(figures::print(table)?)
}

#[cfg(test)]
mod tests {
    use althing_feed::{Id, Row};
    use althing_types::{Difficulty, Seed, Term};

    use super::*;

    #[test]
    fn the_time_to_a_leader_ends_with_the_first_election_of_each_peer() {
        let feed = Feed::default();
        let records = feed.subscribe();
        let sources = [1, 2].map(|peer| feed.source(None, Some(PeerName::Id(Id(peer)))));
        let at = |ms| Moment::from_start(Duration::from_millis(ms));
        let (transaction, challenge, leader) = (Transaction::new(0), Difficulty::MIN, Id(1));
        for (number, source) in (0..).zip(&sources) {
            let started =
                PeerEvent::Started { rows: Some(0), blocks: None, left_out: None, watching: false };
            source.publish(at(10 + number), started);
            let elected =
                |term| RoundsEvent::LeaderElected { leader, term, draw: None, draws: Vec::new() };
            source.publish(at(30 + number), elected(Term::new(0)));
            source.publish(at(50), RoundsEvent::ChallengeIssued { transaction, challenge, leader });
            let seed = Seed::new("6").expect("a short text");
            let row = Row { transaction, challenge, seed, winner: leader, yes: 2, no: 0 };
            source.publish(at(60), RoundsEvent::RoundDecided { row, voters: Vec::new() });
            // As when the leader is lost, or for each row in ppd.
            source.publish(at(900), elected(Term::new(1)));
        }
        feed.close();
        let times = Times::collect(records).expect("the feed is long enough");
        let measured = times.measured().expect("a row was recorded");
        assert_eq!(measured.leader, Duration::from_millis(31 - 11));
    }
}

//! Measures brokers: how many messages they deliver, how long a round of a protocol takes, and
//! what the probe reports.
//!
//! `cargo run --release -p althing-net --example broker_speed` measures the embedded broker,
//! Mosquitto with its default configuration and with `set_tcp_nodelay true`, and RabbitMQ; with
//! addresses of brokers as arguments it measures those.
//!
//! The peers are the links of the product, all in this process. A round is a challenge of one
//! peer to all, the first solution to all, and the vote of each to all: 12 messages, 120
//! deliveries among ten peers. An echo is a message from one of two peers and the answer.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use althing_net::broker::EmbeddedBroker;
use althing_net::mqtt::{self, QualityOfService};
use althing_net::{Arrival, Link, amqp};
use althing_testkit::{Mosquitto, RabbitMq, Settings};
use tokio::task::JoinSet;

const PEERS: usize = 10;
const MESSAGES: usize = 2000;
const ROUNDS: usize = 300;
const ECHOES: usize = 1000;
const TOPIC: &str = "speed";
const PAYLOAD_BYTES: usize = 200;
/// The maximum number of a peer's messages in flight, so that no queue overflows.
const WINDOW: usize = 50;

/// The broker over which the peers meet.
enum Meeting {
    Mqtt(mqtt::BrokerUrl, QualityOfService),
    Amqp(amqp::BrokerUrl),
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let urls: Vec<String> = std::env::args().skip(1).collect();
    for url in &urls {
        match url.parse() {
            Ok(url) => measure_amqp(url).await?,
            Err(_) => measure_mqtt(url, url.parse()?).await?,
        }
    }
    if urls.is_empty() {
        let embedded = EmbeddedBroker::start("127.0.0.1:0".parse()?).await?;
        measure_mqtt("embedded", embedded.url()).await?;
        embedded.shutdown().await;
        for nodelay in [true, false] {
            let mosquitto = Mosquitto::start(Settings { nodelay, ..Settings::default() })?;
            let name = if nodelay { "mosquitto, nodelay" } else { "mosquitto" };
            measure_mqtt(name, mosquitto.url().parse()?).await?;
        }
        measure_amqp(RabbitMq::start()?.url().parse()?).await?;
    }
    Ok(())
}

async fn measure_mqtt(name: &str, url: mqtt::BrokerUrl) -> Result<(), Box<dyn Error>> {
    println!("{name} ({url})");
    println!("  probe {:?}", mqtt::probe(&mqtt::Options::new(url.clone()), "").await?);
    for quality in [QualityOfService::AtMostOnce, QualityOfService::AtLeastOnce] {
        measure(&format!("{quality:?}"), &Meeting::Mqtt(url.clone(), quality)).await?;
    }
    Ok(())
}

async fn measure_amqp(url: amqp::BrokerUrl) -> Result<(), Box<dyn Error>> {
    println!("AMQP ({url})");
    println!("  probe {:?}", amqp::probe(&amqp::Options::new(url.clone(), "probe")).await?);
    measure("fanout", &Meeting::Amqp(url)).await
}

async fn measure(name: &str, meeting: &Meeting) -> Result<(), Box<dyn Error>> {
    let percentiles = |times: &[Duration]| {
        let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        format!("p50 {p50:?}, p99 {p99:?}")
    };
    println!("  {name}: echo {}", percentiles(&echoes(meeting.join(2).await?).await));
    for peers in [2, PEERS] {
        let (deliveries, lost, elapsed) = flood(meeting.join(peers).await?).await;
        let rate = f64::from(u32::try_from(deliveries)?) / elapsed.as_secs_f64();
        println!("  {name}: {peers} peers, {rate:.0} deliveries/s, {lost} lost");
    }
    println!("  {name}: round {}", percentiles(&rounds(meeting.join(PEERS).await?).await));
    Ok(())
}

impl Meeting {
    /// Returns links that are up.
    async fn join(&self, peers: usize) -> Result<Vec<Link>, Box<dyn Error>> {
        let mut links = Vec::new();
        for peer in 0..peers {
            let mut link = match self {
                Self::Mqtt(url, quality) => {
                    let mut options = mqtt::Options::new(url.clone()).with_topics([TOPIC]);
                    options.quality_of_service = *quality;
                    mqtt::connect(options).await?
                }
                Self::Amqp(url) => {
                    let options = amqp::Options::new(url.clone(), peer.to_string());
                    amqp::connect(options.with_exchanges([TOPIC])).await?
                }
            };
            assert_eq!(link.next().await, Some(Arrival::Up));
            links.push(link);
        }
        Ok(links)
    }
}

/// Returns the times of all echoes between two peers, sorted.
async fn echoes(mut links: Vec<Link>) -> Vec<Duration> {
    let topic: Arc<str> = TOPIC.into();
    let mut answerer = links.pop().expect("there are two");
    let mut caller = links.pop().expect("there are two");
    let answering = tokio::spawn({
        let topic = Arc::clone(&topic);
        async move {
            while let Some(arrival) = answerer.next().await {
                if matches!(arrival, Arrival::Received { payload, .. } if payload[0] == b'?') {
                    answerer.publisher().publish(Arc::clone(&topic), vec![b'!'; PAYLOAD_BYTES]);
                }
            }
        }
    });
    let mut times = Vec::new();
    for _ in 0..ECHOES {
        let start = Instant::now();
        caller.publisher().publish(Arc::clone(&topic), vec![b'?'; PAYLOAD_BYTES]);
        while !matches!(
            caller.next().await,
            Some(Arrival::Received { payload, .. }) if payload[0] == b'!'
        ) {}
        times.push(start.elapsed());
    }
    answering.abort();
    times.sort_unstable();
    times
}

/// Returns the times of all rounds, sorted. In each, peer 0 opens, peer 1 solves, all vote.
async fn rounds(mut links: Vec<Link>) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut peers = JoinSet::new();
        for (number, link) in links.drain(..).enumerate() {
            peers.spawn(round(number, link));
        }
        let mut after = Vec::new();
        while let Some(peer) = peers.join_next().await {
            after.push(peer.expect("no peer panics"));
        }
        times.push(start.elapsed());
        after.sort_by_key(|(number, _)| *number);
        links.extend(after.into_iter().map(|(_, link)| link));
    }
    times.sort_unstable();
    times
}

async fn round(number: usize, mut link: Link) -> (usize, Link) {
    let topic: Arc<str> = TOPIC.into();
    let publish = |link: &Link, what: u8| {
        let mut payload = vec![0; PAYLOAD_BYTES];
        payload[0] = what;
        link.publisher().publish(Arc::clone(&topic), payload);
    };
    if number == 0 {
        publish(&link, b'c');
    }
    let mut votes = 0;
    while votes < PEERS {
        match link.next().await {
            Some(Arrival::Received { payload, .. }) => match payload[0] {
                b'c' if number == 1 => publish(&link, b's'),
                b's' => publish(&link, b'v'),
                b'v' => votes += 1,
                _ => {}
            },
            other => panic!("{other:?}"),
        }
    }
    (number, link)
}

/// Lets all peers publish as fast as their own messages come back, and counts what arrives.
async fn flood(links: Vec<Link>) -> (usize, u64, Duration) {
    let start = Instant::now();
    let mut peers = JoinSet::new();
    let all = links.len();
    for (number, link) in links.into_iter().enumerate() {
        peers.spawn(flood_one(number, all, link));
    }
    let (mut deliveries, mut lost) = (0, 0);
    while let Some(peer) = peers.join_next().await {
        let (arrived, missed) = peer.expect("no peer panics");
        deliveries += arrived;
        lost += missed;
    }
    (deliveries, lost, start.elapsed())
}

async fn flood_one(number: usize, peers: usize, mut link: Link) -> (usize, u64) {
    let topic: Arc<str> = TOPIC.into();
    let own = u8::try_from(number).expect("ten peers");
    let (mut published, mut heard, mut arrived) = (0, 0, 0);
    while arrived < peers * MESSAGES {
        while published < MESSAGES && published - heard < WINDOW {
            link.publisher().publish(Arc::clone(&topic), vec![own; PAYLOAD_BYTES]);
            published += 1;
        }
        match tokio::time::timeout(Duration::from_secs(2), link.next()).await {
            Ok(Some(Arrival::Received { payload, .. })) => {
                arrived += 1;
                heard += usize::from(payload[0] == own);
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => break,
        }
    }
    (arrived, (peers * MESSAGES - arrived) as u64)
}

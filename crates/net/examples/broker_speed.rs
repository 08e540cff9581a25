//! Measures brokers: how many messages they deliver, how long a round of a protocol takes, and
//! what the probe says of them.
//!
//! `cargo run --release -p althing-net --example broker_speed` measures the embedded broker and two
//! Mosquittos, as it is shipped and with `set_tcp_nodelay true`; with addresses of brokers as
//! arguments it measures those.
//!
//! The peers are links as the product uses them, in this process. A round is a challenge of one
//! peer to all, the first solution to all, and the vote of each to all: 12 messages, 120
//! deliveries among ten peers.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use althing_net::broker::EmbeddedBroker;
use althing_net::mqtt::{self, BrokerUrl, Options, QualityOfService};
use althing_net::{Incident, Link};
use althing_testkit::{Mosquitto, Settings};
use tokio::task::JoinSet;

const PEERS: usize = 10;
const MESSAGES: usize = 2000;
const ROUNDS: usize = 300;
const TOPIC: &str = "speed";
const PAYLOAD_BYTES: usize = 200;
/// Messages that a peer may have on their way, so that no queue overflows.
const WINDOW: usize = 50;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let urls: Vec<String> = std::env::args().skip(1).collect();
    for url in &urls {
        measure(url, url.parse()?).await?;
    }
    if urls.is_empty() {
        let embedded = EmbeddedBroker::start("127.0.0.1:0".parse()?).await?;
        measure("embedded", embedded.url()).await?;
        embedded.shutdown().await;
        for nodelay in [true, false] {
            let mosquitto = Mosquitto::start(Settings { nodelay, ..Settings::default() })?;
            let name = if nodelay { "mosquitto, nodelay" } else { "mosquitto" };
            measure(name, mosquitto.url().parse()?).await?;
        }
    }
    Ok(())
}

async fn measure(name: &str, url: BrokerUrl) -> Result<(), Box<dyn Error>> {
    println!("{name} ({url})");
    println!("  probe               {:?}", mqtt::probe(&Options::new(url.clone())).await?);
    for quality in [QualityOfService::AtMostOnce, QualityOfService::AtLeastOnce] {
        let mut links = join(&url, quality).await?;
        let rounds = rounds(&mut links).await;
        println!(
            "  {quality:?}: round p50 {:?}, p99 {:?}",
            rounds[ROUNDS / 2],
            rounds[ROUNDS * 99 / 100]
        );
        let (deliveries, lost, elapsed) = flood(links).await;
        let rate = f64::from(u32::try_from(deliveries)?) / elapsed.as_secs_f64();
        println!("  {quality:?}: {rate:.0} deliveries/s, {lost} lost");
    }
    Ok(())
}

async fn join(url: &BrokerUrl, quality: QualityOfService) -> Result<Vec<Link>, mqtt::Error> {
    let mut links = Vec::new();
    for _ in 0..PEERS {
        let mut options = Options::new(url.clone()).with_topics([TOPIC]);
        options.quality_of_service = quality;
        let mut link = mqtt::connect(options).await?;
        assert_eq!(link.next().await, Some(Incident::Up));
        links.push(link);
    }
    Ok(links)
}

/// Returns the times of all rounds, sorted. In each, peer 0 opens, peer 1 solves, all vote.
async fn rounds(links: &mut Vec<Link>) -> Vec<Duration> {
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
            Some(Incident::Message { payload, .. }) => match payload[0] {
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

/// Lets all peers publish as fast as they hear themselves, and counts what arrives.
async fn flood(links: Vec<Link>) -> (usize, u64, Duration) {
    let start = Instant::now();
    let mut peers = JoinSet::new();
    for (number, link) in links.into_iter().enumerate() {
        peers.spawn(flood_one(number, link));
    }
    let (mut deliveries, mut lost) = (0, 0);
    while let Some(peer) = peers.join_next().await {
        let (arrived, missed) = peer.expect("no peer panics");
        deliveries += arrived;
        lost += missed;
    }
    (deliveries, lost, start.elapsed())
}

async fn flood_one(number: usize, mut link: Link) -> (usize, u64) {
    let topic: Arc<str> = TOPIC.into();
    let own = u8::try_from(number).expect("ten peers");
    let (mut published, mut heard, mut arrived) = (0, 0, 0);
    while arrived < PEERS * MESSAGES {
        while published < MESSAGES && published - heard < WINDOW {
            link.publisher().publish(Arc::clone(&topic), vec![own; PAYLOAD_BYTES]);
            published += 1;
        }
        match tokio::time::timeout(Duration::from_secs(2), link.next()).await {
            Ok(Some(Incident::Message { payload, .. })) => {
                arrived += 1;
                heard += usize::from(payload[0] == own);
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => break,
        }
    }
    (arrived, (PEERS * MESSAGES - arrived) as u64)
}

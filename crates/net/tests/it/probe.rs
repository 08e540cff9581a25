#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

use althing_net::DialError;
use althing_net::mqtt::{self, BrokerUrl, Options};
use althing_testkit::{Settings, free_port};

use crate::common::{embedded, mosquitto, start, url};
#[cfg(target_os = "linux")]
use crate::common::{hear_all, join, say};

async fn is_delayed(url: BrokerUrl) -> bool {
    mqtt::probe(&Options::new(url)).await.unwrap_or_else(|error| panic!("{error}")).delayed
}

#[tokio::test]
async fn mosquitto_as_it_is_shipped_delays_small_messages() {
    let broker = start(Settings::default());
    assert!(is_delayed(url(&broker)).await);
}

#[tokio::test]
async fn mosquitto_that_was_told_not_to_does_not() {
    let broker = mosquitto();
    assert!(!is_delayed(url(&broker)).await);
}

#[tokio::test]
async fn the_embedded_broker_does_not() {
    let broker = embedded().await;
    assert!(!is_delayed(broker.url()).await);
    broker.shutdown().await;
}

#[tokio::test]
async fn without_a_broker_there_is_nothing_to_measure() {
    let address = format!("localhost:{}", free_port().expect("there are ports"));
    let url = format!("mqtt://{address}").parse().expect("a right address");
    let error = mqtt::probe(&Options::new(url)).await.expect_err("nobody listens");
    assert_eq!(error, DialError::Refused { address }.into());
}

/// The link acknowledges at once what it receives, so that a broker with Nagle's algorithm never
/// waits for it. Other systems have no way to ask for that.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_link_does_not_suffer_from_a_broker_that_delays() {
    const BURSTS: usize = 11;
    let broker = start(Settings::default());
    let mut link = join(url(&broker)).await;
    let mut times = Vec::new();
    for _ in 0..BURSTS {
        let begin = Instant::now();
        for text in ["one", "two", "three"] {
            say(&link, text);
        }
        assert_eq!(hear_all(&mut link, 3).await, ["one", "two", "three"]);
        times.push(begin.elapsed());
    }
    times.sort();
    assert!(times[BURSTS / 2] < Duration::from_millis(20), "{times:?}");
}

//! Whether a broker delays small messages, and that our links do not suffer from it.

#[cfg(target_os = "linux")]
use std::time::Instant;

use althing_net::DialError;
use althing_net::mqtt::{self, BrokerUrl, Options};
use althing_testkit::{Settings, eventually, free_port};

use crate::common::{embedded, mosquitto, start, url};
#[cfg(target_os = "linux")]
use crate::common::{hear_all, join, say};

/// Waits until the broker is measured and found to delay small messages, or not to. One that does
/// so never seems not to, nor the other way round; but on a busy machine the measurement may take
/// longer than it has, or its messages be late for another reason.
async fn is_found(delayed: bool, url: BrokerUrl) {
    eventually("a measurement that tells", async || {
        let measured = mqtt::probe(&Options::new(url.clone()), "tests/").await.ok()?;
        (measured.delayed == delayed).then_some(())
    })
    .await;
}

#[tokio::test]
async fn mosquitto_as_it_is_shipped_delays_small_messages() {
    let broker = start(Settings::default());
    is_found(true, url(&broker)).await;
}

#[tokio::test]
async fn mosquitto_that_was_told_not_to_does_not() {
    let broker = mosquitto();
    is_found(false, url(&broker)).await;
}

#[tokio::test]
async fn the_embedded_broker_does_not() {
    let broker = embedded().await;
    is_found(false, broker.url()).await;
    broker.shutdown().await;
}

#[tokio::test]
async fn without_a_broker_there_is_nothing_to_measure() {
    let address = format!("localhost:{}", free_port().expect("there are ports"));
    let url = format!("mqtt://{address}").parse().expect("a right address");
    let error = mqtt::probe(&Options::new(url), "tests/").await.expect_err("nobody listens");
    assert_eq!(error, DialError::Refused { address }.into());
}

/// The link acknowledges received data at once, so that a broker with Nagle's algorithm never
/// waits for it. Only Linux allows this.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_link_does_not_suffer_from_a_broker_that_delays() {
    const BURSTS: usize = 11;
    let broker = start(Settings::default());
    let mut link = join(url(&broker)).await;
    eventually("the link to take less than half of a late client's time", async || {
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
        let late = mqtt::probe(&Options::new(url(&broker)), "tests/").await.ok()?;
        (late.delayed && times[BURSTS / 2] < late.median / 2).then_some(())
    })
    .await;
}

//! How fast a broker answers, and whether it delays small messages (Nagle's algorithm).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, Outgoing, Packet, PublishOptions, QoS,
};
use tokio::time::{Instant, timeout_at};

use super::driver::library_options;
use super::{Error, Options};
use crate::dial::Acknowledgements;
use crate::unique::unique;

/// The maximum time that [`probe`] takes.
pub const PROBE_TIME: Duration = Duration::from_millis(900);

/// How many messages are published at once. The broker has to send the second while the first is
/// not acknowledged, which is when Nagle's algorithm makes it wait.
const BURST: usize = 3;

/// The number of bursts. Their median counts, so that other load on the machine does not distort
/// it. If the broker is so far away that time runs out, fewer are used.
const BURSTS: usize = 5;

/// A pause this long within a burst is not a coincidence: Linux delays an acknowledgement by 40 ms,
/// other systems by more.
const PAUSE: Duration = Duration::from_millis(20);

/// How fast a broker answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTrip {
    /// Median time from publishing a burst of small messages to the arrival of the last.
    pub median: Duration,
    /// Whether the broker holds small messages back until earlier ones are acknowledged, which
    /// makes every round of a protocol about 40 ms slower for programs whose system acknowledges
    /// late. `set_tcp_nodelay true` in Mosquitto's configuration fixes it.
    pub delayed: bool,
}

/// One burst: the time until its last message arrived, and the pause between the first and the
/// last.
#[derive(Clone, Copy)]
struct Burst {
    whole: Duration,
    pause: Duration,
}

/// Measures how long small messages take through the broker and back, over its own connection and
/// its own topic, `PREFIXalthing/probe/..`. Speaks MQTT 5, so a broker that does not know it is not
/// measured.
pub async fn probe(options: &Options, prefix: &str) -> Result<RoundTrip, Error> {
    let deadline = Instant::now() + PROBE_TIME;
    let client_id = format!("probe{:016x}", unique());
    let topic = format!("{prefix}althing/probe/{:016x}", unique());
    let options = Options { last_will: None, ..options.clone() };
    let dialer = Arc::new(options.dialer(Acknowledgements::Delayed)?);
    let (client, mut library) =
        AsyncClient::builder(library_options(&options, &client_id, &dialer, &Arc::default()))
            .build();
    let mut accepted = false;
    let mut bursts = Vec::new();
    let measurement = measure(&client, &mut library, &topic, &mut accepted, &mut bursts);
    let outcome = timeout_at(deadline, measurement).await;
    drop(library);
    // Without it, the broker only logs an unclean disconnection.
    let _ = timeout_at(deadline, dialer.linger()).await;
    match outcome {
        Ok(Err(error)) => Err(Error::of_connection(error, &options, &client_id, accepted)),
        _ => RoundTrip::of(&bursts).ok_or_else(|| Error::TimedOut {
            address: options.broker.address(),
            within: PROBE_TIME,
        }),
    }
}

impl RoundTrip {
    fn of(bursts: &[Burst]) -> Option<Self> {
        let median = |time: fn(&Burst) -> Duration| {
            let mut times: Vec<_> = bursts.iter().map(time).collect();
            times.sort_unstable();
            times.get(times.len() / 2).copied()
        };
        let delayed = median(|burst| burst.pause)? >= PAUSE;
        Some(Self { median: median(|burst| burst.whole)?, delayed })
    }
}

async fn measure(
    client: &AsyncClient,
    library: &mut EventLoop,
    topic: &str,
    accepted: &mut bool,
    bursts: &mut Vec<Burst>,
) -> Result<(), ConnectionError> {
    loop {
        match library.poll().await? {
            Event::Incoming(Packet::ConnAck(_)) => {
                *accepted = true;
                // This and the requests below fail only if their queue is full, which it is not.
                let _ = client.try_subscribe(topic, QoS::AtMostOnce);
            }
            Event::Incoming(Packet::SubAck(_)) => break,
            _ => {}
        }
    }
    for _ in 0..BURSTS {
        let start = Instant::now();
        for _ in 0..BURST {
            let payload = Bytes::from_static(b"probe");
            let _ = client.try_publish(topic, payload, PublishOptions::new(QoS::AtMostOnce));
        }
        let first = next_message(library).await?;
        let mut last = first;
        for _ in 1..BURST {
            last = next_message(library).await?;
        }
        bursts.push(Burst { whole: last - start, pause: last - first });
    }
    let _ = client.try_disconnect();
    while !matches!(library.poll().await?, Event::Outgoing(Outgoing::Disconnect)) {}
    Ok(())
}

async fn next_message(library: &mut EventLoop) -> Result<Instant, ConnectionError> {
    while !matches!(library.poll().await?, Event::Incoming(Packet::Publish(_))) {}
    Ok(Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_burst_does_not_decide() {
        let burst = |whole, pause| Burst {
            whole: Duration::from_millis(whole),
            pause: Duration::from_millis(pause),
        };
        let (quick, slow) = (burst(1, 0), burst(45, 41));
        let round_trip =
            |median, delayed| Some(RoundTrip { median: Duration::from_millis(median), delayed });
        assert_eq!(RoundTrip::of(&[slow, quick, quick]), round_trip(1, false));
        assert_eq!(RoundTrip::of(&[slow, slow, quick]), round_trip(45, true));
        assert_eq!(RoundTrip::of(&[slow]), round_trip(45, true));
        assert_eq!(RoundTrip::of(&[]), None);
    }
}

//! How fast a broker answers.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use lapin::Channel;
use lapin::message::DeliveryResult;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::session::Session;
use super::{Error, Options, objects};
use crate::unique::unique;

/// The maximum time that [`probe`] takes.
pub const PROBE_TIME: Duration = Duration::from_secs(2);

/// The number of messages. Their median counts, so that other load on the machine does not distort
/// it.
const MESSAGES: usize = 5;

/// How fast a broker answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTrip {
    /// Median time from publishing a small message to its arrival.
    pub median: Duration,
}

/// Measures how long a small message takes through the broker and back, over its own connection and
/// its own queue, `althing/probe/..`, both of which are closed afterwards. Tries only once.
pub async fn probe(options: &Options) -> Result<RoundTrip, Error> {
    let dialer = Arc::new(options.dialer()?);
    let options = Options { exchanges: Vec::new(), ..options.clone() };
    let measurement = async {
        let session = Session::open(&options, &dialer).await?;
        let times =
            measure(session.channel()).await.map_err(|error| Error::of_loss(&error, &options))?;
        session.leave(&options).await.map_err(|error| Error::of_loss(&error, &options))?;
        Ok(times)
    };
    let timed_out = Error::TimedOut { address: options.broker.address(), within: PROBE_TIME };
    let mut times = timeout(PROBE_TIME, measurement).await.unwrap_or(Err(timed_out))?;
    times.sort_unstable();
    Ok(RoundTrip { median: times[times.len() / 2] })
}

async fn measure(channel: &Channel) -> lapin::Result<[Duration; MESSAGES]> {
    let queue = format!("althing/probe/{:016x}", unique());
    let (arrive, mut arrivals) = mpsc::channel(MESSAGES);
    objects::listen_in_private(channel, &queue).await?.set_delegate(
        move |delivery: DeliveryResult| {
            // The channel has room for everything that we publish.
            let _ = arrive.try_send(delivery.map(|_| Instant::now()));
            ready(())
        },
    );
    let mut times = [Duration::ZERO; MESSAGES];
    for time in &mut times {
        let start = Instant::now();
        // The default exchange delivers to the queue that the routing key names.
        objects::publish(channel, "", &queue, 0, b"probe").await?;
        if let Some(arrival) = arrivals.recv().await {
            *time = arrival? - start;
        }
    }
    Ok(times)
}

//! What the programs on a tracker's list answer.

use std::net::SocketAddr;
use std::time::Duration;

use althing_dialect::detect::{ChainProber, Detected};
use althing_net::{Arrival, tracker, udp};
use althing_types::{Address, Channel};
use anyhow::Context;
use tokio::net::lookup_host;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use super::udp::way_to;
use crate::output::{note, warn};
use crate::signals::stop_asked;

/// How long one has to answer before the next is asked.
const PATIENCE: Duration = Duration::from_secs(2);

/// Time to leave the list.
const LEAVING: Duration = Duration::from_secs(1);

/// Joins the list of a tracker for so long, and asks those on it for their chain.
pub(super) async fn detect(tracker: &Address, time: Duration) -> anyhow::Result<Option<Detected>> {
    let end = Instant::now() + time;
    let places = lookup_host(tracker.to_string()).await;
    let places = places.with_context(|| format!("looking for {tracker}"))?;
    let place = places.min_by_key(SocketAddr::is_ipv6);
    let place = place.with_context(|| format!("{tracker} has no address"))?;
    // Those on the list reach us where the tracker does.
    let listen = way_to(place).await?;
    let endpoint = udp::bind(udp::Options { listen: (listen, 0).into(), advertise: None })?;
    let own = endpoint.address().clone();
    let mut endpoint = tracker::join(endpoint, tracker.clone());
    let mut prober = ChainProber::default();
    let mut turns = interval(PATIENCE);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut has_list = false;
    loop {
        let arrival = tokio::select! {
            () = stop_asked() => break,
            _ = turns.tick(), if has_list => {
                if let Some((whom, question)) = prober.question() {
                    endpoint.sender().send(&whom, question);
                }
                continue;
            }
            arrival = timeout_at(end, endpoint.next()) => arrival,
        };
        match arrival {
            Err(_) | Ok(None) => break,
            Ok(Some(Arrival::Peers(list))) => {
                let others: Vec<Address> = list.into_iter().filter(|peer| *peer != own).collect();
                note(&format!("{} on the list of {tracker}", others.len()));
                has_list = true;
                prober.list(others);
            }
            Ok(Some(Arrival::Received { from: Channel::Address(from), payload })) => {
                prober.hear(&from, &payload);
            }
            Ok(Some(Arrival::Down { reason })) => warn(&reason),
            Ok(Some(_)) => {}
        }
    }
    endpoint.close(LEAVING).await;
    Ok(prober.detect())
}

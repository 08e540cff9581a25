//! What the programs at some addresses answer over UDP.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use althing_dialect::detect::{Detected, Prober};
use althing_types::Address;
use anyhow::Context;
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::output::misuse;
use crate::signals::stop_asked;

/// Between two rounds of questions: longer than an answer takes, unless it is lost.
const ROUND: Duration = Duration::from_millis(500);

/// Bytes of the longest datagram.
const DATAGRAM_MAX: usize = 65_507;

/// Asks the programs at these addresses for so long.
pub(super) async fn detect(
    contacts: &[String],
    time: Duration,
) -> anyhow::Result<Option<Detected>> {
    let mut places = Vec::new();
    for contact in contacts {
        let found = lookup_host(contact).await;
        let found = found.with_context(|| format!("looking for {contact}"))?;
        places.extend(found);
    }
    let Some(first) = places.first() else { misuse!("say whom to ask, as in --contact host:8999") };
    // The way to the first of them says which of our addresses they can reach.
    let (socket, named) = (bind(*first).await?, bind(*first).await?);
    let place = named.local_addr()?;
    let named_as = Address::new(&place.ip().to_string(), place.port())?;
    let mut prober = Prober::new(named_as, places.iter().map(|place| (*place).into()));
    let end = Instant::now() + time;
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut here, mut there) = (vec![0; DATAGRAM_MAX], vec![0; DATAGRAM_MAX]);
    loop {
        let (from, payload, to_named) = tokio::select! {
            () = sleep_until(end) => break,
            () = stop_asked() => break,
            _ = rounds.tick() => {
                for question in prober.questions() {
                    for place in places.iter().filter(|it| it.is_ipv4() == first.is_ipv4()) {
                        // Nothing is there, perhaps: then no answer comes.
                        let _ = socket.send_to(&question, place).await;
                    }
                }
                continue;
            }
            Ok((bytes, from)) = socket.recv_from(&mut here) => (from, &here[..bytes], false),
            Ok((bytes, from)) = named.recv_from(&mut there) => (from, &there[..bytes], true),
        };
        prober.hear(&from.into(), payload, to_named);
    }
    Ok(prober.detect())
}

/// Returns a socket at the address from which a place is reached.
async fn bind(place: SocketAddr) -> anyhow::Result<UdpSocket> {
    Ok(UdpSocket::bind((way_to(place).await?, 0)).await?)
}

/// Returns our address from which a place is reached.
pub(super) async fn way_to(place: SocketAddr) -> io::Result<IpAddr> {
    let any: SocketAddr = match place {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let way = UdpSocket::bind(any).await?;
    way.connect(place).await?;
    Ok(way.local_addr()?.ip())
}

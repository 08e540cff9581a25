//! Which id a peer has: a chosen one, or where there are few, one that no other peer was heard to
//! have.

use std::collections::BTreeSet;
use std::time::Duration;

use althing_dialect::{Content, RoundsDialect};
use althing_engine::rounds::Seat;
use althing_net::{Arrival, Link};
use althing_node::rounds::free_id;
use althing_types::PeerId;
use rand::RngExt;
use tokio::time::{Instant, timeout_at};

use crate::connection::Broker;
use crate::output::misuse;

/// How long a peer listens before it draws its id, in milliseconds: peers that start at once then
/// rarely draw at once, and later ones hear the earlier ones.
const LISTENING: std::ops::Range<u64> = 500..2_000;

/// Arrivals that are kept meanwhile; a room has far fewer.
const ARRIVALS_MAX: usize = 10_000;

/// Returns the id that a peer is to have, if that has to be chosen: the one that its user has
/// `chosen`, or one that it does not hear. What it has heard is heard again on the connection that
/// it made for that.
pub(super) async fn find(
    dialect: &dyn RoundsDialect,
    broker: &Broker,
    patience: Option<Duration>,
    seat: Seat,
    chosen: Option<u64>,
    known: Option<PeerId>,
) -> anyhow::Result<(Option<Link>, Option<PeerId>)> {
    if let Some(number) = chosen {
        let id = match dialect.chosen_id(number) {
            Ok(id) => id,
            Err(reason) => misuse!("{reason}; choose another --id, or leave it out"),
        };
        return match known {
            Some(known) if known != id => {
                misuse!("the data are those of peer {known}; leave --id out, or name other --data")
            }
            _ => Ok((None, Some(id))),
        };
    }
    if seat != Seat::Member || known.is_some() || dialect.few_ids().is_none() {
        return Ok((None, None));
    }
    // Where queues are named after ids, ours is not yet known.
    let nameless = PeerId::new(rand::random::<u128>() | 1 << 127);
    let mut link = broker.join(dialect, nameless, patience).await?;
    let (arrivals, taken) = listen(&mut link, dialect).await;
    link.put_back(arrivals);
    match free_id(dialect, &taken) {
        Some(id) => Ok((Some(link), Some(id))),
        None => anyhow::bail!(
            "each id that the profile allows was heard in this room; stop a peer, or give the \
             profile more with id.hi"
        ),
    }
}

/// Returns what arrives for a moment, and whose ids that names.
async fn listen(link: &mut Link, dialect: &dyn RoundsDialect) -> (Vec<Arrival>, BTreeSet<PeerId>) {
    let time = Duration::from_millis(rand::rng().random_range(LISTENING));
    let end = Instant::now() + time;
    let (mut arrivals, mut taken) = (Vec::new(), BTreeSet::new());
    while arrivals.len() < ARRIVALS_MAX
        && let Ok(Some(arrival)) = timeout_at(end, link.next()).await
    {
        if let Arrival::Received { from, payload } = &arrival
            && let Ok(Content::Message(signed)) = dialect.decode(from, payload).content
        {
            taken.insert(signed.message.peer());
        }
        arrivals.push(arrival);
    }
    (arrivals, taken)
}

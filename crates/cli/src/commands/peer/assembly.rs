//! A peer of an assembly.

use althing_dialect::Codec;
use althing_feed::{Feed, PeerEvent};
use althing_node::assembly::{Place, join_mesh};
use althing_node::leases;

use super::Arguments;
use crate::connection::{Broker, BrokerUrl};
use crate::member::Member;
use crate::output::{Lines, Misuse, Printer, demand};
use crate::signals::stop_asked;

/// How a member meets the others.
enum Way {
    Broker(Broker),
    /// Over TCP from each to each.
    Mesh(Place),
}

/// Takes part until the user asks us to stop; over a broker, or without one.
pub(super) async fn take_part(arguments: Arguments, has_broker: bool) -> anyhow::Result<()> {
    let Arguments {
        network: options,
        connection,
        meeting,
        data,
        assembly,
        parallelism,
        json,
        http,
        ..
    } = arguments;
    let data = data.ok_or_else(|| {
        Misuse(
            "a member of an assembly must not forget what it has said; name its directory with \
             --data"
                .to_owned(),
        )
    })?;
    let way = match has_broker {
        true => Way::Broker(connection.broker(BrokerUrl::local_mqtt())?),
        false => {
            demand!(
                !connection.has_broker(),
                "members meet at a broker, or connect to each other; leave --broker out, or \
                 --listen, --advertise, --contact and --tracker"
            );
            Way::Mesh(meeting.place()?)
        }
    };
    let feed = Feed::default();
    let printer = Printer::start_lasting(Lines::of(json), &feed)?;
    printer.warn_when_closed();
    let member = assembly.open(&data, options.room(), parallelism.of_each(1), feed)?;
    let Member { peer, dialect, node, entries, clock, feed, process, socket: _socket } = member;
    let gauges = node.gauges();
    let source =
        feed.source(Some(dialect.network().dialect().to_owned().into()), Some(peer.into()));
    let http = http.serve(&process, &source, clock.now()).await?;
    let link = match way {
        Way::Broker(broker) => tokio::select! {
            link = broker.join_assembly(&dialect, peer, connection.patience()) => link?,
            () = stop_asked() => return printer.finish(),
        },
        Way::Mesh(place) => {
            let joined = join_mesh(&dialect, entries.key(), place)?;
            source.publish(clock.now(), PeerEvent::Reachable { address: joined.address });
            joined.link
        }
    };
    // It is a witness of leases, whether its user wants any or not; and takes part in the votes
    // while it still reads which there are.
    tokio::spawn(async move { leases::follow(&entries, clock).await });
    let outcome = node.run(link, stop_asked()).await;
    if let Ok(status) = &outcome {
        source.publish(
            clock.now(),
            PeerEvent::Summary {
                rows: None,
                blocks: Some(status.height.number()),
                tip: Some(status.tip),
                received: gauges.received(),
                refused: gauges.refused(),
                hashes: Some(gauges.hashes()),
            },
        );
    }
    let written = printer.finish();
    http.end().await;
    outcome?;
    written
}

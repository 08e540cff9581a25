//! A peer of an assembly.

use althing_dialect::Codec;
use althing_feed::{Feed, PeerEvent};
use althing_node::leases;

use super::Arguments;
use crate::member::{Member, Way};
use crate::output::{Lines, Misuse, Printer};
use crate::signals::stop_asked;

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
    let way = Way::of(has_broker, &connection, &meeting)?;
    let feed = Feed::default();
    let printer = Printer::start_lasting(Lines::of(json), &feed)?;
    printer.warn_when_closed();
    let member = assembly.open(&data, options.room(), parallelism.of_each(1), feed)?;
    let Member { peer, dialect, node, entries, clock, feed, process, socket: _socket } = member;
    let gauges = node.gauges();
    let source =
        feed.source(Some(dialect.network().dialect().to_owned().into()), Some(peer.into()));
    let http = http.serve(&process, &source, clock.now()).await?;
    let link = tokio::select! {
        link = way.join(&dialect, &entries, &source, clock.now()) => link?,
        () = stop_asked() => return printer.finish(),
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

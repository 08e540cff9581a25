//! How a network with rounds is watched.

use std::sync::Arc;

use althing_api::Mode;
use althing_dialect::RoundsDialect;
use althing_engine::rounds::{Durable, Seat};
use althing_feed::Feed;
use althing_http::{About, Asked, Process};
use althing_node::{self as node, Clock};
use althing_store::Store;
use anyhow::bail;

use super::Arguments;
use crate::commands::peer::rounds::summary;
use crate::output::{Lines, Printer};
use crate::watching::Watching;

pub(super) async fn watch(arguments: Arguments, watching: Watching) -> anyhow::Result<()> {
    let Arguments { network, connection, json, http, .. } = arguments;
    let dialect = Arc::<dyn RoundsDialect>::from(network.dialect(None, None)?);
    let broker = connection.broker(network.usual_broker())?;
    let store: Store<Durable> = Store::in_memory();
    let table = store.reader();
    let (clock, feed) = (Clock::start(), Feed::default());
    let printer = Printer::start(Lines::of(json), &feed)?;
    let (peer, node) = node::rounds::watch(
        node::rounds::Options {
            dialect: Arc::clone(&dialect),
            name: None,
            seat: Seat::Watcher,
            id: None,
            store,
            parallelism: None,
            solution_cache: false,
            never_copied: false,
            clock,
            feed: feed.clone(),
        },
        watching.watch(),
    )?;
    let gauges = node.gauges();
    let source = feed.source(Some(network.name().into()), Some(peer.into()));
    let about = About::network(Mode::Watch, &network.name(), &dialect.network());
    let profile = network.profile().map(|profile| profile.name.as_str());
    let process = Process::new(about.following(profile), feed.clone());
    let (name, rules) = (network.name(), Arc::clone(&dialect));
    let asked = Asked::rounds(&name, peer.into(), node.commands(), table, 0, rules);
    process.add(asked.watching());
    let http = http.serve(&process, &source, clock.now()).await?;
    let aside = printer.aside();
    let link = tokio::select! {
        link = broker.listen(&*dialect, connection.patience()) => link?,
        () = watching.is_over(&aside) => {
            printer.finish()?;
            bail!("the broker was not reached, so nothing was heard");
        }
    };
    let outcome = node.run(link, watching.is_over(&aside)).await;
    if let Ok(status) = &outcome {
        watching.tell(&source, clock.now());
        source.publish(clock.now(), summary(status, &gauges, None));
    }
    let written = printer.finish();
    http.end().await;
    let names = outcome?.names;
    written?;
    watching.conclude(json, &names)
}

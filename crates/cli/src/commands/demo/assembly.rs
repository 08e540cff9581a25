//! An assembly: an embedded broker, all members, and users who have something to say.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use althing_api::Mode;
use althing_dialect::Codec;
use althing_dialect::assembly::Assembly;
use althing_faults::assembly::Role;
use althing_feed::{AssemblyEvent, Event, Feed, PeerName, Record};
use althing_http::{About, Process};
use althing_net::broker::EmbeddedBroker;
use althing_node::Clock;
use althing_node::plug::{Plug, State, Strategy};
use althing_text::Name;
use althing_types::Height;
use ed25519_dalek::SigningKey;
use rand::RngExt;
use tempfile::TempDir;

use super::control;
use super::{Arguments, finish, of_first_peer, summarize};
use crate::assembly_swarm::{Making, Running};
use crate::commands::charter::{Founding, member};
use crate::connection::{Broker, BrokerUrl};
use crate::output::{Lines, Printer};
use crate::signals::stop_asked;

/// How often a user has something to say, where people watch.
const ENTRY_EVERY: Duration = Duration::from_secs(1);

/// How often that is elsewhere.
const ENTRY_EVERY_AT_ONCE: Duration = Duration::from_millis(20);

pub(super) async fn demonstrate(arguments: Arguments) -> anyhow::Result<()> {
    let embedded = match &arguments.broker {
        Some(_) => None,
        None => {
            let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            Some(EmbeddedBroker::start(anywhere).await?)
        }
    };
    let url = match (&arguments.broker, &embedded) {
        (None, Some(embedded)) => BrokerUrl::Mqtt(embedded.url()),
        (given, _) => given.clone().unwrap_or_else(BrokerUrl::local_mqtt),
    };
    let broker = Broker::at(url).trusting(arguments.ca_file.as_deref());
    broker.check().await?;
    let outcome = run(&arguments, broker).await;
    if let Some(embedded) = embedded {
        embedded.shutdown().await;
    }
    outcome
}

/// Returns an assembly founded now, and the keys of its members.
fn found(arguments: &Arguments) -> anyhow::Result<(Arc<Assembly>, Vec<SigningKey>)> {
    let count = usize::from(arguments.network.members().get());
    let keys: Vec<_> = (0..count).map(|_| SigningKey::from_bytes(&rand::random())).collect();
    let name = |number: usize| -> Name {
        let given = arguments.name.get(number - 1).cloned();
        given.unwrap_or_else(|| format!("member-{number}").parse().expect("it is a name"))
    };
    let members = (1..).zip(&keys).map(|(number, key)| member(name(number), key)).collect();
    let charter = Founding::usual().charter(members)?;
    Ok((Arc::new(Assembly::new(Arc::new(charter), "")?), keys))
}

async fn run(arguments: &Arguments, broker: Broker) -> anyhow::Result<()> {
    let (dialect, keys) = found(arguments)?;
    let (clock, feed) = (Clock::start(), Feed::default());
    let lines = Lines::of(arguments.json);
    let mut is_shown = of_first_peer();
    let printer = Printer::start_with(lines, &feed, move |record| {
        let is_shown = is_shown(record);
        lines == Lines::Json || is_shown
    })?;
    let recorder = arguments.recorder(&feed)?;
    let mut records = feed.subscribe();
    let network = dialect.network();
    let process =
        Process::new(About::network(Mode::Demo, network.dialect(), &network), feed.clone());
    let (control, mut requests) = control::channel();
    process.set_control(control);
    let air = arguments.air(None);
    let making = Making {
        dialect: Arc::clone(&dialect),
        broker,
        parallelism: arguments.parallelism.of_each(keys.len()),
        keys,
        clock,
        feed: feed.clone(),
        air: air.clone(),
        process: arguments.http.is_served().then(|| process.clone()),
        disk: TempDir::with_prefix("althing-demo-")?,
    };
    let names: Vec<_> = making.ids().map(PeerName::from).collect();
    let first = names.first().cloned();
    let mut running = making.start().await?;
    let source = feed.source(Some(network.dialect().to_owned().into()), None);
    let strategies = Strategy::of(&Role::ALL);
    let mut plug = Plug::new(air, clock, source.clone(), strategies, names, rand::random());
    let http = arguments.serve(&process, &source, clock.now()).await?;
    let aside = printer.aside();
    let every = if arguments.is_shown() { ENTRY_EVERY } else { ENTRY_EVERY_AT_ONCE };
    let (mut say, mut said) = (tokio::time::interval(every), 0);
    let stop = stop_asked();
    tokio::pin!(stop);
    loop {
        // Those that have crashed can be started again.
        let all_are_down = plug.peers().iter().all(|peer| peer.state == State::Crashed);
        tokio::select! {
            () = &mut stop => break,
            () = aside.closed() => break,
            left = running.swarm.next_left(), if !all_are_down => {
                left?;
                anyhow::bail!("a member has left");
            }
            request = requests.next() => request.answer(&mut plug, &mut running).await,
            _ = say.tick() => {
                said += 1;
                say_something(&plug, &running, said).await?;
            }
            record = records.next() => {
                let Some(Ok(record)) = record else { continue };
                let height = committed(&record).filter(|_| record.peer == first);
                if height.zip(arguments.network.rounds).is_some_and(|(is, wanted)| is >= wanted) {
                    break;
                }
            }
        }
    }
    requests.end();
    running.swarm.stop();
    running.swarm.left().await?;
    drop(aside);
    summarize(&feed, network.dialect(), clock.now(), running.swarm.gauges());
    drop(feed);
    drop(running);
    printer.finish()?;
    http.end().await;
    finish(recorder)
}

/// Returns the height of the block that is committed, if a record tells of one.
fn committed(record: &Record) -> Option<u64> {
    match record.event {
        Event::Assembly(AssemblyEvent::BlockCommitted { height, .. }) => {
            Some(Height::number(height))
        }
        _ => None,
    }
}

/// Has one of the members that run get a note into the chain.
async fn say_something(plug: &Plug, running: &Running, number: u64) -> anyhow::Result<()> {
    let peers = plug.peers().iter().zip(&running.entries);
    let up: Vec<_> = peers
        .filter(|(peer, _)| peer.state == State::Runs)
        .filter_map(|(_, entries)| entries.as_ref())
        .collect();
    if up.is_empty() {
        return Ok(());
    }
    let entries = up[rand::rng().random_range(0..up.len())];
    let note = entries.note(&format!("note {number}"))?;
    // No caller waits for it, and one that has just left has nothing to say.
    drop(entries.submit(note).await);
    Ok(())
}

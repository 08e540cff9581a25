//! A peer of an assembly.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use althing_api::Mode;
use althing_dialect::Codec;
use althing_dialect::assembly::Assembly;
use althing_engine::simplex::Durable;
use althing_feed::{Feed, PeerEvent};
use althing_http::{About, Asked, Process, Socket};
use althing_ledger::charter::{Charter, id_of_key};
use althing_node::{self as node, Clock};
use althing_store::Store;
use althing_types::PeerKey;
use anyhow::Context;
use clap::Args;

use super::Arguments;
use crate::connection::BrokerUrl;
use crate::output::{Lines, Misuse, Printer};
use crate::passphrase::open_key;
use crate::signals::stop_asked;

/// Where a charter is looked for in the directory of a peer, unless another file is named.
pub(in crate::commands) const CHARTER_FILE: &str = "charter.toml";

/// Where the key is looked for, unless another file is named.
pub(in crate::commands) const KEY_FILE: &str = "member.key";

/// What the peer of an assembly can be told besides.
#[derive(Args)]
#[command(next_help_heading = "Assembly")]
pub(super) struct AssemblyOptions {
    /// The charter, which all members have signed: see althing charter --help. The default is
    /// charter.toml in the --data directory.
    #[arg(long, value_name = "FILE")]
    charter: Option<PathBuf>,

    /// The file with the key of this member: see althing key --help. The default is member.key in
    /// the --data directory.
    ///
    /// The passphrase of an encrypted key is asked for; without a terminal, the environment
    /// variable ALTHING_PASSPHRASE has it. A key that the charter does not name only follows.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

impl AssemblyOptions {
    /// Returns the file that was named, or the usual one in the directory of the peer.
    fn file(
        named: Option<&PathBuf>,
        option: &str,
        usual: &str,
        data: &Path,
    ) -> anyhow::Result<PathBuf> {
        let file = named.cloned().unwrap_or_else(|| data.join(usual));
        match named.is_some() || file.exists() {
            true => Ok(file),
            false => Err(Misuse(format!(
                "there is no {}; name a file with {option}, or make an assembly with althing init",
                file.display()
            ))
            .into()),
        }
    }
}

pub(super) async fn take_part(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { network: options, connection, data, assembly, parallelism, json, http, .. } =
        arguments;
    let data = data.ok_or_else(|| {
        Misuse(
            "a member of an assembly must not forget what it has said; name its directory with \
             --data"
                .to_owned(),
        )
    })?;
    let AssemblyOptions { charter, key } = assembly;
    let charter = AssemblyOptions::file(charter.as_ref(), "--charter", CHARTER_FILE, &data)?;
    let key = AssemblyOptions::file(key.as_ref(), "--key", KEY_FILE, &data)?;
    let dialect = Arc::new(Assembly::new(Arc::new(read(&charter)?), options.room())?);
    let key = open_key(&key)?;
    let peer = id_of_key(&PeerKey::from_bytes(key.verifying_key().to_bytes()));
    let broker = connection.broker(BrokerUrl::local_mqtt())?;
    let store: Store<Durable> = Store::open(&data)?;
    let (clock, feed) = (Clock::start(), Feed::default());
    let printer = Printer::start_lasting(Lines::of(json), &feed)?;
    printer.warn_when_closed();
    let (node, entries) = node::assembly::open(node::assembly::Options {
        dialect: Arc::clone(&dialect),
        key,
        store,
        parallelism: parallelism.of_each(1),
        clock,
        feed: feed.clone(),
    })?;
    let (gauges, commands) = (node.gauges(), node.commands());
    let (network, name) = (dialect.network(), dialect.network().dialect().to_owned());
    let source = feed.source(Some(name.clone().into()), Some(peer.into()));
    let process = Process::new(About::network(Mode::Peer, &name, &network), feed.clone());
    process.add(Asked::assembly(&name, peer.into(), commands, entries, Arc::clone(&dialect)));
    let _socket = Socket::listen(&data, process.clone())?;
    let http = http.serve(&process, &source, clock.now()).await?;
    let link = tokio::select! {
        link = broker.join_assembly(&dialect, peer, connection.patience()) => link?,
        () = stop_asked() => return printer.finish(),
    };
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

/// Reads a charter that all members have signed.
fn read(path: &Path) -> anyhow::Result<Charter> {
    let named = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(named)?;
    let charter = Charter::read(&text).with_context(named)?;
    charter.check_complete().with_context(named)?;
    Ok(charter)
}

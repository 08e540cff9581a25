//! A member of an assembly in this process: what it is made of, for the commands that run one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use althing_api::Mode;
use althing_dialect::Codec;
use althing_dialect::assembly::Assembly;
use althing_engine::simplex::{Durable, Simplex};
use althing_feed::{Feed, PeerEvent, Source};
use althing_http::{About, Asked, Process, Socket};
use althing_ledger::charter::id_of_key;
use althing_net::Link;
use althing_node::assembly::{Entries, Place, join_mesh};
use althing_node::{self as node, Clock, Node};
use althing_pow::Parallelism;
use althing_store::Store;
use althing_types::{Moment, PeerId, PeerKey};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use crate::chain_network::Meeting;
use crate::charter_file::read_complete;
use crate::connection::{Broker, BrokerUrl, Connection};
use crate::output::{Misuse, demand};
use crate::passphrase::open_key;

/// Where a charter is looked for in the directory of a peer, unless another file is named.
pub(crate) const CHARTER_FILE: &str = "charter.toml";

/// Where the key is looked for, unless another file is named.
pub(crate) const KEY_FILE: &str = "member.key";

/// What the peer of an assembly can be told besides.
#[derive(Args)]
#[command(next_help_heading = "Assembly")]
pub(crate) struct MemberOptions {
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

/// A peer of an assembly that is about to run, and can be asked at the socket of its directory.
pub(crate) struct Member {
    pub(crate) peer: PeerId,
    pub(crate) dialect: Arc<Assembly>,
    pub(crate) node: Node<Simplex>,
    pub(crate) entries: Entries,
    pub(crate) clock: Clock,
    pub(crate) feed: Feed,
    pub(crate) process: Process,
    /// Ends when it is dropped.
    pub(crate) socket: Socket,
}

/// The options with which members connect to each other, by their ids.
pub(crate) const MESH: [&str; 4] = ["listen", "advertise", "contact", "tracker"];

/// Returns whether members meet at a broker, by what is on the command line.
pub(crate) fn has_broker(given: &ArgMatches) -> bool {
    !MESH.iter().any(|id| given.value_source(id) == Some(ValueSource::CommandLine))
}

/// How a member meets the others.
pub(crate) enum Way {
    /// At a broker, for which it waits so long.
    Broker(Broker, Option<Duration>),
    /// Over TCP from each to each.
    Mesh(Place),
}

impl Way {
    pub(crate) fn of(
        has_broker: bool,
        connection: &Connection,
        meeting: &Meeting,
    ) -> anyhow::Result<Self> {
        if has_broker {
            let broker = connection.broker(BrokerUrl::local_mqtt())?;
            return Ok(Self::Broker(broker, connection.patience()));
        }
        demand!(
            !connection.has_broker(),
            "members meet at a broker, or connect to each other; leave --broker out, or --listen, \
             --advertise, --contact and --tracker"
        );
        Ok(Self::Mesh(meeting.place()?))
    }

    /// Connects the peer whose entries these are.
    pub(crate) async fn join(
        self,
        dialect: &Assembly,
        entries: &Entries,
        source: &Source,
        now: Moment,
    ) -> anyhow::Result<Link> {
        match self {
            Self::Broker(broker, patience) => {
                let key = PeerKey::from_bytes(entries.key().verifying_key().to_bytes());
                broker.join_assembly(dialect, id_of_key(&key), patience).await
            }
            Self::Mesh(place) => {
                let joined = join_mesh(dialect, entries.key(), place)?;
                source.publish(now, PeerEvent::Reachable { address: joined.address });
                Ok(joined.link)
            }
        }
    }
}

impl MemberOptions {
    /// Opens the member whose directory this is; what happens to it is published on `feed`.
    pub(crate) fn open(
        &self,
        data: &Path,
        room: &str,
        parallelism: Parallelism,
        feed: Feed,
    ) -> anyhow::Result<Member> {
        let charter = Self::file(self.charter.as_ref(), "--charter", CHARTER_FILE, data)?;
        let key = Self::file(self.key.as_ref(), "--key", KEY_FILE, data)?;
        let dialect = Arc::new(Assembly::new(Arc::new(read_complete(&charter)?), room)?);
        let key = open_key(&key)?;
        let peer = id_of_key(&PeerKey::from_bytes(key.verifying_key().to_bytes()));
        let store: Store<Durable> = Store::open(data)?;
        let clock = Clock::start();
        let (node, entries) = node::assembly::open(node::assembly::Options {
            dialect: Arc::clone(&dialect),
            key,
            store,
            parallelism,
            clock,
            feed: feed.clone(),
        })?;
        let network = dialect.network();
        let name = network.dialect().to_owned();
        let process = Process::new(About::network(Mode::Peer, &name, &network), feed.clone());
        let commands = node.commands();
        process.add(Asked::assembly(
            &name,
            peer.into(),
            commands,
            entries.clone(),
            Arc::clone(&dialect),
        ));
        let socket = Socket::listen(data, process.clone())?;
        Ok(Member { peer, dialect, node, entries, clock, feed, process, socket })
    }

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

//! How a peer of an assembly is made, and how entries get into its chain.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use althing_dialect::assembly::Assembly;
use althing_engine::Engine;
use althing_engine::simplex::{
    Command, Durable, Event, Identity, NotAdmitted, Past, Simplex, Timeouts,
};
use althing_faults::assembly::{ByzantineMember, Role};
use althing_feed::Feed;
use althing_ledger::assembly::Ed25519;
use althing_ledger::charter::id_of_key;
use althing_ledger::{Block, EntriesRefused, Entry};
use althing_net::mesh;
use althing_pow::Parallelism;
use althing_store::{Reader, Secret, Store};
use althing_types::{Address, PeerId, PeerKey};
use ed25519_dalek::SigningKey;
use tokio::sync::watch;

use crate::clock::{Clock, wall_time_at_start};
use crate::commands::{Commands, HasLeft};
use crate::driver::{Node, NodeError, Setup};
use crate::identity::identify;
use crate::observer::Observer;
use crate::submissions::{self, Submissions};

/// What has become of an entry of an assembly. Once it is added it is committed, for good.
pub type Submitted = submissions::Submitted<NotAdmitted>;

/// An entry on its way into the chain of an assembly.
pub type Submission = submissions::Submission<NotAdmitted>;

/// The parts of which a peer of an assembly is made.
pub struct Options {
    /// The assembly it takes part in.
    pub dialect: Arc<Assembly>,
    /// Its key. It votes if the charter names that; otherwise it only follows.
    pub key: SigningKey,
    /// Its store: what it has said, and the chain. See [`admit`].
    pub store: Store<Durable>,
    /// How much of the machine its searches may use, where blocks are mined.
    pub parallelism: Parallelism,
    /// The clock of its process.
    pub clock: Clock,
    /// The source with which it publishes its events.
    pub feed: Feed,
}

/// Makes `store` that of the member with this key, which has never taken part before: only its user
/// can know that. A member whose store does not say so takes no part in the votes (rule L13), since
/// it may have voted before and not know how.
///
/// A store that is another's is an error; one that is the member's already stays as it is.
pub fn admit(
    store: &mut Store<Durable>,
    dialect: &Assembly,
    key: &SigningKey,
) -> Result<(), NodeError> {
    own(store, dialect, key)?;
    if store.recovered().state.joined.is_none() {
        store.commit(&[Durable::Joined(dialect.chain())])?;
    }
    Ok(())
}

/// Returns a peer that goes on from what is in its store, and a way to the entries of its chain.
pub fn open(options: Options) -> Result<(Node<Simplex>, Entries), NodeError> {
    let Options { dialect, key, mut store, parallelism, clock, feed } = options;
    let peer = own(&mut store, &dialect, &key)?;
    let identity = Identity {
        authenticator: Arc::new(Ed25519::new(key.as_bytes())),
        past: Past::Perhaps,
        started: wall_time_at_start(clock),
    };
    let engine = Simplex::new(
        Arc::clone(dialect.charter()),
        Timeouts::default(),
        identity,
        dialect.application(),
        store.recovered().state,
    );
    let network = althing_dialect::Codec::network(&*dialect);
    let submissions = Submissions::default();
    let (told, committed) = watch::channel(());
    let node = Node::new(Setup {
        engine,
        // What is committed stays valid.
        left_out: 0,
        source: feed.source(Some(network.dialect().to_owned().into()), Some(peer.into())),
        codec: Arc::clone(&dialect) as _,
        store,
        parallelism: Some(parallelism),
        searches: None,
        observer: Some(Box::new(Committing { submissions: submissions.clone(), told })),
        clock,
    });
    let (commands, log) = (node.commands(), node.log());
    let key = Arc::new(key);
    Ok((node, Entries { dialect, key, commands, submissions, log, committed }))
}

/// Returns a peer as [`open`] does, which breaks the rules in this role if the charter names its
/// key.
pub fn open_dishonest(options: Options, role: Role) -> Result<(Node<Simplex>, Entries), NodeError> {
    let (charter, chain) = (Arc::clone(options.dialect.charter()), options.dialect.chain());
    let authenticator = Arc::new(Ed25519::new(options.key.as_bytes()));
    let me = charter.index_of(&key_of(&options.key));
    let (node, entries) = open(options)?;
    let Some(me) = me else { return Ok((node, entries)) };
    let members = charter.members.len();
    let byzantine = ByzantineMember::new(role, me, members, chain, authenticator);
    Ok((node.dishonest(Box::new(byzantine)), entries))
}

/// Where a peer of an assembly listens and whom it turns to, where there is no broker.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address at which others reach it, if that is another one; port 0 is the one that it
    /// listens at.
    pub advertise: Option<Address>,
    /// The peers to connect to first.
    pub contacts: Vec<Address>,
    /// A tracker with a list of peers.
    pub tracker: Option<Address>,
}

/// Connects a peer to the others of its assembly over TCP, without a broker.
///
/// # Panics
///
/// Outside of a Tokio runtime.
pub fn join_mesh(
    dialect: &Assembly,
    key: &SigningKey,
    place: Place,
) -> Result<mesh::Joined, mesh::BindError> {
    let Place { listen, advertise, contacts, tracker } = place;
    let [_, gone] = dialect.topics();
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let members = dialect.charter().members().map(|(index, member)| mesh::Member {
        key: member.key,
        gone: dialect.last_will(index).payload.into(),
    });
    mesh::join(mesh::Options {
        network: *dialect.chain().as_bytes(),
        key: key.clone(),
        members: members.collect(),
        gone: gone.into(),
        listen,
        advertise,
        contacts,
        tracker,
        started: u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX),
        entropy: rand::random,
    })
}

/// Makes the owner of a key that of a store, and returns its id.
fn own(
    store: &mut Store<Durable>,
    dialect: &Assembly,
    key: &SigningKey,
) -> Result<PeerId, NodeError> {
    let ours = id_of_key(&key_of(key));
    let network = althing_dialect::Codec::network(dialect);
    // The key has a file of its own, so that it can be kept encrypted.
    let known = identify(store, &network, || (ours, Secret::new(Vec::new())))?;
    match known.peer == ours {
        true => Ok(ours),
        false => Err(NodeError::OtherKey { theirs: known.peer, ours }),
    }
}

fn key_of(key: &SigningKey) -> PeerKey {
    PeerKey::from_bytes(key.verifying_key().to_bytes())
}

/// The entries of a running peer's chain: submits new ones, and reads those that are committed.
/// Cheap to clone.
#[derive(Clone)]
pub struct Entries {
    dialect: Arc<Assembly>,
    key: Arc<SigningKey>,
    commands: Commands<Simplex>,
    submissions: Submissions<NotAdmitted>,
    log: Reader<Durable>,
    committed: watch::Receiver<()>,
}

impl Entries {
    /// Returns a note that the owner of this peer signs, or why there can be none of this text.
    pub fn note(&self, text: &str) -> Result<Entry, EntriesRefused> {
        self.dialect.note(&self.key, text, rand::random())
    }

    /// Has the peer get an entry into the chain. It repeats the entry to the others until it is
    /// committed, as long as it runs; dropping the future does not withdraw it.
    pub async fn submit(&self, entry: Entry) -> Result<Submission, HasLeft> {
        let submission = self.submissions.add(entry.clone(), NonZeroU64::MIN);
        self.commands.send(Command::Submit(vec![entry])).await?;
        Ok(submission)
    }

    /// Returns what changes when blocks were committed, once they can be read. It ends with the
    /// peer.
    pub fn committed(&self) -> watch::Receiver<()> {
        self.committed.clone()
    }

    /// Returns the assembly.
    pub fn dialect(&self) -> &Arc<Assembly> {
        &self.dialect
    }

    /// Returns the key of this peer.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Returns a view of the committed blocks in the store, by their heights, without the genesis.
    /// Reading them blocks the thread, and does not make the peer wait.
    pub fn log(&self) -> &Reader<Durable> {
        &self.log
    }
}

/// Follows what is committed, for the callers that wait.
struct Committing {
    submissions: Submissions<NotAdmitted>,
    told: watch::Sender<()>,
}

impl Observer<Simplex> for Committing {
    fn committed(&mut self, durable: &Durable, _: Option<&<Simplex as Engine>::Work>) {
        let Durable::Committed(blocks) = durable else { return };
        let blocks: Vec<Block> =
            blocks.iter().map(|committed| Block::Native(committed.block.clone())).collect();
        self.submissions.committed(&blocks);
        self.told.send_replace(());
    }

    fn event(&mut self, event: &Event) {
        if let Event::EntryRefused { entry, reason } = event {
            self.submissions.refused(entry, reason);
        }
    }
}

/// The peer is gone, so callers that wait get no answer.
impl Drop for Committing {
    fn drop(&mut self) {
        self.submissions.clear();
    }
}

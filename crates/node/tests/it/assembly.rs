//! The members of a charter, on real stores and the memory bus.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::assembly::Assembly;
use althing_engine::simplex::{Durable, Simplex, WhyObserving};
use althing_feed::Feed;
use althing_ledger::charter::{ApplicationSettings, Charter, FaultModel, Member};
use althing_net::memory::Bus;
use althing_node::assembly::{Entries, Options, Submitted, admit, open};
use althing_node::{Clock, Node, NodeError, Swarm};
use althing_pow::Parallelism;
use althing_store::Store;
use althing_testkit::eventually;
use althing_types::{PeerKey, UnixTime};
use ed25519_dalek::SigningKey;
use tempfile::TempDir;

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number + 1; 32])
}

/// Returns an assembly of so many members.
fn assembly(members: u8) -> Arc<Assembly> {
    let member = |number| Member {
        name: format!("member {number}").parse().expect("a name"),
        key: PeerKey::from_bytes(key(number).verifying_key().to_bytes()),
    };
    let charter = Charter {
        network: "club".parse().expect("a name"),
        founded: UnixTime::from_seconds(1_700_000_000),
        faults: FaultModel::Byzantine,
        block_time: Duration::from_secs(1),
        difficulty: 0..=0,
        applications: vec![ApplicationSettings { name: "notes".into(), settings: BTreeMap::new() }],
        members: (0..members).map(member).collect(),
        signatures: BTreeMap::new(),
    };
    Arc::new(Assembly::new(Arc::new(charter), "").expect("it has notes only"))
}

fn member(
    dialect: &Arc<Assembly>,
    key: SigningKey,
    store: Store<Durable>,
) -> Result<(Node<Simplex>, Entries), NodeError> {
    open(Options {
        dialect: Arc::clone(dialect),
        key,
        store,
        parallelism: Parallelism::of(NonZeroUsize::MIN),
        clock: Clock::start(),
        feed: Feed::default(),
    })
}

fn store(dialect: &Assembly, number: u8, dir: &Path) -> Store<Durable> {
    let mut store = Store::open(&dir.join(number.to_string())).expect("the directory is ours");
    admit(&mut store, dialect, &key(number)).expect("it is its own");
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_committed_on_every_disk_and_its_author_is_told_where() {
    let (dialect, bus) = (assembly(4), Bus::new());
    let dir = TempDir::new().expect("a temporary directory");
    let (mut swarm, mut all) = (Swarm::default(), Vec::new());
    for number in 0..4 {
        let store = store(&dialect, number, dir.path());
        let (node, entries) = member(&dialect, key(number), store).expect("it is its own");
        swarm.add(node, bus.join(dialect.topics()));
        all.push(entries);
    }
    let entry = all[1].note("hello").expect("it is short");
    let submission = all[1].submit(entry.clone()).await.expect("it runs");
    let Ok(Submitted::Added { height, is_held: true, .. }) = submission.outcome().await else {
        panic!("it is committed, and others have it");
    };
    for entries in &all {
        eventually("the block is on its disk", async || {
            let block = entries.log().entry(height.number()).expect("it can be read")?;
            assert_eq!(*block.block.entries, *std::slice::from_ref(&entry));
            Some(())
        })
        .await;
    }
    // The same again can be in no further block.
    let again = all[1].submit(entry).await.expect("it runs").outcome().await;
    assert!(matches!(again, Ok(Submitted::Refused(_))), "{again:?}");
    swarm.stop();
    swarm.left().await.expect("they can go on");
}

#[test]
fn a_store_is_that_of_one_key_and_says_whether_its_member_may_vote() {
    let dialect = assembly(2);
    let dir = TempDir::new().expect("a temporary directory");
    drop(store(&dialect, 0, dir.path()));
    let store = Store::open(&dir.path().join("0")).expect("the directory is ours");
    let error = member(&dialect, key(1), store).err().expect("it is another's").to_string();
    assert!(error.contains("and the key is that of"), "{error}");

    let observing = |key: SigningKey, store| {
        let (node, _) = member(&dialect, key, store).expect("it is its own");
        althing_engine::Engine::status(node.engine()).observing
    };
    let store = Store::open(&dir.path().join("0")).expect("no other process has it");
    assert_eq!(observing(key(0), store), None);
    assert_eq!(observing(key(1), Store::in_memory()), Some(WhyObserving::DiskLost));
    assert_eq!(observing(key(7), Store::in_memory()), Some(WhyObserving::NotAMember));
}

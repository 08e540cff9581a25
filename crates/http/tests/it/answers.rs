//! What is answered is what the peer has.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;

use althing_api::{
    Client, ClientError, Code, Edit, EngineStatus, Evidence, Mode, NewEntry, Submitted,
};
use althing_dialect::ChainDialect;
use althing_dialect::aviary::{self, Aviary};
use althing_dialect::cs60::{self, Cs60};
use althing_engine::nakamoto::{Label, Mining};
use althing_feed::Feed;
use althing_http::{About, Asked, Http, Process, Serving, Socket};
use althing_net::Endpoint;
use althing_net::tracker::{self, Tracker};
use althing_net::udp;
use althing_node::Clock;
use althing_node::chain::{Entries, Options, open};
use althing_pow::Parallelism;
use althing_store::Store;
use althing_types::Address;

/// A peer of a network with a chain, in this process.
struct Peer {
    address: Address,
    process: Process,
    entries: Entries,
}

fn anywhere() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// Starts a peer that turns to these others.
fn start(dialect: &Arc<dyn ChainDialect>, mining: Mining, contacts: Vec<Address>) -> Peer {
    let endpoint = udp::bind(udp::Options { listen: anywhere(), advertise: None });
    start_at(dialect, mining, contacts, endpoint.expect("a port is free"))
}

fn start_at(
    dialect: &Arc<dyn ChainDialect>,
    mining: Mining,
    contacts: Vec<Address>,
    endpoint: Endpoint,
) -> Peer {
    let address = endpoint.address().clone();
    let feed = Feed::default();
    let (node, entries) = open(Options {
        dialect: Arc::clone(dialect),
        address: address.clone(),
        name: Label::new("peer").expect("a short name"),
        contacts,
        mining,
        parallelism: Some(Parallelism::of(NonZeroUsize::MIN)),
        searches: None,
        store: Store::in_memory(),
        clock: Clock::start(),
        feed: feed.clone(),
    })
    .expect("an empty store");
    let network = dialect.network();
    let process = Process::new(About::network(Mode::Peer, network.dialect(), &network), feed);
    process.add(Asked::chain(
        network.dialect(),
        address.clone().into(),
        node.commands(),
        entries.clone(),
        Arc::clone(dialect),
    ));
    tokio::spawn(node.run(endpoint, std::future::pending()));
    Peer { address, process, entries }
}

async fn served(peer: &Peer) -> (Http, Client) {
    let http = Http::serve(&Serving::here(anywhere()), peer.process.clone())
        .await
        .expect("a port is free");
    let client = Client::at_url(&http.url(), None, None).expect("it is a URL");
    (http, client)
}

fn entry(text: &str) -> NewEntry {
    NewEntry {
        text: text.to_owned(),
        confirmations: NonZeroU64::new(1),
        once: false,
        as_written: false,
    }
}

fn code(error: ClientError) -> Code {
    match error {
        ClientError::Refused { problem, .. } => problem.code,
        error => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_chain_is_answered_as_it_is_kept_page_by_page() {
    let dialect: Arc<dyn ChainDialect> = Arc::new(Aviary::new(aviary::Config::with_zeros(1)));
    let first = start(&dialect, Mining::FromGenesis, Vec::new());
    let _second = start(&dialect, Mining::Off, vec![first.address.clone()]);
    let (_http, client) = served(&first).await;
    for text in ["one", "two", "three"] {
        let added = client.add(&entry(text)).await.expect("it is asked");
        assert!(matches!(added, Submitted::Added { held: true, .. }), "{added:?}");
    }
    let EngineStatus::Chain(status) = client.status().await.expect("it is asked").engine else {
        panic!("its network has a chain")
    };
    let kept = first.entries.log().range().expect("in memory");
    let blocks = client.blocks(0).await.expect("it is asked");
    assert_eq!(blocks.total, kept.end - kept.start);
    assert_eq!(blocks.next, None);
    assert_eq!(Some(&blocks.items.last().expect("there are some").hash), status.tip.as_ref());
    for pair in blocks.items.windows(2) {
        assert_eq!(pair[1].previous.as_ref(), Some(&pair[0].hash));
    }
    for block in &blocks.items {
        let one = first.entries.log().entry(block.height).expect("in memory").expect("it is kept");
        let bytes = dialect.encode_block(&one);
        assert_eq!(block.bytes, althing_text::hex::encode(&bytes));
        assert_eq!(block.difficulty, 4.0);
    }
    let entries = client.entries(0).await.expect("it is asked").items;
    let texts: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    // Its hash is over the whole block, which is its proof.
    let last = entries.last().expect("there are some");
    let proof = client.proof(last.height, last.place).await.expect("it is asked");
    let place = usize::try_from(last.height - kept.start).expect("a short chain");
    let Evidence::Block { block, previous } = &proof.evidence else { panic!("{proof:?}") };
    assert_eq!((block, previous), (&blocks.items[place].bytes, &blocks.items[place].previous));
    assert_eq!((&proof.hash, proof.height), (&blocks.items[place].hash, last.height));
    assert_eq!(code(client.proof(last.height, 7).await.expect_err("too far")), Code::NotFound);
    assert_eq!(code(client.certificate(0).await.expect_err("no table")), Code::WrongNetwork);
    assert_eq!(code(client.ballots(0).await.expect_err("there are none")), Code::WrongNetwork);
    assert_eq!(code(client.rows(0).await.expect_err("there is no table")), Code::WrongNetwork);
    assert_eq!(code(client.tally().await.expect_err("there is none")), Code::WrongNetwork);

    // Another byte in a block: it falls, and all after it.
    let last = blocks.items.len() as u64 - 1 + kept.start;
    let edit = Edit { height: kept.start, offset: 40, xor: 1 };
    let effect = client.what_if(&edit).await.expect("it is asked");
    assert_eq!(effect.total, blocks.total);
    assert!(effect.broken.iter().map(|broken| broken.height).eq(kept.start..=last));
    let edit = Edit { height: last, offset: 1 << 40, xor: 1 };
    assert_eq!(code(client.what_if(&edit).await.expect_err("too far")), Code::Senseless);
    assert_eq!(client.blocks(0).await.expect("it is asked"), blocks, "nothing has changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ballots_are_counted_and_a_second_one_is_invalid() {
    let dialect: Arc<dyn ChainDialect> =
        Arc::new(Cs60::new(cs60::Config { zeros: 1, ..Default::default() }));
    let tracker = Tracker::start(&tracker::Options { listen: anywhere() }).expect("a port is free");
    let [_first, second] = [(); 2].map(|()| {
        let endpoint = udp::bind(udp::Options { listen: anywhere(), advertise: None });
        let endpoint = tracker::join(endpoint.expect("a port is free"), tracker.address().into());
        start_at(&dialect, Mining::OnChain, Vec::new(), endpoint)
    });
    let dir = tempfile::tempdir().expect("there is room");
    let _socket = Socket::listen(dir.path(), second.process.clone()).expect("the path is short");
    let client = Client::in_dir(dir.path());
    let ballot = |voter: &str, choice: &str| {
        entry(&serde_json::json!({ "voter": voter, "choice": choice }).to_string())
    };
    for (voter, choice) in [("ann", "yes"), ("bob", "no"), ("cid", "yes")] {
        let added = client.add(&ballot(voter, choice)).await.expect("it is asked");
        assert!(matches!(added, Submitted::Added { .. }), "{added:?}");
    }
    let again = client.add(&ballot("ann", "no")).await.expect("it is asked");
    assert!(matches!(again, Submitted::Invalid { .. }), "{again:?}");
    // A name that looks like one in the chain has to be meant.
    for (voter, choice) in [("Ann", "yes"), ("dan", "YES")] {
        let doubted = client.add(&ballot(voter, choice)).await.expect("it is asked");
        assert!(matches!(doubted, Submitted::Doubted { .. }), "{doubted:?}");
    }
    let meant = NewEntry { as_written: true, ..ballot("Cid", "yes") };
    let added = client.add(&meant).await.expect("it is asked");
    assert!(matches!(added, Submitted::Added { .. }), "{added:?}");
    let tally = client.tally().await.expect("it is asked");
    let choices: Vec<_> = tally.choices.iter().map(|it| (it.choice.as_str(), it.votes)).collect();
    assert_eq!(choices, [("yes", 3), ("no", 1)]);
    assert_eq!(tally.voters, 4);
    let ballots = client.ballots(0).await.expect("it is asked").items;
    let ballots: Vec<_> = ballots.iter().map(|it| (&*it.voter, it.choice.as_deref())).collect();
    let cast = [("ann", "yes"), ("bob", "no"), ("cid", "yes"), ("Cid", "yes")];
    assert_eq!(ballots, cast.map(|(voter, choice)| (voter, Some(choice))));
}

#[tokio::test]
async fn a_peer_that_left_is_gone_and_is_forgotten_once_no_request_holds_it() {
    let dialect: Arc<dyn ChainDialect> = Arc::new(Cs60::new(cs60::Config::default()));
    let peer = start(&dialect, Mining::Off, Vec::new());
    let (_http, client) = served(&peer).await;
    let name = peer.address.clone().into();
    assert_eq!(client.peer(&name).await.expect("it is asked").peer, name);
    peer.process.remove(&name).await;
    assert_eq!(code(client.peer(&name).await.expect_err("it is gone")), Code::NotFound);
    assert_eq!(client.peers().await.expect("it is asked").items, []);
}

#[tokio::test]
async fn no_peer_answers_where_none_runs() {
    let dir = tempfile::tempdir().expect("there is room");
    let missing = Client::in_dir(&dir.path().join("missing")).status().await;
    assert!(matches!(missing, Err(ClientError::NotRunning { .. })));
    let dialect: Arc<dyn ChainDialect> = Arc::new(Cs60::new(cs60::Config::default()));
    let peer = start(&dialect, Mining::Off, Vec::new());
    let socket = Socket::listen(dir.path(), peer.process.clone()).expect("the path is short");
    let client = Client::in_dir(dir.path());
    assert!(client.node().await.is_ok());
    drop(socket);
    let left = client.status().await;
    assert!(matches!(left, Err(ClientError::NotRunning { .. })), "the socket is removed");
}

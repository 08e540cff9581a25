//! What peers of a network with rounds answer, each for itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU16, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use althing_api::{
    Action, Certificate, Client, ClientError, Code, Demo, DemoPeer, Done, Mode, PeerState,
    PeerStatus, SignedVote,
};
use althing_dialect::RoundsDialect;
use althing_dialect::elect_chain::{Config, ElectChain};
use althing_engine::rounds::{
    self, Accepted, CertifiedRecord, Durable, PublicKey, Record, Seat, Signature, StartsDigest,
};
use althing_feed::{Feed, PeerName};
use althing_http::{About, Asked, Control, Doing, Http, Process, Refusal, Serving};
use althing_net::memory::Bus;
use althing_node::rounds::{Options, open, watch};
use althing_node::{Clock, Watch};
use althing_pow::Parallelism;
use althing_store::Store;
use althing_testkit::eventually;
use althing_text::hex;
use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};

const ROWS: u64 = 3;

/// Three peers that record three rows and stay, in a process that is served.
async fn served() -> (Arc<dyn RoundsDialect>, Vec<PeerName>, Http, Client) {
    let bits = |bits| Difficulty::from_bits(bits).expect("in range");
    let dialect: Arc<dyn RoundsDialect> = Arc::new(ElectChain::new(Config {
        peers: NonZeroU16::new(3).expect("not zero"),
        challenges: bits(1)..=bits(4),
        // So that the votes of the first rows are still kept when they are asked for.
        pause: Duration::from_millis(100),
        ..Config::default()
    }));
    let (bus, clock, feed) = (Bus::new(), Clock::start(), Feed::default());
    let network = dialect.network();
    let process =
        Process::new(About::network(Mode::Demo, network.dialect(), &network), feed.clone());
    let mut names = Vec::new();
    for _ in 0..3 {
        let store = Store::in_memory();
        let table = store.reader();
        let (peer, node) = open(Options {
            dialect: Arc::clone(&dialect),
            name: None,
            seat: Seat::Member,
            id: None,
            store,
            parallelism: Some(Parallelism::of(NonZeroUsize::MIN)),
            solution_cache: false,
            never_copied: false,
            clock,
            feed: feed.clone(),
        })
        .expect("an empty store");
        let asked = Arc::clone(&dialect);
        let commands = node.commands();
        process.add(Asked::rounds(network.dialect(), peer.into(), commands, table, 0, asked));
        names.push(peer.into());
        tokio::spawn(node.run(bus.join(dialect.topics()), std::future::pending()));
    }
    process.set_control(Arc::new(Numbers(names.clone())));
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let http = Http::serve(&Serving::here(anywhere), process).await.expect("a port is free");
    let client = Client::at_url(&http.url(), None, None).expect("it is a URL");
    (dialect, names, http, client)
}

/// Knows the numbers of peers, and can do nothing to them.
struct Numbers(Vec<PeerName>);

impl Control for Numbers {
    fn demo(&self) -> Doing<'_, Demo> {
        let peer = |(number, peer): (usize, &PeerName)| DemoPeer {
            number,
            peer: peer.clone(),
            state: PeerState::Runs,
            byzantine: None,
        };
        let crashed = DemoPeer {
            number: self.0.len() + 1,
            peer: PeerId::new(4711).into(),
            state: PeerState::Crashed,
            byzantine: None,
        };
        let peers = (1..).zip(&self.0).map(peer).chain([crashed]).collect();
        let (faults, strategies) = (Vec::new(), Vec::new());
        Box::pin(async { Ok(Demo { peers, faults, pace: None, strategies }) })
    }

    fn act(&self, _: Action) -> Doing<'_, Done> {
        Box::pin(async { Err(Refusal::Ended) })
    }

    fn undo(&self, _: u64) -> Doing<'_, Done> {
        Box::pin(async { Err(Refusal::Ended) })
    }
}

/// Returns how many members have signed a row, as a reader finds that knows nothing else.
fn signed(dialect: &dyn RoundsDialect, certificate: &Certificate) -> usize {
    let Certificate { row, term, starts, votes, members, .. } = certificate;
    let record = Record {
        transaction: row.transaction,
        difficulty: row.challenge,
        seed: row.seed.clone(),
        winner: row.winner.peer(),
    };
    let starts = StartsDigest(u64::from_str_radix(starts, 16).expect("hexadecimal digits"));
    let choice = Accepted { term: Term::new(*term), record };
    let verifier = dialect.verifier();
    let bytes = |digits: &Option<String>| {
        hex::decode(digits.as_ref().expect("all are signed")).expect("hexadecimal digits")
    };
    let is_good = |vote: &&SignedVote| {
        let peer = vote.voter.peer();
        let said = rounds::SignedVote { peer, choice: choice.clone(), starts, signature: None };
        let signature = Signature::new(bytes(&vote.signature).into());
        let member = members.iter().find(|member| member.peer == vote.voter).expect("a member");
        let key = PublicKey(bytes(&member.key).into());
        verifier.is_authentic(&said.message().message, &signature, &key)
    };
    votes.iter().filter(is_good).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_decided_a_row_can_be_checked_by_who_trusts_no_peer() {
    let (dialect, _, _http, client) = served().await;
    let total = async || client.rows(0).await.expect("it is asked").total;
    eventually("three rows", async || (total().await >= ROWS).then_some(())).await;
    let rows = client.rows(0).await.expect("it is asked").items;
    for (number, row) in (0..ROWS).zip(&rows) {
        let mut certificate = client.certificate(number).await.expect("it is asked");
        assert_eq!(&certificate.row, row);
        assert_eq!(certificate.needed, 2);
        assert!(signed(&*dialect, &certificate) >= 2, "{certificate:?}");
        certificate.row.transaction = Transaction::new(number + 1);
        assert_eq!(signed(&*dialect, &certificate), 0, "the votes are for another row");
    }
    let refused = client.certificate(1 << 40).await.expect_err("there is no such row");
    let ClientError::Refused { problem, .. } = refused else { panic!("{refused}") };
    assert_eq!(problem.code, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_peer_of_a_process_can_be_asked() {
    let (_, names, http, _) = served().await;
    let address = http.url().trim_start_matches("http://").to_owned();
    let ask = async |path: &str| {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        crate::harness::send(&address, &request).await
    };
    for (name, number) in names.iter().zip(1..) {
        // By its name, and by its number in the demo.
        for called in [name.to_string(), number.to_string()] {
            for path in [format!("/v1/status?peer={called}"), format!("/v1/peers/{called}")] {
                let answer = ask(&path).await;
                let status: PeerStatus = serde_json::from_str(&answer.body).expect(&answer.body);
                assert_eq!(&status.peer, name);
            }
        }
    }
    for (called, code) in
        [("7", Code::NotFound), ("0", Code::NotFound), ("x", Code::InvalidRequest)]
    {
        let problem = ask(&format!("/v1/status?peer={called}")).await.problem();
        assert_eq!(problem.code, code, "{}", problem.detail);
    }
    for called in ["4711".to_owned(), (names.len() + 1).to_string()] {
        let problem = ask(&format!("/v1/peers/{called}")).await.problem();
        assert!(problem.detail.contains("does not run at the moment"), "{}", problem.detail);
    }
    let problem = ask("/v1/status?peer=third").await.problem();
    assert!(problem.detail.contains("\"third\" names no peer"), "{}", problem.detail);
}

#[tokio::test]
async fn a_row_of_one_that_watches_is_found_by_its_transaction() {
    let dialect: Arc<dyn RoundsDialect> = Arc::new(ElectChain::new(Config::default()));
    let network = dialect.network();
    let mut store = Store::in_memory();
    let row = |number| {
        let record = Record {
            transaction: Transaction::new(number),
            difficulty: Difficulty::MIN,
            seed: Seed::from(7_u64),
            winner: PeerId::new(7),
        };
        let (votes, starts) = (Vec::new(), StartsDigest::default());
        Durable::Record(CertifiedRecord { record, term: Term::FIRST, votes, noes: 0, starts })
    };
    // It has come late, and was cut off for a while.
    store.commit(&[Durable::Session, row(606), row(607), row(700)]).expect("it is memory");
    let table = store.reader();
    let feed = Feed::default();
    let options = Options {
        dialect: Arc::clone(&dialect),
        name: None,
        seat: Seat::Watcher,
        id: None,
        store,
        parallelism: None,
        solution_cache: false,
        never_copied: false,
        clock: Clock::start(),
        feed: feed.clone(),
    };
    let (peer, node) = watch(options, &Watch::default()).expect("an empty store");
    let process = Process::new(About::network(Mode::Watch, network.dialect(), &network), feed);
    let asked =
        Asked::rounds(network.dialect(), peer.into(), node.commands(), table, 0, dialect.clone());
    process.add(asked.watching());
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let http = Http::serve(&Serving::here(anywhere), process).await.expect("a port is free");
    let client = Client::at_url(&http.url(), None, None).expect("it is a URL");
    let numbers = async |from| {
        let page = client.rows(from).await.expect("it is asked");
        assert_eq!((page.total, page.next), (3, None));
        page.items.iter().map(|row| row.transaction.number()).collect::<Vec<_>>()
    };
    assert_eq!(numbers(0).await, [606, 607, 700]);
    assert_eq!(numbers(607).await, [607, 700]);
    assert_eq!(numbers(608).await, [700]);
    assert_eq!(numbers(701).await, [0; 0]);
    node.run(Bus::new().join(dialect.topics()), std::future::ready(())).await.expect("it ends");
}

//! Numbers for Prometheus. Their names and meanings are in `docs/metrics.md`, and do not change.
//!
//! What happened is counted from the feed; how things stand is asked when it is looked.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use althing_api::{EngineStatus, PeerStatus, RoundsStatus};
use althing_feed::{
    AssemblyEvent, ChainEvent, Event, PeerEvent, Record, RoundsEvent, Subscription,
};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Peers of which account is kept. A peer of a chain that starts again has another name each time.
const PEERS_MAX: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPeer {
    peer: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    peer: String,
    kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStatus {
    status: u16,
}

type Counted<L = OfPeer> = Family<L, Counter>;
type Now = Family<OfPeer, Gauge<f64, AtomicU64>>;

/// The numbers of a process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    peers: Mutex<BTreeSet<String>>,
    happened: Happened,
    stands: Stands,
    requests: Counted<OfStatus>,
}

/// How often what has happened.
#[derive(Clone, Debug, Default)]
struct Happened {
    rounds_decided: Counted,
    leader_changes: Counted,
    reorganisations: Counted,
    blocks_connected: Counted,
    leaders_passed_over: Counted,
    refused: Counted<Refusal>,
    missed: Counter,
}

/// How things stand with each peer, as its status says.
#[derive(Clone, Debug, Default)]
struct Stands {
    received: Counted,
    refused: Counted,
    hashes: Counted,
    known_peers: Now,
    height: Now,
    mempool: Now,
    term: Now,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("althing");
        let (happened, stands) = (Happened::default(), Stands::default());
        let requests = Counted::<OfStatus>::default();
        let of_peer: [(&str, &str, &Counted); 8] = [
            ("rounds_decided", "Rows that have entered the table", &happened.rounds_decided),
            ("leader_changes", "Elections that a leader has won", &happened.leader_changes),
            ("reorganisations", "Times that blocks were replaced", &happened.reorganisations),
            (
                "blocks_connected",
                "Blocks that count and did not before",
                &happened.blocks_connected,
            ),
            (
                "leaders_passed_over",
                "Views of an assembly that have ended without a block",
                &happened.leaders_passed_over,
            ),
            ("messages_received", "Messages that have arrived", &stands.received),
            ("messages_refused", "Messages that were refused", &stands.refused),
            ("hashes", "Hashes tried in its own searches", &stands.hashes),
        ];
        for (name, help, family) in of_peer {
            registry.register(name, help, family.clone());
        }
        let refusals = "Refused messages that were told of, by kind";
        registry.register("refusals", refusals, happened.refused.clone());
        registry.register(
            "records_missed",
            "Records that were not counted",
            happened.missed.clone(),
        );
        registry.register("http_requests", "Requests answered", requests.clone());
        for (name, help, family) in [
            ("known_peers", "Peers that it knows now", &stands.known_peers),
            ("height", "Rows in its table, or blocks in its chain", &stands.height),
            ("mempool_entries", "Entries that wait for a block", &stands.mempool),
            ("term", "The term of the leader, or the view of an assembly", &stands.term),
        ] {
            registry.register(name, help, family.clone());
        }
        Self { registry, peers: Mutex::default(), happened, stands, requests }
    }
}

impl Metrics {
    /// Counts a request by the status of its answer.
    pub(crate) fn count_request(&self, status: u16) {
        self.requests.get_or_create(&OfStatus { status }).inc();
    }

    /// Counts what happens, until the feed ends.
    pub(crate) async fn follow(&self, mut records: Subscription) {
        while let Some(next) = records.next().await {
            match next {
                Ok(record) => self.count(&record),
                Err(lagged) => {
                    self.happened.missed.inc_by(lagged.missed);
                }
            }
        }
    }

    fn count(&self, record: &Record) {
        let Some(peer) = record.peer.as_ref().map(ToString::to_string) else { return };
        if !self.knows(&peer) {
            return;
        }
        let happened = &self.happened;
        let of_peer = OfPeer { peer };
        match &record.event {
            Event::Rounds(RoundsEvent::RoundDecided { .. }) => {
                happened.rounds_decided.get_or_create(&of_peer).inc();
            }
            Event::Rounds(RoundsEvent::LeaderElected { .. }) => {
                happened.leader_changes.get_or_create(&of_peer).inc();
            }
            Event::Chain(ChainEvent::TipChanged { disconnected, connected, .. }) => {
                let connected = u64::try_from(*connected).unwrap_or(u64::MAX);
                happened.blocks_connected.get_or_create(&of_peer).inc_by(connected);
                if *disconnected > 0 {
                    happened.reorganisations.get_or_create(&of_peer).inc();
                }
            }
            Event::Assembly(AssemblyEvent::BlockCommitted { .. }) => {
                happened.blocks_connected.get_or_create(&of_peer).inc();
            }
            Event::Assembly(AssemblyEvent::LeaderPassedOver { .. }) => {
                happened.leaders_passed_over.get_or_create(&of_peer).inc();
            }
            Event::Peer(PeerEvent::MessageRefused { kind, count, .. }) => {
                let refusal = Refusal { peer: of_peer.peer, kind: kind.clone() };
                happened.refused.get_or_create(&refusal).inc_by(count.unwrap_or(1));
            }
            _ => {}
        }
    }

    /// Returns whether account is kept of a peer, which it is from now on if there is room.
    fn knows(&self, peer: &str) -> bool {
        is_known(&mut self.peers(), peer)
    }

    fn peers(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of how things stand with a peer.
    pub(crate) fn set(&self, status: &PeerStatus) {
        let of_peer = OfPeer { peer: status.peer.to_string() };
        // To the end, so that two who ask at once do not both add the same difference.
        let mut peers = self.peers();
        if !is_known(&mut peers, &of_peer.peer) {
            return;
        }
        let stands = &self.stands;
        for (family, value) in [
            (&stands.received, status.received),
            (&stands.refused, status.refused),
            (&stands.hashes, status.hashes),
        ] {
            let counter = family.get_or_create(&of_peer);
            counter.inc_by(value.saturating_sub(counter.get()));
        }
        let set = |family: &Now, value: u64| {
            #[expect(clippy::cast_precision_loss, reason = "Prometheus has such numbers")]
            family.get_or_create(&of_peer).set(value as f64);
        };
        match &status.engine {
            EngineStatus::Rounds(RoundsStatus { rows, members, term, .. }) => {
                set(&stands.height, *rows);
                set(&stands.known_peers, members.len() as u64);
                set(&stands.term, *term);
            }
            EngineStatus::Chain(chain) => {
                set(&stands.height, chain.blocks);
                set(&stands.known_peers, chain.peers.len() as u64);
                set(&stands.mempool, chain.mempool as u64);
            }
            EngineStatus::Assembly(assembly) => {
                set(&stands.height, assembly.height);
                set(&stands.known_peers, assembly.members.len() as u64);
                set(&stands.term, assembly.view);
                set(&stands.mempool, assembly.mempool as u64);
            }
        }
    }

    /// Returns all numbers, as Prometheus reads them.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("a text takes anything");
        text
    }
}

fn is_known(peers: &mut BTreeSet<String>, peer: &str) -> bool {
    peers.contains(peer) || (peers.len() < PEERS_MAX && peers.insert(peer.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use althing_engine::Ground;
    use althing_feed::{Feed, Id};
    use althing_types::{Address, BlockHash, Height, Moment, PeerId};

    use super::*;

    async fn counted(events: impl IntoIterator<Item = Event>) -> String {
        let feed = Feed::new(NonZeroUsize::new(64).expect("it is not zero"));
        let source = feed.source(None, Some(PeerId::new(7).into()));
        let records = feed.subscribe();
        for event in events {
            source.publish(Moment::START, event);
        }
        feed.close();
        let metrics = Metrics::default();
        metrics.follow(records).await;
        metrics.text()
    }

    fn ground(kind: &'static str) -> Ground {
        Ground { kind, rule: None, is_breach: true }
    }

    #[tokio::test]
    async fn what_happens_is_counted_by_its_peer() {
        let tip = |disconnected| ChainEvent::TipChanged {
            height: Height::new(3),
            hash: BlockHash::from_bytes([0; 32]),
            disconnected,
            connected: 2,
        };
        let address = Address::new("192.0.2.1", 7).expect("a host");
        let text = counted([
            tip(0).into(),
            tip(1).into(),
            PeerEvent::refused(PeerId::new(8), ground("signature_wrong"), "words".to_owned())
                .into(),
            PeerEvent::refused_from(&address.into(), ground("not_a_message"), String::new()).into(),
            PeerEvent::further_refused(12).into(),
        ])
        .await;
        for line in [
            "althing_blocks_connected_total{peer=\"7\"} 4",
            "althing_reorganisations_total{peer=\"7\"} 1",
            "althing_refusals_total{peer=\"7\",kind=\"signature_wrong\"} 1",
            "althing_refusals_total{peer=\"7\",kind=\"not_a_message\"} 1",
            "althing_refusals_total{peer=\"7\",kind=\"further\"} 12",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn what_several_ask_for_at_once_is_counted_once() {
        let metrics = Metrics::default();
        let status = |received| {
            let json = serde_json::json!({
                "time": "", "network": "aviary", "peer": "192.0.2.1:7", "received": received,
                "refused": 0, "hashes": 0, "due": [], "blocks": 1, "tip": null, "height": null,
                "peers": [], "mempool": 0, "mining": false, "searching": null, "joined": true,
            });
            serde_json::from_value::<PeerStatus>(json).expect("as the API has it")
        };
        for received in (0..20_000).step_by(100) {
            std::thread::scope(|scope| {
                (0..4).for_each(|_| drop(scope.spawn(|| metrics.set(&status(received)))));
            });
        }
        let line = "althing_messages_received_total{peer=\"192.0.2.1:7\"} 19900";
        let text = metrics.text();
        assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
    }

    #[test]
    fn account_is_kept_of_so_many_peers_and_no_more() {
        let metrics = Metrics::default();
        let known = (0..10_000_u128).filter(|id| metrics.knows(&Id(*id).to_string())).count();
        assert_eq!(known, PEERS_MAX);
        assert!(metrics.knows("7"), "it was there before");
    }

    /// Returns numbers of all kinds: one that has never been counted is not told.
    fn all_at_once() -> Metrics {
        let metrics = Metrics::default();
        let of_peer = || OfPeer { peer: "7".to_owned() };
        let (happened, stands) = (&metrics.happened, &metrics.stands);
        for family in [
            &happened.rounds_decided,
            &happened.leader_changes,
            &happened.reorganisations,
            &happened.blocks_connected,
            &happened.leaders_passed_over,
            &stands.received,
            &stands.refused,
            &stands.hashes,
        ] {
            family.get_or_create(&of_peer()).inc();
        }
        for family in [&stands.known_peers, &stands.height, &stands.mempool, &stands.term] {
            family.get_or_create(&of_peer()).set(1.0);
        }
        let refusal = Refusal { peer: "7".to_owned(), kind: "further".to_owned() };
        happened.refused.get_or_create(&refusal).inc();
        metrics.count_request(200);
        metrics
    }

    #[test]
    fn every_number_is_documented_and_nothing_else_is() {
        let page = include_str!("../../../docs/metrics.md");
        let documented: BTreeSet<&str> = page
            .split('`')
            .filter(|word| word.starts_with("althing_") && !word.contains(' '))
            .collect();
        let mut names = BTreeSet::new();
        let text = all_at_once().text();
        for line in text.lines() {
            let mut words = line.split(' ');
            if (words.next(), words.next()) == (Some("#"), Some("TYPE")) {
                let name = words.next().expect("a name");
                let is_counter = words.next() == Some("counter");
                names.insert(if is_counter { format!("{name}_total") } else { name.to_owned() });
            }
        }
        assert!(names.iter().map(String::as_str).eq(documented), "{names:?}");
        let dashboard = include_str!("../../../contrib/grafana.json");
        let shown = dashboard.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
        let shown: BTreeSet<&str> = shown.filter(|word| word.starts_with("althing_")).collect();
        assert!(shown.len() > 5);
        assert!(shown.iter().all(|name| names.contains(*name)), "{shown:?} are not all there");
    }
}

//! The state of a network with a chain, folded from events.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_feed::{ChainEvent, DemoEvent, Event, PeerEvent, PeerName, Record};
use althing_text::terminal::escaped_start as harmless;
use althing_types::{Address, BlockHash, Height, Moment, PeerId};

use super::broken::{Broken, Change, changed};
use super::hash_rate::HashRates;
use super::peers::PEERS_MAX;
use super::text::TEXT_MAX;

/// Heights that are kept, the last ones.
pub const HEIGHTS_MAX: usize = 1000;

/// Blocks kept of one height.
const RIVALS_MAX: usize = 8;

/// The state that the screen shows of a network with a chain: pure, without a terminal or a clock.
///
/// It believes the peers of this process, and knows of no others.
#[derive(Debug)]
pub struct ChainBoard {
    /// The dialect of the network, harmless to show.
    pub dialect: String,
    /// Where its peers meet, or where the page is that shows it.
    pub place: String,
    /// How many hashes a block takes on average, where that is known.
    pub hashes_for_a_block: Option<f64>,
    /// Blocks after which it ends.
    pub blocks_wanted: Option<u64>,
    peers: Vec<ChainPeer>,
    places: BTreeMap<Address, usize>,
    heights: BTreeMap<Height, Rivals>,
    /// How fast the peers hash, by their [`ChainPeer::id`].
    pub hash_rates: HashRates,
    /// The last entry that waits for a block, and how many there have been.
    pub entry: Option<(String, u64)>,
    /// The last peer that went over to another branch: its number, blocks left, blocks joined.
    pub change: Option<(usize, usize, usize)>,
    /// When the last block was found.
    pub last_block: Option<Moment>,
    /// What its user has done to it.
    pub broken: Broken,
}

/// A peer of this process.
#[derive(Clone, Debug)]
pub struct ChainPeer {
    /// How many came before it, and itself.
    pub number: usize,
    /// The address at which the others reach it.
    pub address: Address,
    /// Whether it is connected.
    pub is_connected: bool,
    /// Whether it was killed, and not yet started again.
    pub is_down: bool,
    /// Whether it was made to stand still.
    pub is_frozen: bool,
    /// Whether it was made to break the rules.
    pub is_byzantine: bool,
    /// Whether it only watches, and is no peer of the network.
    pub is_watching: bool,
    /// Blocks that it has found.
    pub found: u64,
    /// The last block of its chain.
    pub tip: Option<(Height, BlockHash)>,
    /// The last block of its chain when that was so long.
    tips: BTreeMap<Height, BlockHash>,
}

/// The blocks of one height.
#[derive(Debug, Default)]
struct Rivals {
    blocks: Vec<Found>,
    /// The one that counts.
    chosen: usize,
}

/// A block that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its hash.
    pub hash: BlockHash,
    /// The number of the peer that found it, if it was one of this process.
    pub finder: Option<usize>,
    /// When it was found, or first heard of.
    pub at: Moment,
}

/// A block of the chain as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRow {
    /// Its height.
    pub height: Height,
    /// The block.
    pub block: Found,
    /// Others of the same height, which do not count.
    pub rivals: Vec<Found>,
    /// The time since the block before it, if that is known.
    pub took: Option<Duration>,
    /// How many peers have it in their chain.
    pub reached: usize,
}

impl ChainPeer {
    /// Returns the id under which its hash rate is kept.
    pub fn id(&self) -> PeerId {
        PeerId::new(self.number as u128)
    }
}

impl ChainBoard {
    /// Returns the board of a network whose peers have not come yet, in which a block takes so many
    /// hashes, and which ends after so many blocks, if it ever does; `place` is shown beside it.
    pub fn new(
        dialect: &str,
        hashes_for_a_block: Option<f64>,
        blocks_wanted: Option<u64>,
        place: String,
    ) -> Self {
        Self {
            dialect: harmless(dialect, TEXT_MAX),
            place,
            hashes_for_a_block,
            blocks_wanted,
            peers: Vec::new(),
            places: BTreeMap::new(),
            heights: BTreeMap::new(),
            hash_rates: HashRates::default(),
            entry: None,
            change: None,
            last_block: None,
            broken: Broken::default(),
        }
    }

    /// Takes in an event of any peer of this process.
    pub fn apply(&mut self, record: &Record) {
        if let Event::Demo(event) = &record.event {
            self.on_demo(event);
        }
        let Some(PeerName::Address(address)) = &record.peer else { return };
        let Some(place) = self.place(address) else { return };
        match &record.event {
            Event::Peer(PeerEvent::Started { watching: true, .. }) => self.watch(address),
            Event::Peer(PeerEvent::Connected {}) => self.peers[place].is_connected = true,
            Event::Peer(PeerEvent::Disconnected { .. }) => self.peers[place].is_connected = false,
            Event::Chain(event) => self.on_event(record.at, place, event),
            _ => {}
        }
    }

    fn on_demo(&mut self, event: &DemoEvent) {
        self.broken.note(event);
        let Some((PeerName::Address(address), change)) = changed(event) else { return };
        let Some(place) = self.places.get(address) else { return };
        let number = place + 1;
        match change {
            Change::Crashed => self.set_down(number, true),
            Change::Restarted { is_byzantine } => {
                self.set_down(number, false);
                self.peers[number - 1].is_byzantine = is_byzantine;
            }
            Change::Frozen(is_frozen) => self.peers[number - 1].is_frozen = is_frozen,
        }
    }

    fn on_event(&mut self, at: Moment, place: usize, event: &ChainEvent) {
        match event {
            ChainEvent::BlockMined { height, hash } => {
                self.peers[place].found += 1;
                self.last_block = Some(at);
                let finder = Some(self.peers[place].number);
                self.note(*height, Found { hash: *hash, finder, at });
            }
            ChainEvent::TipChanged { height, hash, disconnected, connected } => {
                self.on_tip(at, place, (*height, *hash), *connected);
                if *disconnected > 0 {
                    self.change = Some((self.peers[place].number, *disconnected, *connected));
                }
            }
            ChainEvent::EntryPooled { entry, .. } => {
                let text = harmless(entry, TEXT_MAX);
                let is_new = self.entry.as_ref().is_none_or(|(known, _)| *known != text);
                if is_new {
                    let count = self.entry.as_ref().map_or(0, |(_, count)| *count);
                    self.entry = Some((text, count.saturating_add(1)));
                }
            }
            _ => {}
        }
    }

    /// The chain that counts is the one that a peer has come to last.
    fn on_tip(&mut self, at: Moment, place: usize, tip: (Height, BlockHash), connected: usize) {
        let (height, hash) = tip;
        self.note(height, Found { hash, finder: None, at });
        self.choose(height, hash);
        // The blocks before it are those that its finder had.
        let finder = self
            .heights
            .get(&height)
            .and_then(|rivals| rivals.blocks.iter().find(|block| block.hash == hash)?.finder);
        let known = finder.and_then(|number| self.peers.get(number - 1));
        let before: Vec<(Height, BlockHash)> = known.map_or_else(Vec::new, |finder| {
            let heights = finder.tips.range(..height).rev();
            heights
                .take(connected.saturating_sub(1))
                .map(|(height, hash)| (*height, *hash))
                .collect()
        });
        for (height, hash) in before {
            self.choose(height, hash);
        }
        let peer = &mut self.peers[place];
        peer.tip = Some(tip);
        peer.tips.insert(height, hash);
        if peer.tips.len() > HEIGHTS_MAX {
            peer.tips.pop_first();
        }
    }

    fn note(&mut self, height: Height, found: Found) {
        let rivals = self.heights.entry(height).or_default();
        let known = rivals.blocks.iter_mut().find(|block| block.hash == found.hash);
        if let Some(known) = known {
            known.finder = known.finder.or(found.finder);
        } else if rivals.blocks.len() < RIVALS_MAX {
            rivals.blocks.push(found);
        }
        if self.heights.len() > HEIGHTS_MAX {
            self.heights.pop_first();
        }
    }

    fn choose(&mut self, height: Height, hash: BlockHash) {
        if let Some(rivals) = self.heights.get_mut(&height) {
            let place = rivals.blocks.iter().position(|block| block.hash == hash);
            rivals.chosen = place.unwrap_or(rivals.chosen);
        }
    }

    /// Lists a peer, so that it has its place before it is heard.
    pub fn add(&mut self, address: &Address) {
        self.place(address);
    }

    /// Notes that the one at this address only watches.
    pub fn watch(&mut self, address: &Address) {
        if let Some(place) = self.place(address) {
            self.peers[place].is_watching = true;
        }
    }

    /// Has a peer that was started again use another address.
    pub fn move_to(&mut self, number: usize, address: &Address) {
        let Some(peer) = number.checked_sub(1).and_then(|place| self.peers.get_mut(place)) else {
            return;
        };
        self.places.remove(&peer.address);
        peer.address = address.clone();
        self.places.insert(address.clone(), number - 1);
    }

    /// Notes that a peer was killed, or runs again.
    pub fn set_down(&mut self, number: usize, is_down: bool) {
        if let Some(peer) = number.checked_sub(1).and_then(|place| self.peers.get_mut(place)) {
            peer.is_down = is_down;
            peer.is_frozen = false;
            peer.is_connected &= !is_down;
        }
    }

    /// Notes how many hashes each peer has tried so far, in the order in which they came.
    pub fn set_hashes(&mut self, at: Moment, totals: impl Iterator<Item = u64>) {
        for (peer, total) in self.peers.iter().zip(totals) {
            self.hash_rates.note(at, peer.id(), total);
        }
    }

    /// Returns the peers, in the order in which they came.
    pub fn peers(&self) -> &[ChainPeer] {
        &self.peers
    }

    /// Returns whether the network is only watched here.
    pub fn is_watched(&self) -> bool {
        self.peers.iter().any(|peer| peer.is_watching)
    }

    /// Returns how many peers are connected.
    pub fn connected(&self) -> usize {
        self.peers.iter().filter(|peer| peer.is_connected).count()
    }

    /// Returns the number of the peer that found the last block of the chain.
    pub fn last_finder(&self) -> Option<usize> {
        let (_, rivals) = self.heights.last_key_value()?;
        rivals.blocks.get(rivals.chosen)?.finder
    }

    /// Returns the height of the longest chain.
    pub fn height(&self) -> Option<Height> {
        self.peers.iter().filter_map(|peer| peer.tip.map(|(height, _)| height)).max()
    }

    /// Returns a value that changes whenever something happens that can be seen.
    pub fn progress(&self) -> impl PartialEq + use<> {
        let tips: Vec<_> = self.peers.iter().map(|peer| (peer.tip, peer.is_connected)).collect();
        let found: u64 = self.peers.iter().map(|peer| peer.found).sum();
        (tips, found, self.entry.as_ref().map(|(_, count)| *count))
    }

    /// Returns whether all blocks that are wanted are there.
    pub fn is_finished(&self) -> bool {
        let found = || self.heights.values().filter(|rivals| rivals.is_found()).count() as u64;
        self.blocks_wanted.is_some_and(|wanted| found() >= wanted)
    }

    /// Returns the last blocks of the chain that were found here, at most so many of them, the
    /// earliest first.
    pub fn rows(&self, most: usize) -> Vec<BlockRow> {
        let skipped = self.heights.len().saturating_sub(most);
        let before = skipped.checked_sub(1).and_then(|last| self.heights.values().nth(last));
        let mut last = before.and_then(|rivals| rivals.blocks.get(rivals.chosen)).map(|it| it.at);
        let mut rows = Vec::new();
        for (height, rivals) in self.heights.iter().skip(skipped) {
            let Some(block) = rivals.blocks.get(rivals.chosen) else { continue };
            let others = rivals.blocks.iter().filter(|other| other.hash != block.hash);
            rows.push(BlockRow {
                height: *height,
                block: *block,
                rivals: others.copied().collect(),
                took: last.map(|last| block.at - last),
                reached: self.reached(*height, block.hash),
            });
            last = Some(block.at);
        }
        rows
    }

    fn reached(&self, height: Height, hash: BlockHash) -> usize {
        let has = |peer: &&ChainPeer| {
            peer.tip.is_some_and(|(tip, of)| tip > height || (tip == height && of == hash))
        };
        self.peers.iter().filter(has).count()
    }

    fn place(&mut self, address: &Address) -> Option<usize> {
        if let Some(place) = self.places.get(address) {
            return Some(*place);
        }
        let place = self.peers.len();
        if place >= PEERS_MAX {
            return None;
        }
        self.places.insert(address.clone(), place);
        self.peers.push(ChainPeer {
            number: place + 1,
            address: address.clone(),
            is_connected: false,
            is_down: false,
            is_frozen: false,
            is_byzantine: false,
            is_watching: false,
            found: 0,
            tip: None,
            tips: BTreeMap::new(),
        });
        Some(place)
    }
}

impl Rivals {
    /// Returns whether the block that counts was found here, and is not of a founder.
    fn is_found(&self) -> bool {
        self.blocks.get(self.chosen).is_some_and(|block| block.finder.is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn address(number: usize) -> Address {
        Address::new("127.0.0.1", 9000 + u16::try_from(number).expect("a small number"))
            .expect("a host")
    }

    fn hash(byte: u8) -> BlockHash {
        BlockHash::from_bytes([byte; 32])
    }

    fn tell(board: &mut ChainBoard, millis: u64, peer: usize, event: ChainEvent) {
        let at = Moment::from_start(Duration::from_millis(millis));
        let (time, peer) = (SystemTime::UNIX_EPOCH, Some(PeerName::from(address(peer))));
        let event = Event::Chain(event);
        let names = std::collections::BTreeMap::new();
        board.apply(&Record { sequence: 0, time, at, network: None, peer, names, event });
    }

    fn mined(height: u64, byte: u8) -> ChainEvent {
        ChainEvent::BlockMined { height: Height::new(height), hash: hash(byte) }
    }

    fn tip(height: u64, byte: u8, disconnected: usize, connected: usize) -> ChainEvent {
        let (height, hash) = (Height::new(height), hash(byte));
        ChainEvent::TipChanged { height, hash, disconnected, connected }
    }

    fn board() -> ChainBoard {
        let mut board = ChainBoard::new("aviary", None, Some(3), String::new());
        (1..=3).for_each(|number| board.add(&address(number)));
        board
    }

    #[test]
    fn a_block_has_a_finder_and_reaches_one_peer_after_the_other() {
        let mut board = board();
        tell(&mut board, 1000, 1, tip(1, 1, 0, 1));
        tell(&mut board, 1000, 1, mined(1, 1));
        assert_eq!(board.rows(10)[0].reached, 1);
        tell(&mut board, 1100, 2, tip(1, 1, 0, 1));
        tell(&mut board, 5000, 2, tip(2, 2, 0, 1));
        tell(&mut board, 5000, 2, mined(2, 2));
        let rows = board.rows(10);
        assert_eq!((rows[0].reached, rows[0].block.finder), (2, Some(1)));
        assert_eq!((rows[1].reached, rows[1].block.finder), (1, Some(2)));
        assert_eq!((rows[1].took, board.last_finder()), (Some(Duration::from_secs(4)), Some(2)));
        assert_eq!(board.rows(1)[0].took, Some(Duration::from_secs(4)));
        assert!(!board.is_finished());
    }

    #[test]
    fn the_branch_that_a_peer_went_over_to_counts_and_the_other_blocks_are_rivals() {
        let mut board = board();
        for (peer, byte) in [(1, 1), (2, 2)] {
            tell(&mut board, 1000, peer, tip(1, byte, 0, 1));
            tell(&mut board, 1000, peer, mined(1, byte));
        }
        // The third peer follows the first, until the second has the longer chain.
        tell(&mut board, 1100, 3, tip(1, 1, 0, 1));
        assert_eq!(board.rows(10)[0].block.hash, hash(1));
        tell(&mut board, 2000, 2, tip(2, 3, 0, 1));
        tell(&mut board, 2000, 2, mined(2, 3));
        tell(&mut board, 2100, 3, tip(2, 3, 1, 2));
        let rows = board.rows(10);
        assert_eq!((rows[0].block.hash, rows[0].rivals[0].hash), (hash(2), hash(1)));
        assert_eq!((rows[1].block.hash, rows[1].reached), (hash(3), 2));
        assert_eq!(board.change, Some((3, 1, 2)));
    }

    #[test]
    fn what_a_user_does_to_peers_shows_until_they_start_again() {
        let mut board = board();
        let name = || PeerName::from(address(2));
        let mut tell = |event| {
            let (time, at) = (SystemTime::UNIX_EPOCH, Moment::START);
            let event = Event::Demo(event);
            let (network, peer, names) = (None, None, BTreeMap::new());
            board.apply(&Record { sequence: 0, time, at, network, peer, names, event });
            let peer = &board.peers()[1];
            (peer.is_down, peer.is_frozen, peer.is_byzantine)
        };
        let byzantine = Some("silent".to_owned());
        assert_eq!(tell(DemoEvent::PeerFrozen { frozen: name() }), (false, true, false));
        assert_eq!(tell(DemoEvent::PeerCrashed { crashed: name() }), (true, false, false));
        let restarted = DemoEvent::PeerRestarted { restarted: name(), byzantine };
        assert_eq!(tell(restarted), (false, false, true));
        let restarted = DemoEvent::PeerRestarted { restarted: name(), byzantine: None };
        assert_eq!(tell(restarted), (false, false, false));
        let stranger = DemoEvent::PeerCrashed { crashed: address(99).into() };
        assert_eq!(tell(stranger), (false, false, false));
    }

    #[test]
    fn a_killed_peer_keeps_its_place_under_another_address() {
        let mut board = board();
        board.set_down(2, true);
        assert!(board.peers()[1].is_down);
        board.move_to(2, &address(7));
        board.set_down(2, false);
        tell(&mut board, 1, 7, mined(1, 1));
        assert_eq!((board.peers().len(), board.peers()[1].found), (3, 1));
        board.set_down(9, true);
        board.move_to(0, &address(8));
    }

    #[test]
    fn whatever_is_told_the_board_stays_within_its_bounds() {
        let mut board = board();
        for number in 0..u64::try_from(HEIGHTS_MAX).expect("a small number") + 50 {
            for byte in 0..20 {
                tell(&mut board, number, 1 + usize::from(byte) % 3, mined(number, byte));
                tell(&mut board, number, 1 + usize::from(byte) % 3, tip(number, byte, 0, 1));
            }
        }
        for number in 0..PEERS_MAX + 20 {
            board.add(&address(number));
        }
        assert_eq!((board.heights.len(), board.peers().len()), (HEIGHTS_MAX, PEERS_MAX));
        assert!(board.heights.values().all(|rivals| rivals.blocks.len() <= RIVALS_MAX));
        assert!(board.peers.iter().all(|peer| peer.tips.len() <= HEIGHTS_MAX));
        assert_eq!(board.rows(5).len(), 5);
    }
}

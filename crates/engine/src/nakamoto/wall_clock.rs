//! What time it is, by our clock and by those of the others (rule B13).

use std::collections::BTreeMap;
use std::time::Duration;

use althing_ledger::Block;
use althing_types::{Address, Moment, UnixTime};

use super::{Event, Nakamoto, Output, SyncMethod};

/// The wall clock, and how far those of others differ from it.
#[derive(Clone, Debug)]
pub(super) struct WallClock {
    /// What it showed at a moment.
    read: (Moment, UnixTime),
    /// By how many seconds the last block that each peer announced is ahead of it.
    ahead: BTreeMap<Address, i64>,
    /// When the last block was announced.
    announced: Option<Moment>,
    is_told: bool,
}

/// Peers whose clocks are compared; the median of fewer than three says nothing.
const COMPARED: std::ops::RangeInclusive<usize> = 3..=16;

/// A difference that is told, in seconds. A block states the time at which the search for it began,
/// which may be a while ago.
const TOLD: i64 = 3600;

impl WallClock {
    pub(super) fn new(started: UnixTime) -> Self {
        Self {
            read: (Moment::START, started),
            ahead: BTreeMap::new(),
            announced: None,
            is_told: false,
        }
    }

    /// Returns what it shows.
    pub(super) fn show(&self, now: Moment) -> UnixTime {
        let (read, shown) = self.read;
        shown.after(now - read)
    }

    /// Returns how many peers are compared.
    pub(super) fn compared(&self) -> (usize, usize) {
        (self.ahead.len(), *COMPARED.end())
    }

    fn set(&mut self, now: Moment, shown: UnixTime) {
        *self = Self { read: (now, shown), announced: self.announced, ..Self::new(shown) };
    }

    /// Compares the time that a peer's new block states with ours. Returns how many seconds the
    /// others are ahead of us, if that is worth telling.
    fn compare(&mut self, now: Moment, peer: &Address, stated: UnixTime) -> Option<i64> {
        let seconds = |time: UnixTime| i64::try_from(time.seconds()).unwrap_or(i64::MAX);
        let ahead = seconds(stated).saturating_sub(seconds(self.show(now)));
        // The search for it may have begun when the block before it came.
        let searched = self.announced.map_or(Duration::ZERO, |before| now - before);
        let searched = i64::try_from(searched.as_secs()).unwrap_or(i64::MAX);
        let ahead = if ahead < 0 { ahead.saturating_add(searched).min(0) } else { ahead };
        if self.ahead.len() < *COMPARED.end() || self.ahead.contains_key(peer) {
            self.ahead.insert(peer.clone(), ahead);
        }
        let mut sorted: Vec<i64> = self.ahead.values().copied().collect();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).filter(|_| sorted.len() >= *COMPARED.start())?;
        let is_wrong = median.saturating_abs() >= TOLD;
        let is_news = is_wrong && !self.is_told;
        self.is_told = is_wrong;
        is_news.then_some(*median)
    }
}

impl Nakamoto {
    /// The clock has been set. Blocks that were too far ahead may be valid now, and the block that
    /// is searched for states a time that others may find too far ahead.
    pub(super) fn on_wall_clock(&mut self, now: Moment, shown: UnixTime, out: &mut Vec<Output>) {
        let jumps = self.wall.show(now) != shown;
        self.wall.set(now, shown);
        self.ledger.set_clock(shown);
        if jumps {
            self.miner.search_anew();
            match self.rules.sync {
                SyncMethod::WholeChain => self.ask_somebody_for_chain(now, out),
                SyncMethod::ByHeight | SyncMethod::HeadersFirst => self.ask_for_tips_now(now, out),
            }
        }
    }

    /// Compares the clock of a peer that announces a block with ours.
    pub(super) fn compare_clocks(
        &mut self,
        now: Moment,
        from: &Address,
        block: &Block,
        out: &mut Vec<Output>,
    ) {
        let Some(stated) = block.time().filter(|_| self.peers.contains(from)) else { return };
        if let Some(ahead) = self.wall.compare(now, from, stated) {
            out.push(Output::Event(Event::ClockWrong { ahead }));
        }
    }

    /// Takes note that a new block has come.
    pub(super) fn note_announced(&mut self, now: Moment) {
        self.wall.announced = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u16) -> Address {
        Address::new("192.0.2.1", number).expect("it has a host")
    }

    fn at(seconds: u64) -> Moment {
        Moment::from_start(Duration::from_secs(seconds))
    }

    #[test]
    fn three_others_that_agree_say_that_our_clock_is_wrong_and_one_liar_does_not() {
        for (ours, ahead) in [(1_000_000, 500_000), (2_000_000, -500_000)] {
            let mut clock = WallClock::new(UnixTime::from_seconds(ours));
            let theirs = UnixTime::from_seconds(1_500_000);
            assert_eq!(clock.compare(at(0), &peer(1), theirs), None);
            assert_eq!(clock.compare(at(0), &peer(1), theirs), None, "it is the same");
            assert_eq!(clock.compare(at(0), &peer(2), theirs), None);
            assert_eq!(clock.compare(at(0), &peer(3), theirs), Some(ahead));
            assert_eq!(clock.compare(at(0), &peer(4), theirs), None, "it is told once");
            clock.set(at(5), UnixTime::from_seconds(1_500_005));
            for number in 0..9 {
                assert_eq!(clock.compare(at(5), &peer(number), theirs), None);
            }
            let lie = UnixTime::from_seconds(1_700_000);
            assert_eq!(clock.compare(at(5), &peer(1), lie), None);
        }
    }

    #[test]
    fn a_block_that_took_long_to_find_says_nothing_against_our_clock() {
        let mut clock = WallClock::new(UnixTime::from_seconds(1_000_000));
        clock.announced = Some(at(0));
        for number in 1..5 {
            let stated = UnixTime::from_seconds(1_000_001);
            assert_eq!(clock.compare(at(50_000), &peer(number), stated), None);
        }
    }
}

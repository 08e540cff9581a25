use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::{Dialect, Wire};
use althing_types::Moment;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::chance::happens;
use crate::conditions::Conditions;
use crate::queue::{Queue, Route};
use crate::word::Word;

/// What lies between the peers: a broker that passes on what each says to all, and the ways to it.
pub(crate) struct Network {
    pub(crate) conditions: Conditions,
    rng: ChaCha8Rng,
    /// Peers on the far side of a partition.
    far: BTreeSet<usize>,
    /// Whether the sides are apart right now.
    parted: bool,
    /// How long each state of a flapping partition lasts, and which flapping that is.
    flap: Option<(Duration, u32)>,
    flappings: u32,
    /// Who is not heard by whom.
    cuts: BTreeSet<(usize, usize)>,
    /// Counts the broker's lives.
    epoch: u32,
    up: bool,
}

/// Whom a word is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Everyone,
    /// Only these: a broker cannot do that, but a dishonest peer and a friend of its could.
    Some(Vec<usize>),
}

/// Most bits that a damaged message has flipped.
const FLIPS_MAX: usize = 3;

impl Network {
    pub(crate) fn new(conditions: Conditions, rng: ChaCha8Rng) -> Self {
        Self {
            conditions,
            rng,
            far: BTreeSet::new(),
            parted: false,
            flap: None,
            flappings: 0,
            cuts: BTreeSet::new(),
            epoch: 0,
            up: true,
        }
    }

    /// Plans the deliveries of `word`, and returns how many peers it will not reach.
    pub(crate) fn carry(
        &mut self,
        now: Moment,
        word: &Arc<Word>,
        audience: &Audience,
        peers: usize,
        dialect: &dyn Dialect,
        queue: &mut Queue,
    ) -> usize {
        if !self.up {
            return peers;
        }
        let epoch = self.epoch;
        if *audience == Audience::Everyone
            && let Some(latency) = self.certain()
        {
            let route = Route::Everyone { next: 0, peers };
            queue.deliver(now + latency, Arc::clone(word), epoch, route);
            return 0;
        }
        let receivers = match audience {
            Audience::Everyone => (0..peers).collect(),
            Audience::Some(receivers) => receivers.clone(),
        };
        let mut route = Vec::with_capacity(receivers.len());
        let mut missed = 0;
        for to in receivers {
            let copies =
                if self.hears(word.from, to) { self.conditions.copies(&mut self.rng) } else { 0 };
            missed += usize::from(copies == 0);
            for _ in 0..copies {
                let at = now + self.conditions.latency.draw(&mut self.rng);
                if happens(self.conditions.corruption_percent, &mut self.rng) {
                    let damaged = Arc::new(self.damaged(word, dialect));
                    let alone = Route::Some(vec![(at, to)].into_iter());
                    queue.deliver(at, damaged, epoch, alone);
                } else {
                    route.push((at, to));
                }
            }
        }
        route.sort_by_key(|(at, _)| *at);
        if let Some((first, _)) = route.first().copied() {
            queue.deliver(first, Arc::clone(word), epoch, Route::Some(route.into_iter()));
        }
        missed
    }

    /// Plans the delivery of a stranger's word to all, right now and whatever stands in the way.
    pub(crate) fn carry_at_once(
        &self,
        now: Moment,
        word: &Arc<Word>,
        peers: usize,
        queue: &mut Queue,
    ) {
        let route = Route::Everyone { next: 0, peers };
        queue.deliver(now, Arc::clone(word), self.epoch, route);
    }

    /// Returns whether the broker still knows what it was given in this life of its.
    pub(crate) fn remembers(&self, epoch: u32) -> bool {
        self.up && epoch == self.epoch
    }

    pub(crate) fn partition(&mut self, side: impl IntoIterator<Item = usize>) {
        self.flap = None;
        self.far = side.into_iter().collect();
        self.parted = true;
    }

    /// Begins a partition that comes and goes, and returns which one it is.
    pub(crate) fn flap(&mut self, side: impl IntoIterator<Item = usize>, every: Duration) -> u32 {
        self.partition(side);
        self.flappings += 1;
        self.flap = Some((every, self.flappings));
        self.flappings
    }

    /// Turns a flapping partition to its other state, and returns how long that lasts.
    pub(crate) fn turn_flap(&mut self, flapping: u32) -> Option<Duration> {
        let (every, current) = self.flap?;
        (current == flapping).then(|| {
            self.parted = !self.parted;
            every
        })
    }

    pub(crate) fn cut(&mut self, from: usize, to: usize) {
        self.cuts.insert((from, to));
    }

    pub(crate) fn mend(&mut self) {
        self.partition([]);
        self.cuts.clear();
    }

    /// Takes the broker down, and returns the life of its that begins after that.
    pub(crate) fn take_down(&mut self) -> u32 {
        self.up = false;
        self.epoch += 1;
        self.epoch
    }

    /// Brings the broker up, unless it was taken down again since.
    pub(crate) fn bring_up(&mut self, epoch: u32) -> bool {
        let is_latest = epoch == self.epoch;
        self.up |= is_latest;
        is_latest
    }

    pub(crate) fn heal(&mut self, conditions: Conditions) {
        self.conditions = conditions;
        self.mend();
        self.up = true;
    }

    /// Returns how long every word takes to everybody, if nothing stands in the way.
    fn certain(&self) -> Option<Duration> {
        let parted = self.parted && !self.far.is_empty();
        (!parted && self.cuts.is_empty()).then(|| self.conditions.certain())?
    }

    fn hears(&self, from: Option<usize>, to: usize) -> bool {
        let Some(from) = from else { return true };
        let apart = self.parted && self.far.contains(&from) != self.far.contains(&to);
        !apart && !self.cuts.contains(&(from, to))
    }

    fn damaged(&mut self, word: &Word, dialect: &dyn Dialect) -> Word {
        let Wire { topic, mut payload } = word.wire.clone();
        if !payload.is_empty() {
            for _ in 0..self.rng.random_range(1..=FLIPS_MAX) {
                let byte = self.rng.random_range(0..payload.len());
                payload[byte] ^= 1 << self.rng.random_range(0..8);
            }
        }
        Word::read(word.from, Wire { topic, payload }, dialect)
    }
}

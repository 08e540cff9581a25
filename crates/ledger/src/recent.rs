//! The times of the last blocks, and their median, which the next block must be after (rule B13;
//! BIP 113 calls it median time past).

use althing_types::UnixTime;

/// Blocks whose times are compared with the next one's (rule B13).
const MEDIAN_OF: usize = 11;

/// The times of a block and of the ten before it, or of as many as there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecentTimes {
    /// The latest first.
    times: [UnixTime; MEDIAN_OF],
    count: usize,
}

impl RecentTimes {
    /// Returns the first of these times, which must be the latest first.
    pub(crate) fn new(times: impl Iterator<Item = UnixTime>) -> Self {
        let mut recent = Self { times: [UnixTime::default(); MEDIAN_OF], count: 0 };
        for (place, time) in recent.times.iter_mut().zip(times) {
            *place = time;
            recent.count += 1;
        }
        recent
    }

    /// Returns the times of the block after, which states `time`.
    pub(crate) fn with(mut self, time: UnixTime) -> Self {
        self.times.rotate_right(1);
        self.times[0] = time;
        self.count = MEDIAN_OF.min(self.count + 1);
        self
    }

    /// Returns their median.
    pub(crate) fn median(&self) -> UnixTime {
        let mut sorted = self.times;
        let sorted = &mut sorted[..self.count];
        sorted.sort_unstable();
        sorted.get(self.count / 2).copied().unwrap_or_default()
    }
}

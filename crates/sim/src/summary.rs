//! The result of a run, in numbers.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use althing_types::Moment;

/// The result of a run, in numbers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// The names of `decided` and `changes` in this kind of network.
    pub names: Names,
    /// The run's seed.
    pub seed: u64,
    /// Peers that took part, without copies.
    pub peers: usize,
    /// Copies of some of them that took part beside those.
    pub copies: usize,
    /// How long it ran, in virtual time.
    pub time: Duration,
    /// Rows that honest peers have recorded, or blocks of the longest chain of one.
    pub decided: u64,
    /// Leaders that were elected, each in a term of its own; or changes to another branch of the
    /// chain, each counted at every peer.
    pub changes: u64,
    /// Messages that peers sent.
    pub published: u64,
    /// Messages that reached a peer: each once for everyone it reached.
    pub delivered: u64,
    /// Deliveries that did not take place, for any reason.
    pub missed: u64,
    /// Messages that peers refused, by their meaning or because they made no sense.
    pub refused: u64,
    /// Faults that began, and faults that ended.
    pub faults: u64,
    /// What held at every step, for all honest peers.
    pub checked: &'static [&'static str],
    /// How long it takes from one decision to the next.
    pub decision_time: Option<Spread>,
    /// How long the network takes, after a fault or the end of one, until it has decided something
    /// that was begun since. Of faults that follow each other faster than that, the last one
    /// counts.
    pub recovery: Option<Spread>,
}

/// The names of the numbers, in one kind of network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// The name of a decision, in the singular: `round`, `block`.
    pub decision: &'static str,
    /// The same in the plural.
    pub decisions: &'static str,
    /// The name of [`Summary::changes`], in the plural: elections, say.
    pub changes: &'static str,
}

/// How durations are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// How many there are.
    pub count: usize,
    /// Half of them are no longer than this.
    pub p50: Duration,
    /// None is longer.
    pub max: Duration,
}

impl Summary {
    /// Returns the messages that one peer sent for each decision.
    pub fn published_per_decision_and_peer(&self) -> Option<f64> {
        ratio(self.published, self.decided * self.participants())
    }

    /// Returns the messages that reached one peer for each decision.
    pub fn delivered_per_decision_and_peer(&self) -> Option<f64> {
        ratio(self.delivered, self.decided * self.participants())
    }

    fn participants(&self) -> u64 {
        (self.peers + self.copies) as u64
    }
}

fn ratio(count: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| count as f64 / of as f64)
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, peers, time, decided, changes, names, .. } = self;
        let copies = match self.copies {
            0 => String::new(),
            1 => " and 1 copy".to_owned(),
            copies => format!(" and {copies} copies"),
        };
        writeln!(f, "seed {seed}: {peers} peers{copies} for {:.1} s", time.as_secs_f64())?;
        writeln!(f, "{:<20} {decided}", format!("{} decided", names.decisions))?;
        writeln!(f, "{:<20} {changes}", names.changes)?;
        for (what, total, each) in [
            ("messages published  ", self.published, self.published_per_decision_and_peer()),
            ("messages delivered  ", self.delivered, self.delivered_per_decision_and_peer()),
        ] {
            write!(f, "{what} {total}")?;
            match each {
                Some(each) => writeln!(f, " ({each:.1} per {} and peer)", names.decision)?,
                None => writeln!(f)?,
            }
        }
        writeln!(f, "deliveries missed    {}", self.missed)?;
        writeln!(f, "messages refused     {}", self.refused)?;
        writeln!(f, "faults               {}", self.faults)?;
        let time = format!("time of a {}", names.decision);
        writeln!(f, "{time:<20} {}", Spread::show(self.decision_time))?;
        writeln!(f, "time to recover      {}", Spread::show(self.recovery))?;
        write!(f, "held at every step   {}", self.checked.join(";\n                     "))
    }
}

impl Spread {
    /// Returns how `durations` are spread; `None` if there are none.
    pub(crate) fn of(durations: &[Duration]) -> Option<Self> {
        let mut sorted = durations.to_vec();
        sorted.sort_unstable();
        let (max, p50) = (*sorted.last()?, sorted[(sorted.len() - 1) / 2]);
        Some(Self { count: sorted.len(), p50, max })
    }

    fn show(spread: Option<Self>) -> String {
        match spread {
            Some(Self { count, p50, max }) => {
                let (p50, max) = (p50.as_secs_f64(), max.as_secs_f64());
                format!("p50 {p50:.2} s, at most {max:.2} s ({count} times)")
            }
            None => "never".to_owned(),
        }
    }
}

/// Counts what happens in a run.
#[derive(Debug, Default)]
pub struct Counters {
    pub(crate) published: u64,
    pub(crate) delivered: u64,
    pub(crate) missed: u64,
    pub(crate) refused: u64,
    pub(crate) faults: u64,
    pub(crate) changes: u64,
    /// When each undecided number was last begun.
    begun: BTreeMap<u64, Moment>,
    /// The highest number decided, and when.
    decided: Option<(u64, Moment)>,
    decision_times: Vec<Duration>,
    disturbed: Option<Moment>,
    recoveries: Vec<Duration>,
}

impl Counters {
    /// Takes note that a fault has come, or ended.
    pub(crate) fn disturb(&mut self, now: Moment) {
        self.faults += 1;
        self.disturbed = Some(now);
    }

    /// Takes note that the network has begun to decide on `number`: a row, or a height.
    pub(crate) fn begin(&mut self, now: Moment, number: u64) {
        self.begun.insert(number, now);
    }

    /// Takes note that a peer has decided on `number`; the first one to do so counts.
    pub(crate) fn decide(&mut self, now: Moment, number: u64) {
        if self.decided.is_some_and(|(last, _)| last >= number) {
            return;
        }
        if let Some((_, before)) = self.decided.replace((number, now)) {
            self.decision_times.push(now - before);
        }
        let begun = self.begun.get(&number).copied();
        self.begun = self.begun.split_off(&(number + 1));
        if let (Some(disturbed), Some(begun)) = (self.disturbed, begun)
            && begun >= disturbed
        {
            self.recoveries.push(now - disturbed);
            self.disturbed = None;
        }
    }

    pub(crate) fn summary(
        &self,
        names: Names,
        (seed, peers, copies): (u64, usize, usize),
        now: Moment,
        (decided, checked): (u64, &'static [&'static str]),
    ) -> Summary {
        Summary {
            names,
            seed,
            peers,
            copies,
            time: now.since_start(),
            decided,
            changes: self.changes,
            published: self.published,
            delivered: self.delivered,
            missed: self.missed,
            refused: self.refused,
            faults: self.faults,
            checked,
            decision_time: Spread::of(&self.decision_times),
            recovery: Spread::of(&self.recoveries),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_no_longer_than_half() {
        let seconds = |seconds: &[u64]| -> Vec<Duration> {
            seconds.iter().map(|seconds| Duration::from_secs(*seconds)).collect()
        };
        let spread = |count, p50, max| Spread {
            count,
            p50: Duration::from_secs(p50),
            max: Duration::from_secs(max),
        };
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&seconds(&[3])), Some(spread(1, 3, 3)));
        assert_eq!(Spread::of(&seconds(&[9, 1, 2, 3])), Some(spread(4, 2, 9)));
    }
}

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use althing_engine::rounds::Event;
use althing_types::{Moment, PeerId, Term, Transaction};

/// What a run has come to, in numbers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// The run's seed.
    pub seed: u64,
    /// Peers that took part.
    pub peers: usize,
    /// How long it ran, in virtual time.
    pub time: Duration,
    /// Rows that honest peers have recorded.
    pub rounds: u64,
    /// Leaders that were elected, each in a term of its own.
    pub elections: u64,
    /// Messages that peers said.
    pub published: u64,
    /// Messages that reached a peer: each once for everyone it reached.
    pub delivered: u64,
    /// Deliveries that did not come about, for whatever reason.
    pub missed: u64,
    /// Messages that peers refused, by their meaning or because they made no sense.
    pub refused: u64,
    /// Faults that came to pass.
    pub faults: u64,
    /// How long a round takes, from one decision to the next.
    pub round_time: Option<Spread>,
    /// How long the network takes, after a fault or the end of one, until it has decided a row
    /// that was asked for since. Of faults that follow each other faster than that, the last one
    /// counts.
    pub recovery: Option<Spread>,
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
    /// Returns the messages that the peers said for each round, together.
    pub fn published_per_round(&self) -> Option<f64> {
        ratio(self.published, self.rounds)
    }

    /// Returns the messages that one peer said for each round.
    pub fn published_per_round_and_peer(&self) -> Option<f64> {
        ratio(self.published, self.rounds * self.peers as u64)
    }

    /// Returns the messages that reached the peers for each round, together.
    pub fn delivered_per_round(&self) -> Option<f64> {
        ratio(self.delivered, self.rounds)
    }

    /// Returns the messages that reached one peer for each round.
    pub fn delivered_per_round_and_peer(&self) -> Option<f64> {
        ratio(self.delivered, self.rounds * self.peers as u64)
    }
}

fn ratio(count: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| count as f64 / of as f64)
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, peers, time, rounds, elections, .. } = self;
        writeln!(f, "seed {seed}: {peers} peers for {:.1} s", time.as_secs_f64())?;
        writeln!(f, "rounds decided       {rounds}")?;
        writeln!(f, "elections            {elections}")?;
        for (what, total, each) in [
            ("messages published  ", self.published, self.published_per_round_and_peer()),
            ("messages delivered  ", self.delivered, self.delivered_per_round_and_peer()),
        ] {
            write!(f, "{what} {total}")?;
            match each {
                Some(each) => writeln!(f, " ({each:.1} per round and peer)")?,
                None => writeln!(f)?,
            }
        }
        writeln!(f, "deliveries missed    {}", self.missed)?;
        writeln!(f, "messages refused     {}", self.refused)?;
        writeln!(f, "faults               {}", self.faults)?;
        writeln!(f, "time of a round      {}", Spread::show(self.round_time))?;
        write!(f, "time to recover      {}", Spread::show(self.recovery))
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
pub(crate) struct Counters {
    pub(crate) published: u64,
    pub(crate) delivered: u64,
    pub(crate) missed: u64,
    pub(crate) refused: u64,
    pub(crate) faults: u64,
    terms: BTreeSet<(Term, PeerId)>,
    /// When the latest challenge of the row in the making came.
    asked: BTreeMap<Transaction, Moment>,
    decided: Option<(Transaction, Moment)>,
    round_times: Vec<Duration>,
    disturbed: Option<Moment>,
    recoveries: Vec<Duration>,
}

impl Counters {
    /// Notes that a fault has come, or gone.
    pub(crate) fn disturb(&mut self, now: Moment) {
        self.faults += 1;
        self.disturbed = Some(now);
    }

    /// Notes what an honest peer tells.
    pub(crate) fn see(&mut self, now: Moment, peer: PeerId, event: &Event) {
        match event {
            Event::MessageRefused { .. } => self.refused += 1,
            Event::LeaderElected { leader, term, .. } => {
                self.terms.insert((*term, *leader));
            }
            Event::ChallengeIssued { transaction, leader, .. } if *leader == peer => {
                self.asked.insert(*transaction, now);
            }
            Event::RoundDecided(row) => self.decide(now, row.record.transaction),
            _ => {}
        }
    }

    /// Notes that a peer has recorded a row; the first one to do so counts.
    fn decide(&mut self, now: Moment, transaction: Transaction) {
        if self.decided.is_some_and(|(last, _)| last >= transaction) {
            return;
        }
        if let Some((_, before)) = self.decided.replace((transaction, now)) {
            self.round_times.push(now - before);
        }
        let asked = self.asked.get(&transaction).copied();
        self.asked = self.asked.split_off(&transaction.next());
        if let (Some(disturbed), Some(asked)) = (self.disturbed, asked)
            && asked >= disturbed
        {
            self.recoveries.push(now - disturbed);
            self.disturbed = None;
        }
    }

    pub(crate) fn summary(&self, seed: u64, peers: usize, now: Moment, rounds: u64) -> Summary {
        Summary {
            seed,
            peers,
            time: now.since_start(),
            rounds,
            elections: self.terms.len() as u64,
            published: self.published,
            delivered: self.delivered,
            missed: self.missed,
            refused: self.refused,
            faults: self.faults,
            round_time: Spread::of(&self.round_times),
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

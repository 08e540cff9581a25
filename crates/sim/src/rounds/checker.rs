//! The invariants of tables, checked on every write.

use std::collections::{BTreeMap, BTreeSet};

use althing_engine::rounds::{
    Accepted, CertifiedRecord, Counting, Durable, MemberKeys, Promised, Record, Rounds, Rules,
};
use althing_types::{PeerId, Term, Transaction};

use super::violation::Violation;
use crate::host::Disk;
use crate::simulated::Checker;

/// Watches what honest peers make durable and keep in memory, and says when it should never have
/// come to that.
#[derive(Debug)]
pub struct RoundsChecker {
    rules: Rules,
    ids: Vec<PeerId>,
    /// Peers that are not honest: what they do themselves is not judged, and their votes may be
    /// anything, since they can say what their disk does not hold.
    byzantine: BTreeSet<PeerId>,
    /// Peers whose disks were copied, or are old ones: they may contradict themselves, but what
    /// they record is the same as everywhere.
    copied: BTreeSet<PeerId>,
    table: BTreeMap<Transaction, Row>,
    /// The solutions for which each peer has voted.
    votes: BTreeMap<(Transaction, Term, PeerId), Record>,
    promises: BTreeMap<(PeerId, Term), PeerId>,
    kept: BTreeMap<PeerId, Kept>,
}

/// A row, as the first who recorded it did.
#[derive(Debug)]
struct Row {
    record: Record,
    peer: PeerId,
    /// A certificate of it that was found to be in order; most peers have the same.
    sound: Option<CertifiedRecord>,
}

/// The state that a peer must find after a crash.
#[derive(Debug, Default)]
struct Kept {
    /// The number of the row that it lacks first.
    rows: u64,
    /// How many rows it has, of all its sessions.
    recorded: u64,
    members: Option<MemberKeys>,
    promised: Option<Promised>,
    accepted: Option<Accepted>,
}

impl RoundsChecker {
    pub(super) fn new(rules: Rules, ids: Vec<PeerId>) -> Self {
        Self {
            rules,
            ids,
            byzantine: BTreeSet::new(),
            copied: BTreeSet::new(),
            table: BTreeMap::new(),
            votes: BTreeMap::new(),
            promises: BTreeMap::new(),
            kept: BTreeMap::new(),
        }
    }

    /// Looks at what `peer` makes durable.
    fn check(&mut self, peer: PeerId, durable: &Durable) -> Result<(), Violation> {
        if self.byzantine.contains(&peer) {
            return Ok(());
        }
        if self.copied.contains(&peer) {
            return match durable {
                Durable::Record(certified) => self.check_row(peer, certified),
                _ => Ok(()),
            };
        }
        let kept = self.kept.entry(peer).or_default();
        match durable {
            Durable::Membership(members) => {
                if kept.members.as_ref() != Some(members) {
                    kept.members = Some(members.clone());
                    kept.promised = None;
                    // Terms start again with new members; these have not voted on anything yet.
                    self.promises.retain(|(promiser, _), _| *promiser != peer);
                }
                Ok(())
            }
            Durable::Promised(promised) => {
                kept.promised = Some(*promised);
                let term = promised.term;
                let first = *self.promises.entry((peer, term)).or_insert(promised.leader);
                if first == promised.leader {
                    Ok(())
                } else {
                    Err(Violation::TwoPromises { peer, term })
                }
            }
            Durable::Accepted(accepted) => {
                kept.accepted = Some(accepted.clone());
                let (term, transaction) = (accepted.term, accepted.record.transaction);
                let first = self.votes.entry((transaction, term, peer));
                if *first.or_insert_with(|| accepted.record.clone()) == accepted.record {
                    Ok(())
                } else {
                    Err(Violation::TwoVotes { peer, transaction, term })
                }
            }
            Durable::Record(certified) => {
                kept.accepted = None;
                let (found, wanted) = (certified.record.transaction, Transaction::new(kept.rows));
                // Where messages are counted as they arrive, a row that was missed leaves a hole.
                let is_next = match self.rules.counting {
                    Counting::Members => found == wanted,
                    Counting::Arrivals | Counting::ArrivalsOfRow => found >= wanted,
                };
                if !is_next {
                    return Err(Violation::OutOfOrder { peer, found, wanted });
                }
                kept.rows = found.number() + 1;
                kept.recorded += 1;
                self.check_row(peer, certified)
            }
            Durable::Started(_)
            | Durable::Named(..)
            | Durable::Unnamed(_)
            | Durable::Start(_)
            | Durable::Copied
            | Durable::Equivocation(_) => Ok(()),
            Durable::Session => {
                kept.rows = 0;
                Ok(())
            }
        }
    }

    /// Looks at what `peer` finds when it starts.
    fn check_disk(&self, peer: PeerId, disk: &Disk<Durable>) -> Result<(), Violation> {
        let is_honest = !self.byzantine.contains(&peer) && !self.copied.contains(&peer);
        let Some(kept) = self.kept.get(&peer).filter(|_| is_honest) else {
            return Ok(());
        };
        let state = &disk.recovered().state;
        let rows = disk.entries();
        let is_table = rows.len() as u64 == kept.recorded
            && rows.iter().all(|row| {
                let known = self.table.get(&row.record.transaction);
                known.is_some_and(|known| known.record == row.record)
            });
        for (what, is_same) in [
            ("table", is_table),
            ("membership", state.members == kept.members),
            ("promise", state.promised == kept.promised),
            ("vote", state.accepted == kept.accepted),
        ] {
            if !is_same {
                return Err(Violation::Forgotten { peer, what });
            }
        }
        Ok(())
    }

    fn check_row(&mut self, peer: PeerId, certified: &CertifiedRecord) -> Result<(), Violation> {
        let record = &certified.record;
        let transaction = record.transaction;
        let row = self.table.entry(transaction).or_insert_with(|| Row {
            record: record.clone(),
            peer,
            sound: None,
        });
        if row.record != *record {
            return Err(Violation::TwoTables {
                first_peer: row.peer,
                first: Box::new(row.record.clone()),
                second_peer: peer,
                second: Box::new(record.clone()),
            });
        }
        // Where arrivals are counted, a solution may be judged by another row, which it names, and
        // votes belong to no solution.
        if self.rules.counting != Counting::Members || row.sound.as_ref() == Some(certified) {
            return Ok(());
        }
        self.check_certificate(peer, certified)?;
        if let Some(row) = self.table.get_mut(&transaction) {
            row.sound = Some(certified.clone());
        }
        Ok(())
    }

    fn check_certificate(&self, peer: PeerId, row: &CertifiedRecord) -> Result<(), Violation> {
        let CertifiedRecord { record, term, votes, .. } = row;
        let transaction = record.transaction;
        if self.rules.puzzle.check(&record.seed, record.transaction, record.difficulty).is_err() {
            return Err(Violation::NotASolution { peer, transaction });
        }
        let mut voters = BTreeSet::new();
        for (voter, _) in votes {
            if !voters.insert(*voter) {
                return Err(Violation::CountedTwice { peer, transaction, voter: *voter });
            }
        }
        if voters.len() < self.rules.votes_needed() {
            return Err(Violation::TooFewVotes { peer, transaction, votes: voters.len() });
        }
        let has_cast = |voter: &PeerId| {
            self.byzantine.contains(voter)
                || self.copied.contains(voter)
                || self.votes.get(&(transaction, *term, *voter)) == Some(record)
        };
        match voters.into_iter().find(|voter| !has_cast(voter)) {
            Some(voter) => Err(Violation::InventedVote { peer, voter, transaction }),
            None => Ok(()),
        }
    }
}

impl Checker<Rounds> for RoundsChecker {
    type Violation = Violation;

    fn excuse(&mut self, peer: usize) {
        self.byzantine.insert(self.ids[peer]);
    }

    fn split(&mut self, peer: usize) {
        self.ids.push(self.ids[peer]);
        self.forgive(peer);
    }

    fn forgive(&mut self, peer: usize) {
        self.copied.insert(self.ids[peer]);
    }

    fn check_write(
        &mut self,
        peer: usize,
        durable: &Durable,
        _: Option<&Rounds>,
    ) -> Result<(), Violation> {
        self.check(self.ids[peer], durable)
    }

    fn check_start(
        &mut self,
        peer: usize,
        disk: &Disk<Durable>,
        _: &Rounds,
    ) -> Result<(), Violation> {
        self.check_disk(self.ids[peer], disk)
    }

    fn checked(&self) -> &'static [&'static str] {
        match self.rules.counting {
            Counting::Members => &[
                "no two peers recorded different rows",
                "each row has a solution, and a vote of each of a majority that cast it",
                "none voted or promised twice in a term",
                "each restart found what was kept",
            ],
            Counting::Arrivals | Counting::ArrivalsOfRow => &[
                "no two peers recorded different rows",
                "rows came in order",
                "each restart found what was kept",
            ],
        }
    }

    fn decided(&self) -> u64 {
        self.table.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use althing_dialect::RoundsDialect;
    use althing_dialect::elect_chain::{Config, ElectChain};
    use althing_engine::rounds::StartsDigest;
    use althing_types::{Difficulty, Seed};

    use super::*;

    fn peer(number: u128) -> PeerId {
        PeerId::new(number)
    }

    /// A row of three members, of which the first two said yes to 6, the first with its own vote
    /// for 11 in the next term.
    fn checker() -> RoundsChecker {
        let peers = NonZeroU16::new(3).expect("three is not zero");
        let dialect = ElectChain::new(Config { peers, ..Config::default() });
        let mut checker = RoundsChecker::new(dialect.rules().clone(), vec![peer(0), peer(1)]);
        for (voter, term, seed) in [(1, 0, 6), (2, 0, 6), (1, 1, 11)] {
            let record = row(seed, &[]).record;
            let accepted = Accepted { term: Term::new(term), record };
            assert_eq!(checker.check(peer(voter), &Durable::Accepted(accepted)), Ok(()));
        }
        checker
    }

    fn row(seed: u64, voters: &[u128]) -> CertifiedRecord {
        CertifiedRecord {
            record: Record {
                transaction: Transaction::FIRST,
                difficulty: Difficulty::MIN,
                seed: Seed::from(seed),
                winner: peer(1),
            },
            term: Term::FIRST,
            votes: voters.iter().map(|voter| (peer(*voter), None)).collect(),
            noes: 0,
            starts: StartsDigest(0),
        }
    }

    fn record(
        checker: &mut RoundsChecker,
        by: u128,
        row: CertifiedRecord,
    ) -> Result<(), Violation> {
        checker.check(peer(by), &Durable::Record(row))
    }

    #[test]
    fn a_row_with_the_votes_it_needs_is_in_order() {
        let mut checker = checker();
        assert_eq!(record(&mut checker, 1, row(6, &[1, 2])), Ok(()));
        assert_eq!(record(&mut checker, 3, row(6, &[1, 2])), Ok(()));
        assert_eq!(checker.decided(), 1);
    }

    #[test]
    fn each_way_to_get_a_row_wrong_is_noticed() {
        let transaction = Transaction::FIRST;
        let one = || peer(1);
        for (wrong, expected) in [
            (row(6, &[1]), Violation::TooFewVotes { peer: one(), transaction, votes: 1 }),
            (row(6, &[1, 1]), Violation::CountedTwice { peer: one(), transaction, voter: one() }),
            (
                row(6, &[1, 2, 3]),
                Violation::InventedVote { peer: one(), voter: peer(3), transaction },
            ),
            (row(0, &[1, 2]), Violation::NotASolution { peer: one(), transaction }),
        ] {
            assert_eq!(record(&mut checker(), 1, wrong), Err(expected));
        }
    }

    #[test]
    fn two_tables_and_a_row_out_of_order_are_noticed() {
        let mut checker = checker();
        assert_eq!(record(&mut checker, 1, row(6, &[1, 2])), Ok(()));
        let two = record(&mut checker, 2, row(11, &[1, 2]));
        assert!(matches!(two, Err(Violation::TwoTables { .. })), "{two:?}");
        let again = record(&mut checker, 1, row(6, &[1, 2]));
        assert!(matches!(again, Err(Violation::OutOfOrder { .. })), "{again:?}");
    }

    #[test]
    fn a_peer_that_contradicts_itself_is_noticed_unless_it_is_known_to_be_dishonest() {
        let mut checker = checker();
        let second = Accepted { term: Term::FIRST, record: row(11, &[]).record };
        let second = Durable::Accepted(second);
        assert!(matches!(checker.check(peer(1), &second), Err(Violation::TwoVotes { .. })));
        let promised = |leader| Promised { term: Term::FIRST, draw: 0, leader: peer(leader) };
        assert_eq!(checker.check(peer(1), &Durable::Promised(promised(1))), Ok(()));
        let other = Durable::Promised(promised(2));
        assert!(matches!(checker.check(peer(1), &other), Err(Violation::TwoPromises { .. })));
        checker.excuse(1);
        assert_eq!(checker.check(peer(1), &second), Ok(()));
    }

    #[test]
    fn a_peer_that_comes_back_with_less_is_noticed() {
        let mut checker = checker();
        let mut disk = Disk::default();
        assert_eq!(disk.write(&Durable::Record(row(6, &[1, 2]))), Ok(()));
        assert_eq!(record(&mut checker, 3, row(6, &[1, 2])), Ok(()));
        assert_eq!(checker.check_disk(peer(3), &disk), Ok(()));
        let forgotten = Violation::Forgotten { peer: peer(3), what: "table" };
        assert_eq!(checker.check_disk(peer(3), &Disk::default()), Err(forgotten));
    }
}

//! Whose turn it is to answer (rule P11).
//!
//! Members that know a solution already, or find it fast, would all answer at the same instant,
//! and the published programs record the answer that they see first: where a broker gives no
//! common order, such answers are seen in different orders. So members of ours answer in turns, as
//! stations share a channel in time-division multiple access.

use std::time::Duration;

use althing_types::{PeerId, Transaction};

/// Returns how long to wait before `me` may answer the challenge of `row`, which was issued
/// `elapsed` ago: zero in the first half of its own turn, so that the answers of two members are
/// at least half a turn apart. The members' turns follow each other, in another order in each row.
pub(super) fn until_turn(
    members: &[PeerId],
    me: PeerId,
    row: Transaction,
    turn: Duration,
    elapsed: Duration,
) -> Duration {
    let before = members.iter().filter(|peer| **peer < me).count() as u64;
    let count = (members.len() as u64).max(1);
    let rank = (before + row.number() % count) % count;
    let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let turn = nanos(turn);
    let cycle = turn.saturating_mul(count);
    if cycle == 0 {
        return Duration::ZERO;
    }
    let at = nanos(elapsed) % cycle;
    let mine = rank * turn;
    if (mine..=mine + turn / 2).contains(&at) {
        return Duration::ZERO;
    }
    let wait = if at < mine { mine - at } else { cycle - at + mine };
    Duration::from_nanos(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TURN: Duration = Duration::from_millis(100);

    fn members(count: u128) -> Vec<PeerId> {
        (1..=count).map(PeerId::new).collect()
    }

    fn wait(members: &[PeerId], me: u128, row: u64, elapsed: Duration) -> Duration {
        until_turn(members, PeerId::new(me), Transaction::new(row), TURN, elapsed)
    }

    #[test]
    fn each_member_is_first_in_its_row_and_late_ones_wait_for_their_next_turn() {
        let three = members(3);
        let millis = Duration::from_millis;
        let waits = |row| [1, 2, 3].map(|me| wait(&three, me, row, Duration::ZERO).as_millis());
        assert_eq!([waits(0), waits(1), waits(2)], [[0, 100, 200], [100, 200, 0], [200, 0, 100]]);
        assert_eq!(wait(&three, 1, 0, millis(50)), Duration::ZERO, "its turn has just begun");
        assert_eq!(wait(&three, 1, 0, millis(51)), millis(249));
        assert_eq!(wait(&three, 3, 0, millis(320)), millis(180));
        assert_eq!(wait(&members(1), 1, 0, millis(50)), Duration::ZERO);
        let none = until_turn(&three, PeerId::new(2), Transaction::FIRST, Duration::ZERO, TURN);
        assert_eq!(none, Duration::ZERO);
    }

    proptest! {
        #[test]
        fn two_members_never_answer_within_half_a_turn_of_each_other(
            count in 2_u128..12,
            row: u64,
            found in proptest::collection::vec(0_u64..10_000, 2),
        ) {
            let members = members(count);
            let [one, other] = [1, count].map(|me| {
                let found = Duration::from_millis(found[usize::from(me != 1)]);
                found + wait(&members, me, row, found)
            });
            prop_assert!(one.abs_diff(other) >= TURN / 2, "{one:?} and {other:?}");
        }
    }
}

//! What a peer of a network with rounds answers.

use std::sync::Arc;

use althing_api::{Certificate, Code, Page, Problem, RoundsStatus};
use althing_dialect::RoundsDialect;
use althing_engine::rounds::{self, Durable, MemberKeys, Rounds};
use althing_feed::{Id, Row, Waiting};
use althing_node::Commands;
use althing_store::Reader;
use althing_types::Difficulty;

use super::numbering::Numbering;
use super::{Answer, Wanted, has_left, of_disk};
use crate::certificate;

#[derive(Clone)]
pub(super) struct AskedRounds {
    pub(super) commands: Commands<Rounds>,
    pub(super) table: Reader<Durable>,
    pub(super) numbering: Numbering,
    pub(super) dialect: Arc<dyn RoundsDialect>,
}

impl AskedRounds {
    pub(super) fn rows(&self, wanted: Wanted) -> Answer<Page<Row>> {
        let runs = self.numbering.runs(&self.table).map_err(|error| of_disk(&error))?;
        let (places, first) = (runs.places(), runs.from(wanted.from));
        let left = usize::try_from(places.end - first).unwrap_or(usize::MAX);
        let rows = self.table.entries(first, wanted.limit.min(left));
        let rows = rows.map_err(|error| of_disk(&error))?;
        if let (true, Some(row)) = (rows.is_empty(), runs.transaction(first)) {
            return Err(shed(row));
        }
        let next = runs.transaction(first + rows.len() as u64);
        let items = rows.into_iter().map(Row::from).collect();
        Ok(Page { items, next, total: places.end - places.start })
    }

    /// Returns the members and their keys.
    pub(super) async fn members(&self) -> Answer<MemberKeys> {
        let rounds::Status { members, keys, .. } =
            self.commands.status().await.map_err(has_left)?.engine;
        let key = |peer| keys.iter().find(|(of, _)| *of == peer).map(|(_, key)| key.clone());
        Ok(members.into_iter().map(|peer| (peer, key(peer))).collect())
    }

    pub(super) fn certificate(&self, number: u64, members: &MemberKeys) -> Answer<Certificate> {
        let runs = self.numbering.runs(&self.table).map_err(|error| of_disk(&error))?;
        let place = runs.of(number).ok_or_else(|| {
            Problem::new(Code::NotFound, format!("the table has no row {number}"))
        })?;
        let kept = self.table.entry(place).map_err(|error| of_disk(&error))?;
        let certified = kept.ok_or_else(|| shed(number))?;
        Ok(certificate(&*self.dialect, members, certified))
    }
}

fn shed(row: u64) -> Problem {
    Problem::new(
        Code::Gone,
        format!(
            "row {row} is no longer whole: a peer without --data keeps the votes of its last rows \
             only"
        ),
    )
}

pub(super) fn status(status: &rounds::Status) -> RoundsStatus {
    let ids = |peers: &[_]| peers.iter().map(|peer| Id::from(*peer)).collect::<Vec<_>>();
    RoundsStatus {
        rows: status.rows,
        members: ids(&status.members),
        names: status.names.iter().map(|(peer, name)| ((*peer).into(), name.clone())).collect(),
        silent: ids(&status.silent),
        term: status.term.number(),
        leader: status.leader.map(Id::from),
        challenge: status.challenge.map(Difficulty::bits),
        copied: status.copied,
        equivocating: ids(&status.equivocating),
        waiting: status.waiting.clone().map(|waiting| Waiting::from(waiting).into()),
    }
}

/// Returns, in words, the action of a timer that has run out.
pub(super) fn timer(timer: rounds::Timer) -> &'static str {
    use rounds::Timer;
    match timer {
        Timer::Repeat => "repeat what others may lack, and see who is silent",
        Timer::Announce => "say that we are here",
        Timer::Join(_) => "say for the first times that we are here",
        Timer::JoinOver => "begin with the peers that are here",
        Timer::Draw(_) => "say what we drew",
        Timer::DrawsOver(_) => "elect without those who have not drawn",
        Timer::Lead(_) => "ask for a solution, as the leader",
        Timer::Suspicion => "see whether a peer that is said to be gone has answered",
        Timer::Overheard => "tell how many peers of other networks are here",
        Timer::CatchUp(_) => "ask for the rows that are missing",
        Timer::Known(_) => "answer with a solution that is known",
        Timer::Answer(_) => "answer, since it is our turn",
        Timer::Again(..) => "repeat what no peer seems to have heard",
        Timer::Leave => "leave, since all rows are there",
    }
}

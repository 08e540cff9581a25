//! What a peer answers.
//!
//! | file | question |
//! | --- | --- |
//! | `numbering` | where in its log does it have a row? |
//! | `rounds` | what does one of a network with rounds answer? |
//! | `chain` | what does one of a network with a chain answer? |
//! | `assembly` | what does one of an assembly answer? |
//! | `listing` | how are the blocks and the entries of a chain listed? |
//! | `edit` | what would fall if a block were another? |
//! | `proof` | what shows that an entry is in a block? |

mod assembly;
mod chain;
mod edit;
mod listing;
mod numbering;
mod proof;
mod rounds;

use std::sync::Arc;

use althing_api::{
    Abilities, Ballot, Block, Certificate, Charter, Code, Due, Edit, Effect, EngineStatus, Entry,
    EntryProof, NewEntry, Page, PeerStatus, Problem, Submitted, Tally,
};
use althing_dialect::assembly::Assembly;
use althing_dialect::{ChainDialect, RoundsDialect};
use althing_engine::Engine;
use althing_engine::nakamoto::Nakamoto;
use althing_engine::rounds::{Counting, Durable, MemberKeys, Rounds};
use althing_engine::simplex::Simplex;
use althing_feed::{PeerName, Row, wall_clock};
use althing_node::chain::Entries;
use althing_node::{Commands, HasLeft, Status, assembly as assembly_node};
use althing_store::{Reader, StoreError};
use althing_types::Moment;

pub use self::listing::entry_as_told;
pub use self::proof::{as_told, commit_proof};

use self::assembly::AskedAssembly;
use self::chain::AskedChain;
use self::listing::Blocks;
use self::numbering::Numbering;
use self::rounds::AskedRounds;

/// A peer that can be asked. Cheap to clone.
#[derive(Clone)]
pub struct Asked {
    network: String,
    name: PeerName,
    engine: AskedEngine,
    is_watching: bool,
}

#[derive(Clone)]
enum AskedEngine {
    Rounds(AskedRounds),
    Chain(AskedChain),
    Assembly(AskedAssembly),
}

/// Which items of a list are wanted, and how many at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) from: u64,
    pub(crate) limit: usize,
}

type Answer<T> = Result<T, Problem>;

impl Asked {
    /// Returns a peer of a network with rounds, which keeps its rows where `table` reads them. Its
    /// table begins with the row at the place `begin` of its log, where a session began.
    pub fn rounds(
        network: &str,
        name: PeerName,
        commands: Commands<Rounds>,
        table: Reader<Durable>,
        begin: u64,
        dialect: Arc<dyn RoundsDialect>,
    ) -> Self {
        let numbering = match dialect.rules().counting {
            Counting::Members => Numbering::Whole,
            Counting::Arrivals | Counting::ArrivalsOfRow => Numbering::told(begin),
        };
        let engine = AskedEngine::Rounds(AskedRounds { commands, table, numbering, dialect });
        Self { network: network.to_owned(), name, engine, is_watching: false }
    }

    /// Returns a peer of a network with a chain.
    pub fn chain(
        network: &str,
        name: PeerName,
        commands: Commands<Nakamoto>,
        entries: Entries,
        dialect: Arc<dyn ChainDialect>,
    ) -> Self {
        let engine = AskedEngine::Chain(AskedChain { commands, entries, dialect });
        Self { network: network.to_owned(), name, engine, is_watching: false }
    }

    /// Returns a peer of an assembly.
    pub fn assembly(
        network: &str,
        name: PeerName,
        commands: Commands<Simplex>,
        entries: assembly_node::Entries,
        dialect: Arc<Assembly>,
    ) -> Self {
        let engine = AskedEngine::Assembly(AskedAssembly { commands, entries, dialect });
        Self { network: network.to_owned(), name, engine, is_watching: false }
    }

    /// Has it take no entries, since it only watches its network, and may lack the first rows.
    #[must_use]
    pub fn watching(mut self) -> Self {
        self.is_watching = true;
        if let AskedEngine::Rounds(rounds) = &mut self.engine {
            rounds.numbering = Numbering::told(0);
        }
        self
    }

    pub(crate) fn name(&self) -> &PeerName {
        &self.name
    }

    pub(crate) fn abilities(&self) -> Abilities {
        match &self.engine {
            AskedEngine::Rounds(_) => Abilities { table: true, ..Abilities::default() },
            AskedEngine::Assembly(_) => {
                Abilities { submit: true, entries: true, blocks: true, ..Abilities::default() }
            }
            AskedEngine::Chain(chain) => Abilities {
                submit: !self.is_watching,
                entries: true,
                blocks: true,
                tally: chain.has_ballots(),
                ..Abilities::default()
            },
        }
    }

    pub(crate) async fn status(&self) -> Answer<PeerStatus> {
        match &self.engine {
            AskedEngine::Rounds(rounds) => {
                let status = rounds.commands.status().await.map_err(has_left)?;
                let engine = EngineStatus::Rounds(rounds::status(&status.engine));
                Ok(self.status_with(&status, engine, rounds::timer))
            }
            AskedEngine::Chain(chain) => {
                let status = chain.commands.status().await.map_err(has_left)?;
                let engine = EngineStatus::Chain(chain::status(&status.engine));
                Ok(self.status_with(&status, engine, chain::timer))
            }
            AskedEngine::Assembly(peer) => {
                let status = peer.commands.status().await.map_err(has_left)?;
                let engine = EngineStatus::Assembly(peer.status(&status.engine));
                Ok(self.status_with(&status, engine, assembly::timer))
            }
        }
    }

    fn status_with<E: Engine>(
        &self,
        status: &Status<E>,
        engine: EngineStatus,
        what: impl Fn(E::Timer) -> &'static str,
    ) -> PeerStatus {
        PeerStatus {
            time: wall_clock(),
            network: self.network.clone(),
            peer: self.name.clone(),
            received: status.received,
            refused: status.refused,
            hashes: status.hashes,
            engine,
            due: due(status.now, &status.due, what),
        }
    }

    /// Returns rows of the table. Blocks the thread.
    pub(crate) fn rows(&self, wanted: Wanted) -> Answer<Page<Row>> {
        self.with_table()?.rows(wanted)
    }

    /// Returns the members and the keys by which a certificate is checked.
    pub(crate) async fn members(&self) -> Answer<MemberKeys> {
        self.with_table()?.members().await
    }

    /// Returns what decided a row of the table. Blocks the thread.
    pub(crate) fn certificate(&self, row: u64, members: &MemberKeys) -> Answer<Certificate> {
        self.with_table()?.certificate(row, members)
    }

    /// Returns blocks of the chain. Blocks the thread.
    pub(crate) fn blocks(&self, wanted: Wanted) -> Answer<Page<Block>> {
        listing::blocks(self.with_blocks()?, wanted)
    }

    /// Returns the block at a height. Blocks the thread.
    pub(crate) fn block(&self, height: u64) -> Answer<Block> {
        listing::block(self.with_blocks()?, height)
    }

    /// Returns entries of the chain. Blocks the thread.
    pub(crate) fn entries(&self, wanted: Wanted) -> Answer<Page<Entry>> {
        listing::entries(self.with_blocks()?, wanted)
    }

    /// Returns what the members of the assembly have agreed on.
    pub(crate) fn charter(&self) -> Answer<Charter> {
        match &self.engine {
            AskedEngine::Assembly(peer) => Ok(peer.charter()),
            _ => Err(Problem::new(
                Code::WrongNetwork,
                "its network is no assembly, and has no charter",
            )),
        }
    }

    /// Returns ballots in the chain. Blocks the thread.
    pub(crate) fn ballots(&self, wanted: Wanted) -> Answer<Page<Ballot>> {
        self.with_chain()?.ballots(wanted)
    }

    /// Returns what shows that an entry is in its block. Blocks the thread.
    pub(crate) fn proof(&self, height: u64, place: u64) -> Answer<EntryProof> {
        match &self.engine {
            AskedEngine::Assembly(peer) => peer.proof(height, place),
            _ => self.with_chain()?.proof(height, place),
        }
    }

    /// Counts the ballots in the chain. Blocks the thread.
    pub(crate) fn tally(&self) -> Answer<Tally> {
        self.with_chain()?.tally()
    }

    /// Returns what an edit would break. Blocks the thread.
    pub(crate) fn what_if(&self, edit: Edit) -> Answer<Effect> {
        let chain = self.with_chain()?;
        edit::effect(&*chain.dialect, chain.entries.log(), edit)
    }

    /// Returns why an entry may not be meant as it is written, if there is a reason. Blocks the
    /// thread.
    pub(crate) fn doubt(&self, text: &str) -> Answer<Option<String>> {
        if matches!(self.engine, AskedEngine::Assembly(_)) {
            return Ok(None);
        }
        self.with_chain()?.doubt(text)
    }

    /// Gets an entry into the chain, without a doubt. Dropping the future does not withdraw it.
    pub(crate) async fn add(&self, entry: NewEntry) -> Answer<Submitted> {
        if let AskedEngine::Assembly(peer) = &self.engine {
            return peer.add(entry).await;
        }
        let chain = self.with_chain()?;
        if self.is_watching {
            return Err(Problem::new(
                Code::Conflict,
                "it only watches its network, and adds nothing to the chain",
            ));
        }
        chain.add(entry).await
    }

    fn with_table(&self) -> Answer<&AskedRounds> {
        match &self.engine {
            AskedEngine::Rounds(rounds) => Ok(rounds),
            AskedEngine::Chain(_) | AskedEngine::Assembly(_) => Err(Problem::new(
                Code::WrongNetwork,
                "its network has a chain instead of a table; see althing chain --help",
            )),
        }
    }

    fn with_chain(&self) -> Answer<&AskedChain> {
        match &self.engine {
            AskedEngine::Chain(chain) => Ok(chain),
            AskedEngine::Assembly(_) => Err(Problem::new(
                Code::WrongNetwork,
                "an assembly has neither ballots nor blocks that others could replace",
            )),
            AskedEngine::Rounds(_) => Err(without_chain()),
        }
    }

    fn with_blocks(&self) -> Answer<&dyn Blocks> {
        match &self.engine {
            AskedEngine::Chain(chain) => Ok(chain),
            AskedEngine::Assembly(peer) => Ok(peer),
            AskedEngine::Rounds(_) => Err(without_chain()),
        }
    }
}

fn without_chain() -> Problem {
    Problem::new(
        Code::WrongNetwork,
        "its network has rounds and a table instead of a chain; see althing table --help",
    )
}

/// Runs what reads a store, beside the tasks that must not wait. It does not run if the process is
/// about to end.
pub(crate) async fn read<T: Send + 'static>(
    reading: impl FnOnce() -> T + Send + 'static,
) -> Answer<T> {
    match tokio::task::spawn_blocking(reading).await {
        Ok(read) => Ok(read),
        Err(error) if error.is_cancelled() => Err(has_left(HasLeft)),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

fn has_left(left: HasLeft) -> Problem {
    Problem::new(Code::Gone, left.to_string())
}

fn of_disk(error: &StoreError) -> Problem {
    Problem::new(Code::Internal, error.to_string())
}

/// Returns what a peer will do next, in order: each thing at its first time, and how often it is
/// due in all, since there may be hundreds of timers of one kind.
fn due<T: Copy>(
    now: Moment,
    due: &[althing_node::Due<T>],
    what: impl Fn(T) -> &'static str,
) -> Vec<Due> {
    let mut kinds: Vec<Due> = Vec::new();
    for due in due {
        let what = what(due.timer);
        match kinds.iter_mut().find(|told| told.what == what) {
            Some(told) => told.times += 1,
            None => {
                let in_ms = (due.at - now).as_secs_f64() * 1e3;
                kinds.push(Due { in_ms, what: what.to_owned(), times: 1 });
            }
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn of_many_timers_of_one_kind_the_first_is_shown_and_their_number() {
        let now = Moment::from_start(Duration::from_secs(10));
        let at = |seconds, timer| althing_node::Due {
            at: Moment::from_start(Duration::from_secs(seconds)),
            timer,
        };
        let all: Vec<_> = (11..=400).map(|at_second| at(at_second, at_second == 12)).collect();
        let what = |is_gossip| if is_gossip { "gossip" } else { "look" };
        let expected = [
            Due { in_ms: 1000.0, what: "look".to_owned(), times: 389 },
            Due { in_ms: 2000.0, what: "gossip".to_owned(), times: 1 },
        ];
        assert_eq!(due(now, &all, what), expected);
    }
}

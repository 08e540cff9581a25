//! The peer's end: its answers.

use std::sync::Arc;

use althing_dialect::ChainDialect;
use althing_engine::Engine;
use althing_engine::nakamoto::{self, Mining, Nakamoto};
use althing_engine::rounds::{self, Rounds};
use althing_feed::{Id, PeerName, Row, Source, Waiting, entry_author, entry_text, wall_clock};
use althing_ledger::Entry;
use althing_node::chain::Entries;
use althing_node::{Commands, Due, HasLeft, Status, Submitted};
use althing_store::{Reader, StoreError};
use althing_text::hex;
use althing_types::{Difficulty, Height, Moment};
use serde_json::{Value, json};

use crate::{ROWS_MAX, Request};

/// A peer that can be asked. Cheap to clone.
#[derive(Clone)]
pub struct Asked {
    network: Value,
    peer: Option<PeerName>,
    engine: AskedEngine,
}

#[derive(Clone)]
enum AskedEngine {
    /// The rows of the table are asked for by their place since `begin`.
    Rounds {
        commands: Commands<Rounds>,
        table: Reader<rounds::Durable>,
        begin: u64,
    },
    Chain {
        commands: Commands<Nakamoto>,
        entries: Entries,
        dialect: Arc<dyn ChainDialect>,
    },
}

impl Asked {
    /// Returns the peer of a network with rounds that tells of itself at `source`, and keeps its
    /// rows where `table` reads them.
    pub fn rounds(
        source: &Source,
        commands: Commands<Rounds>,
        table: Reader<rounds::Durable>,
    ) -> Self {
        Self::new(source, AskedEngine::Rounds { commands, table, begin: 0 })
    }

    /// Returns it with a table that begins with the row at this place of its log, where a session
    /// began.
    #[must_use]
    pub fn since(mut self, place: u64) -> Self {
        if let AskedEngine::Rounds { begin, .. } = &mut self.engine {
            *begin = place;
        }
        self
    }

    /// Returns the peer of a network with a chain that tells of itself at `source`.
    pub fn chain(
        source: &Source,
        commands: Commands<Nakamoto>,
        entries: Entries,
        dialect: Arc<dyn ChainDialect>,
    ) -> Self {
        Self::new(source, AskedEngine::Chain { commands, entries, dialect })
    }

    fn new(source: &Source, engine: AskedEngine) -> Self {
        let (network, peer) = (json!(source.network()), source.peer().cloned());
        Self { network, peer, engine }
    }

    /// Returns the answer to `request`. Dropping the future does not withdraw an entry.
    pub(crate) async fn answer(&self, request: Request) -> Value {
        let answer = self.answer_while_there(request).await;
        answer.unwrap_or_else(|left| json!({ "error": left.to_string() }))
    }

    async fn answer_while_there(&self, request: Request) -> Result<Value, HasLeft> {
        Ok(match (request, &self.engine) {
            (Request::Status, AskedEngine::Rounds { commands, .. }) => {
                let status = commands.status().await?;
                self.status(&status, rounds_timer, rounds_status(&status.engine))
            }
            (Request::Status, AskedEngine::Chain { commands, .. }) => {
                let status = commands.status().await?;
                self.status(&status, chain_timer, chain_status(&status.engine))
            }
            (Request::Table { from }, AskedEngine::Rounds { table, begin, .. }) => {
                let (table, from) = (table.clone(), begin.saturating_add(from));
                let read = tokio::task::spawn_blocking(move || table.entries(from, ROWS_MAX));
                match read.await.map_err(|_| HasLeft)? {
                    Ok(rows) => {
                        let rows: Vec<Row> = rows.into_iter().map(Row::from).collect();
                        json!({ "table": rows })
                    }
                    Err(error) => json!({ "error": error.to_string() }),
                }
            }
            (Request::Table { .. }, AskedEngine::Chain { .. }) => {
                json!({ "error": "its network has a chain instead of a table; see althing chain \
                                  --help" })
            }
            (Request::Blocks, AskedEngine::Chain { entries, dialect, .. }) => {
                let (entries, dialect) = (entries.clone(), Arc::clone(dialect));
                let network = json!(dialect.network());
                let read = tokio::task::spawn_blocking(move || {
                    let blocks = entries.blocks()?.into_iter();
                    Ok::<_, StoreError>(
                        blocks
                            .map(|block| hex::encode(&dialect.encode_block(&block)))
                            .collect::<Vec<_>>(),
                    )
                });
                match read.await.map_err(|_| HasLeft)? {
                    Ok(blocks) => json!({ "network": network, "blocks": blocks }),
                    Err(error) => json!({ "error": error.to_string() }),
                }
            }
            (Request::Entries, AskedEngine::Chain { entries: in_chain, .. }) => {
                let in_chain = in_chain.clone();
                let read = tokio::task::spawn_blocking(move || in_chain.in_chain());
                match read.await.map_err(|_| HasLeft)? {
                    Ok(in_chain) => entries(in_chain),
                    Err(error) => json!({ "error": error.to_string() }),
                }
            }
            (
                Request::Add { entry, once, confirmations },
                AskedEngine::Chain { entries, dialect, .. },
            ) => {
                let has_races = dialect.rules().entries == nakamoto::Entries::Kept;
                let wanted = confirmations.unwrap_or_else(|| dialect.confirmations());
                match dialect.entry(&entry, rand::random()) {
                    Ok(entry) if once && has_races => match entries.try_once(entry).await? {
                        Some(outcome) => submitted(&outcome),
                        None => json!({ "answer": "overtaken" }),
                    },
                    Ok(entry) => {
                        let submission = entries.submit_until(entry, wanted).await?;
                        submitted(&submission.outcome().await?)
                    }
                    Err(refused) => invalid(&refused.to_string()),
                }
            }
            (
                Request::Entries | Request::Blocks | Request::Add { .. },
                AskedEngine::Rounds { .. },
            ) => {
                json!({ "error": "its network has rounds and a table instead of a chain; see \
                                  althing table --help" })
            }
        })
    }

    /// Returns the status that all peers have, with the fields of this kind of engine.
    fn status<E: Engine>(
        &self,
        status: &Status<E>,
        what: impl Fn(E::Timer) -> &'static str,
        engine: Value,
    ) -> Value {
        let mut answer = json!({
            "time": wall_clock(),
            "network": self.network,
            "peer": self.peer,
            "received": status.received,
            "refused": status.refused,
            "hashes": status.hashes,
        });
        if let (Value::Object(all), Value::Object(engine)) = (&mut answer, engine) {
            all.extend(engine);
        }
        answer["due"] = due(status.now, &status.due, what);
        answer
    }
}

/// Returns what a peer will do next, in order: each thing at its first time, and how often it is
/// due in all, since there may be hundreds of timers of one kind.
fn due<T: Copy>(now: Moment, due: &[Due<T>], what: impl Fn(T) -> &'static str) -> Value {
    let mut kinds: Vec<(&Due<T>, &'static str, u64)> = Vec::new();
    for due in due {
        let what = what(due.timer);
        match kinds.iter_mut().find(|(_, told, _)| *told == what) {
            Some((_, _, times)) => *times += 1,
            None => kinds.push((due, what, 1)),
        }
    }
    let shown = |(due, what, times): (&Due<T>, &str, u64)| {
        let after = due.at - now;
        json!({ "in_ms": after.as_secs_f64() * 1e3, "what": what, "times": times })
    };
    kinds.into_iter().map(shown).collect()
}

fn rounds_status(status: &rounds::Status) -> Value {
    let ids = |peers: &[_]| peers.iter().map(|peer| Id::from(*peer)).collect::<Vec<_>>();
    json!({
        "rows": status.rows.number(),
        "members": ids(&status.members),
        "silent": ids(&status.silent),
        "term": status.term.number(),
        "leader": status.leader.map(Id::from),
        "challenge": status.challenge.map(Difficulty::bits),
        "copied": status.copied,
        "equivocating": ids(&status.equivocating),
        "waiting": status.waiting.map(|waiting| Waiting::from(waiting).to_string()),
    })
}

fn chain_status(status: &nakamoto::Status) -> Value {
    json!({
        "blocks": status.blocks,
        "tip": status.tip.map(|tip| tip.hash.to_string()),
        "height": status.tip.map(|tip| tip.height.number()),
        "peers": status.peers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "mempool": status.mempool,
        "mining": status.mining != Mining::Off,
        "searching": status.searching.map(Height::number),
        "joined": status.joined,
    })
}

/// Returns, in words, the action of a timer that has run out.
fn rounds_timer(timer: rounds::Timer) -> &'static str {
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

fn chain_timer(timer: nakamoto::Timer) -> &'static str {
    use nakamoto::Timer;
    match timer {
        Timer::Gossip => "say that we are here, and forget who is silent",
        Timer::Tips => "ask what chains the others have",
        Timer::Joined => "go on alone if no peer has answered",
        Timer::Unlisted => "see who answers of those that the tracker does not list",
        Timer::Held(_) => "report if no other peer has our block",
        Timer::Overheard => "tell how many peers of other networks are here",
        Timer::Turn => "mine, after we have left others alone",
        Timer::Newcomer => "ask a peer of the tracker's first list for its chain",
        Timer::Request(_) => "ask another peer, if the answer has not come",
    }
}

/// Returns the entries of a chain as the answer to [`Request::Entries`].
pub fn entries(entries: impl IntoIterator<Item = (Height, Entry)>) -> Value {
    let shown = |(height, entry): (Height, Entry)| {
        let (height, author) = (height.number(), entry_author(&entry));
        let entry = entry_text(&entry);
        match author {
            Some(author) => json!({ "height": height, "entry": entry, "author": author }),
            None => json!({ "height": height, "entry": entry }),
        }
    };
    json!({ "entries": entries.into_iter().map(shown).collect::<Vec<_>>() })
}

fn submitted(submitted: &Submitted) -> Value {
    match submitted {
        Submitted::Added { height, lost_races, confirmations, is_held } => json!({
            "answer": "added",
            "height": height.number(),
            "lost_races": lost_races,
            "confirmations": confirmations,
            "held": is_held,
        }),
        // That is no outcome, so it is not what was waited for.
        Submitted::Returned => json!({ "error": "the entry waits for a block again" }),
        Submitted::Refused(reason) => invalid(&reason.to_string()),
    }
}

fn invalid(reason: &str) -> Value {
    json!({ "answer": "invalid", "reason": reason })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn of_many_timers_of_one_kind_the_first_is_shown_and_their_number() {
        let now = Moment::from_start(Duration::from_secs(10));
        let at =
            |seconds, timer| Due { at: Moment::from_start(Duration::from_secs(seconds)), timer };
        let all: Vec<_> = (11..=400).map(|at_second| at(at_second, at_second == 12)).collect();
        let what = |is_gossip| if is_gossip { "gossip" } else { "look" };
        let shown = due(now, &all, what);
        let expected = json!([
            { "in_ms": 1000.0, "what": "look", "times": 389 },
            { "in_ms": 2000.0, "what": "gossip", "times": 1 },
        ]);
        assert_eq!(shown, expected);
    }
}

//! How things stand with a running peer.

use std::io::{self, Write};

use althing_api::{AssemblyStatus, ChainStatus, Client, EngineStatus, PeerStatus, RoundsStatus};
use althing_feed::{Id, Observer, shown};
use althing_text::counted;
use althing_text::terminal::{escaped, escaped_json};
use clap::Args;

use crate::asking::Place;

/// Show the state of a running peer, and its next timers.
///
/// This works for every peer that was started with --data or --http, whatever its network.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing status --data ./peer-1\n  \
    althing status --data ./peer-1 --json | jq .leader\n  \
    althing status --data ./peer-1 --json | jq .waiting.for\n  \
    althing status --api http://127.0.0.1:8080")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,

    /// Write JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    crate::signals::end_on_signals()?;
    let status = arguments.place.asking()?.wait(Client::status)?;
    let mut out = io::stdout().lock();
    if arguments.json {
        let json = serde_json::to_string(&status)?;
        return Ok(writeln!(out, "{}", escaped_json(&json))?);
    }
    print(&status, &mut out)
}

fn print(status: &PeerStatus, out: &mut impl Write) -> anyhow::Result<()> {
    line(out, "network", &status.network)?;
    let own = match (&status.engine, status.peer.id()) {
        (EngineStatus::Rounds(rounds), Some(id)) => shown_id(rounds, id.into()),
        (EngineStatus::Assembly(assembly), Some(id)) => {
            let member = assembly.members.iter().find(|member| member.id.peer() == id);
            shown(id.to_string(), member.map(|member| &member.name))
        }
        _ => status.peer.to_string(),
    };
    line(out, "peer", &own)?;
    match &status.engine {
        EngineStatus::Rounds(rounds) => print_rounds(rounds, out)?,
        EngineStatus::Chain(chain) => print_chain(chain, out)?,
        EngineStatus::Assembly(assembly) => print_assembly(assembly, out)?,
    }
    let PeerStatus { received, refused, hashes, .. } = status;
    line(out, "messages", &format!("{received} received, {refused} of them refused"))?;
    line(out, "hashes", &hashes.to_string())?;
    writeln!(out, "due")?;
    for due in &status.due {
        let more = match due.times {
            0 | 1 => String::new(),
            times => format!(" (and {} later)", times - 1),
        };
        writeln!(out, "{:>8.3}s  {}{more}", due.in_ms / 1e3, escaped(&due.what))?;
    }
    Ok(())
}

fn print_rounds(status: &RoundsStatus, out: &mut impl Write) -> anyhow::Result<()> {
    line(out, "table", &counted(status.rows, "row"))?;
    let leader = status.leader.map_or_else(|| "none".to_owned(), |id| shown_id(status, id));
    let peers = |ids: &[Id]| list(&ids.iter().map(|id| shown_id(status, *id)).collect::<Vec<_>>());
    line(out, "leader", &format!("{leader}, in term {}", status.term))?;
    line(out, "members", &peers(&status.members))?;
    line(out, "silent", &peers(&status.silent))?;
    let challenge = status.challenge.map(|bits| format!("{bits} bits"));
    line(out, "challenge", challenge.as_deref().unwrap_or("none"))?;
    let waiting = status.waiting.as_ref().map_or("for nothing", |waits| &waits.sentence);
    line(out, "waiting", waiting.trim_start_matches("waiting "))
}

fn print_chain(status: &ChainStatus, out: &mut impl Write) -> anyhow::Result<()> {
    let last = status.tip.as_ref().map(|tip| format!(", the last is {tip}"));
    line(out, "chain", &(counted(status.blocks, "block") + &last.unwrap_or_default()))?;
    line(out, "peers", &list(&status.peers))?;
    line(out, "mempool", &counted(status.mempool as u64, "entry"))?;
    let searching = status.searching.map(|height| format!("block {height}"));
    line(out, "mining", searching.as_deref().unwrap_or("nothing"))
}

fn print_assembly(status: &AssemblyStatus, out: &mut impl Write) -> anyhow::Result<()> {
    let called = |id: &Id| {
        let member = status.members.iter().find(|member| member.id == *id);
        member.map_or_else(|| id.to_string(), |member| member.name.to_string())
    };
    let all = |ids: &[Id]| list(&ids.iter().map(called).collect::<Vec<_>>());
    let AssemblyStatus { quorum, height, tip, view, mempool, .. } = status;
    let members: Vec<Id> = status.members.iter().map(|member| member.id).collect();
    line(out, "charter", &status.chain)?;
    line(out, "members", &format!("{}; {quorum} decide", all(&members)))?;
    line(out, "silent", &all(&status.silent))?;
    line(out, "chain", &format!("{}, the last is {tip}", counted(*height, "block")))?;
    line(out, "leader", &format!("{}, in view {view}", called(&status.leader)))?;
    line(out, "mempool", &counted(*mempool as u64, "entry"))?;
    let heard = members.len() - status.silent.len();
    if heard < *quorum {
        let waiting = format!("for members: it takes {quorum}, and {heard} can be heard");
        line(out, "waiting", &waiting)?;
    }
    let votes = match status.observing {
        None => "yes",
        Some(Observer::NotAMember) => "no: our key is none of the charter's",
        Some(Observer::DiskLost) => "no: what we have said before is not in the data",
        Some(Observer::Copied) => "no: another copy of us has spoken",
    };
    line(out, "votes", votes)?;
    for contradiction in &status.contradictions {
        let (first, second) = (&contradiction.first.statement, &contradiction.second.statement);
        let who = called(&contradiction.member);
        line(out, "evidence", &format!("{who} has said: {first}; and: {second}"))?;
    }
    let searching = status.searching.map(|height| format!("block {height}"));
    line(out, "mining", searching.as_deref().unwrap_or("nothing"))
}

/// Returns an id with the name of the peer, if it has one.
fn shown_id(status: &RoundsStatus, id: Id) -> String {
    shown(id.to_string(), status.names.get(&id))
}

/// Others may have chosen the words.
fn line(out: &mut impl Write, name: &str, text: &str) -> anyhow::Result<()> {
    Ok(writeln!(out, "{name:<10} {}", escaped(text))?)
}

fn list<T: ToString>(items: &[T]) -> String {
    match items {
        [] => "none".to_owned(),
        items => items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

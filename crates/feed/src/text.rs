//! Records as lines for people. Votes and solutions are left out: a round has dozens.

use std::time::Duration;

use althing_text::terminal::escaped;
use althing_text::{Name, counted};

use crate::names::shown;
use crate::{
    AssemblyEvent, ChainEvent, DemoEvent, Event, Id, MinersEvent, Observer, PeerEvent, PeerName,
    Record, RoundsEvent, Shares, TrackerEvent,
};

/// Returns a record as a line without its end, if it is worth one.
///
/// Text of other peers must not reach the terminal as it is, so it is escaped.
pub fn line(record: &Record) -> Option<String> {
    let told = match &record.event {
        Event::Peer(PeerEvent::Summary { rows: Some(rows), .. }) => {
            return Some(format!("the table has {}", counted(*rows, "row")));
        }
        Event::Peer(PeerEvent::Summary { blocks: Some(blocks), .. }) => {
            return Some(format!("the chain has {}", counted(*blocks, "block")));
        }
        Event::Peer(event) => of_peer(record, event)?,
        Event::Rounds(event) => of_rounds(record, event)?,
        Event::Chain(event) => of_chain(event),
        Event::Assembly(event) => of_assembly(record, event)?,
        Event::Miners(event) => of_miners(event),
        Event::Demo(event) => of_demo(record, event),
        // It is told in JSON only; people see a search go on in a line of its own.
        Event::Search(_) => return None,
        // A tracker has no peer with which times could be compared.
        Event::Tracker(event) => return Some(escaped(&of_tracker(event)).into_owned()),
    };
    let told = escaped(&told);
    let seconds = record.at.since_start().as_secs_f64();
    // Several peers may share a terminal.
    Some(match &record.peer {
        Some(peer) => {
            let name = peer.id().and_then(|id| record.names.get(&id.into()));
            let peer = shown(peer.short(), name);
            format!("{seconds:>9.3}s {}  {told}", escaped(&peer))
        }
        None => format!("{seconds:>9.3}s {told}"),
    })
}

fn of_peer(record: &Record, event: &PeerEvent) -> Option<String> {
    let name = || record.peer.as_ref().map_or_else(String::new, ToString::to_string);
    Some(match event {
        PeerEvent::Started { watching: true, .. } => "we only watch, and take no seat".to_owned(),
        PeerEvent::Started { rows: Some(0), .. } => format!("we are peer {}", name()),
        PeerEvent::Started { rows: Some(rows), .. } => {
            format!("we are peer {} again, with {} from before", name(), counted(*rows, "row"))
        }
        PeerEvent::Started { blocks: None, .. } => format!("we are {}", name()),
        PeerEvent::Started { blocks: Some(blocks), left_out, .. } => {
            let blocks = counted(*blocks, "block");
            let started = format!("we are {}, with {blocks}", name());
            match left_out {
                None | Some(0) => started,
                Some(left_out) => format!(
                    "{started}; {left_out} more on disk are not valid, and are fetched anew"
                ),
            }
        }
        PeerEvent::Connected {} => "connected".to_owned(),
        PeerEvent::Disconnected { reason } => format!("disconnected: {reason}"),
        PeerEvent::PeerLost { lost } => format!("peer {} is lost", called(record, lost)),
        PeerEvent::PeerHeard { heard } => {
            format!("peer {} is heard again", called(record, heard))
        }
        PeerEvent::MessageRefused { count: Some(count), .. } => {
            format!("refused {}", counted(*count, "more message"))
        }
        PeerEvent::MessageRefused { claimed, topic, from, rule, bytes, reason, .. } => {
            let whose = match (claimed, topic, from) {
                (Some(claimed), ..) => format!(", in the name of {}", record.shown(*claimed)),
                (_, Some(topic), _) => format!(" on {topic:?}"),
                (_, _, Some(from)) => format!(" from {from}"),
                (None, None, None) => ", of a sender that is not named".to_owned(),
            };
            let rule = rule.as_ref().map(|rule| format!(" (rule {rule})")).unwrap_or_default();
            let bytes = bytes.as_ref().map(|bytes| format!(": {bytes}")).unwrap_or_default();
            format!("refused{whose}: {reason}{rule}{bytes}")
        }
        PeerEvent::Reachable { address } => format!("other peers reach us at {address}"),
        PeerEvent::Serving { url } => format!("the API and its page are at {url}"),
        PeerEvent::ClockSet { by_ms } => {
            let by = humantime::format_duration(Duration::from_secs(by_ms.unsigned_abs() / 1000));
            let direction = if *by_ms < 0 { "back" } else { "forward" };
            format!("the clock of this machine was set {direction} by {by}")
        }
        PeerEvent::Slept { seconds } => {
            let time = humantime::format_duration(Duration::from_secs(*seconds));
            format!("this machine was asleep for {time}")
        }
        PeerEvent::Lagged { missed } => {
            format!("{missed} lines are missing: they were not read in time")
        }
        PeerEvent::NetworkOverheard { peers, speech, advice } => {
            let who = match peers {
                1 => "1 peer in this room speaks".to_owned(),
                _ => format!("{peers} peers in this room speak"),
            };
            format!("{who} {speech}, and we record nothing with them; to join them: {advice}")
        }
        // There are hundreds of them.
        PeerEvent::MessageSent { .. }
        | PeerEvent::MessageHeard { .. }
        | PeerEvent::PeerWatched { .. }
        | PeerEvent::MessageLost { .. }
        | PeerEvent::MessagesUntold { .. }
        | PeerEvent::Summary { .. } => return None,
    })
}

/// Returns a peer as people see it, in either kind of network.
fn called(record: &Record, peer: &PeerName) -> String {
    match peer {
        PeerName::Id(id) => record.shown(*id),
        PeerName::Address(address) => address.to_string(),
    }
}

fn of_rounds(record: &Record, event: &RoundsEvent) -> Option<String> {
    Some(match event {
        RoundsEvent::PeerJoined { joined, known } => {
            format!("peer {} is here, {known} in all", record.shown(*joined))
        }
        RoundsEvent::PeerNamed { named, name, like: None } => {
            format!("peer {named} calls itself {:?}", name.as_str())
        }
        RoundsEvent::PeerNamed { named, name, like: Some(like) } => format!(
            "peer {named} calls itself {:?}, which looks like the name of {}: only their ids tell \
             them apart",
            name.as_str(),
            record.shown(*like),
        ),
        RoundsEvent::MembershipSettled { members, member } => {
            let seat = if *member { "we are one" } else { "we only watch" };
            format!("the {} members are settled, and {seat}", members.len())
        }
        RoundsEvent::LeaderElected { leader, term, .. } => {
            format!("{} leads in term {term}", record.shown(*leader))
        }
        RoundsEvent::ChallengeIssued { transaction, challenge, .. } => {
            format!("transaction {transaction}: a challenge of {challenge} bits")
        }
        RoundsEvent::RoundDecided { row, .. } => format!(
            "transaction {}: {} wins with {}, {} yes, {} no",
            row.transaction,
            record.shown(row.winner),
            row.seed,
            row.yes,
            row.no,
        ),
        RoundsEvent::RoundFailed { transaction, yes, no } => {
            format!("transaction {transaction}: the vote is lost, {yes} yes, {no} no")
        }
        RoundsEvent::Waiting(waiting) => waiting.to_string(),
        RoundsEvent::PeerCopied {} => "ANOTHER COPY OF THIS PEER HAS SPOKEN: the data here were \
            copied, or are an old backup. If it goes on, leave it running. This one no longer \
            votes, and never will with these data: stop it, or start it with another --data \
            directory"
            .to_owned(),
        RoundsEvent::MemberEquivocated { member, reason, .. } => {
            format!(
                "MEMBER {} CONTRADICTS ITSELF: {reason}. Both signed messages are kept",
                record.shown(*member)
            )
        }
        RoundsEvent::AllRecorded {} => "all members have all rows".to_owned(),
        RoundsEvent::SolutionFound { .. } | RoundsEvent::VoteCast { .. } => return None,
    })
}

fn of_chain(event: &ChainEvent) -> String {
    match event {
        ChainEvent::PeerFound { found, known } => format!("peer {found} is here, {known} in all"),
        ChainEvent::TipChanged { height, hash, disconnected: 0, connected } => {
            format!("block {height} is {hash}, {connected} more than before")
        }
        ChainEvent::TipChanged { height, hash, disconnected, connected } => format!(
            "block {height} is {hash}, on another branch: {disconnected} blocks disconnected, \
             {connected} connected"
        ),
        ChainEvent::BlockMined { height, .. } => format!("block {height} is ours"),
        ChainEvent::BlockHeld { holder, height, .. } => {
            format!("block {height}, which is ours, is at peer {holder} too")
        }
        ChainEvent::BlockOnlyHere { height, .. } => {
            format!("block {height}, which is ours, is only here so far: no other peer has it")
        }
        ChainEvent::DownloadStarted { length, backers, .. } => {
            let length = counted(*length, "block");
            format!("fetching a chain of {length}; peers that say they have it: {backers}")
        }
        ChainEvent::DownloadFailed { length, reason, .. } => {
            format!("gave up on a chain of {}: {reason}", counted(*length, "block"))
        }
        ChainEvent::HeadersFetched { from, ahead } => {
            format!("all headers of {from} are here, {ahead} of them without their blocks")
        }
        ChainEvent::PeerShunned { shunned, seconds } => {
            format!("peer {shunned} is not asked for {seconds:.0} s")
        }
        ChainEvent::PeerBanned { key, seconds, reason } => {
            format!("the owner of key {key} is not heard for {seconds:.0} s: {reason}")
        }
        ChainEvent::ClockWrong { ahead_s } => {
            let by = humantime::format_duration(Duration::from_secs(ahead_s.unsigned_abs()));
            let direction = if *ahead_s > 0 { "slow" } else { "fast" };
            format!(
                "THE CLOCK OF THIS MACHINE SEEMS WRONG: by the blocks of others it is {by} \
                 {direction}. Until it is set, their blocks may be refused here, or ours there"
            )
        }
        ChainEvent::EntryPooled { entry, author } => {
            format!("waits for a block: {entry:?}{}", by(author.as_ref()))
        }
        ChainEvent::EntryRefused { entry, author, reason } => {
            format!("refused {entry:?}{}: {reason}", by(author.as_ref()))
        }
    }
}

fn of_assembly(record: &Record, event: &AssemblyEvent) -> Option<String> {
    // A charter has each name once, so it tells a member apart as well as its id.
    let called = |id: &Id| record.names.get(id).map_or_else(|| id.to_string(), Name::to_string);
    let all = |ids: &[Id]| ids.iter().map(called).collect::<Vec<_>>().join(", ");
    Some(match event {
        AssemblyEvent::CharterFollowed { chain, members, quorum, member } => {
            let names: Vec<_> = members.iter().map(|member| member.name.as_str()).collect();
            let seat = if *member { "we are one of them" } else { "we only follow" };
            format!("{} decide of {}, and {seat}; chain {chain}", quorum, names.join(", "))
        }
        AssemblyEvent::LeaderPassedOver { view, leader } => {
            format!("{} is passed over as the leader of view {view}", called(leader))
        }
        // While there is nothing to add, an empty one comes every second.
        AssemblyEvent::BlockCommitted { entries: 0, .. } => return None,
        AssemblyEvent::BlockCommitted { height, view, maker, entries, .. } => format!(
            "block {height} of {} is committed, in view {view}: {}",
            called(maker),
            counted(*entries as u64, "entry")
        ),
        AssemblyEvent::ProposalRefused { view, leader, reason } => {
            format!("the proposal of {} in view {view} is refused: {reason}", called(leader))
        }
        AssemblyEvent::Standstill { here, needed, missing } => format!(
            "nothing can be committed: it takes {needed} members, and {here} can be heard; \
             missing: {}",
            all(missing)
        ),
        AssemblyEvent::Resumed {} => "enough members are heard again".to_owned(),
        AssemblyEvent::MemberContradicted { member, first, second } => format!(
            "MEMBER {} CONTRADICTS ITSELF: {}; {}. Both signed statements are kept",
            called(member),
            first.statement,
            second.statement
        ),
        AssemblyEvent::CatchingUp { height, target } => {
            format!("we have {height} of {target} blocks, and fetch the others")
        }
        AssemblyEvent::Observing { why: Observer::NotAMember } => {
            "we only follow: our key is none of the charter's".to_owned()
        }
        AssemblyEvent::Observing { why: Observer::DiskLost } => {
            "WE TAKE NO PART IN THE VOTES: the data do not say what this member has said before, \
             so it might contradict itself. It follows, and its entries are committed as before"
                .to_owned()
        }
        AssemblyEvent::Observing { why: Observer::Copied } => {
            "ANOTHER COPY OF THIS MEMBER HAS SPOKEN: the data here were copied, or are an old \
             backup. If it goes on, leave it running. This one no longer votes, and never will \
             with these data"
                .to_owned()
        }
        AssemblyEvent::Diverged { hash, reason } => format!(
            "A QUORUM HAS COMMITTED A BLOCK THAT IS INVALID HERE, {hash}: {reason}. Too many \
             members are dishonest, or this program has an error; we stop at the block before"
        ),
        // There is one of each for every block.
        AssemblyEvent::ViewEntered { .. } | AssemblyEvent::BlockNotarized { .. } => return None,
    })
}

/// Returns who has signed an entry, if it is signed.
fn by(author: Option<&String>) -> String {
    author.map_or_else(String::new, |author| format!(", by {author}"))
}

fn of_miners(event: &MinersEvent) -> String {
    let said = |worker: &String, from| match worker.as_str() {
        "" => format!("miner at {from}"),
        name => format!("worker {name:?} at {from}"),
    };
    match event {
        MinersEvent::ListeningForMiners { address } => {
            format!("miners connect to stratum+tcp://{address}")
        }
        MinersEvent::WorkersMoved { count } => format!("{count} more miners came and went"),
        MinersEvent::WorkerJoined { worker, from, workers } => {
            format!("{} is here; workers: {workers}", said(worker, from))
        }
        MinersEvent::WorkerLeft { worker, from, workers, shares } => {
            let (worker, shares) = (said(worker, from), shares_of(shares));
            format!("{worker} has left after {shares}; workers: {workers}")
        }
        MinersEvent::WorkerDropped { worker, from, workers, reason, .. } => {
            format!("{} was dropped: {reason}; workers: {workers}", said(worker, from))
        }
        MinersEvent::BlockFound { worker, from, height, hash } => {
            format!("{} has found block {height}, {hash}", said(worker, from))
        }
        MinersEvent::SharesAccepted { worker, from, hash_rate, share_bits, shares } => format!(
            "{}: {}, {hash_rate} hashes a second, shares of {share_bits} bits",
            said(worker, from),
            shares_of(shares),
        ),
    }
}

fn shares_of(shares: &Shares) -> String {
    let Shares { accepted, stale, invalid, blocks } = shares;
    format!("{accepted} shares ({blocks} of them blocks), {stale} stale, {invalid} invalid")
}

fn of_demo(record: &Record, event: &DemoEvent) -> String {
    let called = |peer: &PeerName| called(record, peer);
    match event {
        DemoEvent::FaultSet { fault, sentence, .. } => format!("fault {fault}: {sentence}"),
        DemoEvent::FaultCleared { fault } => format!("fault {fault} is over"),
        DemoEvent::PeerCrashed { crashed } => format!("peer {} was made to crash", called(crashed)),
        DemoEvent::PeerRestarted { restarted, byzantine: None } => {
            format!("peer {} was started again", called(restarted))
        }
        DemoEvent::PeerRestarted { restarted, byzantine: Some(byzantine) } => format!(
            "peer {} was started again, and breaks the rules: {byzantine}",
            called(restarted)
        ),
        DemoEvent::PeerFrozen { frozen } => format!("peer {} stands still", called(frozen)),
        DemoEvent::PeerThawed { thawed } => format!("peer {} goes on", called(thawed)),
        DemoEvent::PaceChanged { paused: true, .. } => "the clock stands still".to_owned(),
        DemoEvent::PaceChanged { paused: false, speed } => {
            format!("the clock goes, {speed} seconds in a second")
        }
    }
}

fn of_tracker(event: &TrackerEvent) -> String {
    match event {
        TrackerEvent::Listening { address } => format!("listening on {address}"),
        TrackerEvent::PeerJoined { address, peers } => {
            format!("{address} has joined; peers: {peers}")
        }
        TrackerEvent::PeerLeft { address, peers } => format!("{address} has left; peers: {peers}"),
        TrackerEvent::PeerGone { address, peers } => {
            format!("{address} is gone, its connection has ended; peers: {peers}")
        }
        TrackerEvent::ConnectionRefused { from, reason } => format!("{from} was refused: {reason}"),
    }
}

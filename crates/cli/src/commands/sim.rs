use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use althing_engine::rounds::Issuing;
use althing_sim::{Fault, Latency, Plan, Role, Simulation, Spread, Summary, Trace, Who};
use althing_sim::{Wills, mermaid, svg};
use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::network::Network;

/// Run a whole network in virtual time, and see how it takes what goes wrong.
///
/// Everything left to chance comes from the seed: the same command gives the same run, on any
/// machine. Each step is checked; a broken promise ends the run with what happened last.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    althing sim --peers 100 --seed 7 --loss 0.05 --partition 30s..60s --crash leader@20s\n  \
    althing sim --byzantine 3=votes-twice --time 30s --json\n  \
    althing sim --dialect sd --crash leader@20s\n  \
    althing sim --crash leader@5s..9s --trace 5s..8s --diagram svg --output crash.svg")]
pub(crate) struct Arguments {
    /// Decides everything that is left to chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How long to run, in virtual time.
    #[arg(long, value_name = "TIME", default_value = "60s")]
    #[arg(value_parser = humantime::parse_duration)]
    time: Duration,

    /// Hashes that each peer tries in a second.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    hashes_per_second: u32,

    /// Write the summary as JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    picture: Picture,

    // Last, since their headings in the help go on for all that follows.
    #[command(flatten)]
    trouble: Trouble,

    #[command(flatten)]
    network: Network,
}

/// What to show of the run.
#[derive(Args)]
struct Picture {
    /// Show what happened in this interval.
    #[arg(long, value_name = "FROM..TO", value_parser = parse_interval)]
    trace: Option<Range<Duration>>,

    /// How to show it.
    #[arg(long, value_enum, default_value_t = Diagram::Text, requires = "trace")]
    diagram: Diagram,

    /// Where to write it; without this, to standard output.
    #[arg(long, value_name = "FILE", requires = "trace")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Diagram {
    /// A line for each thing that happened.
    Text,
    /// A sequence diagram for Mermaid.
    Mermaid,
    /// A sequence diagram as a picture.
    Svg,
}

/// What goes wrong. A peer is its number, from zero in the order of the ids, or `leader`.
#[derive(Args)]
#[command(next_help_heading = "Trouble")]
struct Trouble {
    /// Share of messages that are lost on their way to a peer, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = parse_share)]
    loss: Percent,

    /// Share of messages that come twice.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = parse_share)]
    duplication: Percent,

    /// Share of messages that come with flipped bits.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = parse_share)]
    corruption: Percent,

    /// How long a message takes: always the same, or anything between two times.
    #[arg(long, value_name = "TIME|FROM..TO", default_value = "1ms", value_parser = parse_latency)]
    delay: Latency,

    /// Cut some peers off from the others; half of them, if none are named.
    #[arg(long, value_name = "FROM..TO[=PEER,..]")]
    partition: Vec<Partition>,

    /// Kill a peer; and start it again, if there is an end.
    #[arg(long, value_name = "PEER@FROM[..TO]")]
    crash: Vec<Mishap>,

    /// Stop a peer for a while; what would have happened to it then happens at once.
    #[arg(long, value_name = "PEER@FROM..TO")]
    freeze: Vec<Mishap>,

    /// Restart the broker; what is under way is forgotten.
    #[arg(long, value_name = "FROM..TO", value_parser = parse_interval)]
    restart_broker: Vec<Range<Duration>>,

    /// Have a peer be dishonest in one thing, from the beginning.
    #[arg(long, value_name = "PEER=ROLE", long_help = byzantine_help())]
    byzantine: Vec<Dishonest>,
}

/// Whole percents.
type Percent = u8;

/// Something that happens to a peer, and ends or not.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mishap {
    who: Who,
    from: Duration,
    to: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Partition {
    time: Range<Duration>,
    side: Vec<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Dishonest {
    who: Who,
    role: Role,
}

/// Something to do to the network at a moment. Who leads is known only then, so the end of a
/// mishap is for whoever it began with.
#[derive(Clone, Debug)]
enum Action {
    Do(Fault),
    Begin { mishap: usize, kind: Kind },
    End { mishap: usize, kind: Kind },
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Crash,
    Freeze,
}

/// Between two rounds, unless the user says otherwise.
const PAUSE: Duration = Duration::from_secs(1);

/// Things that are kept of a run whose trace is asked for.
const HISTORY: usize = 200_000;

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    check(arguments)?;
    let peers = usize::from(arguments.network.peers.get());
    let mut plan = Plan::new(arguments.seed, peers);
    plan.hashes_per_second = arguments.hashes_per_second.into();
    plan.conditions.latency = arguments.trouble.delay.clone();
    plan.conditions.loss_percent = arguments.trouble.loss;
    plan.conditions.duplication_percent = arguments.trouble.duplication;
    plan.conditions.corruption_percent = arguments.trouble.corruption;
    if arguments.picture.trace.is_some() {
        plan.history = HISTORY;
    }
    for Dishonest { who, role } in &arguments.trouble.byzantine {
        plan = plan.with(*who, *role);
    }
    let dialect = arguments.network.dialect(PAUSE, Issuing::AtOnce)?;
    let mut net = Simulation::new(plan, dialect);
    let trace = live_through(&mut net, arguments)?;
    tell(&net.summary(), arguments.json)?;
    match trace {
        Some(trace) => show(&trace, &arguments.picture),
        None => Ok(()),
    }
}

fn check(arguments: &Arguments) -> anyhow::Result<()> {
    let peers = usize::from(arguments.network.peers.get());
    let trouble = &arguments.trouble;
    let named = trouble.crash.iter().chain(&trouble.freeze).map(|mishap| mishap.who);
    let named = named.chain(trouble.byzantine.iter().map(|dishonest| dishonest.who));
    let cut_off = trouble.partition.iter().flat_map(|partition| &partition.side);
    for who in named.chain(cut_off.map(|peer| Who::Peer(*peer))) {
        let exists = !matches!(who, Who::Peer(peer) if peer >= peers);
        ensure!(exists, "there is no {who}: the peers are 0 to {}", peers - 1);
    }
    let open = trouble.freeze.iter().find(|mishap| mishap.to.is_none());
    ensure!(open.is_none(), "a frozen peer needs an end, as in --freeze 3@10s..20s");
    let shown = arguments.picture.output.is_some() || !arguments.json;
    let is_traced = arguments.picture.trace.is_some();
    ensure!(shown || !is_traced, "with --json, write the trace to a file with --output");
    Ok(())
}

/// Runs to the end, through all that is to happen, and returns the trace that was asked for.
fn live_through(net: &mut Simulation, arguments: &Arguments) -> anyhow::Result<Option<Trace>> {
    let mut trace = None;
    let mut victims = vec![None; arguments.trouble.crash.len() + arguments.trouble.freeze.len()];
    let interval = arguments.picture.trace.clone();
    let mut actions = actions(&arguments.trouble, net.up().count());
    actions.sort_by_key(|(at, _)| *at);
    let mut actions = actions.into_iter().filter(|(at, _)| *at < arguments.time).peekable();
    loop {
        let next = actions.peek().map_or(arguments.time, |(at, _)| *at);
        if let Some(interval) = interval.clone().filter(|it| trace.is_none() && it.end <= next) {
            run_to(net, interval.end)?;
            trace = Some(net.trace(interval));
        }
        run_to(net, next)?;
        match actions.next() {
            Some((_, action)) => act(net, action, arguments, &mut victims),
            None => break,
        }
    }
    Ok(trace.or_else(|| interval.map(|interval| net.trace(interval))))
}

fn run_to(net: &mut Simulation, moment: Duration) -> anyhow::Result<()> {
    Ok(net.run_for(moment.saturating_sub(net.now().since_start()))?)
}

fn actions(trouble: &Trouble, peers: usize) -> Vec<(Duration, Action)> {
    let mut actions = Vec::new();
    for Partition { time, side } in &trouble.partition {
        let half = || (0..peers / 2).collect();
        let side = if side.is_empty() { half() } else { side.clone() };
        actions.push((time.start, Action::Do(Fault::Partition(side))));
        actions.push((time.end, Action::Do(Fault::Mend)));
    }
    for time in &trouble.restart_broker {
        let down = time.end - time.start;
        let fault = Fault::RestartBroker { down, wills: Wills::Forgotten };
        actions.push((time.start, Action::Do(fault)));
    }
    let crashes = trouble.crash.iter().map(|mishap| (mishap, Kind::Crash));
    let freezes = trouble.freeze.iter().map(|mishap| (mishap, Kind::Freeze));
    for (index, (mishap, kind)) in crashes.chain(freezes).enumerate() {
        actions.push((mishap.from, Action::Begin { mishap: index, kind }));
        if let Some(to) = mishap.to {
            actions.push((to, Action::End { mishap: index, kind }));
        }
    }
    actions
}

fn act(net: &mut Simulation, action: Action, arguments: &Arguments, victims: &mut [Option<usize>]) {
    let trouble = &arguments.trouble;
    let fault = match action {
        Action::Do(fault) => Some(fault),
        Action::Begin { mishap, kind } => {
            let mishaps = trouble.crash.iter().chain(&trouble.freeze);
            let who = mishaps.map(|mishap| mishap.who).nth(mishap);
            let victim = match who {
                Some(Who::Peer(peer)) => Some(peer),
                Some(Who::Leader) => net.leader(),
                None => None,
            };
            victims[mishap] = victim;
            victim.map(|victim| match kind {
                Kind::Crash => Fault::Crash(victim.into()),
                Kind::Freeze => Fault::Pause(victim.into()),
            })
        }
        Action::End { mishap, kind } => victims[mishap].map(|victim| match kind {
            Kind::Crash => Fault::Restart(victim.into()),
            Kind::Freeze => Fault::Resume(victim.into()),
        }),
    };
    if let Some(fault) = fault {
        net.apply(&fault);
    }
}

fn tell(summary: &Summary, json: bool) -> anyhow::Result<()> {
    if json {
        writeln!(io::stdout(), "{}", summary_json(summary))?;
    } else {
        writeln!(io::stdout(), "{summary}")?;
    }
    Ok(())
}

fn summary_json(summary: &Summary) -> Value {
    let spread = |spread: Option<Spread>| {
        spread.map(|Spread { count, p50, max, .. }| {
            json!({ "count": count, "p50_ms": milliseconds(p50), "max_ms": milliseconds(max) })
        })
    };
    json!({
        "seed": summary.seed,
        "peers": summary.peers,
        "time_ms": milliseconds(summary.time),
        "rounds": summary.rounds,
        "elections": summary.elections,
        "published": summary.published,
        "published_per_round_and_peer": summary.published_per_round_and_peer(),
        "delivered": summary.delivered,
        "delivered_per_round_and_peer": summary.delivered_per_round_and_peer(),
        "missed": summary.missed,
        "refused": summary.refused,
        "faults": summary.faults,
        "round_time": spread(summary.round_time),
        "recovery": spread(summary.recovery),
    })
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn show(trace: &Trace, picture: &Picture) -> anyhow::Result<()> {
    let text = match picture.diagram {
        Diagram::Text => trace.to_string(),
        Diagram::Mermaid => mermaid(trace),
        Diagram::Svg => svg(trace),
    };
    match &picture.output {
        Some(file) => {
            fs::write(file, text).with_context(|| format!("writing {}", file.display()))?;
        }
        None => writeln!(io::stdout(), "{text}")?,
    }
    Ok(())
}

fn byzantine_help() -> String {
    let roles = Role::ALL.map(|role| format!("  {}: {role}", role_name(role)));
    format!("Have a peer be dishonest in one thing, from the beginning. It\n{}", roles.join("\n"))
}

/// A role's name as an option: its words, joined by hyphens.
fn role_name(role: Role) -> String {
    format!("{role:?}").chars().fold(String::new(), |mut name, character| {
        if character.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(character.to_lowercase());
        name
    })
}

impl FromStr for Dishonest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (who, role) = text.split_once('=').ok_or("write it as in 3=votes-twice")?;
        let named = Role::ALL.into_iter().find(|known| role_name(*known) == role);
        let role = named.ok_or_else(|| {
            format!("there is no role {role:?}; they are {}", Role::ALL.map(role_name).join(", "))
        })?;
        Ok(Self { who: parse_who(who)?, role })
    }
}

impl FromStr for Mishap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (who, time) = text.split_once('@').ok_or("write it as in leader@20s or 3@20s..30s")?;
        let who = parse_who(who)?;
        if time.contains("..") {
            let time = parse_interval(time)?;
            return Ok(Self { who, from: time.start, to: Some(time.end) });
        }
        Ok(Self { who, from: parse_time(time)?, to: None })
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (time, side) = text.split_once('=').unwrap_or((text, ""));
        let peer = |peer: &str| peer.parse().map_err(|_| format!("{peer:?} is no peer's number"));
        let side = side.split(',').filter(|peer| !peer.is_empty()).map(peer);
        Ok(Self { time: parse_interval(time)?, side: side.collect::<Result<_, String>>()? })
    }
}

fn parse_who(text: &str) -> Result<Who, String> {
    match text {
        "leader" => Ok(Who::Leader),
        number => number
            .parse()
            .map(Who::Peer)
            .map_err(|_| format!("{text:?} is neither a peer's number nor \"leader\"")),
    }
}

fn parse_time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{text:?}: {error}"))
}

fn parse_interval(text: &str) -> Result<Range<Duration>, String> {
    let (from, to) = text.split_once("..").ok_or("write it as in 30s..60s")?;
    let (from, to) = (parse_time(from)?, parse_time(to)?);
    if from < to { Ok(from..to) } else { Err("the end is not after the beginning".to_owned()) }
}

fn parse_latency(text: &str) -> Result<Latency, String> {
    if text.contains("..") {
        let Range { start, end } = parse_interval(text)?;
        return Ok(Latency::Uniform(start..=end));
    }
    parse_time(text).map(Latency::Fixed)
}

fn parse_share(text: &str) -> Result<Percent, String> {
    let share: f64 = text.parse().map_err(|_| "write a number such as 0.05".to_owned())?;
    let percent = (share * 100.0).round();
    if !(0.0..=1.0).contains(&share) || (percent - share * 100.0).abs() > 1e-6 {
        return Err("it is 0, 0.01, 0.02 and so on up to 1".to_owned());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    Ok(percent as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn trouble_is_written_as_the_help_says() {
        let crash = Mishap { who: Who::Leader, from: seconds(20), to: None };
        assert_eq!("leader@20s".parse(), Ok(crash));
        let crash = Mishap { who: Who::Peer(3), from: seconds(20), to: Some(seconds(30)) };
        assert_eq!("3@20s..30s".parse(), Ok(crash));
        let partition = Partition { time: seconds(30)..seconds(60), side: vec![] };
        assert_eq!("30s..60s".parse(), Ok(partition));
        let partition = Partition { time: seconds(30)..seconds(60), side: vec![0, 2] };
        assert_eq!("30s..60s=0,2".parse(), Ok(partition));
        let liar = Dishonest { who: Who::Peer(1), role: Role::VotesTwice };
        assert_eq!("1=votes-twice".parse(), Ok(liar));
        assert_eq!(parse_share("0.05"), Ok(5));
    }

    #[test]
    fn what_is_written_otherwise_is_explained() {
        assert!("20s".parse::<Mishap>().is_err_and(|error| error.contains("leader@20s")));
        assert!("60s..30s".parse::<Partition>().is_err_and(|error| error.contains("not after")));
        assert!("1=lies".parse::<Dishonest>().is_err_and(|error| error.contains("votes-twice")));
        assert!(parse_share("5").is_err());
        assert!(parse_share("0.005").is_err());
    }
}

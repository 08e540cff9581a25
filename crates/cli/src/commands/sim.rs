//! A whole network in virtual time.
//!
//! | file | question |
//! | --- | --- |
//! | `assembly` | what has an assembly, and what not? |
//! | `report` | what is shown of a run? |
//! | `sense` | which faults could change nothing? |
//! | `trouble` | how are faults written? |

mod assembly;
mod report;
mod sense;
mod trouble;

use std::fmt::Debug;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use althing_dialect::ChainDialect;
use althing_engine::nakamoto::Discovery;
use althing_engine::rounds::Issuing;
use althing_sim::{
    Fault, LastWills, Latency, Plan, Simulated, Simulation, Trace, Who, chain, rounds,
};
use anyhow::{bail, ensure};
use clap::{ArgMatches, Args, Command, ValueEnum};

use self::report::{show, show_summary};
use self::trouble::{
    Dishonest, Outage, Partition, Percent, byzantine_help, find_role, parse_interval,
    parse_latency, parse_share,
};
use super::peer::{hide, refuse};
use crate::chain_network::{ChainName, ChainNetwork};
use crate::network::{DialectName, Network};
use crate::offered::Named;
use crate::output::Misuse;

/// Simulate a whole network in virtual time, with faults.
///
/// Every random choice comes from the seed: the same command gives the same run on any machine.
/// Each step is checked; a violated guarantee ends the run and shows the last steps. The last line
/// of the summary says what held at every step.
#[derive(Args)]
#[command(mut_arg("dialect", |argument| argument.value_parser(clap::value_parser!(DialectName))))]
#[command(after_help = "Examples:\n  \
    althing sim --peers 100 --seed 7 --loss 0.05 --partition 30s..45s --crash leader@20s\n  \
    althing sim --byzantine 3=votes-twice --time 30s --json\n  \
    althing sim --dialect sd --crash leader@20s\n  \
    althing sim --crash leader@5s..9s --trace 5s..8s --diagram svg --output crash.svg\n  \
    althing sim --dialect aviary --peers 20 --time 30m --partition 5m..10m --loss 0.1\n  \
    althing sim --dialect open --time 1h --byzantine 3=invalid-blocks --crash leader@20m..25m\n  \
    althing sim --dialect assembly --peers 7 --byzantine 6=votes-twice --crash leader@20s..30s\n\n\
    With --dialect or --profile, the help shows only what that network has.")]
pub(crate) struct Arguments {
    /// The seed of every random choice.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How long to run, in virtual time.
    #[arg(long, value_name = "TIME", default_value = "60s")]
    #[arg(value_parser = humantime::parse_duration)]
    time: Duration,

    /// Hashes per second of each peer. The default is 100000, and 100 in networks with a chain,
    /// where a block takes a few thousand. Members of an assembly do not mine here.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    hashes_per_second: Option<u32>,

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

    #[command(flatten)]
    chain_network: ChainNetwork,

    #[command(flatten)]
    users: UserOptions,
}

/// Who mines, and what.
#[derive(Args)]
#[command(next_help_heading = "Users (networks with a chain, assembly)")]
struct UserOptions {
    /// How many peers mine, counted from the first (networks with a chain).
    #[arg(long, value_name = "N", default_value_t = 2)]
    miners: usize,

    /// How often an entry is submitted to one of the miners, or of the members.
    #[arg(long, value_name = "TIME", default_value = "5s")]
    #[arg(value_parser = humantime::parse_duration)]
    entry_every: Duration,

    /// Let peers meet through a tracker (open; in cs60 they always do).
    #[arg(long)]
    with_tracker: bool,
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

    /// The file to write. The default is standard output.
    #[arg(long, value_name = "FILE", requires = "trace")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Diagram {
    /// One line per event.
    Text,
    /// A sequence diagram for Mermaid.
    Mermaid,
    /// A sequence diagram as an image.
    Svg,
}

/// The faults. A peer is its number, counted from zero, or `leader`: the peer that was elected
/// last, or that found the last block.
#[derive(Args)]
#[command(next_help_heading = "Trouble")]
struct Trouble {
    /// The share of messages that are lost on the way to a peer, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = parse_share)]
    loss: Percent,

    /// The share of messages that arrive twice.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = parse_share)]
    duplication: Percent,

    /// The share of messages that arrive with flipped bits.
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = parse_share)]
    corruption: Percent,

    /// How long a message takes: a fixed time, or a random time within a range.
    #[arg(long, value_name = "TIME|FROM..TO", default_value = "1ms", value_parser = parse_latency)]
    delay: Latency,

    /// Cut some peers off from the others; half of them if none are named.
    #[arg(long, value_name = "FROM..TO[=PEER,..]")]
    partition: Vec<Partition>,

    /// Kill a peer, and restart it if an end is given.
    #[arg(long, value_name = "PEER@FROM[..TO]")]
    crash: Vec<Outage>,

    /// Pause a peer; afterwards it handles at once everything that has arrived meanwhile.
    #[arg(long, value_name = "PEER@FROM..TO")]
    freeze: Vec<Outage>,

    /// Copy a peer's disk, and start a further peer with the copy beside the original (networks
    /// with rounds).
    #[arg(long, value_name = "PEER@TIME")]
    clone: Vec<Outage>,

    /// Restart a peer with the disk that it had before: saved at the first time, restored at the
    /// second (networks with rounds).
    #[arg(long, value_name = "PEER@SAVED..RESTORED")]
    roll_back: Vec<Outage>,

    /// Restart the broker; messages in flight are lost.
    #[arg(long, value_name = "FROM..TO", value_parser = parse_interval)]
    restart_broker: Vec<Range<Duration>>,

    /// Make a peer Byzantine in one way, from the start.
    #[arg(long, value_name = "PEER=ROLE", long_help = byzantine_help())]
    byzantine: Vec<Dishonest>,
}

/// Something to do to the network at a moment. Who leads is known only then, so the end of an
/// outage lasts for the peer that it began with.
#[derive(Clone, Debug)]
enum Action<R> {
    Do(Fault<R>),
    Begin { outage: usize, kind: Kind },
    End { outage: usize, kind: Kind },
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Crash,
    Freeze,
    Clone,
    RollBack,
}

/// Between two rounds, unless the user says otherwise.
const PAUSE: Duration = Duration::from_secs(1);

/// Things that are kept of a run whose trace is asked for.
const HISTORY: usize = 200_000;

pub(crate) fn run(arguments: &Arguments, given: &ArgMatches) -> anyhow::Result<()> {
    crate::signals::end_on_signals()?;
    // What cannot be meant is as wrong as an unknown option.
    check(arguments).map_err(|error| Misuse(error.to_string()))?;
    let name = arguments.network.name();
    if arguments.network.is_assembly() {
        let network = assembly::network(arguments, given)?;
        return simulate(arguments, 1, network, &althing_sim::assembly::Role::ALL);
    }
    match arguments.network.chain_name() {
        None => {
            refuse::<ChainNetwork>(given, &name, "with a chain", &[])?;
            refuse::<UserOptions>(given, &name, "with a chain", &[])?;
            let dialect = Arc::from(arguments.network.dialect(Some(PAUSE), Some(Issuing::AtOnce))?);
            let network = rounds::RoundsNetwork::new(dialect);
            simulate(arguments, 100_000, network, &rounds::Role::ALL)
        }
        Some(name) => {
            refuse::<Network>(given, &name.name(), "with rounds", &["peers", "profile"])?;
            ensure!(
                arguments.trouble.clone.is_empty() && arguments.trouble.roll_back.is_empty(),
                "peers of {} promise nothing that a copied disk could break; leave --clone and \
                 --roll-back out",
                name.name()
            );
            ensure!(
                arguments.trouble.restart_broker.is_empty(),
                "{} has no broker; leave --restart-broker out",
                name.name()
            );
            let network = chain_network(arguments, name)?;
            simulate(arguments, 100, network, &chain::Role::ALL)
        }
    }
}

/// Has the help show only what the network has that the command line names.
pub(crate) fn of_network(command: Command, named: &Named) -> Command {
    if named.is_assembly() {
        return named.only(assembly::only(command));
    }
    named.only(match named.chain_name() {
        None => hide::<UserOptions>(hide::<ChainNetwork>(command, &[]), &[]),
        Some(_) => FAULTS_OF_ROUNDS
            .into_iter()
            .fold(hide::<Network>(command, &["dialect", "peers", "profile"]), |command, id| {
                command.mut_arg(id, |option| option.hide(true))
            }),
    })
}

/// The faults that networks with a chain do not have.
const FAULTS_OF_ROUNDS: [&str; 3] = ["clone", "roll_back", "restart_broker"];

fn chain_network(arguments: &Arguments, name: ChainName) -> anyhow::Result<chain::ChainNetwork> {
    let UserOptions { miners, entry_every, with_tracker } = arguments.users;
    let discovery = match (name, with_tracker) {
        (ChainName::Cs60, _) | (_, true) => Discovery::Tracker,
        (ChainName::Aviary | ChainName::Open, false) => {
            Discovery::Gossip { forward: althing_dialect::open::FORWARD }
        }
    };
    let mut options = arguments.chain_network.clone().simulated(name);
    if let Some(profile) = arguments.network.profile() {
        options.follow(profile);
    }
    // Complains now, if at all.
    options.dialect(name, discovery, [0; 32])?;
    let dialect = move |peer: usize| -> Arc<dyn ChainDialect> {
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&(peer as u64).to_be_bytes());
        Arc::from(options.dialect(name, discovery, secret).expect("it was fine before"))
    };
    let entry = match name {
        ChainName::Cs60 => chain::numbered_ballot,
        ChainName::Aviary | ChainName::Open => chain::numbered_text,
    };
    ensure!(!entry_every.is_zero(), "--entry-every is too short");
    Ok(chain::ChainNetwork::new(dialect, chain::Users { miners, entry_every, entry }))
}

/// Runs a network, and shows what it came to.
fn simulate<N: Simulated>(
    arguments: &Arguments,
    usual_hash_rate: u32,
    network: N,
    roles: &[N::Role],
) -> anyhow::Result<()> {
    let peers = usize::from(arguments.network.members().get());
    let mut plan = Plan::new(arguments.seed, peers);
    plan.hashes_per_second = arguments.hashes_per_second.unwrap_or(usual_hash_rate).into();
    plan.conditions.latency = arguments.trouble.delay.clone();
    plan.conditions.loss_percent = arguments.trouble.loss;
    plan.conditions.duplication_percent = arguments.trouble.duplication;
    plan.conditions.corruption_percent = arguments.trouble.corruption;
    if arguments.picture.trace.is_some() {
        plan.history = HISTORY;
    }
    for Dishonest { who, role } in &arguments.trouble.byzantine {
        plan = plan.byzantine(*who, find_role(roles, role)?);
    }
    let mut net = Simulation::new(plan, network);
    let trace = run_through(&mut net, arguments)?;
    show_summary(&net.summary(), arguments.json)?;
    match trace {
        Some(trace) => show(&trace, &arguments.picture),
        None => Ok(()),
    }
}

fn check(arguments: &Arguments) -> anyhow::Result<()> {
    let peers = usize::from(arguments.network.members().get());
    let trouble = &arguments.trouble;
    let named = outages(trouble).map(|(outage, _)| outage.who);
    let named = named.chain(trouble.byzantine.iter().map(|dishonest| dishonest.who));
    let cut_off = trouble.partition.iter().flat_map(|partition| &partition.side);
    for who in named.chain(cut_off.map(|peer| Who::Peer(*peer))) {
        let exists = !matches!(who, Who::Peer(peer) if peer >= peers);
        ensure!(exists, "there is no {who}: the peers are 0 to {}", peers - 1);
    }
    let open = trouble.roll_back.iter().find(|outage| outage.to.is_none());
    let ends = trouble.clone.iter().find(|outage| outage.to.is_some());
    ensure!(ends.is_none(), "a copy stays, as in --clone 3@10s");
    ensure!(open.is_none(), "a disk is saved and restored, as in --roll-back 3@10s..20s");
    let open = trouble.freeze.iter().find(|outage| outage.to.is_none());
    ensure!(open.is_none(), "a frozen peer needs an end, as in --freeze 3@10s..20s");
    let shown = arguments.picture.output.is_some() || !arguments.json;
    let is_traced = arguments.picture.trace.is_some();
    ensure!(shown || !is_traced, "with --json, write the trace to a file with --output");
    if let Some(Range { start, .. }) = &arguments.picture.trace {
        let time = arguments.time;
        ensure!(*start < time, "--trace begins after the end of the run, which takes {time:?}");
    }
    let users = &arguments.users;
    if arguments.network.chain_name().is_some() {
        ensure!(users.miners > 0, "without a miner no block is found; see --miners");
        let miners = users.miners;
        ensure!(miners <= peers, "{miners} of {peers} peers cannot mine; see --miners and --peers");
    }
    match sense::nonsense(trouble, peers, arguments.time) {
        Some(complaint) => bail!(complaint),
        None => Ok(()),
    }
}

/// Runs to the end, through all that is to happen, and returns the trace that was asked for.
fn run_through<N: Simulated>(
    net: &mut Simulation<N>,
    arguments: &Arguments,
) -> anyhow::Result<Option<Trace>> {
    let mut trace = None;
    let mut victims = vec![None; outages(&arguments.trouble).count()];
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

fn run_to<N: Simulated>(net: &mut Simulation<N>, moment: Duration) -> anyhow::Result<()> {
    let time = moment.saturating_sub(net.now().since_start());
    net.run_for(time).map_err(|stuck| anyhow::anyhow!("{stuck}"))
}

fn actions<R>(trouble: &Trouble, peers: usize) -> Vec<(Duration, Action<R>)> {
    let mut actions = Vec::new();
    for Partition { time, side } in &trouble.partition {
        let half = || (0..peers / 2).collect();
        let side = if side.is_empty() { half() } else { side.clone() };
        actions.push((time.start, Action::Do(Fault::Partition(side))));
        actions.push((time.end, Action::Do(Fault::Mend)));
    }
    for time in &trouble.restart_broker {
        let down = time.end - time.start;
        let fault = Fault::RestartBroker { down, last_wills: LastWills::Forgotten };
        actions.push((time.start, Action::Do(fault)));
    }
    for (index, (outage, kind)) in outages(trouble).enumerate() {
        actions.push((outage.from, Action::Begin { outage: index, kind }));
        if let Some(to) = outage.to {
            actions.push((to, Action::End { outage: index, kind }));
        }
    }
    actions
}

/// Returns all that has a peer stop for a while, or be copied.
fn outages(trouble: &Trouble) -> impl Iterator<Item = (&Outage, Kind)> {
    let Trouble { crash, freeze, clone, roll_back, .. } = trouble;
    let crashes = crash.iter().map(|outage| (outage, Kind::Crash));
    let freezes = freeze.iter().map(|outage| (outage, Kind::Freeze));
    let clones = clone.iter().map(|outage| (outage, Kind::Clone));
    let rolled_back = roll_back.iter().map(|outage| (outage, Kind::RollBack));
    crashes.chain(freezes).chain(clones).chain(rolled_back)
}

fn act<N: Simulated>(
    net: &mut Simulation<N>,
    action: Action<N::Role>,
    arguments: &Arguments,
    victims: &mut [Option<usize>],
) {
    let trouble = &arguments.trouble;
    let fault = match action {
        Action::Do(fault) => Some(fault),
        Action::Begin { outage, kind } => {
            let who = outages(trouble).map(|(outage, _)| outage.who).nth(outage);
            let victim = match who {
                Some(Who::Peer(peer)) => Some(peer),
                Some(Who::Leader) => net.leader(),
                None => None,
            };
            victims[outage] = victim;
            victim.map(|victim| match kind {
                Kind::Crash => Fault::Crash(victim.into()),
                Kind::Freeze => Fault::Pause(victim.into()),
                Kind::Clone => Fault::CloneDisk(victim.into()),
                Kind::RollBack => Fault::BackUpDisk(victim.into()),
            })
        }
        Action::End { outage, kind } => victims[outage].map(|victim| match kind {
            Kind::Crash => Fault::Restart(victim.into()),
            Kind::Freeze => Fault::Resume(victim.into()),
            // A copy stays: its end was refused.
            Kind::Clone => Fault::Mend,
            Kind::RollBack => Fault::RollBackDisk(victim.into()),
        }),
    };
    if let Some(fault) = fault {
        net.apply(&fault);
    }
}

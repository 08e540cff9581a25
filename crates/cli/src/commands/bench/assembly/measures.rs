//! What is measured of an assembly.

use std::time::Duration;

use althing_types::Moment;
use anyhow::{Context, ensure};
use clap::ValueEnum;
use rand::RngExt;

use super::load::Load;
use super::network::{Network, Way};
use super::processor_time;
use crate::commands::bench::figures::percentile;

/// One thing that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Measure {
    /// Blocks a second while there is always an entry to add.
    Blocks,
    /// Blocks without entries as fast as a charter allows (one in 10ms), and what they cost.
    Empty,
    /// Entries a second under full load, and what a block costs then.
    Entries,
    /// The time from submitting an entry to its commit, one at a time.
    Latency,
    /// The time from the death of a leader to the next block, and until it is named.
    Leader,
    /// What is left of the speed with one member dead, idle and under full load.
    Dead,
    /// How long a member takes that has missed many entries.
    CatchUp,
}

/// How much is measured.
#[derive(Clone, Copy)]
pub(super) struct Amount {
    pub(super) members: usize,
    pub(super) time: Duration,
    pub(super) kills: usize,
    pub(super) missed: u64,
}

/// What was measured: names, with their units, and values.
pub(super) type Figures = Vec<(&'static str, f64)>;

/// The time between two blocks of a charter unless it says otherwise.
const BLOCK_TIME: Duration = Duration::from_secs(1);

/// The least that a charter allows.
const SHORTEST: Duration = Duration::from_millis(10);

/// Blocks come often enough that an idle assembly can be measured, and seldom enough that they do
/// not come as fast as they can.
const IDLE: Duration = Duration::from_millis(100);

/// An entry now and then, so that the next block is not waited for.
const TRICKLE: Load = Load::Every(Duration::from_millis(10));

/// Before the measurement begins.
const WARMING_UP: Duration = Duration::from_secs(1);

/// Entries that are signed in advance for a second under full load.
const PREPARED_PER_SECOND: u64 = 12_000;

impl Measure {
    pub(super) fn name(self) -> String {
        self.to_possible_value().expect("none is hidden").get_name().to_owned()
    }

    /// Measures it. `tell` is told how far it is.
    pub(super) async fn run(
        self,
        way: &Way,
        amount: Amount,
        tell: &impl Fn(&str),
    ) -> anyhow::Result<Figures> {
        let start = |block_time| Network::start(way, amount.members, block_time);
        match self {
            Self::Blocks => {
                let mut network = start(BLOCK_TIME).await?;
                network.set_load(Load::Every(Duration::from_millis(1)));
                network.pass(WARMING_UP).await?;
                let rate = Rate::of(&mut network, amount.time).await?;
                Ok(vec![("blocks_per_second", rate.blocks)])
            }
            Self::Empty => {
                let mut network = start(SHORTEST).await?;
                network.pass(WARMING_UP).await?;
                let rate = Rate::of(&mut network, amount.time).await?;
                Ok([vec![("blocks_per_second", rate.blocks)], rate.cost()].concat())
            }
            Self::Entries => {
                let mut network = start(BLOCK_TIME).await?;
                let rate = loaded(&mut network, amount.time, tell).await?;
                let rates =
                    vec![("entries_per_second", rate.entries), ("blocks_per_second", rate.blocks)];
                Ok([rates, rate.cost()].concat())
            }
            Self::Latency => latency(start(BLOCK_TIME).await?, amount.time).await,
            Self::Leader => leader(start(BLOCK_TIME).await?, amount.kills, tell).await,
            Self::Dead => {
                let idle = dead(start(IDLE).await?, amount.time, Load::None, tell).await?;
                let full = dead(start(BLOCK_TIME).await?, amount.time, Load::Full, tell).await?;
                Ok(vec![
                    ("idle_healthy_blocks_per_second", idle[0].blocks),
                    ("idle_one_dead_blocks_per_second", idle[1].blocks),
                    ("idle_left_percent", percent(idle[1].blocks, idle[0].blocks)),
                    ("loaded_healthy_entries_per_second", full[0].entries),
                    ("loaded_one_dead_entries_per_second", full[1].entries),
                    ("loaded_left_percent", percent(full[1].entries, full[0].entries)),
                ])
            }
            Self::CatchUp => catch_up(start(BLOCK_TIME).await?, amount.missed, tell).await,
        }
    }
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { 100.0 * part / whole } else { 0.0 }
}

/// What the first member that runs has committed in a second.
struct Rate {
    blocks: f64,
    entries: f64,
    /// The processor time of a block, of each member, where the system tells it.
    cpu: Option<Duration>,
}

impl Rate {
    async fn of(network: &mut Network, time: Duration) -> anyhow::Result<Self> {
        let first = |network: &Network| {
            let first = network.seen.up().next().context("a member runs")?;
            anyhow::Ok((first.height, first.entries))
        };
        let (before, cpu) = (first(network)?, processor_time());
        let took = network.pass(time).await?;
        let after = first(network)?;
        let (blocks, entries) = (after.0 - before.0, after.1 - before.1);
        let cpu = processor_time().zip(cpu).map(|(after, before)| after.saturating_sub(before));
        let members = u64::try_from(network.seen.up().count())?;
        let shares = u32::try_from((blocks * members).max(1))?;
        #[expect(clippy::cast_precision_loss, reason = "blocks and entries are few")]
        let per_second = |count: u64| count as f64 / took.as_secs_f64();
        Ok(Self {
            blocks: per_second(blocks),
            entries: per_second(entries),
            cpu: cpu.filter(|_| blocks > 0).map(|cpu| cpu / shares),
        })
    }

    fn cost(&self) -> Figures {
        let cpu = self.cpu.map(|cpu| ("cpu_ms_per_block_and_member", cpu.as_secs_f64() * 1e3));
        cpu.into_iter().collect()
    }
}

async fn loaded(
    network: &mut Network,
    time: Duration,
    tell: &impl Fn(&str),
) -> anyhow::Result<Rate> {
    tell("signing entries");
    let seconds = (time + WARMING_UP).as_secs() + 1;
    network.prepare(usize::try_from(seconds * PREPARED_PER_SECOND)?);
    tell("running under full load");
    network.set_load(Load::Full);
    network.pass(WARMING_UP).await?;
    Rate::of(network, time).await
}

/// Submits one entry after the other, each at another member, which has to commit it.
async fn latency(mut network: Network, time: Duration) -> anyhow::Result<Figures> {
    let (clock, mut times) = (network.clock(), Vec::new());
    let begin = clock.now();
    for number in (0..network.members()).cycle() {
        if clock.now() - begin > time {
            break;
        }
        // At any moment of a view.
        let pause = rand::rng().random_range(5..40);
        network.pass(Duration::from_millis(pause)).await?;
        let submitted = clock.now();
        network.submit(number)?;
        let committed = |at: Moment| (at > submitted).then_some(at);
        let at =
            network.until("an entry", |seen| committed(seen.member(number).last_entry)).await?;
        times.push(at - submitted);
    }
    times.sort_unstable();
    Ok(vec![
        ("commit_p50_ms", percentile(&times, 50)),
        ("commit_p99_ms", percentile(&times, 99)),
        ("entries", f64::from(u32::try_from(times.len())?)),
    ])
}

/// Kills the leader, again and again.
async fn leader(
    mut network: Network,
    kills: usize,
    tell: &impl Fn(&str),
) -> anyhow::Result<Figures> {
    let (mut blocks, mut names) = (Vec::new(), Vec::new());
    network.set_load(TRICKLE);
    for kill in 1..=kills {
        tell(&format!("killing leader {kill} of {kills}"));
        let pause = rand::rng().random_range(1000..2000);
        network.pass(Duration::from_millis(pause)).await?;
        let view = network.seen.view;
        let leader = network.seen.leader().context("a view has begun")?;
        let killed = network.clock().now();
        network.kill(leader).await;
        // A block that was under way before does not count.
        let next = network.until("the next block", |seen| {
            let later = seen.up().map(|it| it.last);
            later.filter(|(of, at)| *of >= view && *at > killed).map(|(_, at)| at).min()
        });
        blocks.push(next.await? - killed);
        network
            .until("the name of the dead", |seen| seen.all_find_silent(leader, true).then_some(()))
            .await?;
        names.push(network.clock().now() - killed);
        network.restart(leader).await?;
        let target = network.seen.highest();
        network
            .until("the member that is back", |seen| {
                let is_level = seen.member(leader).height >= target;
                (is_level && seen.all_find_silent(leader, false)).then_some(())
            })
            .await?;
    }
    blocks.sort_unstable();
    names.sort_unstable();
    Ok(vec![
        ("next_block_p50_ms", percentile(&blocks, 50)),
        ("next_block_p99_ms", percentile(&blocks, 99)),
        ("named_p50_ms", percentile(&names, 50)),
        ("named_p99_ms", percentile(&names, 99)),
    ])
}

/// Measures with all members, and then with one of them dead.
async fn dead(
    mut network: Network,
    time: Duration,
    load: Load,
    tell: &impl Fn(&str),
) -> anyhow::Result<[Rate; 2]> {
    ensure!(network.members() > 3, "with fewer than four members none may be dead; see --members");
    if matches!(load, Load::Full) {
        tell("signing entries");
        let seconds = 2 * (time + WARMING_UP * 3).as_secs();
        network.prepare(usize::try_from(seconds * PREPARED_PER_SECOND)?);
    }
    tell("with all members");
    network.set_load(load);
    network.pass(WARMING_UP).await?;
    let healthy = Rate::of(&mut network, time).await?;
    let last = network.members() - 1;
    network.kill(last).await;
    network
        .until("the name of the dead", |seen| seen.all_find_silent(last, true).then_some(()))
        .await?;
    tell("with one dead");
    network.pass(WARMING_UP).await?;
    Ok([healthy, Rate::of(&mut network, time).await?])
}

/// Has a member miss many entries.
async fn catch_up(
    mut network: Network,
    missed: u64,
    tell: &impl Fn(&str),
) -> anyhow::Result<Figures> {
    ensure!(network.members() > 3, "with fewer than four members none may be away; see --members");
    tell("signing entries");
    network.prepare(usize::try_from(missed + missed / 8)?);
    let last = network.members() - 1;
    network.kill(last).await;
    let before = network.seen.member(0).entries;
    tell("committing them without one member");
    network.set_load(Load::Full);
    while network.seen.member(0).entries - before < missed {
        network.pass(Duration::from_millis(20)).await?;
    }
    network.set_load(Load::None);
    network.pass(WARMING_UP).await?;
    let target = network.seen.highest();
    let behind = target - network.seen.member(last).height;
    tell("catching up");
    let from = network.clock().now();
    network.restart(last).await?;
    let level = |seen: &super::seen::Seen| {
        let member = seen.member(last);
        (member.height >= target).then_some(member.last.1)
    };
    let at = network.until("a level member", level).await?;
    Ok(vec![
        ("missed_entries", f64::from(u32::try_from(network.seen.member(0).entries - before)?)),
        ("missed_blocks", f64::from(u32::try_from(behind)?)),
        ("level_s", (at - from).as_secs_f64()),
    ])
}

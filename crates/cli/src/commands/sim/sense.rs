//! Faults that could change nothing: what they were meant to do is better asked than ignored.

use std::collections::BTreeSet;
use std::time::Duration;

use althing_sim::Who;

use super::Trouble;
use super::trouble::{Dishonest, Outage, Partition};

/// Returns a complaint about the first fault that makes no sense in a run of `peers` for `time`.
pub(super) fn nonsense(trouble: &Trouble, peers: usize, time: Duration) -> Option<String> {
    if time.is_zero() {
        return Some("in no time nothing happens; give the run some --time".to_owned());
    }
    let after_the_end = |option: &str, from: Duration| {
        (from >= time).then(|| {
            format!(
                "--{option} at {from:?} comes after the end of the run, which takes {time:?}; \
                 see --time"
            )
        })
    };
    let crashes = trouble.crash.iter().map(|outage| ("crash", outage.from));
    let freezes = trouble.freeze.iter().map(|outage| ("freeze", outage.from));
    let clones = trouble.clone.iter().map(|outage| ("clone", outage.from));
    let rolled_back =
        trouble.roll_back.iter().map(|outage| ("roll-back", outage.to.unwrap_or(outage.from)));
    let partitions = trouble.partition.iter().map(|partition| ("partition", partition.time.start));
    let restarts = trouble.restart_broker.iter().map(|time| ("restart-broker", time.start));
    crashes
        .chain(freezes)
        .chain(clones)
        .chain(rolled_back)
        .chain(partitions)
        .chain(restarts)
        .find_map(|(option, from)| after_the_end(option, from))
        .or_else(|| (trouble.loss == 100).then(|| "with --loss 1 no message arrives".to_owned()))
        .or_else(|| trouble.partition.iter().find_map(|partition| no_partition(partition, peers)))
        .or_else(|| twice(trouble))
        .or_else(|| no_honesty(&trouble.byzantine, peers))
}

fn no_partition(Partition { side, .. }: &Partition, peers: usize) -> Option<String> {
    let side: BTreeSet<usize> = side.iter().copied().collect();
    if peers < 2 {
        return Some("one peer alone cannot be cut off from others; see --peers".to_owned());
    }
    (side.len() >= peers).then(|| {
        format!(
            "a partition with all {peers} peers on one side cuts none of them off; leave some out"
        )
    })
}

/// Complains about a peer that is down already when it is to go down.
fn twice(trouble: &Trouble) -> Option<String> {
    let outages: Vec<&Outage> = trouble.crash.iter().chain(&trouble.freeze).collect();
    let end = |outage: &Outage| outage.to.unwrap_or(Duration::MAX);
    outages.iter().enumerate().find_map(|(place, one)| {
        let Who::Peer(peer) = one.who else { return None };
        let overlaps = |other: &&&Outage| {
            other.who == one.who && other.from < end(one) && one.from < end(other)
        };
        let other = outages[..place].iter().find(overlaps)?;
        Some(format!(
            "peer {peer} is down from {:?} on already, when it is to go down at {:?}",
            other.from.min(one.from),
            other.from.max(one.from)
        ))
    })
}

fn no_honesty(byzantine: &[Dishonest], peers: usize) -> Option<String> {
    let mut named = BTreeSet::new();
    for Dishonest { who, role } in byzantine {
        let Who::Peer(peer) = who else {
            return Some(format!(
                "at the start no peer leads that could take the role {role}; name one by its number"
            ));
        };
        if !named.insert(*peer) {
            return Some(format!("peer {peer} has a role already, and can take only one"));
        }
    }
    (named.len() >= peers).then(|| "without an honest peer there is nothing to check".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        trouble: Trouble,
    }

    fn complaint(options: &str) -> Option<String> {
        let all = std::iter::once("sim").chain(options.split_whitespace());
        let trouble = Command::try_parse_from(all).expect("right options").trouble;
        nonsense(&trouble, 3, Duration::from_secs(60))
    }

    #[test]
    fn faults_that_could_change_nothing_are_explained() {
        for (options, part) in [
            ("--crash 1@60s", "--crash at 60s comes after the end of the run, which takes 60s"),
            ("--crash leader@2m..3m", "--crash at 120s comes after the end"),
            ("--freeze 1@70s..80s", "--freeze at 70s comes after the end"),
            ("--clone 1@60s", "--clone at 60s comes after the end"),
            ("--roll-back 1@50s..60s", "--roll-back at 60s comes after the end"),
            ("--partition 70s..80s", "--partition at 70s comes after the end"),
            ("--restart-broker 61s..62s", "--restart-broker at 61s comes after the end"),
            ("--partition 1s..2s=0,1,2", "all 3 peers on one side"),
            ("--loss 1", "no message arrives"),
            ("--crash 1@5s --crash 1@9s", "peer 1 is down from 5s on already"),
            ("--freeze 1@9s..12s --crash 1@5s..10s", "peer 1 is down from 5s on already"),
            ("--byzantine 1=votes-twice --byzantine 1=silent", "peer 1 has a role already"),
            ("--byzantine leader=votes-twice", "at the start no peer leads"),
            ("--byzantine 0=a --byzantine 1=a --byzantine 2=a", "without an honest peer"),
        ] {
            let complaint = complaint(options).unwrap_or_else(|| panic!("{options} makes sense"));
            assert!(complaint.contains(part), "{options}: {complaint}");
        }
        for options in [
            "",
            "--crash 1@59s",
            "--crash leader@5s --crash leader@6s",
            "--crash 1@5s..6s --crash 1@6s..7s",
            "--partition 30s..60s=0,2,0",
            "--byzantine 0=a --byzantine 1=a",
        ] {
            assert_eq!(complaint(options), None, "{options}");
        }
        assert!(nonsense_of_one().is_some_and(|complaint| complaint.contains("alone")));
    }

    fn nonsense_of_one() -> Option<String> {
        let trouble = Command::try_parse_from(["sim", "--partition", "1s..2s"]).expect("right");
        nonsense(&trouble.trouble, 1, Duration::from_secs(60))
    }
}

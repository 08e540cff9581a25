//! Some of ours lose their connection in the middle of a session, and get it back.
//!
//! Where the leader alone judges, they go on with the rows that follow; where all vote, they cannot
//! tell any more which rows the others record, and say so (rules P13 and P19). In no case do two of
//! ours record different rows, and no program ends.

use std::collections::{BTreeMap, BTreeSet};

use althing_testkit::{Cable, eventually_blocking};
use serde_json::Value;

use super::mixture::{Kind, Mixture, begin, kind};
use super::{Broker, home, record};
use crate::harness::{Peer, StandIn, mosquitto, rabbitmq, row};

const OVER_MQTT: [Kind; 3] =
    [kind("sheet", "1..6"), kind("copy-a", "1..2"), kind("elect-chain", "1..6")];
const OVER_AMQP: [Kind; 2] = [kind("shared.toml", "1..6"), kind("ppd", "1..6")];

/// More rows than there are until the cut.
const ROWS: u64 = 400;

/// Rows that there must be after it, where there are any.
const MORE: u64 = 3;

const OURS: usize = 3;

/// What is written down of a run.
struct Outcome {
    /// Peers that were cut off and recorded more rows.
    went_on: usize,
    /// Those that say that they record no more.
    stopped: usize,
    /// Rows of which two of ours, or a program and one of ours, have different ones.
    different: usize,
    /// Programs that have ended.
    ended: usize,
}

#[test]
fn over_mqtt_ours_that_are_cut_off_never_record_other_rows() {
    let broker = Broker::Mqtt(mosquitto());
    record::replace("partitions over MQTT", &run_all(&broker, &OVER_MQTT));
}

#[test]
fn over_amqp_ours_that_are_cut_off_never_record_other_rows() {
    let broker = Broker::Amqp(rabbitmq());
    record::replace("partitions over AMQP", &run_all(&broker, &OVER_AMQP));
}

fn run_all(broker: &Broker, kinds: &[Kind]) -> String {
    let mut text = String::from("\n| profile | cut off | came to |\n| --- | --- | --- |\n");
    for kind in kinds {
        for count in [1, 2] {
            let Outcome { went_on, stopped, different, ended } = run(broker, kind, count);
            assert_eq!((different, ended), (0, 0), "{}: different rows, ended", kind.profile);
            let profile = kind.profile;
            text += &format!(
                "| `{profile}` | {count} of {OURS} | {went_on} went on, {stopped} recorded nothing \
                 more and said so; {different} rows differ; {ended} programs ended |\n"
            );
        }
    }
    text + "\n"
}

/// Cuts so many of ours off that do not lead, connects them again, and asserts what holds.
fn run(broker: &Broker, kind: &Kind, count: usize) -> Outcome {
    let home = home();
    let mixture = Mixture::new(kind, OURS, broker, home.path()).of_its_own(count, ROWS);
    let cables: Vec<Cable> =
        (0..OURS).map(|_| Cable::to(broker.port()).expect("a port is free")).collect();
    let networks: Vec<_> = cables.iter().map(|cable| mixture.network_at(cable.port())).collect();
    let mut programs = mixture.programs(30);
    let peers: Vec<Peer> = networks.iter().map(|network| network.peer("peer")).collect();
    begin(&peers, &mut programs);
    for peer in &peers {
        peer.reaches(2);
    }
    let all_vote = mixture.profile["judge"]["by"] == "all";
    let leads = |peer: &&Peer| peer.follows().0 == peer.called();
    let cut: Vec<usize> =
        (0..OURS).filter(|place| all_vote || !leads(&&peers[*place])).take(count).collect();
    for place in &cut {
        cables[*place].cut();
    }
    for place in &cut {
        peers[*place].first("disconnected");
    }
    let before = peers.iter().map(Peer::reached).max().expect("there are some");
    for place in &cut {
        cables[*place].mend();
    }
    for place in &cut {
        let what = "that it is connected again";
        peers[*place].wait_until(what, |lines| {
            (lines.iter().filter(|line| line.is("connected")).count() == 2).then_some(())
        });
    }
    let (mut went_on, mut stopped) = (0, 0);
    for peer in cut.iter().map(|place| &peers[*place]) {
        if all_vote {
            let says = |peer: &Peer| peer.all("waiting").iter().any(|it| it["for"] == "missed");
            eventually_blocking("the peer to say what it missed", || says(peer).then_some(()));
            stopped += 1;
        } else {
            peer.reaches(before + MORE);
            went_on += 1;
        }
    }
    let ended = programs.iter().filter(|program| !program.is_running()).count();
    Outcome { went_on, stopped, different: different(&peers, &programs), ended }
}

/// Returns how many rows are not the same for all that have them.
fn different(peers: &[Peer], programs: &[StandIn]) -> usize {
    let mut known: BTreeMap<u64, Value> = BTreeMap::new();
    let of_ours = peers.iter().flat_map(Peer::rows);
    let of_programs = programs.iter().flat_map(|program| {
        let rows = program.lines().into_iter().filter(|line| line.is("row"));
        rows.map(|line| row(&line.said)).collect::<Vec<_>>()
    });
    let mut different = BTreeSet::new();
    for row in of_ours.chain(of_programs) {
        let number = row[0].as_u64().expect("rows have numbers");
        let first = known.entry(number).or_insert_with(|| row.clone());
        if *first != row {
            different.insert(number);
        }
    }
    different.len()
}

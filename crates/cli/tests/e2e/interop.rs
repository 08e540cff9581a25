//! Peers of ours among programs that a profile describes: one, half, and all but one of them ours.
//!
//! The programs are in Python, in `programs/`, and know what their profile says and nothing else.
//! What these tests show is in `docs/interop.md`, which `cargo xtask interop` writes.
//!
//! | file | question |
//! | --- | --- |
//! | `detecting` | what does a detector make of them? |
//! | `mixture` | which peers and programs are in one network? |
//! | `partitions` | what if some of ours lose their connection? |
//! | `record` | what is written down of the runs? |
//! | `udp` | what of programs over UDP? |
//! | `watching` | what does one see of them that only watches? |

mod detecting;
mod mixture;
mod partitions;
mod record;
mod udp;
mod watching;

use std::thread;

use althing_testkit::{Mosquitto, RabbitMq};
use tempfile::TempDir;

use self::mixture::{Kind, Mixture, Outcome, begin, kind};
use crate::harness::{mosquitto, rabbitmq};

/// Over MQTT. Hexadecimal zeros count four times as much as bits.
const OVER_MQTT: [Kind; 10] = [
    kind("sheet", "1..6"),
    kind("sequel", "1..6"),
    kind("elect-chain", "1..6"),
    kind("sd", "1..6"),
    kind("copy-a", "1..2"),
    kind("copy-b", "1..2"),
    kind("copy-c", "1..2"),
    kind("copy-d", "1..2"),
    kind("copy-e", "1..2"),
    kind("copy-f", "1..6"),
];

/// Over AMQP: the page's program, and others with each value of each dimension that such programs
/// have.
const OVER_AMQP: [Kind; 5] = [
    kind("ppd", "1..6"),
    kind("keyed.toml", "1..6"),
    kind("numbered.toml", "1..6"),
    kind("shared.toml", "1..6"),
    kind("sequel-amqp.toml", "1..6"),
];

/// Members of each network.
const PEERS: usize = 4;

/// How many of them are ours.
const MIXTURES: [usize; 3] = [1, 2, 3];

/// Networks that run at the same time: most of the time each waits for what its programs wait for.
const AT_ONCE: usize = 14;

/// A broker that networks meet over.
enum Broker {
    Mqtt(Mosquitto),
    Amqp(RabbitMq),
}

impl Broker {
    fn port(&self) -> u16 {
        match self {
            Self::Mqtt(broker) => broker.port(),
            Self::Amqp(broker) => broker.port(),
        }
    }

    /// Returns the address of the same broker behind another port.
    fn url_at(&self, port: u16) -> String {
        match self {
            Self::Mqtt(_) => format!("mqtt://127.0.0.1:{port}"),
            Self::Amqp(_) => format!("amqp://127.0.0.1:{port}"),
        }
    }
}

fn home() -> TempDir {
    TempDir::with_prefix("althing-interop-").expect("there is room for files")
}

/// Runs all mixtures of these programs, and returns what was seen.
fn run_mixtures<'a>(
    broker: &'a Broker,
    kinds: &'a [Kind],
    home: &TempDir,
) -> Vec<(Mixture<'a>, Outcome)> {
    let all = kinds.iter().flat_map(|kind| MIXTURES.map(|ours| (kind, ours)));
    let all: Vec<_> =
        all.map(|(kind, ours)| Mixture::new(kind, ours, broker, home.path())).collect();
    let mut outcomes = Vec::new();
    for some in all.chunks(AT_ONCE) {
        thread::scope(|scope| {
            let runs: Vec<_> = some.iter().map(|mixture| scope.spawn(|| mixture.run())).collect();
            let runs = runs.into_iter().map(|run| run.join().expect("all have one table"));
            outcomes.extend(runs);
        });
    }
    all.into_iter().zip(outcomes).collect()
}

#[test]
fn in_every_mixture_with_every_program_over_mqtt_all_have_one_table_and_no_program_ends() {
    let (broker, home) = (Broker::Mqtt(mosquitto()), home());
    record::compare("MQTT", &run_mixtures(&broker, &OVER_MQTT, &home));
}

#[test]
fn in_every_mixture_with_every_program_over_amqp_all_have_one_table_and_no_program_ends() {
    let (broker, home) = (Broker::Amqp(rabbitmq()), home());
    record::compare("AMQP", &run_mixtures(&broker, &OVER_AMQP, &home));
}

#[test]
fn after_a_kill_the_next_session_over_mqtt_begins_anew_for_all() {
    after_a_kill_the_next_session_begins_anew(&Broker::Mqtt(mosquitto()), &OVER_MQTT[..1]);
}

#[test]
fn after_a_kill_the_next_session_over_amqp_begins_anew_for_all() {
    after_a_kill_the_next_session_begins_anew(&Broker::Amqp(rabbitmq()), &OVER_AMQP[..2]);
}

fn after_a_kill_the_next_session_begins_anew(broker: &Broker, kinds: &[Kind]) {
    let home = home();
    for kind in kinds {
        let mixture = Mixture::new(kind, 2, broker, home.path());
        let network = mixture.network();
        let mut programs = mixture.programs(10);
        let mut peers = network.peers(2);
        begin(&peers, &mut programs);
        peers[0].reaches(2);
        peers.iter_mut().for_each(|peer| peer.kill());
        drop(programs);
        let mut programs = mixture.programs(20);
        peers.iter_mut().for_each(|peer| network.restart(peer));
        begin(&peers, &mut programs);
        mixture.assert_one_table(&peers, &programs);
    }
}

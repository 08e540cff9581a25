//! What `althing profile detect` proposes for a room with programs, compared with what they follow:
//! it takes the seat that they wait for, or listens to a session of theirs.

use std::thread;

use althing_testkit::Stranger;

use super::mixture::{Kind, Mixture, ROWS, begin, kind};
use super::{Broker, PEERS, home};
use crate::harness::{Althing, mosquitto, rabbitmq};

/// Enough zeros that no other way to count them fits by chance.
const OVER_MQTT: [Kind; 10] = [
    kind("sheet", "5..6"),
    kind("sequel", "5..6"),
    kind("elect-chain", "5..6"),
    kind("sd", "5..6"),
    kind("copy-a", "2..2"),
    kind("copy-b", "2..2"),
    kind("copy-c", "2..2"),
    kind("copy-d", "2..2"),
    kind("copy-e", "2..2"),
    kind("copy-f", "5..6"),
];

/// Of programs with other exchanges than the page's, the beginning of their names is said.
const OVER_AMQP: [(Kind, Option<&str>); 5] = [
    (kind("ppd", "5..6"), None),
    (kind("keyed.toml", "5..6"), Some("keyed/")),
    (kind("numbered.toml", "5..6"), Some("numbered/")),
    (kind("shared.toml", "5..6"), Some("shared/")),
    (kind("sequel-amqp.toml", "5..6"), Some("sequel/")),
];

/// What is compared, where it was seen.
const COMPARED: [&str; 16] = [
    "wire.transport",
    "amqp.",
    "sign.",
    "election.announced",
    "topics.",
    "fields.",
    "id.kind",
    "vote.kind",
    "vote.type",
    "puzzle.zeros",
    "puzzle.need",
    "puzzle.input",
    "puzzle.bytes",
    "puzzle.type",
    "judge.",
    "leader.first_tx",
];

/// What must have been seen.
const NEEDED: [&str; 8] = [
    "topics.init",
    "topics.vote",
    "fields.init",
    "fields.vote",
    "fields.challenge",
    "fields.solution",
    "id.kind",
    "puzzle.zeros",
];

#[test]
fn over_mqtt_what_is_proposed_is_what_the_programs_follow_whatever_else_is_said() {
    let (broker, home) = (Broker::Mqtt(mosquitto()), home());
    let mixtures: Vec<_> =
        OVER_MQTT.iter().map(|kind| Mixture::new(kind, 1, &broker, home.path())).collect();
    thread::scope(|scope| {
        let runs: Vec<_> = mixtures
            .iter()
            .map(|mixture| scope.spawn(|| assert_detected(mixture, None, true)))
            .collect();
        runs.into_iter().for_each(|run| run.join().expect("each is what it is"));
    });
}

#[test]
fn over_amqp_what_is_proposed_is_what_the_programs_follow() {
    let (broker, home) = (Broker::Amqp(rabbitmq()), home());
    let mixture = |kind, joins| Mixture::new(kind, usize::from(joins), &broker, home.path());
    let joined = OVER_AMQP.iter().map(|(kind, prefix)| (mixture(kind, true), *prefix, true));
    // And one that is only heard.
    let (kind, prefix) = &OVER_AMQP[1];
    let heard = (mixture(kind, false).of_its_own(1, ROWS), *prefix, false);
    let all: Vec<_> = joined.chain([heard]).collect();
    thread::scope(|scope| {
        let runs: Vec<_> = all
            .iter()
            .map(|(mixture, prefix, joins)| {
                scope.spawn(|| assert_detected(mixture, *prefix, *joins))
            })
            .collect();
        runs.into_iter().for_each(|run| run.join().expect("each is what it is"));
    });
}

/// Has programs meet, and asserts that what is detected of them is true.
fn assert_detected(mixture: &Mixture<'_>, prefix: Option<&str>, joins: bool) {
    let name = mixture.kind.profile;
    let mut programs = mixture.programs(40);
    let (url, room) = (mixture.url(), mixture.room());
    let mut arguments = vec!["profile", "detect", "--json", "--broker", &url, "--room", &room];
    arguments.extend(["--seconds", "60", "--rows", "3"]);
    arguments.extend(joins.then_some("--join"));
    arguments.extend(prefix.map(|prefix| ["--prefix", prefix]).into_iter().flatten());
    // A room that we do not join waits for one of its own, and says so again and again.
    let last = if joins { Vec::new() } else { programs.split_off(PEERS - 1) };
    if !joins {
        begin(&[], &mut programs);
    }
    let mut detect = Althing::start(&format!("detect {name}"), arguments);
    let says = |what: &'static str| {
        let said = || detect.complaints().contains(what).then_some(());
        althing_testkit::eventually_blocking(what, said);
    };
    says("listening");
    let noise = mixture.is_over_mqtt().then(|| noise(mixture));
    if joins {
        begin(&[], &mut programs);
    } else {
        says("the first program was heard");
        let mut last = last;
        begin(&[], &mut last);
        programs.append(&mut last);
    }
    let status = detect.ended();
    assert!(status.success(), "{name}: {}", detect.complaints());
    drop(noise);
    let lines = detect.lines();
    let said = &lines.last().expect("it has said something").said;
    let seen = said["seen"].as_object().expect("it has seen something");
    for key in NEEDED {
        assert!(seen.contains_key(key), "{name}: {key} is not in {seen:#?}");
    }
    assert_eq!(seen["join.n"], PEERS, "{name}");
    for (key, seen) in seen {
        if COMPARED.iter().any(|compared| key.starts_with(compared)) {
            let true_value = key.split('.').fold(&mixture.profile, |table, part| &table[part]);
            let is_so = match key.as_str() {
                "topics.prefix" => {
                    let own = true_value.as_str().expect("it is a text");
                    seen.as_str() == Some(&*format!("{room}/{own}"))
                }
                _ => seen == true_value,
            };
            assert!(is_so, "{name}: {key} is {true_value}, and not {seen}: {said:#}");
        }
    }
    let running = programs.iter().filter(|program| program.is_running()).count();
    assert_eq!(running, programs.len(), "{name}: programs that still run");
}

/// Says what is said in a house: nothing that the programs hear.
fn noise(mixture: &Mixture<'_>) -> Stranger {
    let mut house = Stranger::meet(mixture.port(), &[]).unwrap_or_else(|error| panic!("{error}"));
    let room = mixture.room();
    for number in 0..20 {
        house.say(&format!("{room}/home/lamp"), format!(r#"{{"id": {number}, "v": 3, "t": 1.5}}"#));
        house.say(&format!("{room}/home/init"), r#"{"device": 9}"#);
        house.say(&format!("{room}/home/door"), "open");
    }
    house
}

//! Strangers shout garbage on every topic: it is refused, and nothing else changes.

use std::thread;
use std::time::{Duration, Instant};

use althing_testkit::{DEADLINE, Mosquitto, Stranger, eventually_blocking};
use serde_json::{Value, json};

use crate::harness::{Network, Peer, mosquitto};

const TOPICS: [&str; 7] = ["init", "election", "challenge", "solution", "voting", "sync", "lost"];

/// Who is no member.
const STRANGER: u64 = 12_345;

/// A transaction far from any that the peers come to.
const FAR: u64 = 999_999;

/// A topic, a message on it, and why that is refused.
type Garbage = (&'static str, Value, &'static str);

/// What a stranger needs to know to speak in another's name.
struct Known {
    leader: u64,
    member: u64,
    /// The place of a peer in whose name nobody speaks.
    witness: usize,
    /// A vote that the member has cast.
    vote: Value,
}

impl Known {
    fn overheard(broker: &Mosquitto, peers: &[Peer]) -> Self {
        let (leader, _) = peers[0].leader();
        let ids: Vec<u64> = peers.iter().map(Peer::id).collect();
        let member = *ids.iter().find(|id| **id != leader).expect("one leads");
        let witness = ids.iter().rposition(|id| *id != leader).expect("one leads");
        assert_ne!(ids[witness], member, "there are three peers or more");
        let stranger = meet(broker);
        let vote = loop {
            let heard = stranger.hear(DEADLINE).expect("votes are cast all the time");
            let vote: Value = serde_json::from_str(&heard.payload).expect("members speak JSON");
            if vote["id"] == member {
                break vote;
            }
        };
        Self { leader, member, witness, vote }
    }

    /// Returns what no member would ever say.
    fn garbage(&self) -> Vec<Garbage> {
        let Self { leader, member, vote, .. } = self;
        let no_signature = "the sender signs its messages, and this one has no signature";
        let wrong_signature = "the signature is not the sender's";
        let (nonsense, plain) = ("not a message: ", "it names no term");
        let draw =
            |id: u64| json!({ "election": 255, "id": id, "term": 0, "roster": "0000000000000000" });
        let challenge = json!({ "id": leader, "challenge": 1, "transaction": FAR, "term": 0 });
        let seal = "00".repeat(64);
        let mut other_seed = vote.clone();
        other_seed["seed"] = json!(11);
        other_seed["transaction"] = json!(FAR);
        let forged = |vote: Value| {
            let mut forged = json!({
                "id": member, "transaction": FAR, "seed": 6, "vote": true,
                "term": 0, "challenge": 1, "winner": member,
            });
            forged
                .as_object_mut()
                .expect("an object")
                .extend(vote.as_object().expect("an object").clone());
            forged
        };
        vec![
            ("init", json!("hello"), nonsense),
            ("init", json!({}), "missing field `id`"),
            ("init", json!({ "id": -1 }), nonsense),
            ("init", json!({ "id": member }), "the sender is known with another key"),
            ("election", draw(STRANGER), "the sender is not a member"),
            ("election", draw(*leader), no_signature),
            ("election", json!({ "election": 255, "id": leader }), plain),
            ("challenge", challenge, no_signature),
            ("challenge", json!({ "id": leader, "challenge": 1 }), plain),
            ("challenge", json!({ "id": leader, "challenge": 0 }), "field \"challenge\": "),
            ("solution", json!({ "id": member, "transaction": FAR, "solution": 6 }), no_signature),
            ("solution", json!({ "id": member, "transaction": -1, "solution": 6 }), nonsense),
            ("solution", json!({ "id": member, "transaction": FAR }), "missing field"),
            ("voting", forged(json!({})), no_signature),
            ("voting", forged(json!({ "term": null })), plain),
            ("voting", forged(json!({ "sign": seal })), wrong_signature),
            ("voting", forged(json!({ "vote": "yes" })), nonsense),
            ("voting", forged(json!({ "id": STRANGER })), "the sender is not a member"),
            ("voting", other_seed, wrong_signature),
            ("sync", json!({ "id": member }), nonsense),
            ("sync", self.certificate(), no_signature),
            ("lost", json!({ "id": "all" }), nonsense),
        ]
    }

    /// Returns what is not even wrong: anybody may say it.
    fn nuisances(&self, number: u32) -> [(&'static str, Value); 4] {
        [
            ("init", json!({ "id": STRANGER + u64::from(number) })),
            ("sync", json!({ "id": STRANGER, "of": self.member, "from": 0 })),
            ("sync", json!({ "id": STRANGER, "of": self.leader, "from": 0 })),
            ("lost", json!({ "id": self.leader })),
        ]
    }

    /// Returns a row that nobody has decided, in a member's name.
    fn certificate(&self) -> Value {
        json!({
            "id": self.member, "transaction": FAR, "challenge": 1, "seed": 6,
            "winner": self.member, "term": 0, "votes": [[self.member, null]], "noes": 0,
        })
    }
}

/// Returns the topic of the default variant with this name.
fn ours(name: &str) -> String {
    format!("althing/{name}")
}

fn meet(broker: &Mosquitto) -> Stranger {
    Stranger::meet(broker.port(), &[&ours("voting")]).unwrap_or_else(|error| panic!("{error}"))
}

/// Time after which a peer tells again of what it refuses, should it have been too much for it.
const PATIENCE: Duration = Duration::from_millis(1500);

#[test]
fn each_kind_of_garbage_is_refused_with_its_reason() {
    let broker = mosquitto();
    let network = Network::of(3, broker.url()).with("--pause", "20ms");
    let mut peers = network.peers(3);
    let known = Known::overheard(&broker, &peers);
    let witness = &peers[known.witness];
    let mut stranger = meet(&broker);
    for (topic, message, reason) in known.garbage() {
        let what = format!("a refusal of {message} on {topic}: {reason}");
        let before = witness.all("message_refused").len();
        let mut said = None::<Instant>;
        eventually_blocking(&what, || {
            if said.is_none_or(|said| said.elapsed() > PATIENCE) {
                said = Some(Instant::now());
                stranger.say(&ours(topic), message.to_string());
            }
            let refused = witness.all("message_refused");
            let mut reasons = refused[before..].iter().filter_map(|line| line["reason"].as_str());
            reasons.any(|told| told.contains(reason)).then_some(())
        });
    }
    let reached = peers[0].reached();
    network.assert_one_table(&mut peers, reached + 3);
}

/// Messages a second on each topic, and seconds.
const FLOOD: (u32, u32) = (1000, 3);

#[test]
fn a_flood_of_garbage_on_every_topic_changes_nothing() {
    let broker = mosquitto();
    // A leader that is only slow on a busy machine is not to be replaced.
    let network =
        Network::of(10, broker.url()).with("--pause", "20ms").with("--leader-timeout", "20s");
    let mut peers = network.peers(10);
    let known = Known::overheard(&broker, &peers);
    let before: Vec<_> = peers.iter().map(Peer::leader).collect();
    assert!(before.iter().all(|leader| *leader == before[0]), "all follow one: {before:?}");
    let reached = peers[0].reached();

    let mut stranger = meet(&broker);
    let garbage = known.garbage();
    let rows_go_on = || peers[0].reached() > reached;
    flood(rows_go_on, |number| shout(&mut stranger, &garbage, number));
    let during = peers[0].reached() - reached;
    for peer in &peers {
        peer.reaches(reached + during + 3);
    }

    let after: Vec<_> = peers.iter().map(Peer::leader).collect();
    let memory = peers.iter().filter_map(|peer| peer.memory_kib()).max();
    let refused = eventually_blocking("a thousand refusals by each peer", || {
        peers.iter().map(refused).min().filter(|refused| *refused > 1000)
    });
    eprintln!("leader and term: {:?} before, {:?} after", before[0], after[0]);
    eprintln!("{during} rows during the flood; each peer refused {refused} messages or more");
    eprintln!("memory of the largest peer: {memory:?} KiB");
    assert_eq!(after, before, "the same leads in the same term");
    assert!(peers.iter().all(|peer| peer.all("leader_elected").len() == 1));
    assert!(memory.is_none_or(|memory| memory < 40 * 1024), "{memory:?} KiB");
    network.assert_one_table(&mut peers, reached + during + 3);
}

#[test]
fn what_anybody_may_say_does_not_stop_the_rounds_however_often_it_is_said() {
    let broker = mosquitto();
    let network = Network::of(3, broker.url()).with("--pause", "20ms");
    let mut peers = network.peers(3);
    let known = Known::overheard(&broker, &peers);
    let mut stranger = meet(&broker);
    let reached = peers[0].reached();
    let rows_go_on = || peers[0].reached() > reached;
    flood(rows_go_on, |number| {
        let nuisances = known.nuisances(number);
        let (topic, nuisance) = &nuisances[number as usize % nuisances.len()];
        stranger.say(&ours(topic), nuisance.to_string());
    });
    let during = peers[0].reached() - reached;
    let memory = peers.iter().filter_map(|peer| peer.memory_kib()).max();
    eprintln!("{during} rows during the flood; memory of the largest peer: {memory:?} KiB");
    assert!(memory.is_none_or(|memory| memory < 40 * 1024), "{memory:?} KiB");
    network.assert_one_table(&mut peers, reached + during + 3);
}

/// Returns how many messages a peer has refused.
fn refused(peer: &Peer) -> u64 {
    let refused = peer.all("message_refused");
    refused.iter().map(|line| line["count"].as_u64().unwrap_or(1)).sum()
}

/// Says something on each topic.
fn shout(stranger: &mut Stranger, garbage: &[Garbage], number: u32) {
    for (place, topic) in TOPICS.iter().enumerate() {
        let number = number as usize + place;
        match number % 5 {
            0 => stranger.say(&ours(topic), "{\"id\": "),
            1 => stranger.say(&ours(topic), [0xff, 0xfe]),
            _ => {
                let mut own = garbage.iter().filter(|(own, ..)| own == topic).cycle();
                let (_, message, _) = own.nth(number % garbage.len()).expect("each topic has some");
                stranger.say(&ours(topic), message.to_string());
            }
        }
    }
    if number.is_multiple_of(FLOOD.0) {
        stranger.say(&ours("voting"), "x".repeat(1_000_000));
        let large = json!({ "id": STRANGER, "roster": "x".repeat(60_000) });
        stranger.say(&ours("init"), large.to_string());
    }
}

/// Calls `say` at a steady rate, which is what makes a flood, and not a wave, until it has gone on
/// for its time and what is to happen under it has happened.
fn flood(has_happened: impl Fn() -> bool, mut say: impl FnMut(u32)) {
    let (rate, seconds) = FLOOD;
    let start = Instant::now();
    for number in 0.. {
        if number >= rate * seconds && has_happened() {
            return;
        }
        assert!(start.elapsed() < DEADLINE, "the rounds do not go on");
        say(number);
        let due = start + Duration::from_secs(1) * number / rate;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

//! Members of an assembly are killed at random moments while notes are added, over each transport:
//! then the disks are checked, and each note must be there of which a user was told.
//!
//! `cargo xtask soak --step kills` runs the long ones.

#![expect(clippy::print_stdout, reason = "a campaign tells its seed and what it has done")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use std::{env, path::PathBuf};

use althing_testkit::eventually_blocking;

use crate::harness::{
    Club, Disk, Way, add, check_together, embedded_broker, mosquitto, rabbitmq, runs,
};

/// Draws from a seed.
struct Dice(u64);

impl Dice {
    /// Returns those of `SEED`, or of the clock, and shows the seed.
    fn new(what: &str) -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_secs();
        let seed = env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(now);
        println!("{what}: SEED={seed}");
        Self(seed)
    }

    /// Returns a number below `end`.
    fn below(&mut self, end: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let end = u64::try_from(end).expect("it is small");
        usize::try_from((mixed ^ (mixed >> 31)) % end).expect("it is small")
    }
}

/// A user who adds one note after the other, each through another member.
struct Load {
    stop: Arc<AtomicBool>,
    /// What was told to be committed, and where.
    told: Arc<Mutex<Vec<(String, u64)>>>,
    users: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(members: &[PathBuf]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told: Arc<Mutex<Vec<(String, u64)>>> = Arc::default();
        let users = (0..2).map(|user| {
            let (stop, told, members) = (Arc::clone(&stop), Arc::clone(&told), members.to_vec());
            thread::spawn(move || {
                for (number, data) in members.iter().cycle().skip(user).enumerate() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let text = format!("note {number} of user {user}");
                    // One that was killed meanwhile has told of nothing.
                    if let Ok(height) = add(data, &text) {
                        told.lock().expect("no user panics").push((text, height));
                    }
                }
            })
        });
        let users = users.collect();
        Self { stop, told, users }
    }

    fn told(&self) -> usize {
        self.told.lock().expect("no user panics").len()
    }

    /// Waits until so many more notes are committed.
    fn goes_on(&self, notes: usize) {
        let before = self.told();
        eventually_blocking("notes to be committed", || {
            (self.told() >= before + notes).then_some(())
        });
    }

    fn stop(self) -> Vec<(String, u64)> {
        self.stop.store(true, Ordering::Relaxed);
        self.users.into_iter().for_each(|user| user.join().expect("no user panics"));
        Arc::into_inner(self.told).expect("no user is left").into_inner().expect("none panics")
    }
}

/// Kills members of an assembly at random moments, and checks their disks.
fn campaign(what: &str, way: Way, members: usize, kills: usize) {
    let (mut dice, begin) = (Dice::new(what), Instant::now());
    let mut club = Club::found(way, members);
    let names = club.names();
    let data: Vec<_> = names.iter().map(|name| club.data(name)).collect();
    let load = Load::start(&data);
    load.goes_on(1);
    let (mut killed, mut stops) = (0, 0);
    while killed < kills {
        let victim = names[dice.below(members)];
        match dice.below(5) {
            // At whatever it says next but so many.
            0 | 1 => {
                let mut lines = dice.below(40);
                club.members[victim].kill_when(move |_| {
                    lines = lines.saturating_sub(1);
                    lines == 0
                });
                eventually_blocking("the moment to kill it", || club.members[victim].killed_at());
                club.kill(victim);
                killed += 1;
            }
            // With another, so that in a small assembly there is no quorum.
            2 => {
                let other = names[(dice.below(members - 1) + 1 + place(&names, victim)) % members];
                club.kill(victim);
                club.kill(other);
                (killed, stops) = (killed + 2, stops + 1);
                club.start(other);
            }
            _ => {
                club.kill(victim);
                killed += 1;
            }
        }
        // The others go on without it, or it comes back at once.
        if dice.below(3) > 0 {
            load.goes_on(1 + dice.below(3));
        }
        club.start(victim);
        load.goes_on(1);
    }
    let mut told = load.stop();
    // All catch up.
    let last = names[dice.below(members)];
    let height = club.add(last, "the end");
    told.push(("the end".to_owned(), height));
    let hash = club.has(last, height);
    for name in &names {
        assert_eq!(club.has(name, height), hash, "{name}");
    }
    let verify = || {
        for data in &data {
            runs(&["chain", "verify", "--data", data.to_str().expect("it is text")]);
        }
    };
    // As in a power cut: the end of the chain may be on none of the disks, and only in what the
    // members have said. Back again, they commit the same.
    names.iter().for_each(|name| club.kill(name));
    verify();
    names.iter().for_each(|name| club.start(name));
    names.iter().for_each(|name| club.reaches(name, height));
    names.iter().for_each(|name| club.end(name));
    verify();
    let disks: Vec<_> = data.iter().map(|data| Disk::check(data)).collect();
    check_together(&disks, &told);
    let highest = disks.iter().map(Disk::height).max();
    println!(
        "{what}: {members} members, {killed} kills, {stops} of them of two at once; {} notes were \
         told to be committed and are there; {} blocks on each disk; {:?}",
        told.len(),
        highest.unwrap_or_default(),
        begin.elapsed(),
    );
}

fn place(names: &[&str], name: &str) -> usize {
    names.iter().position(|it| *it == name).expect("it is a member")
}

/// Kills in a test of the suite, and members.
const SHORT: (usize, usize) = (4, 6);

#[test]
fn what_is_committed_survives_kills_over_a_mesh() {
    campaign("mesh", Way::Mesh, SHORT.0, SHORT.1);
}

#[test]
fn what_is_committed_survives_kills_over_our_broker() {
    let (_broker, url) = embedded_broker();
    campaign("embedded broker", Way::Broker(url), SHORT.0, SHORT.1);
}

#[test]
fn what_is_committed_survives_kills_over_mosquitto() {
    let broker = mosquitto();
    campaign("Mosquitto", Way::Broker(broker.url()), SHORT.0, SHORT.1);
}

#[test]
fn what_is_committed_survives_kills_over_rabbitmq() {
    let broker = rabbitmq();
    campaign("RabbitMQ", Way::Broker(broker.url()), SHORT.0, SHORT.1);
}

#[test]
#[ignore = "it takes many minutes: cargo xtask soak --step kills"]
fn what_is_committed_survives_a_hundred_kills_over_each_transport() {
    let number = |name: &str, usual| {
        env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(usual)
    };
    let (members, kills) = (number("MEMBERS", 10), number("KILLS", 100));
    campaign("mesh", Way::Mesh, members, kills);
    {
        let (_broker, url) = embedded_broker();
        campaign("embedded broker", Way::Broker(url), members, kills);
    }
    {
        let broker = mosquitto();
        campaign("Mosquitto", Way::Broker(broker.url()), members, kills);
    }
    let broker = rabbitmq();
    campaign("RabbitMQ", Way::Broker(broker.url()), members, kills);
}

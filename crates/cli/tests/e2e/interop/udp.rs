//! Peers of ours among programs over UDP, which a relay takes apart and puts together again.
//!
//! Each network has the same story: blocks of a program and of ours, a partition with blocks on
//! both sides, two peers that are killed and come back, one of them with nothing. In the end all
//! have one chain, which holds all that was said.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::thread;

use althing_testkit::{Relay, eventually_blocking, free_port};
use serde_json::{Value, json};

use super::record;
use crate::chains::harness::{ChainPeer, Chains, add};
use crate::harness::{Althing, UdpProgram, command};

/// A network of programs over UDP that a profile describes.
struct Kind {
    profile: &'static str,
    script: &'static str,
    /// Whether the first block is one of ours: where the programs do not give theirs away.
    is_founded_by_us: bool,
}

const fn aviary(profile: &'static str) -> Kind {
    Kind { profile, script: "aviary_program.py", is_founded_by_us: false }
}

static KINDS: [Kind; 6] = [
    aviary("aviary"),
    aviary("aviary-2022"),
    aviary("aviary-agreed"),
    aviary("aviary-source"),
    Kind { is_founded_by_us: true, ..aviary("aviary-texts") },
    Kind { profile: "cs60", script: "cs60_program.py", is_founded_by_us: false },
];

/// Members of each network.
const PEERS: usize = 4;

/// How many of them are ours.
const MIXTURES: [usize; 3] = [1, 2, 3];

/// The member that is killed, and gets its chain anew; a program where there are two.
const KILLED: usize = 1;

/// The last member is ours in every mixture, and mines.
const MINER: usize = PEERS - 1;

/// Networks that run at the same time: most of the time each waits for timers.
const AT_ONCE: usize = 9;

/// Zeros of a hash in `aviary`, so that a block is found at once.
const ZEROS: &str = "3";

/// One network: how many of its peers are ours.
struct Mixture {
    kind: &'static Kind,
    ours: usize,
    relay: Relay,
    chains: Chains,
    profile: PathBuf,
    real: Vec<SocketAddr>,
    public: Vec<SocketAddr>,
    tracker: Option<(Althing, String)>,
}

/// A member of a network.
enum Member {
    Ours(ChainPeer),
    Program(UdpProgram),
}

impl Member {
    fn tip(&self) -> Option<(u64, String)> {
        match self {
            Self::Ours(peer) => peer.tip(),
            Self::Program(program) => program.tip(),
        }
    }

    /// Waits until it has the block at a height.
    fn reaches(&self, height: u64) {
        eventually_blocking(&format!("a chain of height {height}"), || {
            self.tip().filter(|(found, _)| *found >= height).map(drop)
        });
    }

    /// Waits until it knows all others.
    fn has_met(&self) {
        match self {
            Self::Ours(peer) => peer.meets(PEERS as u64 - 1),
            Self::Program(program) => program.wait_until("a list of all", |lines| {
                let is_full = |said: &Value| said["peers"] == PEERS;
                lines.iter().any(|line| line.is("list") && is_full(&line.said)).then_some(())
            }),
        }
    }

    fn kill(&mut self) {
        match self {
            Self::Ours(peer) => peer.kill(),
            Self::Program(program) => program.kill(),
        }
    }
}

impl Mixture {
    fn new(kind: &'static Kind, ours: usize) -> Self {
        let tracker = (kind.profile == "cs60").then(|| {
            let tracker =
                Althing::start("tracker", ["tracker", "--listen", "127.0.0.1:0", "--json"]);
            let place = tracker.wait_until("its address", |lines| {
                lines.iter().find_map(|line| line.said["address"].as_str().map(str::to_owned))
            });
            (tracker, place)
        });
        let own = match &tracker {
            Some((_, place)) => format!("--tracker {place}"),
            None => format!("--difficulty {ZEROS} --gossip-every 200ms --kick-after 4s"),
        };
        let chains = Chains::with(&format!(
            "--profile {} --stats-every 200ms --request-timeout 500ms --shun-for 500ms {own}",
            kind.profile
        ));
        let shown = command().args(["profile", "show", kind.profile, "--json"]).output();
        let shown = shown.expect("the program has just been built").stdout;
        let profile = PathBuf::from(chains.file("profile.json", &String::from_utf8_lossy(&shown)));
        let mut relay = Relay::new();
        let address = |_| {
            let port = free_port().expect("there are ports");
            SocketAddr::from((Ipv4Addr::LOCALHOST, port))
        };
        let real: Vec<SocketAddr> = (0..PEERS).map(address).collect();
        let add = |real: &SocketAddr| relay.add(*real).expect("there are ports");
        let public = real.iter().map(add).collect();
        Self { kind, ours, relay, chains, profile, real, public, tracker }
    }

    /// Returns the member that has the first block.
    fn founder(&self) -> usize {
        if self.kind.is_founded_by_us { MINER } else { 0 }
    }

    /// Starts a member, for the first time or again.
    fn start(&self, index: usize, is_first: bool) -> Member {
        let (real, public) = (self.real[index], self.public[index]);
        // Who comes back turns to one that is there.
        let contact = if is_first { self.founder() } else { 0 };
        let contact = (index != contact).then(|| self.public[contact].to_string());
        if index < PEERS - self.ours {
            let mut options = Vec::new();
            let mut with = |name: &str, value: &str| options.extend([name.into(), value.into()]);
            match &self.tracker {
                Some((_, place)) => with("--tracker", place),
                None => {
                    with("--difficulty", ZEROS);
                    with("--seed", &index.to_string());
                    contact.iter().for_each(|contact| with("--contact", contact));
                    if index == self.founder() {
                        with("--found", "hello");
                    }
                }
            }
            let script = self.kind.script;
            return Member::Program(UdpProgram::start(
                script,
                &self.profile,
                real,
                public,
                &options,
            ));
        }
        let mut options = format!("--listen {real} --advertise {public} --name ours-{index}");
        if self.tracker.is_none() {
            if index == MINER {
                options += " --mine";
            }
            if index == self.founder() {
                options += &format!(" --found {}", self.chains.file("words.txt", "hello\n"));
            }
            if let Some(contact) = contact {
                options += &format!(" --contact {contact}");
            }
        }
        Member::Ours(self.chains.peer(&format!("ours-{index}"), &options))
    }

    /// Returns what a member says: a word, or a ballot.
    fn entry(&self, word: &str) -> String {
        match self.tracker {
            Some(_) => json!({ "voter": word, "choice": "yes" }).to_string(),
            None => word.to_owned(),
        }
    }

    /// Has the program say something.
    fn say(&self, member: &mut Member, word: &str) {
        let Member::Program(program) = member else { panic!("the first member is a program") };
        program.types(&self.entry(word));
    }

    /// Has our miner say something.
    fn add(&self, word: &str) {
        add(&self.chains, &format!("ours-{MINER}"), &self.entry(word));
    }

    /// Runs the story.
    fn run(&self) -> Outcome {
        let mut members: Vec<Member> = (0..PEERS).map(|index| self.start(index, true)).collect();
        // In cs60 all have the first block.
        let first = u64::from(self.tracker.is_some());
        match first {
            0 => one_chain(&members, 0),
            _ => members.iter().for_each(Member::has_met),
        }
        self.say(&mut members[0], "one");
        one_chain(&members, 1);
        self.add("two");
        one_chain(&members, 2);

        // Whichever rule chooses between the two sides, it is the one of most and the longer one.
        self.relay.partition([self.public[MINER]]);
        self.say(&mut members[0], "here");
        members[..MINER].iter().for_each(|member| member.reaches(3));
        self.say(&mut members[0], "here too");
        members[..MINER].iter().for_each(|member| member.reaches(4));
        self.add("there");
        members[MINER].reaches(3);
        self.relay.heal();
        one_chain(&members, 5);

        for index in [KILLED, MINER] {
            members[index].kill();
        }
        self.say(&mut members[0], "after");
        [0, 2].into_iter().for_each(|index| members[index].reaches(6));
        for index in [MINER, KILLED] {
            members[index] = self.start(index, false);
            // A program of cs60 asks only the peer that is last on the list, and only once.
            if self.tracker.is_some() {
                members[index].reaches(6);
            }
        }
        one_chain(&members, 6);
        let ended = members.iter().filter(|member| match member {
            Member::Program(program) => !program.is_running(),
            Member::Ours(_) => false,
        });
        let entries = self.chains.entries(&format!("ours-{MINER}"));
        let mut words = vec!["one", "two", "here", "here too", "there", "after"];
        if first == 0 {
            words.insert(0, "hello");
        }
        let words: Vec<String> = words.into_iter().map(|word| self.entry(word)).collect();
        assert_eq!(entries, words, "{} with {} of ours", self.kind.profile, self.ours);
        Outcome { entries: entries.len(), chains: members.len(), ended: ended.count() }
    }
}

/// Waits until all members have one chain of this height.
fn one_chain(members: &[Member], height: u64) {
    eventually_blocking(&format!("one chain of height {height}"), || {
        let tip = members[0].tip().filter(|(found, _)| *found == height)?;
        members.iter().all(|member| member.tip().as_ref() == Some(&tip)).then_some(())
    });
}

/// What was seen of a run.
struct Outcome {
    entries: usize,
    /// Members whose chains were compared, and are equal.
    chains: usize,
    /// Programs that have ended.
    ended: usize,
}

#[test]
fn in_every_mixture_over_udp_all_have_one_chain_after_a_partition_and_kills() {
    let all = KINDS.iter().flat_map(|kind| MIXTURES.map(|ours| (kind, ours)));
    let all: Vec<(&'static Kind, usize)> = all.collect();
    let mut outcomes = Vec::new();
    for some in all.chunks(AT_ONCE) {
        thread::scope(|scope| {
            let run = |(kind, ours): &(&'static Kind, usize)| {
                let (kind, ours) = (*kind, *ours);
                scope.spawn(move || Mixture::new(kind, ours).run())
            };
            let runs: Vec<_> = some.iter().map(run).collect();
            outcomes.extend(runs.into_iter().map(|run| run.join().expect("all have one chain")));
        });
    }
    record::replace("UDP", &table(&all, &outcomes));
}

#[test]
fn programs_over_udp_are_told_by_their_answers_and_end_at_no_question() {
    thread::scope(|scope| {
        for kind in &KINDS {
            scope.spawn(|| detects(kind));
        }
    });
}

/// Asks a program that has a chain which profile it follows.
fn detects(kind: &'static Kind) {
    let mixture = Mixture::new(kind, 0);
    let place = mixture.real[0];
    let (mut program, asked, key) = match &mixture.tracker {
        // The address on the list is its own, and none of the relay.
        Some((_, tracker)) => {
            let options = ["--tracker".to_owned(), tracker.clone()];
            let program = UdpProgram::start(kind.script, &mixture.profile, place, place, &options);
            (program, ["--tracker".to_owned(), tracker.clone()], "cs60.zeros")
        }
        None => {
            let Member::Program(program) = mixture.start(0, true) else { panic!("none is ours") };
            (program, ["--contact".to_owned(), place.to_string()], "aviary.difficulty")
        }
    };
    if kind.is_founded_by_us {
        program.types("hello");
    }
    let first = program.tip().map_or(0, |(height, _)| height);
    for (word, height) in ["more", "and more", "and more still"].into_iter().zip(first + 1..) {
        program.types(&mixture.entry(word));
        eventually_blocking("a block", || program.tip().filter(|(found, _)| *found >= height));
    }
    let mut asks = command();
    asks.args(["profile", "detect", "--json", "--seconds", "8"]).args(asked);
    let asked = asks.output().expect("the program has just been built");
    let said: Value = serde_json::from_slice(&asked.stdout).expect("one object of JSON");
    assert!(asked.status.success(), "{said}");
    assert_eq!(said["nearest"], kind.profile, "{said}");
    let zeros = said["seen"][key].as_u64();
    assert!(zeros >= Some(3), "{said}");
    assert!(program.is_running(), "{} has ended", program.name());
}

/// Returns what the page says of these runs.
fn table(mixtures: &[(&Kind, usize)], outcomes: &[Outcome]) -> String {
    let mut text = String::from("\n| profile | ours | came to |\n| --- | --- | --- |\n");
    for ((kind, ours), Outcome { entries, chains, ended }) in mixtures.iter().zip(outcomes) {
        writeln!(
            text,
            "| `{}` | {ours} of {PEERS} | {entries} entries, in one order in {chains} chains; \
             {ended} programs ended |",
            kind.profile
        )
        .expect("a text takes all");
    }
    text.push('\n');
    text
}

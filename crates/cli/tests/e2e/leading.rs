//! A command that runs on one member of an assembly at a time: `althing lead`, whose holders are
//! killed, and what they leave behind.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use althing_testkit::eventually_blocking;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Althing, command, mosquitto, run};

const MEMBERS: [&str; 4] = ["ann", "bob", "carol", "dave"];

/// Blocks that a member has to see before the next one is killed.
const BLOCKS_SEEN: u64 = 5;

/// What each holder runs: it says when it starts, holds a lock on a file as long as it lives, and
/// so does a process that it starts in a session of its own. Who finds the lock taken says so.
const JOB: &str = r#"
exec 9>>"$0/lock"
flock -n 9 || echo "$ALTHING_FENCING_TOKEN overlap" >> "$0/told"
setsid sh -c 'exec 9>>"$0/lock-of-child"; flock -n 9 || echo "$1 overlap" >> "$0/told"; sleep 600' \
    "$0" "$ALTHING_FENCING_TOKEN" &
echo "$ALTHING_FENCING_TOKEN start $ALTHING_LEASE_NAME $$ $!" >> "$0/told"
wait
"#;

/// The members of an assembly that run `althing lead`, each a process or none.
struct Fleet {
    dir: TempDir,
    broker: String,
    ttl: String,
    members: BTreeMap<&'static str, Althing>,
}

/// A command that has started.
#[derive(Clone, Debug)]
struct Started {
    token: u64,
    processes: [u32; 2],
}

impl Fleet {
    fn found(broker: String, ttl: &str) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let club = dir.path().join("club").display().to_string();
        let mut init = vec!["init", &club, "--network", "fleet"];
        MEMBERS.iter().for_each(|name| init.extend(["--member", name]));
        let made = command().args(&init).output().expect("the program has just been built");
        assert!(made.status.success(), "{made:?}");
        Self { dir, broker, ttl: ttl.to_owned(), members: BTreeMap::new() }
    }

    fn data(&self, name: &str) -> PathBuf {
        self.dir.path().join("club").join(name)
    }

    /// Starts a member that wants the lease.
    fn start(&mut self, name: &'static str, job: &[&str]) {
        let data = self.data(name).display().to_string();
        let lead = ["lead", "primary", "--json", "--data", &data, "--broker", &self.broker];
        let words = lead.into_iter().chain(["--ttl", &self.ttl, "--"]).chain(job.iter().copied());
        self.members.insert(name, Althing::start(name, words));
    }

    fn start_job(&mut self, name: &'static str) {
        let dir = self.dir.path().display().to_string();
        self.start(name, &["sh", "-c", JOB, &dir]);
    }

    /// Returns the commands that have started, after checking that none overlapped with another.
    fn started(&self) -> Vec<Started> {
        let told = fs::read_to_string(self.dir.path().join("told")).unwrap_or_default();
        assert!(!told.contains("overlap"), "two at once: {told}");
        // The last line may not be complete yet.
        let complete = told.rsplit_once('\n').map_or("", |(lines, _)| lines);
        let started: Vec<Started> = complete.lines().map(read_started).collect();
        let is_sorted = started.is_sorted_by(|one, next| one.token < next.token);
        assert!(is_sorted, "tokens grow: {started:?}");
        started
    }

    /// Waits until so many commands have started, and returns the last one.
    fn wait_for(&self, count: usize) -> Started {
        eventually_blocking(&format!("{count} commands to start"), || {
            let started = self.started();
            started.get(count - 1).cloned()
        })
    }

    /// Returns which member has acquired the lease with a token.
    fn holder(&self, token: u64) -> &'static str {
        eventually_blocking(&format!("the holder of token {token}"), || {
            let has = |(name, member): (&&'static str, &Althing)| {
                let news = news(&member.complaints());
                let acquired = |it: &Value| it["event"] == "lease_acquired" && it["token"] == token;
                news.iter().any(acquired).then_some(*name)
            };
            self.members.iter().find_map(has)
        })
    }

    /// Waits until all members are up, each hears all others, and has seen enough blocks to know
    /// how long votes take: one that has just started waits a second for a dead leader.
    fn wait_until_well(&self) {
        let status = |name: &str| -> Option<Value> {
            let data = self.data(name).display().to_string();
            serde_json::from_slice(&run(&["status", "--data", &data, "--json"]).stdout).ok()
        };
        for name in MEMBERS {
            let height = eventually_blocking(&format!("{name} to hear all others"), || {
                let status = status(name)?;
                let hears_all = status["silent"] == Value::Array(Vec::new());
                status["height"].as_u64().filter(|_| hears_all)
            });
            eventually_blocking(&format!("{name} to see blocks"), || {
                (status(name)?["height"].as_u64()? >= height + BLOCKS_SEEN).then_some(())
            });
        }
    }

    fn take(&mut self, name: &'static str) -> Althing {
        self.members.remove(name).expect("it runs")
    }
}

fn read_started(line: &str) -> Started {
    let words: Vec<&str> = line.split(' ').collect();
    let &[token, "start", "primary", leader, child] = words.as_slice() else { panic!("{line}") };
    let number = |word: &str| word.parse().unwrap_or_else(|_| panic!("{line}"));
    Started { token: token.parse().expect("a token"), processes: [leader, child].map(number) }
}

/// Returns the lines of JSON of what a member has said.
fn news(said: &str) -> Vec<Value> {
    said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn is_running(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // One that was killed and is not yet waited for runs nothing.
    !status.is_empty() && !status.contains(") Z ")
}

fn wait_for_end(processes: [u32; 2]) {
    eventually_blocking(&format!("{processes:?} to end"), || {
        (!processes.iter().any(|process| is_running(*process))).then_some(())
    });
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn one_member_runs_the_command_and_another_one_when_it_is_killed() {
    let broker = mosquitto();
    let mut fleet = Fleet::found(broker.url(), "2s");
    for name in MEMBERS {
        fleet.start_job(name);
    }
    let mut holders = BTreeSet::new();
    for round in 1..=4 {
        let started = fleet.wait_for(round);
        let holder = fleet.holder(started.token);
        holders.insert(holder);
        let mut process = fleet.take(holder);
        process.kill();
        // All of the command ends, also what it has put into a session of its own.
        wait_for_end(started.processes);
        fleet.start_job(holder);
    }
    fleet.wait_for(5);
    assert!(holders.len() > 1, "{holders:?}");
}

#[test]
fn a_lease_is_released_when_the_command_ends_or_is_told_to() {
    let broker = mosquitto();
    let mut fleet = Fleet::found(broker.url(), "30s");
    for name in MEMBERS {
        fleet.start_job(name);
    }
    let begun = Instant::now();
    for round in 1..=3 {
        let started = fleet.wait_for(round);
        let holder = fleet.holder(started.token);
        let mut process = fleet.take(holder);
        process.signal("TERM");
        // The shell and its child are ended by the signal that was passed on.
        assert_eq!(process.ended().code(), Some(143), "{}", process.complaints());
        let told = news(&process.complaints());
        assert!(told.iter().any(|it| it["event"] == "lease_released"), "{told:?}");
        wait_for_end(started.processes);
        fleet.start_job(holder);
    }
    fleet.wait_for(4);
    assert!(begun.elapsed() < Duration::from_secs(90), "none waited for the time to live");
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    let broker = mosquitto();
    let mut fleet = Fleet::found(broker.url(), "2s");
    // Those that vote and do not compete are a quorum.
    for name in ["bob", "carol", "dave"] {
        let data = fleet.data(name).display().to_string();
        let peer = ["peer", "--dialect", "assembly", "--data", &data, "--broker", &fleet.broker];
        fleet.members.insert(name, Althing::start(name, peer));
    }
    for code in [0, 7] {
        fleet.start("ann", &["sh", "-c", &format!("exit {code}")]);
        let mut process = fleet.take("ann");
        assert_eq!(process.ended().code(), Some(code), "{}", process.complaints());
        let told = news(&process.complaints());
        let ended = |it: &Value| it["event"] == "command_ended" && it["code"] == code;
        assert!(told.iter().any(ended), "{told:?}");
    }
}

#[test]
fn a_holder_that_is_stopped_ends_its_command_and_another_one_takes_over() {
    let broker = mosquitto();
    let mut fleet = Fleet::found(broker.url(), "2s");
    for name in MEMBERS {
        fleet.start_job(name);
    }
    let first = fleet.wait_for(1);
    let holder = fleet.holder(first.token);
    fleet.members[holder].signal("STOP");
    wait_for_end(first.processes);
    let second = fleet.wait_for(2);
    assert!(second.token > first.token);
    // It goes on, sees that it has lost the lease, and competes again.
    fleet.members[holder].signal("CONT");
    eventually_blocking("that it has lost the lease", || {
        let told = news(&fleet.members[holder].complaints());
        told.iter().any(|it| it["event"] == "lease_lost").then_some(())
    });
    let other = fleet.holder(second.token);
    fleet.take(other).kill();
    fleet.wait_for(3);
}

#[test]
fn a_command_that_is_not_there_is_told_at_once() {
    let dir = TempDir::new().expect("a temporary directory");
    let data = dir.path().display().to_string();
    let lead = |program: &str| {
        let words = ["lead", "primary", "--data", &data, "--", program];
        command().args(words).output().expect("the program has just been built")
    };
    let missing = lead("no-such-command");
    assert_eq!(missing.status.code(), Some(127));
    assert!(complaint(&missing).contains("no command no-such-command in PATH"), "{missing:?}");
    let script = dir.path().join("script");
    fs::write(&script, "#!/bin/sh\n").expect("it is ours");
    let script: &Path = &script;
    let not_run = lead(script.to_str().expect("it is text"));
    assert_eq!(not_run.status.code(), Some(126));
    assert!(complaint(&not_run).contains("chmod +x"), "{not_run:?}");
    let no_member = lead("true");
    assert!(complaint(&no_member).contains("althing init"), "{no_member:?}");
}

/// As many kills as `ALTHING_LEAD_KILLS` says, with the times from each to the next start.
#[test]
#[ignore = "a campaign: cargo xtask soak --step leads"]
fn kills_of_the_holder_one_after_the_other() {
    let kills = std::env::var("ALTHING_LEAD_KILLS").ok().and_then(|it| it.parse().ok());
    let kills = kills.unwrap_or(50);
    let ttl = std::env::var("ALTHING_LEAD_TTL").unwrap_or_else(|_| "800ms".to_owned());
    let broker = Althing::start("broker", ["broker", "--listen", "127.0.0.1:0"]);
    let address = broker.wait_until("its address", |lines| {
        let text = lines.iter().map(|line| line.said.to_string()).collect::<String>();
        let (_, rest) = text.split_once("127.0.0.1:")?;
        let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some(format!("mqtt://127.0.0.1:{port}"))
    });
    let mut fleet = Fleet::found(address, &ttl);
    for name in MEMBERS {
        fleet.start_job(name);
    }
    let (mut waits, mut count) = (Vec::new(), 1);
    for _ in 0..kills {
        // A lease may also move on because a renewal was late.
        fleet.wait_for(count);
        count = fleet.started().len();
        let started = fleet.wait_for(count);
        let holder = fleet.holder(started.token);
        let mut process = fleet.take(holder);
        let killed = Instant::now();
        process.kill();
        count += 1;
        fleet.wait_for(count);
        waits.push(killed.elapsed());
        wait_for_end(started.processes);
        fleet.start_job(holder);
        // It is about one death in a fleet that is well.
        fleet.wait_until_well();
    }
    waits.sort_unstable();
    let at = |hundredths: usize| waits[(waits.len() - 1) * hundredths / 100].as_millis();
    println!(
        "{kills} kills of the holder, time to live {ttl}: from a kill to the next start p50 {} ms, \
         p90 {} ms, p99 {} ms, worst {} ms; {} commands, none at once",
        at(50),
        at(90),
        at(99),
        at(100),
        fleet.started().len()
    );
}

/// As one that was stopped for longer than the lease lasts.
#[test]
fn a_guard_that_is_told_too_late_starts_nothing() {
    let dir = TempDir::new().expect("a temporary directory");
    let ran = dir.path().join("ran");
    let job = format!("echo ran > {}", ran.display());
    let guard = |orders: &str| {
        let mut guard = command();
        guard.args(["lead-guard", "--lease", "x", "--", "sh", "-c", &job]);
        guard.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut guard = guard.spawn().expect("the program has just been built");
        // It goes on as long as this is open.
        let mut told = guard.stdin.take().expect("it is a pipe");
        told.write_all(orders.as_bytes()).expect("it reads");
        let output = guard.wait_with_output().expect("it ends");
        drop(told);
        output
    };
    for orders in ["start 7 1 2\n", "start 7 1 2\nuntil 3 4\n"].repeat(10) {
        let output = guard(orders);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("the lease was over before"), "{said}");
        assert_eq!(output.status.code(), Some(126));
        assert!(!ran.exists(), "the command has run");
    }
    let output = guard("start 7 9000000000000000 9000000000000000\n");
    assert!(output.status.success() && ran.exists(), "{output:?}");
}

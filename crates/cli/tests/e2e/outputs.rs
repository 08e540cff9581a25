//! Outputs that are closed, full, or not read.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use althing_testkit::eventually_blocking;

use crate::harness::{Network, command, mosquitto};

/// A process that is killed when dropped.
struct Killed(Child);

impl Killed {
    fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().expect("it has just been built"))
    }

    fn ended(&mut self, what: &str) -> Option<i32> {
        let status = eventually_blocking(&format!("{what} to end"), || {
            self.0.try_wait().expect("it is our child")
        });
        status.code()
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        // Both fail only if it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What writes without end, or more than a pipe holds.
const WRITERS: [&[&str]; 3] = [
    &["demo"],
    &["demo", "--dialect", "elect-chain", "--peers", "3", "--challenge", "1..4", "--json"],
    &["sim", "--peers", "3", "--time", "30s", "--trace", "0s..30s"],
];

#[test]
fn a_reader_who_leaves_after_one_line_ends_the_program_without_a_complaint() {
    for arguments in WRITERS {
        let mut command = command();
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Killed::start(&mut command);
        let mut output = BufReader::new(process.0.stdout.take().expect("it is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("it says something");
        drop(output);
        assert_eq!(process.ended(&arguments.join(" ")), Some(0), "{arguments:?}");
        let mut complaints = String::new();
        let mut errors = process.0.stderr.take().expect("it is piped");
        std::io::Read::read_to_string(&mut errors, &mut complaints).expect("a text");
        assert_eq!(complaints, "", "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_a_program_with_a_sentence() {
    let commands =
        [&["mine", "decimal", "--bits", "4"][..], &["broker", "--listen", "127.0.0.1:0"]];
    for arguments in commands.iter().chain(&WRITERS) {
        let full = File::options().write(true).open("/dev/full").expect("Linux has it");
        let mut command = command();
        command.args(*arguments).stdout(full).stderr(Stdio::piped());
        let mut process = Killed::start(&mut command);
        assert_eq!(process.ended(&arguments.join(" ")), Some(1), "{arguments:?}");
        let mut complaints = String::new();
        let mut errors = process.0.stderr.take().expect("it is piped");
        std::io::Read::read_to_string(&mut errors, &mut complaints).expect("a text");
        assert!(complaints.starts_with("error: No space left on device"), "{complaints}");
        assert_eq!(complaints.lines().count(), 1, "{complaints}");
    }
}

/// Has three peers record rows while the first of them writes its lines to `output`; returns what
/// it says on standard error in the end.
fn recorded_beside(output: Stdio, log: Option<&str>, stays_open: impl Sized) -> String {
    let broker = mosquitto();
    let network = Network::of(3, broker.url()).with("--pause", "5ms");
    let data = network.data("peer-1");
    let mut first = command();
    first.args(["peer", "--json", "--peers", "3", "--challenge", "1..6", "--threads", "1"]);
    first.args(["--pause", "5ms", "--broker", &broker.url(), "--data"]).arg(&data);
    first.args(log);
    let mut first = Killed::start(first.stdout(output).stderr(Stdio::piped()));
    let others = [network.peer("peer-2"), network.peer("peer-3")];
    others[0].reaches(300);
    // It writes to the end of the test, and may be behind on a busy machine.
    eventually_blocking("the first peer's row 250", || {
        let status = command().args(["status", "--json", "--data"]).arg(&data).output();
        let status: serde_json::Value = serde_json::from_slice(&status.ok()?.stdout).ok()?;
        (status["rows"].as_u64()? >= 250).then_some(())
    });
    let pid = first.0.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("there is a kill");
    assert!(sent.success(), "it still runs");
    assert_eq!(first.ended("the first peer"), Some(0));
    drop(stays_open);
    let mut complaints = String::new();
    let mut errors = first.0.stderr.take().expect("it is piped");
    std::io::Read::read_to_string(&mut errors, &mut complaints).expect("a text");
    drop(first);
    let mut others = others;
    for peer in &mut others {
        peer.signal("TERM");
        peer.ends_well();
    }
    let rows = network.rows("peer-1");
    assert!(rows.len() >= 250, "the first peer took part in {} rows", rows.len());
    complaints
}

#[test]
fn a_reader_who_never_reads_makes_no_peer_wait() {
    // Neither its lines nor its log are read, and both are more than a pipe holds.
    let (reader, writer) = std::io::pipe().expect("there are pipes");
    recorded_beside(writer.into(), Some("-vvv"), reader);
}

#[test]
fn a_peer_goes_on_without_a_reader_and_says_so_once() {
    let (reader, writer) = std::io::pipe().expect("there are pipes");
    drop(reader);
    let complaints = recorded_beside(writer.into(), None, ());
    let warnings = complaints.matches("warning: nobody reads the output any more").count();
    assert_eq!(warnings, 1, "{complaints}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_peer_goes_on_beside_a_full_disk_and_says_so_once() {
    let full = File::options().write(true).open("/dev/full").expect("Linux has it");
    let complaints = recorded_beside(full.into(), None, ());
    let warnings = complaints.matches("warning: the output cannot be written: No space").count();
    assert_eq!(warnings, 1, "{complaints}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_search_and_a_simulation_end_on_signals_as_the_first_process_of_a_container_must() {
    let commands = [
        &["mine", "decimal", "--bits", "150", "--threads", "1", "--json"][..],
        &["sim", "--peers", "30", "--time", "1000h"],
    ];
    for (arguments, (signal, code)) in commands
        .iter()
        .zip([("TERM", 143), ("INT", 130)])
        .chain(commands[..1].iter().zip([("HUP", 129)]))
    {
        let mut process = Killed::start(command().args(*arguments).stdout(Stdio::null()));
        let pid = process.0.id().to_string();
        // Only a process that handles a signal itself is stopped by it as process 1.
        let handles = eventually_blocking("a handler of signals", || {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
            let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
            (mask & (1 << 14) != 0 && mask & 1 != 0).then_some(mask)
        });
        assert_ne!(handles, 0);
        let sent = Command::new("kill").args([&format!("-{signal}"), &pid]).status();
        assert!(sent.expect("there is a kill").success(), "it still runs");
        assert_eq!(process.ended(signal), Some(code), "{arguments:?}");
    }
}

//! A process whose lines are read while it runs.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use althing_testkit::eventually_blocking;
use serde_json::Value;

/// A running `althing`, and what it has said; killed when dropped.
pub(crate) struct Althing {
    name: String,
    process: Arc<Mutex<Child>>,
    /// Its standard input, until that has ended.
    input: Option<ChildStdin>,
    told: Arc<Mutex<Told>>,
    readers: Vec<JoinHandle<()>>,
}

/// What a process has said, and when we are to kill it.
#[derive(Default)]
struct Told {
    lines: Vec<Line>,
    complaints: String,
    trap: Option<Trap>,
    killed: Option<Instant>,
}

/// A line of standard output: an event, or a text.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// When it was read.
    pub(crate) at: Instant,
    /// The event; a text if the line is no JSON.
    pub(crate) said: Value,
}

/// Says of each event whether it is the moment to kill the one who tells it.
pub(crate) type Trap = Box<dyn FnMut(&Value) -> bool + Send>;

/// Lines that a failing test shows of each process.
const TAIL: usize = 12;

impl Althing {
    /// Starts `althing` with `arguments`; `name` tells it apart when a test fails.
    pub(crate) fn start(
        name: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Self {
        Self::start_in_trap(name, arguments, None)
    }

    /// Starts `althing`, to be killed (`kill -9`) when it says something that `trap` accepts.
    pub(crate) fn start_in_trap(
        name: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        trap: Option<Trap>,
    ) -> Self {
        let mut command = command();
        command.args(arguments);
        Self::launch(name, command, trap)
    }

    /// Starts `althing` with a limit of the shell's `ulimit`, as in `-n 64`.
    pub(crate) fn start_limited(name: &str, limit: &str, arguments: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit {limit}; exec \"$0\" \"$@\"")]);
        shell.arg(command().get_program()).args(arguments);
        Self::launch(name, shell, None)
    }

    /// Starts a command, to be killed when it says something that `trap` accepts.
    pub(super) fn launch(name: &str, mut command: Command, trap: Option<Trap>) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program has just been built");
        let input = process.stdin.take();
        let output = process.stdout.take().expect("it is piped");
        let complaints = process.stderr.take().expect("it is piped");
        let process = Arc::new(Mutex::new(process));
        let told = Arc::new(Mutex::new(Told { trap, ..Told::default() }));
        let readers = vec![
            thread::spawn({
                let (process, told) = (Arc::clone(&process), Arc::clone(&told));
                move || listen(output, &process, &told)
            }),
            thread::spawn({
                let told = Arc::clone(&told);
                move || listen_to_complaints(complaints, &told)
            }),
        ];
        Self { name: name.to_owned(), process, input, told, readers }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number under which the system knows it.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.lock().expect("nobody panics with it").id()
    }

    /// Returns the most memory it has ever had resident, in KiB, where the system tells.
    pub(crate) fn memory_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process_id())).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        peak.split_whitespace().next()?.parse().ok()
    }

    /// Types a line at its console.
    pub(crate) fn types(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input has not ended");
        writeln!(input, "{line}").expect("it reads");
    }

    /// Ends its standard input.
    pub(crate) fn types_no_more(&mut self) {
        self.input = None;
    }

    /// Returns all it has said so far.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.told().lines.clone()
    }

    /// Returns its standard error so far.
    pub(crate) fn complaints(&self) -> String {
        self.told().complaints.clone()
    }

    /// Waits until `condition` finds in what it has said what it looks for, and returns that.
    pub(crate) fn wait_until<T>(
        &self,
        what: &str,
        mut condition: impl FnMut(&[Line]) -> Option<T>,
    ) -> T {
        let what = format!("{} to tell {what}", self.name);
        eventually_blocking(&what, || condition(&self.told().lines))
    }

    /// Kills it (`kill -9`) when it next says something that `is_moment` accepts.
    pub(crate) fn kill_when(&self, is_moment: impl FnMut(&Value) -> bool + Send + 'static) {
        self.told().trap = Some(Box::new(is_moment));
    }

    /// Returns when it was killed.
    pub(crate) fn killed_at(&self) -> Option<Instant> {
        self.told().killed
    }

    /// Kills it (`kill -9`).
    pub(crate) fn kill(&mut self) {
        kill(&self.process, &self.told);
        self.ended();
    }

    /// Sends it a signal, as in `kill -TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let number = self.process_id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &number]).status();
        assert!(sent.expect("every system has `kill`").success(), "{} runs", self.name);
    }

    /// Returns whether it still runs.
    pub(crate) fn is_running(&self) -> bool {
        let ended = self.process.lock().expect("nobody panics with it").try_wait();
        ended.expect("it is our child").is_none()
    }

    /// Waits for its end, and until all it said has been read.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let status = eventually_blocking(&format!("{} to end", self.name), || {
            let ended = self.process.lock().expect("nobody panics with it").try_wait();
            ended.expect("it is our child")
        });
        for reader in self.readers.drain(..) {
            reader.join().expect("readers do not panic");
        }
        status
    }

    /// Waits for its end, which must be a success, with no complaint but perhaps a warning: on a
    /// busy machine, a broker may well seem slow.
    pub(crate) fn ends_well(&mut self) {
        let status = self.ended();
        let complaints = self.complaints();
        assert!(status.success(), "{} ended with {status}: {complaints}", self.name);
        let complaint = complaints.lines().find(|line| !line.starts_with("warning: "));
        assert_eq!(complaint, None, "{} complains", self.name);
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("nobody panics with it")
    }
}

impl Drop for Althing {
    /// Ends the process, and shows its last words if the test has failed.
    #[expect(clippy::print_stderr, reason = "it is shown only by a test that fails")]
    fn drop(&mut self) {
        if let Ok(mut process) = self.process.lock() {
            // Both fail only if it ended by itself, which is as good.
            let _ = process.kill();
            let _ = process.wait();
        }
        if !thread::panicking() {
            return;
        }
        if let Ok(told) = self.told.lock() {
            let lines = &told.lines[told.lines.len().saturating_sub(TAIL)..];
            eprintln!("---- the last of {}'s {} lines:", self.name, told.lines.len());
            for line in lines {
                eprintln!("{}", line.said);
            }
            eprint!("{}", told.complaints);
        }
    }
}

/// Returns the command, free of what the environment may say of brokers, terminals and logs.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_althing"));
    for variable in ["ALTHING_BROKER", "ALTHING_LOG", "COLUMNS"] {
        command.env_remove(variable);
    }
    command
}

fn kill(process: &Mutex<Child>, told: &Mutex<Told>) {
    // It fails only if the process has ended by itself.
    let _ = process.lock().expect("nobody panics with it").kill();
    told.lock().expect("nobody panics with it").killed = Some(Instant::now());
}

fn listen(output: impl Read, process: &Mutex<Child>, told: &Mutex<Told>) {
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let at = Instant::now();
        let text = String::from_utf8_lossy(&line).into_owned();
        let said = serde_json::from_str(&text).unwrap_or(Value::String(text));
        let mut now = told.lock().expect("nobody panics with it");
        let is_moment = now.trap.as_mut().is_some_and(|trap| trap(&said));
        if is_moment {
            now.trap = None;
        }
        now.lines.push(Line { at, said });
        drop(now);
        if is_moment {
            kill(process, told);
        }
    }
}

fn listen_to_complaints(mut complaints: impl Read, told: &Mutex<Told>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = complaints.read(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..count]);
        told.lock().expect("nobody panics with it").complaints.push_str(&text);
    }
}

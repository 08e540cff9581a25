//! The guard of a command: a process of its own, which ends the command when its lease does.
//!
//! It does so whatever becomes of `althing lead`: if that is killed, the pipe between them ends; if
//! it is stopped, or stuck, no further time comes through the pipe. It ends all that the command
//! has started as well: what leaves its process group becomes a child of the guard (on Linux). If
//! the guard is killed, `althing lead` ends what it leaves behind; if both are killed at once, the
//! system kills the command itself, and nothing that it has started.

use std::io::BufRead;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use althing_types::Moment;
use anyhow::Context;
use clap::Args;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, wait};

use super::boot_clock;
use super::order::Order;
use crate::output::Ended;

/// Run a command under a lease, for althing lead.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The name of the lease.
    #[arg(long)]
    lease: String,

    /// Become the command, if this process is the child of that one.
    #[arg(long, value_name = "PROCESS", requires = "before")]
    child_of: Option<i32>,

    /// Become it only before this time of the boot clock, in microseconds.
    #[arg(long, value_name = "TIME", requires = "child_of")]
    before: Option<u64>,

    /// The command, and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<std::ffi::OsString>,
}

/// What the command finds in its environment.
pub(super) const LEASE_NAME: &str = "ALTHING_LEASE_NAME";
pub(super) const FENCING_TOKEN: &str = "ALTHING_FENCING_TOKEN";

/// How long the guard sleeps at most: after the machine has slept, the time may be over.
const NAP: Duration = Duration::from_millis(25);

/// How often what does not end is killed again: a process may have been started meanwhile.
const AGAIN: Duration = Duration::from_millis(5);

/// What happens to a guard.
enum Heard {
    Order(Order),
    /// `althing lead` is gone.
    Closed,
    /// A process has ended: the command, or one that it has left behind.
    Ended(Pid, WaitStatus),
    /// None is left.
    AllEnded,
}

/// The command that runs, and until when it may.
struct Guard {
    command: Pid,
    /// When it is asked to end.
    end: Moment,
    is_asked: bool,
    /// When all of it is killed.
    kill: Moment,
    /// How it has ended.
    code: Option<u8>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let (Some(parent), Some(before)) = (arguments.child_of, arguments.before) {
        let before = Moment::from_start(Duration::from_micros(before));
        return become_command(parent, before, &arguments.command);
    }
    outlast_signals()?;
    let (tell, heard) = channel();
    std::thread::spawn({
        let tell = tell.clone();
        move || read_orders(&tell)
    });
    let Some((token, end, kill)) = stand_by(&heard) else { return Ok(()) };
    check_time(end)?;
    let command = start(arguments, token, end)?;
    std::thread::spawn(move || reap(&tell));
    let guard = Guard { command, end, is_asked: false, kill, code: None };
    match guard.watch(&heard) {
        0 => Ok(()),
        code => Err(Ended { code, reason: None }.into()),
    }
}

/// Returns what the command is started with, once it is to be; `None` if it never is.
fn stand_by(heard: &Receiver<Heard>) -> Option<(u64, Moment, Moment)> {
    let mut start = None;
    loop {
        let next = match start {
            None => heard.recv().ok()?,
            // This process may have been stopped, and what came since counts.
            Some(_) => match heard.try_recv() {
                Ok(next) => next,
                Err(_) => return start,
            },
        };
        match next {
            Heard::Order(Order::Start { token, end, kill }) => start = Some((token, end, kill)),
            Heard::Order(Order::Until { end, kill }) => {
                start = start.map(|(token, ..)| (token, end, kill));
            }
            _ => return None,
        }
    }
}

/// Fails if the lease is over, as when this process was stopped for longer: another member may run
/// its command by now.
fn check_time(end: Moment) -> anyhow::Result<()> {
    match boot_clock::now() < end {
        true => Ok(()),
        false => {
            let reason = Some("the lease was over before the command could start".to_owned());
            Err(Ended { code: super::COMMAND_NOT_RUN, reason }.into())
        }
    }
}

/// Starts the command in a process group of its own, through a process that has the system kill it
/// when this one dies.
fn start(arguments: &Arguments, token: u64, end: Moment) -> anyhow::Result<Pid> {
    adopt_orphans()?;
    let own = own_program()?;
    let mut command = Command::new(&own);
    command.arg0("althing").args(["lead-guard", "--lease", &arguments.lease, "--child-of"]);
    command.arg(std::process::id().to_string());
    command.arg("--before").arg(end.since_start().as_micros().to_string());
    command.arg("--").args(&arguments.command);
    command.env(LEASE_NAME, &arguments.lease).env(FENCING_TOKEN, token.to_string());
    let child = command.stdin(Stdio::null()).process_group(0).spawn();
    let child = child.with_context(|| own.display().to_string())?;
    Ok(Pid::from_child(&child))
}

/// Becomes the command, in this process, if it is not too late for that.
fn become_command(
    parent: i32,
    before: Moment,
    command: &[std::ffi::OsString],
) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .context("asking to die with the guard")?;
    if rustix::process::getppid().is_none_or(|now| now.as_raw_nonzero().get() != parent) {
        anyhow::bail!("the guard is gone already");
    }
    let (program, arguments) = command.split_first().context("there is no command")?;
    check_time(before)?;
    let error = Command::new(program).args(arguments).exec();
    let reason = format!("{}: {error}", program.display());
    Err(Ended { code: super::COMMAND_NOT_RUN, reason: Some(reason) }.into())
}

/// Returns the file of this program.
pub(super) fn own_program() -> anyhow::Result<PathBuf> {
    // What runs is what was started, even if the file has been replaced since.
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { Ok(running) } else { std::env::current_exe().context("our own file") }
}

/// Goes on through signals that are meant for the command or for `althing lead`, such as those to a
/// whole control group.
fn outlast_signals() -> anyhow::Result<()> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().context("starting to outlast signals")?;
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
            // The handler stays when this is dropped, and a program that is started has none.
            drop(signal(kind).context("outlasting a signal")?);
        }
        Ok(())
    })
}

fn read_orders(tell: &Sender<Heard>) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        if let Some(order) = Order::read(&line)
            && tell.send(Heard::Order(order)).is_err()
        {
            return;
        }
    }
    // The guard may have ended by now.
    let _ = tell.send(Heard::Closed);
}

/// Takes note of all processes that end, until there is none.
fn reap(tell: &Sender<Heard>) {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((process, status))) => {
                if tell.send(Heard::Ended(process, status)).is_err() {
                    return;
                }
            }
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => {
                let _ = tell.send(Heard::AllEnded);
                return;
            }
        }
    }
}

impl Guard {
    /// Watches the command until all of it has ended, and returns its exit code.
    fn watch(mut self, heard: &Receiver<Heard>) -> u8 {
        loop {
            match heard.recv_timeout(self.next(boot_clock::now())) {
                Ok(Heard::Order(order)) => self.obey(order),
                Ok(Heard::Closed) => self.ask(Signal::TERM),
                Ok(Heard::Ended(process, status)) if process == self.command => {
                    self.code = Some(code_of(status));
                }
                Ok(Heard::Ended(..)) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Heard::AllEnded) | Err(RecvTimeoutError::Disconnected) => {
                    return self.code.unwrap_or(super::COMMAND_NOT_RUN);
                }
            }
            let now = boot_clock::now();
            // What it leaves behind may not go on without the lease, which is released next.
            if self.code.is_some() || now >= self.kill {
                self.kill_all();
            } else if now >= self.end && !self.is_asked {
                self.ask(Signal::TERM);
            }
        }
    }

    fn next(&self, now: Moment) -> Duration {
        match self.code.is_some() || now >= self.kill {
            true => AGAIN,
            false if self.is_asked => NAP.min(self.kill - now),
            false => NAP.min(self.end - now),
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Start { .. } => {}
            Order::Until { end, kill } => (self.end, self.kill) = (end, kill),
            Order::Signal { number } => {
                self.ask(Signal::from_named_raw(number).unwrap_or(Signal::TERM));
            }
            Order::Kill => self.kill = Moment::START,
        }
    }

    /// Sends a signal to the command, which it may heed. That fails only if it is gone.
    fn ask(&mut self, signal: Signal) {
        self.is_asked = true;
        let _ = kill_process_group(self.command, signal);
        // It may be stopped, as by a debugger.
        let _ = kill_process_group(self.command, Signal::CONT);
    }

    fn kill_all(&self) {
        let _ = kill_process_group(self.command, Signal::KILL);
        for child in children() {
            let _ = rustix::process::kill_process(child, Signal::KILL);
        }
    }
}

/// Ends all children of this process: what is left of a guard that was killed.
pub(super) fn end_orphans() {
    loop {
        let children = children();
        if children.is_empty() {
            return;
        }
        for child in children {
            let _ = rustix::process::kill_process(child, Signal::KILL);
            let _ = rustix::process::waitpid(Some(child), WaitOptions::NOHANG);
        }
        std::thread::sleep(AGAIN);
    }
}

/// Has what a child leaves behind become a child of this process, where the system can do that.
pub(super) fn adopt_orphans() -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .context("becoming the parent of what a command leaves behind")?;
    Ok(())
}

/// Returns the children of this process, where the system tells.
fn children() -> Vec<Pid> {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let of_task = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children"));
    let lists: Vec<String> = tasks.flatten().filter_map(|task| of_task(task).ok()).collect();
    let numbers = lists.iter().flat_map(|list| list.split_whitespace());
    numbers.filter_map(|number| Pid::from_raw(number.parse().ok()?)).collect()
}

/// Returns the code of a process that has ended, as a shell has it.
fn code_of(status: WaitStatus) -> u8 {
    let signal = status.terminating_signal().map(|signal| 128 + signal);
    let code = status.exit_status().or(signal).unwrap_or(1);
    u8::try_from(code).unwrap_or(u8::MAX)
}

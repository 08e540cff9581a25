//! A command behind its guard, as `althing lead` sees it.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use anyhow::Context;
use tokio::sync::oneshot;

use super::guard::{adopt_orphans, end_orphans, own_program};
use super::order::Order;

/// A guard that runs, with its command or still without.
pub(super) struct Guarded {
    orders: ChildStdin,
    ended: oneshot::Receiver<std::io::Result<ExitStatus>>,
}

impl Guarded {
    /// Starts a guard, which stands by until the lease is held: so the command starts at once then.
    pub(super) fn stand_by(lease: &str, command: &[OsString]) -> anyhow::Result<Self> {
        adopt_orphans()?;
        let own = own_program()?;
        let mut guard = Command::new(&own);
        guard.arg0("althing").args(["lead-guard", "--lease", lease, "--"]).args(command);
        // In a group of its own: what is typed at the terminal is for us, and we pass it on.
        let spawned = guard.stdin(Stdio::piped()).process_group(0).spawn();
        let mut child = spawned.with_context(|| own.display().to_string())?;
        let orders = child.stdin.take().context("its input is a pipe")?;
        let (tell, ended) = oneshot::channel();
        std::thread::spawn(move || wait(child, tell));
        Ok(Self { orders, ended })
    }

    /// Tells the guard something. It fails only if the guard is gone, which is noticed by its end.
    pub(super) fn tell(&mut self, order: Order) {
        // In one piece: the pipe has room for far more than is ever under way.
        let _ = self.orders.write_all(format!("{order}\n").as_bytes());
    }

    /// Waits until all of the command has ended, and returns its exit code.
    pub(super) async fn ended(&mut self) -> anyhow::Result<u8> {
        let status = (&mut self.ended).await.context("its thread waits for the guard")?;
        let status = status.context("waiting for the guard of the command")?;
        let code = status.code().or(status.signal().map(|signal| 128 + signal));
        Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
    }
}

fn wait(mut child: Child, tell: oneshot::Sender<std::io::Result<ExitStatus>>) {
    let status = child.wait();
    end_orphans();
    // When nobody listens, all of this process is ending.
    let _ = tell.send(status);
}

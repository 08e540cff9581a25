//! When the user or the system asks a command to stop.

use std::future::pending;
use std::sync::OnceLock;

use anyhow::Context;

/// Ends when the user asks us to stop: Ctrl-C, a termination signal, or the end of the terminal. A
/// user who has asked once need not ask again: from its first call on this listens for good.
pub(crate) async fn stop_asked() {
    signal_asked().await;
}

/// Does the same, and returns the number of the signal with which the user asked.
pub(crate) async fn signal_asked() -> u8 {
    static ASKED: OnceLock<tokio::sync::watch::Receiver<Option<u8>>> = OnceLock::new();
    let asked = ASKED.get_or_init(|| {
        let (asked, is_asked) = tokio::sync::watch::channel(None);
        tokio::spawn(async move {
            asked.send_replace(Some(stop_signal().await));
        });
        is_asked
    });
    let mut asked = asked.clone();
    match asked.wait_for(Option::is_some).await.map(|signal| *signal) {
        Ok(Some(signal)) => signal,
        // The runtime has ended, and with it all that could stop.
        _ => pending().await,
    }
}

/// Waits for a signal that asks us to stop, and returns its number.
async fn stop_signal() -> u8 {
    const INTERRUPT: u8 = 2;
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{Signal, SignalKind, signal};
        const HANGUP: u8 = 1;
        const TERMINATE: u8 = 15;
        async fn next(signal: Option<Signal>) {
            match signal {
                Some(mut signal) => drop(signal.recv().await),
                None => pending().await,
            }
        }
        let may_hang_up = !ignores_hangup();
        let hangup = may_hang_up.then(|| signal(SignalKind::hangup()).ok()).flatten();
        let terminate = signal(SignalKind::terminate()).ok();
        tokio::select! {
            Ok(()) = interrupt => INTERRUPT,
            () = next(terminate) => TERMINATE,
            () = next(hangup) => HANGUP,
            else => pending().await,
        }
    }
    #[cfg(not(unix))]
    {
        // Without signals there is no way to be asked; then only the rounds end the run.
        if interrupt.await.is_err() {
            pending::<()>().await;
        }
        INTERRUPT
    }
}

/// Returns whether this process was started to outlive its terminal, as by `nohup`; also where the
/// system does not tell.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    static IGNORES: OnceLock<bool> = OnceLock::new();
    *IGNORES.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_none_or(|mask| mask & 1 != 0)
    })
}

/// Has a command that waits for nothing end when the user asks for it. The system does that by
/// itself, but for the first process of a container.
pub(crate) fn end_on_signals() -> anyhow::Result<()> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().context("starting to wait for signals")?;
    std::thread::spawn(move || {
        let signal = runtime.block_on(stop_signal());
        crate::output::errors::finish();
        // As a shell tells of a program that a signal has ended.
        std::process::exit(128 + i32::from(signal));
    });
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::pin::pin;

    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn a_stop_that_was_asked_for_while_none_waited_is_not_forgotten() {
        {
            let mut waiting = pin!(stop_asked());
            // It begins to listen on a task of its own.
            for _ in 0..10 {
                tokio::select! {
                    biased;
                    () = &mut waiting => panic!("it was not asked to stop"),
                    () = tokio::task::yield_now() => {}
                }
            }
        }
        kill_process(getpid(), Signal::TERM).expect("it is our own process");
        stop_asked().await;
        stop_asked().await;
    }
}

//! Standard error, as all of the process writes to it: on a thread of its own, so that a reader who
//! does not read, as of a full pipe or a stopped terminal, delays no peer.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender, TrySendError};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait to be written; more are dropped, and counted.
const WAITING_MAX: usize = 1024;

/// How long the end of the process waits for the last of them.
const GRACE: Duration = Duration::from_secs(1);

/// Lines that were dropped since the last one that was written.
static DROPPED: AtomicU64 = AtomicU64::new(0);

enum Task {
    Write(Vec<u8>),
    /// Answer when everything before this is written.
    Answer(Sender<()>),
}

/// Writes `bytes`, one or several whole lines, as soon as it can be done, and never waits.
pub(crate) fn write(bytes: Vec<u8>) {
    send(Task::Write(bytes));
}

/// Waits until all is written, but not for a reader who does not read.
pub(crate) fn finish() {
    let (answer, answered) = mpsc::channel();
    if send(Task::Answer(answer)) {
        // The time is over, and what is left is dropped.
        let _ = answered.recv_timeout(GRACE);
    }
}

fn send(task: Task) -> bool {
    static QUEUE: OnceLock<Option<SyncSender<Task>>> = OnceLock::new();
    let queue = QUEUE.get_or_init(|| {
        let (queue, tasks) = mpsc::sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new().name("standard error".to_owned());
        thread.spawn(move || work(&tasks, &mut io::stderr())).ok().map(|_| queue)
    });
    match queue.as_ref().map(|queue| queue.try_send(task)) {
        Some(Ok(())) => true,
        Some(Err(TrySendError::Full(_))) => {
            DROPPED.fetch_add(1, Ordering::Relaxed);
            false
        }
        Some(Err(TrySendError::Disconnected(_))) | None => false,
    }
}

fn work(tasks: &Receiver<Task>, out: &mut impl Write) {
    for task in tasks {
        match task {
            // Nothing is left to tell that this cannot be written.
            Task::Write(bytes) => drop(out.write_all(&bytes)),
            Task::Answer(answer) => drop(answer.send(())),
        }
        let dropped = DROPPED.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            let _ =
                writeln!(out, "warning: {dropped} lines are missing: they were not read in time");
        }
    }
}

/// Where the log goes.
#[derive(Clone, Copy)]
pub(crate) struct Log;

/// A line of the log, until it is whole.
#[derive(Default)]
pub(crate) struct LogLine(Vec<u8>);

impl<'a> MakeWriter<'a> for Log {
    type Writer = LogLine;

    fn make_writer(&'a self) -> LogLine {
        LogLine::default()
    }
}

impl Write for LogLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            write(std::mem::take(&mut self.0));
        }
    }
}

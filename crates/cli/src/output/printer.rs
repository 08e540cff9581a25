//! The records of a feed, as lines on standard output or in a file.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self as channel, RecvTimeoutError};
use std::time::Duration;

use althing_feed::{Feed, Lagged, Record, Subscription, text};
use anyhow::Context;
use tokio::sync::mpsc;

use super::sink::{Progress, Sink};
use super::warn;

/// How records are told as lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// For people.
    Text,
    /// For scripts, as `docs/events.md` says.
    Json,
}

impl Lines {
    pub(crate) fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }

    fn line(self, record: &Record) -> Option<String> {
        match self {
            Self::Text => text::line(record),
            Self::Json => Some(record.to_json()),
        }
    }
}

/// What becomes of a command whose output cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endurance {
    /// It ends: the output is what it is for.
    Ends,
    /// It goes on: a full disk costs lines, and a warning, once. Only a reader who has gone away
    /// ends the printer.
    Lasts,
}

/// Writes a feed to standard output or a file, on a thread of its own: a slow reader loses records,
/// and holds up no peer.
pub(crate) struct Printer {
    feed: Feed,
    aside: Aside,
    endurance: Endurance,
    progress: Progress,
    ended: channel::Receiver<io::Result<()>>,
}

/// A way to say something to a person between the records.
#[derive(Clone)]
pub(crate) struct Aside(mpsc::UnboundedSender<String>);

impl Aside {
    /// Says `text`, if the output is for people.
    pub(crate) fn say(&self, text: impl Into<String>) {
        // The reader is gone, so the text is dropped.
        drop(self.0.send(text.into()));
    }

    /// Ends when the output can no longer be written, as behind `| head`.
    pub(crate) async fn closed(&self) {
        self.0.closed().await;
    }
}

/// How long the end of a peer waits for a reader who reads nothing.
const PATIENCE: Duration = Duration::from_secs(2);

impl Printer {
    /// Writes all records of `feed` from now on, for a command that ends when they cannot be
    /// written.
    pub(crate) fn start(lines: Lines, feed: &Feed) -> anyhow::Result<Self> {
        Self::start_with(lines, feed, |_| true)
    }

    /// Writes the records that are `wanted`.
    pub(crate) fn start_with(
        lines: Lines,
        feed: &Feed,
        wanted: impl FnMut(&Record) -> bool + Send + 'static,
    ) -> anyhow::Result<Self> {
        Self::spawn(lines, Endurance::Ends, feed, wanted)
    }

    /// Writes all records of `feed` from now on, for a service that goes on without its output.
    pub(crate) fn start_lasting(lines: Lines, feed: &Feed) -> anyhow::Result<Self> {
        Self::spawn(lines, Endurance::Lasts, feed, |_| true)
    }

    /// Writes all records of `feed` from now on to a new file, as lines of JSON. A full disk costs
    /// lines.
    pub(crate) fn record(file: &Path, feed: &Feed) -> anyhow::Result<Self> {
        let out = File::create(file).with_context(|| format!("creating {}", file.display()))?;
        Self::write_to(out, Lines::Json, Endurance::Lasts, feed, |_| true)
    }

    fn spawn(
        lines: Lines,
        endurance: Endurance,
        feed: &Feed,
        wanted: impl FnMut(&Record) -> bool + Send + 'static,
    ) -> anyhow::Result<Self> {
        // The file itself: a buffer before it would keep what could not be written, and try again.
        let out = io::stdout().as_fd().try_clone_to_owned().context("opening the output")?;
        Self::write_to(File::from(out), lines, endurance, feed, wanted)
    }

    fn write_to(
        out: File,
        lines: Lines,
        endurance: Endurance,
        feed: &Feed,
        wanted: impl FnMut(&Record) -> bool + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (aside, asides) = mpsc::unbounded_channel();
        // Of the thread alone, to wait for records and asides at once.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .context("starting the thread that writes the output")?;
        let (progress, records) = (Progress::default(), feed.subscribe());
        let sink = Sink::new(out, progress.clone());
        let (end, ended) = channel::channel();
        std::thread::spawn(move || {
            let printing = Printing { lines, endurance, sink, is_warned: false };
            let outcome = runtime.block_on(printing.run(records, asides, wanted));
            // Whoever has lost patience does not listen any more.
            let _ = end.send(outcome);
        });
        Ok(Self { feed: feed.clone(), aside: Aside(aside), endurance, progress, ended })
    }

    /// Returns a way in for what is said between the records.
    pub(crate) fn aside(&self) -> Aside {
        self.aside.clone()
    }

    /// Warns, once, when nobody reads the output any more: a peer goes on all the same.
    pub(crate) fn warn_when_closed(&self) {
        let (aside, feed) = (self.aside(), self.feed.clone());
        tokio::spawn(async move {
            aside.closed().await;
            if !feed.is_closed() {
                warn("nobody reads the output any more; the peer goes on without it");
            }
        });
    }

    /// Ends the feed, and waits until all of it is written; a service does so only as long as the
    /// reader reads.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        self.feed.close();
        let mut written = self.progress.bytes();
        loop {
            match self.ended.recv_timeout(PATIENCE) {
                Ok(outcome) => return Ok(outcome?),
                Err(RecvTimeoutError::Disconnected) => {
                    anyhow::bail!("the thread that writes the output has panicked")
                }
                Err(RecvTimeoutError::Timeout) => {
                    let now = self.progress.bytes();
                    if self.endurance == Endurance::Lasts && now == written {
                        warn("the end of the output is missing: nobody reads it");
                        return Ok(());
                    }
                    written = now;
                }
            }
        }
    }
}

/// The printer on its thread.
struct Printing<W> {
    lines: Lines,
    endurance: Endurance,
    sink: Sink<W>,
    is_warned: bool,
}

impl<W: Write> Printing<W> {
    async fn run(
        mut self,
        mut records: Subscription,
        mut asides: mpsc::UnboundedReceiver<String>,
        mut wanted: impl FnMut(&Record) -> bool,
    ) -> io::Result<()> {
        loop {
            tokio::select! {
                // What is said aside is about what has happened before.
                biased;
                next = records.next() => match next {
                    Some(next) => self.add(next, &mut wanted),
                    None => break,
                },
                Some(text) = asides.recv() => self.add_aside(&text),
            }
            while let Some(next) = records.try_next() {
                self.add(next, &mut wanted);
            }
            if !self.flush()? {
                return Ok(());
            }
        }
        while let Ok(text) = asides.try_recv() {
            self.add_aside(&text);
        }
        self.flush().map(drop)
    }

    /// Adds a record; before it, how many were missed or could not be written.
    fn add(&mut self, next: Result<Arc<Record>, Lagged>, wanted: &mut impl FnMut(&Record) -> bool) {
        let record = match next {
            Ok(record) => record,
            // It is told with the record that comes after, which has a time and a number.
            Err(lagged) => return self.sink.add_dropped(lagged.missed),
        };
        if let Some(missed) = self.sink.take_dropped() {
            self.add_record(&record.after(Lagged { missed }));
        }
        if wanted(&record) {
            self.add_record(&record);
        }
    }

    fn add_record(&mut self, record: &Record) {
        if let Some(line) = self.lines.line(record) {
            self.sink.add(&line);
        }
    }

    fn add_aside(&mut self, text: &str) {
        if self.lines == Lines::Text {
            self.sink.add(text);
        }
    }

    /// Writes what is there, and returns whether to go on.
    fn flush(&mut self) -> io::Result<bool> {
        match (self.sink.flush(), self.endurance) {
            (Ok(()), _) => Ok(true),
            (Err(error), Endurance::Ends) => Err(error),
            (Err(error), Endurance::Lasts) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            (Err(error), Endurance::Lasts) => {
                if !std::mem::replace(&mut self.is_warned, true) {
                    warn(&format!(
                        "the output cannot be written: {error}; the work goes on, and so do the \
                         lines when it can be written again"
                    ));
                }
                Ok(true)
            }
        }
    }
}

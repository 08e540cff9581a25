//! The ways to tell what happens: lines for people, lines of JSON for scripts, tables.
//!
//! | file | question |
//! | --- | --- |
//! | `recent` | which rows has a run decided last? |
//! | `table` | how is a table written? |

pub(crate) mod recent;
pub(crate) mod table;

use std::io::{self, Write};
use std::thread::JoinHandle;

use althing_feed::{Event, Feed, Lagged, PeerEvent, Record, Subscription, text};
use anyhow::Context;
use serde_json::json;
use tokio::sync::mpsc;

/// Prints an error with its causes, as one sentence each.
pub(crate) fn complain(error: &anyhow::Error) {
    let mut causes: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        // Many errors name their cause themselves.
        if !causes.iter().any(|told| told.contains(&cause)) {
            causes.push(cause);
        }
    }
    // Nothing is left to do when even this cannot be written.
    let _ = writeln!(io::stderr(), "error: {}.", causes.join(": ").trim_end_matches('.'));
}

/// Returns whether an error is only that nobody reads any more, as behind `| head`.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Prints a warning for a person.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "warning: {text}");
}

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

    fn write(self, told: &Told, out: &mut impl Write) -> io::Result<()> {
        match (self, told) {
            (Self::Text, Told::Record(record)) => match text::line(record) {
                Some(line) => writeln!(out, "{line}"),
                None => Ok(()),
            },
            (Self::Json, Told::Record(record)) => writeln!(out, "{}", record.to_json()),
            (Self::Text, Told::Lagged(lagged)) => writeln!(out, "{lagged}"),
            (Self::Json, Told::Lagged(Lagged { missed })) => {
                let event = Event::from(PeerEvent::Lagged { missed: *missed });
                writeln!(out, "{}", json!(event))
            }
            (Self::Text, Told::Aside(text)) => writeln!(out, "{text}"),
            (Self::Json, Told::Aside(_)) => Ok(()),
        }
    }
}

/// Something to be written.
enum Told {
    Record(std::sync::Arc<Record>),
    /// Records are missing here.
    Lagged(Lagged),
    /// What is said to a person only: an answer at the prompt.
    Aside(String),
}

/// Writes a feed to standard output, on a thread of its own: a slow reader loses records, and
/// holds up no peer.
pub(crate) struct Printer {
    feed: Feed,
    aside: Aside,
    thread: JoinHandle<io::Result<()>>,
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

impl Printer {
    /// Writes all records of `feed` from now on.
    pub(crate) fn start(lines: Lines, feed: &Feed) -> anyhow::Result<Self> {
        Self::start_with(lines, feed, |_| true)
    }

    /// Writes the records that are `wanted`.
    pub(crate) fn start_with(
        lines: Lines,
        feed: &Feed,
        wanted: impl FnMut(&Record) -> bool + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (aside, asides) = mpsc::unbounded_channel();
        // Of the thread alone, to wait for records and asides at once.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .context("starting the thread that writes the output")?;
        let records = feed.subscribe();
        let thread =
            std::thread::spawn(move || runtime.block_on(print(lines, records, asides, wanted)));
        Ok(Self { feed: feed.clone(), aside: Aside(aside), thread })
    }

    /// Returns a way in for what is said between the records.
    pub(crate) fn aside(&self) -> Aside {
        self.aside.clone()
    }

    /// Warns, once, when the output can no longer be written: a peer goes on all the same.
    pub(crate) fn warn_when_closed(&self) {
        let (aside, feed) = (self.aside(), self.feed.clone());
        tokio::spawn(async move {
            aside.closed().await;
            if !feed.is_closed() {
                warn("the output cannot be written any more; the peer goes on without it");
            }
        });
    }

    /// Ends the feed, and waits until all of it is written.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        self.feed.close();
        let outcome = self.thread.join();
        Ok(outcome.expect("the printer does not panic")?)
    }
}

async fn print(
    lines: Lines,
    mut records: Subscription,
    mut asides: mpsc::UnboundedReceiver<String>,
    mut wanted: impl FnMut(&Record) -> bool,
) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut write = |told, out: &mut _| match told {
        Told::Record(ref record) if !wanted(record) => Ok(()),
        told => lines.write(&told, out),
    };
    let told = |next: Result<_, _>| next.map_or_else(Told::Lagged, Told::Record);
    loop {
        let first = tokio::select! {
            // What is said aside is about what has happened before.
            biased;
            next = records.next() => match next {
                Some(next) => told(next),
                None => break,
            },
            Some(text) = asides.recv() => Told::Aside(text),
        };
        write(first, &mut out)?;
        while let Some(next) = records.try_next() {
            write(told(next), &mut out)?;
        }
        out.flush()?;
    }
    while let Ok(text) = asides.try_recv() {
        write(Told::Aside(text), &mut out)?;
    }
    out.flush()
}

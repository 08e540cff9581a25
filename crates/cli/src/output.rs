//! The ways to tell what happens: lines for people, lines of JSON for scripts, tables.

pub(crate) mod chain;
pub(crate) mod json;
pub(crate) mod recent;
pub(crate) mod stratum;
pub(crate) mod table;
pub(crate) mod text;

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread::JoinHandle;

use althing_node::Report;

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

/// How reports are told as lines.
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
            (Self::Text, Told::Report(report)) => match text::line(report) {
                Some(line) => writeln!(out, "{line}"),
                None => Ok(()),
            },
            (Self::Json, Told::Report(report)) => writeln!(out, "{}", json::line(report)),
            (Self::Text, Told::OfChain(report)) => writeln!(out, "{}", chain::text::line(report)),
            (Self::Json, Told::OfChain(report)) => writeln!(out, "{}", chain::json::line(report)),
            (Self::Text, Told::OfMiners(report)) => {
                writeln!(out, "{}", stratum::text_line(report))
            }
            (Self::Json, Told::OfMiners(report)) => {
                writeln!(out, "{}", stratum::json_line(report))
            }
            (Self::Text, Told::Aside(text)) => writeln!(out, "{text}"),
            (Self::Json, Told::Aside(_)) => Ok(()),
        }
    }
}

/// Something to be written.
enum Told {
    Report(Report),
    /// Of a peer with a chain.
    OfChain(althing_node::chain::Report),
    /// Of those that mine for a peer.
    OfMiners(althing_node::stratum::Report),
    /// What is said to a person only: an answer at the prompt.
    Aside(String),
}

/// Writes reports to standard output on a thread of its own, so that a slow reader holds up no
/// peer.
pub(crate) struct Printer {
    told: mpsc::SyncSender<Told>,
    thread: JoinHandle<io::Result<()>>,
}

/// A way to say something to a person between the reports.
#[derive(Clone)]
pub(crate) struct Aside(mpsc::SyncSender<Told>);

impl Aside {
    /// Says `text`, if the output is for people.
    pub(crate) fn say(&self, text: impl Into<String>) {
        // As with reports: without a reader there is nobody to tell.
        drop(self.0.send(Told::Aside(text.into())));
    }
}

/// Reports that wait for a slow reader. When more come, the peer waits as well: a script must not
/// miss a row.
const TOLD_MAX: usize = 1024;

impl Printer {
    pub(crate) fn start(lines: Lines) -> Self {
        let (told, received) = mpsc::sync_channel(TOLD_MAX);
        let thread = std::thread::spawn(move || print(lines, &received));
        Self { told, thread }
    }

    /// Returns a way in for the reports of one peer.
    pub(crate) fn reporter(&self) -> althing_node::Reporter {
        let told = self.told.clone();
        // The printer has stopped when nobody reads any more; then there is nobody to tell.
        Box::new(move |report| drop(told.send(Told::Report(report))))
    }

    /// Returns a way in for the reports of one peer with a chain.
    pub(crate) fn chain_reporter(&self) -> althing_node::chain::Reporter {
        let told = self.told.clone();
        Box::new(move |report| drop(told.send(Told::OfChain(report))))
    }

    /// Returns a way in for the reports of a peer's miners.
    pub(crate) fn stratum_reporter(&self) -> althing_node::stratum::Reporter {
        let told = self.told.clone();
        Box::new(move |report| drop(told.send(Told::OfMiners(report))))
    }

    /// Returns a way in for what is said between the reports.
    pub(crate) fn aside(&self) -> Aside {
        Aside(self.told.clone())
    }

    /// Waits until all is written; call it when no reporter is left, and nobody who says
    /// something between the reports.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        drop(self.told);
        let outcome = self.thread.join();
        Ok(outcome.expect("the printer does not panic")?)
    }
}

fn print(lines: Lines, told: &mpsc::Receiver<Told>) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    while let Ok(first) = told.recv() {
        lines.write(&first, &mut out)?;
        for next in told.try_iter() {
            lines.write(&next, &mut out)?;
        }
        out.flush()?;
    }
    out.flush()
}

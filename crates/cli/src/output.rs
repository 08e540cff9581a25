//! The ways to tell what happens: lines for people, lines of JSON for scripts, tables.

pub(crate) mod json;
pub(crate) mod recent;
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

    fn write(self, report: &Report, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Text => match text::line(report) {
                Some(line) => writeln!(out, "{line}"),
                None => Ok(()),
            },
            Self::Json => writeln!(out, "{}", json::line(report)),
        }
    }
}

/// Writes reports to standard output on a thread of its own, so that a slow reader holds up no
/// peer.
pub(crate) struct Printer {
    reports: mpsc::SyncSender<Report>,
    thread: JoinHandle<io::Result<()>>,
}

/// Reports that wait for a slow reader. When more come, the peer waits as well: a script must not
/// miss a row.
const REPORTS_MAX: usize = 1024;

impl Printer {
    pub(crate) fn start(lines: Lines) -> Self {
        let (reports, received) = mpsc::sync_channel(REPORTS_MAX);
        let thread = std::thread::spawn(move || print(lines, &received));
        Self { reports, thread }
    }

    /// Returns a way in for the reports of one peer.
    pub(crate) fn reporter(&self) -> althing_node::Reporter {
        let reports = self.reports.clone();
        // The printer has stopped when nobody reads any more; then there is nobody to tell.
        Box::new(move |report| drop(reports.send(report)))
    }

    /// Waits until all is written; call it when no reporter is left.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        drop(self.reports);
        let outcome = self.thread.join();
        Ok(outcome.expect("the printer does not panic")?)
    }
}

fn print(lines: Lines, reports: &mpsc::Receiver<Report>) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    while let Ok(report) = reports.recv() {
        lines.write(&report, &mut out)?;
        for report in reports.try_iter() {
            lines.write(&report, &mut out)?;
        }
        out.flush()?;
    }
    out.flush()
}

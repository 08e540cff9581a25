//! Lines on their way to an output that may be full, or closed.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Collects lines, and writes them in one go. What could not be written is dropped and counted, so
/// that a disk that is full for a while costs lines and neither memory nor the lines after it.
pub(super) struct Sink<W> {
    out: W,
    waiting: Vec<u8>,
    /// Lines that wait.
    lines: u64,
    /// Lines that were dropped since the last that came through.
    dropped: u64,
    /// Whether the output ends in the middle of a line.
    is_broken_off: bool,
    progress: Progress,
}

/// How many bytes have been written; for others who want to know whether the reader still reads.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<AtomicU64>);

impl Progress {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<W: Write> Sink<W> {
    pub(super) fn new(out: W, progress: Progress) -> Self {
        let (waiting, lines, dropped, is_broken_off) = (Vec::new(), 0, 0, false);
        Self { out, waiting, lines, dropped, is_broken_off, progress }
    }

    /// Adds a line, given without its end.
    pub(super) fn add(&mut self, line: &str) {
        self.waiting.extend_from_slice(line.as_bytes());
        self.waiting.push(b'\n');
        self.lines += 1;
    }

    /// Counts lines that were never there, since those that make them were too slow.
    pub(super) fn add_dropped(&mut self, lines: u64) {
        self.dropped += lines;
    }

    /// Returns how many lines were dropped, for a line that says so, and counts anew.
    pub(super) fn take_dropped(&mut self) -> Option<u64> {
        (self.dropped > 0).then(|| std::mem::take(&mut self.dropped))
    }

    /// Writes what waits. After an error all of that is dropped, the part that was written too.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.waiting);
        let lines = std::mem::take(&mut self.lines);
        if bytes.is_empty() {
            return Ok(());
        }
        if self.is_broken_off {
            bytes.insert(0, b'\n');
        }
        let mut written = 0;
        let outcome = loop {
            let rest = &bytes[written..];
            if rest.is_empty() {
                break self.out.flush();
            }
            match self.out.write(rest) {
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    written += count;
                    let count = u64::try_from(count).expect("a length fits into 64 bits");
                    self.progress.0.fetch_add(count, Ordering::Relaxed);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        if written > 0 {
            self.is_broken_off = bytes[written - 1] != b'\n';
        }
        if outcome.is_err() {
            self.dropped += lines;
        }
        bytes.clear();
        self.waiting = bytes;
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with room for so many bytes.
    #[derive(Default)]
    struct Disk {
        bytes: Vec<u8>,
        room: usize,
    }

    impl Write for &mut Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.bytes.extend_from_slice(&bytes[..count]);
            self.room -= count;
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_a_full_disk_whole_lines_come_again_and_those_that_are_missing_are_counted() {
        let mut disk = Disk { room: 9, ..Disk::default() };
        let mut sink = Sink::new(&mut disk, Progress::default());
        sink.add("first");
        sink.flush().expect("there is room for it");
        assert_eq!(sink.take_dropped(), None);
        for line in ["second", "third"] {
            sink.add(line);
            let error = sink.flush().expect_err("the disk is full");
            assert_eq!(error.kind(), ErrorKind::StorageFull);
        }
        sink.out.room = 100;
        assert_eq!(sink.take_dropped(), Some(2));
        sink.add("fourth");
        sink.flush().expect("there is room again");
        assert_eq!(sink.take_dropped(), None);
        assert_eq!(sink.progress.bytes(), 17);
        assert_eq!(String::from_utf8(disk.bytes).expect("a text"), "first\nsec\nfourth\n");
    }

    #[test]
    fn nothing_that_could_not_be_written_is_kept() {
        let mut disk = Disk::default();
        let mut sink = Sink::new(&mut disk, Progress::default());
        for _ in 0..1000 {
            sink.add("a line");
            sink.flush().expect_err("the disk is full");
        }
        assert!(sink.waiting.capacity() < 1000);
        assert_eq!(sink.take_dropped(), Some(1000));
    }
}

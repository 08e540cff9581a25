//! A file that is read and never written: what the database writes, as when it repairs what a crash
//! has left, stays in memory. So a store can be read on a read-only file system, and by users who
//! may read it only.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

/// Bytes that are kept as one once any of them was written.
const CHUNK: usize = 4096;

/// The same as an offset.
const CHUNK_BYTES: u64 = CHUNK as u64;

/// A file, and what differs from it.
#[derive(Debug)]
pub(super) struct Shadow {
    file: FileBackend,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Bytes there are, by all that was written.
    length: u64,
    /// Bytes of the file that still count.
    of_file: u64,
    /// What was written, by its number in the file.
    chunks: BTreeMap<u64, Box<[u8; CHUNK]>>,
}

impl Shadow {
    pub(super) fn new(file: File) -> Result<Self, DatabaseError> {
        let file = FileBackend::new(file)?;
        let length = file.len()?;
        let state = State { length, of_file: length, chunks: BTreeMap::new() };
        Ok(Self { file, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics with it")
    }

    /// Reads a part of one chunk.
    fn read_part(&self, state: &State, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if let Some(chunk) = state.chunks.get(&(offset / CHUNK_BYTES)) {
            let start = place(offset);
            out.copy_from_slice(&chunk[start..start + out.len()]);
            return Ok(());
        }
        let there = usize::try_from(state.of_file.saturating_sub(offset)).unwrap_or(usize::MAX);
        let (of_file, beyond) = out.split_at_mut(there.min(out.len()));
        beyond.fill(0);
        if of_file.is_empty() { Ok(()) } else { self.file.read(offset, of_file) }
    }
}

/// Returns where in its chunk an offset is.
fn place(offset: u64) -> usize {
    usize::try_from(offset % CHUNK_BYTES).expect("a chunk is short")
}

/// Returns the parts of `length` bytes from `offset` on that are each within one chunk: where each
/// begins, and its place in the bytes.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + u64::try_from(done).expect("a length fits into 64 bits");
        let part = done..length.min(done + CHUNK - place(at));
        done = part.end;
        (!part.is_empty()).then_some((at, part))
    })
}

impl StorageBackend for Shadow {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let length = u64::try_from(out.len()).expect("a length fits into 64 bits");
        if offset.checked_add(length).is_none_or(|end| end > state.length) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        for (at, part) in parts(offset, out.len()) {
            self.read_part(&state, at, &mut out[part])?;
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        let first_gone = length.div_ceil(CHUNK_BYTES);
        state.chunks.retain(|number, _| *number < first_gone);
        if let Some(chunk) = state.chunks.get_mut(&(length / CHUNK_BYTES)) {
            chunk[place(length)..].fill(0);
        }
        state.of_file = state.of_file.min(length);
        state.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        for (at, part) in parts(offset, data.len()) {
            let number = at / CHUNK_BYTES;
            let mut chunk = match state.chunks.remove(&number) {
                Some(chunk) => chunk,
                None => {
                    let mut chunk = Box::new([0; CHUNK]);
                    self.read_part(&state, number * CHUNK_BYTES, &mut chunk[..])?;
                    chunk
                }
            };
            let start = place(at);
            chunk[start..start + part.len()].copy_from_slice(&data[part]);
            state.chunks.insert(number, chunk);
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    /// Several may read at once, but not while a peer runs.
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Write(u64, Vec<u8>),
        Length(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let write = (0..3 * CHUNK_BYTES, prop::collection::vec(any::<u8>(), 1..2 * CHUNK));
        let step = prop_oneof![
            3 => write.prop_map(|(at, bytes)| Step::Write(at, bytes)),
            1 => (0..6 * CHUNK_BYTES).prop_map(Step::Length),
        ];
        prop::collection::vec(step, 0..12)
    }

    proptest! {
        #[test]
        fn it_reads_as_a_file_that_is_written_and_the_file_stays_as_it_is(
            content in prop::collection::vec(any::<u8>(), 0..3 * CHUNK),
            steps in steps(),
        ) {
            let dir = tempfile::tempdir().expect("a directory");
            let path = dir.path().join("file");
            std::fs::write(&path, &content).expect("there is room");
            let shadow = Shadow::new(File::open(&path).expect("it is there")).expect("a file");
            let mut model = content.clone();
            for step in steps {
                match step {
                    Step::Write(at, bytes) => {
                        let at = usize::try_from(at).expect("it is small");
                        let end = at + bytes.len();
                        if end > model.len() {
                            model.resize(end, 0);
                            shadow.set_len(end as u64).expect("in memory");
                        }
                        model[at..end].copy_from_slice(&bytes);
                        shadow.write(at as u64, &bytes).expect("in memory");
                    }
                    Step::Length(length) => {
                        model.resize(usize::try_from(length).expect("it is small"), 0);
                        shadow.set_len(length).expect("in memory");
                    }
                }
                let mut read = vec![1; model.len()];
                shadow.read(0, &mut read).expect("so much is there");
                prop_assert!(read == model);
                prop_assert_eq!(shadow.len().expect("in memory"), model.len() as u64);
                prop_assert!(shadow.read(1, &mut read).is_err() || read.is_empty());
            }
            prop_assert_eq!(std::fs::read(&path).expect("it is there"), content);
        }
    }
}

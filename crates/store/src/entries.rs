//! A log of any length, read a page at a time.

use std::iter::FusedIterator;
use std::ops::Range;
use std::vec;

use althing_engine::Durable;

use crate::{Reader, StoreError};

/// Entries read at a time.
const PAGE: usize = 256;

/// All entries that a log had when this was made, with their numbers and in order; see
/// [`Store::all_entries`](crate::Store::all_entries).
#[must_use]
pub struct Entries<D: Durable> {
    reader: Reader<D>,
    page: vec::IntoIter<D::Entry>,
    /// The numbers of the entries that have not been returned yet.
    left: Range<u64>,
}

impl<D: Durable> Entries<D> {
    pub(crate) fn new(reader: Reader<D>, left: Range<u64>) -> Self {
        Self { reader, page: Vec::new().into_iter(), left }
    }
}

/// Ends after the last entry, after the first error, or where the log was truncated meanwhile.
impl<D: Durable> Iterator for Entries<D> {
    type Item = Result<(u64, D::Entry), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 && !self.left.is_empty() {
            let length = usize::try_from(self.left.end - self.left.start).unwrap_or(usize::MAX);
            match self.reader.page(self.left.start, length.min(PAGE)) {
                Ok(page) => self.page = page.into_iter(),
                Err(error) => {
                    self.left.start = self.left.end;
                    return Some(Err(error));
                }
            }
        }
        let entry = self.page.next()?;
        let number = self.left.next()?;
        Some(Ok((number, entry)))
    }
}

impl<D: Durable> FusedIterator for Entries<D> {}

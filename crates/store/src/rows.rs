use std::iter::FusedIterator;
use std::vec;

use althing_engine::rounds::CertifiedRecord;
use althing_types::Transaction;

use crate::{Store, StoreError};

/// Rows read at a time.
const PAGE: usize = 256;

/// All rows of a table, in order, however many there are; see [`Store::rows`].
#[must_use]
pub struct Rows<'store> {
    store: &'store Store,
    page: vec::IntoIter<CertifiedRecord>,
    /// The first row not yet in a page.
    next: Transaction,
}

impl<'store> Rows<'store> {
    pub(crate) fn new(store: &'store Store) -> Self {
        Self { store, page: Vec::new().into_iter(), next: Transaction::FIRST }
    }
}

/// Ends after the last row, or after the first error.
impl Iterator for Rows<'_> {
    type Item = Result<CertifiedRecord, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 && self.next < self.store.next() {
            match self.store.page(self.next, PAGE) {
                Ok(page) => {
                    self.next = Transaction::new(self.next.number() + page.len() as u64);
                    self.page = page.into_iter();
                }
                Err(error) => {
                    self.next = self.store.next();
                    return Some(Err(error));
                }
            }
        }
        self.page.next().map(Ok)
    }
}

impl FusedIterator for Rows<'_> {}

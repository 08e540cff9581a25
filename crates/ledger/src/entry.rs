//! One piece of data in a block, whose meaning is the application's business.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One piece of data in a block: the bytes exactly as they are hashed. Cheap to clone.
///
/// What they mean is the business of an [`Application`](crate::Application); how many there may be
/// is said by [`Limits`](crate::Limits). In networks whose entries are texts they are UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Entry(Arc<[u8]>);

impl Entry {
    /// Returns the entry with these bytes.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// Returns the entry that is this text.
    pub fn text(text: &str) -> Self {
        Self::new(text.as_bytes())
    }

    /// Returns its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns its text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        str::from_utf8(&self.0).ok()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_text() {
            Some(text) => write!(f, "Entry({text:?})"),
            None => write!(f, "Entry({:02x?})", self.0),
        }
    }
}

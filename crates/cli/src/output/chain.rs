//! What happens to a peer with a chain, as lines.

pub(crate) mod json;
pub(crate) mod text;

use althing_dialect::open::Notes;
use althing_ledger::Entry;

/// Returns what an entry says, as far as it is a text; of a note, the text alone.
pub(crate) fn said(entry: &Entry) -> String {
    match Notes::text_of(entry) {
        Ok(note) => note.into(),
        Err(_) => String::from_utf8_lossy(entry.as_bytes()).into_owned(),
    }
}

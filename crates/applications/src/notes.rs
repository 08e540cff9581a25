//! Notes: short texts with an author.

use althing_ledger::{Application, BlockContext, EntriesRefused, Entry, SignedEntry};

/// The name of this application in its entries.
pub const APPLICATION: &str = "notes";

/// The maximum length of a note in characters. With four bytes each they fit into an entry.
pub const NOTE_CHARS_MAX: usize = 100;

/// Short texts, each signed by its author. The application computes nothing from them.
///
/// A text has no control characters, so that it can be shown on any terminal as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notes;

impl Notes {
    /// Returns the text of an entry, or why it is not a note.
    pub fn text_of(entry: &Entry) -> Result<Box<str>, EntriesRefused> {
        let Ok(SignedEntry { application, payload, .. }) = SignedEntry::decode(entry) else {
            return Err(EntriesRefused::because("a note must be signed"));
        };
        if &*application != APPLICATION {
            let reason = format!("only notes are kept here, and nothing for {application:?}");
            return Err(EntriesRefused::because(reason));
        }
        let text = str::from_utf8(&payload)
            .map_err(|_| EntriesRefused::because("a note must be text in UTF-8"))?;
        let chars = text.chars().count();
        if !(1..=NOTE_CHARS_MAX).contains(&chars) {
            let reason = format!("a note has 1 to {NOTE_CHARS_MAX} characters, and not {chars}");
            return Err(EntriesRefused::because(reason));
        }
        if text.contains(char::is_control) {
            return Err(EntriesRefused::because("a note has no control characters"));
        }
        Ok(text.into())
    }
}

impl Application for Notes {
    fn check(&self, _: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
        entries.iter().try_for_each(|entry| Self::text_of(entry).map(drop))
    }

    fn apply(&mut self, _: &BlockContext, _: &[Entry]) {}

    fn snapshot(&self) -> Box<dyn Application> {
        Box::new(Self)
    }
}

//! Where the entries come from that are submitted.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::thread;

use althing_api::NewEntry;
use althing_text::hex;
use anyhow::{Context, ensure};
use bitcoin::hashes::{Hash, HashEngine, sha256};
use serde::Deserialize;
use tokio::sync::mpsc;

/// An entry, with the line from which it was read, counted from one.
pub(super) struct Numbered {
    pub(super) line: u64,
    /// The entry, or why the line is none.
    pub(super) entry: Result<NewEntry, String>,
}

/// Entries as they come.
pub(super) type Entries = mpsc::Receiver<Numbered>;

/// Lines that are read ahead.
const AHEAD_MAX: usize = 64;

/// Bytes of the longest line that is read: an entry has fewer.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// A line: a text, or an entry as the API takes it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Text(String),
    Entry(NewEntry),
}

/// Returns entries with these texts.
pub(super) fn of_texts(texts: Vec<String>) -> Entries {
    let (sender, entries) = mpsc::channel(texts.len().max(1));
    for (line, text) in (1..).zip(texts) {
        let entry = Numbered { line, entry: Ok(of_text(text)) };
        // There is room for all of them.
        let _ = sender.try_send(entry);
    }
    entries
}

fn of_text(text: String) -> NewEntry {
    NewEntry { text, confirmations: None, once: false, as_written: false }
}

/// Returns what an entry says of a file: its digest and what it is called.
pub(super) fn of_file(path: &Path, name: Option<&str>) -> anyhow::Result<String> {
    let named = || path.display().to_string();
    let own = path.file_name().and_then(|name| name.to_str());
    let name = name.or(own).context("the file has no name in UTF-8; give one with --name")?;
    ensure!(!name.contains(char::is_control), "the name has control characters; see --name");
    let mut file = File::open(path).with_context(named)?;
    let (mut engine, mut buffer) = (sha256::Hash::engine(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer).with_context(named)? {
            0 => break,
            count => engine.input(buffer.get(..count).unwrap_or_default()),
        }
    }
    let digest = hex::encode(&sha256::Hash::from_engine(engine).to_byte_array());
    Ok(format!("SHA256 ({name}) = {digest}"))
}

/// Returns the entries in the lines of a file, as they are read; `-` is standard input.
pub(super) fn of_lines(path: &Path) -> anyhow::Result<Entries> {
    let from: Box<dyn Read + Send> = match path == Path::new("-") {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).with_context(|| path.display().to_string())?),
    };
    let (sender, entries) = mpsc::channel(AHEAD_MAX);
    // Standard input can only be waited for by a thread.
    thread::Builder::new().name("lines".into()).spawn(move || {
        let mut lines = BufReader::new(from);
        for line in 1.. {
            let (entry, is_last) = match next(&mut lines) {
                Next::End => return,
                Next::Empty => continue,
                Next::Entry(entry) => (Ok(entry), false),
                Next::Malformed(reason) => (Err(reason), false),
                Next::Lost(reason) => (Err(reason), true),
            };
            if sender.blocking_send(Numbered { line, entry }).is_err() || is_last {
                return;
            }
        }
    })?;
    Ok(entries)
}

/// What the next line is.
#[derive(Debug, PartialEq)]
enum Next {
    End,
    Empty,
    Entry(NewEntry),
    Malformed(String),
    /// It cannot be read to its end, and so nothing after it can be.
    Lost(String),
}

fn next(lines: &mut impl BufRead) -> Next {
    let mut bytes = Vec::new();
    let mut line = Read::take(&mut *lines, LINE_BYTES_MAX);
    match line.read_until(b'\n', &mut bytes) {
        Ok(0) => return Next::End,
        Ok(_) => {}
        Err(error) => return Next::Lost(format!("the lines cannot be read: {error}")),
    }
    if bytes.len() as u64 == LINE_BYTES_MAX && bytes.last() != Some(&b'\n') {
        return Next::Lost(format!(
            "it has more than {LINE_BYTES_MAX} bytes, and nothing after it is read"
        ));
    }
    if bytes.trim_ascii().is_empty() {
        return Next::Empty;
    }
    match serde_json::from_slice(&bytes) {
        Ok(Line::Text(text)) => Next::Entry(of_text(text)),
        Ok(Line::Entry(entry)) => Next::Entry(entry),
        Err(_) => Next::Malformed(
            "it is neither a text in JSON, as in \"hello\", nor an entry, as in {\"text\": \
             \"hello\"}"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut text: &[u8]) -> Vec<Next> {
        let mut all = Vec::new();
        loop {
            match next(&mut text) {
                Next::End => return all,
                lost @ Next::Lost(_) => {
                    all.push(lost);
                    return all;
                }
                other => all.push(other),
            }
        }
    }

    #[test]
    fn a_line_is_a_text_or_an_entry() {
        let text = |text: &str| Next::Entry(of_text(text.to_owned()));
        let read = read(b"\"one\"\n\n  {\"text\": \"two\"}\r\n\"three\"");
        assert_eq!(read, [text("one"), Next::Empty, text("two"), text("three")]);
    }

    #[test]
    fn what_is_no_entry_is_told_and_the_next_line_is_read() {
        for bad in ["hello", "7", "{\"txt\": \"x\"}", "\"open"] {
            let read = read(format!("{bad}\n\"good\"\n").as_bytes());
            let [Next::Malformed(reason), Next::Entry(_)] = &read[..] else {
                panic!("{bad}: {read:?}")
            };
            assert!(reason.contains("neither a text in JSON"), "{reason}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_not_read_for_ever() {
        let endless = vec![b'x'; 1 << 20];
        assert!(matches!(&read(&endless)[..], [Next::Lost(_)]));
    }

    #[test]
    fn a_file_is_its_name_and_its_digest_as_sha256sum_has_them() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("minutes.txt");
        std::fs::write(&path, "abc").expect("the disk has room");
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let told = of_file(&path, None).expect("it is there");
        assert_eq!(told, format!("SHA256 (minutes.txt) = {digest}"));
        let told = of_file(&path, Some("ours")).expect("it is there");
        assert_eq!(told, format!("SHA256 (ours) = {digest}"));
        assert!(of_file(&dir.path().join("none"), None).is_err());
    }
}

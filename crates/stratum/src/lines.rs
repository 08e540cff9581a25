//! Lines out of a stream of bytes.

/// The maximum length of a line in bytes, without its end. A share has about two hundred.
pub const LINE_BYTES_MAX: usize = 4096;

/// Assembles lines from the pieces in which a stream delivers them.
#[derive(Clone, Debug, Default)]
pub struct LineReader {
    /// The part of an incomplete line that has arrived.
    buffer: Vec<u8>,
}

/// A line has more than [`LINE_BYTES_MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTooLong;

impl LineReader {
    /// Takes the bytes that have arrived, and returns the lines that are complete, without their
    /// ends. Empty lines are left out. After an error nothing more can be read.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, LineTooLong> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (piece, is_complete) = match piece.split_last() {
                Some((b'\n', line)) => (line, true),
                _ => (piece, false),
            };
            if self.buffer.len() + piece.len() > LINE_BYTES_MAX {
                return Err(LineTooLong);
            }
            self.buffer.extend_from_slice(piece);
            if is_complete {
                lines.push(std::mem::take(&mut self.buffer).trim_ascii().to_vec());
            }
        }
        lines.retain(|line| !line.is_empty());
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(reader: &mut LineReader, bytes: &[u8]) -> Result<Vec<String>, LineTooLong> {
        let lines = reader.read(bytes)?;
        Ok(lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect())
    }

    #[test]
    fn lines_are_the_same_however_the_stream_is_cut() {
        let stream = b"one\r\n\n two\nthree";
        for size in 1..=stream.len() {
            let mut reader = LineReader::default();
            let pieces = stream.chunks(size).map(|piece| lines(&mut reader, piece));
            let read: Vec<String> = pieces.flat_map(|lines| lines.expect("short")).collect();
            assert_eq!(read, ["one", "two"]);
            assert_eq!(lines(&mut reader, b"\n"), Ok(vec!["three".to_owned()]));
        }
    }

    #[test]
    fn a_line_has_a_limit_also_before_its_end_has_come() {
        let mut reader = LineReader::default();
        let longest = [vec![b'x'; LINE_BYTES_MAX], b"\n".to_vec()].concat();
        assert_eq!(lines(&mut reader, &longest).map(|lines| lines.len()), Ok(1));
        assert_eq!(lines(&mut reader, &longest[1..]).map(|lines| lines.len()), Ok(1));
        assert_eq!(lines(&mut reader, &longest[..LINE_BYTES_MAX]), Ok(vec![]));
        assert_eq!(lines(&mut reader, b"x"), Err(LineTooLong));
    }
}

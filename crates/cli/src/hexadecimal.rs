//! Bytes as hexadecimal digits.

/// Returns the bytes that `digits` stand for, two each, or `None` if they are no such digits.
pub(crate) fn parse(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn two_digits_are_a_byte() {
        assert_eq!(parse(b""), Some(vec![]));
        assert_eq!(parse(b"00ffA5"), Some(vec![0, 255, 0xa5]));
        for wrong in [&b"0"[..], b"0x", b"+1", b"\xc3\xa9", b"1 "] {
            assert_eq!(parse(wrong), None);
        }
    }
}

//! The lengths in packets of MQTT, of both versions.

use bytes::{BufMut, BytesMut};

/// Returns the length of a head that begins like this one: two bytes with the length of the topic,
/// the topic, and a packet identifier where the flags contain a QoS above 0.
pub(super) fn head_bytes(head: &[u8], flags: u8) -> usize {
    let identifier = if flags & 0b0110 == 0 { 0 } else { 2 };
    match head {
        [high, low, ..] => 2 + usize::from(u16::from_be_bytes([*high, *low])) + identifier,
        _ => usize::MAX,
    }
}

/// Writes a number as an MQTT variable byte integer.
pub(super) fn put_length(buffer: &mut BytesMut, mut length: usize) {
    loop {
        let digit = u8::try_from(length & 0x7f).expect("seven bits");
        length >>= 7;
        if length == 0 {
            return buffer.put_u8(digit);
        }
        buffer.put_u8(digit | 0x80);
    }
}

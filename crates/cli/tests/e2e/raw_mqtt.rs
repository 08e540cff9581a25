//! A client of MQTT 5, byte by byte, that does what no library does: it connects and never reads.

use std::io::{Read, Write};
use std::net::TcpStream;

use althing_testkit::DEADLINE;

/// A connection to a broker.
pub(crate) struct Client(TcpStream);

impl Client {
    /// Connects to a port of this machine, and returns the broker's answer: 0 if it is let in.
    pub(crate) fn connect(port: u16) -> (Self, u8) {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a broker");
        stream.set_read_timeout(Some(DEADLINE)).expect("it is not zero");
        let id = format!("raw-{}", stream.local_addr().expect("it is connected").port());
        let mut body = b"\0\x04MQTT\x05\x02\0\0\0".to_vec();
        body.extend([0, u8::try_from(id.len()).expect("a short name")]);
        body.extend(id.bytes());
        let length = u8::try_from(body.len()).expect("a short packet");
        stream.write_all(&[&[0x10, length], &body[..]].concat()).expect("the broker reads");
        let mut header = [0; 2];
        stream.read_exact(&mut header).expect("the broker answers");
        let mut answer = vec![0; header[1].into()];
        stream.read_exact(&mut answer).expect("the broker answers");
        assert_eq!(header[0], 0x20, "{header:?} {answer:?}");
        (Self(stream), answer[1])
    }

    /// Listens to all topics.
    pub(crate) fn subscribe_to_all(&mut self) {
        self.0.write_all(b"\x82\x07\0\x01\0\0\x01#\0").expect("the broker reads");
        let mut answer = [0; 6];
        self.0.read_exact(&mut answer).expect("the broker answers");
        assert_eq!(answer, [0x90, 4, 0, 1, 0, 0]);
    }

    /// Publishes a message of so many bytes, up to 2 MB, with QoS 0.
    pub(crate) fn publish(&mut self, topic: &str, bytes: usize) {
        let mut left = 2 + topic.len() + 1 + bytes;
        let mut packet = vec![0x30];
        while left > 0 {
            let digit = u8::try_from(left % 128).expect("seven bits");
            left /= 128;
            packet.push(if left > 0 { digit | 128 } else { digit });
        }
        packet.extend(u16::try_from(topic.len()).expect("a short topic").to_be_bytes());
        packet.extend(topic.bytes().chain([0]));
        packet.resize(packet.len() + bytes, 7);
        self.0.write_all(&packet).expect("the broker reads");
    }

    /// Waits until the broker has read everything.
    pub(crate) fn ping(&mut self) {
        self.0.write_all(b"\xc0\0").expect("the broker reads");
        let mut answer = [0; 2];
        self.0.read_exact(&mut answer).expect("the broker answers");
        assert_eq!(answer, [0xd0, 0]);
    }
}

//! What the other side of a connection speaks, by its first bytes.
//!
//! A wrong port is the most frequent mistake in a broker's address. What answers there is often
//! known, and then the user can be told, instead of what a library makes of its bytes.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes are looked at.
const OPENING_BYTES: usize = 8;

/// A protocol that can be told by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// TLS, which answers what it does not understand with an alert.
    Tls,
    /// AMQP 0-9-1, which answers with the version that it speaks.
    Amqp,
    /// HTTP.
    Http,
    /// SSH, which speaks first.
    Ssh,
}

impl Protocol {
    /// Returns the protocol that begins with these bytes, if it is one of them.
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            // A record of an alert or a handshake, in any version of TLS.
            [0x15 | 0x16, 3, 0..=4, ..] => Some(Self::Tls),
            [b'A', b'M', b'Q', b'P', ..] => Some(Self::Amqp),
            [b'H', b'T', b'T', b'P', b'/', ..] => Some(Self::Http),
            [b'S', b'S', b'H', b'-', ..] => Some(Self::Ssh),
            _ => None,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls => "TLS",
            Self::Amqp => "AMQP",
            Self::Http => "HTTP",
            Self::Ssh => "SSH",
        })
    }
}

/// A connection that fails with an error of ours if what answers speaks another protocol.
pub(crate) struct Opening<S> {
    stream: S,
    /// What is expected, if it can be told at all.
    expected: Option<Protocol>,
    /// The first bytes, until there are enough.
    seen: Vec<u8>,
    error: Box<dyn Fn(Protocol) -> io::Error + Send + Sync>,
}

impl<S> Opening<S> {
    /// Returns `stream`, on which `expected` is nothing unusual; `error` is how it fails otherwise.
    pub(crate) fn new(
        stream: S,
        expected: Option<Protocol>,
        error: impl Fn(Protocol) -> io::Error + Send + Sync + 'static,
    ) -> Self {
        Self { stream, expected, seen: Vec::new(), error: Box::new(error) }
    }

    fn look_at(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.seen.len() >= OPENING_BYTES {
            return Ok(());
        }
        let missing = OPENING_BYTES - self.seen.len();
        self.seen.extend_from_slice(&bytes[..bytes.len().min(missing)]);
        match Protocol::of(&self.seen) {
            Some(found) if Some(found) != self.expected => Err((self.error)(found)),
            _ => Ok(()),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        Poll::Ready(self.look_at(&buffer.filled()[before..]))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_at(expected: Option<Protocol>, pieces: &[&[u8]]) -> Option<String> {
        let mut opening =
            Opening::new((), expected, |protocol| io::Error::other(protocol.to_string()));
        let mut seen = pieces.iter().map(|piece| opening.look_at(piece));
        seen.find_map(Result::err).map(|error| error.to_string())
    }

    #[test]
    fn protocols_are_told_by_their_first_bytes_in_pieces_of_any_size() {
        let table: [(&[u8], &str); 4] = [
            (&[0x15, 3, 3, 0, 2, 2, 0x46], "TLS"),
            (b"AMQP\0\0\x09\x01", "AMQP"),
            (b"HTTP/1.1 400 Bad Request", "HTTP"),
            (b"SSH-2.0-OpenSSH_9.2", "SSH"),
        ];
        for (bytes, name) in table {
            let pieces: Vec<_> = bytes.chunks(1).collect();
            assert_eq!(looked_at(None, &[bytes]).as_deref(), Some(name));
            assert_eq!(looked_at(None, &pieces).as_deref(), Some(name));
        }
    }

    #[test]
    fn what_is_expected_and_what_comes_later_pass() {
        assert_eq!(looked_at(Some(Protocol::Amqp), &[b"AMQP\0\x01\0\0"]), None);
        assert_eq!(looked_at(None, &[&[0x20, 3, 0, 0, 0], b"...AMQP"]), None);
        assert_eq!(looked_at(None, &[&[0xd0, 0]]), None);
    }
}

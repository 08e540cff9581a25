//! A connection over which a client that speaks MQTT 5 talks to a broker of 3.1.1.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Newer, Older, Side};
use crate::sieve::Sieved;

/// A connection to a broker of 3.1.1 for a client that speaks 5.
pub(in crate::mqtt) struct OlderWire<S> {
    stream: Sieved<S, Newer>,
    older: Older,
    /// Translated, and not yet written.
    unsent: BytesMut,
}

impl<S> OlderWire<S> {
    pub(in crate::mqtt) fn new(stream: S) -> Self {
        let (older, unsent) = (Older::new(Side::Client), BytesMut::new());
        Self { stream: Sieved::new(stream, Newer::new()), older, unsent }
    }
}

impl<S: AsyncWrite + Unpin> OlderWire<S> {
    /// Writes all that is translated.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.unsent))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for OlderWire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for OlderWire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // What was taken before goes out first, so that no more than one piece waits here.
        ready!(self.poll_drain(context))?;
        let this = &mut *self;
        this.older.translate(bytes, &mut this.unsent);
        // An error here is met again by the next flush.
        let _ = this.poll_drain(context)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

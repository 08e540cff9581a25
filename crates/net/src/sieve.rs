//! A filter between a connection and the library that reads from it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const READ_BYTES: usize = 8 * 1024;

/// Takes incoming bytes in pieces of any size, and passes on what the library should see.
pub(crate) trait Sieve {
    /// Adds to `passed` what passes of `bytes` and of the bytes held back before.
    fn sift(&mut self, bytes: &[u8], passed: &mut BytesMut);
}

/// A connection whose incoming bytes go through a sieve.
pub(crate) struct Sieved<S, F> {
    stream: S,
    sieve: F,
    passed: BytesMut,
    chunk: Box<[u8; READ_BYTES]>,
}

impl<S, F> Sieved<S, F> {
    pub(crate) fn new(stream: S, sieve: F) -> Self {
        Self { stream, sieve, passed: BytesMut::new(), chunk: Box::new([0; READ_BYTES]) }
    }
}

impl<S: AsyncRead + Unpin, F: Sieve + Unpin> AsyncRead for Sieved<S, F> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.passed.is_empty() {
            let mut chunk = ReadBuf::new(this.chunk.as_mut_slice());
            ready!(Pin::new(&mut this.stream).poll_read(context, &mut chunk))?;
            if chunk.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.sieve.sift(chunk.filled(), &mut this.passed);
        }
        let bytes = this.passed.len().min(buffer.remaining());
        buffer.put_slice(&this.passed[..bytes]);
        this.passed.advance(bytes);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin, F: Unpin> AsyncWrite for Sieved<S, F> {
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

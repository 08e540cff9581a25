//! The runtime that the AMQP library requires, with one difference: we supply the connections.

use std::future::{Future, ready};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use async_compat::Compat;
use async_rs::Tokio;
use async_rs::traits::{Executor, Reactor, RuntimeKit};
use async_rs::util::Task;
use futures_core::Stream as FutureStream;
use futures_io::{AsyncRead, AsyncWrite};

use super::guard::Guard;
use crate::dial::Stream;
use crate::sieve::Sieved;

/// The current Tokio runtime, over connections of a [`Dialer`](crate::dial::Dialer).
#[derive(Clone, Debug)]
pub(super) struct OverDialed(Tokio);

/// A connection in the type that the library takes.
pub(super) type Dialed = Compat<Sieved<Box<dyn Stream>, Guard>>;

impl OverDialed {
    pub(super) fn current() -> Self {
        Self(Tokio::current())
    }
}

impl RuntimeKit for OverDialed {}

impl Executor for OverDialed {
    type Task<T: Send + 'static> = <Tokio as Executor>::Task<T>;

    fn block_on<T, F: Future<Output = T>>(&self, future: F) -> T {
        self.0.block_on(future)
    }

    fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        future: F,
    ) -> Task<Self::Task<T>> {
        self.0.spawn(future)
    }

    fn spawn_blocking<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(
        &self,
        work: F,
    ) -> Task<Self::Task<T>> {
        self.0.spawn_blocking(work)
    }
}

impl Reactor for OverDialed {
    type TcpStream = Dialed;
    type Sleep = <Tokio as Reactor>::Sleep;

    /// Never called: the library is given its connection.
    fn register<H: Read + Write + Send + 'static>(
        &self,
        _: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        Err::<Dialed, _>(io::ErrorKind::Unsupported.into())
    }

    fn sleep(&self, time: Duration) -> Self::Sleep {
        self.0.sleep(time)
    }

    fn interval(&self, time: Duration) -> impl FutureStream<Item = Instant> + Send + 'static {
        self.0.interval(time)
    }

    /// Never called either.
    fn tcp_connect_addr(
        &self,
        _: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

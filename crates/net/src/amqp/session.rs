//! One connection to a broker, from the handshake to the goodbye.

use std::collections::BTreeSet;
use std::future::{Ready, poll_fn, ready};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_compat::Compat;
use async_rs::Runtime;
use futures_core::Stream as FutureStream;
use lapin::message::DeliveryResult;
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{AsyncTcpStream, Channel, Connection, ConnectionProperties, Consumer, Event};
use tokio::select;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::guard::{Guard, oversized};
use super::runtime::{Dialed, OverDialed};
use super::{Error, Options, Witness, library_error, objects};
use crate::dial::Dialer;
use crate::link::Message;
use crate::queue::Queue;
use crate::sieve::Sieved;
use crate::{Arrival, PAYLOAD_MAX};

/// The maximum size of a frame in bytes, in either direction. The library has buffers for 64
/// frames.
const FRAME_BYTES_MAX: u32 = 32 * 1024;

/// The AMQP reply code for closing a connection or a channel without an error.
const REPLY_SUCCESS: u16 = 200;

/// Time to clean up after a connection attempt that failed.
const LEAVE_TIME: Duration = Duration::from_millis(500);

/// One connection to a broker, from the handshake to the goodbye. Dropping it cuts the connection.
pub(super) struct Session {
    // Declared before the line, so that the library is dropped before the line is cut.
    connection: Connection,
    channel: Channel,
    events: Pin<Box<dyn FutureStream<Item = Event> + Send>>,
    inlet: Arc<Inlet>,
    /// Queues that the broker no longer delivers from.
    cancelled: mpsc::Receiver<String>,
    /// Exchanges that are known to exist.
    declared: BTreeSet<Arc<str>>,
    /// The channels on which exchanges of others are overheard; they end when they are dropped.
    overhearing: Vec<Channel>,
    since: Instant,
    _line: Line,
}

/// Where deliveries go: into the inbox, from the moment at which the link is up until the session
/// ends.
struct Inlet {
    inbox: Mutex<Option<Arc<Queue<Arrival>>>>,
    witness: Option<Witness>,
    cancelled: mpsc::Sender<String>,
}

/// A connection that is cut when this is dropped, even if the library still holds it.
struct Line(Arc<Dialer>);

impl Session {
    /// Connects, and logs in.
    pub(super) async fn open(options: &Options, dialer: &Arc<Dialer>) -> Result<Self, Error> {
        let stream = dialer.dial().await?;
        let line = Line(Arc::clone(dialer));
        let stream: Dialed = Compat::new(Sieved::new(stream, Guard::new(PAYLOAD_MAX)));
        let stream = Mutex::new(Some(AsyncTcpStream::Plain(stream)));
        let hand_over = async move |_, _| {
            let stream = stream.lock().expect("nothing panics while it holds this lock").take();
            stream.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected).into())
        };
        let refused = |error| Error::of_handshake(&error, options);
        let runtime = Runtime::new(OverDialed::current());
        let connection =
            Connection::connector(library_uri(options), runtime, hand_over, properties(options))
                .await
                .map_err(refused)?;
        let events = Box::pin(connection.events_listener());
        let channel = connection.create_channel().await.map_err(refused)?;
        let (tell, cancelled) = mpsc::channel(1);
        let (inbox, witness) = (Mutex::default(), options.witness.clone());
        Ok(Self {
            connection,
            channel,
            events,
            inlet: Arc::new(Inlet { inbox, witness, cancelled: tell }),
            cancelled,
            declared: BTreeSet::new(),
            overhearing: Vec::new(),
            since: Instant::now(),
            _line: line,
        })
    }

    /// Declares all exchanges and queues of `options`, and consumes from the queues. Messages are
    /// kept until [`Session::deliver`].
    pub(super) async fn listen(&mut self, options: &Options) -> Result<Listening, Error> {
        let mut consumers = Vec::new();
        for exchange in &options.exchanges {
            self.declare(exchange, options).await?;
            let consumer = objects::listen(&self.channel, exchange, options)
                .await
                .map_err(|error| Error::of_queue(&error, options, exchange))?;
            consumers.push((Arc::clone(exchange), consumer));
        }
        Ok(Listening(consumers))
    }

    /// Listens to those of these exchanges of others that exist, without declaring any. Takes them
    /// out of the list.
    pub(super) async fn overhear(
        &mut self,
        exchanges: &mut Vec<Arc<str>>,
    ) -> lapin::Result<Listening> {
        let mut consumers = Vec::new();
        for exchange in std::mem::take(exchanges) {
            let channel = self.new_channel().await?;
            // A refusal ends only this channel.
            match objects::overhear(&channel, &exchange).await {
                Ok(consumer) => {
                    consumers.push((exchange, consumer));
                    self.overhearing.push(channel);
                }
                Err(_) => exchanges.push(exchange),
            }
        }
        Ok(Listening(consumers))
    }

    /// From now on, puts messages into `inbox`.
    pub(super) fn deliver(&self, Listening(consumers): Listening, inbox: &Arc<Queue<Arrival>>) {
        *self.inlet.lock() = Some(Arc::clone(inbox));
        for (exchange, consumer) in consumers {
            let (inlet, queue) = (Arc::clone(&self.inlet), consumer.queue().to_string());
            // The library's own thread calls this for one delivery after the other. This keeps the
            // order across all exchanges, and no message waits in an unbounded queue.
            consumer.set_delegate(move |delivery: DeliveryResult| -> Ready<()> {
                inlet.accept(&exchange, &queue, delivery);
                ready(())
            });
        }
    }

    /// Declares `exchange` if it is not known to exist.
    pub(super) async fn declare(
        &mut self,
        exchange: &Arc<str>,
        options: &Options,
    ) -> Result<(), Error> {
        if self.declared.contains(exchange) {
            return Ok(());
        }
        objects::declare_exchange(&self.channel, exchange, &options.objects)
            .await
            .map_err(|error| Error::of_exchange(&error, options, exchange))?;
        self.declared.insert(Arc::clone(exchange));
        Ok(())
    }

    /// Publishes a message on a declared exchange; see [`objects::publish`].
    pub(super) async fn publish(
        &mut self,
        Message { topic, payload }: &Message,
        options: &Options,
    ) -> Result<(), Error> {
        let (key, mode) = (options.objects.key(topic), options.objects.delivery_mode);
        match objects::publish(&self.channel, topic, &key, mode, payload).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.reason(&error, options)),
        }
    }

    /// Waits until the connection or a channel ends, and returns why.
    pub(super) async fn failed(&mut self, options: &Options) -> Error {
        self.end(options, |_| true).await
    }

    /// Waits until the connection ends, and returns why. That a broker ends the channel of a
    /// request in vain is no end.
    pub(super) async fn hung_up(&mut self, options: &Options) -> Error {
        self.end(options, |error| !library_error::is_of_channel(error)).await
    }

    /// Waits for an error that is an end, and returns what it means.
    async fn end(&mut self, options: &Options, is_end: impl Fn(&lapin::Error) -> bool) -> Error {
        loop {
            let Self { events, cancelled, .. } = self;
            select! {
                biased;
                event = next_event(events) => match event {
                    Some(Event::Error(error)) if is_end(&error) => {
                        return Error::of_loss(&error, options);
                    }
                    Some(Event::ConnectionBlocked(reason)) => {
                        warn!(broker = %options.broker, reason, "the broker takes no messages");
                    }
                    Some(Event::ConnectionUnblocked) => {
                        info!(broker = %options.broker, "the broker takes messages again");
                    }
                    Some(_) => {}
                    None => return ended(options),
                },
                queue = cancelled.recv() => {
                    let address = options.broker.address();
                    let Some(queue) = queue else { return ended(options) };
                    return Error::QueueTaken { address, queue };
                }
            }
        }
    }

    /// Returns the channel for all requests.
    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Opens a further channel, on which a refusal ends nothing else.
    pub(super) async fn new_channel(&mut self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    /// Returns how long the connection has been open.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// Deletes our queues and says goodbye. By then all published messages are in the queues of
    /// other peers, since a broker processes one channel in order.
    pub(super) async fn leave(self, options: &Options) -> lapin::Result<()> {
        for exchange in options.exchanges.iter().filter(|_| options.queues_are_ours()) {
            objects::delete_queue(&self.channel, &options.queue(exchange)).await?;
        }
        self.channel.close(REPLY_SUCCESS, "goodbye".into()).await?;
        self.connection.close(REPLY_SUCCESS, "goodbye".into()).await
    }

    /// Leaves a broker that has refused an exchange or a queue; our queues on the other exchanges
    /// end with the connection.
    pub(super) async fn leave_refused(self, options: &Options) {
        let leave = self.connection.close(REPLY_SUCCESS, "goodbye".into());
        if !matches!(timeout(LEAVE_TIME, leave).await, Ok(Ok(()))) {
            info!(broker = %options.broker, "the broker has not said goodbye");
        }
    }

    /// Returns why the connection is gone. If a cause was reported before, `error` is only its
    /// consequence.
    fn reason(&mut self, error: &lapin::Error, options: &Options) -> Error {
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(event)) = self.events.as_mut().poll_next(&mut context) {
            if let Event::Error(cause) = event {
                return Error::of_loss(&cause, options);
            }
        }
        Error::of_loss(error, options)
    }
}

/// Consumers whose messages are not taken yet.
pub(super) struct Listening(Vec<(Arc<str>, Consumer)>);

impl Inlet {
    fn accept(&self, exchange: &Arc<str>, queue: &str, delivery: DeliveryResult) {
        let inlet = &mut *self.lock();
        let Some(inbox) = inlet else { return };
        match delivery {
            Ok(Some(delivery)) => {
                if let Some(witness) = &self.witness {
                    witness.note(exchange, &delivery);
                }
                let from = althing_types::Channel::Topic(Arc::clone(exchange));
                inbox.push(match oversized(&delivery.properties) {
                    Some(bytes) => Arrival::Oversized { from, bytes },
                    None => Arrival::Received { from, payload: delivery.data.into() },
                });
            }
            Ok(None) => {
                // Only the first one matters.
                let _ = self.cancelled.try_send(queue.to_owned());
            }
            // The events report it as well.
            Err(_) => *inlet = None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Queue<Arrival>>>> {
        self.inbox.lock().expect("nothing panics while it holds this lock")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        *self.inlet.lock() = None;
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.hang_up();
    }
}

async fn next_event(events: &mut Pin<Box<dyn FutureStream<Item = Event> + Send>>) -> Option<Event> {
    poll_fn(|context| events.as_mut().poll_next(context)).await
}

fn ended(options: &Options) -> Error {
    Error::Lost { address: options.broker.address(), reason: "it ended".to_owned() }
}

fn library_uri(options: &Options) -> AMQPUri {
    let broker = &options.broker;
    let (username, password) = (broker.user().to_owned(), broker.password().to_owned());
    AMQPUri {
        // The library's connection already uses TLS, if any.
        scheme: AMQPScheme::AMQP,
        authority: AMQPAuthority {
            userinfo: AMQPUserInfo { username, password },
            host: broker.host().to_owned(),
            port: broker.port(),
        },
        vhost: broker.vhost().to_owned(),
        query: AMQPQueryString {
            frame_max: Some(FRAME_BYTES_MAX),
            heartbeat: Some(options.heartbeat_seconds()),
            ..AMQPQueryString::default()
        },
    }
}

/// Returns the client properties, which the broker shows to its administrator.
fn properties(options: &Options) -> ConnectionProperties {
    let name = format!("althing {}", options.queue_suffix);
    ConnectionProperties::default().with_connection_name(name.into())
}

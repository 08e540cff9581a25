//! The task behind a link over MQTT: connects, publishes, and reconnects after a loss.
//!
//! | file | question |
//! | --- | --- |
//! | `connection` | how far is the connection, or its end? |
//! | `library` | what is the MQTT library told, and given? |
//! | `packets` | what does a packet of the broker mean? |
//! | this one | what happens next? |

mod connection;
mod library;
mod packets;

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, Outgoing};
use tokio::select;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use self::connection::{Connection, Goodbye};
use self::library::hand_over;
pub(super) use self::library::library_options;
use super::hearing::Hearing;
use super::version::Version;
use super::{Error, LastWill, Options};
use crate::Arrival;
use crate::backoff::Backoff;
use crate::dial::Dialer;
use crate::link::{self, Asked, CloseError, Link, Message, is_pattern, is_topic};
use crate::queue::Queue;
use crate::reports::Reports;
use crate::unique::unique;

/// The maximum number of messages in the MQTT library that it has not sent yet. The others wait in
/// our own queue, which can drop the oldest.
const UNSENT_MAX: usize = 64;

/// Time for a goodbye after a first connection attempt that failed.
const LEAVE_TIME: Duration = Duration::from_millis(200);

/// An UNSUBSCRIBE from a topic that was never subscribed is the smallest request that a broker must
/// answer. The library sends a PINGREQ only when it has sent nothing else, so this is how we find
/// out whether a broker that accepts everything we publish is still alive.
const ARE_YOU_THERE: &str = "althing/are-you-there";

/// Maintains the connection of one link.
pub(super) struct Driver {
    options: Options,
    client_id: String,
    dialer: Arc<Dialer>,
    version: Arc<Version>,
    client: AsyncClient,
    library: EventLoop,
    outbox: Arc<Queue<Message>>,
    inbox: Arc<Queue<Arrival>>,
    connection: Connection,
    /// The largest packet that the broker accepts.
    packet_bytes_max: usize,
    /// Messages handed to the library over this connection that it has not sent.
    unsent: usize,
    hearing: Hearing,
    backoff: Backoff,
    reports: Reports,
    asked_to_end: Asked,
    goodbye: Option<Goodbye>,
}

/// What happened to the connection.
#[expect(clippy::large_enum_variant, reason = "taken apart as soon as it is made")]
enum Step {
    Event(Event),
    Failed(ConnectionError),
    /// The broker no longer answers.
    Silent(Duration),
    /// The broker does not deliver what we publish.
    Unheard,
    /// The end was requested while there is no connection.
    Asked,
    /// The time for the goodbye is over.
    TooLate,
    /// The link is gone without a goodbye.
    Dropped,
}

impl Driver {
    pub(super) fn new(options: Options, dialer: Dialer) -> Result<Self, Error> {
        let will = options.last_will.iter().map(|will| &will.topic);
        let wrong = options.topics.iter().find(|topic| !is_pattern(topic));
        if let Some(topic) = wrong.or_else(|| will.into_iter().find(|topic| !is_topic(topic))) {
            return Err(Error::InvalidTopic { topic: Arc::clone(topic) });
        }
        if let Some(LastWill { payload, .. }) = &options.last_will
            && payload.len() > LastWill::PAYLOAD_MAX
        {
            return Err(Error::WillTooLong { bytes: payload.len() });
        }
        let client_id =
            options.client_id.clone().unwrap_or_else(|| format!("althing{:016x}", unique()));
        let dialer = Arc::new(dialer);
        let version = Arc::new(Version::default());
        let (client, library) =
            AsyncClient::builder(library_options(&options, &client_id, &dialer, &version))
                .capacity(UNSENT_MAX)
                .build();
        let (broker, inbox) = (options.broker.to_string(), Arc::new(Queue::new()));
        Ok(Self {
            options,
            client_id,
            dialer,
            version,
            client,
            library,
            outbox: Arc::new(Queue::new()),
            reports: Reports::new(broker, Arc::clone(&inbox)),
            inbox,
            connection: Connection::None,
            packet_bytes_max: usize::MAX,
            unsent: 0,
            hearing: Hearing::default(),
            backoff: Backoff::new(),
            asked_to_end: Asked::default(),
            goodbye: None,
        })
    }

    /// Connects for the first time: waits until all topics are confirmed, as long as `patience`
    /// allows. Tells `failed` of each attempt that was in vain.
    pub(super) async fn connect(
        &mut self,
        patience: Option<Duration>,
        mut failed: impl FnMut(&Error),
    ) -> Result<(), Error> {
        let deadline = patience.map(|patience| Instant::now() + patience);
        let within = patience.unwrap_or(self.options.connect_timeout);
        let mut failure = Error::TimedOut { address: self.options.broker.address(), within };
        let attempts = async {
            while !self.connection.is_up() {
                let step = self.step().await;
                let Err(error) = self.on_step(step) else { continue };
                if self.version.is_changed_by(&error) {
                    continue;
                }
                if error.is_final() {
                    return Err(error);
                }
                failed(&error);
                failure = error;
                let again = self.next_attempt();
                sleep_until(again).await;
            }
            Ok(())
        };
        let outcome = select! {
            biased;
            outcome = attempts => Some(outcome),
            () = until(deadline) => None,
        };
        let outcome = outcome.unwrap_or(Err(failure));
        if outcome.is_err() && self.connection.is_accepted() {
            self.leave().await;
        }
        outcome
    }

    /// Returns the link, and drives it from now on.
    pub(super) fn spawn(mut self) -> Link {
        let outgoing: Arc<dyn link::Outgoing> = Arc::clone(&self.outbox) as _;
        let mut link = Link::new(outgoing, Arc::clone(&self.inbox));
        let (ending, asked_to_end) = Asked::channel();
        self.asked_to_end = asked_to_end;
        link.driven_by(tokio::spawn(self.run()), ending);
        link
    }

    async fn run(mut self) {
        let outcome = loop {
            if self.goodbye.is_some() && !self.connection.is_accepted() && self.outbox.is_empty() {
                break Ok(());
            }
            let step = self.step().await;
            match self.on_step(step) {
                Ok(None) => {}
                Ok(Some(outcome)) => break outcome,
                Err(error) => {
                    if self.connection.is_accepted() {
                        self.disconnect();
                    }
                    if self.version.is_changed_by(&error) {
                        continue;
                    }
                    self.reports.down(error.to_string());
                    if self.goodbye.as_ref().is_some_and(|goodbye| goodbye.said) {
                        break Err(CloseError::Broken);
                    }
                    let again = self.next_attempt();
                    if !self.rest_until(again).await {
                        break Err(CloseError::Broken);
                    }
                }
            }
        };
        let Some(goodbye) = self.goodbye.take() else { return };
        let dialer = Arc::clone(&self.dialer);
        drop(self);
        if goodbye.said && outcome.is_ok() {
            // The goodbye was sent; if time runs out here, the broker most likely still reads it.
            let _ = timeout_at(goodbye.deadline, dialer.linger()).await;
        }
        // Has no receiver if the link's owner gave up on closing it.
        let _ = goodbye.ending.done.send(outcome);
    }

    /// Waits for the next event, and hands messages to the library meanwhile.
    ///
    /// The library's future is never dropped while a connection is open that we want to keep: a
    /// packet that it is about to write would be lost.
    async fn step(&mut self) -> Step {
        let Self { library, client, outbox, connection, unsent, .. } = self;
        let Self { hearing, asked_to_end, goodbye, .. } = self;
        let packet_bytes_max = self.packet_bytes_max;
        let keep_alive = Duration::from_secs(self.options.keep_alive_seconds().into());
        let quality = self.options.quality_of_service;
        let mut event = pin!(library.poll());
        loop {
            if connection.is_up() {
                let topics = &self.options.topics;
                let how = (quality.into(), &*self.options.retained);
                hand_over(outbox, client, unsent, how, packet_bytes_max, |message| {
                    hearing.on_handed_over(message, topics);
                });
            }
            if let Some(goodbye) = goodbye.as_mut().filter(|goodbye| !goodbye.said)
                && connection.is_accepted()
                && *unsent == 0
                && outbox.is_empty()
            {
                goodbye.said = client.try_disconnect().is_ok();
            }
            let room = connection.is_up() && *unsent < UNSENT_MAX && !outbox.is_closed();
            let too_late = goodbye.as_ref().map(|goodbye| goodbye.deadline);
            let watch = connection.silence().map(|silence| silence.deadline(keep_alive));
            select! {
                biased;
                () = until(too_late) => return Step::TooLate,
                ending = asked_to_end.wait(), if goodbye.is_none() => {
                    let Some(ending) = ending else { return Step::Dropped };
                    *goodbye = Some(Goodbye::new(ending));
                    outbox.close();
                    if !connection.is_accepted() {
                        return Step::Asked;
                    }
                }
                event = &mut event => return event.map_or_else(Step::Failed, Step::Event),
                () = outbox.ready(), if room => {}
                () = until(hearing.deadline()) => return Step::Unheard,
                () = until(watch) => {
                    let Some(silence) = connection.silence() else { continue };
                    if silence.asked {
                        return Step::Silent(silence.since.elapsed());
                    }
                    silence.asked = true;
                    // If the library accepts no more requests, it does not complete any either.
                    let _ = client.try_unsubscribe(ARE_YOU_THERE);
                }
            }
        }
    }

    /// Handles an event. `Ok(Some(..))` is the end of the link. An error means that the connection
    /// is gone or, if it is still open, that it cannot be used.
    fn on_step(&mut self, step: Step) -> Result<Option<Result<(), CloseError>>, Error> {
        match step {
            Step::Event(Event::Incoming(packet)) => self.on_packet(packet)?,
            Step::Event(Event::Outgoing(Outgoing::Publish(pkid))) => {
                self.unsent = self.unsent.saturating_sub(1);
                self.hearing.on_sent(pkid);
            }
            Step::Event(Event::Outgoing(Outgoing::Disconnect)) => return Ok(Some(Ok(()))),
            Step::Event(_) | Step::Asked => {}
            Step::Failed(error) => {
                let accepted = self.connection.is_accepted();
                let error = Error::of_connection(error, &self.options, &self.client_id, accepted);
                self.disconnected();
                return Err(error);
            }
            Step::Silent(silence) => {
                self.disconnect();
                let address = self.options.broker.address();
                let silence = Duration::from_secs(silence.as_secs());
                return Err(Error::Silent { address, silence });
            }
            Step::Unheard => {
                if let Some(topic) = self.hearing.on_unheard() {
                    let address = self.options.broker.address();
                    self.reports.down(Error::Unheard { address, topic }.to_string());
                }
            }
            Step::TooLate => {
                let unsent = self.outbox.len() + self.unsent;
                let within = self.goodbye.as_ref().map_or(Duration::ZERO, |it| it.ending.within);
                return Ok(Some(Err(CloseError::TimedOut { within, unsent })));
            }
            Step::Dropped => return Ok(Some(Err(CloseError::Broken))),
        }
        Ok(None)
    }

    /// Drops a connection that is still open but cannot be used.
    fn disconnect(&mut self) {
        self.library.clean();
        self.disconnected();
    }

    /// Records that the connection is gone.
    fn disconnected(&mut self) {
        if let Connection::Up(_, since) = self.connection {
            self.backoff.note_connection(since.elapsed());
        }
        self.connection = Connection::None;
        self.outbox.count_lost(self.unsent as u64);
        self.unsent = 0;
        self.hearing = Hearing::default();
        // The library may hold it until it connects again, and the broker waits for its end.
        self.dialer.hang_up();
    }

    /// Returns when to try again.
    fn next_attempt(&mut self) -> Instant {
        Instant::now() + self.backoff.next_pause()
    }

    /// Waits, but only until the end of the link is requested; returns whether the link still
    /// exists.
    async fn rest_until(&mut self, again: Instant) -> bool {
        let over = self.goodbye.as_ref().map(|goodbye| goodbye.deadline);
        select! {
            () = sleep_until(again) => true,
            () = until(over) => true,
            ending = self.asked_to_end.wait(), if self.goodbye.is_none() => {
                self.outbox.close();
                self.goodbye = ending.map(Goodbye::new);
                self.goodbye.is_some()
            }
        }
    }

    /// Says goodbye to a broker after a first connection attempt that failed.
    async fn leave(&mut self) {
        let goodbye = async {
            while let Ok(event) = self.library.poll().await {
                if matches!(event, Event::Outgoing(Outgoing::Disconnect)) {
                    break;
                }
            }
        };
        if self.client.try_disconnect().is_ok() && timeout(LEAVE_TIME, goodbye).await.is_ok() {
            self.dialer.linger().await;
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.outbox.close();
        self.inbox.close();
    }
}

/// Waits until a time, or for ever if there is none.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

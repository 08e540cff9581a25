//! The task behind a link over AMQP: connects, publishes, and reconnects after a loss.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::options::is_exchange;
use super::overhearing::{Overhearing, overhear};
use super::session::Session;
use super::{Error, Options};
use crate::Arrival;
use crate::backoff::Backoff;
use crate::dial::Dialer;
use crate::link::{Asked, CloseError, Ending, Link, Message};
use crate::queue::Queue;
use crate::reports::Reports;
use crate::seldom::Seldom;

/// Maintains the connection of one link.
pub(super) struct Driver {
    options: Options,
    dialer: Arc<Dialer>,
    outbox: Arc<Queue<Message>>,
    /// A message taken from the outbox, but not yet handed to a session.
    in_hand: Option<Message>,
    inbox: Arc<Queue<Arrival>>,
    reports: Reports,
    backoff: Backoff,
}

impl Driver {
    pub(super) fn new(mut options: Options) -> Result<Self, Error> {
        options.check_names()?;
        // An exchange that is named twice still has one queue.
        let mut named = BTreeSet::new();
        options.exchanges.retain(|exchange| named.insert(Arc::clone(exchange)));
        let dialer = Arc::new(options.dialer()?);
        let inbox = Arc::new(Queue::new());
        Ok(Self {
            dialer,
            outbox: Arc::new(Queue::new()),
            in_hand: None,
            reports: Reports::new(options.broker.to_string(), Arc::clone(&inbox)),
            inbox,
            backoff: Backoff::new(),
            options,
        })
    }

    /// Connects for the first time: waits until all queues are declared, as long as `patience`
    /// allows. Tells `failed` of each attempt that was in vain.
    pub(super) async fn connect(
        &mut self,
        patience: Option<Duration>,
        mut failed: impl FnMut(&Error),
    ) -> Result<Session, Error> {
        let within = patience.unwrap_or(self.options.connect_timeout);
        let mut failure = Error::TimedOut { address: self.options.broker.address(), within };
        let attempts = async {
            loop {
                match self.open().await {
                    Ok(session) => return Ok(session),
                    Err(error) if error.is_final() => return Err(error),
                    Err(error) => {
                        failed(&error);
                        failure = error;
                    }
                }
                sleep(self.backoff.next_pause()).await;
            }
        };
        match patience {
            Some(patience) => timeout(patience, attempts).await.unwrap_or(Err(failure)),
            None => attempts.await,
        }
    }

    /// Begins to overhear others if there is nothing else to hear: one that only listens is told
    /// that it is connected once it hears what is there. A failure is mended later, as a loss is.
    pub(super) async fn begin_to_overhear(&self) -> Option<Overhearing> {
        match self.options.exchanges.is_empty() && !self.options.overheard.is_empty() {
            true => Overhearing::begin(&self.options, &self.inbox).await.ok(),
            false => None,
        }
    }

    /// Returns the link, and drives it from now on.
    pub(super) fn spawn(self, session: Session, overhearing: Option<Overhearing>) -> Link {
        let mut link = Link::new(Arc::clone(&self.outbox) as _, Arc::clone(&self.inbox));
        let (ask, asked) = Asked::channel();
        link.driven_by(tokio::spawn(self.run(session, overhearing, asked)), ask);
        link
    }

    async fn run(mut self, session: Session, overhearing: Option<Overhearing>, mut asked: Asked) {
        let (options, inbox) = (self.options.clone(), Arc::clone(&self.inbox));
        let mut session = Some(session);
        let carrying = self.carry(&mut session);
        let ending = select! {
            biased;
            ending = asked.wait() => ending,
            never = carrying => match never {},
            never = overhear(overhearing, &options, &inbox) => match never {},
        };
        let Some(Ending { within, done }) = ending else { return };
        self.outbox.close();
        let outcome = match timeout(within, self.say_goodbye(&mut session)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(CloseError::TimedOut { within, unsent: self.unsent() }),
        };
        drop(session);
        drop(self);
        // Has no receiver if the link's owner gave up on closing it.
        let _ = done.send(outcome);
    }

    /// Carries messages while connected, and reconnects after a loss. Cancel-safe.
    async fn carry(&mut self, session: &mut Option<Session>) -> Infallible {
        loop {
            let error = match session {
                Some(session) => self.fail(session).await,
                None => {
                    *session = Some(self.reconnect().await);
                    continue;
                }
            };
            self.lose(session, &error);
        }
    }

    /// Sends what is published until the connection is lost.
    async fn fail(&mut self, session: &mut Session) -> Error {
        loop {
            if let Err(error) = self.send_waiting(session).await {
                return error;
            }
            select! {
                biased;
                error = session.failed(&self.options) => return error,
                () = self.outbox.ready() => {}
            }
        }
    }

    /// Sends all waiting messages.
    async fn send_waiting(&mut self, session: &mut Session) -> Result<(), Error> {
        loop {
            if self.in_hand.is_none() {
                self.in_hand = self.outbox.try_pop();
            }
            let Some(Message { topic, .. }) = &self.in_hand else { return Ok(()) };
            let sent = match is_exchange(topic) {
                true => session.declare(topic, &self.options).await,
                false => {
                    static COMPLAINT: Seldom = Seldom::new();
                    if let Some(kept_back) = COMPLAINT.pass(Instant::now()) {
                        warn!(%topic, kept_back, "no exchange can have this name");
                    }
                    self.in_hand = None;
                    self.outbox.count_lost(1);
                    continue;
                }
            };
            let Some(message) = self.in_hand.take() else { return Ok(()) };
            let sent = match sent {
                Ok(()) => session.publish(&message, &self.options).await,
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                self.outbox.count_lost(1);
                return Err(error);
            }
        }
    }

    /// Sends all waiting messages, and says goodbye.
    async fn say_goodbye(&mut self, session: &mut Option<Session>) -> Result<(), CloseError> {
        while session.is_some() || self.unsent() > 0 {
            let Some(standing) = session else {
                *session = Some(self.reconnect().await);
                continue;
            };
            if let Err(error) = self.send_waiting(standing).await {
                self.lose(session, &error);
                continue;
            }
            if let Some(session) = session.take() {
                return session.leave(&self.options).await.map_err(|_| CloseError::Broken);
            }
        }
        Ok(())
    }

    /// Reconnects, with as many attempts as it takes.
    async fn reconnect(&mut self) -> Session {
        loop {
            sleep(self.backoff.next_pause()).await;
            match self.open().await {
                Ok(session) => return session,
                Err(error) => self.reports.down(error.to_string()),
            }
        }
    }

    /// Connects once, listens, and reports it.
    async fn open(&mut self) -> Result<Session, Error> {
        let options = &self.options;
        let within = options.connect_timeout;
        let attempt = async {
            let mut session = Session::open(options, &self.dialer).await?;
            match session.listen(options).await {
                Ok(listening) => Ok((session, listening)),
                Err(error) => {
                    session.leave_refused(options).await;
                    Err(error)
                }
            }
        };
        let timed_out = Error::TimedOut { address: options.broker.address(), within };
        let (session, listening) = timeout(within, attempt).await.unwrap_or(Err(timed_out))?;
        self.reports.up();
        session.deliver(listening, &self.inbox);
        Ok(session)
    }

    /// Drops a connection that can no longer be used.
    fn lose(&mut self, session: &mut Option<Session>, error: &Error) {
        if let Some(session) = session.take() {
            self.backoff.note_connection(session.age());
        }
        self.reports.down(error.to_string());
    }

    fn unsent(&self) -> usize {
        self.outbox.len() + usize::from(self.in_hand.is_some())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.outbox.close();
        self.inbox.close();
    }
}

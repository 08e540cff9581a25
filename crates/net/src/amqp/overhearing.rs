//! Listens to exchanges of others, over a connection of its own.
//!
//! What is not there yet may come, and must not be declared by us: a program that declares it in
//! another way would be refused. A broker ends the channel of a client that asks for an exchange
//! that is not there, and writes a line to its log; so questions become rare.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::time::{Sleep, sleep};
use tracing::debug;

use super::session::Session;
use super::{Error, Options};
use crate::Arrival;
use crate::dial::Dialer;
use crate::queue::Queue;

/// The time between two looks, the last one for ever, unless the options want less.
const PAUSES: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// What is overheard of the exchanges of others.
pub(super) struct Overhearing {
    session: Session,
    /// The exchanges that were not there yet.
    missing: Vec<Arc<str>>,
}

impl Overhearing {
    /// Connects, and listens to what there is.
    pub(super) async fn begin(
        options: &Options,
        inbox: &Arc<Queue<Arrival>>,
    ) -> Result<Self, Error> {
        let dialer: Arc<Dialer> = Arc::new(options.dialer()?);
        let session = Session::open(options, &dialer).await?;
        let mut begun = Self { session, missing: options.overheard.clone() };
        begun.look(options, inbox).await?;
        Ok(begun)
    }

    /// Listens to what has come since the last look.
    async fn look(&mut self, options: &Options, inbox: &Arc<Queue<Arrival>>) -> Result<(), Error> {
        let listening = self.session.overhear(&mut self.missing).await;
        let listening = listening.map_err(|error| Error::of_loss(&error, options))?;
        self.session.deliver(listening, inbox);
        Ok(())
    }

    /// Listens, and looks from time to time for what is missing, without a break in between.
    /// Returns why that has ended.
    async fn go_on(
        mut self,
        options: &Options,
        inbox: &Arc<Queue<Arrival>>,
        mut next_pause: impl FnMut() -> Sleep,
    ) -> Error {
        while !self.missing.is_empty() {
            select! {
                error = self.session.hung_up(options) => return error,
                () = next_pause() => {}
            }
            if let Err(error) = self.look(options, inbox).await {
                return error;
            }
        }
        self.session.hung_up(options).await
    }
}

/// Listens to the exchanges that `options` want overheard, as soon as there are any, and goes on
/// from what has begun. Cancel-safe: dropping it ends its connection.
pub(super) async fn overhear(
    mut begun: Option<Overhearing>,
    options: &Options,
    inbox: &Arc<Queue<Arrival>>,
) -> Infallible {
    if options.overheard.is_empty() {
        return pending().await;
    }
    let mut pauses = PAUSES.into_iter();
    let mut pause = Duration::ZERO;
    let mut next_pause = || {
        pause = pauses.next().unwrap_or(pause);
        sleep(pause.min(options.overheard_within))
    };
    loop {
        let standing = match begun.take() {
            Some(begun) => Ok(begun),
            None => Overhearing::begin(options, inbox).await,
        };
        let error = match standing {
            Ok(standing) => standing.go_on(options, inbox, &mut next_pause).await,
            Err(error) => error,
        };
        debug!(%error, "no longer overhearing");
        next_pause().await;
    }
}

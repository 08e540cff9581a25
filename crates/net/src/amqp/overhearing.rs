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

/// Listens to the exchanges that `options` want overheard, as soon as there are any. Cancel-safe:
/// dropping it ends its connection.
pub(super) async fn overhear(options: &Options, inbox: &Arc<Queue<Arrival>>) -> Infallible {
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
        let error = listen(options, inbox, &mut next_pause).await;
        debug!(%error, "no longer overhearing");
        next_pause().await;
    }
}

/// Connects, and listens to what there is, and from time to time to what has come since, without
/// a break in between. Returns why that has ended.
async fn listen(
    options: &Options,
    inbox: &Arc<Queue<Arrival>>,
    mut next_pause: impl FnMut() -> Sleep,
) -> Error {
    let attempt = async || {
        let dialer: Arc<Dialer> = Arc::new(options.dialer()?);
        Session::open(options, &dialer).await
    };
    let mut session = match attempt().await {
        Ok(session) => session,
        Err(error) => return error,
    };
    let mut missing = options.overheard.clone();
    loop {
        match session.overhear(&mut missing).await {
            Ok(listening) => session.deliver(listening, inbox),
            Err(error) => return Error::of_loss(&error, options),
        }
        if missing.is_empty() {
            return session.hung_up(options).await;
        }
        select! {
            error = session.hung_up(options) => return error,
            () = next_pause() => {}
        }
    }
}

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
use tokio::time::sleep;
use tracing::debug;

use super::session::Session;
use super::{Error, Options};
use crate::Arrival;
use crate::dial::Dialer;
use crate::queue::Queue;

/// The time between two looks, the last one for ever.
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
    loop {
        pause = pauses.next().unwrap_or(pause);
        match listen(options, inbox).await {
            // Its others come with the first, or soon after it.
            Ok((mut session, true)) => {
                let error = session.failed(options).await;
                debug!(%error, "no longer overhearing");
            }
            Ok((mut session, false)) => {
                select! {
                    error = session.failed(options) => debug!(%error, "no longer overhearing"),
                    () = sleep(pause) => {}
                }
            }
            Err(error) => {
                debug!(%error, "cannot overhear");
                sleep(pause).await;
            }
        }
    }
}

/// Connects, and listens to what there is; returns whether that is all.
async fn listen(options: &Options, inbox: &Arc<Queue<Arrival>>) -> Result<(Session, bool), Error> {
    let dialer: Arc<Dialer> = Arc::new(options.dialer()?);
    let mut session = Session::open(options, &dialer).await?;
    let listening =
        session.overhear(options).await.map_err(|error| Error::of_loss(&error, options))?;
    let is_all = listening.len() == options.overheard.len();
    session.deliver(listening, inbox);
    Ok((session, is_all))
}

//! How others declare their exchanges.
//!
//! A broker does not say of which type an exchange is. But it refuses to declare one again that
//! differs from it, and says in what; so this declares one that is there until it is not refused.

use std::sync::Arc;

use tokio::time::timeout;

use super::session::Session;
use super::{Carried, Error, ExchangeKind, Objects, Options, library_error, objects};

/// Ways in which an exchange is declared, at most: a type and two properties may be others.
const TRIES_MAX: usize = 4;

/// Returns what the objects are like of those whose message has carried this, over a connection of
/// its own; `None` if the broker does not say it, or the exchange is gone. Nothing new is declared.
/// The names of queues are not known: those of the objects are the broker's.
pub async fn examine(options: &Options, carried: &Carried) -> Result<Option<Objects>, Error> {
    let dialer = Arc::new(options.dialer()?);
    let options =
        Options { exchanges: Vec::new(), overheard: Vec::new(), witness: None, ..options.clone() };
    let examination = async {
        let mut session = Session::open(&options, &dialer).await?;
        let found = declared(&mut session, &carried.exchange).await;
        let found = found.map_err(|error| Error::of_loss(&error, &options))?;
        // Channels that were refused something end meanwhile; what is found does not depend on it.
        session.leave_refused(&options).await;
        Ok(found)
    };
    let timed_out =
        Error::TimedOut { address: options.broker.address(), within: options.connect_timeout };
    let found = timeout(options.connect_timeout, examination).await.unwrap_or(Err(timed_out))?;
    Ok(found.map(|found| Objects {
        routing_key: carried.routing_key.replace(&*carried.exchange, "{exchange}"),
        delivery_mode: carried.delivery_mode,
        queue: String::new(),
        ..found
    }))
}

/// Returns how an exchange is declared that is there.
async fn declared(session: &mut Session, exchange: &str) -> lapin::Result<Option<Objects>> {
    let channel = session.new_channel().await?;
    // As long as this queue listens to it, it does not end by itself, and is not made by us.
    match objects::hold(&channel, exchange).await {
        Ok(_) => {}
        Err(error) if library_error::is_of_channel(&error) => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut objects = Objects::default();
    for _ in 0..TRIES_MAX {
        let asking = session.new_channel().await?;
        let error = match objects::declare_exchange(&asking, exchange, &objects).await {
            Ok(()) => return Ok(Some(objects)),
            Err(error) => error,
        };
        let Some(reason) = library_error::difference(&error) else { return Err(error) };
        if !correct(&mut objects, &reason) {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Corrects what a broker says is otherwise, as RabbitMQ words it: `inequivalent arg 'type' for
/// exchange 'x' in vhost '/': received 'fanout' but current is 'direct'`. Returns whether it could.
fn correct(objects: &mut Objects, reason: &str) -> bool {
    let quoted = |before: &str| {
        let (_, rest) = reason.rsplit_once(before)?;
        rest.split_once('\'').map(|(value, _)| value)
    };
    match (quoted("inequivalent arg '"), quoted("current is '")) {
        (Some("type"), Some("fanout")) => objects.kind = ExchangeKind::Fanout,
        (Some("type"), Some("direct")) => objects.kind = ExchangeKind::Direct,
        (Some("type"), Some("topic")) => objects.kind = ExchangeKind::Topic,
        (Some("durable"), Some(value @ ("true" | "false"))) => objects.durable = value == "true",
        (Some("auto_delete"), Some(value @ ("true" | "false"))) => {
            objects.auto_delete = value == "true";
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_broker_says_is_otherwise_is_corrected() {
        let mut objects = Objects::default();
        let says = |arg: &str, current: &str| {
            format!(
                "PRECONDITION_FAILED - inequivalent arg '{arg}' for exchange 'it's \
                 inequivalent' in vhost '/': received 'x' but current is '{current}'"
            )
        };
        assert!(correct(&mut objects, &says("type", "direct")));
        assert!(correct(&mut objects, &says("durable", "true")));
        assert!(correct(&mut objects, &says("auto_delete", "true")));
        let expected = Objects {
            kind: ExchangeKind::Direct,
            durable: true,
            auto_delete: true,
            ..Objects::default()
        };
        assert_eq!(objects, expected);
        for (arg, current) in [("type", "headers"), ("internal", "true"), ("durable", "maybe")] {
            assert!(!correct(&mut objects, &says(arg, current)), "{arg}");
        }
        assert!(!correct(&mut objects, "another reason"));
        assert_eq!(objects, expected);
    }
}

//! Brokers that refuse, and what the error says.

use althing_net::amqp::{self, Error, Options};
use lapin::ExchangeKind;
use lapin::options::ExchangeDeclareOptions;
use lapin::types::FieldTable;

use crate::common::{Place, down, parsed, up};

pub(crate) async fn refused(options: Options) -> Error {
    amqp::connect(options).await.expect_err("this cannot work")
}

/// Tries again if a busy machine does not get through a single attempt in the time of `options`.
pub(crate) async fn refused_in_time(options: Options) -> Error {
    loop {
        match refused(options.clone()).await {
            Error::TimedOut { .. } => {}
            error => return error,
        }
    }
}

pub(crate) async fn a_wrong_password_is_an_error_at_once(place: &Place<'_>) {
    for credentials in ["guest:wrong", "nobody:guest", "guest"] {
        let url = format!("amqp://{credentials}@localhost:{}", place.broker.port());
        let error = refused(Options { broker: parsed(&url), ..place.options("1") }).await;
        let Error::CredentialsRefused { address, user, .. } = &error else { panic!("{error}") };
        assert_eq!(*address, format!("localhost:{}", place.broker.port()));
        assert!(credentials.starts_with(user.as_str()));
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
}

pub(crate) async fn a_virtual_host_that_does_not_exist(place: &Place<'_>) {
    let url = format!("{}/nowhere", place.broker.url());
    let error = refused(Options { broker: parsed(&url), ..place.options("1") }).await;
    assert!(matches!(&error, Error::VhostRefused { vhost, .. } if vhost == "nowhere"), "{error}");
}

pub(crate) async fn an_exchange_that_was_declared_otherwise(place: &Place<'_>) {
    let (room, other) = (place.room(), format!("{}/other", place.name));
    declare_direct(place, &room).await;
    let options = place.options("1").with_exchanges([other.as_str(), room.as_str()]);
    let error = refused(options).await;
    let Error::ExchangeDiffers { exchange, reason, .. } = &error else { panic!("{error}") };
    assert_eq!(**exchange, room);
    assert!(reason.contains("'type'") && reason.contains("'direct'"), "{reason}");
    let stranger = place.stranger().await;
    assert!(!stranger.has_queue(&format!("{other}/1")).await, "nothing stays behind");
}

pub(crate) async fn an_exchange_that_nobody_may_declare(place: &Place<'_>) {
    let error = refused(place.options("1").with_exchanges(["amq.reserved"])).await;
    assert!(matches!(error, Error::ExchangeRefused { .. }), "{error}");
}

pub(crate) async fn a_publish_on_an_exchange_that_was_declared_otherwise(place: &Place<'_>) {
    let other = format!("{}/other", place.name);
    declare_direct(place, &other).await;
    let mut link = place.join("1").await;
    link.publisher().publish(other.as_str(), "not for this one");
    let reason = down(&mut link).await;
    assert!(reason.contains(&other) && reason.contains("declared otherwise"), "{reason}");
    up(&mut link).await;
    place.say(&link, "still here");
    assert_eq!(place.hear(&mut link).await, "still here");
    assert_eq!(link.publisher().lost(), 1);
}

async fn declare_direct(place: &Place<'_>, exchange: &str) {
    let options = ExchangeDeclareOptions::default();
    let stranger = place.stranger().await;
    stranger
        .channel
        .exchange_declare(exchange.into(), ExchangeKind::Direct, options, FieldTable::default())
        .await
        .expect("nobody has declared it yet");
}

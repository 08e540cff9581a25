//! How fast a broker answers.

use althing_net::amqp::{self, Error, Options};

use crate::common::{Place, parsed};

pub(crate) async fn a_broker_is_measured_and_nothing_stays_behind(place: &Place<'_>) {
    let options = place.options("1");
    let round_trip = amqp::probe(&options).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(!round_trip.median.is_zero() && round_trip.median < amqp::PROBE_TIME);
    let stranger = place.stranger().await;
    assert_eq!(stranger.look_at(&format!("{}/1", place.room())).await, None);
}

pub(crate) async fn a_broker_that_refuses_us_is_no_broker(place: &Place<'_>) {
    let (port, options) = (place.broker.port(), place.options("1"));
    let broker = parsed(&format!("amqp://guest:wrong@localhost:{port}"));
    let error = amqp::probe(&Options { broker, ..options.clone() }).await;
    assert!(matches!(error, Err(Error::CredentialsRefused { .. })), "{error:?}");
    let broker = parsed(&format!("amqp://localhost:{port}/nowhere"));
    let error = amqp::probe(&Options { broker, ..options }).await;
    assert!(matches!(error, Err(Error::VhostRefused { .. })), "{error:?}");
}

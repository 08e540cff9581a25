//! Payloads and names past what AMQP or we allow.

use althing_net::amqp::NAME_MAX;
use althing_net::{Arrival, PAYLOAD_MAX};
use althing_types::Channel;
use lapin::BasicProperties;

use crate::common::{Place, next};

const GIANT: usize = 30 * 1024 * 1024;

pub(crate) async fn a_giant_is_reported_and_the_link_stays_up(place: &Place<'_>) {
    let mut link = place.join("1").await;
    let stranger = place.stranger().await;
    for bytes in [PAYLOAD_MAX, PAYLOAD_MAX + 1, GIANT, 1] {
        stranger.publish(&place.room(), &vec![7; bytes], BasicProperties::default()).await;
    }
    assert_eq!(place.hear(&mut link).await, vec![7; PAYLOAD_MAX]);
    for bytes in [PAYLOAD_MAX + 1, GIANT] {
        let from = Channel::topic(place.room());
        assert_eq!(next(&mut link).await, Arrival::Oversized { from, bytes });
    }
    assert_eq!(place.hear(&mut link).await, vec![7]);
}

pub(crate) async fn what_no_exchange_can_carry_is_lost_and_counted(place: &Place<'_>) {
    let mut link = place.join("1").await;
    link.publisher().publish("x".repeat(NAME_MAX + 1), "on a name that is too long");
    link.publisher().publish("x".repeat(NAME_MAX), "on a name that is just right");
    link.publisher().publish(place.room(), vec![0; PAYLOAD_MAX + 1]);
    place.say(&link, "small");
    assert_eq!(place.hear(&mut link).await, "small");
    assert_eq!(link.publisher().lost(), 2);
}

//! Payloads past the bound.

use althing_net::mqtt::PACKET_BYTES_MAX;
use althing_net::{Arrival, PAYLOAD_MAX};
use althing_testkit::Settings;
use althing_types::Channel;

use crate::common::{TOPIC, embedded, hear, join, mosquitto, next, say, start, url};
use crate::fake::{Broker, Client, publish_packet};

const GIANT: usize = 1024 * 1024;

#[tokio::test]
async fn a_giant_does_not_pass_the_embedded_broker_and_the_link_stays_up() {
    let broker = embedded().await;
    let mut link = join(broker.url()).await;
    let mut raw = Client::connect(broker.local_addr().port()).await;
    raw.publish(TOPIC, b"before").await;
    raw.publish(TOPIC, &vec![0; GIANT]).await;
    raw.ended().await;
    say(&link, "after");
    assert_eq!(hear(&mut link).await, "before");
    assert_eq!(hear(&mut link).await, "after");
    broker.shutdown().await;
}

#[tokio::test]
async fn a_giant_does_not_pass_mosquitto_and_the_link_stays_up() {
    let broker = mosquitto();
    let mut link = join(url(&broker)).await;
    let mut raw = Client::connect(broker.port()).await;
    raw.publish(TOPIC, b"before").await;
    raw.publish(TOPIC, &vec![0; GIANT]).await;
    raw.publish(TOPIC, b"after").await;
    assert_eq!(hear(&mut link).await, "before");
    assert_eq!(hear(&mut link).await, "after");
}

#[tokio::test]
async fn a_broker_that_ignores_the_limit_cannot_bring_the_link_down() {
    let broker = Broker::start().await;
    let mut bytes = publish_packet(0x30, TOPIC, b"before", 5);
    let giant = publish_packet(0x30, TOPIC, &vec![0; GIANT], 5);
    bytes.extend(&giant);
    bytes.extend(publish_packet(0x30, TOPIC, b"after", 5));
    let url = broker.url();
    let listener = async {
        let mut link = join(url).await;
        assert_eq!(hear(&mut link).await, "before");
        let oversized = Arrival::Oversized { from: Channel::topic(TOPIC), bytes: giant.len() };
        assert_eq!(next(&mut link).await, oversized);
        assert_eq!(hear(&mut link).await, "after");
    };
    tokio::join!(broker.serve(Broker::GRANTED, &bytes), listener);
}

#[tokio::test]
async fn a_payload_just_over_the_limit_is_reported() {
    let broker = mosquitto();
    let mut link = join(url(&broker)).await;
    let mut raw = Client::connect(broker.port()).await;
    let payload = vec![0; PAYLOAD_MAX + 1];
    let packet = publish_packet(0x30, TOPIC, &payload, 5);
    assert!(packet.len() < PACKET_BYTES_MAX);
    raw.publish(TOPIC, &payload).await;
    let oversized = Arrival::Oversized { from: Channel::topic(TOPIC), bytes: packet.len() };
    assert_eq!(next(&mut link).await, oversized);
    raw.publish(TOPIC, &payload[1..]).await;
    assert_eq!(hear(&mut link).await.len(), PAYLOAD_MAX);
}

#[tokio::test]
async fn a_message_that_the_broker_does_not_accept_is_lost_and_the_link_stays_up() {
    let lines = vec!["max_packet_size 1000".to_owned()];
    let broker = start(Settings { lines, ..Settings::default() });
    let mut link = join(url(&broker)).await;
    link.publisher().publish(TOPIC, vec![0; 1000]);
    say(&link, "small");
    assert_eq!(hear(&mut link).await, "small");
    assert_eq!(link.publisher().lost(), 1);
}

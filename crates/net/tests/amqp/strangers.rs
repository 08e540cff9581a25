//! Peers that are not ours, on the same exchanges.

use std::time::Duration;

use althing_net::Arrival;
use althing_net::amqp::Error;
use althing_testkit::eventually;
use lapin::BasicProperties;
use lapin::options::{BasicGetOptions, ExchangeDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};

use crate::common::{Place, connect};
use crate::failing::refused_in_time;

pub(crate) async fn what_strangers_publish_is_heard_whatever_its_properties(place: &Place<'_>) {
    let mut link = place.join("1").await;
    let stranger = place.stranger().await;
    let mut headers = FieldTable::default();
    headers.insert("empty".into(), AMQPValue::Void);
    headers.insert("long".into(), AMQPValue::LongString("x".repeat(10_000).into()));
    headers.insert("\u{1f4a5}".into(), AMQPValue::Boolean(true));
    let all = BasicProperties::default()
        .with_content_type("application/x-nonsense".into())
        .with_content_encoding("gzip".into())
        .with_headers(headers)
        .with_delivery_mode(2)
        .with_priority(255)
        .with_correlation_id("\0".into())
        .with_reply_to("nobody".into())
        .with_message_id("x".repeat(255).into())
        .with_timestamp(u64::MAX)
        .with_type("type".into())
        .with_user_id("guest".into())
        .with_app_id("app".into());
    let pika = BasicProperties::default();
    stranger.publish(&place.room(), b"{\"NodeId\": 4}", pika).await;
    stranger.publish(&place.room(), b"\xff\x00garbage", all.clone()).await;
    stranger.publish(&place.room(), b"", all).await;
    assert_eq!(place.hear(&mut link).await, "{\"NodeId\": 4}");
    assert_eq!(place.hear(&mut link).await, &b"\xff\x00garbage"[..]);
    assert_eq!(place.hear(&mut link).await, "");
}

pub(crate) async fn strangers_hear_us_in_queues_of_their_own(place: &Place<'_>) {
    let (room, queue) = (place.room(), format!("{}/4", place.room()));
    let stranger = place.stranger().await;
    stranger
        .channel
        .exchange_declare(
            room.as_str().into(),
            lapin::ExchangeKind::Fanout,
            ExchangeDeclareOptions::default(),
            FieldTable::default(),
        )
        .await
        .expect("nobody has declared it yet");
    stranger.declare_queue(&queue, &room).await;
    let link = place.join("1").await;
    place.say(&link, "hello");
    let got = eventually("the stranger to hear us", async || {
        let get = BasicGetOptions { no_ack: true };
        stranger.channel.basic_get(queue.as_str().into(), get).await.expect("the queue is there")
    })
    .await;
    assert_eq!(got.delivery.data, b"hello");
    assert_eq!(got.delivery.exchange.as_str(), room);
    assert_eq!(got.delivery.routing_key.as_str(), "");
    assert_eq!(got.delivery.properties, BasicProperties::default());
}

pub(crate) async fn a_second_peer_of_our_name_waits_for_the_first(place: &Place<'_>) {
    let mut first = place.join("1").await;
    let mut options = place.options("1");
    options.connect_timeout = Duration::from_secs(1);
    let refused = refused_in_time(options).await;
    let room = place.room();
    assert!(matches!(&refused, Error::QueueInUse { queue, .. } if *queue == format!("{room}/1")));
    assert!(refused.to_string().contains("with these data or a copy of them"), "{refused}");
    assert!(refused.to_string().contains("notices within some 10s"), "{refused}");
    place.say(&first, "still here");
    assert_eq!(place.hear(&mut first).await, "still here");
    drop(first);
    let mut second = place.join("1").await;
    place.say(&second, "mine now");
    assert_eq!(place.hear(&mut second).await, "mine now");
}

/// A program that declares its exchanges in another way than we would is not refused because of us,
/// and is overheard as soon as it has.
pub(crate) async fn exchanges_of_others_are_overheard_and_never_declared(place: &Place<'_>) {
    let [theirs, nobodys] = ["theirs", "nobodys"].map(|name| format!("{}/{name}", place.name));
    let mut options = place.options("1");
    options.overheard = [&*theirs, &*nobodys].map(Into::into).into();
    let mut link = connect(options).await;
    place.say(&link, "we are here");
    assert_eq!(place.hear(&mut link).await, "we are here");

    let stranger = place.stranger().await;
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let (fanout, none) = (lapin::ExchangeKind::Fanout, FieldTable::default);
    stranger
        .channel
        .exchange_declare(theirs.as_str().into(), fanout.clone(), durable, none())
        .await
        .expect("nobody has declared it in another way");
    let heard = eventually("the program to be overheard", async || {
        stranger.publish(&theirs, b"hello", BasicProperties::default()).await;
        tokio::time::timeout(Duration::from_millis(50), link.next()).await.ok().flatten()
    })
    .await;
    let from = althing_types::Channel::topic(theirs.as_str());
    assert_eq!(heard, Arrival::Received { from, payload: "hello".into() });

    // What is still missing does not interrupt what is there.
    for number in 0..100 {
        let text = format!("number {number}");
        stranger.publish(&theirs, text.as_bytes(), BasicProperties::default()).await;
        let payload = loop {
            match crate::common::next(&mut link).await {
                Arrival::Received { payload, .. } if payload == "hello" => {}
                Arrival::Received { payload, .. } => break payload,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(payload, text);
    }

    let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    let asked =
        stranger.channel.exchange_declare(nobodys.as_str().into(), fanout, passive, none()).await;
    assert!(asked.is_err(), "we have declared what is not ours");
}

//! What arrives over AMQP, where, and in which order.

use althing_net::{Arrival, PAYLOAD_MAX};
use althing_testkit::eventually;
use althing_types::Channel;
use lapin::ExchangeKind;
use lapin::options::ExchangeDeclareOptions;
use lapin::types::FieldTable;

use crate::common::{CLOSE_TIME, Place, connect, next};

pub(crate) async fn what_a_peer_publishes_reaches_all(place: &Place<'_>) {
    let (room, other) = (place.room(), format!("{}/other", place.name));
    let options = |suffix| place.options(suffix).with_exchanges([&*room, &*other, &*room]);
    let (mut speaker, mut listener) = (connect(options("1")).await, connect(options("2")).await);
    speaker.publisher().publish(other.as_str(), "first");
    let all: Vec<u8> = (0..=255).cycle().take(PAYLOAD_MAX).collect();
    for link in [&mut speaker, &mut listener] {
        let from = Channel::topic(other.as_str());
        let first = Arrival::Received { from, payload: "first".into() };
        assert_eq!(next(link).await, first);
    }
    speaker.publisher().publish(format!("{}/nobody listens", place.name), "second");
    speaker.publisher().publish(room.as_str(), "");
    speaker.publisher().publish(room.as_str(), all.clone());
    for link in [&mut speaker, &mut listener] {
        assert_eq!(place.hear(link).await, "");
        assert_eq!(place.hear(link).await, all);
    }
    assert_eq!((speaker.lost(), speaker.publisher().lost()), (0, 0));
    speaker.close(CLOSE_TIME).await.expect("the broker is there");
    listener.close(CLOSE_TIME).await.expect("the broker is there");
}

pub(crate) async fn ten_peers_hear_each_peer_in_order(place: &Place<'_>) {
    const PEERS: usize = 10;
    const MESSAGES: usize = 100;
    let mut links = Vec::new();
    for peer in 0..PEERS {
        links.push(place.join(&peer.to_string()).await);
    }
    for number in 0..MESSAGES {
        for (peer, link) in links.iter().enumerate() {
            place.say(link, &format!("{peer}/{number}"));
        }
    }
    for link in &mut links {
        let mut heard = [0; PEERS];
        for _ in 0..PEERS * MESSAGES {
            let payload = place.hear(link).await;
            let text = str::from_utf8(&payload).expect("peers say text");
            let (peer, number) = text.split_once('/').expect("peers say two numbers");
            let next = &mut heard[peer.parse::<usize>().expect("the first is a peer")];
            assert_eq!(number, next.to_string(), "of peer {peer}");
            *next += 1;
        }
        assert_eq!(heard, [MESSAGES; PEERS]);
    }
}

/// Also where a program of the same name has left a queue behind, which the broker goes on filling.
pub(crate) async fn what_came_before_us_is_not_for_us(place: &Place<'_>) {
    let (watcher, queue) = (place.join("watcher").await, format!("{}/late", place.room()));
    let stranger = place.stranger().await;
    stranger.declare_queue(&queue, &place.room()).await;
    place.say(&watcher, "said while nobody was there");
    eventually("the queue to fill", async || {
        (stranger.look_at(&queue).await? == (1, 0)).then_some(())
    })
    .await;
    let mut late = place.join("late").await;
    place.say(&watcher, "new");
    assert_eq!(place.hear(&mut late).await, "new");
}

/// A broker lets others declare what we declared only if they do it in the same way; our queues
/// are for us alone.
pub(crate) async fn exchanges_are_declared_as_plainly_as_by_others(place: &Place<'_>) {
    let _link = place.join("1").await;
    let stranger = place.stranger().await;
    let exchange = ExchangeDeclareOptions::default();
    assert!(!exchange.durable && !exchange.auto_delete && !exchange.internal && !exchange.passive);
    let room = place.room();
    stranger
        .channel
        .exchange_declare(
            room.as_str().into(),
            ExchangeKind::Fanout,
            exchange,
            FieldTable::default(),
        )
        .await
        .expect("the exchange is a plain fanout");
    let queue = format!("{room}/1");
    assert_eq!((stranger.look_at(&queue).await, stranger.has_queue(&queue).await), (None, true));
}

//! The bus inside of this process.

use std::thread;

use althing_net::memory::Bus;
use althing_net::{Arrival, PAYLOAD_MAX, QUEUE_MESSAGES_MAX, TOPIC_MAX};

use crate::common::{CLOSE_TIME, TOPIC, hear, hear_all, message, next, say};

#[tokio::test]
async fn all_links_hear_all_publishers_in_one_order() {
    const PUBLISHERS: usize = 4;
    const MESSAGES: usize = 200;
    let bus = Bus::new();
    let mut links: Vec<_> = (0..PUBLISHERS).map(|_| bus.join([TOPIC])).collect();
    for link in &mut links {
        assert_eq!(next(link).await, Arrival::Up);
    }
    thread::scope(|scope| {
        for (number, link) in links.iter().enumerate() {
            scope.spawn(move || {
                for message in 0..MESSAGES {
                    say(link, &format!("{number}/{message}"));
                }
            });
        }
    });
    let mut heard = Vec::new();
    for link in &mut links {
        heard.push(hear_all(link, PUBLISHERS * MESSAGES).await);
    }
    assert!(heard.windows(2).all(|pair| pair[0] == pair[1]), "the orders differ");
}

#[tokio::test]
async fn a_link_hears_only_its_topics() {
    let bus = Bus::new();
    let (mut both, mut one) = (bus.join([TOPIC, "other"]), bus.join([TOPIC]));
    one.publisher().publish("other", "first");
    one.publisher().publish("nobody listens", "second");
    one.publisher().publish(TOPIC, "third");
    assert_eq!(next(&mut one).await, Arrival::Up);
    assert_eq!(next(&mut one).await, message(TOPIC, "third"));
    assert_eq!(next(&mut both).await, Arrival::Up);
    assert_eq!(next(&mut both).await, message("other", "first"));
    assert_eq!(next(&mut both).await, message(TOPIC, "third"));
}

#[tokio::test]
async fn a_slow_reader_loses_its_own_oldest_messages_and_still_learns_that_it_is_up() {
    let bus = Bus::new();
    let (mut slow, mut quick) = (bus.join([TOPIC]), bus.join([TOPIC]));
    assert_eq!(next(&mut quick).await, Arrival::Up);
    for number in 0..QUEUE_MESSAGES_MAX + 10 {
        say(&quick, &number.to_string());
        assert_eq!(hear(&mut quick).await, number.to_string());
    }
    assert_eq!((quick.lost(), slow.lost(), quick.publisher().lost()), (0, 10, 0));
    assert_eq!(next(&mut slow).await, Arrival::Up);
    assert_eq!(hear(&mut slow).await, "10");
}

#[tokio::test]
async fn a_link_that_ended_neither_hears_nor_is_heard() {
    let bus = Bus::new();
    let (ended, mut other) = (bus.join([TOPIC]), bus.join([TOPIC]));
    assert_eq!(next(&mut other).await, Arrival::Up);
    let publisher = ended.publisher().clone();
    ended.close(CLOSE_TIME).await.expect("nothing can go wrong in memory");
    publisher.publish(TOPIC, "too late");
    say(&other, "in time");
    assert_eq!(hear(&mut other).await, "in time");
    assert_eq!(publisher.lost(), 1);
}

#[tokio::test]
async fn oversized_messages_are_refused() {
    let bus = Bus::new();
    let mut link = bus.join([TOPIC]);
    assert_eq!(next(&mut link).await, Arrival::Up);
    link.publisher().publish(TOPIC, vec![0; PAYLOAD_MAX + 1]);
    link.publisher().publish("t".repeat(TOPIC_MAX + 1), "");
    link.publisher().publish(TOPIC, vec![0; PAYLOAD_MAX]);
    assert_eq!(hear(&mut link).await.len(), PAYLOAD_MAX);
    assert_eq!(link.publisher().lost(), 2);
}

#[tokio::test]
async fn what_is_put_back_comes_again_before_all_else() {
    let bus = Bus::new();
    let mut link = bus.join([TOPIC]);
    say(&link, "first");
    say(&link, "second");
    let looked_at = vec![next(&mut link).await, next(&mut link).await];
    assert_eq!(looked_at, [Arrival::Up, message(TOPIC, "first")]);
    link.put_back(looked_at.clone());
    assert_eq!([next(&mut link).await, next(&mut link).await], looked_at[..]);
    assert_eq!(next(&mut link).await, message(TOPIC, "second"));
    assert_eq!(link.try_next(), None);
}

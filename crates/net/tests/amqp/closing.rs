//! Goodbyes over AMQP.

use althing_testkit::eventually;

use crate::common::{CLOSE_TIME, Place, connect, threads};

pub(crate) async fn all_that_was_published_goes_out_before_the_end(place: &Place<'_>) {
    const MESSAGES: usize = 500;
    let (mut listener, speaker) = (place.join("1").await, place.join("2").await);
    for number in 0..MESSAGES {
        place.say(&speaker, &number.to_string());
    }
    let publisher = speaker.publisher().clone();
    speaker.close(CLOSE_TIME).await.expect("the broker is there");
    assert_eq!(publisher.lost(), 0);
    for number in 0..MESSAGES {
        assert_eq!(place.hear(&mut listener).await, number.to_string());
    }
    publisher.publish(place.room(), "too late");
    assert_eq!(publisher.lost(), 1);
}

pub(crate) async fn a_closed_link_leaves_no_queue_behind(place: &Place<'_>) {
    let (room, other) = (place.room(), format!("{}/other", place.name));
    let options = place.options("1").with_exchanges([room.as_str(), other.as_str()]);
    let link = connect(options).await;
    let stranger = place.stranger().await;
    for exchange in [&room, &other] {
        assert!(stranger.has_queue(&format!("{exchange}/1")).await);
    }
    link.close(CLOSE_TIME).await.expect("the broker is there");
    for exchange in [&room, &other] {
        assert!(!stranger.has_queue(&format!("{exchange}/1")).await);
    }
}

pub(crate) async fn a_dropped_link_leaves_neither_queues_nor_threads(place: &Place<'_>) {
    let stranger = place.stranger().await;
    let before = threads();
    let mut links = Vec::new();
    for suffix in ["1", "2", "3"] {
        links.push(place.join(suffix).await);
    }
    assert!(threads() > before);
    drop(links);
    eventually("the threads to end", async || (threads() <= before).then_some(())).await;
    for suffix in ["1", "2", "3"] {
        let queue = format!("{}/{suffix}", place.room());
        eventually("the queue to be gone", async || {
            (!stranger.has_queue(&queue).await).then_some(())
        })
        .await;
    }
}

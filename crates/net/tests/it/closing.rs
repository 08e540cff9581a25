//! Goodbyes over MQTT, and last wills.

use std::time::Duration;

use althing_net::mqtt::{BrokerUrl, LastWill, QualityOfService};
use althing_net::{Arrival, CloseError};
use althing_testkit::DEADLINE;
use tokio::time::timeout;

use crate::common::{
    CLOSE_TIME, TOPIC, connect, down, embedded, hear_all, join, message, mosquitto, next, options,
    say, url,
};
use crate::fake::Broker;

#[tokio::test]
async fn all_that_was_published_goes_out_before_the_end_with_the_embedded_broker() {
    let broker = embedded().await;
    everything_goes_out(broker.url()).await;
    broker.shutdown().await;
}

#[tokio::test]
async fn all_that_was_published_goes_out_before_the_end_with_mosquitto() {
    let broker = mosquitto();
    everything_goes_out(url(&broker)).await;
}

async fn everything_goes_out(url: BrokerUrl) {
    const MESSAGES: usize = 500;
    for number in 0..=2 {
        let mut options = options(url.clone());
        options.quality_of_service =
            QualityOfService::from_number(number).expect("there are three");
        let mut listener = connect(options.clone()).await;
        let speaker = connect(options).await;
        for number in 0..MESSAGES {
            say(&speaker, &number.to_string());
        }
        let publisher = speaker.publisher().clone();
        speaker.close(CLOSE_TIME).await.expect("the broker is there");
        assert_eq!(publisher.lost(), 0);
        let expected: Vec<_> = (0..MESSAGES).map(|number| number.to_string()).collect();
        assert_eq!(hear_all(&mut listener, MESSAGES).await, expected);
        publisher.publish(TOPIC, "too late");
        assert_eq!(publisher.lost(), 1);
    }
}

#[tokio::test]
async fn a_last_will_is_for_the_dead_with_the_embedded_broker() {
    let broker = embedded().await;
    wills(broker.url()).await;
    broker.shutdown().await;
}

#[tokio::test]
async fn a_last_will_is_for_the_dead_with_mosquitto() {
    let broker = mosquitto();
    wills(url(&broker)).await;
}

async fn wills(url: BrokerUrl) {
    let mut watcher = join(url.clone()).await;
    let mortal = |will: &'static str| {
        let mut options = options(url.clone());
        options.last_will = Some(LastWill { topic: TOPIC.into(), payload: will.into() });
        options
    };
    let dies = connect(mortal("dead")).await;
    drop(dies);
    assert_eq!(next(&mut watcher).await, message(TOPIC, "dead"));

    // Unread messages wait in its socket when it leaves, which must not look like a crash.
    for _ in 0..10 {
        let leaves = connect(mortal("left, not dead")).await;
        say(&leaves, "last words");
        say(&watcher, "goodbye");
        leaves.close(CLOSE_TIME).await.expect("the broker is there");
        let mut heard = hear_all(&mut watcher, 2).await;
        heard.sort();
        assert_eq!(heard, ["goodbye", "last words"]);
    }
    say(&watcher, "end");
    assert_eq!(next(&mut watcher).await, message(TOPIC, "end"));
}

#[tokio::test]
async fn a_link_without_a_connection_ends_at_once_or_when_its_time_is_over() {
    let mut broker = mosquitto();
    let (mut idle, mut busy) = (join(url(&broker)).await, join(url(&broker)).await);
    broker.stop();
    down(&mut idle).await;
    down(&mut busy).await;
    let close = timeout(DEADLINE, idle.close(10 * DEADLINE));
    assert_eq!(close.await.expect("it has nothing to wait for"), Ok(()));
    say(&busy, "nobody will hear this");
    let within = Duration::from_millis(100);
    assert_eq!(busy.close(within).await, Err(CloseError::TimedOut { within, unsent: 1 }));
}

#[tokio::test]
async fn a_link_without_a_connection_sends_what_waits_if_it_comes_back_in_time() {
    let mut broker = mosquitto();
    let (mut listener, mut speaker) = (join(url(&broker)).await, join(url(&broker)).await);
    broker.stop();
    down(&mut speaker).await;
    say(&speaker, "after all");
    let closing = tokio::spawn(speaker.close(DEADLINE));
    broker.start_again().expect("it started before");
    closing.await.expect("it does not panic").expect("the broker is back");
    // The listener may not be back in time for the message; but it is up in the end.
    while !matches!(next(&mut listener).await, Arrival::Up) {}
}

#[tokio::test]
async fn a_goodbye_to_a_broker_that_does_not_answer_takes_no_longer_than_allowed() {
    let broker = mosquitto();
    let mut options = options(url(&broker));
    options.quality_of_service = QualityOfService::AtLeastOnce;
    let link = connect(options).await;
    broker.freeze().expect("it runs");
    say(&link, "never acknowledged");
    let within = Duration::from_millis(100);
    let end = link.close(within).await;
    assert!(matches!(end, Err(CloseError::TimedOut { .. })), "{end:?}");
}

#[tokio::test]
async fn a_first_connection_that_fails_late_still_says_goodbye() {
    let broker = Broker::start().await;
    let connecting = althing_net::mqtt::connect(options(broker.url()));
    let serving = broker.serve(Broker::NOT_AUTHORIZED, b"");
    let (outcome, said_goodbye) = tokio::join!(connecting, serving);
    outcome.expect_err("the topic is refused");
    assert!(said_goodbye);
}

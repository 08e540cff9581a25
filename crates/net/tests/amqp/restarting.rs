//! Brokers that hang, die and come back.

use std::time::Duration;

use althing_net::{CloseError, QUEUE_MESSAGES_MAX};
use althing_testkit::{DEADLINE, RabbitMq};
use tokio::time::timeout;

use crate::common::{Place, connect, down, up};

fn place(broker: &RabbitMq) -> Place<'_> {
    Place { broker, name: "restarting" }
}

pub(crate) async fn a_broker_that_hangs_is_noticed(broker: &RabbitMq) {
    let place = place(broker);
    let mut options = place.options("1");
    options.heartbeat = Duration::from_secs(1);
    let mut link = connect(options).await;
    broker.freeze().expect("it runs");
    let reason = down(&mut link).await;
    assert!(reason.contains("silent"), "{reason}");
    broker.thaw().expect("it runs");
    up(&mut link).await;
    place.say(&link, "again");
    assert_eq!(place.hear(&mut link).await, "again");
}

pub(crate) async fn links_listen_again_after_the_broker_was_killed(broker: &mut RabbitMq) {
    const TOO_MANY: usize = 10;
    let (port, room) = (broker.port().to_string(), place(broker).room());
    let (mut listener, mut speaker) =
        (place(broker).join("1").await, place(broker).join("2").await);
    broker.stop();
    for link in [&mut listener, &mut speaker] {
        let reasons = [down(link).await, down(link).await];
        assert!(reasons.iter().all(|reason| reason.contains(&port)), "{reasons:?}");
        assert!(reasons[0].contains("lost") && reasons[1].contains("refused"), "{reasons:?}");
    }
    for number in 0..QUEUE_MESSAGES_MAX + TOO_MANY {
        speaker.publisher().publish(room.as_str(), number.to_string());
    }
    assert_eq!(speaker.publisher().lost(), TOO_MANY as u64);
    broker.start_again().expect("it started before");
    let place = place(broker);
    up(&mut listener).await;
    up(&mut speaker).await;
    for number in TOO_MANY..QUEUE_MESSAGES_MAX + TOO_MANY {
        assert_eq!(place.hear(&mut speaker).await, number.to_string());
    }
    place.say(&listener, "the listener speaks");
    assert_eq!(place.hear(&mut speaker).await, "the listener speaks");
}

pub(crate) async fn a_link_without_a_connection_ends_when_nothing_waits_or_time_is_over(
    broker: &mut RabbitMq,
) {
    let (mut idle, mut busy) = (place(broker).join("1").await, place(broker).join("2").await);
    let mut patient = place(broker).join("3").await;
    broker.stop();
    for link in [&mut idle, &mut busy, &mut patient] {
        down(link).await;
    }
    let close = timeout(DEADLINE, idle.close(10 * DEADLINE));
    assert_eq!(close.await.expect("it has nothing to wait for"), Ok(()));
    let room = place(broker).room();
    busy.publisher().publish(room.as_str(), "nobody will hear this");
    let within = Duration::from_millis(100);
    assert_eq!(busy.close(within).await, Err(CloseError::TimedOut { within, unsent: 1 }));
    patient.publisher().publish(room, "after all");
    let closing = tokio::spawn(patient.close(DEADLINE));
    broker.start_again().expect("it started before");
    closing.await.expect("it does not panic").expect("the broker is back");
    let stranger = place(broker).stranger().await;
    let queue = format!("{}/3", place(broker).room());
    assert!(!stranger.has_queue(&queue).await);
}

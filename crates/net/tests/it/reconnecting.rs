//! Connections that are lost, and come back.

use std::time::Duration;

use althing_net::mqtt::Options;
use althing_net::{Arrival, Link, QUEUE_MESSAGES_MAX};
use althing_testkit::eventually;
use tokio::time::timeout;

use crate::common::{
    CLOSE_TIME, TOPIC, connect, down, embedded, embedded_again, hear, hear_all, join, mosquitto,
    next, options, say, up, url,
};
use crate::fake::{Broker, publish_packet};

#[tokio::test]
async fn links_listen_again_after_the_embedded_broker_was_restarted() {
    let mut broker = embedded().await;
    let address = broker.local_addr();
    let mut links = [join(broker.url()).await, join(broker.url()).await];
    for round in 0..3 {
        broker.shutdown().await;
        for link in &mut links {
            down(link).await;
        }
        broker = embedded_again(address).await;
        for link in &mut links {
            up(link).await;
        }
        say(&links[0], &round.to_string());
        for link in &mut links {
            assert_eq!(hear(link).await, round.to_string());
        }
    }
    broker.shutdown().await;
}

#[tokio::test]
async fn links_listen_again_after_mosquitto_was_killed() {
    let mut broker = mosquitto();
    let mut links = [join(url(&broker)).await, join(url(&broker)).await];
    broker.stop();
    for link in &mut links {
        let reason = down(link).await;
        assert!(reason.contains(&broker.port().to_string()), "{reason}");
    }
    broker.start_again().expect("it started before");
    for link in &mut links {
        up(link).await;
    }
    say(&links[0], "again");
    for link in &mut links {
        assert_eq!(hear(link).await, "again");
    }
}

#[tokio::test]
async fn the_reason_is_reported_again_only_when_it_changes() {
    let mut broker = mosquitto();
    let mut link = join(url(&broker)).await;
    broker.stop();
    let reasons = [down(&mut link).await, down(&mut link).await];
    assert!(reasons[0].contains("lost") && reasons[1].contains("refused"), "{reasons:?}");
    broker.start_again().expect("it started before");
    assert_eq!(next(&mut link).await, Arrival::Up);
}

#[tokio::test]
async fn what_waits_for_a_broker_is_bounded_and_the_newest_is_kept() {
    const TOO_MANY: usize = 10;
    let mut broker = mosquitto();
    let mut link = join(url(&broker)).await;
    broker.stop();
    down(&mut link).await;
    for number in 0..QUEUE_MESSAGES_MAX + TOO_MANY {
        say(&link, &number.to_string());
    }
    assert_eq!(link.publisher().lost(), TOO_MANY as u64);
    broker.start_again().expect("it started before");
    up(&mut link).await;
    for number in TOO_MANY..QUEUE_MESSAGES_MAX + TOO_MANY {
        assert_eq!(hear(&mut link).await, number.to_string());
    }
}

#[tokio::test]
async fn a_broker_that_hangs_is_noticed_by_a_link_that_only_listens() {
    let broker = mosquitto();
    let mut link = connect(impatient(options(url(&broker)))).await;
    broker.freeze().expect("it runs");
    let reason = down(&mut link).await;
    assert!(reason.contains("silent"), "{reason}");
    broker.thaw().expect("it runs");
    up(&mut link).await;
}

#[tokio::test]
async fn a_broker_that_hangs_is_noticed_by_a_link_that_goes_on_publishing() {
    let broker = mosquitto();
    let mut link = connect(impatient(options(url(&broker)))).await;
    broker.freeze().expect("it runs");
    let reason = eventually("the link to go down", async || {
        say(&link, "is anybody there?");
        went_down(&mut link).await
    })
    .await;
    assert!(reason.contains("silent"), "{reason}");
    broker.thaw().expect("it runs");
    up(&mut link).await;
}

fn impatient(mut options: Options) -> Options {
    options.keep_alive = Duration::from_secs(1);
    options
}

async fn went_down(link: &mut Link) -> Option<String> {
    match timeout(Duration::ZERO, link.next()).await {
        Ok(Some(Arrival::Down { reason })) => Some(reason),
        _ => None,
    }
}

/// A link that only listens, and one that publishes what it does not hear itself, are asked about
/// in different ways. How long that takes is told by a link beside them, to a broker that does not
/// answer: when it has given up twice, the others would have as well.
#[tokio::test]
async fn links_to_brokers_that_answer_stay_up() {
    let (embedded, answering, hanging) = (embedded().await, mosquitto(), mosquitto());
    let mut stayers = Vec::new();
    for url in [embedded.url(), url(&answering)] {
        let listening = connect(impatient(options(url.clone()))).await;
        let publishing = connect(impatient(options(url))).await;
        stayers.push((listening, publishing));
    }
    let mut baseline = connect(impatient(options(url(&hanging)))).await;
    for _ in 0..2 {
        hanging.freeze().expect("it runs");
        eventually("a link to a broker that hangs to give up", async || {
            for (listening, publishing) in &mut stayers {
                publishing.publisher().publish("tests/nobody listens", "");
                assert_eq!(went_down(listening).await, None);
                assert_eq!(went_down(publishing).await, None);
            }
            went_down(&mut baseline).await
        })
        .await;
        hanging.thaw().expect("it runs");
        up(&mut baseline).await;
    }
    for (listening, publishing) in &mut stayers {
        say(publishing, "still here");
        assert_eq!(hear(listening).await, "still here");
    }
    embedded.shutdown().await;
}

#[tokio::test]
async fn two_links_of_one_name_learn_what_is_wrong() {
    let broker = embedded().await;
    let mut options = options(broker.url());
    options.client_id = Some("one-name".to_owned());
    let mut first = connect(options.clone()).await;
    let _second = connect(options).await;
    let reason = down(&mut first).await;
    assert!(reason.contains("same client id, one-name"), "{reason}");
}

#[tokio::test]
async fn a_topic_that_is_refused_later_is_asked_for_again() {
    let broker = Broker::start().await;
    let link = async {
        let mut link = join(broker.url()).await;
        while !down(&mut link).await.contains("refuses to let us listen") {}
        up(&mut link).await;
        link.close(CLOSE_TIME).await.expect("the broker is there");
    };
    let serving = async {
        broker.let_down(b"").await;
        broker.serve(Broker::NOT_AUTHORIZED, b"").await;
        assert!(broker.serve(Broker::GRANTED, b"").await, "the link says goodbye");
    };
    tokio::join!(link, serving);
}

#[tokio::test]
async fn what_arrives_together_with_the_end_of_the_connection_is_heard() {
    const MESSAGES: usize = 100;
    let texts: Vec<_> = (0..MESSAGES).map(|number| number.to_string()).collect();
    let packet = |text: &String| publish_packet(0x30, TOPIC, text.as_bytes(), 5);
    let bytes: Vec<_> = texts.iter().flat_map(packet).collect();
    let broker = Broker::start().await;
    let listening = async {
        let mut link = join(broker.url()).await;
        assert_eq!(hear_all(&mut link, MESSAGES).await, texts);
        down(&mut link).await;
    };
    tokio::join!(listening, broker.let_down(&bytes));
}

//! What arrives over MQTT, where, and in which order.

use althing_net::PAYLOAD_MAX;
use althing_net::mqtt::{BrokerUrl, QualityOfService};
use althing_testkit::Settings;

use crate::common::{
    CLOSE_TIME, TOPIC, connect, embedded, hear, hear_all, join, message, mosquitto, next, options,
    say, start, url,
};

#[tokio::test]
async fn what_a_peer_publishes_reaches_all_with_the_embedded_broker() {
    let broker = embedded().await;
    everybody_hears(broker.url()).await;
    broker.shutdown().await;
}

#[tokio::test]
async fn what_a_peer_publishes_reaches_all_with_mosquitto() {
    let broker = mosquitto();
    everybody_hears(url(&broker)).await;
}

async fn everybody_hears(url: BrokerUrl) {
    for number in 0..=2 {
        let quality = QualityOfService::from_number(number).expect("there are three");
        let mut options = options(url.clone()).with_topics([TOPIC, "tests/other"]);
        options.quality_of_service = quality;
        let (mut speaker, mut listener) = (connect(options.clone()).await, connect(options).await);
        speaker.publisher().publish("tests/other", "first");
        speaker.publisher().publish("tests/nobody listens", "second");
        speaker.publisher().publish(TOPIC, "");
        speaker.publisher().publish(TOPIC, vec![7; PAYLOAD_MAX]);
        for link in [&mut speaker, &mut listener] {
            assert_eq!(next(link).await, message("tests/other", "first"));
            assert_eq!(next(link).await, message(TOPIC, ""));
            assert_eq!(hear(link).await, vec![7; PAYLOAD_MAX]);
        }
        assert_eq!((speaker.lost(), speaker.publisher().lost()), (0, 0));
        speaker.close(CLOSE_TIME).await.expect("the broker is there");
        listener.close(CLOSE_TIME).await.expect("the broker is there");
    }
}

#[tokio::test]
async fn all_peers_hear_all_in_one_order_with_the_embedded_broker() {
    let broker = embedded().await;
    one_order(broker.url()).await;
    broker.shutdown().await;
}

#[tokio::test]
async fn all_peers_hear_all_in_one_order_with_mosquitto() {
    let broker = mosquitto();
    one_order(url(&broker)).await;
}

async fn one_order(url: BrokerUrl) {
    const PEERS: usize = 4;
    const MESSAGES: usize = 300;
    let mut links = Vec::new();
    for _ in 0..PEERS {
        links.push(join(url.clone()).await);
    }
    for number in 0..MESSAGES {
        for (peer, link) in links.iter().enumerate() {
            say(link, &format!("{peer}/{number}"));
        }
    }
    let mut heard = Vec::new();
    for link in &mut links {
        heard.push(hear_all(link, PEERS * MESSAGES).await);
    }
    for peer in 0..PEERS {
        let of_peer: Vec<_> =
            heard[0].iter().filter(|text| text.starts_with(&format!("{peer}/"))).collect();
        let expected: Vec<_> = (0..MESSAGES).map(|number| format!("{peer}/{number}")).collect();
        assert!(of_peer.into_iter().eq(&expected), "peer {peer} is heard out of order");
    }
    assert!(heard.windows(2).all(|pair| pair[0] == pair[1]), "the orders differ");
}

#[tokio::test]
async fn a_peer_with_the_right_password_is_let_in() {
    let users = vec![("ann".to_owned(), "a:b@c".to_owned())];
    let broker = start(Settings { users, ..Settings::default() });
    let url = format!("mqtt://ann:a%3Ab%40c@localhost:{}", broker.port());
    let mut link = join(url.parse::<BrokerUrl>().expect("a right address")).await;
    say(&link, "hello");
    assert_eq!(hear(&mut link).await, "hello");
}

#[tokio::test]
async fn messages_that_a_broker_kept_for_later_are_not_for_us() {
    let broker = mosquitto();
    let mut raw = crate::fake::Client::connect(broker.port()).await;
    raw.publish_retained(TOPIC, b"old").await;
    let mut link = join(url(&broker)).await;
    say(&link, "new");
    assert_eq!(next(&mut link).await, message(TOPIC, "new"));
    raw.publish(TOPIC, b"from outside").await;
    assert_eq!(next(&mut link).await, message(TOPIC, "from outside"));
}

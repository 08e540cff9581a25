//! Brokers that know only MQTT 3.1.1.

use std::net::{Ipv4Addr, SocketAddr};

use althing_net::mqtt::{BrokerUrl, LastWill, QualityOfService};
use althing_net::{Arrival, PAYLOAD_MAX};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::common::{
    CLOSE_TIME, TOPIC, connect, down, hear, hear_all, join, message, mosquitto, next, options, say,
    up,
};
use crate::fake::Client;

/// How a broker answers who speaks MQTT 5.
#[derive(Clone, Copy)]
enum Answer {
    /// With the refusal of 3.1.1.
    Refusal,
    /// Not at all, like RabbitMQ 3.10.
    Nothing,
}

/// Stands before a broker, and lets only clients of 3.1.1 through.
struct Gate {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Gate {
    async fn start(broker: u16, answer: Answer) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("it listens");
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, broker, answer));
            }
        });
        Self { address, task }
    }

    fn url(&self) -> BrokerUrl {
        self.address.into()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut client: TcpStream, broker: u16, answer: Answer) {
    // Fixed header, with a length of one byte or two, the protocol's name, and its level.
    let mut beginning = vec![0; 9];
    if client.read_exact(&mut beginning).await.is_err() {
        return;
    }
    if beginning[1] & 0x80 != 0 {
        beginning.push(client.read_u8().await.expect("a CONNECT is longer"));
    }
    if beginning.last() != Some(&4) {
        if let Answer::Refusal = answer {
            client.write_all(&[0x20, 2, 0, 1]).await.expect("it reads");
        }
        return;
    }
    let mut broker = TcpStream::connect((Ipv4Addr::LOCALHOST, broker)).await.expect("a broker");
    broker.write_all(&beginning).await.expect("it reads");
    let _ = copy_bidirectional(&mut client, &mut broker).await;
}

#[tokio::test]
async fn peers_meet_at_a_broker_that_refuses_mqtt_5() {
    everybody_hears(Answer::Refusal).await;
}

#[tokio::test]
async fn peers_meet_at_a_broker_that_hangs_up_on_mqtt_5() {
    everybody_hears(Answer::Nothing).await;
}

async fn everybody_hears(answer: Answer) {
    let broker = mosquitto();
    let gate = Gate::start(broker.port(), answer).await;
    for number in 0..=2 {
        let quality = QualityOfService::from_number(number).expect("there are three");
        let mut options = options(gate.url()).with_topics([TOPIC, "tests/other"]);
        options.quality_of_service = quality;
        options.last_will = Some(LastWill { topic: TOPIC.into(), payload: "dead".into() });
        let (mut speaker, mut listener) = (connect(options.clone()).await, connect(options).await);
        speaker.publisher().publish("tests/other", "first");
        speaker.publisher().publish(TOPIC, "");
        speaker.publisher().publish(TOPIC, vec![7; PAYLOAD_MAX]);
        for link in [&mut speaker, &mut listener] {
            assert_eq!(next(link).await, message("tests/other", "first"));
            assert_eq!(next(link).await, message(TOPIC, ""));
            assert_eq!(hear(link).await, vec![7; PAYLOAD_MAX]);
        }
        let texts: Vec<_> = (0..200).map(|number| number.to_string()).collect();
        texts.iter().for_each(|text| say(&speaker, text));
        speaker.close(CLOSE_TIME).await.expect("the broker is there");
        assert_eq!(hear_all(&mut listener, 200).await, texts, "and no last will");
        let mortal = listener;
        let mut watcher = join(gate.url()).await;
        drop(mortal);
        assert_eq!(next(&mut watcher).await, message(TOPIC, "dead"));
    }
}

#[tokio::test]
async fn what_an_older_broker_kept_is_not_for_us_and_giants_are_skipped() {
    let broker = mosquitto();
    let gate = Gate::start(broker.port(), Answer::Refusal).await;
    let mut raw = Client::connect(broker.port()).await;
    raw.publish_retained(TOPIC, b"old").await;
    let mut link = join(gate.url()).await;
    raw.publish(TOPIC, &vec![0; 4 * PAYLOAD_MAX]).await;
    raw.publish(TOPIC, b"after").await;
    let giant = next(&mut link).await;
    assert!(
        matches!(giant, Arrival::Oversized { bytes, .. } if bytes > 4 * PAYLOAD_MAX),
        "{giant:?}"
    );
    assert_eq!(hear(&mut link).await, "after");
}

#[tokio::test]
async fn a_link_to_an_older_broker_comes_back_with_it() {
    let mut broker = mosquitto();
    let gate = Gate::start(broker.port(), Answer::Nothing).await;
    let mut link = join(gate.url()).await;
    broker.stop();
    down(&mut link).await;
    broker.start_again().expect("it started before");
    up(&mut link).await;
    say(&link, "again");
    assert_eq!(hear(&mut link).await, "again");
}

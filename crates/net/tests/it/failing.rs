//! Addresses at which there is no MQTT broker, or one that refuses.

use std::time::Duration;

use althing_net::DialError;
use althing_net::mqtt::{self, BrokerUrl, Error, LastWill, Options};
use althing_testkit::{DEADLINE, Settings, free_port};
use tokio::net::TcpListener;
use tokio::select;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::timeout;

use crate::common::{TOPIC, mosquitto, options, start, url};
use crate::fake::Broker;

/// Long enough for several attempts.
const SHORT: Duration = Duration::from_millis(300);

async fn refused(options: Options) -> Error {
    mqtt::connect(options).await.expect_err("this cannot work")
}

/// Tries again if a busy machine does not get through a single attempt in the time of `options`.
async fn refused_in_time(options: Options) -> Error {
    loop {
        match refused(options.clone()).await {
            Error::TimedOut { .. } => {}
            error => return error,
        }
    }
}

fn parsed(url: &str) -> BrokerUrl {
    url.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn short(url: &str) -> Options {
    let mut options = options(parsed(url));
    options.connect_timeout = SHORT;
    options
}

#[tokio::test]
async fn a_port_without_a_broker() {
    let address = format!("localhost:{}", free_port().expect("there are ports"));
    let error = refused_in_time(short(&format!("mqtt://{address}"))).await;
    assert_eq!(error, DialError::Refused { address: address.clone() }.into());
    let sentence = format!("no broker listens at {address}: connection refused");
    assert_eq!(error.to_string(), sentence);
}

#[tokio::test]
async fn a_broker_that_starts_a_moment_later_is_found() {
    let mut broker = mosquitto();
    broker.stop();
    let connecting = tokio::spawn(mqtt::connect(options(url(&broker))));
    broker.start_again().expect("it started before");
    connecting.await.expect("it does not panic").expect("the broker is there");
}

#[tokio::test]
async fn a_host_that_does_not_exist() {
    let error = refused(short("mqtt://no-such-host.invalid")).await;
    // A resolver that cannot be asked takes longer than we wait.
    let as_expected = match &error {
        Error::Dial(DialError::Unresolved { host, .. }) => host == "no-such-host.invalid",
        error => matches!(error, Error::TimedOut { .. }),
    };
    assert!(as_expected, "{error}");
}

#[tokio::test]
async fn wrong_and_missing_passwords_are_errors_at_once() {
    let users = vec![("ann".to_owned(), "right".to_owned())];
    let broker = start(Settings { users, ..Settings::default() });
    let address = format!("localhost:{}", broker.port());
    for user in ["ann:wrong@", "bob:right@", "ann@"] {
        let error = refused(options(parsed(&format!("mqtt://{user}{address}")))).await;
        assert!(matches!(error, Error::CredentialsRefused { .. }), "{error}");
        let sentence = error.to_string();
        assert!(sentence.contains(&address) && !sentence.contains("wrong"), "{sentence}");
    }
    let error = refused(options(url(&broker))).await;
    assert!(matches!(error, Error::CredentialsMissing { .. }), "{error}");
}

#[tokio::test]
async fn something_that_answers_with_nonsense() {
    let broker = Broker::start().await;
    const PINGRESP: &[u8] = &[0xd0, 0];
    let (error, ()) = tokio::join!(refused(options(broker.url())), broker.answer(PINGRESP));
    assert!(matches!(error, Error::NotMqtt { .. }), "{error}");
}

#[tokio::test]
async fn something_that_answers_in_another_protocol() {
    for (answer, advice) in [
        (&b"AMQP\0\0\x09\x01"[..], "speaks AMQP; write amqp://"),
        (&[0x15, 3, 3, 0, 2, 2, 0x46], "speaks TLS; write mqtts://"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks HTTP"),
    ] {
        let broker = Broker::start().await;
        let (error, ()) = tokio::join!(refused(options(broker.url())), broker.answer(answer));
        assert!(matches!(error, Error::Dial(DialError::Foreign { .. })), "{error}");
        assert!(error.to_string().contains(advice), "{error}");
    }
}

#[tokio::test]
async fn attempts_that_fail_are_told_before_all_have_failed() {
    let address = format!("localhost:{}", free_port().expect("there are ports"));
    let (tell, mut told) = unbounded_channel();
    let connecting = mqtt::connect_patiently(short(&format!("mqtt://{address}")), None, |error| {
        tell.send(error.to_string()).expect("they are read");
    });
    let telling = async {
        for _ in 0..2 {
            let said = told.recv().await.expect("it goes on");
            assert!(said.contains("no broker listens"), "{said}");
        }
    };
    // Without patience to end it, it would go on for ever.
    select! {
        result = connecting => panic!("{result:?}"),
        told = timeout(DEADLINE, telling) => told.expect("two attempts in time"),
    }
}

#[tokio::test]
async fn something_that_speaks_no_version_of_mqtt_that_we_know() {
    let broker = Broker::start().await;
    const UNACCEPTABLE_VERSION: &[u8] = &[0x20, 2, 0, 1];
    let options = options(broker.url());
    let refusing = async {
        for _ in 0..2 {
            broker.answer(UNACCEPTABLE_VERSION).await;
        }
    };
    let (error, ()) = tokio::join!(refused(options), refusing);
    assert!(matches!(error, Error::VersionRefused { .. }), "{error}");
}

#[tokio::test]
async fn something_that_hangs_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it listens").to_string();
    let hanging_up = async {
        loop {
            drop(listener.accept().await);
        }
    };
    let error = select! {
        error = refused_in_time(short(&format!("mqtt://{address}"))) => error,
        () = hanging_up => unreachable!("it goes on for ever"),
    };
    assert!(matches!(error, Error::HungUp { .. } | Error::Lost { .. }), "{error}");
}

#[tokio::test]
async fn something_that_never_answers() {
    let broker = Broker::start().await;
    let error = refused(short(&broker.url().to_string())).await;
    assert!(matches!(error, Error::TimedOut { within: SHORT, .. }), "{error}");
}

#[tokio::test]
async fn topics_that_are_neither_names_nor_patterns() {
    for topic in ["", "a#", "a/#/b", "a+/b", "a\nb", &"t/".repeat(1000)] {
        let error = refused(options(parsed("mqtt://localhost")).with_topics([topic])).await;
        assert_eq!(error, Error::InvalidTopic { topic: topic.into() });
    }
}

#[tokio::test]
async fn a_topic_that_the_broker_refuses() {
    let broker = Broker::start().await;
    let serving = broker.serve(Broker::NOT_AUTHORIZED, b"");
    let (error, _) = tokio::join!(refused(options(broker.url())), serving);
    assert!(matches!(&error, Error::TopicRefused { topic, .. } if &**topic == TOPIC), "{error}");
}

#[tokio::test]
async fn a_last_will_that_is_too_long() {
    let mut options = options(parsed("mqtt://localhost"));
    let bytes = LastWill::PAYLOAD_MAX + 1;
    options.last_will = Some(LastWill { topic: TOPIC.into(), payload: vec![0; bytes].into() });
    assert_eq!(refused(options).await, Error::WillTooLong { bytes });
}

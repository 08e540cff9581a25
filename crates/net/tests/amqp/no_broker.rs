//! Addresses at which there is no AMQP broker.

use std::time::Duration;

use althing_net::amqp::{self, BrokerUrl, Error, NAME_MAX, Options};
use althing_net::{DialError, Protocol};
use althing_testkit::{eventually, free_port};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::select;

use crate::common::{parsed, threads};
use crate::failing::{refused, refused_in_time};

/// Long enough for several attempts.
const SHORT: Duration = Duration::from_millis(300);

fn short(url: BrokerUrl) -> Options {
    let mut options = Options::new(url, "1").with_exchanges(["room"]);
    options.connect_timeout = SHORT;
    options
}

#[tokio::test]
async fn a_port_without_a_broker() {
    let address = format!("localhost:{}", free_port().expect("there are ports"));
    let options = short(parsed(&format!("amqp://{address}")));
    let error = amqp::probe(&options).await.expect_err("nobody listens");
    assert_eq!(error, DialError::Refused { address: address.clone() }.into());
    let error = refused_in_time(options).await;
    assert_eq!(error.to_string(), format!("no broker listens at {address}: connection refused"));
}

#[tokio::test]
async fn something_that_hangs_up() {
    let error = answered_with(b"").await;
    assert!(matches!(error, Error::HungUp { .. }), "{error}");
}

#[tokio::test]
async fn something_that_answers_with_nonsense() {
    let error = answered_with(b"\x07\xff no frame of any protocol \r\n\r\n").await;
    assert!(matches!(error, Error::NotAmqp { .. }), "{error}");
}

#[tokio::test]
async fn something_that_answers_with_tls_or_http() {
    for (answer, protocol, advice) in [
        (&b"\x15\x03\x03\x00\x02\x02\x46"[..], Protocol::Tls, "write amqps://"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Protocol::Http, "another port"),
    ] {
        let error = answered_with(answer).await;
        let Error::Dial(DialError::Foreign { protocol: found, .. }) = &error else {
            panic!("{error}")
        };
        assert_eq!(*found, protocol);
        assert!(error.to_string().contains(advice), "{error}");
    }
}

#[tokio::test]
async fn a_broker_that_speaks_another_amqp() {
    let error = answered_with(b"AMQP\x00\x01\x00\x00").await;
    assert!(matches!(error, Error::NotAmqp { .. }), "{error}");
}

/// Returns the result of connecting to something that sends this answer and closes the connection.
async fn answered_with(answer: &[u8]) -> Error {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = BrokerUrl::from(listener.local_addr().expect("it listens"));
    let answering = async {
        loop {
            let (mut stream, _) = listener.accept().await.expect("connections come");
            // The other side may be gone before it is answered.
            let _ = stream.write_all(answer).await;
        }
    };
    select! {
        error = refused_in_time(short(url)) => error,
        () = answering => unreachable!("it goes on for ever"),
    }
}

#[tokio::test]
async fn something_that_never_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = BrokerUrl::from(listener.local_addr().expect("it listens"));
    let error = refused(short(url)).await;
    assert!(matches!(error, Error::TimedOut { within: SHORT, .. }), "{error}");
    eventually("the library to give up as well", async || (threads() == 0).then_some(())).await;
}

#[tokio::test]
async fn names_that_are_patterns_or_nothing_or_too_long() {
    let long = "x".repeat(NAME_MAX - 1);
    for exchange in ["", "a/#", "+/b", "a\nb", &long] {
        let error = refused(short(BrokerUrl::default()).with_exchanges([exchange])).await;
        assert_eq!(error, Error::InvalidName { name: format!("{exchange}/1") });
    }
}

//! The broker inside of this process.

use althing_net::broker::{EmbeddedBroker, SHUTDOWN_TIME, StartError};
use althing_net::mqtt::QualityOfService;
use althing_testkit::DEADLINE;
use tokio::time::timeout;

use crate::common::{TOPIC, connect, embedded, embedded_again, hear, join, options, say};
use crate::fake::Client;

#[tokio::test]
async fn it_serves_the_older_mqtt_as_well() {
    let broker = embedded().await;
    let mut link = join(broker.url()).await;
    let mut old = Client::connect_with_version(broker.local_addr().port(), 4).await;
    old.publish(TOPIC, b"from the past").await;
    assert_eq!(hear(&mut link).await, "from the past");
    broker.shutdown().await;
}

#[tokio::test]
async fn it_says_when_its_address_is_taken() {
    let broker = embedded().await;
    let address = broker.local_addr();
    let error = EmbeddedBroker::start(address).await.expect_err("the port is taken");
    assert!(matches!(error, StartError::Listen { address: a, .. } if a == address), "{error}");
    broker.shutdown().await;
}

#[tokio::test]
async fn its_port_is_free_again_as_soon_as_it_has_ended() {
    let mut broker = embedded().await;
    let address = broker.local_addr();
    for _ in 0..3 {
        let link = join(broker.url()).await;
        broker.shutdown().await;
        broker = embedded_again(address).await;
        drop(link);
    }
    broker.shutdown().await;
}

#[tokio::test]
async fn it_ends_in_time_though_a_client_does_not_read() {
    let broker = embedded().await;
    let deaf = Client::connect(broker.local_addr().port()).await;
    // Beyond the guaranteed time, as far as a busy machine may need.
    let within = SHUTDOWN_TIME + DEADLINE;
    timeout(within, broker.shutdown()).await.expect("it waits for no client");
    drop(deaf);
}

#[tokio::test]
async fn a_link_that_dies_is_forgotten_at_once() {
    let broker = embedded().await;
    let mut fixed = options(broker.url());
    fixed.client_id = Some("always-the-same".to_owned());
    fixed.quality_of_service = QualityOfService::ExactlyOnce;
    for _ in 0..5 {
        let mut link = connect(fixed.clone()).await;
        say(&link, "here I am");
        assert_eq!(hear(&mut link).await, "here I am");
    }
    broker.shutdown().await;
}

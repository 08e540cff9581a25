//! A broker that does not let us publish.

use std::fs;
use std::time::Duration;

use althing_net::Arrival;
use althing_net::mqtt::QualityOfService;
use althing_testkit::{Mosquitto, Settings, eventually};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::common::{TOPIC, connect, down, message, next, options, say, start, url};

/// Starts a broker whose access list is `rules`, which can be changed.
fn with_rules(directory: &TempDir, rules: &str) -> Mosquitto {
    let file = directory.path().join("acl");
    fs::write(&file, rules).expect("there is room");
    start(Settings { lines: vec![format!("acl_file {}", file.display())], ..Settings::default() })
}

#[tokio::test]
async fn a_denied_message_of_qos_1_or_2_is_told_with_the_brokers_reason() {
    let directory = TempDir::new().expect("there is room");
    let broker = with_rules(&directory, "topic read #\n");
    for quality in [QualityOfService::AtLeastOnce, QualityOfService::ExactlyOnce] {
        let mut options = options(url(&broker));
        options.quality_of_service = quality;
        let mut link = connect(options).await;
        for _ in 0..10 {
            say(&link, "may I?");
        }
        let reason = down(&mut link).await;
        let expected = format!("refuses what we publish on {TOPIC}: not authorized");
        assert!(reason.contains(&expected), "{reason}");
    }
}

#[tokio::test]
async fn a_denied_message_of_qos_0_is_told_since_it_does_not_come_back() {
    let directory = TempDir::new().expect("there is room");
    let broker = with_rules(&directory, "topic read #\n");
    let mut link = connect(options(url(&broker))).await;
    say(&link, "may I?");
    let reason = down(&mut link).await;
    assert!(reason.contains(&format!("does not deliver what we publish on {TOPIC}")), "{reason}");
    fs::write(directory.path().join("acl"), "topic readwrite #\n").expect("there is room");
    broker.reload().expect("it runs");
    eventually("a message to be let through", async || {
        say(&link, "and now?");
        match timeout(Duration::from_millis(50), link.next()).await {
            Ok(Some(Arrival::Up)) => Some(()),
            Ok(Some(Arrival::Received { .. })) | Err(_) => None,
            other => panic!("{other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn a_topic_of_which_we_hear_nothing_ourselves_is_no_reason_to_complain() {
    let directory = TempDir::new().expect("there is room");
    let broker = with_rules(&directory, "topic readwrite #\n");
    let mut link = connect(options(url(&broker))).await;
    link.publisher().publish("tests/nobody listens", "hello");
    say(&link, "hello");
    assert_eq!(next(&mut link).await, message(TOPIC, "hello"));
}

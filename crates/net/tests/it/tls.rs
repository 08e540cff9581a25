//! MQTT over TLS.

use althing_net::DialError;
use althing_net::mqtt::{self, BrokerUrl, Error};
use althing_testkit::Settings;

use crate::common::{CLOSE_TIME, connect, hear, mosquitto, options, say, start, url};

fn encrypted() -> Settings {
    Settings { tls: true, ..Settings::default() }
}

#[tokio::test]
async fn a_broker_with_a_certificate_we_were_told_to_trust() {
    let broker = start(encrypted());
    for host in ["localhost", "127.0.0.1"] {
        let address = format!("mqtts://{host}:{}", broker.port());
        let mut options = options(address.parse::<BrokerUrl>().expect("a right address"));
        options.ca_file = Some(broker.ca_file());
        let mut link = connect(options).await;
        say(&link, "in secret");
        assert_eq!(hear(&mut link).await, "in secret");
        link.close(CLOSE_TIME).await.expect("the broker is there");
    }
}

#[tokio::test]
async fn a_broker_with_a_certificate_of_nobody_we_trust() {
    let broker = start(encrypted());
    let error = mqtt::connect(options(url(&broker))).await.expect_err("we do not know it");
    assert!(matches!(error, Error::Dial(DialError::Tls { .. })), "{error}");
    assert!(error.to_string().contains(&broker.port().to_string()), "{error}");
    assert!(error.to_string().contains("--ca-file"), "{error}");
}

#[tokio::test]
async fn a_broker_without_tls() {
    let broker = mosquitto();
    let address = format!("mqtts://localhost:{}", broker.port());
    let options = options(address.parse::<BrokerUrl>().expect("a right address"));
    let error = mqtt::connect(options).await.expect_err("it does not speak TLS");
    assert!(matches!(error, Error::Dial(DialError::Tls { .. })), "{error}");
}

#[tokio::test]
async fn certificates_that_are_none() {
    let directory = tempfile::tempdir().expect("a place for files");
    let no_pem = directory.path().join("no.pem");
    std::fs::write(&no_pem, "no certificate").expect("the place is ours");
    for path in [no_pem, directory.path().join("missing.pem")] {
        let url = "mqtts://localhost".parse::<BrokerUrl>().expect("a right address");
        let mut options = options(url);
        options.ca_file = Some(path.clone());
        let error = mqtt::connect(options).await.expect_err("there is nothing to trust");
        assert!(
            matches!(&error, Error::Dial(DialError::Certificates { path: p, .. }) if *p == path),
            "{error}"
        );
    }
}

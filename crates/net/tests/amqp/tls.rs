//! AMQP over TLS.

use althing_net::DialError;
use althing_net::amqp::{Error, Options};

use crate::common::{CLOSE_TIME, Place, connect, parsed};
use crate::failing::refused;

pub(crate) async fn a_broker_with_a_certificate_we_were_told_to_trust(place: &Place<'_>) {
    for host in ["localhost", "127.0.0.1"] {
        let broker = parsed(&format!("amqps://{host}:{}", place.broker.port_tls()));
        let ca_file = Some(place.broker.ca_file());
        let mut link = connect(Options { broker, ca_file, ..place.options("1") }).await;
        place.say(&link, "in secret");
        assert_eq!(place.hear(&mut link).await, "in secret");
        link.close(CLOSE_TIME).await.expect("the broker is there");
    }
}

pub(crate) async fn a_broker_with_a_certificate_of_nobody_we_trust(place: &Place<'_>) {
    let broker = parsed(&format!("amqps://localhost:{}", place.broker.port_tls()));
    let error = refused(Options { broker, ..place.options("1") }).await;
    assert!(matches!(error, Error::Dial(DialError::Tls { .. })), "{error}");
}

pub(crate) async fn a_port_without_tls(place: &Place<'_>) {
    let broker = parsed(&format!("amqps://localhost:{}", place.broker.port()));
    let error = refused(Options { broker, ..place.options("1") }).await;
    assert!(matches!(error, Error::Dial(DialError::Tls { .. })), "{error}");
}

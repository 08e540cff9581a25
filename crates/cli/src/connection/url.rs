//! Where a broker is, of whatever kind.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use althing_net::{amqp, mqtt};

/// The address of a broker, which says by its beginning of which kind it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BrokerUrl {
    /// `mqtt://`, or `mqtts://` for TLS.
    Mqtt(mqtt::BrokerUrl),
    /// `amqp://`, or `amqps://` for TLS.
    Amqp(amqp::BrokerUrl),
}

/// How an address is written, for the help.
pub(crate) const FORM: &str = "mqtt://[user:password@]host[:port], or mqtts:// for TLS; or as \
                               amqp://[user:password@]host[:port][/vhost], or amqps:// for TLS";

/// What a complaint about the beginning of an address says after what is wrong.
const KINDS: &str = "mqtt:// or mqtts:// (MQTT), or with amqp:// or amqps:// (AMQP 0-9-1), as in \
                     mqtt://localhost:1883 or amqp://localhost:5672";

impl BrokerUrl {
    /// Returns the address of a MQTT broker on this machine, at the usual port.
    pub(crate) fn local_mqtt() -> Self {
        Self::Mqtt(SocketAddr::from(([127, 0, 0, 1], mqtt::BrokerUrl::PORT)).into())
    }

    /// Returns the address of an AMQP broker on this machine, at the usual port.
    pub(crate) fn local_amqp() -> Self {
        Self::Amqp(amqp::BrokerUrl::default())
    }
}

impl FromStr for BrokerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let scheme = text.trim().split_once("://").map(|(scheme, _)| scheme).unwrap_or_default();
        match scheme.to_ascii_lowercase().as_str() {
            "mqtt" | "mqtts" => text.parse().map(Self::Mqtt).map_err(|error| error.to_string()),
            "amqp" | "amqps" => text.parse().map(Self::Amqp).map_err(|error| error.to_string()),
            "" => Err(format!("a broker's address begins with {KINDS}")),
            _ => Err(format!(
                "{scheme}:// is not a way to reach a broker; its address begins with {KINDS}"
            )),
        }
    }
}

/// Shows the address without the password.
impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mqtt(url) => url.fmt(f),
            Self::Amqp(url) => url.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_an_address_says_which_kind_of_broker_it_is() {
        for (text, shown) in [
            ("mqtt://localhost", "mqtt://localhost:1883"),
            ("MQTTS://ann:secret@host", "mqtts://ann@host:8883"),
            (" amqp://host ", "amqp://host:5672"),
            ("amqps://ann:secret@host:7/class", "amqps://ann@host:7/class"),
        ] {
            let url: BrokerUrl = text.parse().expect(text);
            let is_amqp = matches!(url, BrokerUrl::Amqp(_));
            assert_eq!(is_amqp, text.contains("amqp"), "{text}");
            assert_eq!(url.to_string(), shown);
        }
        assert_eq!(BrokerUrl::local_mqtt().to_string(), "mqtt://127.0.0.1:1883");
        assert_eq!(Ok(BrokerUrl::local_amqp()), "amqp://localhost".parse());
    }

    #[test]
    fn a_beginning_that_nobody_knows_brings_the_four_that_there_are() {
        for text in ["", "localhost:1883", "://host", "http://localhost", "mqttt://localhost"] {
            let error = text.parse::<BrokerUrl>().expect_err(text);
            for scheme in ["mqtt://", "mqtts://", "amqp://", "amqps://"] {
                assert!(error.contains(scheme), "{text}: {error}");
            }
        }
    }

    #[test]
    fn what_else_is_wrong_is_told_by_the_kind_of_broker() {
        for (text, complaint) in [
            ("mqtt://host/room", "take off \"/room\""),
            ("amqp://host:port", "as in amqp://localhost:5672"),
            ("amqp://host/a/b", "is written %2F"),
        ] {
            let error = text.parse::<BrokerUrl>().expect_err(text);
            assert!(error.contains(complaint), "{text}: {error}");
        }
    }
}

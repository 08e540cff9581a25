//! The address of a broker, with the user and the password.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use crate::url::{Credentials, Scheme, Url, UrlError, UrlFault};

const SCHEME: Scheme = Scheme {
    plain: "mqtt",
    encrypted: "mqtts",
    port: BrokerUrl::PORT,
    port_tls: BrokerUrl::PORT_TLS,
    speaks: None,
};

/// The address of a broker, with user and password: `mqtt://[user[:password]@]host[:port]`, or
/// `mqtts://` for TLS.
///
/// The port is 1883 unless given, or 8883 with TLS. The characters `:@/%` in a user name or
/// password are percent-encoded. Neither [`fmt::Display`] nor [`fmt::Debug`] shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUrl(Url);

impl BrokerUrl {
    /// The port of a broker without TLS.
    pub const PORT: u16 = 1883;
    /// The port of a broker with TLS.
    pub const PORT_TLS: u16 = 8883;

    /// Returns the name or address of the host, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Returns whether the connection uses TLS.
    pub fn is_encrypted(&self) -> bool {
        self.0.is_encrypted
    }

    /// Returns the user's name, if one was given.
    pub fn user(&self) -> Option<&str> {
        self.credentials().map(|credentials| credentials.user.as_str())
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.0.credentials.as_ref()
    }

    /// Returns `host:port`, for messages.
    pub(crate) fn address(&self) -> String {
        self.0.address()
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }
}

impl From<SocketAddr> for BrokerUrl {
    fn from(address: SocketAddr) -> Self {
        Self(Url::of_socket(address, &SCHEME))
    }
}

impl FromStr for BrokerUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (url, rest) = Url::parse(text, &SCHEME)?;
        match rest {
            "" | "/" => Ok(Self(url)),
            rest => Err(SCHEME.error(UrlFault::Trailing { rest: rest.to_owned() })),
        }
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> BrokerUrl {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn what_a_broker_can_be_called() {
        let table = [
            ("mqtt://localhost", false, "localhost", 1883, None, None),
            ("mqtts://localhost", true, "localhost", 8883, None, None),
            ("MQTT://broker.example:2000/", false, "broker.example", 2000, None, None),
            (" mqtt://10.0.0.7:1884 ", false, "10.0.0.7", 1884, None, None),
            ("mqtt://[::1]", false, "::1", 1883, None, None),
            ("mqtts://[2001:db8::7]:9", true, "2001:db8::7", 9, None, None),
            ("mqtt://ann@host", false, "host", 1883, Some("ann"), None),
            ("mqtt://ann:secret@host:1", false, "host", 1, Some("ann"), Some("secret")),
            ("mqtt://ann:@host", false, "host", 1883, Some("ann"), Some("")),
            ("mqtt://ann:a@b/c:d@host", false, "host", 1883, Some("ann"), Some("a@b/c:d")),
            ("mqtt://a%3Ab:50%25%40@host", false, "host", 1883, Some("a:b"), Some("50%@")),
            ("mqtt://@host", false, "host", 1883, None, None),
        ];
        for (text, encrypted, host, port, user, password) in table {
            let url = parsed(text);
            assert_eq!((url.is_encrypted(), url.host(), url.port()), (encrypted, host, port));
            assert_eq!(url.user(), user, "{text}");
            let found = url.credentials().and_then(|found| found.password.as_deref());
            assert_eq!(found, password, "{text}");
        }
    }

    #[test]
    fn what_a_broker_cannot_be_called() {
        let host = |host: &str| UrlFault::BadHost { host: host.to_owned() };
        let ipv6 = |host: &str| UrlFault::BadIpv6 { host: host.to_owned() };
        let port = |port: &str| UrlFault::BadPort { port: port.to_owned() };
        let table = [
            ("", UrlFault::NoScheme),
            ("localhost:1883", UrlFault::NoScheme),
            ("://localhost", UrlFault::NoScheme),
            ("http://localhost", UrlFault::UnknownScheme { scheme: "http".to_owned() }),
            ("mqtt://", UrlFault::NoHost),
            ("mqtt://:1883", UrlFault::NoHost),
            ("mqtt://ann@", UrlFault::NoHost),
            ("mqtt://two words", host("two words")),
            ("mqtt://::1", ipv6("::1")),
            ("mqtt://[::1", ipv6("[::1")),
            ("mqtt://[::1]1883", ipv6("[::1]1883")),
            ("mqtt://[localhost]", ipv6("[localhost]")),
            ("mqtt://host:", port("")),
            ("mqtt://host:0", port("0")),
            ("mqtt://host:+1", port("+1")),
            ("mqtt://host:65536", port("65536")),
            ("mqtt://host:mqtt", port("mqtt")),
            ("mqtt://:secret@host", UrlFault::NoUser),
            ("mqtt://ann:50%@host", UrlFault::BadEscape),
            ("mqtt://ann:%+1@host", UrlFault::BadEscape),
            ("mqtt://ann:%ff@host", UrlFault::BadEscape),
            ("mqtt://host/room", UrlFault::Trailing { rest: "/room".to_owned() }),
            ("mqtt://host?x=1", UrlFault::Trailing { rest: "?x=1".to_owned() }),
        ];
        for (text, fault) in table {
            assert_eq!(text.parse::<BrokerUrl>(), Err(SCHEME.error(fault)), "{text}");
        }
    }

    #[test]
    fn every_error_is_one_line_and_shows_a_right_address() {
        for text in ["", "http://a", "mqtt://", "mqtt://a b", "mqtt://::1", "mqtt://a:b"] {
            let sentence = text.parse::<BrokerUrl>().expect_err(text).to_string();
            assert!(sentence.contains("mqtt://") && !sentence.contains('\n'), "{sentence}");
        }
    }

    #[test]
    fn the_password_is_never_shown() {
        let url = parsed("mqtt://ann:secret@host");
        assert_eq!(url.to_string(), "mqtt://ann@host:1883");
        assert_eq!(format!("{url:?}"), "mqtt://ann@host:1883");
    }

    #[test]
    fn an_address_that_was_shown_can_be_read_again() {
        for text in [
            "mqtt://ann@host:1",
            "mqtt://a%3Ab%25@host:1",
            "mqtts://[::1]:8883",
            "mqtt://10.0.0.7:1883",
        ] {
            assert_eq!(parsed(text).to_string(), text);
        }
    }
}

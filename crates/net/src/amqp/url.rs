//! The address of a broker, with the user, the password and the virtual host.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use super::NAME_MAX;
use crate::opening::Protocol;
use crate::url::{PercentEncoded, Scheme, Url, UrlError, UrlFault, percent_decoded};

const SCHEME: Scheme = Scheme {
    plain: "amqp",
    encrypted: "amqps",
    port: BrokerUrl::PORT,
    port_tls: BrokerUrl::PORT_TLS,
    speaks: Some(Protocol::Amqp),
};

/// The default virtual host.
const USUAL_VHOST: &str = "/";

/// The default user and password.
const GUEST: &str = "guest";

/// The address of a broker, with user and password:
/// `amqp://[user[:password]@]host[:port][/vhost]`, or `amqps://` for TLS.
///
/// The port is 5672 unless given, or 5671 with TLS; user and password are `guest`; the virtual host
/// is `/`. The characters `:@/%?#` in a user name, password or virtual host are percent-encoded.
/// Neither [`fmt::Display`] nor [`fmt::Debug`] shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUrl {
    url: Url,
    vhost: String,
}

impl BrokerUrl {
    /// The port of a broker without TLS.
    pub const PORT: u16 = 5672;
    /// The port of a broker with TLS.
    pub const PORT_TLS: u16 = 5671;

    /// Returns the name or address of the host, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.url.host
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.url.port
    }

    /// Returns whether the connection uses TLS.
    pub fn is_encrypted(&self) -> bool {
        self.url.is_encrypted
    }

    /// Returns the user's name.
    pub fn user(&self) -> &str {
        self.url.credentials.as_ref().map_or(GUEST, |credentials| &credentials.user)
    }

    /// Returns the virtual host: the part of the broker with its own names and permissions.
    pub fn vhost(&self) -> &str {
        &self.vhost
    }

    /// Returns the password; empty if none was given.
    pub(super) fn password(&self) -> &str {
        match &self.url.credentials {
            Some(credentials) => credentials.password.as_deref().unwrap_or_default(),
            None => GUEST,
        }
    }

    /// Returns `host:port`, for messages.
    pub(super) fn address(&self) -> String {
        self.url.address()
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }
}

/// A RabbitMQ on this machine with its default configuration: `amqp://localhost:5672`.
impl Default for BrokerUrl {
    fn default() -> Self {
        let url = Url {
            scheme: &SCHEME,
            is_encrypted: false,
            host: "localhost".to_owned(),
            port: Self::PORT,
            credentials: None,
        };
        Self { url, vhost: USUAL_VHOST.to_owned() }
    }
}

impl From<SocketAddr> for BrokerUrl {
    fn from(address: SocketAddr) -> Self {
        Self { url: Url::of_socket(address, &SCHEME), vhost: USUAL_VHOST.to_owned() }
    }
}

impl FromStr for BrokerUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (url, rest) = Url::parse(text, &SCHEME)?;
        let vhost = parse_vhost(rest).map_err(|fault| SCHEME.error(fault))?;
        Ok(Self { url, vhost })
    }
}

fn parse_vhost(rest: &str) -> Result<String, UrlFault> {
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (path, trailing) = rest.split_at(end);
    if !trailing.is_empty() {
        return Err(UrlFault::Trailing { rest: trailing.to_owned() });
    }
    let name = path.strip_prefix('/').unwrap_or(path);
    if name.contains('/') {
        return Err(UrlFault::BadVhost { vhost: name.to_owned() });
    }
    let vhost = percent_decoded(name)?;
    match vhost.len() {
        0 => Ok(USUAL_VHOST.to_owned()),
        1..=NAME_MAX => Ok(vhost),
        bytes => Err(UrlFault::LongVhost { bytes }),
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.url, f)?;
        if self.vhost != USUAL_VHOST {
            write!(f, "/{}", PercentEncoded(&self.vhost))?;
        }
        Ok(())
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> BrokerUrl {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn what_a_broker_can_be_called() {
        let table = [
            ("amqp://localhost", false, "localhost", 5672, "guest", "guest", "/"),
            ("amqps://localhost", true, "localhost", 5671, "guest", "guest", "/"),
            ("AMQP://host:2000/", false, "host", 2000, "guest", "guest", "/"),
            (" amqp://10.0.0.7:1884 ", false, "10.0.0.7", 1884, "guest", "guest", "/"),
            ("amqps://[2001:db8::7]:9/v", true, "2001:db8::7", 9, "guest", "guest", "v"),
            ("amqp://ann@host", false, "host", 5672, "ann", "", "/"),
            ("amqp://ann:secret@host:1/team", false, "host", 1, "ann", "secret", "team"),
            ("amqp://ann:a@b/c:d@host/v", false, "host", 5672, "ann", "a@b/c:d", "v"),
            ("amqp://a%3Ab:50%25%40@host", false, "host", 5672, "a:b", "50%@", "/"),
            ("amqp://host/%2F", false, "host", 5672, "guest", "guest", "/"),
            ("amqp://host/%2Fteam%3F", false, "host", 5672, "guest", "guest", "/team?"),
        ];
        for (text, encrypted, host, port, user, password, vhost) in table {
            let url = parsed(text);
            assert_eq!((url.is_encrypted(), url.host(), url.port()), (encrypted, host, port));
            assert_eq!((url.user(), url.password(), url.vhost()), (user, password, vhost));
        }
        assert_eq!(BrokerUrl::default(), parsed("amqp://localhost:5672/"));
    }

    #[test]
    fn what_a_broker_cannot_be_called() {
        let trailing = |rest: &str| UrlFault::Trailing { rest: rest.to_owned() };
        let table = [
            ("", UrlFault::NoScheme),
            ("localhost:5672", UrlFault::NoScheme),
            ("mqtt://localhost", UrlFault::UnknownScheme { scheme: "mqtt".to_owned() }),
            ("amqp://", UrlFault::NoHost),
            ("amqp:///vhost", UrlFault::NoHost),
            ("amqp://::1", UrlFault::BadIpv6 { host: "::1".to_owned() }),
            ("amqp://host:0", UrlFault::BadPort { port: "0".to_owned() }),
            ("amqp://:secret@host", UrlFault::NoUser),
            ("amqp://host/50%", UrlFault::BadEscape),
            ("amqp://host/a/b", UrlFault::BadVhost { vhost: "a/b".to_owned() }),
            ("amqp://host//", UrlFault::BadVhost { vhost: "/".to_owned() }),
            ("amqp://host/v?heartbeat=5", trailing("?heartbeat=5")),
            ("amqp://host#top", trailing("#top")),
        ];
        for (text, fault) in table {
            assert_eq!(text.parse::<BrokerUrl>(), Err(SCHEME.error(fault)), "{text}");
        }
        let long = format!("amqp://host/{}", "v".repeat(NAME_MAX + 1));
        let fault = UrlFault::LongVhost { bytes: NAME_MAX + 1 };
        assert_eq!(long.parse::<BrokerUrl>(), Err(SCHEME.error(fault)));
    }

    #[test]
    fn every_error_is_one_line_and_shows_a_right_address() {
        for text in ["", "http://a", "amqp://", "amqp://a/b/c", "amqp://a/%", "amqp://a?b"] {
            let sentence = text.parse::<BrokerUrl>().expect_err(text).to_string();
            assert!(sentence.contains("amqp://") && !sentence.contains('\n'), "{sentence}");
        }
    }

    #[test]
    fn the_password_is_never_shown() {
        let url = parsed("amqp://ann:secret@host/team");
        assert_eq!(url.to_string(), "amqp://ann@host:5672/team");
        assert_eq!(format!("{url:?}"), "amqp://ann@host:5672/team");
    }

    proptest! {
        #[test]
        fn an_address_that_was_shown_means_the_same(
            encrypted: bool,
            user in proptest::option::of(".{1,20}"),
            host in "[a-z0-9.-]{1,20}",
            port in 1_u16..,
            vhost in ".{0,20}",
        ) {
            let encode = |text: &str| PercentEncoded(text).to_string();
            let scheme = if encrypted { "amqps" } else { "amqp" };
            let who = user.as_deref().map(|user| format!("{}@", encode(user)));
            let (who, path) = (who.unwrap_or_default(), encode(&vhost));
            let url = parsed(&format!("{scheme}://{who}{host}:{port}/{path}"));
            prop_assert_eq!(url.is_encrypted(), encrypted);
            prop_assert_eq!(url.user(), user.as_deref().unwrap_or(GUEST));
            prop_assert_eq!((url.host(), url.port()), (host.as_str(), port));
            prop_assert_eq!(url.vhost(), if vhost.is_empty() { USUAL_VHOST } else { &vhost });
            prop_assert_eq!(parsed(&url.to_string()), url);
        }

        #[test]
        fn any_text_is_an_address_or_is_refused(text in "(amqps?://)?[ -~é]{0,40}") {
            if let Ok(url) = text.parse::<BrokerUrl>() {
                let again = parsed(&url.to_string());
                prop_assert_eq!((again.user(), again.host()), (url.user(), url.host()));
                prop_assert_eq!((again.port(), again.vhost()), (url.port(), url.vhost()));
            }
        }
    }
}

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// Where a broker is, and who asks: `mqtt://[user[:password]@]host[:port]`, or `mqtts://` for TLS.
///
/// The port is 1883 unless given, or 8883 with TLS. A user name or password with one of `:@/%` has
/// them percent-encoded. Neither [`fmt::Display`] nor [`fmt::Debug`] shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUrl {
    encrypted: bool,
    host: String,
    port: u16,
    credentials: Option<Credentials>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: Option<String>,
}

/// What is wrong with the address of a broker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Nothing before `://`, or no `://` at all.
    #[error("a broker's address begins with mqtt:// or mqtts://, as in mqtt://localhost:1883")]
    NoScheme,
    /// Something else before `://`.
    #[error(
        "{scheme}:// is not a way to reach a broker; use mqtt://, or mqtts:// for TLS, \
         as in mqtt://localhost:1883"
    )]
    UnknownScheme {
        /// What stands before `://`.
        scheme: String,
    },
    /// Nothing where the host should be.
    #[error("the broker's address names no host; write it as in mqtt://localhost:1883")]
    NoHost,
    /// Something that cannot be a host's name.
    #[error("{host:?} is not the name of a host; write it as in mqtt://localhost:1883")]
    BadHost {
        /// What stands where the host should be.
        host: String,
    },
    /// An IPv6 address that is not one, or is not in brackets.
    #[error("an IPv6 address goes in brackets, as in mqtt://[::1]:1883; {host:?} is not one")]
    BadIpv6 {
        /// What stands where the host should be.
        host: String,
    },
    /// A port that is not a number from 1 to 65535.
    #[error("{port:?} is not a port; use a number from 1 to 65535, as in mqtt://localhost:1883")]
    BadPort {
        /// What stands after the host.
        port: String,
    },
    /// A password without a user name.
    #[error("a password needs a user name before it, as in mqtt://user:password@localhost")]
    NoUser,
    /// A `%` in the user name or password that does not encode a character.
    #[error(
        "a % in the user name or password must be followed by two hexadecimal digits; \
         write % itself as %25, as in mqtt://user:50%25@localhost"
    )]
    BadEscape,
    /// A path, query or fragment.
    #[error(
        "the broker's address ends after the port, as in mqtt://localhost:1883; take off {rest:?}"
    )]
    Trailing {
        /// What follows.
        rest: String,
    },
}

impl BrokerUrl {
    /// The port of a broker without TLS.
    pub const PORT: u16 = 1883;
    /// The port of a broker with TLS.
    pub const PORT_TLS: u16 = 8883;

    /// Returns the name or address of the host, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns whether the connection uses TLS.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Returns the user's name, if one was given.
    pub fn user(&self) -> Option<&str> {
        self.credentials.as_ref().map(|credentials| credentials.user.as_str())
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Returns `host:port`, for messages.
    pub(crate) fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl From<SocketAddr> for BrokerUrl {
    fn from(address: SocketAddr) -> Self {
        Self {
            encrypted: false,
            host: address.ip().to_string(),
            port: address.port(),
            credentials: None,
        }
    }
}

impl FromStr for BrokerUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::NoScheme)?;
        let encrypted = match scheme.to_ascii_lowercase().as_str() {
            "mqtt" => false,
            "mqtts" => true,
            "" => return Err(UrlError::NoScheme),
            _ => return Err(UrlError::UnknownScheme { scheme: scheme.to_owned() }),
        };
        // The last @, so that a password with one in it is understood all the same.
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((credentials, rest)) => (parse_credentials(credentials)?, rest),
            None => (None, rest),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, trailing) = rest.split_at(end);
        if !trailing.is_empty() && trailing != "/" {
            return Err(UrlError::Trailing { rest: trailing.to_owned() });
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            Some(port) => parse_port(port)?,
            None if encrypted => Self::PORT_TLS,
            None => Self::PORT,
        };
        Ok(Self { encrypted, host, port, credentials })
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.encrypted { "mqtts://" } else { "mqtt://" })?;
        if let Some(user) = self.user() {
            for character in user.chars() {
                match character {
                    ':' | '@' | '/' | '%' => write!(f, "%{:02X}", u32::from(character))?,
                    _ => write!(f, "{character}")?,
                }
            }
            f.write_str("@")?;
        }
        f.write_str(&self.address())
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn parse_credentials(text: &str) -> Result<Option<Credentials>, UrlError> {
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user, Some(percent_decoded(password)?)),
        None => (text, None),
    };
    match (user, password) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err(UrlError::NoUser),
        (user, password) => Ok(Some(Credentials { user: percent_decoded(user)?, password })),
    }
}

fn percent_decoded(text: &str) -> Result<String, UrlError> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).ok_or(UrlError::BadEscape)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(UrlError::BadEscape);
        }
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| UrlError::BadEscape)?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| UrlError::BadEscape)
}

fn split_port(authority: &str) -> Result<(String, Option<&str>), UrlError> {
    let bad_ipv6 = || UrlError::BadIpv6 { host: authority.to_owned() };
    if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']').ok_or_else(bad_ipv6)?;
        let host: Ipv6Addr = host.parse().map_err(|_| bad_ipv6())?;
        let port = match rest {
            "" => None,
            rest => Some(rest.strip_prefix(':').ok_or_else(bad_ipv6)?),
        };
        return Ok((host.to_string(), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => return Err(bad_ipv6()),
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if host.is_empty() {
        return Err(UrlError::NoHost);
    }
    if host.chars().any(|c| c.is_whitespace() || c.is_control() || "%\\\"<>[]{}|^`".contains(c)) {
        return Err(UrlError::BadHost { host: host.to_owned() });
    }
    Ok((host.to_owned(), port))
}

fn parse_port(text: &str) -> Result<u16, UrlError> {
    match text.parse() {
        Ok(port @ 1..) if text.bytes().all(|digit| digit.is_ascii_digit()) => Ok(port),
        _ => Err(UrlError::BadPort { port: text.to_owned() }),
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
        let host = |host: &str| UrlError::BadHost { host: host.to_owned() };
        let ipv6 = |host: &str| UrlError::BadIpv6 { host: host.to_owned() };
        let port = |port: &str| UrlError::BadPort { port: port.to_owned() };
        let table = [
            ("", UrlError::NoScheme),
            ("localhost:1883", UrlError::NoScheme),
            ("://localhost", UrlError::NoScheme),
            ("http://localhost", UrlError::UnknownScheme { scheme: "http".to_owned() }),
            ("mqtt://", UrlError::NoHost),
            ("mqtt://:1883", UrlError::NoHost),
            ("mqtt://ann@", UrlError::NoHost),
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
            ("mqtt://:secret@host", UrlError::NoUser),
            ("mqtt://ann:50%@host", UrlError::BadEscape),
            ("mqtt://ann:%+1@host", UrlError::BadEscape),
            ("mqtt://ann:%ff@host", UrlError::BadEscape),
            ("mqtt://host/room", UrlError::Trailing { rest: "/room".to_owned() }),
            ("mqtt://host?x=1", UrlError::Trailing { rest: "?x=1".to_owned() }),
        ];
        for (text, error) in table {
            assert_eq!(text.parse::<BrokerUrl>(), Err(error), "{text}");
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

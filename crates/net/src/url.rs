//! The addresses of brokers, as users write them: what the transports' addresses have in common.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};

use crate::opening::Protocol;

/// The schemes and default ports of one kind of broker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scheme {
    pub(crate) plain: &'static str,
    pub(crate) encrypted: &'static str,
    pub(crate) port: u16,
    pub(crate) port_tls: u16,
    /// What such a broker speaks, if it can be told by its first bytes.
    pub(crate) speaks: Option<Protocol>,
}

/// An address up to and including the port.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: &'static Scheme,
    pub(crate) is_encrypted: bool,
    /// An IPv6 address has no brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) credentials: Option<Credentials>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: Option<String>,
}

/// What is wrong with the address of a broker; displayed as a sentence with a correct example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlError {
    scheme: &'static Scheme,
    fault: UrlFault,
}

/// The kinds of [`UrlError`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlFault {
    /// Nothing before `://`, or no `://` at all.
    NoScheme,
    /// Something else before `://`.
    UnknownScheme {
        /// The text before `://`.
        scheme: String,
    },
    /// Nothing where the host should be.
    NoHost,
    /// Something that cannot be a host's name.
    BadHost {
        /// The text where the host should be.
        host: String,
    },
    /// An IPv6 address that is not one, or is not in brackets.
    BadIpv6 {
        /// The text where the host should be.
        host: String,
    },
    /// A port that is not a number from 1 to 65535.
    BadPort {
        /// The text after the host.
        port: String,
    },
    /// A password without a user name.
    NoUser,
    /// A `%` that does not encode a character.
    BadEscape,
    /// Something where the address should end.
    Trailing {
        /// The text that follows.
        rest: String,
    },
    /// A virtual host (AMQP) with an unencoded `/` in it.
    BadVhost {
        /// The text where the virtual host should be.
        vhost: String,
    },
    /// A virtual host (AMQP) that is longer than the protocol allows.
    LongVhost {
        /// Its length in bytes.
        bytes: usize,
    },
}

impl Scheme {
    /// Returns the error for an address of this kind.
    pub(crate) fn error(&'static self, fault: UrlFault) -> UrlError {
        UrlError { scheme: self, fault }
    }
}

impl Url {
    /// Parses the beginning of `text`, and returns it with the rest after the port.
    pub(crate) fn parse<'a>(
        text: &'a str,
        scheme: &'static Scheme,
    ) -> Result<(Self, &'a str), UrlError> {
        let parse = || {
            let (found, rest) = text.trim().split_once("://").ok_or(UrlFault::NoScheme)?;
            let is_encrypted = match found.to_ascii_lowercase() {
                plain if plain == scheme.plain => false,
                encrypted if encrypted == scheme.encrypted => true,
                none if none.is_empty() => return Err(UrlFault::NoScheme),
                _ => return Err(UrlFault::UnknownScheme { scheme: found.to_owned() }),
            };
            // The last @, so that a password that contains one still works.
            let (credentials, rest) = match rest.rsplit_once('@') {
                Some((credentials, rest)) => (parse_credentials(credentials)?, rest),
                None => (None, rest),
            };
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, trailing) = rest.split_at(end);
            let (host, port) = split_port(authority)?;
            let port = match port {
                Some(port) => parse_port(port)?,
                None if is_encrypted => scheme.port_tls,
                None => scheme.port,
            };
            Ok((Self { scheme, is_encrypted, host, port, credentials }, trailing))
        };
        parse().map_err(|fault| scheme.error(fault))
    }

    /// Returns the URL of a broker that listens at `address`, without TLS.
    pub(crate) fn of_socket(address: SocketAddr, scheme: &'static Scheme) -> Self {
        let (host, port) = (address.ip().to_string(), address.port());
        Self { scheme, is_encrypted: false, host, port, credentials: None }
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

impl UrlError {
    /// Returns what is wrong, without the sentence around it.
    pub fn fault(&self) -> &UrlFault {
        &self.fault
    }
}

/// Shows the address without the password.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scheme { plain, encrypted, .. } = self.scheme;
        write!(f, "{}://", if self.is_encrypted { encrypted } else { plain })?;
        if let Some(Credentials { user, .. }) = &self.credentials {
            write!(f, "{}@", PercentEncoded(user))?;
        }
        f.write_str(&self.address())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for UrlError {}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scheme { plain, encrypted, port: usual, .. } = self.scheme;
        match &self.fault {
            UrlFault::NoScheme => write!(
                f,
                "a broker's address begins with {plain}:// or {encrypted}://, as in \
                 {plain}://localhost:{usual}"
            ),
            UrlFault::UnknownScheme { scheme } => write!(
                f,
                "{scheme}:// is not a way to reach a broker of this kind; use {plain}://, or \
                 {encrypted}:// for TLS, as in {plain}://localhost:{usual}"
            ),
            UrlFault::NoHost => write!(
                f,
                "the broker's address names no host; write it as in {plain}://localhost:{usual}"
            ),
            UrlFault::BadHost { host } => write!(
                f,
                "{host:?} is not the name of a host; write it as in {plain}://localhost:{usual}"
            ),
            UrlFault::BadIpv6 { host } => write!(
                f,
                "an IPv6 address goes in brackets, as in {plain}://[::1]:{usual}; {host:?} is not \
                 one"
            ),
            UrlFault::BadPort { port } => write!(
                f,
                "{port:?} is not a port; use a number from 1 to 65535, as in \
                 {plain}://localhost:{usual}"
            ),
            UrlFault::NoUser => write!(
                f,
                "a password needs a user name before it, as in {plain}://user:password@localhost"
            ),
            UrlFault::BadEscape => write!(
                f,
                "a % in a broker's address must be followed by two hexadecimal digits; write % \
                 itself as %25, as in {plain}://user:50%25@localhost"
            ),
            UrlFault::Trailing { rest } => write!(
                f,
                "the broker's address ends sooner, as in {plain}://localhost:{usual}; take off \
                 {rest:?}"
            ),
            UrlFault::BadVhost { vhost } => write!(
                f,
                "a / within the name of a virtual host is written %2F, as in \
                 {plain}://localhost:{usual}/%2F; {vhost:?} has one"
            ),
            UrlFault::LongVhost { bytes } => write!(
                f,
                "the name of a virtual host has at most 255 bytes, not {bytes}; leave it off for \
                 the usual one, as in {plain}://localhost:{usual}"
            ),
        }
    }
}

/// Displays a part of an address, percent-encoded so that it parses as that part.
pub(crate) struct PercentEncoded<'a>(pub(crate) &'a str);

impl fmt::Display for PercentEncoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            let is_special = ":@/%?#".contains(character);
            if is_special || character.is_whitespace() || character.is_control() {
                let mut bytes = [0; 4];
                for byte in character.encode_utf8(&mut bytes).bytes() {
                    write!(f, "%{byte:02X}")?;
                }
            } else {
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}

pub(crate) fn percent_decoded(text: &str) -> Result<String, UrlFault> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).ok_or(UrlFault::BadEscape)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(UrlFault::BadEscape);
        }
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| UrlFault::BadEscape)?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| UrlFault::BadEscape)
}

fn parse_credentials(text: &str) -> Result<Option<Credentials>, UrlFault> {
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user, Some(percent_decoded(password)?)),
        None => (text, None),
    };
    match (user, password) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err(UrlFault::NoUser),
        (user, password) => Ok(Some(Credentials { user: percent_decoded(user)?, password })),
    }
}

fn split_port(authority: &str) -> Result<(String, Option<&str>), UrlFault> {
    let bad_ipv6 = || UrlFault::BadIpv6 { host: authority.to_owned() };
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
        return Err(UrlFault::NoHost);
    }
    if host.chars().any(|c| c.is_whitespace() || c.is_control() || "%\\\"<>[]{}|^`".contains(c)) {
        return Err(UrlFault::BadHost { host: host.to_owned() });
    }
    Ok((host.to_owned(), port))
}

fn parse_port(text: &str) -> Result<u16, UrlFault> {
    match text.parse() {
        Ok(port @ 1..) if text.bytes().all(|digit| digit.is_ascii_digit()) => Ok(port),
        _ => Err(UrlFault::BadPort { port: text.to_owned() }),
    }
}

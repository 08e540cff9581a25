//! Who may ask: at the socket in a peer's directory, users whom the file's mode lets in; at an
//! address of this machine its users, but no page of another origin in their browsers; and from
//! other machines the holders of a token.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use althing_api::{Code, Problem};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};

use crate::right::Right;
use crate::tokens::{Guarded, Shown};

/// Whom a server answers.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    /// All who can connect; the mode of the socket's file says who that is.
    All,
    /// Users of this machine who ask the address by its name.
    ThisMachine {
        /// Where it is served.
        address: SocketAddr,
        /// Whether over TLS.
        is_secure: bool,
    },
    /// The holders of a token, who ask an address, or one of these names.
    Tokens(Arc<Guarded>, Vec<String>),
}

/// What the sender of a request may do.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    /// Missing if that takes a token and there is none.
    pub(crate) right: Option<Right>,
    /// The token, if it takes one.
    shown: Option<Shown>,
}

impl Granted {
    /// To all who get this far.
    fn to_all() -> Self {
        Self { right: Some(Right::Control), shown: None }
    }

    /// Returns whether its sender may still see what is there: a token may be revoked while an
    /// answer goes on.
    pub(crate) fn lasts(&self) -> bool {
        self.shown.as_ref().is_none_or(|shown| shown.right().is_some())
    }
}

impl Access {
    /// Returns what the sender of a request to this path, with these headers, may do.
    pub(crate) fn of(&self, path: &str, headers: &HeaderMap) -> Result<Granted, Problem> {
        match self {
            Self::All => Ok(Granted::to_all()),
            Self::ThisMachine { address, is_secure } => {
                let (scheme, usual) = if *is_secure { ("https", 443) } else { ("http", 80) };
                let host = host(headers)?;
                let port = host.port_u16().unwrap_or(usual);
                if !is_this_machine(host.host()) || port != address.port() {
                    // A name that leads here by the leave of its owner: DNS rebinding.
                    return Err(forbidden(format!(
                        "this is {scheme}://{address}, and no {host}; ask it by its address"
                    )));
                }
                check_page(path, headers, &host)?;
                Ok(Granted::to_all())
            }
            Self::Tokens(tokens, names) => {
                let host = host(headers)?;
                if !is_address(host.host()) && !is_one_of(host.host(), names) {
                    return Err(forbidden(format!(
                        "this is not known as {0}; ask it by its address, or start it with \
                         --http-host {0}",
                        host.host()
                    )));
                }
                check_page(path, headers, &host)?;
                let Some(token) = bearer(headers) else {
                    return Ok(Granted { right: None, shown: None });
                };
                let (right, shown) = tokens.shown(token).ok_or_else(|| {
                    let detail = "the token is not valid, or was revoked";
                    Problem::new(Code::Unauthorized, detail)
                })?;
                Ok(Granted { right: Some(right), shown: Some(shown) })
            }
        }
    }
}

fn forbidden(detail: impl Into<String>) -> Problem {
    Problem::new(Code::ForbiddenOrigin, detail)
}

/// Returns the token that a request has.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Returns the host that a request names.
fn host(headers: &HeaderMap) -> Result<Authority, Problem> {
    let mut all = headers.get_all(HOST).iter();
    let host = all.next().and_then(|host| host.to_str().ok()?.parse().ok());
    match (host, all.next()) {
        (Some(host), None) => Ok(host),
        _ => Err(forbidden("the request does not say whom it is for, in one header Host")),
    }
}

/// What a browser may be led to from anywhere, since it shows nothing to the page that leads there.
const PAGES: [&str; 2] = ["/", "/docs"];

/// Checks that a request which comes from a page comes from our own.
fn check_page(path: &str, headers: &HeaderMap, host: &Authority) -> Result<(), Problem> {
    let elsewhere = || Err(forbidden("a page of another origin may not ask"));
    for origin in headers.get_all(ORIGIN) {
        let from = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
        let from = from.as_ref().and_then(Uri::authority);
        if from.is_none_or(|from| from != host) {
            return elsewhere();
        }
    }
    // What a page has in it, such as a picture, is asked for without an origin.
    let says = |name, value: &str| headers.get_all(name).iter().any(|said| said == value);
    let is_of_another = says("sec-fetch-site", "cross-site") || says("sec-fetch-site", "same-site");
    let is_led_to = says("sec-fetch-mode", "navigate") && PAGES.contains(&path);
    if is_of_another && !is_led_to { elsewhere() } else { Ok(()) }
}

fn is_this_machine(host: &str) -> bool {
    is_one_of(host, &["localhost"])
        || address(host).is_some_and(|it| it.to_canonical().is_loopback())
}

/// Returns whether a host is an address, which leads nowhere else than it says.
fn is_address(host: &str) -> bool {
    is_one_of(host, &["localhost"]) || address(host).is_some()
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

fn is_one_of(host: &str, names: &[impl AsRef<str>]) -> bool {
    // A final dot says that the name is whole.
    let host = host.strip_suffix('.').unwrap_or(host);
    names.iter().any(|name| host.eq_ignore_ascii_case(name.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_at(address: &str, path: &str, headers: &[(&str, &str)]) -> Result<Right, Code> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = axum::http::HeaderName::try_from(*name).expect("a name");
            map.append(name, value.parse().expect("a value"));
        }
        let (scheme, address) = address.split_once("://").expect("a scheme");
        let address = address.parse().expect("an address");
        let access = Access::ThisMachine { address, is_secure: scheme == "https" };
        let right = |granted: Granted| granted.right.expect("no token is needed");
        access.of(path, &map).map(right).map_err(|problem| problem.code)
    }

    fn asked(headers: &[(&str, &str)]) -> Result<Right, Code> {
        asked_at("http://127.0.0.1:8080", "/v1/node", headers)
    }

    #[test]
    fn this_machine_is_asked_by_its_names_and_no_others() {
        for host in [
            "127.0.0.1:8080",
            "localhost:8080",
            "LOCALHOST:8080",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:8080",
        ] {
            assert_eq!(asked(&[("host", host)]), Ok(Right::Control), "{host}");
        }
        for host in ["rebound.example:8080", "127.0.0.1:8081", "127.0.0.1", "localhost.x:8080", ""]
        {
            assert_eq!(asked(&[("host", host)]), Err(Code::ForbiddenOrigin), "{host}");
        }
        assert_eq!(asked(&[]), Err(Code::ForbiddenOrigin));
        let twice = [("host", "127.0.0.1:8080"), ("host", "127.0.0.1:8080")];
        assert_eq!(asked(&twice), Err(Code::ForbiddenOrigin));
    }

    #[test]
    fn pages_of_other_origins_may_not_ask() {
        let host = ("host", "localhost:8080");
        assert_eq!(asked(&[host, ("origin", "http://localhost:8080")]), Ok(Right::Control));
        for origin in ["http://localhost:3000", "http://evil.example", "null", ""] {
            assert_eq!(asked(&[host, ("origin", origin)]), Err(Code::ForbiddenOrigin), "{origin}");
        }
    }

    #[test]
    fn the_usual_port_need_not_be_said() {
        for (address, host, is_asked) in [
            ("http://127.0.0.1:80", "localhost", true),
            ("https://127.0.0.1:443", "localhost", true),
            ("https://127.0.0.1:443", "localhost:443", true),
            ("https://127.0.0.1:80", "localhost", false),
            ("http://127.0.0.1:443", "localhost", false),
        ] {
            let asked = asked_at(address, "/v1/node", &[("host", host)]);
            assert_eq!(asked.is_ok(), is_asked, "{host} at {address}");
        }
    }

    #[test]
    fn what_another_page_has_in_it_is_not_answered_and_a_link_may_lead_here() {
        let asked = |path, site, mode| {
            let host = ("host", "127.0.0.1:8080");
            let headers = [host, ("sec-fetch-site", site), ("sec-fetch-mode", mode)];
            asked_at("http://127.0.0.1:8080", path, &headers).is_ok()
        };
        for site in ["cross-site", "same-site"] {
            assert!(asked("/", site, "navigate") && asked("/docs", site, "navigate"));
            for path in ["/", "/docs", "/v1/blocks", "/app.js"] {
                assert!(!asked(path, site, "no-cors"), "{path} from {site}");
            }
            assert!(!asked("/metrics", site, "navigate"));
        }
        for site in ["same-origin", "none"] {
            assert!(asked("/v1/blocks", site, "no-cors") && asked("/metrics", site, "navigate"));
        }
    }
}

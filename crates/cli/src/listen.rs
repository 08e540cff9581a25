//! Where to listen, as users write it: an address, or the name of this machine.

use std::net::{SocketAddr, ToSocketAddrs};

use althing_peer::meeting::canonical;

/// Returns the address to listen at. A name counts for its first IPv4 address, where it has one,
/// since that is where most programs look; an IPv4 address in the form of IPv6 for itself.
pub(crate) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let found = match text.parse() {
        Ok(address) => address,
        Err(_) => {
            let (host, port) = text.rsplit_once(':').ok_or_else(|| unreadable(text))?;
            let port: u16 = port.parse().map_err(|_| unreadable(text))?;
            if host.contains(':') || host.is_empty() {
                return Err(unreadable(text));
            }
            let found = (host, port).to_socket_addrs();
            let found = found.map_err(|error| format!("{host} cannot be found: {error}"))?;
            best(found).ok_or_else(|| format!("{host} has no address"))?
        }
    };
    Ok(canonical(found))
}

fn best(found: impl Iterator<Item = SocketAddr>) -> Option<SocketAddr> {
    found.min_by_key(SocketAddr::is_ipv6)
}

fn unreadable(text: &str) -> String {
    format!(
        "{text:?} is not where to listen; write it as in 127.0.0.1:8999, [::1]:8999 or \
         localhost:8999"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_kinds_and_names_are_understood() {
        for (text, expected) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:80", "[::1]:80"),
            ("[::]:0", "[::]:0"),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1:80"),
            ("localhost:0", "127.0.0.1:0"),
        ] {
            assert_eq!(parse_listen(text).map(|it| it.to_string()).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_name_with_both_kinds_of_address_counts_for_ipv4() {
        let [six, four] = ["[::1]:7", "127.0.0.1:7"].map(|it| it.parse().expect("an address"));
        assert_eq!(best([six, four].into_iter()), Some(four));
        assert_eq!(best([six].into_iter()), Some(six));
    }

    #[test]
    fn what_is_none_is_told_with_examples() {
        for text in ["", "8999", "::1:8999", ":8999", "localhost:port", "localhost"] {
            let error = parse_listen(text).expect_err(text);
            assert!(error.contains("localhost:8999"), "{text}: {error}");
        }
        let error = parse_listen("nowhere.invalid:1").expect_err("it is nowhere");
        assert!(error.starts_with("nowhere.invalid cannot be found"), "{error}");
    }
}

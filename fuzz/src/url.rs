//! The address of a broker, as a user writes it.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use althing_net::mqtt::UrlError;
use althing_net::{amqp, mqtt};

/// Parses the input as the address of either kind of broker.
///
/// # Panics
/// If the displayed form of an address does not parse, or parses as another address.
pub fn try_input(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    check(text, |url: &mqtt::BrokerUrl| {
        let (host, user) = (url.host().to_owned(), url.user().map(ToOwned::to_owned));
        (url.is_encrypted(), host, url.port(), user)
    });
    check(text, |url: &amqp::BrokerUrl| {
        let (host, user) = (url.host().to_owned(), Some(url.user().to_owned()));
        (url.is_encrypted(), host, url.port(), user, Some(url.vhost().to_owned()))
    });
}

fn check<U, P>(text: &str, parts: impl Fn(&U) -> P)
where
    U: FromStr<Err = UrlError> + Display,
    P: PartialEq + Debug,
{
    match text.parse::<U>() {
        Ok(url) => {
            let shown = url.to_string();
            let again: U = shown.parse().unwrap_or_else(|error| {
                panic!("{text:?} is shown as {shown:?}, which is refused: {error}")
            });
            assert_eq!(parts(&again), parts(&url), "{text:?} is shown as {shown:?}");
        }
        Err(error) => {
            // An error quotes a part of the address, at worst with each byte escaped.
            assert!(error.to_string().len() <= 512 + 10 * text.len());
        }
    }
}

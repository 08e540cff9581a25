//! The address of a broker, as a user writes it.

use althing_net::mqtt::BrokerUrl;

/// Parses the input.
///
/// # Panics
/// If an address is shown in a way that is not understood, or means something else.
pub fn try_input(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match text.parse::<BrokerUrl>() {
        Ok(url) => {
            let shown = url.to_string();
            let again: BrokerUrl = shown.parse().unwrap_or_else(|error| {
                panic!("{text:?} is shown as {shown:?}, which is refused: {error}")
            });
            let parts = |url: &BrokerUrl| {
                let (host, user) = (url.host().to_owned(), url.user().map(ToOwned::to_owned));
                (url.is_encrypted(), host, url.port(), user)
            };
            assert_eq!(parts(&again), parts(&url), "{text:?} is shown as {shown:?}");
        }
        Err(error) => {
            // A complaint quotes a part of the address, each byte escaped at worst.
            assert!(error.to_string().len() <= 512 + 10 * input.len());
        }
    }
}

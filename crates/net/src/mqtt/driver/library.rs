//! What the MQTT library is told, and given.

use std::io;
use std::sync::Arc;

use rumqttc::{AsyncClient, ConnectAuth, MqttOptions, Publish, PublishOptions, QoS, matches};
use tokio::time::Instant;
use tracing::warn;

use super::UNSENT_MAX;
use crate::PAYLOAD_MAX;
use crate::dial::{Dialer, Stream};
use crate::link::Message;
use crate::mqtt::guard::{Guard, STUB_PROPERTY};
use crate::mqtt::older::OlderWire;
use crate::mqtt::version::Version;
use crate::mqtt::{Options, PACKET_BYTES_MAX};
use crate::queue::{Entry, Queue};
use crate::seldom::Seldom;
use crate::sieve::Sieved;

/// The maximum number of messages of QoS 1 or 2 that wait for an acknowledgement: Mosquitto's
/// default.
const INFLIGHT_MAX: u16 = 20;

/// Bytes of a PUBLISH besides topic and payload: type, length, length of the topic, packet
/// identifier, properties.
const HEADER_BYTES_MAX: usize = 1 + 4 + 2 + 2 + 1;

/// How many packets the library reads before it hands them to us. With more, packets that are read
/// together with the end of a connection would be lost.
const READ_BATCH: usize = 1;

/// A peer may publish thousands of messages a second, but not log lines.
static TOO_LARGE: Seldom = Seldom::new();
static UNPUBLISHED: Seldom = Seldom::new();

/// Hands messages to the library as long as it does not lag behind.
pub(super) fn hand_over(
    outbox: &Queue<Message>,
    client: &AsyncClient,
    unsent: &mut usize,
    (quality, retained): (QoS, &[Arc<str>]),
    packet_bytes_max: usize,
    mut handed_over: impl FnMut(&Message),
) {
    while *unsent < UNSENT_MAX
        && let Some(message) = outbox.try_pop()
    {
        let bytes = message.bytes() + HEADER_BYTES_MAX;
        let Message { topic, payload } = message.clone();
        if bytes > packet_bytes_max {
            // The library would close the connection because of it.
            if let Some(kept_back) = TOO_LARGE.pass(Instant::now()) {
                warn!(%topic, bytes, packet_bytes_max, kept_back, "too large for the broker");
            }
            outbox.count_lost(1);
            continue;
        }
        let is_kept = retained.iter().any(|filter| matches(&topic, filter));
        let options = match is_kept {
            true => PublishOptions::new(quality).retained(),
            false => PublishOptions::new(quality),
        };
        match client.try_publish(&*topic, payload, options) {
            Ok(()) => {
                *unsent += 1;
                handed_over(&message);
            }
            Err(error) => {
                if let Some(kept_back) = UNPUBLISHED.pass(Instant::now()) {
                    warn!(%topic, %error, kept_back, "cannot publish");
                }
                outbox.count_lost(1);
            }
        }
    }
}

/// Returns the size of a message that is too large, or whose payload
/// [`guard`](crate::mqtt::guard) removed.
pub(super) fn oversized(publish: &Publish) -> Option<usize> {
    if publish.payload.len() > PAYLOAD_MAX {
        return Some(publish.size());
    }
    let properties = publish.properties.as_ref()?;
    let (_, bytes) = properties.user_properties.iter().find(|(key, _)| key == STUB_PROPERTY)?;
    bytes.parse().ok()
}

pub(in crate::mqtt) fn library_options(
    options: &Options,
    client_id: &str,
    dialer: &Arc<Dialer>,
    version: &Arc<Version>,
) -> MqttOptions {
    let broker = &options.broker;
    let mut library = MqttOptions::new(client_id, (broker.host(), broker.port()));
    library
        .set_keep_alive(options.keep_alive_seconds())
        .set_clean_start(true)
        .set_connect_timeout(options.connect_timeout)
        .set_max_packet_size(Some(u32::try_from(PACKET_BYTES_MAX).expect("some 256 KiB")))
        .set_max_request_batch(UNSENT_MAX)
        .set_read_batch_size(READ_BATCH);
    library.set_outgoing_inflight_upper_limit(INFLIGHT_MAX);
    if let Some(credentials) = broker.credentials() {
        let username = credentials.user.clone();
        library.set_auth(match &credentials.password {
            Some(password) => {
                ConnectAuth::UsernamePassword { username, password: password.clone().into() }
            }
            None => ConnectAuth::Username { username },
        });
    }
    if let Some(will) = &options.last_will {
        let quality = options.quality_of_service.into();
        let (topic, payload) = (will.topic.to_string(), will.payload.to_vec());
        library.set_last_will(rumqttc::LastWill::new(topic, payload, quality, false, None));
    }
    let (dialer, version) = (Arc::clone(dialer), Arc::clone(version));
    library.set_socket_connector(move |_, _| {
        let (dialer, version) = (Arc::clone(&dialer), Arc::clone(&version));
        // The library can only pass on I/O errors, so ours travels inside one;
        // [`Error::of_connection`] takes it out again.
        async move {
            let stream = dialer.dial().await.map_err(io::Error::other)?;
            let stream: Box<dyn Stream> = match version.is_older() {
                true => Box::new(OlderWire::new(stream)),
                false => stream,
            };
            Ok(Sieved::new(stream, Guard::new(PACKET_BYTES_MAX)))
        }
    });
    library
}

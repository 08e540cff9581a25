//! The identity of a peer: the one from before a restart, or a new one.

use std::time::{SystemTime, UNIX_EPOCH};

use althing_dialect::{NetworkConfig, RoundsDialect, SecretKind};
use althing_engine::Durable;
use althing_engine::rounds::Seat;
use althing_store::{Identity, Secret, Store};
use althing_types::PeerId;
use rsa_keys::RsaPrivateKey;
use rsa_keys::pkcs8::EncodePrivateKey;
use rsa_keys::rand_core::OsRng;

use crate::driver::NodeError;

/// Returns the identity of the owner of `store` in `network`. A store without an owner gets one
/// with the name and secret that `new` returns; a store of another network is an error.
pub(crate) fn identify<D: Durable>(
    store: &mut Store<D>,
    network: &NetworkConfig,
    new: impl FnOnce() -> (PeerId, Secret),
) -> Result<Identity, NodeError> {
    if let Some(identity) = store.identity()? {
        return match identity.network_hash == network.hash() {
            true => Ok(identity),
            false => Err(NodeError::OtherNetwork {
                // One that this version does not know is shown as it is written down.
                theirs: NetworkConfig::from_json(&identity.network)
                    .map_or(identity.network, |network| network.to_string()),
                ours: network.to_string(),
            }),
        };
    }
    let (peer, secret) = new();
    let (network, network_hash) = (network.to_json(), network.hash());
    let identity = Identity { network, network_hash, peer, secret };
    store.set_identity(&identity)?;
    Ok(identity)
}

/// Returns a new name for a peer of a network with rounds.
pub(crate) fn draw_id(dialect: &dyn RoundsDialect, seat: Seat) -> PeerId {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanoseconds = u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX);
    match seat {
        Seat::Member => dialect.peer_id(nanoseconds, rand::random()),
        Seat::Observer | Seat::Watcher => dialect.watching_id(nanoseconds, rand::random()),
    }
}

/// Returns a new name and a new secret for a peer of a network with rounds.
pub(crate) fn new_member(dialect: &dyn RoundsDialect, seat: Seat) -> (PeerId, Secret) {
    let secret = match dialect.secret_kind() {
        SecretKind::Random => random_secret(),
        SecretKind::Rsa => rsa_secret(2048),
        SecretKind::Rsa1024 => rsa_secret(1024),
    };
    (draw_id(dialect, seat), secret)
}

/// Returns a new key of RSA with so many bits, as PKCS #8.
fn rsa_secret(bits: usize) -> Secret {
    let key = RsaPrivateKey::new(&mut OsRng, bits).expect("the system has entropy");
    let document = key.to_pkcs8_der().expect("a key that was just made can be written down");
    Secret::new(document.as_bytes().to_vec())
}

/// Returns 32 bytes from the system's random number generator.
pub(crate) fn random_secret() -> Secret {
    Secret::new(rand::random::<[u8; 32]>().to_vec())
}

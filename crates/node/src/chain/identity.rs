use althing_store::{Identity, Secret, Store};
use althing_types::PeerId;

use crate::driver::NodeError;

/// Returns who the owner of `store` is: as it was before a restart, or somebody new with a new
/// secret. One of another network than `network` is an error.
///
/// Networks with a chain know peers by their addresses, so the id in it names the store alone.
pub fn identify(store: &mut Store, network: &str) -> Result<Identity, NodeError> {
    if let Some(identity) = store.identity()? {
        return match identity.network == network {
            true => Ok(identity),
            false => {
                Err(NodeError::OtherNetwork { theirs: identity.network, ours: network.to_owned() })
            }
        };
    }
    let identity = Identity {
        network: network.to_owned(),
        peer: PeerId::new(rand::random()),
        secret: Secret::new(rand::random::<[u8; 32]>().to_vec()),
    };
    store.set_identity(&identity)?;
    Ok(identity)
}

//! Who a peer is: what it signs with is in its store, if it has run before.

use std::sync::Arc;

use althing_dialect::ChainDialect;
use althing_engine::nakamoto::Durable;
use althing_node::{self as node, NodeError};
use althing_store::Store;

/// Bytes of the secret that a peer of a network with a chain signs with.
pub const SECRET_BYTES: usize = 32;

/// Returns the dialect of the network that `dialect` describes, for the owner of `store`, which
/// signs with the secret that it is handed. A store of another network is an error.
pub fn dialect<E>(
    store: &mut Store<Durable>,
    dialect: impl Fn([u8; SECRET_BYTES]) -> Result<Box<dyn ChainDialect>, E>,
) -> Result<Arc<dyn ChainDialect>, E>
where
    E: From<NodeError>,
{
    // Who we are depends on the network, and what we sign with on who we are.
    let network = dialect([0; SECRET_BYTES])?.network();
    let secret = node::chain::secret(store, &network)?;
    let secret = secret.bytes().try_into().expect("a secret in the store is checked");
    Ok(Arc::from(dialect(secret)?))
}

use std::time::{SystemTime, UNIX_EPOCH};

use althing_dialect::Dialect;
use althing_store::{Identity, Secret, Store, StoreError};

/// Returns who the owner of `store` is in the network of `dialect`: as it was before a restart, or
/// somebody new.
pub(crate) fn identify(store: &mut Store, dialect: &dyn Dialect) -> Result<Identity, StoreError> {
    if let Some(identity) = store.identity()? {
        return Ok(identity);
    }
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanoseconds = u64::try_from(since_1970.as_nanos()).unwrap_or(u64::MAX);
    let identity = Identity {
        network: dialect.network(),
        peer: dialect.peer_id(nanoseconds, rand::random()),
        secret: Secret::new(rand::random()),
    };
    store.set_identity(&identity)?;
    Ok(identity)
}

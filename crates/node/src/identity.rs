use std::time::{SystemTime, UNIX_EPOCH};

use althing_dialect::{Dialect, SecretKind};
use althing_store::{Identity, Secret, Store, StoreError};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};

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
        secret: new_secret(dialect.secret_kind()),
    };
    store.set_identity(&identity)?;
    Ok(identity)
}

fn new_secret(kind: SecretKind) -> Secret {
    match kind {
        SecretKind::Random => Secret::new(rand::random::<[u8; 32]>().to_vec()),
        SecretKind::Rsa => {
            let key = KeyPair::generate(KeySize::Rsa2048).expect("the system has entropy");
            let document: Pkcs8V1Der<'_> =
                key.as_der().expect("a key that was just made can be written down");
            Secret::new(document.as_ref().to_vec())
        }
    }
}

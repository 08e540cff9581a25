//! What the messages of others carry beside their bytes.

use std::sync::{Arc, Mutex, MutexGuard};

use lapin::message::Delivery;

/// Remembers what the first message carries that is heard of others. Clones remember the same.
#[derive(Clone, Debug, Default)]
pub struct Witness(Arc<Mutex<Option<Carried>>>);

/// What a message of others carries beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The exchange that it was published on.
    pub exchange: Arc<str>,
    /// Its routing key.
    pub routing_key: String,
    /// Its delivery mode; 0 if it has none.
    pub delivery_mode: u8,
}

impl Witness {
    /// Returns what the first message has carried, once one was heard.
    pub fn carried(&self) -> Option<Carried> {
        self.lock().clone()
    }

    pub(super) fn note(&self, exchange: &Arc<str>, delivery: &Delivery) {
        self.lock().get_or_insert_with(|| Carried {
            exchange: Arc::clone(exchange),
            routing_key: delivery.routing_key.to_string(),
            delivery_mode: delivery.properties.delivery_mode().unwrap_or_default(),
        });
    }

    fn lock(&self) -> MutexGuard<'_, Option<Carried>> {
        self.0.lock().expect("nothing panics while it holds this lock")
    }
}

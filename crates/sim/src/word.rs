use althing_dialect::{Dialect, Malformed, Received, Wire};

use crate::fingerprint::Fingerprint;

/// Bytes on a topic, and what they say: read once, however many peers they reach.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    /// Who said it; nobody, if it was a stranger or the broker.
    pub(crate) from: Option<usize>,
    pub(crate) wire: Wire,
    pub(crate) received: Result<Received, Malformed>,
    /// Stands for the bytes in the run's fingerprint.
    pub(crate) fingerprint: u64,
}

impl Word {
    pub(crate) fn read(from: Option<usize>, wire: Wire, dialect: &dyn Dialect) -> Self {
        let received = dialect.decode(&wire.topic, &wire.payload);
        let mut fingerprint = Fingerprint::new();
        fingerprint.bytes(wire.topic.as_bytes());
        fingerprint.bytes(&wire.payload);
        Self { from, wire, received, fingerprint: fingerprint.value() }
    }

    #[cfg(test)]
    pub(crate) fn empty() -> Self {
        let wire = Wire { topic: String::new(), payload: Vec::new() };
        let received = Err(Malformed::TooLong { bytes: 0 });
        Self { from: None, wire, received, fingerprint: 0 }
    }
}

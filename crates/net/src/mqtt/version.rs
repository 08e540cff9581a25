//! Which version of MQTT is spoken with a broker.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Error;

/// The version of MQTT that the next connection speaks: 5, unless the broker does not know it.
///
/// A broker of 3.1.1 answers a CONNECT of MQTT 5 with a refusal, or hangs up without a word
/// (RabbitMQ 3.10). But a broker that knows 5 may hang up as well, for example while it starts. So
/// after a refusal the other version is next; after a silent end both are tried in turn, until one
/// was accepted, which is then kept.
#[derive(Debug, Default)]
pub(super) struct Version {
    is_older: AtomicBool,
    /// Whether a broker has accepted a connection of this version.
    is_known: AtomicBool,
}

impl Version {
    /// Returns whether the next connection speaks 3.1.1.
    pub(super) fn is_older(&self) -> bool {
        self.is_older.load(Ordering::Relaxed)
    }

    /// Notes that the broker has accepted a connection.
    pub(super) fn is_accepted(&self) {
        self.is_known.store(true, Ordering::Relaxed);
    }

    /// Learns from a connection that failed. Returns whether the other version is worth an attempt
    /// at once.
    pub(super) fn is_changed_by(&self, error: &Error) -> bool {
        match error {
            Error::VersionRefused { .. } => {
                // Another broker may have taken the place of the one that was known.
                self.is_known.store(false, Ordering::Relaxed);
                !self.is_older.fetch_xor(true, Ordering::Relaxed)
            }
            Error::HungUp { .. } if !self.is_known.load(Ordering::Relaxed) => {
                !self.is_older.fetch_xor(true, Ordering::Relaxed)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: String = String::new();

    #[test]
    fn the_older_version_is_tried_at_once_and_then_both_in_turn() {
        for error in
            [Error::VersionRefused { address: ADDRESS }, Error::HungUp { address: ADDRESS }]
        {
            let version = Version::default();
            for _ in 0..3 {
                assert!(!version.is_older());
                assert!(version.is_changed_by(&error), "3.1.1 is next, at once");
                assert!(version.is_older());
                assert!(!version.is_changed_by(&error), "both have failed");
            }
        }
    }

    #[test]
    fn a_version_that_was_accepted_is_kept_while_the_broker_restarts() {
        let version = Version::default();
        assert!(version.is_changed_by(&Error::VersionRefused { address: ADDRESS }));
        version.is_accepted();
        for _ in 0..3 {
            assert!(!version.is_changed_by(&Error::HungUp { address: ADDRESS }));
            assert!(version.is_older());
        }
        version.is_changed_by(&Error::VersionRefused { address: ADDRESS });
        assert!(!version.is_older(), "it was replaced by one that knows only 5");
    }
}

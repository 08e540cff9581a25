//! How code in this process follows a peer step by step.

use althing_engine::Engine;

/// Follows the steps of a peer, on the peer's own task: an observer must not wait. One that may be
/// slow subscribes to the events instead, and is told when it has missed some.
pub trait Observer<E: Engine>: Send {
    /// Takes note that `durable` is in the store now, while the peer was searching for `search`.
    fn committed(&mut self, durable: &E::Durable, search: Option<&E::Work>);

    /// Takes note of an event, even if the feed leaves it out because there are too many.
    fn event(&mut self, event: &E::Event);
}

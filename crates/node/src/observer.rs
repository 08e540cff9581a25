//! Those inside of this process who follow a peer step by step.

use althing_engine::Engine;

/// Follows what a peer does, on the peer's own task: nothing here may wait. Whoever may be slow
/// subscribes to the events instead, and is told when it has missed some.
pub trait Observer<E: Engine>: Send {
    /// Takes note that `durable` is on disk now, while the peer was searching for `search`.
    fn committed(&mut self, durable: &E::Durable, search: Option<&E::Work>);

    /// Takes note of an event, also of one that is left out elsewhere because there are too many.
    fn event(&mut self, event: &E::Event);
}

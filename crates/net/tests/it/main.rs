//! Links over real brokers: the embedded one, Mosquitto, and some that misbehave.

mod closing;
mod common;
mod delivery;
mod embedded;
mod failing;
mod fake;
mod memory;
mod oversized;
mod probe;
mod reconnecting;
mod tls;

//! Links over real brokers: the embedded one, Mosquitto, and some that misbehave; endpoints over
//! links.

mod access;
mod closing;
mod common;
mod delivery;
mod embedded;
mod failing;
mod fake;
mod memory;
mod mesh;
mod older;
mod options;
mod over_link;
mod oversized;
mod probe;
mod reconnecting;
mod tls;
mod tracker;
mod udp;

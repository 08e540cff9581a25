//! For tests only: real brokers to run against, and a way to wait for conditions instead of time.
//!
//! A test says what must become true and within which time ([`eventually`]); it never sleeps, so
//! it is as fast as the machine allows, and a slow machine does not make it fail.
//!
//! [`Mosquitto`] is the broker that most people have. It is started on a free port of the loopback
//! device with a configuration of its own, and ends with the value. A machine without it is
//! told how to get it, by an error: a test that skips itself proves nothing. [`Stranger`] is a
//! client that comes with it and knows nothing of ours. [`RabbitMq`] is the same for AMQP; it takes
//! seconds to start, so tests share one where they can. [`Relay`] is between peers that send
//! datagrams, and takes them apart.

mod mosquitto;
mod rabbitmq;
mod relay;
mod server;
mod stranger;
mod wait;

pub use mosquitto::{Mosquitto, Settings};
pub use rabbitmq::RabbitMq;
pub use relay::Relay;
pub use server::StartError;
pub use stranger::{Heard, Stranger};
pub use wait::{DEADLINE, eventually, eventually_blocking};

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// Returns a TCP port of the loopback device on which nothing listens at the moment.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

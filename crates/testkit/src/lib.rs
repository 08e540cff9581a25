//! For tests only: real brokers to run against, and a way to wait for conditions instead of time.
//!
//! A test states which condition must become true ([`eventually`]); it never sleeps for a fixed
//! time. So it is as fast as the machine allows, and a slow machine does not make it fail.
//!
//! [`Mosquitto`] is the most common MQTT broker. It is started on a free port of the loopback
//! interface with its own configuration, and is killed when the value is dropped. On a machine
//! without it, tests fail with an error that says how to install it: a test that skips itself
//! proves nothing. [`Stranger`] is the client that comes with it, independent of our code.
//! [`RabbitMq`] is the same for AMQP; it takes seconds to start, so tests share one where they can.
//! [`Python`] is a CPython, which most published programs are written for.
//! [`Relay`] forwards datagrams between peers, and creates partitions and losses.
//!
//! | file | question |
//! | --- | --- |
//! | `mosquitto` | How is a Mosquitto started, configured and frozen? |
//! | `python` | What does a program in Python make of something? |
//! | `rabbitmq` | How is a RabbitMQ started and stopped? |
//! | `relay` | How is a network of datagrams partitioned? |
//! | `server` | How are a program and free ports found? |
//! | `stranger` | What does a client that is not ours send and receive? |
//! | `wait` | How does a test wait? |

mod mosquitto;
mod python;
mod rabbitmq;
mod relay;
mod server;
mod stranger;
mod wait;

pub use mosquitto::{Mosquitto, Settings};
pub use python::Python;
pub use rabbitmq::RabbitMq;
pub use relay::Relay;
pub use server::StartError;
pub use stranger::{Heard, Stranger};
pub use wait::{DEADLINE, eventually, eventually_blocking};

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::ops::Range;
use std::sync::Mutex;

use rand::RngExt;

/// Where [`free_port`] looks: below the ports that Linux, macOS and Windows give to sockets that
/// ask for any, so that none of those takes a port between its choice and its use.
const PORTS: Range<u16> = 15_000..32_000;

/// Returns a port of the loopback interface on which nothing listens at the moment, over TCP or
/// UDP.
///
/// It is drawn at random, so tests that run at the same time hardly ever get the same one, and no
/// two calls in one process do.
pub fn free_port() -> io::Result<u16> {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().expect("nothing panics while it holds this lock");
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in PORTS {
        let port = rand::rng().random_range(PORTS);
        if given.contains(&port) {
            continue;
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match TcpListener::bind(address).and_then(|_| UdpSocket::bind(address)) {
            Ok(_) => {
                given.insert(port);
                return Ok(port);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

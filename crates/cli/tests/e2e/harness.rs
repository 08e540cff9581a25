//! What the stories are told with: `althing` processes, what they say, and how they end.
//!
//! A [`Network`] starts [`Peer`]s over a broker, each with a directory of its own. What a process
//! says is read all the time; a test waits until it has said what it should ([`Althing`]). When a
//! test fails, the last lines of each of its processes are shown, and all of them are killed.

mod club;
mod committed;
mod foreigner;
mod network;
mod outsider;
mod peer;
mod plain;
mod process;
mod stand_in;
mod udp_program;

pub(crate) use club::{Club, Way, add, embedded_broker, run, runs};
pub(crate) use committed::{Disk, check_together};
pub(crate) use foreigner::Foreigner;
pub(crate) use network::{Network, killed, mosquitto, mosquitto_with, rabbitmq};
pub(crate) use outsider::Outsider;
pub(crate) use peer::{Peer, is, row};
pub(crate) use plain::Programs;
pub(crate) use process::{Althing, Line, command};
pub(crate) use stand_in::{Room, StandIn};
pub(crate) use udp_program::UdpProgram;

//! Programs that know only what the pages of the networks say.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

/// A program on a UDP socket that answers each datagram with one, or not. Ends when it is dropped.
pub(super) struct Stranger {
    socket: UdpSocket,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How often it looks whether it is to end.
const LOOK: Duration = Duration::from_millis(50);

impl Stranger {
    /// Starts one whose answers to the JSON that comes `answer` returns. It is told its own
    /// address first.
    pub(super) fn start<A>(mind: impl FnOnce(SocketAddr) -> A) -> Self
    where
        A: FnMut(&Value) -> Option<Value> + Send + 'static,
    {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("there are ports");
        socket.set_read_timeout(Some(LOOK)).expect("it is a time");
        let mut answer = mind(socket.local_addr().expect("it is bound"));
        let is_over = Arc::<AtomicBool>::default();
        let (ends, ears) = (Arc::clone(&is_over), socket.try_clone().expect("it is a socket"));
        let thread = thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while !ends.load(Ordering::Relaxed) {
                let Ok((length, from)) = ears.recv_from(&mut buffer) else { continue };
                let Ok(heard) = serde_json::from_slice(&buffer[..length]) else { continue };
                if let Some(said) = answer(&heard) {
                    // Whoever asked may be gone.
                    let _ = ears.send_to(said.to_string().as_bytes(), from);
                }
            }
        });
        Self { socket, is_over, thread: Some(thread) }
    }

    /// Returns where it is.
    pub(super) fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("it is bound")
    }

    /// Has it send something by itself.
    pub(super) fn say(&self, to: &str, bytes: &[u8]) {
        self.socket.send_to(bytes, to).expect("it is on this machine");
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of its own is the test's to find.
            let _ = thread.join();
        }
    }
}

/// Returns a program of the course with a chain, as `blocks` of `aviary-chains.json` are written.
/// It says that it has `length` blocks, of which the last has the hash `tip`.
pub(super) fn course_program(blocks: Vec<Value>, length: usize, tip: Value) -> Stranger {
    Stranger::start(move |address| {
        move |heard: &Value| {
            let asked = heard["type"].as_str()?;
            Some(match asked {
                "GOSSIP" => json!({
                    "type": "GOSSIP_REPLY",
                    "host": address.ip().to_string(),
                    "port": address.port(),
                    "name": "a program of the course",
                }),
                "STATS" => json!({
                    "type": "STATS_REPLY",
                    "height": length,
                    "hash": tip,
                }),
                "GET_BLOCK" => {
                    let height = usize::try_from(heard["height"].as_u64()?).ok()?;
                    let mut reply = blocks.get(height).cloned().unwrap_or_else(|| {
                        json!({
                            "hash": null, "height": null, "messages": null, "minedBy": null,
                            "nonce": null, "timestamp": null,
                        })
                    });
                    reply["type"] = "GET_BLOCK_REPLY".into();
                    reply
                }
                _ => return None,
            })
        }
    })
}

/// Returns a chain that was mined in the course, and its difficulty.
pub(super) fn course_chain(name: &str) -> (Vec<Value>, u64) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../ledger/tests/vectors/aviary-chains.json");
    let text = std::fs::read_to_string(path).expect("the vectors are there");
    let vectors: Value = serde_json::from_str(&text).expect("they are JSON");
    let chain = &vectors["chains"][name];
    let blocks = chain["blocks"].as_array().expect("a list").clone();
    (blocks, chain["difficulty"].as_u64().expect("a number"))
}

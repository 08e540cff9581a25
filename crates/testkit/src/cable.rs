//! A way to a server that a test can cut.

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

/// A port of the loopback interface that leads to a server on another one, until it is cut. Ends,
/// with all connections through it, when it is dropped.
#[derive(Debug)]
pub struct Cable {
    port: u16,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

/// What becomes of connections.
#[derive(Debug, Default)]
struct State {
    /// Both ends of each connection.
    open: Vec<TcpStream>,
    is_cut: bool,
    has_ended: bool,
}

impl Cable {
    /// Returns a cable to the server on this port.
    pub fn to(server: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let thread = Some(thread::spawn(move || accept(&listener, server, &shared)));
        Ok(Self { port, state, thread })
    }

    /// Returns the port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts all connections, and ends new ones at once, until [`mend`](Self::mend).
    pub fn cut(&self) {
        let mut state = lock(&self.state);
        state.is_cut = true;
        state.hang_up();
    }

    /// Lets new connections through again.
    pub fn mend(&self) {
        lock(&self.state).is_cut = false;
    }
}

impl State {
    fn hang_up(&mut self) {
        for stream in self.open.drain(..) {
            // It fails if the other side has hung up.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.has_ended = true;
        state.hang_up();
        drop(state);
        // Wakes the thread.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            // One that panicked has ended as well.
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, server: u16, state: &Mutex<State>) {
    loop {
        let accepted = listener.accept();
        let mut state = lock(state);
        if state.has_ended {
            return;
        }
        let Ok((near, _)) = accepted else { continue };
        if state.is_cut {
            continue;
        }
        if let Ok(mut ends) = carry(near, server) {
            state.open.append(&mut ends);
        }
    }
}

/// Carries bytes both ways between a client and the server, until either hangs up. Returns both
/// ends.
fn carry(near: TcpStream, server: u16) -> io::Result<Vec<TcpStream>> {
    let far = TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
    let ends = vec![near.try_clone()?, far.try_clone()?];
    for stream in &ends {
        stream.set_nodelay(true)?;
    }
    let ways = [(near.try_clone()?, far.try_clone()?), (far, near)];
    for (mut from, mut to) in ways {
        thread::spawn(move || {
            // Whatever ends one way ends both.
            let _ = io::copy(&mut from, &mut to);
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        });
    }
    Ok(ends)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("nothing panics while it holds this lock")
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::{DEADLINE, eventually_blocking};

    /// Starts a server that says what it hears.
    fn echo() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("it has one").port();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || {
                    let mut back = stream.try_clone().expect("there are descriptors");
                    let _ = io::copy(&mut &stream, &mut back);
                });
            }
        });
        port
    }

    fn connect(cable: &Cable) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, cable.port())).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("it is no time at all");
        stream
    }

    /// Returns what comes back of a word; nothing if the connection has ended.
    fn say(stream: &mut TcpStream, word: &str) -> String {
        let mut heard = vec![0; word.len()];
        let said = stream.write_all(word.as_bytes()).and_then(|()| stream.read_exact(&mut heard));
        said.map(|()| String::from_utf8_lossy(&heard).into_owned()).unwrap_or_default()
    }

    #[test]
    fn connections_through_it_end_when_it_is_cut_and_new_ones_pass_when_it_is_mended() {
        let cable = Cable::to(echo()).expect("a port is free");
        let mut stream = connect(&cable);
        assert_eq!(say(&mut stream, "hello"), "hello");
        cable.cut();
        assert_eq!(say(&mut stream, "anyone?"), "");
        assert_eq!(say(&mut connect(&cable), "anyone?"), "");
        cable.mend();
        let mut stream = connect(&cable);
        assert_eq!(say(&mut stream, "again"), "again");
        let port = cable.port();
        drop(cable);
        assert_eq!(say(&mut stream, "anyone?"), "");
        eventually_blocking("the port to be free", || {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
        });
    }
}

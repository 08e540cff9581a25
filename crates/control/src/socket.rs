//! The socket at which a peer is asked: a file that belongs to the peer's user alone, and callers
//! that come, wait and hang up as they like without any harm to the peer.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Interest};
use tokio::net::{UnixListener, UnixStream};
use tokio::select;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::path::ShortPath;
use crate::server::Asked;
use crate::{ControlError, Request, SOCKET};

/// The maximum size of a request in bytes.
pub const REQUEST_BYTES_MAX: u64 = 64 * 1024;

/// Time within which a caller must have sent its request, and taken its answer.
pub const REQUEST_TIME: Duration = Duration::from_secs(10);

/// The maximum number of callers at a time; who comes when they are there is told so.
pub const CALLERS_MAX: usize = 128;

/// Time before the next caller is accepted after one could not be, since what is missing then (free
/// descriptors, memory) does not come back at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How often it is checked whether a caller that sends no more still waits for its answer.
const HANG_UP_CHECK: Duration = Duration::from_secs(1);

/// Callers that the operating system keeps until they are accepted.
const BACKLOG: i32 = 128;

/// The peer's end; the socket is removed when it is dropped.
pub struct Control {
    socket: PathBuf,
    task: JoinHandle<()>,
}

impl Control {
    /// Listens in `dir`, whose store this process must have open: no other process can listen
    /// there, so a socket that is already there was left by a process that was killed.
    pub fn listen(dir: &Path, asked: Asked) -> Result<Self, ControlError> {
        let socket = dir.join(SOCKET);
        let failed = |error| ControlError::Socket { socket: socket.clone(), error };
        match fs::remove_file(&socket) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let short = ShortPath::of(dir)?;
        let listener = listener(short.path()).map_err(failed)?;
        let task = tokio::spawn(async move {
            let answer = move |request| {
                let asked = asked.clone();
                async move { asked.answer(request).await }
            };
            serve(listener, answer).await;
        });
        Ok(Self { socket, task })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        // If this fails, the next peer that listens here removes it.
        let _ = fs::remove_file(&self.socket);
    }
}

/// Returns a listener at a socket file that only its owner may connect to, whatever the process's
/// umask: at no moment is it open to others.
fn listener(path: &Path) -> io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // On Linux the file gets the mode of its socket ...
    let socket = File::from(OwnedFd::from(socket));
    socket.set_permissions(Permissions::from_mode(0o600))?;
    let socket = Socket::from(OwnedFd::from(socket));
    socket.bind(&SockAddr::unix(path)?)?;
    // ... and elsewhere its own, while no program can connect yet.
    #[cfg(not(target_os = "linux"))]
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    UnixListener::from_std(OwnedFd::from(socket).into())
}

/// Where callers come from.
trait Reception: Send + 'static {
    /// Waits for the next caller.
    fn accept(&mut self) -> impl Future<Output = io::Result<UnixStream>> + Send;
}

impl Reception for UnixListener {
    async fn accept(&mut self) -> io::Result<UnixStream> {
        Ok(Self::accept(self).await?.0)
    }
}

/// Answers all callers, for ever.
async fn serve<A, F>(mut reception: impl Reception, answer: A)
where
    A: Fn(Request) -> F + Clone + Send + 'static,
    F: Future<Output = Value> + Send + 'static,
{
    let mut callers = JoinSet::new();
    let mut is_failing = false;
    loop {
        let accepted = reception.accept().await;
        while callers.try_join_next().is_some() {}
        match accepted {
            Ok(stream) if callers.len() < CALLERS_MAX => {
                is_failing = false;
                callers.spawn(attend(stream, answer.clone()));
            }
            Ok(stream) => turn_away(&stream),
            Err(error) => {
                // Once, not with each attempt.
                if !std::mem::replace(&mut is_failing, true) {
                    warn!(%error, "a caller at the control socket could not be accepted");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Tells a caller that there are too many, if that can be done without waiting.
fn turn_away(stream: &UnixStream) {
    let told = json!({ "error": format!("{CALLERS_MAX} others wait for an answer already") });
    if let Err(error) = stream.try_write(format!("{told}\n").as_bytes()) {
        debug!(%error, "a caller has not heard that there are too many");
    }
}

/// Hears one request and answers it, unless the caller takes too long or hangs up.
async fn attend<F: Future<Output = Value>>(mut stream: UnixStream, answer: impl Fn(Request) -> F) {
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader.take(REQUEST_BYTES_MAX));
    let mut line = Vec::new();
    let heard = timeout(REQUEST_TIME, reader.read_until(b'\n', &mut line)).await;
    let Ok(Ok(_)) = heard else {
        debug!("a caller at the control socket sends no request");
        return;
    };
    drop(reader);
    let answer = match serde_json::from_slice(&line) {
        Ok(request) => {
            let mut answering = Box::pin(answer(request));
            let caller: &UnixStream = writer.as_ref();
            select! {
                answer = &mut answering => answer,
                () = hung_up(caller) => return,
            }
        }
        Err(error) => json!({ "error": format!("not a request: {error}") }),
    };
    let answer = format!("{answer}\n");
    // A caller that has hung up needs no answer.
    let _ = timeout(REQUEST_TIME, writer.write_all(answer.as_bytes())).await;
}

/// Waits until a caller can take no answer any more. One that only says that it sends no more
/// (`shutdown`, as `nc -N` and `socat` do) still waits for it.
async fn hung_up(caller: &UnixStream) {
    let mut rest = [0; 512];
    loop {
        let Ok(ready) = caller.ready(Interest::READABLE).await else { return };
        if ready.is_read_closed() {
            break;
        }
        // What comes after the request has no meaning.
        match caller.try_read(&mut rest) {
            Ok(0) => break,
            Err(error) if error.kind() != ErrorKind::WouldBlock => return,
            _ => {}
        }
    }
    while let Ok(ready) = caller.ready(Interest::WRITABLE).await
        && !ready.is_write_closed()
    {
        sleep(HANG_UP_CHECK).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::os::unix::fs::MetadataExt;

    use tokio::sync::mpsc;

    use super::*;

    impl Reception for mpsc::UnboundedReceiver<io::Result<UnixStream>> {
        async fn accept(&mut self) -> io::Result<UnixStream> {
            match self.recv().await {
                Some(accepted) => accepted,
                None => pending().await,
            }
        }
    }

    fn pair() -> (UnixStream, UnixStream) {
        UnixStream::pair().expect("two ends")
    }

    async fn ask(caller: &mut UnixStream) {
        caller.write_all(b"{\"request\":\"status\"}\n").await.expect("it is open");
    }

    async fn hear(caller: &mut UnixStream) -> Value {
        let mut said = String::new();
        caller.read_to_string(&mut said).await.expect("it is text");
        serde_json::from_str(&said).expect("it is JSON")
    }

    /// Dropped together with the answer that it belongs to.
    struct Held(#[expect(dead_code, reason = "it is only dropped")] mpsc::UnboundedSender<()>);

    /// Waits until the sender is dropped.
    async fn let_go(mut held: mpsc::UnboundedReceiver<()>) {
        while held.recv().await.is_some() {}
    }

    #[tokio::test(start_paused = true)]
    async fn callers_are_served_also_after_some_could_not_be_accepted() {
        let (come, coming) = mpsc::unbounded_channel();
        for _ in 0..100 {
            // EMFILE: this process has no descriptor left.
            come.send(Err(io::Error::from_raw_os_error(24))).expect("it is served");
        }
        let (mut caller, accepted) = pair();
        come.send(Ok(accepted)).expect("it is served");
        let began = tokio::time::Instant::now();
        let serving = tokio::spawn(serve(coming, |_| ready(json!({ "rows": 7 }))));
        ask(&mut caller).await;
        assert_eq!(hear(&mut caller).await, json!({ "rows": 7 }));
        assert!(began.elapsed() >= 100 * ACCEPT_PAUSE, "it does not try again at once");
        serving.abort();
    }

    #[tokio::test]
    async fn what_is_no_request_gets_an_answer_also_if_it_is_no_text() {
        for nonsense in [&b"\xff\xfe\n"[..], b"{\"request\":\"add\",\"entry\":\"\xc3\"}\n", b"\n"] {
            let (mut caller, accepted) = pair();
            let attended = tokio::spawn(attend(accepted, |_| ready(json!({ "rows": 7 }))));
            caller.write_all(nonsense).await.expect("it is open");
            let answer = hear(&mut caller).await;
            let error = answer["error"].as_str().expect("a reason");
            assert!(error.starts_with("not a request: "), "{error}");
            attended.await.expect("it does not panic");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_hangs_up_costs_nothing_and_who_sends_no_more_still_waits() {
        let (hold, held) = mpsc::unbounded_channel();
        let held_by_answers = hold.downgrade();
        let never = move |_| {
            let held = held_by_answers.upgrade().map(Held);
            async move {
                let _held = held;
                pending().await
            }
        };
        let (mut leaves, accepted) = pair();
        let attended = tokio::spawn(attend(accepted, never));
        ask(&mut leaves).await;
        drop(leaves);
        attended.await.expect("it ends");
        drop(hold);
        let_go(held).await;

        let (mut waits, accepted) = pair();
        tokio::spawn(attend(accepted, |_| async {
            // Longer than it takes to notice who has hung up.
            sleep(10 * HANG_UP_CHECK).await;
            json!({ "rows": 7 })
        }));
        ask(&mut waits).await;
        waits.shutdown().await.expect("it is open");
        assert_eq!(hear(&mut waits).await, json!({ "rows": 7 }));
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_nothing_is_let_go_and_too_many_are_told_so() {
        let (come, coming) = mpsc::unbounded_channel();
        let serving = tokio::spawn(serve(coming, |_| ready(json!({ "rows": 7 }))));
        let mut silent = Vec::new();
        for _ in 0..CALLERS_MAX {
            let (caller, accepted) = pair();
            come.send(Ok(accepted)).expect("it is served");
            silent.push(caller);
        }
        let (mut one_more, accepted) = pair();
        come.send(Ok(accepted)).expect("it is served");
        assert!(hear(&mut one_more).await["error"].is_string());
        for caller in &mut silent {
            assert_eq!(
                caller.read_u8().await.map_err(|error| error.kind()),
                Err(ErrorKind::UnexpectedEof)
            );
        }
        let (mut later, accepted) = pair();
        come.send(Ok(accepted)).expect("it is served");
        ask(&mut later).await;
        assert_eq!(hear(&mut later).await, json!({ "rows": 7 }));
        serving.abort();
    }

    #[tokio::test]
    async fn only_the_owner_may_connect() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(SOCKET);
        // Others may write here, and the usual umask does not protect a socket.
        fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).expect("it is ours");
        let listener = listener(&path).expect("it is free");
        let mode = fs::symlink_metadata(&path).expect("it is there").mode();
        assert_eq!(mode & 0o777, 0o600);
        let connecting = UnixStream::connect(&path);
        let (connected, accepted) = tokio::join!(connecting, listener.accept());
        assert!(connected.is_ok() && accepted.is_ok());
    }
}

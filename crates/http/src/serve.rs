//! How many can ask at a time, and for how long: callers come, wait and hang up as they like
//! without any harm to the peer.

use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use althing_api::{Code, Problem};
use axum::Router;
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::select;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::callers::{CONNECTIONS_OF_ONE_MAX, Caller, Callers};
use crate::patient::Patient;
use crate::request::{REQUEST_TIME, Refused};

/// The maximum number of connections to one address at a time; further ones are told so.
pub const CONNECTIONS_MAX: usize = 512;

/// The maximum size of a request's head in bytes.
pub const HEADER_BYTES_MAX: usize = 16 << 10;

/// Time that callers have to take their answers when the server ends.
const END_TIME: Duration = Duration::from_secs(2);

/// Time before the next caller is accepted after one could not be, since what is missing then (free
/// descriptors, memory) does not come back at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where callers come from.
pub(crate) trait Listener: Send + 'static {
    /// A caller that has just come.
    type Raw: Send + 'static;

    /// The connection to a caller.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Waits for the next caller.
    fn accept(&mut self) -> impl Future<Output = io::Result<Self::Raw>> + Send;

    /// Does what comes before the first request, such as a handshake.
    fn greet(raw: Self::Raw) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Returns where a caller comes from, if it comes from a machine.
    fn caller(raw: &Self::Raw) -> Option<IpAddr>;

    /// Sends some bytes without waiting.
    fn try_send(raw: &Self::Raw, bytes: &[u8]) -> io::Result<usize>;
}

/// A server while it runs. When it is dropped, its callers are cut off.
pub(crate) struct Server {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers all callers, at most so many at a time.
    pub(crate) fn start(listener: impl Listener, router: Router, callers_max: usize) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve(listener, router, callers_max, stopped));
        Self { stop, task }
    }

    /// Accepts no more callers, and waits a moment for those that are there to take their answers.
    pub(crate) async fn end(mut self) {
        self.stop.send_replace(true);
        // It ends by itself, and does not panic.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<L: Listener>(
    mut listener: L,
    router: Router,
    callers_max: usize,
    mut stopped: watch::Receiver<bool>,
) {
    let mut callers = JoinSet::new();
    let all = Callers::default();
    let mut is_failing = false;
    loop {
        let accepted = select! {
            accepted = listener.accept() => accepted,
            () = is_stopped(&mut stopped) => break,
        };
        while callers.try_join_next().is_some() {}
        match accepted {
            Ok(raw) => {
                is_failing = false;
                let caller = match callers.len() < callers_max {
                    true => all.come(L::caller(&raw)).ok_or(CONNECTIONS_OF_ONE_MAX),
                    false => Err(callers_max),
                };
                let caller = match caller {
                    Ok(caller) => caller,
                    Err(others) => {
                        turn_away::<L>(&raw, others);
                        continue;
                    }
                };
                let (router, stopped) = (router.clone(), stopped.clone());
                callers.spawn(async move {
                    match L::greet(raw).await {
                        Ok(stream) => attend(stream, caller, router, stopped).await,
                        Err(error) => debug!(%error, "a caller of the API speaks otherwise"),
                    }
                });
            }
            Err(error) => {
                // Once, not with each attempt.
                if !std::mem::replace(&mut is_failing, true) {
                    warn!(%error, "a caller of the API could not be accepted");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let ended = timeout(END_TIME, async { while callers.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        debug!("callers of the API are cut off, since they take too long");
    }
}

/// Waits until the server is to end.
async fn is_stopped(stopped: &mut watch::Receiver<bool>) {
    // Without the sender the server is gone as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Tells a caller that so many are served already, of all or of those that come from where it does,
/// if that can be done without waiting.
fn turn_away<L: Listener>(raw: &L::Raw, others: usize) {
    let detail = format!("{others} others are served already; try again later");
    let problem = Problem::new(Code::Busy, detail);
    let body = serde_json::to_string(&problem).expect("a problem can be written as JSON");
    let told = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
         content-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    if let Err(error) = L::try_send(raw, told.as_bytes()) {
        debug!(%error, "a caller has not heard that there are too many");
    }
}

/// Answers the requests of one caller, one after the other.
async fn attend(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    caller: Caller,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(REQUEST_TIME).max_buf_size(HEADER_BYTES_MAX);
    let io = TokioIo::new(Patient::new(stream));
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let answer = caller.may_ask(Instant::now()).then(|| service.call(request));
        async move {
            match answer {
                Some(answer) => answer.await,
                None => Ok(Refused(too_many()).into_response()),
            }
        }
    });
    let connection = http.serve_connection(io, service);
    tokio::pin!(connection);
    let outcome = select! {
        outcome = &mut connection => outcome,
        () = is_stopped(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        debug!(%error, "a caller of the API has hung up, or sent what is no request");
    }
}

fn too_many() -> Problem {
    Problem::new(Code::TooMany, "you ask too often; ask less, or a while later")
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::sync::mpsc;
    use tokio::time::Instant;

    use super::*;
    use crate::patient::TAKING_TIME;

    /// A caller, and where it comes from.
    type Came = (Option<IpAddr>, DuplexStream);

    type Coming = mpsc::UnboundedReceiver<io::Result<Came>>;

    /// Connects from an address, or as at a socket file.
    fn connect(
        come: &mpsc::UnboundedSender<io::Result<Came>>,
        from: Option<&str>,
    ) -> DuplexStream {
        let (caller, accepted) = duplex(4096);
        let from = from.map(|from| from.parse().expect("an address"));
        come.send(Ok((from, accepted))).expect("it is served");
        caller
    }

    impl Listener for Coming {
        type Raw = Came;
        type Stream = DuplexStream;

        async fn greet((_, stream): Came) -> io::Result<DuplexStream> {
            Ok(stream)
        }

        fn caller((from, _): &Came) -> Option<IpAddr> {
            *from
        }

        async fn accept(&mut self) -> io::Result<Came> {
            match self.recv().await {
                Some(accepted) => accepted,
                None => pending().await,
            }
        }

        fn try_send(_: &Came, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
    }

    fn rows() -> Router {
        Router::new().route("/rows", axum::routing::get(async || "7"))
    }

    async fn answer(caller: &mut DuplexStream) -> String {
        caller
            .write_all(b"GET /rows HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .expect("it is open");
        let mut said = String::new();
        caller.read_to_string(&mut said).await.expect("it is text");
        said
    }

    #[tokio::test(start_paused = true)]
    async fn callers_are_served_also_after_some_could_not_be_accepted() {
        let (come, coming) = mpsc::unbounded_channel();
        for _ in 0..100 {
            // EMFILE: this process has no descriptor left.
            come.send(Err(io::Error::from_raw_os_error(24))).expect("it is served");
        }
        let mut caller = connect(&come, None);
        let began = Instant::now();
        let server = Server::start(coming, rows(), 1);
        assert!(answer(&mut caller).await.ends_with("\r\n\r\n7"));
        assert!(began.elapsed() >= 100 * ACCEPT_PAUSE, "it does not try again at once");
        server.end().await;
    }

    #[tokio::test(start_paused = true)]
    async fn one_stranger_cannot_take_the_places_of_all() {
        let (come, coming) = mpsc::unbounded_channel();
        let server = Server::start(coming, rows(), 512);
        let mut all: Vec<_> = (0..512).map(|_| connect(&come, Some("192.0.2.1"))).collect();
        let mut other = connect(&come, Some("192.0.2.2"));
        assert!(answer(&mut other).await.ends_with("\r\n\r\n7"));
        // Those past its share were let go, and those within it are answered.
        for mut late in all.split_off(CONNECTIONS_OF_ONE_MAX) {
            let closed = late.read_u8().await.expect_err("nothing is said to it");
            assert_eq!(closed.kind(), io::ErrorKind::UnexpectedEof);
        }
        for caller in &mut all {
            assert!(answer(caller).await.ends_with("\r\n\r\n7"));
        }
        server.end().await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_nothing_is_let_go() {
        let (come, coming) = mpsc::unbounded_channel();
        let _server = Server::start(coming, rows(), 1);
        let mut silent = connect(&come, None);
        let mut said = Vec::new();
        silent.read_to_end(&mut said).await.expect("it is closed");
        let mut later = connect(&come, None);
        assert!(answer(&mut later).await.ends_with("\r\n\r\n7"));
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_cut_off_and_the_rest_of_its_answer_is_never_made() {
        let (making, mut counted) = mpsc::unbounded_channel::<()>();
        let making = std::sync::Mutex::new(Some(making));
        let making = std::sync::Arc::new(making);
        let endless = move || {
            let making = making.lock().expect("no panic").take().expect("it is asked once");
            async move {
                let pieces = futures_util::stream::unfold(making, |making| async move {
                    making.send(()).ok()?;
                    Some((Ok::<_, io::Error>(vec![0_u8; 1024]), making))
                });
                axum::body::Body::from_stream(pieces)
            }
        };
        let router = Router::new().route("/rows", axum::routing::get(endless));
        let (come, coming) = mpsc::unbounded_channel();
        let _server = Server::start(coming, router, 1);
        let mut caller = connect(&come, None);
        caller.write_all(b"GET /rows HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is open");
        let began = Instant::now();
        let mut pieces = 0;
        // It ends when the connection is dropped, and with it the sender.
        while counted.recv().await.is_some() {
            pieces += 1;
        }
        assert!(began.elapsed() >= TAKING_TIME, "a caller has its time");
        assert!(pieces < 2000, "{pieces} KB were made for a caller that takes nothing");
    }
}

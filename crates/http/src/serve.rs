//! How many can ask at a time, and for how long: callers come, wait and hang up as they like
//! without any harm to the peer.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use althing_api::{Code, Problem};
use axum::Router;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::select;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};

use crate::callers::{CONNECTIONS_OF_ONE_MAX, Caller, Callers};
use crate::metrics::Metrics;
use crate::patient::Patient;
use crate::request::{REQUEST_TIME, Refused};
use crate::router::complete;

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
    pub(crate) fn start(
        listener: impl Listener,
        router: Router,
        metrics: Arc<Metrics>,
        callers_max: usize,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve(listener, (router, metrics), callers_max, stopped));
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
    answering: (Router, Arc<Metrics>),
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
                        turn_away::<L>(&raw, others, &answering.1);
                        continue;
                    }
                };
                let (answering, stopped) = (answering.clone(), stopped.clone());
                callers.spawn(async move {
                    match L::greet(raw).await {
                        Ok(stream) => attend(stream, caller, answering, stopped).await,
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
fn turn_away<L: Listener>(raw: &L::Raw, others: usize, metrics: &Metrics) {
    if let Err(error) = L::try_send(raw, busy(others, metrics).as_bytes()) {
        debug!(%error, "a caller has not heard that there are too many");
    }
}

/// Returns the answer to a caller when so many others are served.
fn busy(others: usize, metrics: &Metrics) -> String {
    let detail = format!("{others} others are served already; try again later");
    let problem = Problem::new(Code::Busy, detail);
    let body = serde_json::to_string(&problem).expect("a problem can be written as JSON");
    let mut answer = Refused(problem).into_response();
    complete(&mut answer, metrics);
    let mut text = format!("HTTP/1.1 {}\r\n", answer.status());
    for (name, value) in answer.headers() {
        text += &format!("{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    let length = body.len();
    text += &format!("content-length: {length}\r\nretry-after: 1\r\nconnection: close\r\n\r\n");
    text + &body
}

/// Answers the requests of one caller, one after the other.
async fn attend(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    caller: Caller,
    (router, metrics): (Router, Arc<Metrics>),
    mut stopped: watch::Receiver<bool>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(REQUEST_TIME).max_buf_size(HEADER_BYTES_MAX);
    let io = TokioIo::new(Patient::new(stream));
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let answer = match caller.may_ask(Instant::now().into_std()) {
            true => Ok(service.call(request)),
            false => Err(too_many(&metrics)),
        };
        async move {
            match answer {
                Ok(answer) => answer.await,
                Err(refusal) => Ok(refusal),
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

/// Returns the answer to a request too many.
fn too_many(metrics: &Metrics) -> Response {
    let problem = Problem::new(Code::TooMany, "you ask too often; ask less, or a while later");
    let mut answer = Refused(problem).into_response();
    complete(&mut answer, metrics);
    answer
}

#[cfg(test)]
mod tests;

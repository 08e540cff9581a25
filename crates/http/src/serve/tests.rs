//! Callers that come, wait and hang up as they like.

use std::future::pending;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;

use super::*;
use crate::patient::TAKING_TIME;

/// A caller, and where it comes from.
type Came = (Option<IpAddr>, DuplexStream);

type Coming = mpsc::UnboundedReceiver<io::Result<Came>>;

/// Connects from an address, or as at a socket file.
fn connect(come: &mpsc::UnboundedSender<io::Result<Came>>, from: Option<&str>) -> DuplexStream {
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
    let server = Server::start(coming, rows(), Arc::default(), 1);
    assert!(answer(&mut caller).await.ends_with("\r\n\r\n7"));
    assert!(began.elapsed() >= 100 * ACCEPT_PAUSE, "it does not try again at once");
    server.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_stranger_cannot_take_the_places_of_all() {
    let (come, coming) = mpsc::unbounded_channel();
    let metrics = Arc::new(Metrics::default());
    let server = Server::start(coming, rows(), Arc::clone(&metrics), 512);
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
    let turned_away = format!("{{status=\"503\"}} {}\n", 512 - CONNECTIONS_OF_ONE_MAX);
    assert!(metrics.text().contains(&turned_away), "{}", metrics.text());
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_before_it_is_read_is_counted_and_has_the_headers_of_all() {
    let metrics = Arc::new(Metrics::default());
    let (come, coming) = mpsc::unbounded_channel();
    let _server = Server::start(coming, rows(), Arc::clone(&metrics), 1);
    let caller = connect(&come, Some("192.0.2.1"));
    let (mut answers, mut requests) = tokio::io::split(caller);
    let asking = tokio::spawn(async move {
        for _ in 0..400 {
            requests.write_all(b"GET /rows HTTP/1.1\r\nhost: x\r\n\r\n").await?;
        }
        requests.write_all(b"GET /rows HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await
    });
    let mut said = String::new();
    answers.read_to_string(&mut said).await.expect("it is text");
    asking.await.expect("no panic").expect("all was asked");
    assert_eq!(said.matches("HTTP/1.1 200 OK").count(), 400);
    let last = said.split_once("HTTP/1.1 429 Too Many Requests").expect("one is too many").1;
    for answer in [last, &busy(7, &metrics)] {
        for header in [
            "content-type: application/problem+json",
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'none'; frame-ancestors 'none'",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
        ] {
            assert_eq!(answer.matches(header).count(), 1, "{header}: {answer}");
        }
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{answer}");
        assert!(serde_json::from_str::<Problem>(body).is_ok(), "{body}");
    }
    for line in ["{status=\"429\"} 1", "{status=\"503\"} 1"] {
        assert!(metrics.text().contains(line), "{}", metrics.text());
    }
}

#[tokio::test(start_paused = true)]
async fn who_sends_nothing_is_let_go() {
    let (come, coming) = mpsc::unbounded_channel();
    let _server = Server::start(coming, rows(), Arc::default(), 1);
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
    let making = Arc::new(making);
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
    let _server = Server::start(coming, router, Arc::default(), 1);
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

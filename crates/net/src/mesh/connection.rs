//! One connection of a mesh: the handshake, then frames in both directions.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use althing_types::{Address, Channel, PeerKey};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::select;
use tokio::time::{Instant, timeout};
use tracing::debug;

use super::announcement::Announcement;
use super::book::{Outcome, Source};
use super::frame::{Broken, Farewell, Frame, PIECE_BYTES_MAX, Pieces, put_piece};
use super::handshake::{BadHello, Exchange, HELLO_BYTES_MAX, Hello, Side};
use super::seats::Seat;
use super::shared::Shared;
use super::{DIAL_TIME, HANDSHAKE_TIME, STALL_TIME};
use crate::Arrival;
use crate::accept::keep_alive;
use crate::connect::{ConnectError, connect_any};
use crate::dial::linger;

/// Bytes that are asked for at a time.
const CHUNK_BYTES: usize = 16 * 1024;

/// Frames are put together up to so many bytes before they are sent.
const BATCH_BYTES: usize = 64 * 1024;

/// Lists of addresses that one connection may bring: the first has all, and one comes for each
/// member that starts again.
const LISTS_MAX: usize = 4096;

/// Why a connection has not come about, or has ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("no connection: {0}")]
    Unreachable(String),
    #[error(transparent)]
    Hello(#[from] BadHello),
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("it has not proven that it has its key")]
    NotProven,
    #[error("it says that it is at {}, and not where it was dialed", .0.address)]
    Elsewhere(Box<Announcement>),
    #[error("it has not proven who it is within {HANDSHAKE_TIME:?}")]
    TooSlow,
    #[error("it had to give way to later connections of its host, and had not proven who it is")]
    GaveWay,
    #[error("{}", .0.reason())]
    Ours(Farewell),
    #[error("{}", .0.reason())]
    Theirs(Farewell),
    #[error("there is another connection with {0}")]
    Known(PeerKey),
    #[error("it passes on an address that its owner has not signed")]
    BadAnnouncement,
    #[error("the connection has ended: {0}")]
    Ended(#[from] io::Error),
}

/// Dials an address, and talks to the peer there until the connection ends.
pub(super) async fn dial(shared: Arc<Shared>, address: Address, source: Source) {
    let outcome = match reach(&address).await {
        Err(refusal) => Err(refusal),
        Ok((mut stream, from)) => {
            let mut pieces = Pieces::default();
            let expected = (source != Source::Contact).then_some(&address);
            let shaken = shake_as_dialer(&shared, &mut stream, &mut pieces, expected);
            match timeout(HANDSHAKE_TIME, shaken).await {
                Err(_) => Err(Refusal::TooSlow),
                Ok(Err(refusal)) => Err(refusal),
                Ok(Ok(theirs)) => {
                    let begin = Instant::now();
                    let entered = shared.enter(from, &theirs, true);
                    match entered {
                        Ok(seat) => talk(&shared, stream, from, &theirs.key, seat, pieces).await,
                        Err(reason) => drop(say_farewell(&mut stream, reason).await),
                    }
                    Ok((theirs.key, begin.elapsed()))
                }
            }
        }
    };
    let outcome = match outcome {
        Ok((key, stood)) => Outcome::Met(key, stood),
        Err(Refusal::Known(key)) => Outcome::Met(key, Duration::ZERO),
        Err(Refusal::Theirs(Farewell::Ourselves)) => Outcome::Ourselves,
        Err(Refusal::Elsewhere(theirs)) => {
            debug!(%address, real = %theirs.address, "what answers is elsewhere");
            shared.learn(vec![*theirs]);
            Outcome::Failed
        }
        Err(refusal) => {
            debug!(%address, %refusal, "no connection to a peer");
            shared.state().failure = Some(format!("{address}: {refusal}"));
            Outcome::Failed
        }
    };
    shared.state().book.done(&address, outcome, Instant::now());
    shared.changed.notify_one();
}

/// Talks to a peer that has connected, until the connection ends.
pub(super) async fn accept(shared: Arc<Shared>, mut stream: TcpStream, from: SocketAddr) {
    let (number, stop) = shared.state().lobby.enter(from.ip());
    let mut pieces = Pieces::default();
    let entered = select! {
        shaken = timeout(HANDSHAKE_TIME, shake_as_acceptor(&shared, &mut stream, &mut pieces)) => {
            match shaken {
                Err(_) => Err(Refusal::TooSlow),
                Ok(Err(refusal)) => Err(refusal),
                Ok(Ok(theirs)) => shared
                    .enter(from, &theirs, false)
                    .map(|seat| (seat, theirs.key))
                    .map_err(Refusal::Ours),
            }
        }
        () = stop.notified() => Err(Refusal::GaveWay),
    };
    shared.state().lobby.leave(number);
    match entered {
        Ok((seat, key)) => talk(&shared, stream, from, &key, seat, pieces).await,
        Err(refusal) => {
            let farewell = match &refusal {
                Refusal::Hello(BadHello::OtherNetwork) => Some(Farewell::OtherNetwork),
                Refusal::NotProven => Some(Farewell::NotProven),
                Refusal::Ours(reason) => Some(*reason),
                _ => None,
            };
            if let Some(reason) = farewell {
                // It may not hear it.
                drop(say_farewell(&mut stream, reason).await);
            }
            report(&shared, from, &refusal).await;
        }
    }
}

/// Tells our user of a connection that was refused, unless that is nothing to tell.
async fn report(shared: &Shared, from: SocketAddr, refusal: &Refusal) {
    match refusal {
        Refusal::Unreachable(_)
        | Refusal::Ended(_)
        | Refusal::Theirs(_)
        | Refusal::Ours(Farewell::Doubled | Farewell::Ourselves) => {
            debug!(%from, %refusal, "a connection ended");
        }
        Refusal::Ours(Farewell::Crowded) => {
            let reason = "there are as many observers as this peer takes".to_owned();
            shared.hand_on(Arrival::Refused { from: channel(from), reason }, None).await;
        }
        Refusal::Broken(Broken::TooLong { bytes }) => {
            shared.hand_on(Arrival::Oversized { from: channel(from), bytes: *bytes }, None).await;
        }
        refusal => {
            let reason = refusal.to_string();
            shared.hand_on(Arrival::Refused { from: channel(from), reason }, None).await;
        }
    }
}

fn channel(from: SocketAddr) -> Channel {
    Channel::Address(from.into())
}

async fn reach(address: &Address) -> Result<(TcpStream, SocketAddr), Refusal> {
    let connected = timeout(DIAL_TIME, connect_any(address.host(), address.port())).await;
    let stream = match connected {
        Ok(Ok(stream)) => stream,
        Ok(Err(ConnectError::Unresolved(reason) | ConnectError::Unreachable(reason))) => {
            return Err(Refusal::Unreachable(reason));
        }
        Ok(Err(ConnectError::Refused)) => {
            return Err(Refusal::Unreachable("nothing listens there".to_owned()));
        }
        Err(_) => return Err(Refusal::Unreachable(format!("no answer within {DIAL_TIME:?}"))),
    };
    keep_alive(&stream)?;
    let from = stream.peer_addr()?;
    Ok((stream, from))
}

async fn shake_as_dialer(
    shared: &Shared,
    stream: &mut TcpStream,
    pieces: &mut Pieces,
    expected: Option<&Address>,
) -> Result<Announcement, Refusal> {
    let dialer = shared.hello().encode();
    send_pieces(stream, &[&dialer]).await?;
    let acceptor = next_or_farewell(stream, pieces).await?;
    let theirs = Hello::decode(&acceptor, shared.network())?.announcement;
    let exchange = Exchange { dialer, acceptor };
    let proof = next_piece(stream, pieces, HELLO_BYTES_MAX).await?;
    if !exchange.is_proven(&theirs.key, Side::Acceptor, &proof) {
        return Err(Refusal::NotProven);
    }
    if expected.is_some_and(|expected| *expected != theirs.address) {
        return Err(Refusal::Elsewhere(Box::new(theirs)));
    }
    send_pieces(stream, &[&exchange.prove(&shared.key, Side::Dialer)]).await?;
    // It gives us a place before we give it one, and says so with its first list.
    let first = next_piece(stream, pieces, PIECE_BYTES_MAX).await?;
    match Frame::decode(first.into())? {
        Frame::Addresses(list) => match shared.learn(list) {
            true => Ok(theirs),
            false => Err(Refusal::BadAnnouncement),
        },
        Frame::Farewell(Farewell::Doubled) => Err(Refusal::Known(theirs.key)),
        Frame::Farewell(reason) => Err(Refusal::Theirs(reason)),
        Frame::Message(_) => Err(Broken::NoFrame("a message before its list").into()),
    }
}

async fn shake_as_acceptor(
    shared: &Shared,
    stream: &mut TcpStream,
    pieces: &mut Pieces,
) -> Result<Announcement, Refusal> {
    let dialer = match next_piece(stream, pieces, HELLO_BYTES_MAX).await {
        // What speaks another protocol begins with another length.
        Err(Refusal::Broken(_)) => return Err(BadHello::NoHello.into()),
        piece => piece?,
    };
    let theirs = Hello::decode(&dialer, shared.network())?.announcement;
    let acceptor = shared.hello().encode();
    let exchange = Exchange { dialer, acceptor };
    let proof = exchange.prove(&shared.key, Side::Acceptor);
    send_pieces(stream, &[&exchange.acceptor, &proof]).await?;
    let proof = next_piece(stream, pieces, HELLO_BYTES_MAX).await?;
    match exchange.is_proven(&theirs.key, Side::Dialer, &proof) {
        true => Ok(theirs),
        false => Err(Refusal::NotProven),
    }
}

/// Returns the next piece; an error if it is a farewell instead of a hello.
async fn next_or_farewell(stream: &mut TcpStream, pieces: &mut Pieces) -> Result<Vec<u8>, Refusal> {
    let piece = next_piece(stream, pieces, HELLO_BYTES_MAX).await?;
    match Frame::decode(piece.clone().into()) {
        Ok(Frame::Farewell(reason)) => Err(Refusal::Theirs(reason)),
        _ => Ok(piece),
    }
}

/// Returns the next piece of a handshake.
async fn next_piece(
    stream: &mut TcpStream,
    pieces: &mut Pieces,
    bytes_max: usize,
) -> Result<Vec<u8>, Refusal> {
    loop {
        if let Some(piece) = pieces.next(bytes_max)? {
            return Ok(piece.into());
        }
        pieces.arrived.reserve(CHUNK_BYTES);
        if stream.read_buf(&mut pieces.arrived).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}

async fn send_pieces(stream: &mut TcpStream, bodies: &[&[u8]]) -> io::Result<()> {
    let mut bytes = BytesMut::new();
    bodies.iter().for_each(|body| put_piece(body, &mut bytes));
    stream.write_all(&bytes).await
}

/// Says why the connection is about to be closed.
async fn say_farewell(stream: &mut TcpStream, reason: Farewell) -> io::Result<()> {
    let mut bytes = BytesMut::new();
    Frame::Farewell(reason).encode_into(&mut bytes);
    match timeout(HANDSHAKE_TIME, stream.write_all(&bytes)).await {
        Ok(written) => written,
        Err(_) => Ok(()),
    }
}

/// Sends and receives until the connection ends, and takes note that it has.
async fn talk(
    shared: &Shared,
    mut stream: TcpStream,
    from: SocketAddr,
    key: &PeerKey,
    seat: Seat,
    mut pieces: Pieces,
) {
    let (mut incoming, mut outgoing) = stream.split();
    let end = select! {
        refusal = listen(shared, &mut incoming, from, &seat, &mut pieces) => End::Refused(refusal),
        written = speak(&mut outgoing, &seat) => match written {
            Ok(()) => End::Closed,
            Err(error) => End::Refused(error.into()),
        },
        () = seat.stop.notified() => End::Replaced,
    };
    let is_told = !matches!(end, End::Refused(Refusal::Theirs(Farewell::Doubled)));
    shared.leave(&seat, key, is_told);
    match end {
        End::Closed => linger(stream).await,
        End::Replaced => {
            drop(say_farewell(&mut stream, Farewell::Doubled).await);
            linger(stream).await;
        }
        End::Refused(refusal) => {
            drop(stream);
            report(shared, from, &refusal).await;
        }
    }
    shared.state().talking -= 1;
}

/// Why a connection is over.
enum End {
    /// We have said all and leave.
    Closed,
    /// There is another one with the same peer.
    Replaced,
    Refused(Refusal),
}

/// Hands on what arrives; returns why nothing more does.
async fn listen(
    shared: &Shared,
    incoming: &mut ReadHalf<'_>,
    from: SocketAddr,
    seat: &Seat,
    pieces: &mut Pieces,
) -> Refusal {
    let mut lists = 0;
    loop {
        let piece = match pieces.next(PIECE_BYTES_MAX) {
            Ok(piece) => piece,
            Err(broken) => return broken.into(),
        };
        let Some(piece) = piece else {
            pieces.arrived.reserve(CHUNK_BYTES);
            match incoming.read_buf(&mut pieces.arrived).await {
                Ok(0) => return io::Error::from(io::ErrorKind::UnexpectedEof).into(),
                Ok(_) => continue,
                Err(error) => return error.into(),
            }
        };
        match Frame::decode(piece) {
            Ok(Frame::Message(payload)) => {
                let arrival = Arrival::Received { from: channel(from), payload };
                shared.hand_on(arrival, Some(seat)).await;
            }
            Ok(Frame::Addresses(list)) => {
                lists += 1;
                if lists > LISTS_MAX || !shared.learn(list) {
                    return Refusal::BadAnnouncement;
                }
            }
            Ok(Frame::Farewell(reason)) => return Refusal::Theirs(reason),
            Err(broken) => return broken.into(),
        }
    }
}

/// Sends what waits, until the queue is closed and empty.
async fn speak(outgoing: &mut WriteHalf<'_>, seat: &Seat) -> io::Result<()> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = seat.queue.pop().await {
        frame.encode_into(&mut bytes);
        while bytes.len() < BATCH_BYTES
            && let Some(frame) = seat.queue.try_pop()
        {
            frame.encode_into(&mut bytes);
        }
        while bytes.has_remaining() {
            match timeout(STALL_TIME, outgoing.write_buf(&mut bytes)).await {
                Ok(written) => drop(written?),
                Err(_) => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
    }
    Ok(())
}

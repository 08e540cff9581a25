//! One miner's connection: lines in, lines out.

use std::io;
use std::pin::pin;
use std::time::Duration;

use althing_stratum::{Input, SessionId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::select;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Messages that wait for a miner to read; one with more is dropped.
pub const MESSAGES_MAX: usize = 64;

/// Time in which a message has to be taken.
pub const WRITING_TIME: Duration = Duration::from_secs(10);

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 4096;

/// Serves a connection until the miner ends it, or no more `messages` can come. A miner that sends
/// no more is still sent what it was answered before: some end their side right after their last
/// share.
pub(super) async fn serve(
    stream: TcpStream,
    session: SessionId,
    heard: mpsc::Sender<Input>,
    messages: mpsc::Receiver<String>,
) {
    let (incoming, outgoing) = stream.into_split();
    let mut writing = pin!(write(outgoing, messages));
    let written = select! {
        () = read(incoming, session, &heard) => None,
        written = &mut writing => Some(written),
    };
    let end = match &written {
        Some(Err(error)) if error.kind() == io::ErrorKind::TimedOut => Input::Stuck { session },
        _ => Input::Disconnected { session },
    };
    // The server has stopped when the channel is closed.
    let _ = heard.send(end).await;
    if written.is_none() {
        // The server answers all that it heard before the end, and then there are no more messages.
        let _ = timeout(WRITING_TIME, writing).await;
    }
}

async fn read(mut incoming: OwnedReadHalf, session: SessionId, heard: &mpsc::Sender<Input>) {
    let mut chunk = [0; CHUNK_BYTES];
    while let Ok(length @ 1..) = incoming.read(&mut chunk).await {
        let bytes = chunk[..length].to_vec();
        if heard.send(Input::Received { session, bytes }).await.is_err() {
            break;
        }
    }
}

async fn write(
    mut outgoing: OwnedWriteHalf,
    mut messages: mpsc::Receiver<String>,
) -> io::Result<()> {
    while let Some(message) = messages.recv().await {
        timeout(WRITING_TIME, outgoing.write_all(message.as_bytes())).await??;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn what_is_answered_before_a_half_close_is_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let mut miner = TcpStream::connect(address).await.expect("it listens");
        let (stream, _) = listener.accept().await.expect("it comes");
        let (hear, mut heard) = mpsc::channel(4);
        let (answer, messages) = mpsc::channel(MESSAGES_MAX);
        let serving = tokio::spawn(serve(stream, SessionId(1), hear, messages));
        miner.write_all(b"requests\n").await.expect("it is open");
        miner.shutdown().await.expect("it is open");
        // As the server does: answers to all that was heard, and then the end.
        loop {
            match heard.recv().await.expect("the end comes") {
                Input::Received { bytes, .. } => assert_eq!(bytes, b"requests\n"),
                Input::Disconnected { .. } => break,
                other => panic!("{other:?}"),
            }
        }
        for number in 0..MESSAGES_MAX {
            answer.try_send(format!("{number}\n")).expect("there is room");
        }
        drop(answer);
        let mut said = String::new();
        miner.read_to_string(&mut said).await.expect("it is text");
        assert_eq!(said.lines().count(), MESSAGES_MAX);
        serving.await.expect("it ends");
    }
}

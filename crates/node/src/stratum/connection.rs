//! One miner's connection: lines in, lines out.

use std::io;
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

/// Serves a connection until the miner ends it, or no more `messages` can come.
pub(super) async fn serve(
    stream: TcpStream,
    session: SessionId,
    heard: mpsc::Sender<Input>,
    messages: mpsc::Receiver<String>,
) {
    let (incoming, outgoing) = stream.into_split();
    let end = select! {
        () = read(incoming, session, &heard) => Input::Disconnected { session },
        written = write(outgoing, messages) => match written {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Input::Stuck { session },
            _ => Input::Disconnected { session },
        },
    };
    // The server has stopped when the channel is closed.
    let _ = heard.send(end).await;
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

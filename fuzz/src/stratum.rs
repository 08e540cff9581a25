//! Bytes from a miner, split at any place.

use std::sync::LazyLock;

use althing_ledger::{Coinbase, CompactTarget, Entry, NativeBlock};
use althing_stratum::{Config, Input, LineReader, Output, Server, SessionId, ShareDifficulty};
use althing_types::{BlockHash, Height, Moment};

/// The connection that sends the input.
const SESSION: SessionId = SessionId(1);

/// The minimum size of a piece for the server in bytes, since the cost per piece is paid up to a
/// thousand times.
const PIECE_MIN: usize = 64;

/// Splits the input into lines, or sends it to a server that has work for the miner.
///
/// The first byte is the size of the pieces in which the rest arrives. If it is odd, the input is
/// split into lines; if it is even, it goes to the server, in pieces that are not too small.
///
/// # Panics
///
/// If the result depends on how the stream is split, or if the server goes on serving a dropped
/// connection.
pub fn try_input(input: &[u8]) {
    let Some((piece, stream)) = input.split_first() else { return };
    let piece = usize::from(*piece);
    if piece.is_multiple_of(2) {
        serve(stream, piece.max(PIECE_MIN));
    } else {
        let whole = lines(stream, stream.len().max(1));
        assert_eq!(lines(stream, piece), whole, "it depends on the cuts");
    }
}

/// Returns the lines of a stream. No input is long enough to exceed the limit of a line.
fn lines(stream: &[u8], piece: usize) -> Vec<Vec<u8>> {
    let mut reader = LineReader::default();
    let lines = stream.chunks(piece).map(|bytes| reader.read(bytes).expect("they are short"));
    lines.flatten().collect()
}

fn serve(stream: &[u8], piece: usize) {
    let config = Config {
        share_difficulty: ShareDifficulty::MIN,
        workers_max: 1,
        password: None,
        summary_time: althing_stratum::TICK,
    };
    let now = Moment::START;
    let (mut server, mut out) = (Server::new(now, config), Vec::new());
    server.handle(now, Input::Work(Some(Box::new(BLOCK.clone()))), &mut out);
    let from = ([192, 0, 2, 1], 4000).into();
    server.handle(now, Input::Connected { session: SESSION, from }, &mut out);
    let mut is_over = false;
    for bytes in stream.chunks(piece) {
        out.clear();
        server.handle(now, Input::Received { session: SESSION, bytes: bytes.to_vec() }, &mut out);
        assert!(!is_over || out.is_empty(), "a connection that was ended is answered");
        is_over |= out.iter().any(|output| matches!(output, Output::Close { .. }));
    }
}

/// A block that every second hash solves.
static BLOCK: LazyLock<NativeBlock> = LazyLock::new(|| {
    let coinbase = Coinbase { height: Height::new(1), miner: "ann".into(), extra_nonce: 0 };
    let (parent, bits) =
        (BlockHash::from_bytes([1; 32]), CompactTarget::from_consensus(0x207f_ffff));
    NativeBlock::new(Some(parent), 1_700_000_000, bits, coinbase, [Entry::new(vec![7; 70])].into())
});

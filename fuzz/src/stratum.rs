//! Bytes from a miner, cut anywhere.

use althing_ledger::{CompactTarget, Entry, Imprint, NativeBlock};
use althing_stratum::{
    Config, Input, LineReader, NoRequest, Output, Request, Server, SessionId, ShareDifficulty,
};
use althing_types::{BlockHash, Height, Moment};

/// Who sends the input.
const SESSION: SessionId = SessionId(1);

/// Sends the input, whose first byte says in pieces of how many bytes it comes, to a server with
/// work for the miner.
///
/// # Panics
///
/// If what is read depends on how the stream is cut, or if the server goes on with who is dropped.
pub fn try_input(input: &[u8]) {
    let Some((piece, stream)) = input.split_first() else { return };
    let piece = usize::from(*piece).max(1);
    assert_eq!(read(stream, stream.len().max(1)), read(stream, piece), "it depends on the cuts");
    serve(stream, piece);
}

/// Returns what a stream says. No input is so long that a line could be too long.
fn read(stream: &[u8], piece: usize) -> Vec<Result<Option<Request>, NoRequest>> {
    let mut reader = LineReader::default();
    let lines = stream.chunks(piece).map(|bytes| reader.read(bytes).expect("they are short"));
    lines.flatten().map(|line| Request::parse(&line)).collect()
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
    server.handle(now, Input::Work(Some(Box::new(block()))), &mut out);
    let from = ([192, 0, 2, 1], 4000).into();
    server.handle(now, Input::Connected { session: SESSION, from }, &mut out);
    for bytes in stream.chunks(piece) {
        let is_over = out.iter().any(|output| matches!(output, Output::Close { .. }));
        let done = out.len();
        server.handle(now, Input::Received { session: SESSION, bytes: bytes.to_vec() }, &mut out);
        assert!(!is_over || out.len() == done, "a connection that was ended is answered");
    }
}

/// A block for which every second hash will do.
fn block() -> NativeBlock {
    let imprint = Imprint { height: Height::new(1), miner: "ann".into(), salt: 0 };
    let (parent, bits) =
        (BlockHash::from_bytes([1; 32]), CompactTarget::from_consensus(0x207f_ffff));
    NativeBlock::new(Some(parent), 1_700_000_000, bits, imprint, [Entry::new(vec![7; 70])].into())
}

//! The client's end: how a running peer is asked.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use althing_dialect::{ChainDialect, NetworkConfig, chain_dialect};
use althing_ledger::Block;
use althing_text::hex;
use serde_json::Value;

use crate::path::ShortPath;
use crate::{ControlError, Request, SOCKET};

/// Asks the peer that runs in `dir`, and waits for its answer. It is `None` if no peer runs there.
pub fn ask(dir: &Path, request: &Request) -> Result<Option<Value>, ControlError> {
    let socket = dir.join(SOCKET);
    let failed = |error| ControlError::Socket { socket: socket.clone(), error };
    let short = match ShortPath::of(dir) {
        Ok(short) => short,
        Err(ControlError::NotRunning { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut stream = match UnixStream::connect(short.path()) {
        Ok(stream) => stream,
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    };
    let request = serde_json::to_string(request).expect("a request can be written as JSON");
    writeln!(stream, "{request}").map_err(failed)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).map_err(failed)?;
    let dir = || dir.to_owned();
    if line.is_empty() {
        return Err(ControlError::Left { dir: dir() });
    }
    let answer: Value = serde_json::from_str(&line).map_err(|error| ControlError::Refused {
        dir: dir(),
        reason: format!("its answer is not JSON: {error}"),
    })?;
    match answer.get("error").and_then(Value::as_str) {
        Some(reason) => Err(ControlError::Refused { dir: dir(), reason: reason.to_owned() }),
        None => Ok(Some(answer)),
    }
}

/// Asks the peer that must run in `dir`.
pub fn ask_running(dir: &Path, request: &Request) -> Result<Value, ControlError> {
    ask(dir, request)?.ok_or_else(|| ControlError::NotRunning { dir: dir.to_owned() })
}

/// The blocks of a chain, with the dialect of its network.
pub type KeptChain = (Box<dyn ChainDialect>, Vec<Block>);

/// Asks the peer that runs in `dir` for its chain, all blocks of which are of one moment. It is
/// `None` if no peer runs there.
pub fn blocks(dir: &Path) -> Result<Option<KeptChain>, ControlError> {
    let Some(answer) = ask(dir, &Request::Blocks)? else { return Ok(None) };
    let chain = decoded(&answer).map_err(|reason| ControlError::Refused {
        dir: dir.to_owned(),
        reason: format!("its answer is no chain: {reason}"),
    })?;
    Ok(Some(chain))
}

fn decoded(answer: &Value) -> Result<KeptChain, String> {
    let network = NetworkConfig::from_json(&answer["network"].to_string());
    let network = network.map_err(|error| error.to_string())?;
    let dialect = chain_dialect(&network).ok_or_else(|| format!("{network} has none"))?;
    let decode = |line: &Value| {
        let bytes = line
            .as_str()
            .and_then(|text| hex::decode(text).ok())
            .ok_or("a block is not in hexadecimal")?;
        dialect.decode_block(&bytes).map_err(|error| error.to_string())
    };
    let lines = answer["blocks"].as_array().ok_or("there are no blocks")?;
    let blocks = lines.iter().map(decode).collect::<Result<Vec<_>, String>>()?;
    Ok((dialect, blocks))
}

//! The client's end: how a running peer is asked.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::Value;

use crate::{ControlError, Request, SOCKET};

/// Asks the peer that runs in `dir`, and waits for its answer. It is `None` if no peer runs there.
pub fn ask(dir: &Path, request: &Request) -> Result<Option<Value>, ControlError> {
    let socket = dir.join(SOCKET);
    let failed = |error| ControlError::Socket { socket: socket.clone(), error };
    let mut stream = match UnixStream::connect(&socket) {
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

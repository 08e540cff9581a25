//! What a miner asks for, read from one line of JSON.

use serde::Deserialize;
use serde_json::Value;

use crate::difficulty::ShareDifficulty;
use crate::fault::Fault;

/// A miner's request, with the id that its answer repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The id, as the miner wrote it.
    pub id: Value,
    /// The call, or what is wrong with it.
    pub call: Result<Call, Fault>,
}

/// The methods that a miner can call.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// To be sent work.
    Subscribe,
    /// To have its shares counted under a name.
    Authorize {
        /// The name.
        worker: String,
        /// The password.
        password: String,
    },
    /// To have a share counted.
    Submit(Submission),
    /// To have shares of this difficulty to begin with.
    SuggestDifficulty(ShareDifficulty),
    /// To be told when its first extranonce changes, which it never does.
    ExtranonceSubscribe,
    /// To use extensions of the protocol (BIP 310).
    Configure {
        /// Their names.
        extensions: Vec<String>,
        /// The bits of the version that the miner can roll, or `None` if it does not say it in
        /// eight hexadecimal digits.
        mask: Option<u32>,
    },
}

/// A share, as a miner submits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The worker that found it.
    pub worker: String,
    /// The id of its job.
    pub job: String,
    /// The second half of the extra nonce.
    pub extranonce2: u32,
    /// The time in the header.
    pub time: u32,
    /// The nonce in the header.
    pub nonce: u32,
    /// The bits of the header's version that the miner has chosen, if it says anything about them.
    pub version_bits: Option<u32>,
}

/// The mask of a miner that says nothing of it.
const FULL_MASK: u32 = u32::MAX;

/// The extension with which a miner may change bits of the header's version (BIP 310).
pub(crate) const VERSION_ROLLING: &str = "version-rolling";

/// Its parameter: the bits that a miner can change, and in the answer those that it may.
pub(crate) const VERSION_ROLLING_MASK: &str = "version-rolling.mask";

/// A line that is not a message of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRequest;

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Value,
    method: Option<String>,
    #[serde(default)]
    params: Value,
}

impl Request {
    /// Parses a line, or returns `None` if it is an answer, since we send no requests.
    pub fn parse(line: &[u8]) -> Result<Option<Self>, NoRequest> {
        let Line { id, method, params } = serde_json::from_slice(line).map_err(|_| NoRequest)?;
        // An id that is not a scalar is treated as missing; it would only be repeated.
        if id.is_array() || id.is_object() {
            return Err(NoRequest);
        }
        let Some(method) = method else { return Ok(None) };
        let params = match params {
            Value::Null => Vec::new(),
            Value::Array(params) => params,
            _ => return Err(NoRequest),
        };
        Ok(Some(Self { id, call: call(&method, &params) }))
    }
}

fn call(method: &str, params: &[Value]) -> Result<Call, Fault> {
    let text = |index: usize| params.get(index).and_then(Value::as_str);
    let named = |index: usize| text(index).map(str::to_owned);
    Ok(match method {
        "mining.subscribe" => Call::Subscribe,
        "mining.authorize" => Call::Authorize {
            worker: named(0).ok_or(Fault::Incomplete)?,
            password: named(1).unwrap_or_default(),
        },
        "mining.submit" => {
            let number = |index| text(index).and_then(number).ok_or(Fault::NotFourBytes);
            Call::Submit(Submission {
                worker: named(0).ok_or(Fault::Incomplete)?,
                job: named(1).ok_or(Fault::Incomplete)?,
                extranonce2: number(2)?,
                time: number(3)?,
                nonce: number(4)?,
                version_bits: match params.get(5) {
                    None | Some(Value::Null) => None,
                    Some(_) => Some(number(5)?),
                },
            })
        }
        "mining.suggest_difficulty" => {
            let suggested = params.first().and_then(Value::as_f64).ok_or(Fault::Incomplete)?;
            Call::SuggestDifficulty(ShareDifficulty::of_stratum(suggested))
        }
        "mining.extranonce.subscribe" => Call::ExtranonceSubscribe,
        "mining.configure" => {
            let extensions = params.first().and_then(Value::as_array).ok_or(Fault::Incomplete)?;
            let names = extensions.iter().filter_map(Value::as_str);
            let mask = params.get(1).and_then(|parameters| parameters.get(VERSION_ROLLING_MASK));
            let mask = match mask {
                None => Some(FULL_MASK),
                Some(mask) => mask.as_str().and_then(self::number),
            };
            Call::Configure { extensions: names.map(str::to_owned).collect(), mask }
        }
        _ => return Err(Fault::UnknownMethod),
    })
}

/// Parses eight hexadecimal digits as a big-endian number of four bytes.
fn number(text: &str) -> Option<u32> {
    let is_it = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_it.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(line: &str) -> Result<Call, Fault> {
        let request = Request::parse(line.as_bytes()).expect("it is a request");
        request.expect("it has a method").call
    }

    #[test]
    fn a_share_of_a_stock_miner_is_read() {
        let line = r#"{"method": "mining.submit", "params": ["ann", "1f", "0000002a", "6553f100",
            "DEADBEEF"], "id":4}"#;
        let submission = Submission {
            worker: "ann".to_owned(),
            job: "1f".to_owned(),
            extranonce2: 42,
            time: 1_700_000_000,
            nonce: 0xdead_beef,
            version_bits: None,
        };
        assert_eq!(called(line), Ok(Call::Submit(submission.clone())));
        // ESP-Miner always sends a sixth parameter.
        let six = line.replace("\"DEADBEEF\"", "\"DEADBEEF\", \"00002000\"");
        let submission = Submission { version_bits: Some(0x2000), ..submission };
        assert_eq!(called(&six), Ok(Call::Submit(submission)));
    }

    #[test]
    fn what_is_wrong_with_a_call_is_told() {
        for (line, fault) in [
            (r#"{"id":1,"method":"mining.authorize"}"#, Fault::Incomplete),
            (r#"{"id":1,"method":"mining.submit","params":["a","b","00"]}"#, Fault::NotFourBytes),
            (
                r#"{"id":1,"method":"mining.submit","params":["a","b","+0000000","0","0"]}"#,
                Fault::NotFourBytes,
            ),
            (
                r#"{"id":1,"method":"mining.submit",
                    "params":["a","b","00000000","00000000","00000000",0]}"#,
                Fault::NotFourBytes,
            ),
            (r#"{"id":1,"method":"mining.suggest_difficulty","params":["1"]}"#, Fault::Incomplete),
            (r#"{"id":1,"method":"eth_getWork"}"#, Fault::UnknownMethod),
        ] {
            assert_eq!(called(line), Err(fault), "{line}");
        }
    }

    #[test]
    fn what_is_no_request_is_told_from_an_answer() {
        for line in ["", "[]", "GET / HTTP/1.1", r#"{"id":[],"method":"m"}"#, "\"mining.submit\""] {
            assert_eq!(Request::parse(line.as_bytes()), Err(NoRequest), "{line}");
        }
        let answer = br#"{"id":7,"result":"cpuminer/2.5.1","error":null}"#;
        assert_eq!(Request::parse(answer), Ok(None));
    }
}

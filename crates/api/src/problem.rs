//! How a request is refused: problem details as in RFC 9457, with codes that stay the same.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What identifies the kind of problem: always `about:blank`, since `code` does.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem, in words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What is wrong, and what to do, as a sentence.
    pub detail: String,
    /// The kind of problem, for programs.
    pub code: Code,
}

/// The kind of a problem. A code keeps its meaning; new ones may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request is malformed.
    InvalidRequest,
    /// There is no valid token.
    Unauthorized,
    /// The token does not have the right for this.
    Forbidden,
    /// It comes from a page of another origin, or was sent to a name that is not this machine's.
    ForbiddenOrigin,
    /// There is nothing here.
    NotFound,
    /// The network has nothing of this kind.
    WrongNetwork,
    /// What is here takes other methods.
    MethodNotAllowed,
    /// The request did not come in time.
    Timeout,
    /// It does not fit how things stand.
    Conflict,
    /// What was asked for is there no longer: the peer has left, or keeps it no more.
    Gone,
    /// The request is too large.
    TooLarge,
    /// The request is not JSON, or does not say so.
    UnsupportedMediaType,
    /// It makes no sense.
    Senseless,
    /// There are too many requests.
    TooMany,
    /// This program has made a mistake, or its disk has failed.
    Internal,
    /// Too many others are served.
    Busy,
    /// A code of a later version.
    #[serde(other)]
    Unknown,
}

impl Code {
    /// Returns the status of an answer with this code.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden | Self::ForbiddenOrigin => 403,
            Self::NotFound | Self::WrongNetwork => 404,
            Self::MethodNotAllowed => 405,
            Self::Timeout => 408,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Senseless => 422,
            Self::TooMany => 429,
            Self::Internal | Self::Unknown => 500,
            Self::Busy => 503,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "the request is malformed",
            Self::Unauthorized => "a token is needed",
            Self::Forbidden => "the token does not have this right",
            Self::ForbiddenOrigin => "the request comes from elsewhere",
            Self::NotFound => "there is nothing here",
            Self::WrongNetwork => "the network has nothing of this kind",
            Self::MethodNotAllowed => "this takes other methods",
            Self::Timeout => "the request took too long",
            Self::Conflict => "this does not fit how things stand",
            Self::Gone => "this is there no longer",
            Self::TooLarge => "the request is too large",
            Self::UnsupportedMediaType => "the request is not JSON",
            Self::Senseless => "the request makes no sense",
            Self::TooMany => "there are too many requests",
            Self::Internal | Self::Unknown => "the program has failed",
            Self::Busy => "too many others are served",
        }
    }
}

impl Problem {
    /// Returns the problem of this kind that `detail` explains.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_what_rfc_9457_asks_for_and_has_a_code() {
        let problem = Problem::new(Code::WrongNetwork, "its network has no chain");
        let json = serde_json::to_string(&problem).expect("it is plain data");
        let expected = r#"{"type":"about:blank","title":"the network has nothing of this kind","#
            .to_owned()
            + r#""status":404,"detail":"its network has no chain","code":"wrong_network"}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Problem>(&json).ok(), Some(problem));
    }

    #[test]
    fn a_code_of_a_later_version_is_read() {
        let later: Code = serde_json::from_str("\"teapot\"").expect("any text is a code");
        assert_eq!(later, Code::Unknown);
    }
}

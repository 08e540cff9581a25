//! What has become of an entry that was submitted, and how that is told.

use std::io::Write;

use althing_api::{ClientError, Code, Submitted};
use althing_text::counted;
use althing_text::terminal::{escaped, escaped_json};
use anyhow::bail;
use serde_json::{Value, json};

use crate::output::{OnlyHere, errors};

/// What has become of an entry.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is in a block: committed, for good, where there is a view.
    Added(Submitted),
    /// It can be in no block, or only if it is given in another way.
    Refused { reason: String },
    /// It was given to the peer, who did not say what has become of it.
    Unknown { reason: String },
    /// It was not given to a peer.
    NotSent { reason: String },
    /// No peer is there to be given anything.
    Unreachable { reason: String },
}

impl Outcome {
    /// Returns what the answer of a peer says.
    pub(super) fn of(answer: Result<Submitted, ClientError>) -> Self {
        let error = match answer {
            Ok(added @ Submitted::Added { .. }) => return Self::Added(added),
            Ok(Submitted::Invalid { reason }) => return Self::Refused { reason },
            Ok(Submitted::Doubted { reason }) => {
                let reason = format!("{reason}; see althing chain add --as-written");
                return Self::Refused { reason };
            }
            Ok(Submitted::Overtaken {}) => {
                return Self::Refused { reason: "another peer's block came first".to_owned() };
            }
            Err(error) => error,
        };
        let reason = error.to_string();
        match error {
            ClientError::NotRunning { .. }
            | ClientError::Unreachable { .. }
            | ClientError::NoTrust { .. }
            | ClientError::NoToken
            | ClientError::NoUrl { .. } => Self::Unreachable { reason },
            ClientError::Left { .. } | ClientError::Silent { .. } | ClientError::Foreign { .. } => {
                Self::Unknown { reason }
            }
            ClientError::Refused { problem, .. } => match problem.code {
                Code::Gone | Code::Internal | Code::Timeout | Code::Unknown => {
                    Self::Unknown { reason }
                }
                _ => Self::NotSent { reason },
            },
        }
    }

    /// Returns it as a sentence for people. A peer may have chosen its words.
    fn sentence(&self) -> String {
        match self {
            Self::Added(Submitted::Added { height, view, entry, held, .. }) => {
                let entry = entry.as_deref().map_or_else(String::new, |hash| format!(": {hash}"));
                match view {
                    Some(view) => format!("committed in block {height}, view {view}{entry}"),
                    None if *held => format!("added, in block {height}{entry}"),
                    None => format!(
                        "in block {height}, but only here so far: no other peer is known to have \
                         it{entry}"
                    ),
                }
            }
            Self::Added(_) => "added".to_owned(),
            Self::Refused { reason } => format!("refused: {reason}"),
            Self::Unknown { reason } => format!(
                "not known whether it is committed: {reason}; look for it with althing log before \
                 you submit it again"
            ),
            Self::NotSent { reason } | Self::Unreachable { reason } => {
                format!("not submitted: {reason}")
            }
        }
    }

    /// Returns it for scripts.
    fn json(&self, line: u64) -> Value {
        let failed = |answer: &str, reason: &str| json!({ "answer": answer, "reason": reason });
        let told = match self {
            Self::Added(submitted) => json!(submitted),
            Self::Refused { reason } => failed("refused", reason),
            Self::Unknown { reason } => failed("unknown", reason),
            Self::NotSent { reason } | Self::Unreachable { reason } => failed("not_sent", reason),
        };
        let mut all = json!({ "line": line });
        if let (Value::Object(all), Value::Object(told)) = (&mut all, told) {
            all.extend(told);
        }
        all
    }
}

/// What has become of all entries so far.
#[derive(Debug)]
pub(super) struct Tally {
    as_json: bool,
    /// Whether there is only one, so that no line need be named.
    is_one: bool,
    added: u64,
    only_here: u64,
    failed: u64,
    unknown: u64,
    /// Why no further entries were submitted.
    pub(super) stopped: Option<String>,
}

impl Tally {
    pub(super) fn new(as_json: bool, is_one: bool) -> Self {
        let (added, only_here, failed, unknown) = (0, 0, 0, 0);
        Self { as_json, is_one, added, only_here, failed, unknown, stopped: None }
    }

    /// Tells what has become of an entry: on `out`, and if it failed, to a person elsewhere.
    pub(super) fn tell(
        &mut self,
        line: u64,
        outcome: &Outcome,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let is_good = matches!(outcome, Outcome::Added(_));
        match outcome {
            Outcome::Added(Submitted::Added { held: false, .. }) => self.only_here += 1,
            Outcome::Added(_) => self.added += 1,
            Outcome::Unknown { .. } => self.unknown += 1,
            Outcome::Refused { .. } | Outcome::NotSent { .. } | Outcome::Unreachable { .. } => {
                self.failed += 1;
            }
        }
        if self.as_json {
            let told = outcome.json(line).to_string();
            return Ok(writeln!(out, "{}", escaped_json(&told))?);
        }
        let sentence = outcome.sentence();
        let told = match self.is_one {
            true => escaped(&sentence).into_owned(),
            false => format!("line {line}: {}", escaped(&sentence)),
        };
        // The only one that fails is told once, at the end.
        match (is_good, self.is_one) {
            (true, _) => writeln!(out, "{told}")?,
            (false, true) => self.stopped = Some(sentence),
            (false, false) => errors::write(format!("{told}\n").into_bytes()),
        }
        Ok(())
    }

    /// Fails unless all are committed, or in blocks that others have.
    pub(super) fn verdict(&self) -> anyhow::Result<()> {
        let Self { added, only_here, failed, unknown, .. } = *self;
        let all = counted(added + only_here + failed + unknown, "entry");
        match (failed, unknown) {
            (0, 0) if only_here == 0 => Ok(()),
            (0, 0) => Err(OnlyHere(format!("{only_here} of {all} are only here so far")).into()),
            (failed, 0) => bail!("{failed} of {all} not committed"),
            (failed, unknown) => bail!(
                "{failed} of {all} not committed, and of {unknown} it is not known; look for them \
                 with althing log before you submit them again"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use althing_api::Problem;

    use super::*;

    fn refused(code: Code) -> Outcome {
        let problem = Box::new(Problem::new(code, "so it is"));
        Outcome::of(Err(ClientError::Refused { place: "here".to_owned(), problem }))
    }

    fn added(view: Option<u64>, held: bool) -> Outcome {
        let entry = Some("ab".repeat(32));
        let (height, lost_races, confirmations) = (12, 0, 1);
        Outcome::of(Ok(Submitted::Added { height, lost_races, confirmations, held, view, entry }))
    }

    fn told(tally: &mut Tally, outcome: &Outcome) -> String {
        let mut out = Vec::new();
        tally.tell(3, outcome, &mut out).expect("there is room in memory");
        String::from_utf8(out).expect("it is text")
    }

    #[test]
    fn what_is_committed_is_told_with_the_hash_by_which_it_is_found() {
        let mut tally = Tally::new(false, true);
        let said = told(&mut tally, &added(Some(17), true));
        assert_eq!(said, format!("committed in block 12, view 17: {}\n", "ab".repeat(32)));
        assert!(tally.verdict().is_ok());
        let mut tally = Tally::new(true, false);
        let said: Value =
            serde_json::from_str(&told(&mut tally, &added(Some(17), true))).expect("it is JSON");
        assert_eq!((&said["line"], &said["view"]), (&json!(3), &json!(17)));
        assert_eq!(said["answer"], "added");
    }

    #[test]
    fn a_peer_that_leaves_may_have_had_it_committed_and_one_that_was_not_there_has_not() {
        let left = Outcome::of(Err(ClientError::Left { place: "here".to_owned() }));
        for unknown in [left, refused(Code::Gone), refused(Code::Internal)] {
            let said = unknown.sentence();
            assert!(said.starts_with("not known whether it is committed: "), "{said}");
            assert_eq!(unknown.json(1)["answer"], "unknown");
        }
        let absent = Outcome::of(Err(ClientError::NotRunning { dir: PathBuf::from("ann") }));
        for not_sent in [absent, refused(Code::Busy), refused(Code::WrongNetwork)] {
            assert!(not_sent.sentence().starts_with("not submitted: "), "{not_sent:?}");
            assert_eq!(not_sent.json(1)["answer"], "not_sent");
        }
    }

    #[test]
    fn the_end_says_how_many_are_not_committed() {
        let mut tally = Tally::new(true, false);
        told(&mut tally, &added(Some(1), true));
        told(&mut tally, &Outcome::of(Ok(Submitted::Invalid { reason: "long".to_owned() })));
        let said = tally.verdict().expect_err("one is refused").to_string();
        assert_eq!(said, "1 of 2 entries not committed");
        told(&mut tally, &refused(Code::Gone));
        let said = tally.verdict().expect_err("one is not known").to_string();
        assert!(said.starts_with("1 of 3 entries not committed, and of 1 it is not"), "{said}");
        let mut tally = Tally::new(false, false);
        told(&mut tally, &added(None, false));
        let only_here = tally.verdict().expect_err("it is only here");
        assert!(only_here.is::<OnlyHere>());
    }
}

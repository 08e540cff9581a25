//! A Python that answers questions: what the programs of a network make of something.

use std::cell::RefCell;
use std::env;
use std::fmt::Debug;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use crate::server::{self, StartError, find};

/// A CPython that runs a script of ours, which answers each line with a line. It ends when this is
/// dropped.
#[derive(Debug)]
pub struct Python {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// How many cases are compared, unless `ALTHING_PYTHON_CASES` is another number.
const CASES: u32 = 2000;

/// From which seed they are drawn, unless `ALTHING_PYTHON_SEED` is another one.
const SEED: u64 = 11;

/// The name of the interpreter.
pub(crate) const PYTHON: &str = "python3";

impl Python {
    /// Starts the interpreter with this script.
    pub fn run(script: &str) -> Result<Self, StartError> {
        let mut process = Command::new(find(PYTHON)?)
            .args(["-I", "-u", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let questions = process.stdin.take().expect("it is piped");
        let answers = BufReader::new(process.stdout.take().expect("it is piped"));
        Ok(Self { process, questions, answers })
    }

    /// Checks that `holds` is true for values of `strategy`. It is handed a way to ask the script,
    /// and a value. `cargo xtask soak` tries a million, from a new seed.
    ///
    /// # Panics
    ///
    /// If it does not hold; the message has the seed and the simplest value that was found.
    pub fn compare<S: Strategy>(
        script: &str,
        strategy: &S,
        holds: impl Fn(&mut dyn FnMut(&str) -> String, S::Value) -> Result<(), TestCaseError>,
    ) {
        let seed = setting("ALTHING_PYTHON_SEED").unwrap_or(SEED);
        #[expect(clippy::print_stdout, reason = "it is for the reader of the output of a test")]
        let () = println!("ALTHING_PYTHON_SEED={seed} repeats this");
        let cases = setting("ALTHING_PYTHON_CASES").unwrap_or(CASES);
        // However many cases there are, some drawn values are none that a test takes.
        let (max_local_rejects, max_global_rejects) = (u32::MAX, u32::MAX);
        let failure_persistence = None;
        let config = Config {
            cases,
            failure_persistence,
            max_local_rejects,
            max_global_rejects,
            ..Config::default()
        };
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let python = RefCell::new(Self::run(script).unwrap_or_else(|error| panic!("{error}")));
        let mut runner = TestRunner::new_with_rng(config, rng);
        let outcome = runner
            .run(strategy, |value| holds(&mut |question| python.borrow_mut().ask(question), value));
        outcome.unwrap_or_else(|error| panic!("ALTHING_PYTHON_SEED={seed}: {error}"));
    }

    /// Returns the script's answer to a question, which must be one line.
    ///
    /// # Panics
    ///
    /// If the script has ended: what it writes on its standard error says why.
    pub fn ask(&mut self, question: &str) -> String {
        let asked = writeln!(self.questions, "{question}");
        let mut answer = String::new();
        let answered = asked.and_then(|()| self.answers.read_line(&mut answer));
        match answered {
            Ok(1..) => answer.trim_end().to_owned(),
            failed => panic!("Python has no answer to {question:.200}: {failed:?}"),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        server::kill(&mut self.process);
    }
}

/// Returns the number that a variable of the environment is, if it is there.
fn setting<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    env::var(name).ok().map(|text| text.parse().expect("a number"))
}

//! Whether challenges can be solved, and solutions be judged.

use althing_pow::CandidateTemplate;

use super::{Found, check_placeholders};
use crate::profile::{
    Code, IdKind, InputBytes, JudgedBy, MessageKind, Payload, Profile, Role, SolutionForm,
};

/// Bytes of a solution; the engine takes no longer ones.
const SOLUTION_MAX: usize = althing_types::Seed::LENGTH_MAX;

pub(super) fn check_judging(profile: &Profile, found: &mut Found) {
    let judge = &profile.judge;
    let (needed, by) = match judge.by {
        JudgedBy::Leader => (MessageKind::Result, "leader"),
        JudgedBy::All => (MessageKind::Ballot, "all"),
    };
    if !profile.has(needed) {
        let reason = format!(
            "where judge.by is {by:?} there are such messages; add topics.{} as well",
            needed.name()
        );
        found.say(format!("fields.{}", needed.name()), reason);
    }
    for (key, code) in
        [("judge.result.wrong", judge.result.wrong), ("judge.result.late", judge.result.late)]
    {
        if code == Code::Number(judge.result.ok) {
            found.say(key, format!("{} says that a solution is right", judge.result.ok));
        }
    }
    if profile.puzzle.secret && judge.by == JudgedBy::All {
        let reason =
            "only the leader can tell what solves a challenge then; judge.by is \"leader\"";
        found.say("puzzle.secret", reason);
    }
    let says_solution = profile.fields.has(MessageKind::Result, Role::Solution);
    if profile.puzzle.secret && judge.by == JudgedBy::Leader && !says_solution {
        let reason = "where only the leader can tell what is right, it says so: add a field with \
                      the role \"solution\"";
        found.say("fields.result", reason);
    }
}

pub(super) fn check_puzzle(profile: &Profile, found: &mut Found) {
    let puzzle = &profile.puzzle;
    if puzzle.bytes != InputBytes::Utf8 && puzzle.form != SolutionForm::Int {
        found.say("puzzle.bytes", "what is hashed as a number is one; write type = \"int\"");
    }
    if puzzle.form == SolutionForm::Int && !matches!(puzzle.candidate.as_str(), "{n}" | "random64")
    {
        let reason = "where solutions are numbers it is \"{n}\" or \"random64\"";
        found.say("puzzle.candidate", reason);
    }
    check_candidate(profile, found);
}

fn check_candidate(profile: &Profile, found: &mut Found) {
    let (key, candidate) = ("puzzle.candidate", profile.puzzle.candidate.as_str());
    if candidate == PPD_CANDIDATE {
        return check_slashes(profile, "/", found);
    }
    if candidate == "random64" {
        return;
    }
    if let Some((alphabet, length)) = candidate.rsplit_once('*')
        && !candidate.contains('{')
    {
        match (length.parse::<usize>(), alphabet_size(alphabet)) {
            (_, None) => {
                let reason = format!(
                    "{alphabet:?} is no alphabet; there are {}",
                    ALPHABETS.map(|(name, _)| name).join(", ")
                );
                found.say(key, reason);
            }
            (Ok(length @ 1..=SOLUTION_MAX), Some(letters)) => {
                // Fewer candidates than this may all be wrong.
                const ENOUGH: u32 = 32;
                let enough = (0..length).try_fold(1_u64, |all, _| all.checked_mul(letters));
                if enough.is_some_and(|all| all < 1 << ENOUGH) {
                    let reason = format!("{length} characters of {letters} are too few texts");
                    found.say(key, reason);
                }
            }
            (Ok(length), Some(_)) if length > 0 => {
                found.say(key, format!("a solution has at most {SOLUTION_MAX} bytes"));
            }
            _ => found.say(key, "after the alphabet comes a length, as in \"alnum*10\""),
        }
        if alphabet == PRINTABLE {
            check_slashes(profile, "/", found);
        }
        return;
    }
    let known = ["{tx}", "{id}", "{d}", "{n}", "{rand}"];
    let rest = known.iter().fold(candidate.to_owned(), |text, it| text.replace(it, ""));
    check_placeholders(key, &rest, "{tx}, {id}, {d}, {n} and {rand}", found);
    if !candidate.contains("{n}") && !candidate.contains("{rand}") {
        found.say(key, "all candidates would be the same; they differ by {n} or {rand}");
    }
    // Digits of an id, of a number of 64 bits, and of a challenge.
    let id = if profile.id.kind == IdKind::Uuid { 39 } else { 20 };
    let longest = [("{tx}", 20), ("{id}", id), ("{d}", 3), ("{n}", 20), ("{rand}", 20)]
        .iter()
        .fold(rest.len(), |sum, (place, bytes)| sum + candidate.matches(place).count() * bytes);
    if longest > SOLUTION_MAX {
        let reason = format!(
            "a solution has at most {SOLUTION_MAX} bytes, and this one could have {longest}"
        );
        found.say(key, reason);
    } else if !rest.contains('{')
        && let Err(error) = candidate.parse::<CandidateTemplate>()
    {
        found.say(key, error.to_string());
    }
    check_slashes(profile, &rest, found);
}

/// Says so if solutions with such a text in them would end their field.
fn check_slashes(profile: &Profile, text: &str, found: &mut Found) {
    if profile.wire.payload == Payload::SlashText && text.contains('/') {
        let reason = "a slash ends a field where wire.payload is \"slash-text\"; choose solutions \
                      without one, as \"alnum*10\" has";
        found.say("puzzle.candidate", reason);
    }
}

/// The alphabets of candidates, and how many characters they have.
const ALPHABETS: [(&str, u64); 7] = [
    ("alnum", 62),
    ("letters", 52),
    ("lower", 26),
    ("upper", 26),
    ("digits", 10),
    ("hex", 16),
    (PRINTABLE, 94),
];

/// The alphabet with a slash.
const PRINTABLE: &str = "printable";

/// The texts that the program of `ppd` tries.
pub(crate) const PPD_CANDIDATE: &str = "printable*4..10";

fn alphabet_size(alphabet: &str) -> Option<u64> {
    ALPHABETS.iter().find(|(name, _)| *name == alphabet).map(|(_, size)| *size)
}

//! How values are written as text, where more than one crate must write them the same way.
//!
//! | file | question |
//! | --- | --- |
//! | `python_json` | how does Python's `json.dumps` write a value? |
//! | `python_value` | what does Python's `json.loads` read? |
//! | `look_alike` | which names do people take for one? |
//! | `name` | what may a peer be called? |
//! | `hex` | how are bytes written as hexadecimal digits, and read back? |
//! | `terminal` | how is a stranger's text shown on a terminal? |
//! | `unknown` | which of the names that there are may a wrong one stand for? |
//! | `spreadsheet` | how is a stranger's text written into a cell of CSV? |

pub mod hex;
pub mod look_alike;
mod name;
pub mod python_json;
pub mod python_value;
pub mod spreadsheet;
pub mod terminal;
mod unknown;

pub use self::name::{Name, NotAName};
pub use self::unknown::{Unknown, line_at};

/// Returns how many of something there are: `1 block`, `2 blocks`, `3 entries`.
pub fn counted(number: impl Into<u128>, noun: &str) -> String {
    let number = number.into();
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_something_is_not_several() {
        let shown = [(0_u64, "row"), (1, "block"), (2, "block"), (1, "entry"), (5, "entry")]
            .map(|(number, noun)| counted(number, noun));
        assert_eq!(shown, ["0 rows", "1 block", "2 blocks", "1 entry", "5 entries"]);
    }
}

//! What `althing lead` tells the guard of its command: lines on its standard input.

use std::fmt;
use std::time::Duration;

use althing_types::Moment;

/// One of these lines. Times are those of the boot clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Start the command.
    Start {
        /// The token of its lease.
        token: u64,
        /// When to ask it to end.
        end: Moment,
        /// When to end it.
        kill: Moment,
    },
    /// Let it run for longer.
    Until {
        /// When to ask it to end.
        end: Moment,
        /// When to end it.
        kill: Moment,
    },
    /// Pass on a signal.
    Signal {
        /// Its number.
        number: i32,
    },
    /// End it now.
    Kill,
}

impl Order {
    pub(super) fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let moment =
            |word: &str| Some(Moment::from_start(Duration::from_micros(word.parse().ok()?)));
        Some(match *words.as_slice() {
            ["start", token, end, kill] => {
                Self::Start { token: token.parse().ok()?, end: moment(end)?, kill: moment(kill)? }
            }
            ["until", end, kill] => Self::Until { end: moment(end)?, kill: moment(kill)? },
            ["signal", number] => Self::Signal { number: number.parse().ok()? },
            ["kill"] => Self::Kill,
            _ => return None,
        })
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |moment: &Moment| moment.since_start().as_micros();
        match self {
            Self::Start { token, end, kill } => {
                write!(f, "start {token} {} {}", micros(end), micros(kill))
            }
            Self::Until { end, kill } => write!(f, "until {} {}", micros(end), micros(kill)),
            Self::Signal { number } => write!(f, "signal {number}"),
            Self::Kill => f.write_str("kill"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_it_was_written() {
        let at = |micros| Moment::from_start(Duration::from_micros(micros));
        let orders = [
            Order::Start { token: 7, end: at(1), kill: at(u64::MAX) },
            Order::Until { end: at(0), kill: at(5) },
            Order::Signal { number: 15 },
            Order::Kill,
        ];
        for order in orders {
            assert_eq!(Order::read(&order.to_string()), Some(order));
        }
        for line in ["", "start 7 1", "until 1 x", "kill all"] {
            assert_eq!(Order::read(line), None, "{line:?}");
        }
    }
}

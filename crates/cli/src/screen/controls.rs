//! What the keys do, and what they have done.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What the user asks for with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// Choose the peer with a number, from one on, or none if it is chosen already.
    Choose(usize),
    /// Choose the peer after the chosen one.
    Next,
    /// Choose the peer before the chosen one.
    Previous,
    /// Have a peer stand still, or go on.
    Freeze,
    /// Cut a peer off from all others, or let it back.
    Partition,
    /// Lose some of what a peer sends.
    Lose,
    /// Delay what a peer sends.
    Delay,
    /// Have a peer break the rules, each time in another way.
    Byzantine,
    /// Undo the last fault.
    Undo,
    /// Undo all.
    Mend,
    /// End it.
    Quit,
    /// Stand still, or go on.
    Pause,
    /// Go on until the next thing happens.
    Step,
    /// Kill a peer.
    Kill,
    /// Start those again that were killed.
    Restart,
    /// Twice the speed.
    Faster,
    /// Half the speed.
    Slower,
    /// Show or hide what the keys do.
    Help,
}

/// The kinds of networks, whose keys do not all mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rounds,
    Chain,
    Assembly,
}

/// What the keys have done, as far as it shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Controls {
    /// Seconds of the network's clock in a second; `None` if it goes as fast as it can, and
    /// nothing can be done about that.
    pub(crate) speed: Option<f64>,
    pub(crate) is_paused: bool,
    pub(crate) shows_help: bool,
    /// How many peers were killed and not started again.
    pub(crate) killed: usize,
    /// The number of the peer that is chosen, from one on.
    pub(crate) chosen: Option<usize>,
    /// What the last key has done.
    pub(crate) said: Option<String>,
    /// Whether the keys that break something do so.
    pub(crate) can_break: bool,
}

impl Key {
    /// Each key with its effect, for the help of a network with rounds, with a chain, and of an
    /// assembly.
    const HELP: [(Self, &'static str, [&'static str; 3]); 16] = [
        (Self::Pause, "space", ["pauses, and goes on"; 3]),
        (Self::Step, ".", ["goes on until the next thing happens"; 3]),
        (Self::Faster, "+", ["twice the speed"; 3]),
        (Self::Slower, "-", ["half the speed"; 3]),
        (
            Self::Choose(1),
            "0-9 ←→",
            [
                "chooses a peer; else the leader is meant",
                "chooses a peer; else the last finder is meant",
                "chooses a member; else the leader is meant",
            ],
        ),
        (Self::Kill, "k", ["kills it"; 3]),
        (Self::Restart, "r", ["starts those again that were killed"; 3]),
        (Self::Freeze, "f", ["has it stand still, and go on"; 3]),
        (Self::Partition, "p", ["cuts it off from all others, and lets it back"; 3]),
        (Self::Lose, "l", ["loses 30 % of what it sends"; 3]),
        (Self::Delay, "d", ["delays what it sends by a second"; 3]),
        (Self::Byzantine, "b", ["has it break the rules, each time in another way"; 3]),
        (Self::Undo, "u", ["undoes the last of these faults"; 3]),
        (Self::Mend, "m", ["mends everything"; 3]),
        (Self::Help, "?", ["shows and hides this"; 3]),
        (
            Self::Quit,
            "q",
            [
                "quits, and prints the table",
                "quits, and prints the last blocks",
                "quits, and prints the last blocks",
            ],
        ),
    ];

    /// Returns what a key asks for, if it asks for anything.
    pub(super) fn of(key: KeyEvent) -> Option<Self> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return (key.code == KeyCode::Char('c')).then_some(Self::Quit);
        }
        Some(match key.code {
            KeyCode::Esc | KeyCode::Char('q' | 'Q') => Self::Quit,
            KeyCode::Char(' ') => Self::Pause,
            KeyCode::Char('.') => Self::Step,
            KeyCode::Char('k' | 'K') => Self::Kill,
            KeyCode::Char('r' | 'R') => Self::Restart,
            KeyCode::Char('f' | 'F') => Self::Freeze,
            KeyCode::Char('p' | 'P') => Self::Partition,
            KeyCode::Char('l' | 'L') => Self::Lose,
            KeyCode::Char('d' | 'D') => Self::Delay,
            KeyCode::Char('b' | 'B') => Self::Byzantine,
            KeyCode::Char('u' | 'U') => Self::Undo,
            KeyCode::Char('m' | 'M') => Self::Mend,
            KeyCode::Right | KeyCode::Down => Self::Next,
            KeyCode::Left | KeyCode::Up => Self::Previous,
            // As on the keyboard, where it comes after nine.
            KeyCode::Char('0') => Self::Choose(10),
            KeyCode::Char(digit) if digit.is_ascii_digit() => {
                Self::Choose(usize::try_from(digit.to_digit(10)?).ok()?)
            }
            // The same key on many keyboards, without and with shift.
            KeyCode::Char('+' | '=') => Self::Faster,
            KeyCode::Char('-' | '_') => Self::Slower,
            KeyCode::Char('?' | 'h') => Self::Help,
            _ => return None,
        })
    }

    /// Returns whether it changes the pace, which a network without one does not have.
    pub(crate) fn is_of_pace(self) -> bool {
        matches!(self, Self::Pause | Self::Step | Self::Faster | Self::Slower)
    }

    /// Returns whether it does something without a network of one's own.
    fn is_of_screen(self) -> bool {
        matches!(self, Self::Help | Self::Quit)
    }
}

impl Controls {
    /// Returns the state of the pace in a word or two: `paused`, `2x`.
    pub(super) fn pace(&self) -> Option<String> {
        let speed = self.speed?;
        let speed =
            if speed < 1.0 { format!("1/{:.0}x", 1.0 / speed) } else { format!("{speed:.0}x") };
        Some(if self.is_paused { format!("paused, {speed}") } else { speed })
    }

    /// Returns the keys that do something in this network, and what.
    pub(super) fn help(&self, kind: Kind) -> Vec<(&'static str, &'static str)> {
        let all = Key::HELP.into_iter();
        all.filter(|(key, ..)| self.speed.is_some() || !key.is_of_pace())
            .filter(|(key, ..)| self.can_break || key.is_of_screen())
            .map(|(_, key, [rounds, chain, assembly])| match kind {
                Kind::Rounds => (key, rounds),
                Kind::Chain => (key, chain),
                Kind::Assembly => (key, assembly),
            })
            .collect()
    }

    /// Returns the keys that do something now, at length and in brief; `meant` is the peer that
    /// keys mean where none is chosen, if there is one yet.
    pub(super) fn keys(&self, meant: Option<&str>) -> [String; 3] {
        if !self.can_break {
            return ["q quits  ? helps"; 3].map(str::to_owned);
        }
        let pause = if self.is_paused { "space goes on" } else { "space pauses" };
        let restart = match (self.killed, self.chosen) {
            (1.., _) => "r restarts".to_owned(),
            (0, Some(_)) => "k kills the chosen".to_owned(),
            // Without any that is meant it is the first that runs, and all do.
            (0, None) => format!("k kills {}", meant.unwrap_or("#1")),
        };
        match self.speed {
            Some(_) => [
                format!("q quits  {pause}  . steps  {restart}  +/- speed  ? helps"),
                format!("q quits  {pause}  {restart}  ? helps"),
                "q quits  ? helps".to_owned(),
            ],
            None => [
                format!("q quits  {restart}  ? helps"),
                format!("q quits  {restart}  ? helps"),
                "q quits  ? helps".to_owned(),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: char, modifiers: KeyModifiers) -> Option<Key> {
        Key::of(KeyEvent::new(KeyCode::Char(code), modifiers))
    }

    #[test]
    fn each_key_asks_for_what_the_help_says_and_no_other_for_anything() {
        let asks = [
            (' ', Key::Pause),
            ('.', Key::Step),
            ('+', Key::Faster),
            ('=', Key::Faster),
            ('-', Key::Slower),
            ('k', Key::Kill),
            ('r', Key::Restart),
            ('?', Key::Help),
            ('q', Key::Quit),
        ];
        for (code, asked) in asks {
            assert_eq!(key(code, KeyModifiers::NONE), Some(asked));
        }
        let breaks = [
            ('f', Key::Freeze),
            ('p', Key::Partition),
            ('l', Key::Lose),
            ('d', Key::Delay),
            ('b', Key::Byzantine),
            ('u', Key::Undo),
            ('m', Key::Mend),
            ('1', Key::Choose(1)),
            ('9', Key::Choose(9)),
            ('0', Key::Choose(10)),
        ];
        for (code, asked) in breaks {
            assert_eq!(key(code, KeyModifiers::NONE), Some(asked));
        }
        assert_eq!(key('x', KeyModifiers::NONE), None);
        let arrow = |code| Key::of(KeyEvent::new(code, KeyModifiers::NONE));
        assert_eq!(arrow(KeyCode::Right), Some(Key::Next));
        assert_eq!(arrow(KeyCode::Left), Some(Key::Previous));
        assert_eq!(key('Q', KeyModifiers::SHIFT), Some(Key::Quit));
        assert_eq!(key('c', KeyModifiers::CONTROL), Some(Key::Quit));
        assert_eq!(Key::of(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)), Some(Key::Quit));
        assert_eq!(key('c', KeyModifiers::NONE), None);
        assert_eq!(key('q', KeyModifiers::CONTROL), None);
        assert_eq!(key('k', KeyModifiers::CONTROL), None);
        assert_eq!(Key::of(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)), None);
        let mut release = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
        release.kind = KeyEventKind::Release;
        assert_eq!(Key::of(release), None);
    }

    fn controls(speed: Option<f64>, is_paused: bool) -> Controls {
        Controls {
            speed,
            is_paused,
            shows_help: false,
            killed: 0,
            chosen: None,
            said: None,
            can_break: true,
        }
    }

    #[test]
    fn who_is_killed_is_one_that_there_is() {
        let shown = |controls: Controls, meant| controls.keys(meant)[1].clone();
        let none = controls(Some(1.0), false);
        for (controls, meant, expected) in [
            (none.clone(), None, "  k kills #1  "),
            (none.clone(), Some("the leader"), "  k kills the leader  "),
            (Controls { chosen: Some(3), ..none.clone() }, None, "  k kills the chosen  "),
            (Controls { killed: 1, ..none }, Some("the leader"), "  r restarts  "),
        ] {
            let keys = shown(controls, meant);
            assert!(keys.contains(expected), "{keys}");
        }
    }

    #[test]
    fn the_pace_is_told_in_a_word() {
        assert_eq!(controls(Some(2.0), false).pace().as_deref(), Some("2x"));
        assert_eq!(controls(Some(0.25), false).pace().as_deref(), Some("1/4x"));
        assert_eq!(controls(Some(1.0), true).pace().as_deref(), Some("paused, 1x"));
        assert_eq!(controls(None, false).pace(), None);
    }
}

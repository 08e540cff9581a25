//! What the keys do, and what they have done.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What the user asks for with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// End it.
    Quit,
    /// Stand still, or go on.
    Pause,
    /// Go on until the next thing happens.
    Step,
    /// Kill the leader, or who found the last block.
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

/// What the keys have done, as far as it shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Controls {
    /// Seconds of the network's clock in a second; `None` if it goes as fast as it can, and
    /// nothing can be done about that.
    pub(crate) speed: Option<f64>,
    pub(crate) is_paused: bool,
    pub(crate) shows_help: bool,
    /// How many peers were killed and not started again.
    pub(crate) killed: usize,
}

impl Key {
    /// Each key with its effect, for the help of a network with a leader, or with a chain.
    const HELP: [(Self, &'static str, [&'static str; 2]); 8] = [
        (Self::Pause, "space", ["pauses, and goes on"; 2]),
        (Self::Step, ".", ["goes on until the next thing happens"; 2]),
        (Self::Faster, "+", ["twice the speed"; 2]),
        (Self::Slower, "-", ["half the speed"; 2]),
        (Self::Kill, "k", ["kills the leader", "kills the peer that found the last block"]),
        (Self::Restart, "r", ["starts those again that were killed"; 2]),
        (Self::Help, "?", ["shows and hides this"; 2]),
        (Self::Quit, "q", ["quits, and prints the table", "quits, and prints the last blocks"]),
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
    pub(super) fn help(&self, has_chain: bool) -> Vec<(&'static str, &'static str)> {
        let all = Key::HELP.into_iter();
        all.filter(|(key, ..)| self.speed.is_some() || !key.is_of_pace())
            .map(|(_, key, effects)| (key, effects[usize::from(has_chain)]))
            .collect()
    }

    /// Returns the keys that do something now, at length and in brief.
    pub(super) fn keys(&self, has_chain: bool) -> [String; 3] {
        let pause = if self.is_paused { "space goes on" } else { "space pauses" };
        let restart = match (self.killed, has_chain) {
            (1.., _) => "r restarts",
            (0, false) => "k kills the leader",
            (0, true) => "k kills the last finder",
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

    #[test]
    fn the_pace_is_told_in_a_word() {
        let controls =
            |speed, is_paused| Controls { speed, is_paused, shows_help: false, killed: 0 };
        assert_eq!(controls(Some(2.0), false).pace().as_deref(), Some("2x"));
        assert_eq!(controls(Some(0.25), false).pace().as_deref(), Some("1/4x"));
        assert_eq!(controls(Some(1.0), true).pace().as_deref(), Some("paused, 1x"));
        assert_eq!(controls(None, false).pace(), None);
    }
}

//! What the keys do to the pace of a network, which is the same for all kinds.

use althing_node::Pacing;

use crate::screen::{Controls, Key};

/// What the user at the keys has asked for so far.
pub(super) struct Keys {
    /// The pace of the network, if it has one.
    pacing: Option<&'static Pacing>,
    /// Whether the network stops at the next thing that happens.
    is_stepping: bool,
    shows_help: bool,
    /// The peers that were killed, by their numbers from zero; the first first.
    pub(super) killed: Vec<usize>,
}

impl Keys {
    pub(super) fn new(pacing: Option<&'static Pacing>) -> Self {
        Self { pacing, is_stepping: false, shows_help: false, killed: Vec::new() }
    }

    /// Does what a key asks for, as far as it is about the pace and the screen.
    pub(super) fn press(&mut self, key: Key) {
        if key == Key::Help {
            self.shows_help = !self.shows_help;
        }
        let Some(pacing) = self.pacing.filter(|_| key.is_of_pace()) else { return };
        match key {
            Key::Pause => {
                self.is_stepping = false;
                if pacing.is_paused() { pacing.resume() } else { pacing.pause() }
            }
            Key::Step => {
                self.is_stepping = true;
                pacing.resume();
            }
            Key::Faster => pacing.set_speed(2.0 * pacing.speed()),
            Key::Slower => pacing.set_speed(pacing.speed() / 2.0),
            Key::Quit | Key::Kill | Key::Restart | Key::Help => {}
        }
    }

    /// Notes that something has happened that can be seen.
    pub(super) fn happened(&mut self) {
        if let Some(pacing) = self.pacing.filter(|_| self.is_stepping) {
            self.is_stepping = false;
            pacing.pause();
        }
    }

    /// Lets the network go on, so that its peers can leave.
    pub(super) fn let_go(&self) {
        if let Some(pacing) = self.pacing {
            pacing.resume();
        }
    }

    /// Returns what shows of it.
    pub(super) fn controls(&self) -> Controls {
        Controls {
            speed: self.pacing.map(Pacing::speed),
            is_paused: self.pacing.is_some_and(Pacing::is_paused),
            shows_help: self.shows_help,
            killed: self.killed.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn keys() -> Keys {
        Keys::new(Some(Pacing::start(Duration::ZERO..=Duration::ZERO, 1.0, 1.0)))
    }

    #[test]
    fn the_space_bar_pauses_and_goes_on() {
        let mut keys = keys();
        keys.press(Key::Pause);
        assert!(keys.controls().is_paused);
        keys.press(Key::Pause);
        assert!(!keys.controls().is_paused);
    }

    #[test]
    fn a_step_ends_with_the_next_thing_that_happens() {
        let mut keys = keys();
        keys.press(Key::Pause);
        keys.press(Key::Step);
        assert!(!keys.controls().is_paused);
        keys.happened();
        assert!(keys.controls().is_paused);
        // Once a pause has ended, nothing that happens begins another.
        keys.press(Key::Pause);
        keys.happened();
        assert!(!keys.controls().is_paused);
    }

    #[test]
    fn the_speed_doubles_and_halves_within_its_bounds() {
        let mut keys = keys();
        keys.press(Key::Faster);
        assert_eq!(keys.controls().speed, Some(2.0));
        (0..20).for_each(|_| keys.press(Key::Slower));
        assert_eq!(keys.controls().speed, Some(*Pacing::SPEEDS.start()));
    }

    #[test]
    fn without_a_pace_only_the_help_changes() {
        let mut keys = Keys::new(None);
        for key in [Key::Pause, Key::Step, Key::Faster, Key::Help] {
            keys.press(key);
        }
        let shown = Controls { speed: None, is_paused: false, shows_help: true, killed: 0 };
        assert_eq!(keys.controls(), shown);
    }
}

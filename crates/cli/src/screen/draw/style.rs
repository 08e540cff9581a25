//! The few styles there are. Colours only stress what words or signs say as well.

use ratatui::style::{Color, Modifier, Style};

/// Titles, and what is to be seen first.
pub(super) const TITLE: Style = Style::new().add_modifier(Modifier::BOLD);

/// Names of things, rules, and what is not there.
pub(super) const FAINT: Style = Style::new().add_modifier(Modifier::DIM);

/// What is as it should be.
pub(super) const GOOD: Style = Style::new().fg(Color::Green);

/// For text that matters less.
pub(super) const BAD: Style = Style::new().fg(Color::Red);

/// What deserves a look.
pub(super) const NOTABLE: Style = Style::new().fg(Color::Yellow);

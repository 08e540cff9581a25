//! What the keys do, over everything else.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::controls::{Controls, Kind};
use super::{left, put, right, style};

/// Columns of the keys, and of what they do.
const KEY: u16 = 7;
const EFFECT: u16 = 48;

/// Columns and lines of the frame and the space within.
const FRAME: u16 = 4;

pub(super) fn draw(controls: &Controls, kind: Kind, area: Rect, buffer: &mut Buffer) {
    let keys = controls.help(kind);
    let lines = u16::try_from(keys.len()).expect("a few keys") + 2;
    let (width, height) = ((KEY + 2 + EFFECT + FRAME).min(area.width), lines.min(area.height));
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 2;
    let inner = usize::from(width - 2);
    let line = |row: u16, text: &str| (Rect { x, y: y + row, width, height: 1 }, text.to_owned());
    let mut rows = vec![line(0, &format!("┌{}┐", "─".repeat(inner)))];
    for (row, (key, effect)) in (1..).zip(keys) {
        let text = format!(" {}  {}", right(key, KEY), left(effect, EFFECT));
        rows.push(line(row, &format!("│{}│", left(&text, width - 2))));
    }
    rows.push(line(lines - 1, &format!("└{}┘", "─".repeat(inner))));
    for (place, text) in rows.into_iter().filter(|(place, _)| place.y < area.bottom()) {
        put(&Line::styled(text, style::TITLE), place, buffer);
    }
}

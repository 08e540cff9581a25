//! The lines at the edges: what this is, what it waits for, what was refused.

use althing_board::{Board, TEXT_MAX, harmless};
use althing_types::Moment;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::format::{clip, clock, pace, quantity, seconds};
use super::{put, put_right, style};

pub(super) fn draw(board: &Board, now: Moment, area: Rect, buffer: &mut Buffer) {
    let (up, all) = board.connections();
    let (sign, connected) = match (up, all) {
        (0, _) => (Span::styled("○", style::BAD), "not connected".to_owned()),
        (1, 1) => (Span::styled("●", style::GOOD), "connected".to_owned()),
        _ if up == all => (Span::styled("●", style::GOOD), format!("{up} connected")),
        _ => (Span::styled("◐", style::NOTABLE), format!("{up} of {all} connected")),
    };
    let time = clock(now.since_start());
    let name = Line::from_iter([
        Span::styled("Althing", style::TITLE),
        Span::raw("  "),
        Span::raw(clip(&board.dialect, usize::from(area.width) / 4)),
    ]);
    // What is left for the broker, with two columns between all parts.
    let taken = name.width() + connected.len() + time.len() + 2 * 3 + 2;
    let broker =
        clip(&harmless(&board.broker, TEXT_MAX), usize::from(area.width).saturating_sub(taken));
    put(&name, area, buffer);
    let right = Line::from_iter([
        Span::raw(broker),
        Span::raw("  "),
        sign,
        Span::raw(format!(" {connected}  ")),
        Span::raw(time),
    ]);
    put_right(&right, area, buffer);
}

/// Paints what everybody should know now, if there is anything.
pub(super) fn draw_banner(board: &Board, now: Moment, area: Rect, buffer: &mut Buffer) {
    let Some((text, style)) = banner(board, now) else {
        return;
    };
    let text = clip(&text, area.width.into());
    put(&Line::styled(text, style.patch(style::TITLE)), area, buffer);
}

fn banner(board: &Board, now: Moment) -> Option<(String, Style)> {
    let (up, all) = board.connections();
    if let Some((waiting, since)) = board.waiting {
        let time = clock(now - since);
        return Some((
            format!("{}, for {time}", capitalised(&waiting.to_string())),
            style::NOTABLE,
        ));
    }
    if let Some(finish) = board.finish {
        let mut text = match finish.by_all {
            true => "Finished: all members have all rows".to_owned(),
            false => "Finished: the last row is recorded".to_owned(),
        };
        if let Some(took) = board.took() {
            let rows = board.next.number() as f64;
            let (took, mean) = (took.as_secs_f64(), pace(rows / took.as_secs_f64().max(0.001)));
            text += &format!(", after {}, {mean}", seconds(took));
        }
        return Some((text, style::GOOD));
    }
    if up < all && !board.disconnection.is_empty() {
        let what = if up == 0 { "Not connected" } else { "Not all are connected" };
        return Some((format!("{what}: {}", board.disconnection), style::BAD));
    }
    None
}

pub(super) fn draw_footer(board: &Board, area: Rect, buffer: &mut Buffer) {
    const QUITS: &str = "q quits";
    put(&Line::styled(QUITS, style::FAINT), area, buffer);
    let refused = board.refused();
    if refused == 0 {
        return;
    }
    let mut text = match refused {
        1 => "1 message refused".to_owned(),
        _ if refused < 1_000_000 => format!("{refused} messages refused"),
        _ => format!("{} messages refused", quantity(refused as f64)),
    };
    if !board.refusal.is_empty() {
        text += &format!(", last {}", board.refusal);
    }
    let room = usize::from(area.width) - QUITS.len() - 2;
    put_right(&Line::styled(clip(&text, room), style::NOTABLE), area, buffer);
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

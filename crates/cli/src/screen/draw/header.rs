//! The lines at the edges: what this is, what it waits for, what was refused.

use althing_board::{Board, TEXT_MAX, harmless};
use althing_types::Moment;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::controls::Controls;
use super::super::format::{clip, clock, pace, quantity, seconds};
use super::{fitting, put, put_right, style};

pub(super) fn draw(
    board: &Board,
    controls: &Controls,
    now: Moment,
    area: Rect,
    buffer: &mut Buffer,
) {
    let (up, all) = board.connections();
    let place = harmless(&board.broker, TEXT_MAX);
    draw_line(&board.dialect, &place, (up, all), controls, now, area, buffer);
}

/// Paints the first line: what this is, where its peers meet, how many of them are connected, its
/// pace and its time.
pub(super) fn draw_line(
    name: &str,
    place: &str,
    (up, all): (usize, usize),
    controls: &Controls,
    now: Moment,
    area: Rect,
    buffer: &mut Buffer,
) {
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
        Span::raw(clip(name, usize::from(area.width) / 4)),
    ]);
    let pace = controls.pace().map_or(String::new(), |pace| format!("{pace}  "));
    // What is left for the broker, with two columns between all parts.
    let taken = name.width() + connected.len() + pace.len() + time.len() + 2 * 3 + 2;
    let place = clip(place, usize::from(area.width).saturating_sub(taken));
    put(&name, area, buffer);
    let right = Line::from_iter([
        Span::raw(place),
        Span::raw("  "),
        sign,
        Span::raw(format!(" {connected}  ")),
        Span::styled(pace, if controls.is_paused { style::NOTABLE } else { style::FAINT }),
        Span::raw(time),
    ]);
    put_right(&right, area, buffer);
}

/// Paints what everybody should know now, if there is anything.
pub(super) fn draw_banner(board: &Board, now: Moment, area: Rect, buffer: &mut Buffer) {
    let width = area.width.into();
    let Some((text, style)) = banner(board, now, width) else {
        return;
    };
    let text = clip(&text, area.width.into());
    put(&Line::styled(text, style.patch(style::TITLE)), area, buffer);
}

fn banner(board: &Board, now: Moment, width: usize) -> Option<(String, Style)> {
    let (up, all) = board.connections();
    if let Some((waiting, since)) = &board.waiting {
        let time = clock(now - *since);
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
    let leader = board.leader.and_then(|leader| board.peers.get(leader.peer));
    if let Some(leader) = leader.filter(|leader| leader.is_down) {
        let texts = [
            format!("#{} was killed: the others miss it, and will draw for another", leader.number),
            format!("#{} was killed: the others miss it", leader.number),
        ];
        return Some((fitting(texts, width), style::NOTABLE));
    }
    if let Some(sentence) = board.broken.sentence() {
        return Some((sentence, style::NOTABLE));
    }
    board.why_leader().map(|texts| (fitting(texts, width), Style::new()))
}

/// Paints what the last key has done, instead of the keys.
pub(super) fn draw_said(said: &str, area: Rect, buffer: &mut Buffer) {
    let text = clip(&harmless(said, TEXT_MAX), area.width.into());
    put(&Line::styled(text, style::TITLE), area, buffer);
}

pub(super) fn draw_footer(board: &Board, controls: &Controls, area: Rect, buffer: &mut Buffer) {
    if let Some(said) = &controls.said {
        return draw_said(said, area, buffer);
    }
    let width = usize::from(area.width);
    let [long, middle, short] = controls.keys(board.leader.map(|_| "the leader"));
    // The keys can be asked for, and what was refused cannot.
    let keys = if board.refused() == 0 { fitting([long, middle, short], width) } else { short };
    put(&Line::styled(keys.as_str(), style::FAINT), area, buffer);
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
    let room = width - keys.len() - 2;
    put_right(&Line::styled(clip(&text, room), style::NOTABLE), area, buffer);
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

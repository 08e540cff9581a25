//! Paints a board: a header, the peers beside the round, the table below them, and a footer; or the
//! same with blocks, or with the members of an assembly.
//!
//! Each part has its place, which depends only on the size of the terminal and the number of peers,
//! so that nothing jumps while things happen.
//!
//! | file | question |
//! | --- | --- |
//! | `assembly` | how is an assembly shown? |
//! | `chain` | how is a network with a chain shown? |
//! | `header` | what is at the top? |
//! | `help` | how are the keys explained? |
//! | `peers` | how are the peers listed? |
//! | `round` | how is the open round shown? |
//! | `style` | which colours mean what? |
//! | `table` | how are the last rows shown? |

mod assembly;
mod chain;
mod header;
mod help;
mod peers;
mod round;
mod style;
mod table;

use althing_board::{AssemblyBoard, Board, ChainBoard};
use althing_types::Moment;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::controls::{Controls, Kind};
use super::format::clip;

/// The smallest terminal in which everything has its place.
const WIDTH_MIN: u16 = 72;
const HEIGHT_MIN: u16 = 18;

/// Columns that stay empty at both sides.
const MARGIN: u16 = 1;

/// Columns between two parts.
const GAP: u16 = 2;

/// The areas of the screen, which do not overlap.
#[derive(Clone, Copy, Debug)]
struct Places {
    header: Rect,
    banner: Rect,
    peers: Rect,
    round: Rect,
    table: Rect,
    footer: Rect,
}

/// What there is to paint.
#[derive(Clone, Copy)]
pub(crate) enum Shown<'a> {
    /// A network with rounds.
    Rounds(&'a Board),
    /// A network with a chain.
    Chain(&'a ChainBoard),
    /// An assembly.
    Assembly(&'a AssemblyBoard),
}

/// Paints a board as it is at the moment `now`.
pub(crate) fn draw(board: Shown<'_>, controls: &Controls, now: Moment, frame: &mut Frame) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < WIDTH_MIN || area.height < HEIGHT_MIN {
        return refuse(area, buffer);
    }
    let kind = match board {
        Shown::Rounds(_) => Kind::Rounds,
        Shown::Chain(_) => Kind::Chain,
        Shown::Assembly(_) => Kind::Assembly,
    };
    match board {
        Shown::Rounds(board) => draw_rounds(board, controls, now, area, buffer),
        Shown::Chain(board) => {
            let places = Places::new(area, board.peers().len(), false);
            chain::draw(board, controls, now, &places, buffer);
        }
        Shown::Assembly(board) => {
            let places = Places::new(area, board.members.iter().len(), false);
            assembly::draw(board, controls, now, &places, buffer);
        }
    }
    if controls.shows_help {
        help::draw(controls, kind, area, buffer);
    }
}

fn draw_rounds(board: &Board, controls: &Controls, now: Moment, area: Rect, buffer: &mut Buffer) {
    let places = Places::new(area, board.members.max(board.peers.iter().len()), board.has_names());
    let round = board.shown_round(now);
    header::draw(board, controls, now, places.header, buffer);
    header::draw_banner(board, now, places.banner, buffer);
    peers::draw(board, round, controls.chosen, places.peers, buffer);
    round::draw(board, round, now, places.round, buffer);
    table::draw(board, now, places.table, buffer);
    header::draw_footer(board, controls, places.footer, buffer);
}

impl Places {
    fn new(area: Rect, peers: usize, has_names: bool) -> Self {
        let width = area.width - 2 * MARGIN;
        let row = |y, height| Rect { x: area.x + MARGIN, y: area.y + y, width, height };
        // The header, the banner and the footer have a line each; so has the gap above the table.
        let height = area.height - 4;
        let table_min = (height / 3).max(table::HEIGHT_MIN);
        let middle_max = (height - table_min).max(round::HEIGHT_MIN);
        let middle_height = peers::height(peers).clamp(round::HEIGHT_MIN, middle_max);
        let middle = row(2, middle_height);
        let peers_max = width - GAP - round::WIDTH_MIN;
        let peers_width = peers::width(peers, middle_height, peers_max, has_names);
        Self {
            header: row(0, 1),
            banner: row(1, 1),
            peers: Rect { width: peers_width, ..middle },
            round: Rect {
                x: middle.x + peers_width + GAP,
                width: width - peers_width - GAP,
                ..middle
            },
            table: row(3 + middle_height, height - middle_height),
            footer: row(area.height - 1, 1),
        }
    }
}

/// Says that the terminal is too small, as far as even that fits.
fn refuse(area: Rect, buffer: &mut Buffer) {
    let lines = [
        format!("{}x{} is too small:", area.width, area.height),
        "please make this".to_owned(),
        format!("{WIDTH_MIN}x{HEIGHT_MIN} or more."),
        "q quits".to_owned(),
    ];
    for (row, text) in area.rows().zip(lines) {
        put(&Line::raw(clip(&text, row.width.into())), row, buffer);
    }
}

/// Paints a title with a thin rule behind it, and returns the lines that are left below.
fn title(left: Line, right: Line, area: Rect, buffer: &mut Buffer) -> Rect {
    let rule = "─".repeat(area.width.into());
    buffer.set_stringn(area.x, area.y, rule, area.width.into(), style::FAINT);
    let mut left = left.patch_style(style::TITLE);
    left.push_span(" ");
    put(&left, area, buffer);
    if right.width() > 0 {
        let mut spaced = Line::raw(" ");
        spaced.spans.extend(right.spans);
        put_right(&spaced, area, buffer);
    }
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

/// Returns the first of some texts that fits into `width` columns, or else the last.
fn fitting<const COUNT: usize>(texts: [String; COUNT], width: usize) -> String {
    let mut texts = texts.into_iter().peekable();
    while let Some(text) = texts.next() {
        if Span::raw(&text).width() <= width || texts.peek().is_none() {
            return text;
        }
    }
    String::new()
}

/// Paints `line` into the first line of `area`.
fn put(line: &Line, area: Rect, buffer: &mut Buffer) {
    if area.height > 0 {
        buffer.set_line(area.x, area.y, line, area.width);
    }
}

/// Paints `line` at the right end of the first line of `area`.
fn put_right(line: &Line, area: Rect, buffer: &mut Buffer) {
    let width = u16::try_from(line.width()).unwrap_or(u16::MAX).min(area.width);
    put(line, Rect { x: area.right() - width, width, ..area }, buffer);
}

/// Returns `text` at the right end of `width` columns, or as much of it as fits.
fn right(text: &str, width: u16) -> String {
    let width = usize::from(width);
    let text = clip(text, width);
    let blank = width.saturating_sub(Span::raw(&text).width());
    format!("{}{text}", " ".repeat(blank))
}

/// Returns `text` at the left end of `width` columns, or as much of it as fits.
fn left(text: &str, width: u16) -> String {
    let width = usize::from(width);
    let text = clip(text, width);
    let blank = width.saturating_sub(Span::raw(&text).width());
    format!("{text}{}", " ".repeat(blank))
}

/// Returns a bar of `width` columns of which `part` of `whole` are filled.
fn bar(part: u128, whole: u128, width: u16, style: Style) -> Span<'static> {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = u128::from(width) * 8 * part.min(whole) / whole.max(1);
    let filled = usize::try_from(eighths / 8).expect("at most the width");
    let rest = usize::try_from(eighths % 8).expect("less than eight");
    Span::styled(format!("{}{}", "█".repeat(filled), EIGHTHS[rest]), style)
}

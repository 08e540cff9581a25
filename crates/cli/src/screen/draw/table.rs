//! The last rows of the table. It grows downwards, and scrolls when there is no more room.

use althing_board::{Board, Row, TEXT_MAX, harmless, short_id};
use althing_types::Moment;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::format::{UNKNOWN, pace};
use super::{bar, left, put, right, style, title};

/// Lines of the title, the headings and two rows.
pub(super) const HEIGHT_MIN: u16 = 4;

const TRANSACTION: u16 = 11;
const CHALLENGE: u16 = 9;
const SEED_MAX: u16 = 44;
const WINNER: u16 = 12;
const YES: u16 = 3;
const NO: u16 = 3;
const TIME: u16 = 8;
const BAR_MAX: u16 = 40;

/// Columns of all but the seed and the bar, with the spaces between them.
const FIXED: u16 = TRANSACTION + CHALLENGE + WINNER + YES + NO + TIME + 6 * SPACE;
const SPACE: u16 = 2;

/// Widths of the columns that take what the terminal gives.
#[derive(Clone, Copy, Debug)]
struct Widths {
    seed: u16,
    bar: u16,
}

pub(super) fn draw(board: &Board, now: Moment, area: Rect, buffer: &mut Buffer) {
    // In the end the banner tells the mean of all rounds.
    let current = board.pace(now).filter(|_| board.finish.is_none());
    let pace = current.map_or(String::new(), pace);
    let rows = title(Line::raw(heading(board)), Line::raw(pace), area, buffer);
    let widths = Widths::of(area.width);
    put(&column_names(widths), rows, buffer);
    let room = usize::from(rows.height - 1);
    let shown = board.rows.len().min(room);
    let rows_shown = || board.rows.iter().skip(board.rows.len() - shown);
    let slowest = rows_shown().filter_map(|row| row.took).max().unwrap_or_default();
    for (place, row) in rows.rows().skip(1).zip(rows_shown()) {
        let mut line = row_line(board, row, widths);
        if let Some(took) = row.took.filter(|_| widths.bar > 0) {
            line.push_span("  ");
            let (part, whole) = (took.as_micros(), slowest.as_micros());
            line.push_span(bar(part, whole, widths.bar, style::FAINT));
        }
        put(&line, place, buffer);
    }
}

impl Widths {
    /// The seed comes first, then a bar of the time if there is room for one that tells something.
    fn of(width: u16) -> Self {
        const BAR_MIN: u16 = 10;
        const SEED_PLAIN: u16 = 20;
        let free = width - FIXED;
        let spare = free.saturating_sub(SEED_PLAIN + SPACE);
        if spare < BAR_MIN {
            return Self { seed: free.min(SEED_MAX), bar: 0 };
        }
        let bar = spare.min(BAR_MAX);
        Self { seed: (free - bar - SPACE).min(SEED_MAX), bar }
    }
}

fn heading(board: &Board) -> String {
    let rows = board.next.number();
    match (board.rounds, rows) {
        (Some(rounds), _) => format!("Table: {rows} of {rounds} rows"),
        (None, 1) => "Table: 1 row".to_owned(),
        (None, _) => format!("Table: {rows} rows"),
    }
}

fn column_names(widths: Widths) -> Line<'static> {
    let cells = [
        right("transaction", TRANSACTION),
        right("challenge", CHALLENGE),
        left("seed", widths.seed),
        left("winner", WINNER),
        right("yes", YES),
        right("no", NO),
        right("ms", TIME),
    ];
    Line::styled(cells.join("  "), style::FAINT)
}

fn row_line(board: &Board, row: &Row, widths: Widths) -> Line<'static> {
    let winner = match board.peers.get(row.winner) {
        Some(peer) => format!("{} {}", right(&format!("#{}", peer.number), 4), short_id(peer.id)),
        None => format!("     {}", short_id(row.winner)),
    };
    let time = match row.took {
        Some(took) => format!("{:.0}", took.as_secs_f64() * 1000.0),
        None => UNKNOWN.to_owned(),
    };
    let no = Span::raw(right(&row.no.to_string(), NO));
    Line::from_iter([
        Span::raw(right(&row.transaction.to_string(), TRANSACTION)),
        Span::raw("  "),
        Span::raw(right(&format!("{} bits", row.difficulty), CHALLENGE)),
        Span::raw("  "),
        Span::raw(left(&harmless(row.seed.as_str(), TEXT_MAX), widths.seed)),
        Span::raw("  "),
        Span::raw(left(&winner, WINNER)),
        Span::raw("  "),
        Span::raw(right(&row.yes.to_string(), YES)),
        Span::raw("  "),
        if row.no > 0 { no.style(style::BAD) } else { no },
        Span::raw("  "),
        Span::raw(right(&time, TIME)),
    ])
}

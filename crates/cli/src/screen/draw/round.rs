//! The round: who leads, what is asked for, what was found, and the votes on it.

use althing_board::{Board, Decides, Phase, Round, TEXT_MAX, harmless};
use althing_types::Moment;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::format::{UNKNOWN, clip, clock, hash_rate, quantity, seconds};
use super::{fitting, put, style, title};

/// Lines that the round takes.
pub(super) const HEIGHT_MIN: u16 = 9;

/// Columns below which texts would be cut.
pub(super) const WIDTH_MIN: u16 = 28;

/// Columns of the names at the left.
const LABEL: u16 = 10;

/// Columns of the votes' bar.
const BAR_MAX: u16 = 40;

pub(super) fn draw(
    board: &Board,
    round: Option<&Round>,
    now: Moment,
    area: Rect,
    buffer: &mut Buffer,
) {
    let lines = title(Line::raw(heading(board, round)), Line::default(), area, buffer);
    let values = [
        ("leader", leader(board, lines.width - LABEL)),
        ("challenge", challenge(round, lines.width - LABEL)),
        ("time", time(board, round, now)),
        ("hash rate", Line::raw(hash_rate(board.hash_rates.total()))),
        ("solution", solution(board, round, lines.width - LABEL)),
        ("", more_solutions(board, round)),
        ("votes", votes_bar(board, round, lines.width - LABEL)),
        ("", votes(board, round, lines.width - LABEL)),
    ];
    let shown = values.len();
    for (row, (label, value)) in lines.rows().zip(values) {
        put(&Line::styled(label, style::FAINT), row, buffer);
        let value_area = Rect { x: row.x + LABEL, width: row.width - LABEL, ..row };
        put(&value, value_area, buffer);
    }
    let room: Vec<Rect> = lines.rows().skip(shown).collect();
    draw_losing(board, round, &room, buffer);
}

/// Paints the solutions that have not won into the lines that are left.
fn draw_losing(board: &Board, round: Option<&Round>, room: &[Rect], buffer: &mut Buffer) {
    let losing: Vec<_> = round.into_iter().flat_map(Round::losing).collect();
    let hidden = if losing.len() > room.len() { losing.len() - room.len() + 1 } else { 0 };
    let label = |index| if index == 0 { "too late" } else { "" };
    for (index, ((finder, seed), row)) in losing.iter().zip(room).enumerate() {
        put(&Line::styled(label(index), style::FAINT), *row, buffer);
        let value_area = Rect { x: row.x + LABEL, width: row.width - LABEL, ..*row };
        let is_last = index + 1 == room.len();
        let text = if hidden > 0 && is_last {
            format!("and {hidden} more")
        } else {
            let name = board.name(*finder);
            let width = usize::from(value_area.width).saturating_sub(name.len() + 2);
            format!("{name}  {}", clip(&harmless(seed.as_str(), TEXT_MAX), width))
        };
        put(&Line::styled(text, style::FAINT), value_area, buffer);
    }
}

fn heading(board: &Board, round: Option<&Round>) -> String {
    let Some(round) = round else {
        return match (board.is_settled, board.leader) {
            (_, Some(_)) => "Before the first challenge".to_owned(),
            (true, None) => "Electing a leader".to_owned(),
            (false, None) => "Discovery".to_owned(),
        };
    };
    let phase = match round.phase() {
        Phase::Opening => "opening",
        Phase::Mining => "mining",
        Phase::Voting => "voting",
        Phase::Decided => "decided",
    };
    format!("Transaction {}: {phase}", round.transaction)
}

fn leader(board: &Board, width: u16) -> Line<'static> {
    let Some(leader) = board.leader else {
        return unknown();
    };
    let short = format!("{} in term {}", board.full_name(leader.peer), leader.term);
    // What it drew is in the list of the peers, and why it leads is at the top.
    let text = clip(&short, usize::from(width) - 2);
    Line::from_iter([Span::styled("★ ", style::NOTABLE), Span::raw(text)])
}

fn challenge(round: Option<&Round>, width: u16) -> Line<'static> {
    let Some(challenge) = round.and_then(|round| round.challenge) else {
        return unknown();
    };
    let bits = challenge.difficulty.bits();
    let hashes = quantity(f64::from(bits).exp2());
    let texts = [
        format!("{bits} zero bits, to be expected after {hashes} hashes"),
        format!("{bits} bits, {hashes} hashes"),
        format!("{bits} bits"),
    ];
    Line::raw(fitting(texts, width.into()))
}

fn time(board: &Board, round: Option<&Round>, now: Moment) -> Line<'static> {
    let Some(challenge) = round.and_then(|round| round.challenge) else {
        return unknown();
    };
    if let Some(took) = round.and_then(|round| round.row.as_ref()?.took) {
        return Line::raw(format!("{} to the record", seconds(took.as_secs_f64())));
    }
    let since = now - challenge.issued;
    let mut text = match since.as_secs_f64() {
        seconds if seconds < 60.0 => format!("{seconds:.1} s"),
        _ => clock(since),
    };
    let hashes = f64::from(challenge.difficulty.bits()).exp2();
    let is_mining = round.is_some_and(|round| round.phase() == Phase::Mining);
    if is_mining && let Some(expected) = board.hash_rates.forecast(hashes, since) {
        text += &format!(" of about {}", seconds(expected));
    }
    Line::raw(text)
}

fn solution(board: &Board, round: Option<&Round>, width: u16) -> Line<'static> {
    let Some((finder, seed)) = round.and_then(Round::winner) else {
        return unknown();
    };
    let name = board.name(finder);
    let room = usize::from(width).saturating_sub(name.len() + 2);
    Line::raw(format!("{name}  {}", clip(&harmless(seed.as_str(), TEXT_MAX), room)))
}

/// Returns who else has found a solution, or how often the vote on one was lost.
fn more_solutions(board: &Board, round: Option<&Round>) -> Line<'static> {
    let Some(round) = round else {
        return Line::default();
    };
    let winner = round.winner().map(|(winner, _)| winner);
    let others = round.solutions.iter().map(|(finder, _)| *finder);
    let others: Vec<String> =
        others.filter(|finder| Some(*finder) != winner).map(|finder| board.name(finder)).collect();
    match (others.as_slice(), round.failures) {
        ([], 0) => Line::default(),
        ([], 1) => Line::styled("the first vote was lost", style::NOTABLE),
        ([], failures) => Line::styled(format!("{failures} votes were lost"), style::NOTABLE),
        ([one], _) => Line::styled(format!("{one} found one, too"), style::FAINT),
        ([one, two], _) => Line::styled(format!("{one} and {two} found one, too"), style::FAINT),
        (all, _) => Line::styled(format!("{} others found one, too", all.len()), style::FAINT),
    }
}

/// Returns the votes as a bar of all members, yes from the left and no from the right, with a line
/// at the majority.
fn votes_bar(board: &Board, round: Option<&Round>, width: u16) -> Line<'static> {
    let width = width.min(BAR_MAX) - 1;
    let cells = |members: usize| {
        let members = members.min(board.members);
        usize::from(width) * members / board.members
    };
    let (yes, no) = round.map_or((0, 0), counts);
    let (yes, no) = (cells(yes), cells(no));
    // Where the leader decides alone, there is no line to cross.
    let line = match board.rules.decides {
        Decides::Votes | Decides::LeaderWithVotes => Some(cells(board.rules.votes_needed)),
        Decides::Leader => None,
    };
    let cell = |index: usize| {
        if index < yes {
            Span::styled("█", style::GOOD)
        } else if usize::from(width) - index <= no {
            Span::styled("▒", style::BAD)
        } else {
            Span::styled("░", style::FAINT)
        }
    };
    let mut bar: Vec<Span> = (0..width.into()).map(cell).collect();
    if let Some(line) = line {
        bar.insert(line.min(bar.len()), Span::styled("┃", style::TITLE));
    }
    bar.into()
}

fn votes(board: &Board, round: Option<&Round>, width: u16) -> Line<'static> {
    let (yes, no) = round.map_or((0, 0), counts);
    let count = |number, word, style| {
        let style = if number > 0 { style } else { style::FAINT };
        Span::styled(format!("{number} {word}"), style)
    };
    let mut line = Line::from_iter([
        count(yes, "yes", style::GOOD),
        Span::raw("  "),
        count(no, "no", style::BAD),
    ]);
    let [long, short] = board.rules.texts(board.members);
    if board.rules.decides == Decides::Leader && yes + no == 0 {
        return Line::styled(fitting([long, short], width.into()), style::FAINT);
    }
    let rules = [format!("  {long}"), format!("  {short}"), String::new()];
    let room = usize::from(width).saturating_sub(line.width());
    line.push_span(Span::styled(fitting(rules, room), style::FAINT));
    line
}

fn counts(round: &Round) -> (usize, usize) {
    match &round.row {
        Some(row) => (row.yes, row.no),
        None => (round.yes(), round.no()),
    }
}

fn unknown() -> Line<'static> {
    Line::styled(UNKNOWN, style::FAINT)
}

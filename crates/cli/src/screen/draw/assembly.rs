//! An assembly: its members beside the view they are in, and what has become of the last views.

use althing_board::{
    AssemblyBoard, AssemblyMember, CommittedRow, HistoryRow, PassedOver, TEXT_MAX, harmless,
};
use althing_text::counted;
use althing_types::{BlockHash, Height, Moment, View};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::controls::Controls;
use super::super::format::{UNKNOWN, clip, clock, per_second, quantity};
use super::{Places, fitting, header, left, peers, put, put_right, right, style, title};

/// Digits of a hash that are enough to tell blocks apart.
const DIGITS: usize = 10;

const NUMBER: u16 = 4;
const NAME: u16 = 11;
const STATE: u16 = 9;
const VIEW: u16 = 7;
const HEIGHT: u16 = 7;
const MADE: u16 = 5;

/// Columns of the names at the left of the view.
const LABEL: u16 = 9;

pub(super) fn draw(
    board: &AssemblyBoard,
    controls: &Controls,
    now: Moment,
    places: &Places,
    buffer: &mut Buffer,
) {
    let place = harmless(&board.place, TEXT_MAX);
    let connected = board.members.connections();
    header::draw_line(&board.dialect, &place, connected, controls, now, places.header, buffer);
    draw_banner(board, now, places.banner, buffer);
    draw_members(board, controls.chosen, places.peers, buffer);
    draw_view(board, now, places.round, buffer);
    draw_history(board, now, places.table, buffer);
    draw_footer(board, controls, places.footer, buffer);
}

fn draw_banner(board: &AssemblyBoard, now: Moment, area: Rect, buffer: &mut Buffer) {
    let (text, style) = banner(board, now);
    put(&Line::styled(clip(&text, area.width.into()), style.patch(style::TITLE)), area, buffer);
}

fn banner(board: &AssemblyBoard, now: Moment) -> (String, Style) {
    if board.history.differs() {
        let text = "Members have committed different blocks: more of them lie than may".to_owned();
        return (text, style::BAD);
    }
    if board.is_finished() {
        return ("Finished: all blocks are committed".to_owned(), style::GOOD);
    }
    if let Some(still) = &board.standstill {
        let missing: Vec<String> = still.missing.iter().map(|id| board.name(*id)).collect();
        let (here, needed) = (still.here, still.needed);
        let (missing, time) = (missing.join(", "), clock(now - still.since));
        let text = format!("No quorum for {time}: {here} of {needed} are heard; not {missing}");
        return (text, style::BAD);
    }
    if let Some(lies) = board.contradictions.last() {
        let [first, second] = &lies.said;
        let text = format!("{} has signed both: {first}; {second}", board.name(lies.member));
        return (text, style::BAD);
    }
    if let Some(sentence) = board.broken.sentence() {
        return (sentence, style::NOTABLE);
    }
    let leader = board.view.and_then(|it| Some((it, board.members.get(it.leader)?)));
    if let Some((view, leader)) = leader.filter(|(_, leader)| leader.is_down || leader.is_frozen) {
        let who = board.name(leader.id);
        let text = format!("{who} leads view {} and is not there: it is passed over", view.view);
        return (text, style::NOTABLE);
    }
    let (_, members) = board.members.here();
    match board.quorum {
        Some(quorum) => {
            let text = format!("A block with {quorum} of {members} votes is committed for good");
            (text, Style::new())
        }
        None => ("The charter is not known yet".to_owned(), style::FAINT),
    }
}

fn draw_members(board: &AssemblyBoard, chosen: Option<usize>, area: Rect, buffer: &mut Buffer) {
    let (here, members) = board.members.here();
    let text = format!("Members: {here} of {members} are here");
    let list = title(Line::raw(text), Line::default(), area, buffer);
    let places = peers::places(list, peers::Width::PLAIN);
    let all = board.members.iter().len();
    let hidden = if all > places.len() { all - places.len() + 1 } else { 0 };
    for (place, member) in places.iter().zip(board.members.iter().take(all - hidden)) {
        put(&member_line(board, member, chosen), *place, buffer);
    }
    if let Some(last) = places.last().filter(|_| hidden > 0) {
        put(&Line::styled(format!("     and {hidden} more"), style::FAINT), *last, buffer);
    }
    let heading = format!(
        "{} {}{}{}{}{}",
        right("#", NUMBER),
        left("name", NAME),
        left("  state", STATE),
        right("view", VIEW),
        right("height", HEIGHT),
        right("made", MADE),
    );
    for column in peers::columns(list, peers::Width::PLAIN) {
        put(&Line::styled(heading.as_str(), style::FAINT), column, buffer);
    }
}

fn member_line(
    board: &AssemblyBoard,
    member: &AssemblyMember,
    chosen: Option<usize>,
) -> Line<'static> {
    let number = |number: Option<u64>| number.map_or(UNKNOWN.to_owned(), |it| it.to_string());
    let name = harmless(&board.name(member.id), TEXT_MAX);
    let (state, style) = state(board, member);
    Line::from_iter([
        peers::number(member.number, chosen),
        Span::raw(" "),
        Span::raw(left(&name, NAME - 1)),
        Span::raw(" "),
        Span::styled(left(state, STATE), style),
        Span::raw(right(&number(member.view.map(View::number)), VIEW)),
        Span::raw(right(&number(member.height.map(Height::number)), HEIGHT)),
        Span::raw(right(&member.made.to_string(), MADE)),
    ])
}

fn state(board: &AssemblyBoard, member: &AssemblyMember) -> (&'static str, Style) {
    let leads = board.view.is_some_and(|view| view.leader == member.id);
    match leads {
        _ if member.is_down => ("✗ killed", style::BAD),
        _ if member.is_frozen => ("‖ frozen", style::BAD),
        true if member.is_byzantine || board.has_lied(member.id) => ("★ lies", style::BAD),
        _ if member.is_byzantine || board.has_lied(member.id) => ("! lies", style::BAD),
        _ if member.stopped.is_some() => ("✗ stopped", style::BAD),
        _ if member.connected == Some(false) => ("✗ cut", style::BAD),
        _ if board.members.is_silent(member) => ("✗ silent", style::BAD),
        _ if member.observes.is_some() => ("  watches", style::FAINT),
        _ if member.target.is_some() => ("… behind", style::NOTABLE),
        true => ("★ leads", style::NOTABLE),
        false if member.view.is_some() => ("  votes", style::GOOD),
        false => ("  here", Style::new()),
    }
}

fn draw_view(board: &AssemblyBoard, now: Moment, area: Rect, buffer: &mut Buffer) {
    let heading = board.view.map_or("No view yet".to_owned(), |it| format!("View {}", it.view));
    let since = board.view.map_or(String::new(), |it| clock(now - it.since));
    let lines = title(Line::raw(heading), Line::raw(since), area, buffer);
    let width = usize::from(lines.width.saturating_sub(LABEL));
    let unknown = || UNKNOWN.to_owned();
    let leader = board.view.map_or_else(unknown, |it| board.name(it.leader));
    let quorum = board
        .quorum
        .map_or_else(unknown, |quorum| format!("{quorum} of {} decide", board.members.here().1));
    let last = board.history.last().map_or_else(unknown, |block| {
        format!("block {}, {}", block.height, short_hash(block.hash))
    });
    let reached = board.history.last().map_or_else(String::new, |block| {
        let reached = board.members.reached(block.height);
        format!("at {reached} of {} peers", board.members.iter().len())
    });
    let (wait, are_in) = board.entries();
    let (failures, passed) = board.history.passed_over();
    let (passed, why) = match passed {
        None => ("no view so far".to_owned(), String::new()),
        Some(last) => {
            let all = counted(failures, "view");
            (format!("{all}, last {}", board.name(last.leader)), last.why.clone())
        }
    };
    let evidence: Vec<String> =
        board.contradictions.iter().map(|it| board.name(it.member)).collect();
    let evidence = if evidence.is_empty() { "none".to_owned() } else { evidence.join(", ") };
    let values = [
        ("leader", leader),
        ("quorum", quorum),
        ("last", last),
        ("", reached),
        ("entries", format!("{wait} wait, {are_in} are in")),
        ("passed", passed),
        ("", why),
        ("evidence", evidence),
    ];
    for (row, (label, value)) in lines.rows().zip(values) {
        put(&Line::styled(label, style::FAINT), row, buffer);
        let value_area = Rect { x: row.x + LABEL, width: row.width - LABEL, ..row };
        put(&Line::raw(clip(&harmless(&value, TEXT_MAX), width)), value_area, buffer);
    }
}

fn draw_history(board: &AssemblyBoard, now: Moment, area: Rect, buffer: &mut Buffer) {
    let height = board.history.height().map_or(0, Height::number);
    let heading = match board.blocks_wanted {
        Some(wanted) => format!("Chain: {height} of {} committed", counted(wanted, "block")),
        None => format!("Chain: {} committed", counted(height, "block")),
    };
    let pace = board.pace(now).filter(|_| !board.is_finished());
    let pace = pace.map_or(String::new(), |pace| per_second(pace, "blocks"));
    let rows = title(Line::raw(heading), Line::raw(pace), area, buffer);
    let heading = format!(
        "{}  {}  {}  {}  {}  {}  {}",
        right("height", 7),
        right("view", 7),
        left("hash", 10),
        left("made by", 12),
        right("entries", 7),
        right("peers", 7),
        right("ms", 8),
    );
    put(&Line::styled(heading, style::FAINT), rows, buffer);
    let room = usize::from(rows.height - 1);
    for (place, row) in rows.rows().skip(1).zip(board.history.rows(room)) {
        let line = match row {
            HistoryRow::Committed(block) => block_line(board, block),
            HistoryRow::PassedOver(passed) => passed_line(board, passed),
        };
        put(&line, place, buffer);
    }
}

fn block_line(board: &AssemblyBoard, block: &CommittedRow) -> Line<'static> {
    let took = block.took.map(|took| format!("{:.0}", took.as_secs_f64() * 1000.0));
    let name = harmless(&board.name(block.maker), TEXT_MAX);
    let reached = board.members.reached(block.height);
    Line::from_iter([
        Span::raw(right(&block.height.to_string(), 7)),
        Span::raw("  "),
        Span::raw(right(&block.view.to_string(), 7)),
        Span::raw("  "),
        Span::styled(left(&short_hash(block.hash), 10), style::FAINT),
        Span::raw("  "),
        Span::raw(left(&name, 12)),
        Span::raw("  "),
        Span::raw(right(&block.entries.to_string(), 7)),
        Span::raw("  "),
        Span::raw(right(&format!("{reached}/{}", board.members.iter().len()), 7)),
        Span::raw("  "),
        Span::raw(right(&took.unwrap_or_else(|| UNKNOWN.to_owned()), 8)),
        Span::styled(if block.differs { "  others differ" } else { "" }, style::BAD),
    ])
}

fn passed_line(board: &AssemblyBoard, passed: &PassedOver) -> Line<'static> {
    let name = harmless(&board.name(passed.leader), TEXT_MAX);
    let text = format!("  no block of {name}: {}", passed.why);
    Line::from_iter([
        Span::raw(right(UNKNOWN, 7)),
        Span::raw("  "),
        Span::raw(right(&passed.view.to_string(), 7)),
        Span::styled(text, style::NOTABLE),
    ])
}

fn draw_footer(board: &AssemblyBoard, controls: &Controls, area: Rect, buffer: &mut Buffer) {
    if let Some(said) = &controls.said {
        return header::draw_said(said, area, buffer);
    }
    let [long, middle, short] = controls.keys(board.view.map(|_| "the leader"));
    let refused = board.refused();
    // The keys can be asked for, and what was refused cannot.
    let width = usize::from(area.width);
    let keys = if refused == 0 { fitting([long, middle, short], width) } else { short };
    put(&Line::styled(keys.as_str(), style::FAINT), area, buffer);
    let Some(reason) = board.refusal.as_ref().filter(|_| refused > 0) else { return };
    #[expect(clippy::cast_precision_loss, reason = "it is shown with three digits")]
    let count = match refused {
        1 => "1 message refused".to_owned(),
        _ if refused < 1_000_000 => format!("{refused} messages refused"),
        _ => format!("{} messages refused", quantity(refused as f64)),
    };
    let text = clip(&format!("{count}, last: {reason}"), width.saturating_sub(keys.len() + 2));
    put_right(&Line::styled(text, style::NOTABLE), area, buffer);
}

/// Returns the first digits of a hash after the zeros that its work shows in.
fn short_hash(hash: BlockHash) -> String {
    let text = hash.to_string();
    text.trim_start_matches('0').chars().take(DIGITS).collect()
}

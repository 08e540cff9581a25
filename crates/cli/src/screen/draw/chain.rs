//! A network with a chain: its peers beside the search for the next block, and the last blocks.

use althing_board::{BlockRow, ChainBoard, ChainPeer, TEXT_MAX, harmless};
use althing_text::counted;
use althing_types::{BlockHash, Moment};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::controls::Controls;
use super::super::format::{UNKNOWN, clip, hash_rate, quantity, seconds};
use super::{Places, fitting, header, left, peers, put, right, style, title};

/// Digits of a hash that are enough to tell blocks apart.
const DIGITS: usize = 6;

const NUMBER: u16 = 4;
const ADDRESS: u16 = 6;
const STATE: u16 = 8;
const RATE: u16 = 6;
const HEIGHT: u16 = 7;
const TIP: u16 = 6;
const FOUND: u16 = 4;

/// Columns of the names at the left of the search.
const LABEL: u16 = 10;

pub(super) fn draw(
    board: &ChainBoard,
    controls: &Controls,
    now: Moment,
    places: &Places,
    buffer: &mut Buffer,
) {
    let connected = (board.connected(), board.peers().len());
    let place = harmless(&board.place, TEXT_MAX);
    header::draw_line(&board.dialect, &place, connected, controls, now, places.header, buffer);
    draw_banner(board, places.banner, buffer);
    draw_peers(board, controls.chosen, places.peers, buffer);
    draw_search(board, now, places.round, buffer);
    draw_blocks(board, places.table, buffer);
    if let Some(said) = &controls.said {
        return header::draw_said(said, places.footer, buffer);
    }
    let keys = controls.keys(board.last_finder().map(|_| "the last finder"));
    let keys = fitting(keys, places.footer.width.into());
    put(&Line::styled(keys, style::FAINT), places.footer, buffer);
}

fn draw_banner(board: &ChainBoard, area: Rect, buffer: &mut Buffer) {
    let (text, style) = if board.is_finished() {
        ("Finished: all blocks are found".to_owned(), style::GOOD)
    } else if let Some(sentence) = board.broken.sentence() {
        (sentence, style::NOTABLE)
    } else if let Some((number, left, joined)) = board.change {
        let text = format!(
            "#{number} left {} for {}: the chain with the most work counts",
            counted(left as u64, "block"),
            counted(joined as u64, "block"),
        );
        (text, style::NOTABLE)
    } else {
        (
            "Who finds a block tells all; the chain with the most work counts".to_owned(),
            Style::new(),
        )
    };
    put(&Line::styled(clip(&text, area.width.into()), style.patch(style::TITLE)), area, buffer);
}

fn draw_peers(board: &ChainBoard, chosen: Option<usize>, area: Rect, buffer: &mut Buffer) {
    let up = board.peers().iter().filter(|peer| !peer.is_down && !peer.is_frozen).count();
    let text = match board.is_watched() {
        true => "Watched from here".to_owned(),
        false => format!("Peers: {up} of {} are here", board.peers().len()),
    };
    let list = title(Line::raw(text), Line::default(), area, buffer);
    let places = peers::places(list, peers::Width::PLAIN);
    let all = board.peers().len();
    let hidden = if all > places.len() { all - places.len() + 1 } else { 0 };
    for (place, peer) in places.iter().zip(&board.peers()[..all - hidden]) {
        put(&peer_line(board, peer, chosen), *place, buffer);
    }
    if let Some(last) = places.last().filter(|_| hidden > 0) {
        put(&Line::styled(format!("     and {hidden} more"), style::FAINT), *last, buffer);
    }
    let heading = format!(
        "{} {} {}{}{} {}{}",
        right("#", NUMBER),
        left("port", ADDRESS),
        left("  state", STATE),
        right("hash/s", RATE),
        right("height", HEIGHT),
        left("tip", TIP),
        right("won", FOUND),
    );
    for column in peers::columns(list, peers::Width::PLAIN) {
        put(&Line::styled(heading.as_str(), style::FAINT), column, buffer);
    }
}

fn peer_line(board: &ChainBoard, peer: &ChainPeer, chosen: Option<usize>) -> Line<'static> {
    let rate = board.hash_rates.of(peer.id()).filter(|_| !peer.is_down && !peer.is_frozen);
    let (state, style) = match rate {
        _ if peer.is_down => ("✗ killed", style::BAD),
        _ if peer.is_frozen => ("‖ frozen", style::BAD),
        _ if peer.is_byzantine => ("! cheats", style::BAD),
        _ if peer.is_watching => ("watches", Style::new()),
        Some(rate) if rate > 0.0 => ("  mines", style::GOOD),
        _ => ("  here", Style::new()),
    };
    let (height, tip) = match peer.tip {
        Some((height, hash)) => (height.to_string(), short_hash(hash)),
        None => (UNKNOWN.to_owned(), String::new()),
    };
    Line::from_iter([
        peers::number(peer.number, chosen),
        Span::raw(" "),
        Span::styled(left(&format!(":{}", peer.address.port()), ADDRESS), style::FAINT),
        Span::raw(" "),
        Span::styled(left(state, STATE), style),
        Span::raw(right(&rate.map_or(String::new(), quantity), RATE)),
        Span::raw(right(&height, HEIGHT)),
        Span::raw(" "),
        Span::styled(left(&tip, TIP), style::FAINT),
        Span::raw(right(&peer.found.to_string(), FOUND)),
    ])
}

fn draw_search(board: &ChainBoard, now: Moment, area: Rect, buffer: &mut Buffer) {
    let rate = board.hash_rates.total();
    let next = board
        .height()
        .map_or("The first block".to_owned(), |height| format!("Block {}", height.number() + 1));
    // In cs60 a peer mines nothing but what its users say.
    let heading = if rate > 0.0 { format!("{next}: searched for") } else { next };
    let lines = title(Line::raw(heading), Line::default(), area, buffer);
    let width = usize::from(lines.width - LABEL);
    let since = board.last_block.map(|at| now - at);
    let mut time =
        since.map_or(UNKNOWN.to_owned(), |since| format!("{:.1} s", since.as_secs_f64()));
    let forecast = board.hashes_for_a_block.zip(since);
    let forecast = forecast.and_then(|(hashes, since)| board.hash_rates.forecast(hashes, since));
    if let Some(expected) = forecast {
        time += &format!(" of about {}", seconds(expected));
    }
    let takes = board
        .hashes_for_a_block
        .map_or(UNKNOWN.to_owned(), |hashes| format!("about {} hashes", quantity(hashes)));
    let last = board.rows(1).pop();
    let finder = last.as_ref().map_or(UNKNOWN.to_owned(), |row| {
        let by = row.block.finder.map_or(String::new(), |finder| format!(", found by #{finder}"));
        format!("{}{by}", short_hash(row.block.hash))
    });
    let spread = last.as_ref().map_or(UNKNOWN.to_owned(), |row| {
        format!("with {} of {} peers", row.reached, board.peers().len())
    });
    let (entry, entries) = match &board.entry {
        Some((text, count)) => (text.clone(), format!("{count} so far")),
        None => (UNKNOWN.to_owned(), String::new()),
    };
    let values = [
        ("takes", takes),
        ("time", time),
        ("hash rate", hash_rate(rate)),
        ("on top of", finder),
        ("", spread),
        ("entry", entry),
        ("", entries),
    ];
    for (row, (label, value)) in lines.rows().zip(values) {
        put(&Line::styled(label, style::FAINT), row, buffer);
        let value_area = Rect { x: row.x + LABEL, width: row.width - LABEL, ..row };
        put(&Line::raw(clip(&value, width)), value_area, buffer);
    }
}

fn draw_blocks(board: &ChainBoard, area: Rect, buffer: &mut Buffer) {
    let found: u64 = board.peers().iter().map(|peer| peer.found).sum();
    let heading = match board.blocks_wanted {
        Some(wanted) => format!("Chain: {} found, {wanted} wanted", counted(found, "block")),
        None => format!("Chain: {} found", counted(found, "block")),
    };
    let rows = title(Line::raw(heading), Line::default(), area, buffer);
    let heading = format!(
        "{}  {}  {}  {}  {}  {}",
        right("height", 7),
        left("hash", 16),
        left("found by", 8),
        right("peers", 7),
        right("ms", 8),
        "too late",
    );
    put(&Line::styled(heading, style::FAINT), rows, buffer);
    let room = usize::from(rows.height - 1);
    for (place, row) in rows.rows().skip(1).zip(board.rows(room)) {
        put(&block_line(board, &row), place, buffer);
    }
}

fn block_line(board: &ChainBoard, row: &BlockRow) -> Line<'static> {
    let name = |finder: Option<usize>| finder.map_or(UNKNOWN.to_owned(), |it| format!("#{it}"));
    let took =
        row.took.map_or(UNKNOWN.to_owned(), |took| format!("{:.0}", took.as_secs_f64() * 1000.0));
    let rivals: Vec<String> = row
        .rivals
        .iter()
        .map(|rival| format!("{} of {}", short_hash(rival.hash), name(rival.finder)))
        .collect();
    let hash = row.block.hash.to_string();
    let hash = clip(hash.trim_start_matches('0'), 16);
    Line::from_iter([
        Span::raw(right(&row.height.to_string(), 7)),
        Span::raw("  "),
        Span::raw(left(&hash, 16)),
        Span::raw("  "),
        Span::raw(left(&name(row.block.finder), 8)),
        Span::raw("  "),
        Span::raw(right(&format!("{}/{}", row.reached, board.peers().len()), 7)),
        Span::raw("  "),
        Span::raw(right(&took, 8)),
        Span::raw("  "),
        Span::styled(rivals.join(", "), style::BAD),
    ])
}

/// Returns the first digits of a hash after the zeros that its work shows in.
fn short_hash(hash: BlockHash) -> String {
    let text = hash.to_string();
    let digits = text.trim_start_matches('0');
    digits.chars().take(DIGITS).collect()
}

//! The list of peers, in as many columns as it takes and there is room for.

use althing_board::{Board, Peer, Phase, Round, harmless, short_id};
use althing_text::Name;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::format::{UNKNOWN, quantity};
use super::{GAP, left, put, right, style, title};

/// Lines besides those of the peers: the title and the names of the columns.
const LINES_ABOVE: u16 = 2;

const NUMBER: u16 = 4;
const ID: u16 = 7;
const STATE: u16 = 9;
const DRAW: u16 = 5;
const RATE: u16 = 7;
const WON: u16 = 5;
const VOTE: u16 = 4;

const NAME: u16 = 12;

/// Columns that one peer takes without its name.
const WIDTH: u16 = NUMBER + 1 + ID + 1 + STATE + DRAW + RATE + WON + 1 + VOTE;

/// How wide the list is for each peer.
#[derive(Clone, Copy)]
pub(super) struct Width(u16);

impl Width {
    /// Without names.
    pub(super) const PLAIN: Self = Self(WIDTH);

    /// With names beside the ids, if there are any, and room for them.
    pub(super) fn of(has_names: bool, room: u16) -> Self {
        let with_names = WIDTH + NAME + 1;
        Self(if has_names && room >= with_names { with_names } else { WIDTH })
    }

    fn has_names(self) -> bool {
        self.0 > WIDTH
    }
}

/// Returns the height at which all peers fit into one column.
pub(super) fn height(peers: usize) -> u16 {
    u16::try_from(peers).unwrap_or(u16::MAX).saturating_add(LINES_ABOVE)
}

/// Returns the width of as many columns as the peers need at this height, and `width_max` allows.
pub(super) fn width(peers: usize, height: u16, width_max: u16, has_names: bool) -> u16 {
    let Width(each) = Width::of(has_names, width_max);
    let lines = usize::from(height - LINES_ABOVE).max(1);
    let wanted = u16::try_from(peers.div_ceil(lines)).unwrap_or(u16::MAX);
    let columns = wanted.clamp(1, ((width_max + GAP) / (each + GAP)).max(1));
    columns * (each + GAP) - GAP
}

pub(super) fn draw(
    board: &Board,
    round: Option<&Round>,
    chosen: Option<usize>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let text = match board.is_settled {
        true => format!("Peers: {} of {} members are here", board.peers.here(), board.members),
        false => format!("Peers: {} of {} have come", board.peers.here(), board.members),
    };
    let list = title(Line::raw(text), Line::default(), area, buffer);
    let width = Width::of(board.has_names(), list.width);
    let places = places(list, width);
    let awaited = if board.is_settled { 0 } else { board.members };
    let count = board.peers.iter().len();
    let all = count.max(awaited);
    let hidden = if all > places.len() { all - places.len() + 1 } else { 0 };
    let peers = board.peers.iter().map(Some).chain(std::iter::repeat(None));
    let shown = peers.zip(1..=all - hidden);
    for (place, (peer, number)) in places.iter().zip(shown) {
        match peer {
            Some(peer) => put(&peer_line(board, round, peer, width, chosen), *place, buffer),
            None => put(&awaited_line(number), *place, buffer),
        }
    }
    if let Some(last) = places.last().filter(|_| hidden > 0) {
        put(&Line::styled(format!("     and {hidden} more"), style::FAINT), *last, buffer);
    }
    for column in columns(list, width) {
        put(&heading(width.has_names()), column, buffer);
    }
}

/// Returns the areas of the columns of peers.
pub(super) fn columns(list: Rect, Width(width): Width) -> impl Iterator<Item = Rect> {
    let count = (list.width + GAP) / (width + GAP);
    (0..count).map(move |column| Rect { x: list.x + column * (width + GAP), width, ..list })
}

/// Returns a line for each peer that fits, below the headings and column by column.
pub(super) fn places(list: Rect, width: Width) -> Vec<Rect> {
    columns(list, width).flat_map(|column| column.rows().skip(1).collect::<Vec<_>>()).collect()
}

fn heading(has_names: bool) -> Line<'static> {
    let name = if has_names { left("name", NAME) + " " } else { String::new() };
    let text = format!(
        "{} {} {name}{}{}{}{} {}",
        right("#", NUMBER),
        left("id", ID),
        left("  state", STATE),
        right("drew", DRAW),
        right("hash/s", RATE),
        right("won", WON),
        right("vote", VOTE),
    );
    Line::styled(text, style::FAINT)
}

/// Returns the number of a peer, with a mark if it is the chosen one.
pub(super) fn number(number: usize, chosen: Option<usize>) -> Span<'static> {
    if chosen == Some(number) {
        return Span::styled(right(&format!("▸#{number}"), NUMBER), style::NOTABLE);
    }
    Span::raw(right(&format!("#{number}"), NUMBER))
}

fn peer_line(
    board: &Board,
    round: Option<&Round>,
    peer: &Peer,
    width: Width,
    chosen: Option<usize>,
) -> Line<'static> {
    let rate = board.hash_rates.of(peer.id).map_or(String::new(), quantity);
    let vote = match round.and_then(|round| round.vote_of(peer.id)) {
        Some(true) => Span::styled("✓", style::GOOD),
        Some(false) => Span::styled("✗", style::BAD),
        None => Span::styled("·", style::FAINT),
    };
    let name = board
        .peer_name(peer.id)
        .map_or_else(String::new, |name| harmless(name.as_str(), Name::LENGTH_MAX));
    let name = if width.has_names() { format!(" {} ", left(&name, NAME)) } else { " ".to_owned() };
    Line::from_iter([
        number(peer.number, chosen),
        Span::raw(" "),
        Span::styled(left(&short_id(peer.id), ID), style::FAINT),
        Span::raw(name),
        state(board, round, peer),
        Span::raw(right(&board.draw_of(peer.id).unwrap_or_default(), DRAW)),
        Span::raw(right(&rate, RATE)),
        Span::raw(right(&peer.won.to_string(), WON)),
        Span::raw("    "),
        vote,
    ])
}

fn state(board: &Board, round: Option<&Round>, peer: &Peer) -> Span<'static> {
    let is_leader = board.leader.is_some_and(|leader| leader.peer == peer.id);
    let (text, style) = if peer.is_down {
        ("✗ killed", style::BAD)
    } else if peer.is_frozen {
        ("‖ frozen", style::BAD)
    } else if peer.is_byzantine {
        ("! cheats", style::BAD)
    } else if peer.is_lost {
        ("✗ lost", style::BAD)
    } else if board.is_connected(peer.id) == Some(false) {
        ("✗ cut", style::BAD)
    } else if is_leader {
        ("★ leads", style::NOTABLE)
    } else if peer.is_observer {
        ("  watches", style::FAINT)
    } else if is_mining(board, round, peer) {
        ("  mines", style::GOOD)
    } else {
        ("  here", ratatui::style::Style::new())
    };
    Span::styled(left(text, STATE), style)
}

/// Returns whether a peer searches. Of a round that is only shown because the next is too quick to
/// be followed, the rate tells.
fn is_mining(board: &Board, round: Option<&Round>, peer: &Peer) -> bool {
    let hashes = board.hash_rates.of(peer.id).is_some_and(|rate| rate > 0.0);
    let is_open = |round: &Round| matches!(round.phase(), Phase::Mining | Phase::Decided);
    hashes && round.is_some_and(is_open) && board.finish.is_none()
}

fn awaited_line(number: usize) -> Line<'static> {
    let text = format!(
        "{} {} {}",
        right(&format!("#{number}"), NUMBER),
        left(UNKNOWN, ID),
        left("  awaited", STATE),
    );
    Line::styled(text, style::FAINT)
}

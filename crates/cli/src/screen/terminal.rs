//! The part of the screen that touches the machine.

use std::io::{self, Stdout, Write};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use althing_types::Moment;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{self, Event};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute, queue};
use ratatui::layout::{Rect, Size};
use ratatui::style::Color;
use ratatui::{TerminalOptions, Viewport};

use super::controls::{Controls, Key};
use super::draw::{self, Shown};
use crate::output;

/// Key presses and the like that are read in one go.
const EVENTS_MAX: usize = 64;

/// Whether the terminal is ours. A panic hook has no other way to know, and there is one terminal.
static IS_OPEN: AtomicBool = AtomicBool::new(false);

/// The terminal in raw mode, with our screen in front of the user's. Both are undone when this is
/// dropped, and when any thread panics.
pub(crate) struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Stdout>>,
    /// The part of the terminal that is painted; 80 columns of 24 lines where it has no size.
    area: Rect,
    /// Whether the user wants no colours: <https://no-color.org>.
    is_plain: bool,
}

impl Terminal {
    /// Takes over the terminal.
    pub(crate) fn open() -> io::Result<Self> {
        if !output::is_live(&io::stdout()) {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "standard output is not a terminal",
            ));
        }
        restore_on_panic();
        let is_plain = output::is_plain();
        IS_OPEN.store(true, Ordering::SeqCst);
        take_over()
            .map(|inner| Self { inner, area: Rect::ZERO, is_plain })
            // The first error says more than another that restoring may meet.
            .inspect_err(|_| drop(restore()))
    }

    /// Paints a board. What has not changed is not sent again, and the rest appears at once.
    pub(crate) fn draw(
        &mut self,
        board: Shown<'_>,
        controls: &Controls,
        now: Moment,
    ) -> io::Result<()> {
        if !IS_OPEN.load(Ordering::SeqCst) {
            return Err(io::Error::other("the screen was closed because of a panic"));
        }
        let (is_plain, area) = (self.is_plain, whole(self.inner.size()?));
        if area != self.area {
            self.inner.resize(area)?;
            self.area = area;
        }
        queue!(self.inner.backend_mut(), BeginSynchronizedUpdate)?;
        self.inner.draw(|frame| {
            draw::draw(board, controls, now, frame);
            if is_plain {
                remove_colours(frame.buffer_mut());
            }
        })?;
        execute!(self.inner.backend_mut(), EndSynchronizedUpdate)
    }

    /// Returns what the user has asked for since the last time. Does not wait.
    pub(crate) fn keys(&mut self) -> io::Result<Vec<Key>> {
        let mut keys = Vec::new();
        for _ in 0..EVENTS_MAX {
            if !event::poll(Duration::ZERO)? {
                break;
            }
            if let Event::Key(key) = event::read()? {
                keys.extend(Key::of(key));
            }
        }
        Ok(keys)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // There is nobody left to tell, and nothing else to try.
        drop(restore());
    }
}

fn take_over() -> io::Result<ratatui::Terminal<CrosstermBackend<Stdout>>> {
    enable_raw_mode()?;
    // Ratatui could clear the screen as well, but it would ask the terminal for the cursor's place
    // and wait for the answer, which not all give.
    execute!(io::stdout(), EnterAlternateScreen, Clear(ClearType::All), cursor::Hide)?;
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::ZERO) };
    ratatui::Terminal::with_options(CrosstermBackend::new(io::stdout()), options)
}

/// Returns the area of a terminal of this size. One that does not know its size, as over a serial
/// line, says that it has none, and is taken for one of the usual size.
fn whole(Size { width, height }: Size) -> Rect {
    match width == 0 || height == 0 {
        true => Rect::new(0, 0, 80, 24),
        false => Rect::new(0, 0, width, height),
    }
}

/// Gives the terminal back, once.
fn restore() -> io::Result<()> {
    if !IS_OPEN.swap(false, Ordering::SeqCst) {
        return Ok(());
    }
    let mut out = io::stdout();
    let shown = execute!(out, EndSynchronizedUpdate, LeaveAlternateScreen, cursor::Show);
    disable_raw_mode().and(shown).and(out.flush())
}

/// Sees to it that the message of a panic is not lost with our screen.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            drop(restore());
            report(info);
        }));
    });
}

fn remove_colours(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        cell.fg = Color::Reset;
        cell.bg = Color::Reset;
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::{Modifier, Style};

    use super::*;

    #[test]
    fn a_terminal_that_does_not_know_its_size_has_the_usual_one() {
        assert_eq!(whole(Size::new(0, 0)), Rect::new(0, 0, 80, 24));
        assert_eq!(whole(Size::new(120, 40)), Rect::new(0, 0, 120, 40));
    }

    #[test]
    fn without_colours_the_emphasis_stays() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        let style = Style::new().fg(Color::Red).bg(Color::Blue).add_modifier(Modifier::BOLD);
        buffer.set_string(0, 0, "lost", style);
        remove_colours(&mut buffer);
        let cell = &buffer.content[0];
        assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
        assert_eq!(cell.modifier, Modifier::BOLD);
    }
}

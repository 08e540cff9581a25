//! Traces as SVG images.

use std::fmt::Write;

use super::Trace;
use super::sketch::{Line, Sketch};

/// Pixels between two columns, two lines, and around the whole.
const COLUMN: usize = 120;
const LINE: usize = 22;
const MARGIN: usize = 20;

/// Pixels to the right of the last column, where the words stand.
const WORDS: usize = 640;

/// Characters of one line of words.
const WORDS_MAX: usize = 100;

/// Returns a trace as a sequence diagram, drawn as an SVG image that needs nothing else.
///
/// A message is an arrow from its sender to its receiver, or, if it is for all, to the network; its
/// words stand to the right. Long traces are cut, and say so.
pub fn svg(trace: &Trace) -> String {
    let sketch = Sketch::of(trace);
    let columns = sketch.columns.len() + 1;
    let lines = sketch.lines.len() + sketch.notes.len() + 2;
    let (width, height) = (MARGIN + columns * COLUMN + WORDS, 2 * MARGIN + lines * LINE);
    let mut image = Image(String::new());
    image.add(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\" \
         role=\"img\" aria-label=\"What the peers sent and reported, from top to bottom\">"
    ));
    image.add(format_args!("<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>"));
    for (column, peer) in sketch.columns.iter().enumerate() {
        image.column(column, &format!("peer {peer}"), height);
    }
    image.column(sketch.columns.len(), "the network", height);
    let network = middle(sketch.columns.len());
    let end = sketch.lines.len();
    for (index, step) in sketch.lines.iter().enumerate() {
        let y = row(index);
        match step {
            Line::Arrow { from, to, text } => {
                image.arrow(middle(*from), to.map_or(network, middle), y);
                image.words(network, y, "#222", text);
            }
            Line::Mark { column, text } => image.mark(middle(*column), network, y, text),
            Line::Note { text } => image.words(network, y, "#b00020", text),
        }
    }
    for (index, note) in sketch.notes.iter().enumerate() {
        image.words(network, row(end + index), "#666", note);
    }
    image.0.push_str("</svg>\n");
    image.0
}

fn middle(column: usize) -> usize {
    MARGIN + column * COLUMN + COLUMN / 2
}

fn row(index: usize) -> usize {
    MARGIN + (index + 2) * LINE
}

struct Image(String);

impl Image {
    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{element}").expect("a String takes all");
    }

    fn column(&mut self, column: usize, name: &str, height: usize) {
        let (x, top, bottom) = (middle(column), MARGIN + LINE / 2, height - MARGIN);
        let name = escape(name);
        self.add(format_args!(
            "<text x=\"{x}\" y=\"{MARGIN}\" text-anchor=\"middle\" font-weight=\"bold\">{name}\
             </text>"
        ));
        self.add(format_args!(
            "<line x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{bottom}\" stroke=\"#ccc\"/>"
        ));
    }

    fn arrow(&mut self, from: usize, to: usize, y: usize) {
        let back = if from < to { to - 6 } else { to + 6 };
        let (above, below) = (y - 4, y + 4);
        self.add(format_args!(
            "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" stroke=\"#1f5fa8\"/>"
        ));
        self.add(format_args!(
            "<path d=\"M{back} {above} L{to} {y} L{back} {below}\" fill=\"none\" \
             stroke=\"#1f5fa8\"/>"
        ));
    }

    fn mark(&mut self, at: usize, words_after: usize, y: usize, words: &str) {
        self.add(format_args!("<circle cx=\"{at}\" cy=\"{y}\" r=\"4\" fill=\"#2e7d32\"/>"));
        self.words(words_after, y, "#2e7d32", words);
    }

    fn words(&mut self, after: usize, y: usize, colour: &str, words: &str) {
        let (x, y, words) = (after + 10, y + 4, escape(words));
        self.add(format_args!("<text x=\"{x}\" y=\"{y}\" fill=\"{colour}\">{words}</text>"));
    }
}

/// Writes what means something in XML as entities, leaves out what it cannot hold, and cuts what is
/// too long.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (index, character) in text.chars().enumerate() {
        match character {
            _ if index == WORDS_MAX => {
                escaped.push('…');
                break;
            }
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(' '),
            character if character.is_control() => escaped.push(' '),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::tests::{long_trace, mesh_trace, trace};
    use super::*;

    #[test]
    fn a_trace_is_an_image_with_an_arrow_for_each_message_and_escaped_words() {
        let image = svg(&trace());
        assert_eq!(image.matches("<path").count(), 2);
        assert_eq!(image.matches("<circle").count(), 1);
        assert!(
            image.contains("&lt;b&gt;&quot;#;&amp; &#39; (does not reach 2)</text>"),
            "{image}"
        );
        assert!(!image.contains("<b>"));
        assert!(image.starts_with("<svg ") && image.ends_with("</svg>\n"));
    }

    #[test]
    fn an_arrow_to_a_peer_points_to_it() {
        let image = svg(&mesh_trace());
        assert!(image.contains("M194 60 L200 64") && image.contains("M86 82 L80 86"), "{image}");
    }

    #[test]
    fn a_long_trace_is_cut_and_says_so() {
        let image = svg(&long_trace());
        assert_eq!(image.matches("<path").count(), 200);
        assert!(image.contains("288 more peers are not shown."));
        assert!(image.contains("more steps follow"));
        assert!(image.len() < 200_000, "{} bytes", image.len());
    }
}

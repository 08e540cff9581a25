//! Traces as SVG images.

use std::fmt::Write;
use std::time::Duration;

use super::sketch::{Arrival, Drawn, Sketch};
use super::{Life, Trace};

/// Pixels between two columns, two lines, and around the whole.
const COLUMN: usize = 120;
const LINE: usize = 22;
const MARGIN: usize = 20;

/// Pixels to the right of the last column, where the words stand.
const WORDS: usize = 640;

/// Characters of one line of words.
const WORDS_MAX: usize = 100;

const GREY: &str = "#999";
const BLUE: &str = "#1f5fa8";
const GREEN: &str = "#2e7d32";
const RED: &str = "#b00020";

/// Returns a trace as a sequence diagram, drawn as an SVG image that needs nothing else.
///
/// Time runs down. A message is a level arrow from its sender to its receiver, or, if it is for
/// all, to the network, and its words stand to the right. Slanted lines lead to where and when it
/// arrives, green for votes; a red cross is where it is lost. A peer's line ends in a cross where
/// it crashes, and goes on in a circle where it starts again. Long traces are cut, and say so.
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
    image.lifelines(&sketch, height);
    // Below the arrows of the lines, which are fewer and say more.
    for arrival in &sketch.arrivals {
        image.arrival(arrival, &sketch);
    }
    let network = middle(sketch.columns.len());
    for (index, step) in sketch.lines.iter().enumerate() {
        let y = row(index);
        let colour = match step.what {
            Drawn::Arrow { from, to, is_counted } => {
                let colour = if is_counted { GREEN } else { BLUE };
                image.arrow(middle(from), to.map_or(network, middle), y, colour);
                "#222"
            }
            Drawn::Mark { column } => {
                let x = middle(column);
                image.add(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"4\" fill=\"{GREEN}\"/>"));
                GREEN
            }
            Drawn::Life { .. } | Drawn::Note => RED,
        };
        image.words(network, y, colour, &step.text);
    }
    for (index, note) in sketch.notes.iter().enumerate() {
        image.words(network, row(sketch.lines.len() + index), "#666", note);
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

/// Returns where a time is: on the line of that time, or between those before and after it.
fn height_of(at: Duration, sketch: &Sketch) -> usize {
    let after = sketch.lines.partition_point(|line| line.at <= at);
    let Some(before) = after.checked_sub(1) else { return row(0) };
    let Some(next) = sketch.lines.get(after) else { return row(before) + LINE / 2 };
    let (past, whole) = (at - sketch.lines[before].at, next.at - sketch.lines[before].at);
    let part = LINE as u128 * past.as_nanos() / whole.as_nanos().max(1);
    row(before) + usize::try_from(part).unwrap_or(LINE)
}

struct Image(String);

impl Image {
    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{element}").expect("a String takes all");
    }

    /// Draws the line of each peer while it is up, and that of the network.
    fn lifelines(&mut self, sketch: &Sketch, height: usize) {
        let (top, bottom) = (MARGIN + LINE / 2, height - MARGIN);
        for (index, column) in sketch.columns.iter().enumerate() {
            let x = middle(index);
            self.name(x, &format!("peer {}", column.peer));
            let mut up_since = column.is_up.then_some(top);
            for (line, step) in sketch.lines.iter().enumerate() {
                let Drawn::Life { column, life } = step.what else { continue };
                match life {
                    _ if column != index => {}
                    Life::Restarts => {
                        up_since.get_or_insert(row(line));
                        let y = row(line);
                        self.add(format_args!(
                            "<circle cx=\"{x}\" cy=\"{y}\" r=\"5\" fill=\"#fff\" \
                             stroke=\"{GREY}\"/>"
                        ));
                    }
                    Life::Crashes | Life::Leaves => {
                        if let Some(since) = up_since.take() {
                            self.lifeline(x, since, row(line));
                        }
                        self.cross(x, row(line), 7);
                    }
                }
            }
            if let Some(since) = up_since {
                self.lifeline(x, since, bottom);
            }
        }
        let x = middle(sketch.columns.len());
        self.name(x, "the network");
        self.lifeline(x, top, bottom);
    }

    fn name(&mut self, x: usize, name: &str) {
        let name = escape(name);
        self.add(format_args!(
            "<text x=\"{x}\" y=\"{MARGIN}\" text-anchor=\"middle\" font-weight=\"bold\">{name}\
             </text>"
        ));
    }

    fn lifeline(&mut self, x: usize, from: usize, to: usize) {
        self.add(format_args!(
            "<line class=\"life\" x1=\"{x}\" y1=\"{from}\" x2=\"{x}\" y2=\"{to}\" \
             stroke=\"{GREY}\"/>"
        ));
    }

    /// Draws the way of a message to one peer, and how it ends.
    fn arrival(&mut self, arrival: &Arrival, sketch: &Sketch) {
        let Arrival { at, line, from, column, is_lost, is_counted } = *arrival;
        let (from, to, top) = (middle(from), middle(column), row(line));
        // Never up, even if it arrives in the moment in which it is sent.
        let y = height_of(at, sketch).max(top);
        let (colour, opacity) = match (is_lost, is_counted) {
            (true, _) => (RED, "0.5"),
            (false, true) => (GREEN, "0.8"),
            (false, false) => (BLUE, "0.25"),
        };
        self.add(format_args!(
            "<line class=\"way\" x1=\"{from}\" y1=\"{top}\" x2=\"{to}\" y2=\"{y}\" \
             stroke=\"{colour}\" opacity=\"{opacity}\"/>"
        ));
        if is_lost {
            self.cross(to, y, 4);
        } else if is_counted {
            self.add(format_args!("<circle cx=\"{to}\" cy=\"{y}\" r=\"2.5\" fill=\"{GREEN}\"/>"));
        }
    }

    fn cross(&mut self, x: usize, y: usize, arm: usize) {
        let (left, right, above, below) = (x - arm, x + arm, y - arm, y + arm);
        self.add(format_args!(
            "<path class=\"cross\" d=\"M{left} {above} L{right} {below} M{left} {below} \
             L{right} {above}\" stroke=\"{RED}\" stroke-width=\"2\"/>"
        ));
    }

    fn arrow(&mut self, from: usize, to: usize, y: usize, colour: &str) {
        let back = if from < to { to - 6 } else { to + 6 };
        let (above, below) = (y - 4, y + 4);
        self.add(format_args!(
            "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" stroke=\"{colour}\"/>"
        ));
        self.add(format_args!(
            "<path class=\"head\" d=\"M{back} {above} L{to} {y} L{back} {below}\" fill=\"none\" \
             stroke=\"{colour}\"/>"
        ));
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
    use super::super::tests::{crash_trace, long_trace, mesh_trace, trace};
    use super::*;

    #[test]
    fn a_trace_is_an_image_with_an_arrow_for_each_message_and_escaped_words() {
        let image = svg(&trace());
        assert_eq!(image.matches("class=\"head\"").count(), 2);
        assert_eq!(image.matches("<circle").count(), 1);
        let words = "&lt;b&gt;&quot;#;&amp; &#39; (does not reach peers 0 and 1)</text>";
        assert!(image.contains(words), "{image}");
        assert!(!image.contains("<b>"));
        assert!(image.starts_with("<svg ") && image.ends_with("</svg>\n"));
    }

    #[test]
    fn a_crash_ends_a_lifeline_until_the_peer_starts_again() {
        let image = svg(&crash_trace());
        let lines: Vec<&str> =
            image.lines().filter(|line| line.contains("class=\"life\"")).collect();
        // The second line of the diagram is the crash, the fourth the new start; the peer in the
        // last column is down all the time.
        let x = middle(1);
        let until = format!("x1=\"{x}\" y1=\"31\" x2=\"{x}\" y2=\"{}\"", row(1));
        let again = format!("x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=", row(3));
        assert!(lines[1].contains(&until) && lines[2].contains(&again), "{lines:?}");
        assert_eq!(lines.len(), 4, "of peers 0 and 1, and of the network: {lines:?}");
        // One cross for the crash, and one for each loss.
        assert_eq!(image.matches("class=\"cross\"").count(), 1 + 4);
    }

    #[test]
    fn votes_arrive_where_they_are_counted_and_when() {
        let trace = crash_trace();
        let image = svg(&trace);
        // The first vote is sent at 1.000 s, and arrives at 1.010 s: a third of the way from the
        // crash at 1.005 s to the next line at 1.020 s.
        let (from, to, y) = (middle(1), middle(0), row(1) + LINE / 3);
        let way = format!("x1=\"{from}\" y1=\"{}\" x2=\"{to}\" y2=\"{y}\"", row(0));
        let line = image.lines().find(|line| line.contains(&way)).expect("the vote's way");
        assert!(line.contains(GREEN), "{line}");
        // What comes after the last line does not leave the image.
        let sketch = Sketch::of(&trace);
        assert_eq!(height_of(Duration::from_secs(9), &sketch), row(4) + LINE / 2);
        assert_eq!(height_of(Duration::ZERO, &sketch), row(0));
    }

    #[test]
    fn an_arrow_to_a_peer_points_to_it() {
        let image = svg(&mesh_trace());
        assert!(image.contains("M194 60 L200 64") && image.contains("M86 82 L80 86"), "{image}");
    }

    #[test]
    fn a_long_trace_is_cut_and_says_so() {
        let image = svg(&long_trace());
        assert_eq!(image.matches("class=\"head\"").count(), 200);
        assert!(image.contains("288 more peers are not shown."));
        assert!(image.contains("more steps follow"));
        assert!(image.len() < 200_000, "{} bytes", image.len());
    }
}

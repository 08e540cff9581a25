//! Whole stories from a seed: a network, its faults, perhaps a liar, and then peace.
//!
//! [`run`] draws how many peers there are, under which rules, what the network does to messages,
//! what goes wrong and when, and whether one member is dishonest in a way that agreement survives.
//! In the time of trouble nothing wrong may be recorded, which is checked at every step. Then all
//! is made well again, and rows must come: every honest peer has to record three more, in time.
//!
//! What fails is made shorter, by leaving out what the failure does not need, and told with the one
//! command that runs it again.

mod draw;
mod failure;
mod shrink;
mod story;

use std::ops::Range;

pub use self::failure::Failure;

use crate::summary::Summary;

/// The seeds that every change has to pass; nightly runs draw others.
pub const FIXED_SEEDS: Range<u64> = 0..1000;

/// Runs the story of one seed, and returns what it came to.
///
/// The same seed gives the same story and the same result, until the drawing itself is changed.
pub fn run(seed: u64) -> Result<Summary, Box<Failure>> {
    let story = draw::story(seed);
    story.play().map_err(|stuck| Box::new(shrink::shrink(story, stuck)))
}

/// Returns the story of a seed in sentences, without running it.
pub fn describe(seed: u64) -> String {
    draw::story(seed).to_string()
}

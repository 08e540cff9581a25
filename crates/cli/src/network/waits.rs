//! The timeouts of a network with rounds, each as an option.

use std::time::Duration;

use althing_engine::rounds::Timeouts;
use clap::Args;

use super::values::parse_wait;

/// The timeouts, each as an option.
#[derive(Args, Clone)]
#[command(next_help_heading = "Waiting (networks with rounds)")]
pub(super) struct Waits {
    /// Elect a leader without the members that have not drawn within this time.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = parse_wait)]
    pub(super) draw_timeout: Duration,

    /// Replace a leader that has not been heard for this long.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_wait)]
    pub(super) leader_timeout: Duration,

    /// Replace a challenge that no peer has solved within this time with an easier one.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_wait)]
    pub(super) challenge_timeout: Duration,

    /// Show a peer as lost if it has not been heard for this long.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_wait)]
    pub(super) silence: Duration,
}

impl Waits {
    /// Returns `usual` with what can be chosen.
    pub(super) fn timeouts(&self, usual: Timeouts) -> Timeouts {
        Timeouts {
            draw: self.draw_timeout,
            leader: self.leader_timeout,
            challenge: self.challenge_timeout,
            silence: self.silence,
            ..usual
        }
    }
}

//! The timeouts of a network with rounds, each as an option.

use std::time::Duration;

use althing_engine::rounds::Timeouts;
use clap::Args;

use super::values::parse_wait;
use crate::output::demand;

/// The timeouts, each as an option.
#[derive(Args, Clone)]
#[command(next_help_heading = "Waiting (networks with rounds)")]
pub(super) struct Waits {
    /// Elect a leader without the members that have not drawn within this time.
    ///
    /// Default: 500ms. Programs of a profile have no such time.
    #[arg(long, value_name = "TIME", value_parser = parse_wait)]
    pub(super) draw_timeout: Option<Duration>,

    /// Replace a leader that has not been heard for this long.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_wait)]
    pub(super) leader_timeout: Duration,

    /// Replace a challenge that no peer has solved within this time with an easier one.
    ///
    /// Default: 30s. Programs of a profile have no such time.
    #[arg(long, value_name = "TIME", value_parser = parse_wait)]
    pub(super) challenge_timeout: Option<Duration>,

    /// Show a peer as lost if it has not been heard for this long.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_wait)]
    pub(super) silence: Duration,
}

impl Waits {
    /// Complains about those that have no effect among programs, who could not be replaced.
    pub(super) fn refuse_what_programs_lack(&self) -> anyhow::Result<()> {
        for (option, is_given) in [
            ("--challenge-timeout", self.challenge_timeout.is_some()),
            ("--draw-timeout", self.draw_timeout.is_some()),
        ] {
            demand!(!is_given, "programs wait as their profile says; leave {option} out");
        }
        Ok(())
    }

    /// Returns `usual` with what can be chosen.
    pub(super) fn timeouts(&self, usual: Timeouts) -> Timeouts {
        Timeouts {
            draw: self.draw_timeout.unwrap_or(usual.draw),
            leader: self.leader_timeout,
            challenge: self.challenge_timeout.unwrap_or(usual.challenge),
            silence: self.silence,
            ..usual
        }
    }
}

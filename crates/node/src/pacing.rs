//! How does a network in one process go at a pace that people can follow?
//!
//! The peers of such a network share a clock that goes faster or slower than the one on the wall,
//! and can stand still. All that they wait for goes by it: their timers, their messages, which are
//! in the [`Air`](crate::Air) for some time, and their searches, which try so many candidates a
//! second and no more, the same for each peer. So a search takes long enough to be seen, and every
//! peer has the same chance, whichever of them gets the processor first.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// The pace of a network in one process, which can be changed while it runs.
#[derive(Debug)]
pub struct Pacing {
    /// The bits of a floating-point number.
    hashes_per_second: AtomicU64,
    time: Mutex<Time>,
    /// Wakes those that sleep, when the clock goes at another speed.
    changes: watch::Sender<()>,
}

/// What the clock shows.
#[derive(Clone, Copy, Debug)]
struct Time {
    /// What it showed when it last got another speed, and when that was.
    shown: Duration,
    since: Instant,
    /// Seconds of it in a second.
    speed: f64,
    is_paused: bool,
    /// Whether it stops at the next thing that happens.
    is_stepping: bool,
}

impl Pacing {
    /// The lowest and the highest speed.
    pub const SPEEDS: RangeInclusive<f64> = 0.125..=64.0;

    /// Returns the pace at which each peer tries so many candidates a second, by a clock that
    /// starts now with so many seconds in a second.
    ///
    /// It is never freed: a process has one or two, and they last as long as it.
    pub fn start(hashes_per_second: f64, speed: f64) -> &'static Self {
        let (shown, since) = (Duration::ZERO, Instant::now());
        let (is_paused, is_stepping) = (false, false);
        let time = Time { shown, since, speed: clamped(speed), is_paused, is_stepping };
        let (time, changes) = (Mutex::new(time), watch::Sender::new(()));
        let hashes_per_second = AtomicU64::new(hashes_per_second.to_bits());
        Box::leak(Box::new(Self { hashes_per_second, time, changes }))
    }

    /// Stops the clock.
    pub fn pause(&self) {
        self.change(|time| (time.is_paused, time.is_stepping) = (true, false));
    }

    /// Lets the clock go on.
    pub fn resume(&self) {
        self.change(|time| (time.is_paused, time.is_stepping) = (false, false));
    }

    /// Lets the clock go on until the next thing [happens](Self::happened).
    pub fn step(&self) {
        self.change(|time| (time.is_paused, time.is_stepping) = (false, true));
    }

    /// Notes that something has happened that can be seen, and returns whether that has stopped the
    /// clock.
    pub fn happened(&self) -> bool {
        let stops = self.lock().is_stepping;
        if stops {
            self.pause();
        }
        stops
    }

    /// Returns whether the clock stands still.
    pub fn is_paused(&self) -> bool {
        self.lock().is_paused
    }

    /// Returns how many seconds of the clock are in a second, while it goes.
    pub fn speed(&self) -> f64 {
        self.lock().speed
    }

    /// Has the clock go at another speed, within [`Self::SPEEDS`].
    pub fn set_speed(&self, speed: f64) {
        self.change(|time| time.speed = clamped(speed));
    }

    /// Returns how many candidates each peer tries in a second of the clock.
    pub fn hashes_per_second(&self) -> f64 {
        f64::from_bits(self.hashes_per_second.load(Ordering::Relaxed))
    }

    /// Has each peer try so many candidates in a second of the clock from now on.
    pub fn set_hashes_per_second(&self, hashes: f64) {
        self.hashes_per_second.store(hashes.to_bits(), Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Duration {
        self.lock().shown_at(Instant::now())
    }

    /// Sleeps until the clock shows `end`.
    pub(crate) async fn sleep_until(&self, end: Duration) {
        let mut changes = self.changes.subscribe();
        loop {
            let time = *self.lock();
            let left = end.saturating_sub(time.shown_at(Instant::now()));
            if left.is_zero() {
                return;
            }
            let real = (!time.is_paused).then(|| left.div_f64(time.speed));
            tokio::select! {
                // A little more, so that rounding does not wake us too early.
                () = sleep(real.map(|real| real + Duration::from_micros(1))) => {}
                // The sender is ours, and so never gone.
                _ = changes.changed() => {}
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Time)) {
        let now = Instant::now();
        let mut time = self.lock();
        *time = Time { shown: time.shown_at(now), since: now, ..*time };
        change(&mut time);
        drop(time);
        self.changes.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Time> {
        self.time.lock().expect("no thread panics while it holds the lock")
    }
}

impl Time {
    fn shown_at(&self, now: Instant) -> Duration {
        if self.is_paused {
            return self.shown;
        }
        self.shown + now.saturating_duration_since(self.since).mul_f64(self.speed)
    }
}

/// Sleeps for a time, or for ever.
async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

fn clamped(speed: f64) -> f64 {
    speed.clamp(*Pacing::SPEEDS.start(), *Pacing::SPEEDS.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_shows_what_its_speeds_add_up_to_and_stands_still_in_a_pause() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let (shown, since, speed) = (Duration::ZERO, begin, 2.0);
        let time = Time { shown, since, speed, is_paused: false, is_stepping: false };
        assert_eq!(time.shown_at(at(3)), Duration::from_secs(6));
        let time = Time { is_paused: true, ..time };
        assert_eq!(time.shown_at(at(3)), Duration::ZERO);
    }

    #[test]
    fn a_paused_clock_shows_the_same_until_it_goes_on() {
        let pacing = Pacing::start(1.0, 64.0);
        pacing.pause();
        let shown = pacing.now();
        assert_eq!((pacing.now(), pacing.is_paused()), (shown, true));
        pacing.resume();
        while pacing.now() == shown {}
        pacing.set_speed(1e9);
        assert_eq!(pacing.speed(), 64.0);
        pacing.set_speed(0.0);
        assert_eq!(pacing.speed(), 0.125);
    }

    #[test]
    fn a_step_ends_with_the_next_thing_that_happens() {
        let pacing = Pacing::start(1.0, 1.0);
        pacing.pause();
        pacing.step();
        assert!(!pacing.is_paused());
        assert!(pacing.happened() && pacing.is_paused());
        // Once a pause has ended, nothing that happens begins another.
        pacing.resume();
        assert!(!pacing.happened() && !pacing.is_paused());
    }

    #[tokio::test]
    async fn who_sleeps_wakes_when_the_clock_gets_there_however_its_speed_changes() {
        let pacing = Pacing::start(1.0, 0.125);
        let end = Duration::from_secs(30);
        pacing.pause();
        let sleeper = tokio::spawn(pacing.sleep_until(end));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        pacing.set_speed(64.0);
        pacing.resume();
        sleeper.await.expect("it does not panic");
        assert!(pacing.now() >= end);
    }
}

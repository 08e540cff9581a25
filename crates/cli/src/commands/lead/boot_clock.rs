//! A clock that goes on while the machine sleeps, and that shows the same in every process of it.

use std::time::Duration;

use althing_types::Moment;

/// Returns the time since the machine was started.
///
/// A lease must not be relied on for longer because the machine has slept, and the process that
/// ends a command in time is another one than that which knows until when it may run.
pub(super) fn now() -> Moment {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = rustix::time::ClockId::Monotonic;
    let shown = rustix::time::clock_gettime(clock);
    let seconds = u64::try_from(shown.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(shown.tv_nsec).unwrap_or_default();
    Moment::from_start(Duration::new(seconds, nanos))
}

/// Sleeps until it shows `moment`, or a little longer.
pub(super) async fn sleep_until(moment: Moment) {
    tokio::time::sleep(moment - now()).await;
}

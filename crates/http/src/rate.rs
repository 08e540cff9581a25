//! How many requests a caller may make in a second, by the address that it comes from.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Requests that one address may make in a second, in the long run; twice as many at once.
pub const REQUESTS_PER_SECOND: u32 = 200;

/// As [`REQUESTS_PER_SECOND`], for programs on this machine: it keeps one that has gone wrong from
/// taking all of the processor.
pub const REQUESTS_PER_SECOND_HERE: u32 = 20_000;

/// Addresses of which account is kept; when there are more, those that were silent longest are
/// forgotten, and begin anew.
const CALLERS_MAX: usize = 4096;

/// What callers have left.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<HashMap<IpAddr, Left>>);

/// What a caller has left: a bucket that fills up again.
#[derive(Clone, Copy, Debug)]
struct Left {
    requests: f64,
    at: Instant,
}

impl Rates {
    /// Returns whether a caller may make one more request now.
    pub(crate) fn admit(&self, caller: IpAddr, now: Instant) -> bool {
        let per_second = f64::from(match caller.to_canonical().is_loopback() {
            true => REQUESTS_PER_SECOND_HERE,
            false => REQUESTS_PER_SECOND,
        });
        let most = 2.0 * per_second;
        let mut callers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.len() >= CALLERS_MAX && !callers.contains_key(&caller) {
            forget(&mut callers);
        }
        let left = callers.entry(caller).or_insert(Left { requests: most, at: now });
        let since = now.saturating_duration_since(left.at).as_secs_f64();
        left.requests = (left.requests + since * per_second).min(most);
        left.at = now;
        let is_admitted = left.requests >= 1.0;
        if is_admitted {
            left.requests -= 1.0;
        }
        is_admitted
    }
}

/// Forgets the half that was silent longest.
fn forget(callers: &mut HashMap<IpAddr, Left>) {
    let mut times: Vec<Instant> = callers.values().map(|left| left.at).collect();
    times.sort_unstable();
    let middle = times[times.len() / 2];
    callers.retain(|_, left| left.at > middle);
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    fn caller(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0000 + number).into()
    }

    #[test]
    fn a_caller_that_asks_too_often_is_refused_and_others_are_not() {
        let (rates, now) = (Rates::default(), Instant::now());
        let admitted = (0..1000).filter(|_| rates.admit(caller(1), now)).count();
        assert_eq!(admitted, 400);
        assert!(rates.admit(caller(2), now));
        let later = now + Duration::from_secs(1);
        let admitted = (0..1000).filter(|_| rates.admit(caller(1), later)).count();
        assert_eq!(admitted, 200);
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let admitted = (0..50_000).filter(|_| rates.admit(here, now)).count();
        assert_eq!(admitted, 40_000);
    }

    #[test]
    fn account_is_kept_of_so_many_callers_and_no_more() {
        let (rates, now) = (Rates::default(), Instant::now());
        for number in 0..100_000 {
            let at = now + Duration::from_millis(number.into());
            assert!(rates.admit(caller(number), at));
            assert!(rates.0.lock().expect("no panic").len() <= CALLERS_MAX);
        }
    }
}

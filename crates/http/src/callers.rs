//! How many connections a caller may have, and how many requests it may make in a second, by the
//! address that it comes from.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Connections that one address of another machine may have at a time, so that none takes the
/// places of all.
pub const CONNECTIONS_OF_ONE_MAX: usize = 32;

/// Requests that one address may make in a second, in the long run; twice as many at once.
pub const REQUESTS_PER_SECOND: u32 = 200;

/// As [`REQUESTS_PER_SECOND`], for programs on this machine: it keeps one that has gone wrong from
/// taking all of the processor.
pub const REQUESTS_PER_SECOND_HERE: u32 = 20_000;

/// Addresses of whose requests account is kept; when there are more, those that were silent longest
/// are forgotten, and begin anew.
const ACCOUNTS_MAX: usize = 4096;

/// All callers of a server. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Callers(Arc<All>);

#[derive(Debug, Default)]
struct All {
    /// How many connections each has; only those that have some are here.
    connections: Mutex<HashMap<Origin, usize>>,
    accounts: Mutex<HashMap<Origin, Left>>,
}

/// A caller, while it is connected.
#[derive(Debug)]
pub(crate) struct Caller {
    all: Callers,
    /// Where it comes from; missing at a socket file, which only one user can use.
    origin: Option<Origin>,
}

/// Where a caller comes from: an address of IPv4, or a network of IPv6 that one user has whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Origin(IpAddr);

/// The requests that a caller has left: a bucket that fills up again.
#[derive(Clone, Copy, Debug)]
struct Left {
    requests: f64,
    at: Instant,
}

impl Origin {
    fn of(address: IpAddr) -> Self {
        /// The bits of an address of IPv6 that its user does not choose.
        const NETWORK: u128 = u128::MAX << 64;
        Self(match address.to_canonical() {
            IpAddr::V6(address) if !address.is_loopback() => {
                Ipv6Addr::from_bits(address.to_bits() & NETWORK).into()
            }
            other => other,
        })
    }

    fn is_here(self) -> bool {
        self.0.is_loopback()
    }
}

impl Callers {
    /// Lets a caller in that has connected from an address; `None` if as many as may from there are
    /// connected already.
    pub(crate) fn come(&self, address: Option<IpAddr>) -> Option<Caller> {
        let origin = address.map(Origin::of);
        if let Some(origin) = origin {
            let mut connections = self.connections();
            let count = connections.entry(origin).or_default();
            if *count >= CONNECTIONS_OF_ONE_MAX && !origin.is_here() {
                return None;
            }
            *count += 1;
        }
        Some(Caller { all: self.clone(), origin })
    }

    /// Returns whether a caller may make one more request now.
    fn admit(&self, origin: Origin, now: Instant) -> bool {
        let per_second = f64::from(match origin.is_here() {
            true => REQUESTS_PER_SECOND_HERE,
            false => REQUESTS_PER_SECOND,
        });
        let most = 2.0 * per_second;
        let mut accounts = self.0.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= ACCOUNTS_MAX && !accounts.contains_key(&origin) {
            forget(&mut accounts);
        }
        let left = accounts.entry(origin).or_insert(Left { requests: most, at: now });
        let since = now.saturating_duration_since(left.at).as_secs_f64();
        left.requests = (left.requests + since * per_second).min(most);
        left.at = now;
        let is_admitted = left.requests >= 1.0;
        if is_admitted {
            left.requests -= 1.0;
        }
        is_admitted
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<Origin, usize>> {
        self.0.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    /// Returns whether it may make one more request now.
    pub(crate) fn may_ask(&self, now: Instant) -> bool {
        self.origin.is_none_or(|origin| self.all.admit(origin, now))
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let Some(origin) = self.origin else { return };
        let mut connections = self.all.connections();
        if let Some(count) = connections.get_mut(&origin) {
            *count -= 1;
            if *count == 0 {
                connections.remove(&origin);
            }
        }
    }
}

/// Forgets the half that was silent longest.
fn forget(accounts: &mut HashMap<Origin, Left>) {
    let mut times: Vec<Instant> = accounts.values().map(|left| left.at).collect();
    times.sort_unstable();
    let middle = times[times.len() / 2];
    accounts.retain(|_, left| left.at > middle);
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0000 + number).into()
    }

    fn caller(callers: &Callers, address: IpAddr) -> Caller {
        callers.come(Some(address)).expect("it is the first from there")
    }

    #[test]
    fn a_caller_that_asks_too_often_is_refused_and_others_are_not() {
        let (callers, now) = (Callers::default(), Instant::now());
        let admitted =
            |caller: &Caller, of: u32, now| (0..of).filter(|_| caller.may_ask(now)).count();
        let one = caller(&callers, address(1));
        assert_eq!(admitted(&one, 1000, now), 400);
        assert_eq!(admitted(&caller(&callers, address(1)), 1, now), 0, "it is the same caller");
        assert_eq!(admitted(&caller(&callers, address(2)), 1, now), 1);
        assert_eq!(admitted(&one, 1000, now + Duration::from_secs(1)), 200);
        let here = caller(&callers, Ipv4Addr::LOCALHOST.into());
        assert_eq!(admitted(&here, 50_000, now), 40_000);
    }

    #[test]
    fn account_is_kept_of_so_many_callers_and_no_more() {
        let (callers, now) = (Callers::default(), Instant::now());
        for number in 0..100_000 {
            let at = now + Duration::from_millis(number.into());
            assert!(caller(&callers, address(number)).may_ask(at));
            assert!(callers.0.accounts.lock().expect("no panic").len() <= ACCOUNTS_MAX);
        }
        assert!(callers.connections().is_empty(), "all have left");
    }

    #[test]
    fn one_address_has_so_many_connections_and_no_more() {
        let callers = Callers::default();
        let come = |address: &str| callers.come(Some(address.parse().expect("an address")));
        // The networks are those of documentation.
        for same in [["192.0.2.1", "::ffff:192.0.2.1"], ["2001:db8::1", "2001:db8::ffff:7"]] {
            let mut there: Vec<_> = same.into_iter().cycle().map(come).take(32).collect();
            assert!(there.iter().all(Option::is_some), "{same:?}");
            assert!(same.into_iter().all(|address| come(address).is_none()), "{same:?}");
            there.pop();
            assert!(come(same[0]).is_some(), "one has left");
        }
        let _full: Vec<_> = (0..32).map(|_| come("192.0.2.1")).collect();
        assert!(come("192.0.2.2").is_some() && come("2001:db8:0:1::1").is_some());
        let here = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];
        let all: Vec<_> = here.into_iter().cycle().map(come).take(300).collect();
        assert!(all.iter().all(Option::is_some), "this machine may have all");
        assert!((0..100).map(|_| callers.come(None)).all(|caller| caller.is_some()));
    }
}

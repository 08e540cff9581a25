//! Who may become a worker: the password, and how long an address waits after a wrong one.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use althing_types::Moment;

use crate::fault::Fault;

/// Time for which an address may not try another password after its first wrong one. It doubles
/// with each one more,
pub const GUESS_PAUSE: Duration = Duration::from_secs(1);

/// up to this time.
pub const GUESS_PAUSE_MAX: Duration = Duration::from_secs(256);

/// Time after which the wrong passwords of an address are forgotten.
pub const GUESSES_FORGOTTEN: Duration = Duration::from_secs(3600);

/// The maximum number of addresses whose wrong passwords are remembered; the one whose last was
/// longest ago is forgotten first.
pub const GUESSERS_MAX: usize = 1024;

/// Checks passwords. Trying many takes an address ever longer, on however many connections, while
/// workers that are there notice nothing.
pub(crate) struct Gate {
    password: Option<String>,
    guessers: BTreeMap<IpAddr, Guesser>,
}

/// The wrong passwords of an address.
struct Guesser {
    count: u32,
    /// The hash of the last one. A miner with a mistyped password sends the same one for ever,
    /// which is no guessing.
    last: u64,
    at: Moment,
}

impl Guesser {
    fn pause(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.count.saturating_sub(1));
        GUESS_PAUSE.saturating_mul(doubled).min(GUESS_PAUSE_MAX)
    }
}

impl Gate {
    pub(crate) fn new(password: Option<String>) -> Self {
        Self { password, guessers: BTreeMap::new() }
    }

    /// Checks a password that comes from an address.
    pub(crate) fn check(&mut self, now: Moment, from: IpAddr, said: &str) -> Result<(), Fault> {
        let Some(password) = &self.password else { return Ok(()) };
        let (from, hash) = (group(from), hash(said));
        let is_forgotten = |guesser: &Guesser| now - guesser.at >= GUESSES_FORGOTTEN;
        if let Some(guesser) = self.guessers.get(&from).filter(|guesser| !is_forgotten(guesser)) {
            if guesser.last == hash {
                return Err(Fault::Unauthorized);
            }
            let left = guesser.pause().saturating_sub(now - guesser.at);
            if !left.is_zero() {
                let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
                return Err(Fault::TooManyGuesses { seconds });
            }
        }
        if said == password {
            return Ok(());
        }
        if self.guessers.len() >= GUESSERS_MAX && !self.guessers.contains_key(&from) {
            let earliest = self.guessers.iter().min_by_key(|(_, guesser)| guesser.at);
            let earliest = earliest.map(|(address, _)| *address);
            earliest.map(|earliest| self.guessers.remove(&earliest));
        }
        let guesser = self.guessers.entry(from).or_insert(Guesser { count: 0, last: 0, at: now });
        let count = if is_forgotten(guesser) { 1 } else { guesser.count.saturating_add(1) };
        *guesser = Guesser { count, last: hash, at: now };
        Err(Fault::Unauthorized)
    }
}

/// Returns what stands for all addresses of one host: of IPv6, its network of 64 bits.
pub(crate) fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 6));

    fn at(seconds: u64) -> Moment {
        Moment::START + Duration::from_secs(seconds)
    }

    fn gate() -> Gate {
        Gate::new(Some("secret".to_owned()))
    }

    #[test]
    fn a_guesser_has_few_guesses_in_an_hour_on_however_many_connections() {
        let mut gate = gate();
        let guesses: Vec<u64> = (0..3600 * 20)
            .filter(|tick| {
                let now = Moment::START + Duration::from_millis(50) * *tick;
                gate.check(now, EVE, &format!("guess {tick}")) == Err(Fault::Unauthorized)
            })
            .map(|tick| u64::from(tick) / 20)
            .collect();
        assert_eq!(guesses[..5], [0, 1, 3, 7, 15], "seconds of the first guesses");
        assert!(guesses.len() < 25, "{guesses:?}");
        // Also the right one is not looked at while it waits; another address notices nothing.
        let waits = gate.check(at(3600), EVE, "secret");
        assert!(matches!(waits, Err(Fault::TooManyGuesses { .. })), "{waits:?}");
        assert_eq!(gate.check(at(3600), "192.0.2.7".parse().expect("valid"), "secret"), Ok(()));
        assert_eq!(gate.check(at(7200), EVE, "secret"), Ok(()));
        assert_eq!(gate.check(at(7201), EVE, "other"), Err(Fault::Unauthorized));
        assert_eq!(
            gate.check(at(7201), EVE, "secret"),
            Err(Fault::TooManyGuesses { seconds: 1 }),
            "what was an hour ago is forgotten"
        );
    }

    #[test]
    fn a_mistyped_password_keeps_no_other_miner_of_its_address_out() {
        let mut gate = gate();
        for second in 0..1000 {
            assert_eq!(gate.check(at(second), EVE, "sceret"), Err(Fault::Unauthorized));
            if second > 0 {
                assert_eq!(gate.check(at(second), EVE, "secret"), Ok(()));
            }
        }
    }

    #[test]
    fn a_network_of_64_bits_is_one_guesser_and_few_are_remembered() {
        let mut gate = gate();
        let from = |host: u128| IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | host));
        assert_eq!(gate.check(at(0), from(1), "a"), Err(Fault::Unauthorized));
        let waits = Err(Fault::TooManyGuesses { seconds: 1 });
        assert_eq!(gate.check(at(0), from(2), "b"), waits);
        assert_eq!(gate.check(at(0), from(1 << 64), "b"), Err(Fault::Unauthorized));
        for network in 0..2 * GUESSERS_MAX as u128 {
            let _ = gate.check(at(1), from(network << 64), "c");
            assert!(gate.guessers.len() <= GUESSERS_MAX);
        }
        // An address of IPv4 is the same when it is written as one of IPv6.
        assert_eq!(gate.check(at(2), EVE, "a"), Err(Fault::Unauthorized));
        let mapped = "::ffff:192.0.2.6".parse().expect("valid");
        assert_eq!(gate.check(at(2), mapped, "b"), waits);
    }
}

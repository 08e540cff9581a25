//! How much we send to whom (rules N8 and N10).
//!
//! The source address of a datagram can be forged, and whatever is sent in answer then goes to the
//! owner of that address. Two things follow. What strangers ask in the names of others must not use
//! up what peers are sent: so each peer has a *share* of its own, and all strangers have one
//! together. And no address should be sent much more than was sent in its name: where the wire has
//! room for it, an address must first return a *cookie* that was sent to it, as in QUIC's Retry
//! (RFC 9000, section 8.1) and WireGuard. Where it has not, a share is a number of bytes in a
//! second.

use std::collections::BTreeMap;
use std::time::Duration;

use althing_types::{Address, Moment};
use sha2::{Digest, Sha256};

use super::message::Cookie;
use super::{Message, Nakamoto, Output, Refusal, send};

/// Bytes that a peer is sent at once (rule N8): a course's whole chain of `aviary`, or sixteen of
/// the largest answers of `cs60`.
pub const SHARE_BYTES: u64 = 1 << 20;

/// Bytes that a peer is sent in each second after that (rule N8).
pub const SHARE_BYTES_A_SECOND: u64 = 32 << 10;

/// Bytes that all those together are sent at once who have not answered us (rule N8).
pub const STRANGERS_BYTES: u64 = 1 << 20;

/// Bytes that they are sent together in each second after that (rule N8).
pub const STRANGERS_BYTES_A_SECOND: u64 = 64 << 10;

/// Bytes that an address is sent in a second once it has shown that it receives (rule N10): more
/// than a peer can verify, so that one that fetches a chain never waits.
pub const SHOWN_BYTES_A_SECOND: u64 = 32 << 20;

/// The maximum number of addresses that have shown that they receive and are remembered (rule N10);
/// the one that did so first is forgotten first.
pub const SHOWN_MAX: usize = 2048;

/// How long an address is believed to receive what is sent to it (rule N10).
const SHOWN_TIME: Duration = Duration::from_secs(600);

/// How long a cookie is valid, at least; at most twice as long.
const COOKIE_TIME: Duration = Duration::from_secs(60);

/// The maximum number of answers to gossip that one host is sent within half a gossip interval,
/// where the gossip did not come from there (rule N3).
pub const REPLIES_PER_HOST_MAX: u16 = 64;

/// The maximum number of hosts whose answers are counted (rule N3); there are no answers to others.
pub const HOSTS_MAX: usize = 4096;

/// What may still be sent to an address: a token bucket, in thousandths of a byte.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    /// What was sent and is not made good for by time.
    owed: u64,
    at: Moment,
}

impl Share {
    /// Returns whether so many bytes may be sent, of at most `burst` at once and `rate` in a second
    /// after that, and counts them.
    fn take(&mut self, now: Moment, bytes: usize, burst: u64, rate: u64) -> bool {
        let gone = u64::try_from((now - self.at).as_millis()).unwrap_or(u64::MAX);
        let owed = self.owed.saturating_sub(gone.saturating_mul(rate));
        let more = (bytes as u64).saturating_mul(1000);
        let may_send = owed.saturating_add(more) <= burst * 1000;
        *self = Self { owed: if may_send { owed + more } else { owed }, at: now };
        may_send
    }
}

/// An address that has shown that it receives what is sent to it.
#[derive(Clone, Copy, Debug)]
struct Shown {
    at: Moment,
    share: Share,
}

/// What was sent to whom.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    /// Makes cookies that no other peer can make.
    secret: [u8; 32],
    strangers: Share,
    shown: BTreeMap<Address, Shown>,
    /// Answers to gossip that came from elsewhere, by host, since `replies_from`.
    replies: BTreeMap<Box<str>, u16>,
    replies_from: Moment,
    /// When all peers were last asked (rule T3).
    pub(super) consensus: Option<Moment>,
}

impl Answers {
    /// Returns what a peer begins with that has this entropy.
    pub(super) fn new(entropy: &[u8; 32]) -> Self {
        let secret = Sha256::new().chain_update(b"althing cookies\n").chain_update(entropy);
        Self {
            secret: secret.finalize().into(),
            strangers: Share::default(),
            shown: BTreeMap::new(),
            replies: BTreeMap::new(),
            replies_from: Moment::START,
            consensus: None,
        }
    }

    pub(super) fn shown(&self) -> usize {
        self.shown.len()
    }

    pub(super) fn hosts(&self) -> usize {
        self.replies.len()
    }

    /// Returns whether an origin whose gossip came from elsewhere may be answered, and counts it.
    pub(super) fn may_reply(&mut self, now: Moment, origin: &Address, due: Duration) -> bool {
        if now - self.replies_from >= due {
            self.replies.clear();
            self.replies_from = now;
        }
        if self.replies.len() >= HOSTS_MAX && !self.replies.contains_key(origin.host()) {
            return false;
        }
        let replies = self.replies.entry(origin.host().into()).or_default();
        let may_reply = *replies < REPLIES_PER_HOST_MAX;
        *replies += u16::from(may_reply);
        may_reply
    }

    /// Returns how long ago an address has shown that it receives, if it is still believed.
    fn shown_since(&self, now: Moment, address: &Address) -> Option<Duration> {
        let since = now - self.shown.get(address)?.at;
        (since < SHOWN_TIME).then_some(since)
    }

    fn show(&mut self, now: Moment, address: &Address) {
        if self.shown.len() >= SHOWN_MAX && !self.shown.contains_key(address) {
            let first = self.shown.iter().min_by_key(|(_, shown)| shown.at);
            if let Some(first) = first.map(|(address, _)| address.clone()) {
                self.shown.remove(&first);
            }
        }
        let new = Shown { at: now, share: Share::default() };
        self.shown.entry(address.clone()).or_insert(new).at = now;
    }

    /// Returns the cookie of an address for the period that lies so many periods back.
    fn cookie(&self, now: Moment, back: u64, address: &Address) -> Option<Cookie> {
        let period = now.since_start().as_secs() / COOKIE_TIME.as_secs();
        let period = period.checked_sub(back)?;
        // Hashed twice, so that no cookie of a longer host can be computed from it.
        let inner = Sha256::new()
            .chain_update(self.secret)
            .chain_update(period.to_be_bytes())
            .chain_update(address.port().to_be_bytes())
            .chain_update(address.host());
        let digest = Sha256::digest(inner.finalize());
        let (cookie, _) = digest.split_first_chunk().expect("a digest is longer");
        Some(Cookie(*cookie))
    }

    fn is_cookie_of(&self, now: Moment, address: &Address, cookie: Cookie) -> bool {
        (0..=1).any(|back| self.cookie(now, back, address) == Some(cookie))
    }
}

impl Nakamoto {
    /// Returns whether an answer may be sent, and counts it (rule N8).
    pub(super) fn may_send(&mut self, now: Moment, to: &Address, message: &Message) -> bool {
        let bytes = message.bytes();
        if self.answers.shown_since(now, to).is_some()
            && let Some(shown) = self.answers.shown.get_mut(to)
        {
            let rate = SHOWN_BYTES_A_SECOND;
            return shown.share.take(now, bytes, rate, rate);
        }
        let Self { answers, peers, rules, .. } = self;
        match peers.share(to).filter(|_| !rules.has_cookies) {
            Some(share) => share.take(now, bytes, SHARE_BYTES, SHARE_BYTES_A_SECOND),
            None => answers.strangers.take(now, bytes, STRANGERS_BYTES, STRANGERS_BYTES_A_SECOND),
        }
    }

    /// Sends an answer, if it may be sent.
    pub(super) fn answer(
        &mut self,
        now: Moment,
        to: &Address,
        message: Message,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if !self.may_send(now, to, &message) {
            return Err(Refusal::TooManyQuestions);
        }
        send(to, message, out);
        Ok(())
    }

    /// Returns whether an address has shown that it receives, where it must; if it has not, or soon
    /// has to again, it is asked to (rule N10).
    pub(super) fn is_shown(&self, now: Moment, address: &Address, out: &mut Vec<Output>) -> bool {
        if !self.rules.has_cookies {
            return true;
        }
        let since = self.answers.shown_since(now, address);
        if since.is_none_or(|since| since > SHOWN_TIME / 2)
            && let Some(cookie) = self.answers.cookie(now, 0, address)
        {
            send(address, Message::Challenge(cookie), out);
        }
        since.is_some()
    }

    /// Shows a peer that we receive what it sends, and repeats, once, what we asked of it.
    pub(super) fn on_challenge(
        &mut self,
        from: &Address,
        cookie: Cookie,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if !self.peers.contains(from) {
            return Err(Refusal::Stranger);
        }
        send(from, Message::Proof(cookie), out);
        for wanted in self.requests.repeat(from) {
            let question = self.question(wanted);
            send(from, question, out);
        }
        Ok(())
    }

    /// Believes an address that has returned its cookie, and tells it of our chain, which it may
    /// have been refused before.
    pub(super) fn on_proof(
        &mut self,
        now: Moment,
        from: &Address,
        cookie: Cookie,
        out: &mut Vec<Output>,
    ) -> Result<(), Refusal> {
        if !self.answers.is_cookie_of(now, from, cookie) {
            return Err(Refusal::CookieWrong);
        }
        let is_new = self.answers.shown_since(now, from).is_none();
        self.answers.show(now, from);
        match self.tip_claim() {
            Some(claim) if is_new => self.answer(now, from, Message::Tip(claim), out),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::START + Duration::from_millis(millis)
    }

    fn address(host: &str, port: u16) -> Address {
        Address::new(host, port).expect("a host")
    }

    #[test]
    fn a_share_is_made_good_for_by_time_and_to_the_byte() {
        let mut share = Share::default();
        assert!(share.take(at(0), 600, 1000, 100));
        assert!(!share.take(at(0), 401, 1000, 100));
        assert!(share.take(at(0), 400, 1000, 100));
        for millis in 1..10 {
            assert!(!share.take(at(millis), 1, 1000, 100), "asking often gains nothing");
        }
        assert!(share.take(at(10), 1, 1000, 100));
        assert!(!share.take(at(999_999), 1001, 1000, 100));
        assert!(share.take(at(999_999), 1000, 1000, 100));
    }

    #[test]
    fn a_cookie_is_of_one_address_and_of_two_minutes_at_most() {
        let answers = Answers::new(&[7; 32]);
        let there = address("192.0.2.1", 8999);
        let cookie = answers.cookie(at(59_000), 0, &there).expect("there is one");
        assert!(answers.is_cookie_of(at(119_000), &there, cookie));
        assert!(!answers.is_cookie_of(at(120_000), &there, cookie));
        for other in [address("192.0.2.1", 8998), address("192.0.2.10", 8999)] {
            assert!(!answers.is_cookie_of(at(59_000), &other, cookie));
        }
        assert!(!Answers::new(&[8; 32]).is_cookie_of(at(59_000), &there, cookie));
    }

    #[test]
    fn those_who_showed_themselves_first_are_forgotten_first() {
        let mut answers = Answers::new(&[7; 32]);
        for number in 0..SHOWN_MAX + 10 {
            let port = u16::try_from(number).expect("few");
            answers.show(at(number as u64), &address("192.0.2.1", port));
        }
        assert_eq!(answers.shown(), SHOWN_MAX);
        assert_eq!(answers.shown_since(at(5000), &address("192.0.2.1", 9)), None);
        let last = answers.shown_since(at(5000), &address("192.0.2.1", 10));
        assert_eq!(last, Some(Duration::from_millis(4990)));
        assert_eq!(answers.shown_since(at(600_010), &address("192.0.2.1", 10)), None);
    }
}

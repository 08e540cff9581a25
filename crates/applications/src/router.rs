//! Several applications in one chain.

use std::collections::BTreeMap;

use althing_ledger::{Application, BlockContext, EntriesRefused, Entry, SignedEntry};

/// Applications that share a chain of signed entries: each is handed the entries that name it.
///
/// An application sees its own entries only, in their order, so it cannot tell whether there are
/// others. Which ones there are is part of what all peers of a network must agree on.
#[derive(Debug, Default)]
pub struct Router {
    applications: BTreeMap<&'static str, Box<dyn Application>>,
}

impl Router {
    /// Returns a router that refuses all entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the application that entries call `name`.
    #[must_use]
    pub fn with(mut self, name: &'static str, application: Box<dyn Application>) -> Self {
        self.applications.insert(name, application);
        self
    }

    /// Returns the name of the application that `entry` is for, if it is here.
    fn destination<'a>(&self, entry: &'a Entry) -> Result<&'a str, EntriesRefused> {
        let name = SignedEntry::application_of(entry)
            .map_err(|_| EntriesRefused::because("an entry must be signed"))?;
        if self.applications.contains_key(name) {
            return Ok(name);
        }
        let kept: Vec<&str> = self.applications.keys().copied().collect();
        let kept = kept.join(" and ");
        let reason = format!("only {kept} are kept here, and nothing for {name:?}");
        Err(EntriesRefused::because(reason))
    }

    fn of_application(&self, name: &str, entries: &[Entry]) -> Vec<Entry> {
        let is_its = |entry: &&Entry| self.destination(entry) == Ok(name);
        entries.iter().filter(is_its).cloned().collect()
    }
}

impl Application for Router {
    fn check(&self, context: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
        // Entries before one without an application are judged first, so that the reason is that of
        // the first entry with a fault.
        let unknown = entries.iter().position(|entry| self.destination(entry).is_err());
        let (known, rest) = entries.split_at(unknown.unwrap_or(entries.len()));
        for (name, application) in &self.applications {
            match self.applications.len() {
                1 => application.check(context, known)?,
                _ => application.check(context, &self.of_application(name, known))?,
            }
        }
        rest.first().map_or(Ok(()), |entry| self.destination(entry).map(drop))
    }

    fn apply(&mut self, context: &BlockContext, entries: &[Entry]) {
        let names: Vec<&'static str> = self.applications.keys().copied().collect();
        for name in names {
            let its = self.of_application(name, entries);
            if let Some(application) = self.applications.get_mut(name) {
                application.apply(context, &its);
            }
        }
    }

    fn snapshot(&self) -> Box<dyn Application> {
        let copies = self.applications.iter().map(|(name, inner)| (*name, inner.snapshot()));
        Box::new(Self { applications: copies.collect() })
    }
}

#[cfg(test)]
mod tests {
    use althing_types::{BlockHash, Height};
    use ed25519_dalek::SigningKey;

    use super::*;

    const HERE: BlockContext = BlockContext { height: Height::GENESIS, time: None };

    /// Accepts so many entries in all.
    #[derive(Clone, Debug)]
    struct UpTo(usize);

    impl Application for UpTo {
        fn check(&self, _: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
            let fit = entries.len() <= self.0;
            if fit { Ok(()) } else { Err(EntriesRefused::because(format!("room for {}", self.0))) }
        }

        fn apply(&mut self, _: &BlockContext, entries: &[Entry]) {
            self.0 -= entries.len();
        }

        fn snapshot(&self) -> Box<dyn Application> {
            Box::new(self.clone())
        }
    }

    fn entry(application: &str, nonce: u64) -> Entry {
        let (key, chain) = (SigningKey::from_bytes(&[7; 32]), BlockHash::from_bytes([1; 32]));
        SignedEntry::sign(&key, &chain, application, nonce, b"x").encode()
    }

    #[test]
    fn each_application_sees_its_own_entries() {
        let mut router =
            Router::new().with("one", Box::new(UpTo(1))).with("three", Box::new(UpTo(3)));
        let both = [entry("three", 1), entry("one", 2), entry("three", 3)];
        assert_eq!(router.check(&HERE, &both), Ok(()));
        let before = router.snapshot();
        router.apply(&HERE, &both);
        assert_eq!(router.check(&HERE, &[entry("three", 4)]), Ok(()));
        let full = router.check(&HERE, &[entry("one", 4)]).expect_err("it has its one");
        assert_eq!(full.to_string(), "room for 0");
        assert_eq!(before.check(&HERE, &both), Ok(()), "a snapshot does not change");
    }

    #[test]
    fn an_entry_for_nobody_is_refused_after_what_comes_before_it() {
        let router = Router::new().with("one", Box::new(UpTo(1)));
        let other = entry("other", 1);
        let refused = |entries: &[Entry]| {
            router.check(&HERE, entries).expect_err("one is for nobody").to_string()
        };
        let unknown = "only one are kept here, and nothing for \"other\"";
        assert_eq!(refused(std::slice::from_ref(&other)), unknown);
        assert_eq!(refused(&[entry("one", 1), other.clone()]), unknown);
        assert_eq!(refused(&[entry("one", 1), entry("one", 2), other]), "room for 1");
        assert_eq!(refused(&[Entry::text("hello")]), "an entry must be signed");
    }
}

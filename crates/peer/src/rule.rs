//! A rule of the caller's own, by which data are valid.

use std::fmt;
use std::sync::Arc;

use althing_dialect::{ChainDialect, Codec, Malformed, NetworkConfig, Received, Wire};
use althing_engine::Recipient;
use althing_engine::nakamoto::{Message, Nakamoto, Rules};
use althing_feed::entry_text;
use althing_ledger::{Application, Block, BlockContext, EntriesRefused, Entry};
use althing_types::Channel;

/// Says which data may come after which others in the chain, the peer's own and those of others.
///
/// It is asked of each datum once, with all data before it in their order, and must depend on
/// nothing else: peers that judge the same data differently have different chains from there on.
/// A block that it refuses is not accepted, nor is any block after it. Cheap to clone.
#[derive(Clone)]
pub struct Rule(Arc<Judge>);

type Judge = dyn Fn(&[Arc<str>], &str) -> Result<(), String> + Send + Sync;

impl Rule {
    /// Returns the rule that is this function: it is handed the data before, and the one to be
    /// judged, and says why that is invalid if it is.
    pub fn new(
        judge: impl Fn(&[Arc<str>], &str) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(judge))
    }

    /// Returns a dialect whose data this rule judges as well.
    pub(crate) fn over(&self, dialect: Box<dyn ChainDialect>) -> Box<dyn ChainDialect> {
        Box::new(Ruled { dialect, rule: self.clone() })
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule(..)")
    }
}

/// A network in which a rule judges the data as well.
struct Ruled {
    dialect: Box<dyn ChainDialect>,
    rule: Rule,
}

impl Codec for Ruled {
    type Engine = Nakamoto;

    fn network(&self) -> NetworkConfig {
        self.dialect.network()
    }

    fn encode(&self, to: &Recipient, message: &Message) -> Vec<Wire> {
        self.dialect.encode(to, message)
    }

    fn decode(&self, from: &Channel, payload: &[u8]) -> Received<Message> {
        self.dialect.decode(from, payload)
    }
}

impl ChainDialect for Ruled {
    fn rules(&self) -> &Rules {
        self.dialect.rules()
    }

    fn application(&self) -> Box<dyn Application> {
        Box::new(Judged {
            network: self.dialect.application(),
            rule: self.rule.clone(),
            data: Arc::default(),
        })
    }

    fn entry(&self, text: &str, nonce: u64) -> Result<Entry, EntriesRefused> {
        self.dialect.entry(text, nonce)
    }

    fn encode_block(&self, block: &Block) -> Vec<u8> {
        self.dialect.encode_block(block)
    }

    fn decode_block(&self, bytes: &[u8]) -> Result<Block, Malformed> {
        self.dialect.decode_block(bytes)
    }
}

/// The data so far, which the rule is asked about.
#[derive(Debug)]
struct Judged {
    network: Box<dyn Application>,
    rule: Rule,
    /// Shared with copies until one of them changes.
    data: Arc<Vec<Arc<str>>>,
}

impl Application for Judged {
    fn check(&self, context: &BlockContext, entries: &[Entry]) -> Result<(), EntriesRefused> {
        self.network.check(context, entries)?;
        let judge = &self.rule.0;
        let mut data = match entries {
            [entry] => return judge(&self.data, &entry_text(entry)).map_err(refused),
            _ => (*self.data).clone(),
        };
        for entry in entries {
            let datum = entry_text(entry);
            judge(&data, &datum).map_err(refused)?;
            data.push(datum.into());
        }
        Ok(())
    }

    fn apply(&mut self, context: &BlockContext, entries: &[Entry]) {
        self.network.apply(context, entries);
        Arc::make_mut(&mut self.data).extend(entries.iter().map(|entry| entry_text(entry).into()));
    }

    fn snapshot(&self) -> Box<dyn Application> {
        let (network, rule) = (self.network.snapshot(), self.rule.clone());
        Box::new(Self { network, rule, data: Arc::clone(&self.data) })
    }
}

fn refused(reason: String) -> EntriesRefused {
    EntriesRefused::because(reason)
}

#[cfg(test)]
mod tests {
    use althing_dialect::cs60::{Config, Cs60, Data};

    use super::*;

    #[test]
    fn a_rule_judges_each_datum_after_those_before_it() {
        let rule = Rule::new(|before, datum| match datum.parse::<usize>() {
            Ok(number) if number == before.len() => Ok(()),
            _ => Err(format!("{} is next, and not {datum}", before.len())),
        });
        let config = Config { data: Data::Texts, ..Config::default() };
        let mut application = rule.over(Box::new(Cs60::new(config))).application();
        let here = BlockContext::default();
        let entries =
            |texts: &[&str]| texts.iter().map(|text| Entry::text(text)).collect::<Vec<_>>();
        assert_eq!(application.check(&here, &entries(&["0", "1"])), Ok(()));
        let before = application.snapshot();
        application.apply(&here, &entries(&["0", "1"]));
        assert_eq!(application.check(&here, &entries(&["2"])), Ok(()));
        let refused = application.check(&here, &entries(&["1"])).expect_err("it is there");
        assert_eq!(refused.to_string(), "2 is next, and not 1");
        assert_eq!(before.check(&here, &entries(&["0"])), Ok(()), "a copy does not change");
    }

    #[test]
    fn what_the_network_refuses_no_rule_accepts() {
        let rule = Rule::new(|_, _| Ok(()));
        let application = rule.over(Box::new(Cs60::new(Config::default()))).application();
        let hello = [Entry::text("hello")];
        assert!(application.check(&BlockContext::default(), &hello).is_err(), "no ballot");
    }
}

use althing_dialect::{BadSecret, Dialect, Malformed, Received, SecretKind, Wire};
use althing_engine::rounds::{Authenticator, Rules, Sealed};
use althing_types::PeerId;

/// The messages of one network, and rules of another.
pub(crate) struct WithRules {
    pub(crate) dialect: Box<dyn Dialect>,
    pub(crate) rules: Rules,
}

impl Dialect for WithRules {
    fn network(&self) -> String {
        self.dialect.network()
    }

    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn topics(&self) -> Vec<String> {
        self.dialect.topics()
    }

    fn peer_id(&self, nanoseconds: u64, entropy: u64) -> PeerId {
        self.dialect.peer_id(nanoseconds, entropy)
    }

    fn secret_kind(&self) -> SecretKind {
        self.dialect.secret_kind()
    }

    fn authenticator(&self, secret: &[u8]) -> Result<Box<dyn Authenticator>, BadSecret> {
        self.dialect.authenticator(secret)
    }

    fn encode(&self, sealed: &Sealed) -> Vec<Wire> {
        self.dialect.encode(sealed)
    }

    fn decode(&self, topic: &str, payload: &[u8]) -> Result<Received, Malformed> {
        self.dialect.decode(topic, payload)
    }

    fn last_will(&self, peer: PeerId) -> Option<Wire> {
        self.dialect.last_will(peer)
    }
}

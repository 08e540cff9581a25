//! What a refusal is, in a form that scripts and pages can rely on.

/// The ground on which a message is refused. The sentence that goes with it may change from version
/// to version, and has values in it; this does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ground {
    /// Its name, in snake case, as in `second_vote`.
    pub kind: &'static str,
    /// The rule of `docs/protocol.md` that is behind it, as in `V3`.
    pub rule: Option<&'static str>,
    /// Whether it takes a peer that breaks that rule. A peer that follows all rules may be late,
    /// not be counted, or ask too often, and is refused as well.
    ///
    /// Where messages are not signed, any peer can break a rule in the name of another.
    pub is_breach: bool,
}

impl Ground {
    /// Returns the ground of what breaks `rule`.
    pub(crate) const fn breach(kind: &'static str, rule: &'static str) -> Self {
        Self { kind, rule: Some(rule), is_breach: true }
    }

    /// Returns the ground of what a peer may say that breaks no rule, but is refused by `rule`.
    pub(crate) const fn harmless(kind: &'static str, rule: &'static str) -> Self {
        Self { kind, rule: Some(rule), is_breach: false }
    }
}

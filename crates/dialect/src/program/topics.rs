//! Which message goes to which topic.

use althing_types::{Channel, PeerId};

use super::token::write_id;
use crate::Malformed;
use crate::profile::{MessageKind, Profile, SESSION, SOLVER};

/// The topics of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProgramTopics {
    /// Stands before all names, with the room and the session in it.
    pub(crate) before: String,
    names: Vec<(MessageKind, String)>,
}

impl ProgramTopics {
    /// Returns the topics of a profile in `room`: in the place that its prefix has for a session,
    /// or before all names with a slash; an empty one is the broker's whole space.
    pub(crate) fn new(profile: &Profile, room: &str) -> Self {
        let prefix = &profile.topics.prefix;
        let before = match (prefix.contains(SESSION), room) {
            (true, room) => prefix.replace(SESSION, room),
            (false, "") => prefix.clone(),
            (false, room) => format!("{room}/{prefix}"),
        };
        let names = profile.kinds().map(|kind| (kind, profile.topics.of(kind).to_owned()));
        Self { before, names: names.collect() }
    }

    /// Returns the topics to listen to; in one with a solver, `+` stands for any.
    pub(crate) fn filters(&self) -> Vec<String> {
        let names = self.names.iter();
        names.map(|(_, name)| format!("{}{}", self.before, name.replace(SOLVER, "+"))).collect()
    }

    /// Returns the topics on which messages of a kind are heard.
    pub(crate) fn filter(&self, kind: MessageKind) -> Option<String> {
        let (_, name) = self.names.iter().find(|(of, _)| *of == kind)?;
        Some(format!("{}{}", self.before, name.replace(SOLVER, "+")))
    }

    /// Returns the topic of messages of a kind that are for `solver`.
    pub(super) fn topic(
        &self,
        profile: &Profile,
        kind: MessageKind,
        solver: Option<PeerId>,
    ) -> Option<String> {
        let (_, name) = self.names.iter().find(|(of, _)| *of == kind)?;
        let id = solver.map(|peer| write_id(profile.id.kind, peer.number()).plain());
        match name.contains(SOLVER) {
            true => Some(format!("{}{}", self.before, name.replace(SOLVER, &id?))),
            false => Some(format!("{}{name}", self.before)),
        }
    }

    /// Returns which messages a topic has.
    pub(crate) fn kind_of(&self, channel: &Channel) -> Result<MessageKind, Malformed> {
        let name = channel.as_topic().and_then(|topic| topic.strip_prefix(self.before.as_str()));
        let is_of = |pattern: &str, name: &str| match pattern.split_once(SOLVER) {
            None => pattern == name,
            Some((before, after)) => name
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|id| !id.is_empty() && !id.contains('/')),
        };
        let kind = name.and_then(|name| {
            // A name without a place for a solver is the nearer one.
            let exact = self.names.iter().find(|(_, pattern)| pattern == name);
            exact.or_else(|| self.names.iter().find(|(_, pattern)| is_of(pattern, name)))
        });
        let kind = kind.map(|(kind, _)| *kind);
        kind.ok_or_else(|| Malformed::UnknownTopic { topic: channel.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::built_in;

    #[test]
    fn results_may_have_a_topic_for_each_solver() {
        let profile = built_in::find("copy-f").expect("it is built in");
        let topics = ProgramTopics::new(profile, "");
        let ours = topics.topic(profile, MessageKind::Result, Some(PeerId::new(7)));
        assert_eq!(ours.as_deref(), Some("sd/7/result"));
        assert_eq!(topics.filter(MessageKind::Result).as_deref(), Some("sd/+/result"));
        let kind = |topic: &str| topics.kind_of(&Channel::topic(topic)).ok();
        assert_eq!(kind("sd/7/result"), Some(MessageKind::Result));
        assert_eq!(kind("sd/init"), Some(MessageKind::Init));
        for other in ["sd//result", "sd/7/8/result", "sd/result", "init", "sd/weather"] {
            assert_eq!(kind(other), None, "{other}");
        }
    }

    #[test]
    fn a_room_stands_where_the_session_does_or_before_all() {
        let mut profile = Profile::default();
        let init = |profile: &Profile, room| {
            ProgramTopics::new(profile, room).filter(MessageKind::Init).expect("there is one")
        };
        assert_eq!(init(&profile, ""), "sd/init");
        assert_eq!(init(&profile, "class7"), "class7/sd/init");
        profile.topics.prefix = "sd_{session}/".into();
        assert_eq!(init(&profile, "1234"), "sd_1234/init");
    }
}

//! What a network calls its topics.

use althing_types::Channel;

use crate::{Malformed, Variant, Wire};

/// The topics of a network: a room, if it has one, then its prefix, then a name.
///
/// The page's variant has topics of its own, so that nothing it says reaches a published program:
/// those stop at messages that they do not know, and count every peer that announces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topics {
    plain: String,
    before: String,
}

/// Stands before the names of the page's variant.
const OURS: &str = "althing/";

impl Topics {
    /// Returns the topics of a network in `room`; an empty one is the broker's whole space.
    pub(crate) fn new(room: &str, prefix: &str, variant: Variant) -> Self {
        let slash = if room.is_empty() { "" } else { "/" };
        let plain = format!("{room}{slash}{prefix}");
        let ours = match variant {
            Variant::Readme => OURS,
            Variant::Published => "",
        };
        Self { before: format!("{plain}{ours}"), plain }
    }

    /// Returns what stands before the names of the published programs.
    pub(crate) fn plain(&self) -> &str {
        &self.plain
    }

    /// Returns the topic with this name.
    pub(crate) fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.before)
    }

    /// Returns a topic as it is signed: as the page has it. So a row that was signed when all
    /// variants shared their topics is still proven by its votes.
    pub(crate) fn signed(&self, name: &str) -> String {
        format!("{}{name}", self.plain)
    }

    /// Returns a message on its way to the topic with this name.
    pub(crate) fn wire(&self, name: &str, payload: Vec<u8>) -> Wire {
        Wire { to: Channel::topic(self.topic(name)), payload }
    }

    /// Returns the name of a topic of this network.
    pub(crate) fn name_of<'a>(&self, channel: &'a Channel) -> Result<&'a str, Malformed> {
        let name = channel.as_topic().and_then(|topic| topic.strip_prefix(self.before.as_str()));
        name.ok_or_else(|| Malformed::UnknownTopic { topic: channel.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_a_room_a_prefix_and_a_name() {
        for (room, prefix, topic) in [
            ("", "", "init"),
            ("", "sd/", "sd/init"),
            ("class7", "", "class7/init"),
            ("class7", "sd/", "class7/sd/init"),
        ] {
            let topics = Topics::new(room, prefix, Variant::Published);
            assert_eq!((topics.topic("init"), topics.signed("init")), (topic.into(), topic.into()));
            assert_eq!(topics.name_of(&Channel::topic(topic)), Ok("init"));
        }
        let class = Topics::new("class7", "", Variant::Published);
        assert!(class.name_of(&Channel::topic("init")).is_err());
    }

    #[test]
    fn the_page_s_variant_has_topics_of_its_own_and_signs_those_of_the_page() {
        let topics = Topics::new("class7", "sd/", Variant::Readme);
        assert_eq!(topics.topic("init"), "class7/sd/althing/init");
        assert_eq!(
            (topics.signed("init"), topics.plain()),
            ("class7/sd/init".into(), "class7/sd/")
        );
        assert_eq!(topics.name_of(&Channel::topic("class7/sd/althing/init")), Ok("init"));
        assert!(topics.name_of(&Channel::topic("class7/sd/init")).is_err());
    }
}

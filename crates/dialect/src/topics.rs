//! What a network calls its topics.

use althing_types::Channel;

use crate::{Malformed, Wire};

/// The topics of a network: a room, if it has one, then its prefix, then a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topics {
    before: String,
}

impl Topics {
    /// Returns the topics of a network in `room`; an empty one is the broker's whole space.
    pub(crate) fn new(room: &str, prefix: &str) -> Self {
        let slash = if room.is_empty() { "" } else { "/" };
        Self { before: format!("{room}{slash}{prefix}") }
    }

    /// Returns what stands before each name.
    pub(crate) fn before(&self) -> &str {
        &self.before
    }

    /// Returns the topic with this name.
    pub(crate) fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.before)
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
            let topics = Topics::new(room, prefix);
            assert_eq!(topics.topic("init"), topic);
            assert_eq!(topics.name_of(&Channel::topic(topic)), Ok("init"));
        }
        assert!(Topics::new("class7", "").name_of(&Channel::topic("init")).is_err());
    }
}

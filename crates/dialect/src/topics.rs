//! What a network calls its topics.

use crate::Malformed;

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

    /// Returns the name of a topic of this network.
    pub(crate) fn name_of<'a>(&self, topic: &'a str) -> Result<&'a str, Malformed> {
        let unknown = || Malformed::UnknownTopic { topic: topic.to_owned() };
        topic.strip_prefix(self.before.as_str()).ok_or_else(unknown)
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
            assert_eq!(topics.name_of(topic), Ok("init"));
        }
        assert!(Topics::new("class7", "").name_of("init").is_err());
    }
}

//! What a network calls its topics.

use althing_types::Channel;

use crate::{Malformed, Wire};

/// The topics of a network: a room, if it has one, then its prefix, then a name.
///
/// The default variant has topics of its own, so that nothing it says reaches a published program:
/// those stop at messages that they do not know, and count every peer that announces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topics {
    plain: String,
    before: String,
}

/// Stands before the names of the default variant.
const OURS: &str = "althing/";

impl Topics {
    /// Returns the topics of a network in `room`; an empty one is the broker's whole space.
    pub(crate) fn new(room: &str, prefix: &str) -> Self {
        let slash = if room.is_empty() { "" } else { "/" };
        let plain = format!("{room}{slash}{prefix}");
        Self { before: format!("{plain}{OURS}"), plain }
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
    fn a_topic_is_a_room_a_prefix_and_a_name_of_ours_and_signed_as_the_page_has_it() {
        for (room, prefix, before) in [
            ("", "", ""),
            ("", "sd/", "sd/"),
            ("class7", "", "class7/"),
            ("class7", "sd/", "class7/sd/"),
        ] {
            let topics = Topics::new(room, prefix);
            assert_eq!(topics.topic("init"), format!("{before}althing/init"));
            assert_eq!((topics.signed("init"), topics.plain()), (format!("{before}init"), before));
            let name = |topic: String| topics.name_of(&Channel::topic(topic)).map(str::to_owned);
            assert_eq!(name(format!("{before}althing/init")), Ok("init".to_owned()));
            assert!(name(format!("{before}init")).is_err());
        }
    }
}

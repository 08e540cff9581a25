//! The queues that other peers can fill, each with its bound.

use super::Paxos;
use crate::Queue;

impl Paxos {
    /// Returns the queues that other peers can fill. Those that are keyed by member have one entry
    /// for each, and none for the members of a former membership.
    pub(in crate::rounds) fn queues(&self) -> [Queue; 15] {
        let members = self.rules.membership_size();
        let [draws, promises] = self.election.lengths();
        let [starts, asking, answers] = self.starts.queues();
        let [solutions, votes, noes] = self.slot.lengths();
        [
            self.deferred.queue(),
            self.discovery.queue(),
            self.membership.asserted(),
            self.names.queue(),
            starts,
            asking,
            answers,
            Queue { name: "draws", len: draws, max: members },
            Queue { name: "promises", len: promises, max: members },
            Queue { name: "solutions", len: solutions, max: members },
            Queue { name: "votes", len: votes, max: members },
            Queue { name: "noes", len: noes, max: members },
            Queue { name: "members to hear", len: self.failure_detector.expected(), max: members },
            self.failure_detector.doubts.queue(members),
            Queue { name: "members ahead", len: self.catch_up.known(), max: members },
        ]
    }
}

use super::Assembly;
use crate::rounds::Queue;

impl Assembly {
    /// Returns what others can fill. What is counted by members holds one of each, and of a
    /// roster that was given up nothing.
    pub(in crate::rounds) fn queues(&self) -> [Queue; 10] {
        let members = self.rules.roster_size();
        let [draws, namings] = self.election.lengths();
        let [solutions, votes, noes] = self.round.lengths();
        [
            self.early.queue(),
            self.gathering.queue(),
            self.membership.asserted(),
            ("draws", draws, members),
            ("namings", namings, members),
            ("solutions", solutions, members),
            ("votes", votes, members),
            ("noes", noes, members),
            ("members to hear", self.watch.expected(), members),
            ("members ahead", self.catch_up.known(), members),
        ]
    }
}

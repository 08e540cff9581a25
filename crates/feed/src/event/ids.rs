//! Which peers an event is about.

use crate::{DemoEvent, Event, Id, PeerEvent, PeerName, RoundsEvent, Row};

impl Event {
    /// Calls `visit` with the id of each peer that the event names, some of them more than once.
    pub(crate) fn visit_ids(&self, mut visit: impl FnMut(Id)) {
        match self {
            Self::Peer(PeerEvent::PeerLost { lost: PeerName::Id(id) }) => visit(*id),
            Self::Peer(PeerEvent::MessageRefused { claimed: Some(id), .. }) => visit(*id),
            Self::Rounds(event) => match event {
                RoundsEvent::PeerJoined { joined: id, .. }
                | RoundsEvent::ChallengeIssued { leader: id, .. }
                | RoundsEvent::SolutionFound { finder: id, .. }
                | RoundsEvent::VoteCast { voter: id, .. }
                | RoundsEvent::MemberEquivocated { member: id, .. } => visit(*id),
                RoundsEvent::PeerNamed { named, like, .. } => {
                    visit(*named);
                    like.iter().for_each(|like| visit(*like));
                }
                RoundsEvent::MembershipSettled { members, .. } => {
                    members.iter().for_each(|member| visit(*member));
                }
                RoundsEvent::LeaderElected { leader, draws, .. } => {
                    visit(*leader);
                    draws.iter().for_each(|draw| visit(draw.peer));
                }
                RoundsEvent::RoundDecided { row: Row { winner, .. }, voters } => {
                    visit(*winner);
                    voters.iter().for_each(|voter| visit(*voter));
                }
                RoundsEvent::RoundFailed { .. }
                | RoundsEvent::Waiting(_)
                | RoundsEvent::PeerCopied {}
                | RoundsEvent::AllRecorded {} => {}
            },
            Self::Demo(
                DemoEvent::PeerCrashed { crashed: PeerName::Id(id) }
                | DemoEvent::PeerRestarted { restarted: PeerName::Id(id), .. }
                | DemoEvent::PeerFrozen { frozen: PeerName::Id(id) }
                | DemoEvent::PeerThawed { thawed: PeerName::Id(id) },
            ) => visit(*id),
            Self::Peer(_)
            | Self::Demo(_)
            | Self::Chain(_)
            | Self::Miners(_)
            | Self::Tracker(_)
            | Self::Search(_) => {}
        }
    }
}

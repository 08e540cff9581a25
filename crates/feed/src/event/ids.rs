//! Which peers an event is about.

use crate::{AssemblyEvent, DemoEvent, Event, Id, PeerEvent, PeerName, RoundsEvent, Row, Waiting};

impl Event {
    /// Calls `visit` with the id of each peer that the event names, some of them more than once.
    pub(crate) fn visit_ids(&self, visit: impl FnMut(Id)) {
        match self {
            Self::Peer(event) => event.visit_ids(visit),
            Self::Rounds(event) => event.visit_ids(visit),
            Self::Assembly(event) => event.visit_ids(visit),
            Self::Demo(event) => event.visit_ids(visit),
            // Their peers have addresses.
            Self::Chain(_) | Self::Miners(_) | Self::Tracker(_) | Self::Search(_) => {}
        }
    }
}

impl PeerEvent {
    fn visit_ids(&self, mut visit: impl FnMut(Id)) {
        match self {
            Self::PeerLost { lost: peer }
            | Self::PeerHeard { heard: peer }
            | Self::MessageSent { to: Some(peer), .. }
            | Self::MessageHeard { from: peer, .. }
            | Self::PeerWatched { watched: Some(peer), .. } => peer.visit_id(visit),
            Self::MessageLost { from, to, .. } => {
                from.visit_id(&mut visit);
                to.visit_id(visit);
            }
            Self::MessageRefused { claimed: Some(id), .. } => visit(*id),
            Self::MessageRefused { claimed: None, .. }
            | Self::MessageSent { to: None, .. }
            | Self::PeerWatched { watched: None, .. }
            | Self::Started { .. }
            | Self::Connected {}
            | Self::Reachable { .. }
            | Self::Serving { .. }
            | Self::ClockSet { .. }
            | Self::Slept { .. }
            | Self::Disconnected { .. }
            | Self::NetworkOverheard { .. }
            | Self::MessagesUntold { .. }
            | Self::Lagged { .. }
            | Self::Summary { .. } => {}
        }
    }
}

impl RoundsEvent {
    fn visit_ids(&self, mut visit: impl FnMut(Id)) {
        match self {
            Self::PeerJoined { joined: id, .. }
            | Self::ChallengeIssued { leader: id, .. }
            | Self::SolutionFound { finder: id, .. }
            | Self::VoteCast { voter: id, .. }
            | Self::MemberEquivocated { member: id, .. } => visit(*id),
            Self::PeerNamed { named, like, .. } => {
                visit(*named);
                like.iter().copied().for_each(visit);
            }
            Self::MembershipSettled { members, .. } => members.iter().copied().for_each(visit),
            Self::LeaderElected { leader, draws, .. } => {
                visit(*leader);
                draws.iter().for_each(|draw| visit(draw.peer));
            }
            Self::RoundDecided { row: Row { winner, .. }, voters } => {
                visit(*winner);
                voters.iter().copied().for_each(visit);
            }
            Self::Waiting(waiting) => waiting.visit_ids(visit),
            Self::RoundFailed { .. } | Self::PeerCopied {} | Self::AllRecorded {} => {}
        }
    }
}

impl AssemblyEvent {
    fn visit_ids(&self, mut visit: impl FnMut(Id)) {
        match self {
            Self::ViewEntered { leader: id, .. }
            | Self::LeaderPassedOver { leader: id, .. }
            | Self::ProposalRefused { leader: id, .. }
            | Self::BlockCommitted { maker: id, .. }
            | Self::MemberContradicted { member: id, .. } => visit(*id),
            Self::Standstill { missing, .. } => missing.iter().copied().for_each(visit),
            // It says their names itself.
            Self::CharterFollowed { .. }
            | Self::BlockNotarized { .. }
            | Self::Resumed {}
            | Self::CatchingUp { .. }
            | Self::Observing { .. }
            | Self::Diverged { .. } => {}
        }
    }
}

impl Waiting {
    fn visit_ids(&self, mut visit: impl FnMut(Id)) {
        match self {
            Self::Challenge { leader, .. } => visit(*leader),
            Self::Adoption { missing, .. }
            | Self::Leader { missing, .. }
            | Self::Votes { missing, .. }
            | Self::Confirmation { missing, .. } => missing.iter().copied().for_each(visit),
            Self::Peers { .. }
            | Self::Majority { .. }
            | Self::Secret { .. }
            | Self::Copied {}
            | Self::Missed { .. }
            | Self::Messages { .. } => {}
        }
    }
}

impl DemoEvent {
    fn visit_ids(&self, visit: impl FnMut(Id)) {
        match self {
            Self::PeerCrashed { crashed: peer }
            | Self::PeerRestarted { restarted: peer, .. }
            | Self::PeerFrozen { frozen: peer }
            | Self::PeerThawed { thawed: peer } => peer.visit_id(visit),
            Self::FaultSet { .. } | Self::FaultCleared { .. } | Self::PaceChanged { .. } => {}
        }
    }
}

impl PeerName {
    fn visit_id(&self, mut visit: impl FnMut(Id)) {
        match self {
            Self::Id(id) => visit(*id),
            Self::Address(_) => {}
        }
    }
}

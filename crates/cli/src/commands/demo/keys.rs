//! What the keys do to a network, which is the same for all kinds.

use std::time::Duration;

use althing_feed::PeerName;
use althing_node::Pacing;
use althing_node::plug::{Action, Done, FaultKind, Peers, Plug, State, Worse};

use crate::screen::{Controls, Key};

/// What the user at the keys has asked for so far.
#[derive(Default)]
pub(super) struct Keys {
    shows_help: bool,
    /// The number of the peer that is chosen, from zero on.
    chosen: Option<usize>,
    /// What the last key has done.
    said: Option<String>,
}

/// What a key asks of the plug.
#[derive(Debug, PartialEq)]
enum Wish {
    Act(Action),
    /// Start all peers that crashed.
    Restart,
    Undo(u64),
    Heal,
}

/// How much of what a peer sends is lost at a key press, and how much later it comes.
const LOST: f64 = 0.3;
const DELAY: Duration = Duration::from_secs(1);

impl Keys {
    /// Does what a key asks for. Keys that break a peer mean the chosen one, or else the `leader`.
    pub(super) async fn press(
        &mut self,
        key: Key,
        plug: &mut Plug,
        peers: &mut impl Peers,
        leader: Option<usize>,
    ) {
        self.said = None;
        let outcome = match self.wish(key, plug, leader) {
            None => return,
            Some(Wish::Act(action)) => plug.act(action, peers).await,
            Some(Wish::Undo(fault)) => plug.undo(fault, peers).await,
            Some(Wish::Heal) => plug.heal(peers).await,
            Some(Wish::Restart) => Ok(restart_all(plug, peers).await),
        };
        // What the pace is, the first line shows.
        if key.is_of_pace() && outcome.is_ok() {
            return;
        }
        self.said = Some(match outcome {
            Ok(done) => done.sentence,
            Err(refusal) => refusal.to_string(),
        });
    }

    fn wish(&mut self, key: Key, plug: &Plug, leader: Option<usize>) -> Option<Wish> {
        let count = plug.peers().len();
        let act = |action| Some(Wish::Act(action));
        let set = |kind| act(Action::Set(kind));
        let about = |number: usize| plug.peers().get(number).map(|peer| peer.name.clone());
        let peer = || self.chosen.or(leader).and_then(about);
        match key {
            Key::Help => {
                self.shows_help = !self.shows_help;
                None
            }
            Key::Choose(number) => {
                let number = number.checked_sub(1).filter(|number| *number < count);
                self.chosen = number.filter(|_| self.chosen != number);
                None
            }
            Key::Next => {
                self.chosen = self.chosen.map_or(Some(0), |it| it.checked_add(1));
                self.chosen = self.chosen.filter(|number| *number < count);
                None
            }
            Key::Previous => {
                self.chosen = self.chosen.map_or(count.checked_sub(1), |it| it.checked_sub(1));
                None
            }
            Key::Pause => {
                let is_paused = plug.pacing()?.is_paused();
                act(if is_paused { Action::Resume } else { Action::Pause })
            }
            Key::Step => plug.pacing().and_then(|_| act(Action::Step)),
            Key::Faster => act(Action::Speed(2.0 * plug.pacing()?.speed())),
            Key::Slower => act(Action::Speed(plug.pacing()?.speed() / 2.0)),
            Key::Kill => act(Action::Crash(self.to_kill(plug, leader)?)),
            Key::Restart => Some(Wish::Restart),
            Key::Freeze => {
                let peer = peer()?;
                let number = plug.find(&peer).ok()?;
                let is_frozen = plug.peers()[number].state == State::Frozen;
                act(if is_frozen { Action::Thaw(peer) } else { Action::Freeze(peer) })
            }
            Key::Partition => {
                let is_partition =
                    |kind: &FaultKind<usize>| matches!(kind, FaultKind::Partition(_));
                let mut faults = plug.faults().iter().rev();
                match faults.find(|(_, fault)| is_partition(&fault.kind)) {
                    Some((fault, _)) => Some(Wish::Undo(*fault)),
                    None => set(FaultKind::Partition(vec![vec![peer()?]])),
                }
            }
            Key::Lose => {
                set(FaultKind::Worsen { from: Some(peer()?), to: None, how: Worse::Lose(LOST) })
            }
            Key::Delay => {
                set(FaultKind::Worsen { from: Some(peer()?), to: None, how: Worse::Delay(DELAY) })
            }
            Key::Byzantine => {
                let peer = peer()?;
                let before = plug.peers()[plug.find(&peer).ok()?].byzantine.clone();
                let known = plug.strategies();
                let place = known.iter().position(|known| Some(&known.name) == before.as_ref());
                let next = place.map_or(0, |place| (place + 1) % known.len());
                let strategy = known.get(next)?.name.clone();
                set(FaultKind::Byzantine { peer, strategy })
            }
            Key::Undo => {
                let (fault, _) = plug.faults().last_key_value()?;
                Some(Wish::Undo(*fault))
            }
            Key::Mend => Some(Wish::Heal),
            Key::Quit => None,
        }
    }

    /// Returns the chosen peer; or the leader, or another one if that is down already.
    fn to_kill(&self, plug: &Plug, leader: Option<usize>) -> Option<PeerName> {
        let is_up = |number: &usize| {
            plug.peers().get(*number).is_some_and(|peer| peer.state != State::Crashed)
        };
        let all = 0..plug.peers().len();
        let number = self.chosen.or_else(|| leader.into_iter().chain(all).find(is_up))?;
        plug.peers().get(number).map(|peer| peer.name.clone())
    }

    /// Returns what shows of it.
    pub(super) fn controls(&self, plug: &Plug) -> Controls {
        let down = plug.peers().iter().filter(|peer| peer.state == State::Crashed);
        Controls {
            speed: plug.pacing().map(Pacing::speed),
            is_paused: plug.pacing().is_some_and(Pacing::is_paused),
            shows_help: self.shows_help,
            killed: down.count(),
            chosen: self.chosen.map(|number| number + 1),
            said: self.said.clone(),
            can_break: true,
        }
    }
}

async fn restart_all(plug: &mut Plug, peers: &mut impl Peers) -> Done {
    let down = plug.peers().iter().filter(|peer| peer.state == State::Crashed);
    let down: Vec<PeerName> = down.map(|peer| peer.name.clone()).collect();
    let mut sentences = Vec::new();
    for peer in down {
        // One that cannot start keeps no other down.
        let started = plug.act(Action::Restart(peer), peers).await;
        sentences.push(started.map_or_else(|refusal| refusal.to_string(), |done| done.sentence));
    }
    let sentence = match sentences.is_empty() {
        true => "no peer has crashed".to_owned(),
        false => sentences.join("; "),
    };
    Done { sentence, fault: None }
}

#[cfg(test)]
mod tests {
    use althing_feed::Feed;
    use althing_node::plug::Strategy;
    use althing_node::{Air, Clock};
    use althing_types::PeerId;

    use super::*;

    /// Peers that do as they are told.
    struct Puppets;

    impl Peers for Puppets {
        async fn crash(&mut self, _: usize) {}

        async fn start(&mut self, number: usize, _: Option<&str>) -> Result<PeerName, String> {
            Ok(name(number))
        }
    }

    fn name(number: usize) -> PeerName {
        PeerId::new(number as u128).into()
    }

    struct Played {
        keys: Keys,
        plug: Plug,
    }

    impl Played {
        fn with(clock: Clock) -> Self {
            let strategy = |name: &str| Strategy { name: name.to_owned(), what: name.to_owned() };
            let strategies = ["silent", "replays"].map(strategy).to_vec();
            let air = Air::new(Duration::ZERO..=Duration::ZERO);
            let source = Feed::default().source(None, None);
            let plug = Plug::new(air, clock, source, strategies, (0..4).map(name), 7);
            Self { keys: Keys::default(), plug }
        }

        fn paced() -> Self {
            Self::with(Clock::paced(Pacing::start(1.0, 1.0)))
        }

        /// Presses a key while the third peer leads, and returns what is said.
        async fn press(&mut self, key: Key) -> Option<String> {
            self.keys.press(key, &mut self.plug, &mut Puppets, Some(2)).await;
            self.controls().said
        }

        fn controls(&self) -> Controls {
            self.keys.controls(&self.plug)
        }
    }

    #[tokio::test]
    async fn the_space_bar_pauses_and_goes_on_and_a_step_ends_with_what_happens() {
        let mut played = Played::paced();
        assert_eq!(played.press(Key::Pause).await, None);
        assert!(played.controls().is_paused);
        played.press(Key::Step).await;
        assert!(!played.controls().is_paused);
        played.plug.happened();
        assert!(played.controls().is_paused);
        played.press(Key::Pause).await;
        assert!(!played.controls().is_paused);
    }

    #[tokio::test]
    async fn the_speed_doubles_and_halves_within_its_bounds() {
        let mut played = Played::paced();
        played.press(Key::Faster).await;
        assert_eq!(played.controls().speed, Some(2.0));
        for _ in 0..20 {
            played.press(Key::Slower).await;
        }
        assert_eq!(played.controls().speed, Some(*Pacing::SPEEDS.start()));
    }

    #[tokio::test]
    async fn without_a_pace_the_keys_of_the_pace_do_nothing() {
        let mut played = Played::with(Clock::start());
        for key in [Key::Pause, Key::Step, Key::Faster, Key::Help] {
            assert_eq!(played.press(key).await, None);
        }
        let controls = played.controls();
        assert_eq!((controls.speed, controls.is_paused, controls.shows_help), (None, false, true));
    }

    #[tokio::test]
    async fn keys_mean_the_chosen_peer_or_else_the_leader() {
        let mut played = Played::paced();
        let said = |text: &str| Some(text.to_owned());
        assert_eq!(played.press(Key::Kill).await, said("peer 3 crashed"));
        // The leader is down, so it is another one's turn.
        assert_eq!(played.press(Key::Kill).await, said("peer 1 crashed"));
        assert_eq!(played.controls().killed, 2);
        let again = "peer 1 was started again; peer 3 was started again";
        assert_eq!(played.press(Key::Restart).await, said(again));
        assert_eq!(played.press(Key::Restart).await, said("no peer has crashed"));
        played.press(Key::Choose(4)).await;
        assert_eq!(played.controls().chosen, Some(4));
        assert_eq!(played.press(Key::Freeze).await, said("peer 4 stands still"));
        assert_eq!(played.press(Key::Freeze).await, said("peer 4 goes on"));
        assert_eq!(played.press(Key::Lose).await, said("30 % of what peer 4 sends is lost"));
        assert_eq!(played.press(Key::Delay).await, said("what peer 4 sends takes 1000 ms longer"));
        let over = "fault 2 is over: what peer 4 sends takes 1000 ms longer";
        assert_eq!(played.press(Key::Undo).await, said(over));
        played.press(Key::Choose(4)).await;
        assert_eq!(played.controls().chosen, None);
        assert_eq!(played.press(Key::Partition).await, said("peer 3 cannot reach the others"));
        let over = "fault 3 is over: peer 3 cannot reach the others";
        assert_eq!(played.press(Key::Partition).await, said(over));
        assert_eq!(played.press(Key::Mend).await, said("everything is well again"));
        assert!(played.plug.faults().is_empty());
        // There is no such peer.
        played.press(Key::Choose(9)).await;
        assert_eq!(played.controls().chosen, None);
    }

    #[tokio::test]
    async fn each_time_a_peer_breaks_the_rules_in_another_way() {
        let mut played = Played::paced();
        for strategy in ["silent", "replays", "silent"] {
            let said = played.press(Key::Byzantine).await;
            assert_eq!(said, Some(format!("peer 3 breaks the rules: {strategy}")));
        }
        assert_eq!(played.plug.faults().len(), 1);
    }

    #[tokio::test]
    async fn arrows_go_through_all_peers_and_none() {
        let mut played = Played::paced();
        let mut chosen = Vec::new();
        for key in [Key::Next, Key::Next, Key::Previous, Key::Previous, Key::Previous, Key::Next] {
            played.press(key).await;
            chosen.push(played.controls().chosen);
        }
        assert_eq!(chosen, [Some(1), Some(2), Some(1), None, Some(4), None]);
    }
}

//! How others ask for what the keys do: over HTTP.

use std::sync::Arc;
use std::time::Duration;

use althing_api as api;
use althing_http::{Control, Doing, Refusal as Refused};
use althing_node::Pacing;
use althing_node::plug::{Action, FaultKind, Peer, Peers, Plug, Refusal, State, Worse};
use tokio::sync::{mpsc, oneshot};

/// The way of those who serve requests to the network, which is in a task of its own.
struct Remote(mpsc::Sender<Request>);

/// What is asked of the network from elsewhere.
pub(super) struct Requests(mpsc::Receiver<Request>);

/// Something that is asked of the network, and where the answer goes.
pub(super) enum Request {
    Look(oneshot::Sender<Result<api::Demo, Refused>>),
    Act(api::Action, oneshot::Sender<Result<api::Done, Refused>>),
    Undo(u64, oneshot::Sender<Result<api::Done, Refused>>),
}

/// Requests that wait; further ones wait before that.
const REQUESTS_MAX: usize = 16;

/// Returns both ends of a way to the network.
pub(super) fn channel() -> (Arc<dyn Control>, Requests) {
    let (sender, receiver) = mpsc::channel(REQUESTS_MAX);
    (Arc::new(Remote(sender)), Requests(receiver))
}

impl Remote {
    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, Refused>>) -> Request,
    ) -> Result<T, Refused> {
        let (answer, answered) = oneshot::channel();
        self.0.send(request(answer)).await.map_err(|_| Refused::Ended)?;
        answered.await.unwrap_or(Err(Refused::Ended))
    }
}

impl Control for Remote {
    fn demo(&self) -> Doing<'_, api::Demo> {
        Box::pin(self.ask(Request::Look))
    }

    fn act(&self, action: api::Action) -> Doing<'_, api::Done> {
        Box::pin(self.ask(|answer| Request::Act(action, answer)))
    }

    fn undo(&self, fault: u64) -> Doing<'_, api::Done> {
        Box::pin(self.ask(move |answer| Request::Undo(fault, answer)))
    }
}

impl Requests {
    /// Takes no more requests: all that wait for an answer, or ask from now on, hear that the
    /// network has ended.
    pub(super) fn end(&mut self) {
        self.0.close();
        while self.0.try_recv().is_ok() {}
    }

    /// Waits for the next request. Cancel-safe.
    pub(super) async fn next(&mut self) -> Request {
        match self.0.recv().await {
            Some(request) => request,
            // No request comes any more.
            None => std::future::pending().await,
        }
    }
}

impl Request {
    /// Does what is asked for, and answers.
    pub(super) async fn answer(self, plug: &mut Plug, peers: &mut impl Peers) {
        // Who asked may have stopped waiting for the answer.
        match self {
            Self::Look(answer) => drop(answer.send(Ok(look(plug)))),
            Self::Act(action, answer) => {
                let done = plug.act(asked(action), peers).await;
                let _ = answer.send(done.map(told).map_err(|refusal| refused(&refusal)));
            }
            Self::Undo(fault, answer) => {
                let done = plug.undo(fault, peers).await;
                let _ = answer.send(done.map(told).map_err(|refusal| refused(&refusal)));
            }
        }
    }
}

/// Returns how the network stands.
fn look(plug: &Plug) -> api::Demo {
    let peer = |(number, peer): (usize, &Peer)| api::DemoPeer {
        number,
        peer: peer.name.clone(),
        state: match peer.state {
            State::Runs => api::PeerState::Runs,
            State::Crashed => api::PeerState::Crashed,
            State::Frozen => api::PeerState::Paused,
        },
        byzantine: peer.byzantine.clone(),
    };
    let fault = |(id, fault): (&u64, &althing_node::plug::Fault)| {
        let (id, sentence) = (*id, fault.sentence.clone());
        api::Fault { id, sentence, action: said(&fault.kind, plug.peers()) }
    };
    let strategy = |strategy: &althing_node::plug::Strategy| api::Strategy {
        name: strategy.name.clone(),
        what: format!("it {}", strategy.what),
    };
    let pace = |pacing: &Pacing| api::Pace {
        paused: pacing.is_paused(),
        speed: pacing.speed(),
        speeds: [*Pacing::SPEEDS.start(), *Pacing::SPEEDS.end()],
    };
    api::Demo {
        peers: (1..).zip(plug.peers()).map(peer).collect(),
        faults: plug.faults().iter().map(fault).collect(),
        pace: plug.pacing().map(pace),
        strategies: plug.strategies().iter().map(strategy).collect(),
    }
}

/// Returns an action as the plug knows it.
fn asked(action: api::Action) -> Action {
    let worsen = |from, how| Action::Set(FaultKind::Worsen { from, to: None, how });
    match action {
        api::Action::Crash { peer } => Action::Crash(peer),
        api::Action::Restart { peer } => Action::Restart(peer),
        api::Action::Freeze { peer } => Action::Freeze(peer),
        api::Action::Thaw { peer } => Action::Thaw(peer),
        api::Action::Partition { groups } => Action::Set(FaultKind::Partition(groups)),
        api::Action::Cut { from, to } => Action::Set(FaultKind::Cut { from, to }),
        api::Action::Delay { peer, ms } => worsen(peer, Worse::Delay(Duration::from_millis(ms))),
        api::Action::Lose { peer, share } => worsen(peer, Worse::Lose(share)),
        api::Action::Corrupt { peer, share } => worsen(peer, Worse::Corrupt(share)),
        api::Action::Duplicate { peer, share } => worsen(peer, Worse::Duplicate(share)),
        api::Action::Byzantine { peer, strategy } => {
            Action::Set(FaultKind::Byzantine { peer, strategy })
        }
        api::Action::Pause {} => Action::Pause,
        api::Action::Resume {} => Action::Resume,
        api::Action::Step {} => Action::Step,
        api::Action::Speed { speed } => Action::Speed(speed),
    }
}

/// Returns what was asked for as others know it, of peers that are called as they are now.
fn said(kind: &FaultKind<usize>, peers: &[Peer]) -> api::Action {
    let name = |number: usize| peers[number].name.clone();
    match kind.clone() {
        FaultKind::Partition(groups) => {
            let group = |group: Vec<usize>| group.into_iter().map(name).collect();
            api::Action::Partition { groups: groups.into_iter().map(group).collect() }
        }
        FaultKind::Cut { from, to } => api::Action::Cut { from: name(from), to: name(to) },
        FaultKind::Worsen { from, how, .. } => {
            let peer = from.map(name);
            match how {
                Worse::Delay(delay) => {
                    let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                    api::Action::Delay { peer, ms }
                }
                Worse::Lose(share) => api::Action::Lose { peer, share },
                Worse::Corrupt(share) => api::Action::Corrupt { peer, share },
                Worse::Duplicate(share) => api::Action::Duplicate { peer, share },
            }
        }
        FaultKind::Byzantine { peer, strategy } => {
            api::Action::Byzantine { peer: name(peer), strategy }
        }
    }
}

fn told(done: althing_node::plug::Done) -> api::Done {
    api::Done { sentence: done.sentence, fault: done.fault }
}

fn refused(refusal: &Refusal) -> Refused {
    let sentence = refusal.to_string();
    match refusal {
        Refusal::NoSuchPeer { .. }
        | Refusal::NoSuchFault { .. }
        | Refusal::NoSuchStrategy { .. } => Refused::Unknown(sentence),
        Refusal::Overlap { .. }
        | Refusal::OneGroup
        | Refusal::WithItself { .. }
        | Refusal::Share
        | Refusal::Delay
        | Refusal::NoSpeed => Refused::Senseless(sentence),
        _ => Refused::Conflict(sentence),
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn all_who_wait_or_ask_after_the_end_hear_that_it_is_over() {
        let (control, mut requests) = channel();
        // More than the queue has room for.
        let mut early: Vec<_> = (0..2 * REQUESTS_MAX).map(|_| control.demo()).collect();
        poll_fn(|context| {
            assert!(early.iter_mut().all(|asked| asked.as_mut().poll(context).is_pending()));
            Poll::Ready(())
        })
        .await;
        requests.end();
        for asked in early {
            assert_eq!(asked.await, Err(Refused::Ended));
        }
        assert_eq!(control.undo(1).await, Err(Refused::Ended));
    }
}

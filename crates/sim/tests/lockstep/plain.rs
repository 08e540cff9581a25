//! A program that knows only the plain protocol, among peers that know all of it.

use std::time::Duration;

use althing_engine::rounds::{Event, Message, Refusal};
use althing_types::{PeerId, Transaction};

use crate::network::{Lockstep, id, rules};

/// Announces itself, draws, and votes yes when the leader does; all with plain messages.
struct PlainPeer {
    me: PeerId,
    draw: u128,
    announced: bool,
    drawn: bool,
    voted: Option<Transaction>,
}

impl PlainPeer {
    fn listen(&mut self, message: &Message) -> Vec<Message> {
        let mut said = Vec::new();
        match message {
            Message::Announcement { .. } if !self.announced => {
                self.announced = true;
                said.push(Message::Announcement {
                    peer: self.me,
                    key: None,
                    members: None,
                    start: None,
                });
            }
            Message::Election { .. } if !self.drawn => {
                self.drawn = true;
                said.push(Message::Election { peer: self.me, draw: self.draw, state: None });
            }
            Message::Vote { transaction, seed, .. } if self.voted < Some(*transaction) => {
                self.voted = Some(*transaction);
                said.push(Message::Vote {
                    peer: self.me,
                    transaction: *transaction,
                    seed: seed.clone(),
                    approve: true,
                    cause: None,
                });
            }
            _ => {}
        }
        said
    }
}

impl PlainPeer {
    fn new(me: usize) -> Self {
        Self { me: id(me), draw: 255, announced: false, drawn: false, voted: None }
    }
}

/// Returns whether every refusal is of what the plain peer says, and for that reason.
fn refused_only_plain(net: &Lockstep, plain: usize) -> bool {
    let mut refused = net.events.iter().filter_map(|(_, event)| match event {
        Event::MessageRefused { claimed, reason } => Some((*claimed, reason)),
        _ => None,
    });
    net.events.iter().any(|(_, event)| matches!(event, Event::MessageRefused { .. }))
        && refused.all(|(claimed, reason)| claimed == id(plain) && *reason == Refusal::Plain)
}

#[test]
fn members_go_on_without_a_plain_peer_that_has_drawn_the_highest_number() {
    let mut net = Lockstep::new(&rules(4), 3);
    let mut plain = PlainPeer::new(3);
    net.run_with(Duration::from_secs(20), |message| plain.listen(message));
    net.assert_one_table(5);
    assert!(!net.leaders().contains(&id(3)), "it has drawn 255, which does not count");
    let voters = (0..3).flat_map(|peer| net.rows(peer)).flat_map(|row| row.votes);
    assert!(voters.into_iter().all(|(voter, _)| voter != id(3)), "its votes do not count");
    assert!(refused_only_plain(&net, 3));
}

#[test]
fn where_too_few_are_left_without_a_plain_peer_nothing_is_recorded() {
    let mut net = Lockstep::new(&rules(3), 2);
    let mut plain = PlainPeer::new(2);
    net.run_with(Duration::from_secs(20), |message| plain.listen(message));
    net.assert_one_table(0);
    assert!(refused_only_plain(&net, 2));
}

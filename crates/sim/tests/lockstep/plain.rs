//! A program that knows only the plain protocol, among peers that know all of it.

use std::time::Duration;

use althing_engine::rounds::{Message, Signature};
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
                said.push(Message::Announcement { peer: self.me, key: None, members: None });
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

#[test]
fn a_plain_peer_takes_part_and_its_votes_count() {
    // Of three members one is plain, so that no row is decided without it once another is gone.
    let rules = rules(3);
    let mut net = Lockstep::new(&rules, 2);
    let mut plain = PlainPeer { me: id(2), draw: 0, announced: false, drawn: false, voted: None };
    net.run_with(Duration::from_secs(20), |message| plain.listen(message));
    net.assert_one_table(5);
    let certificates = net.rows(0).into_iter().chain(net.rows(1));
    let by_plain = certificates
        .flat_map(|row| row.votes)
        .filter(|vote| *vote == (id(2), None::<Signature>))
        .count();
    assert!(by_plain > 0, "the plain peer's votes are in the certificates");
}

//! What a member can do with challenges and elections.

use althing_engine::rounds::{Cause, Election, Message, Naming, Sealed, Standing};
use althing_types::{Difficulty, Seed};

use super::Liar;

/// Draws as high as the rules allow, and names itself.
pub(super) fn claim(liar: &mut Liar, word: Sealed) {
    let Message::Election { peer, standing, .. } = word.message else {
        return liar.pass(word);
    };
    let draw = match liar.rules.election {
        Election::HighestDraw { draw_max, .. } => draw_max,
        Election::Plurality { .. } => liar.me.number(),
    };
    let leader = liar.me;
    let standing = standing.map(|Standing { term, roster, naming }| {
        let naming = naming.map(|naming| Naming { leader, ..naming });
        Standing { term, roster, naming }
    });
    liar.tell(Message::Election { peer, draw, standing });
}

/// Asks for as many bits as a digest has.
pub(super) fn ask_too_much(liar: &mut Liar, word: Sealed) {
    match word.message {
        Message::Challenge { peer, place, .. } => {
            liar.tell(Message::Challenge { peer, difficulty: Difficulty::MAX, place });
        }
        _ => liar.pass(word),
    }
}

/// Asks for a solution whenever the leader does, and proposes one of its own.
pub(super) fn ask_too(liar: &mut Liar, heard: &Message) {
    let Message::Challenge { difficulty, place: Some(place), .. } = heard else {
        return;
    };
    if liar.leads() {
        return;
    }
    let (peer, difficulty, place) = (liar.me, *difficulty, *place);
    liar.tell(Message::Challenge { peer, difficulty, place: Some(place) });
    let none = Seed::from(0);
    if let Some(seed) = liar.another_solution(difficulty, &none) {
        let transaction = place.transaction;
        let cause = Some(Cause { term: place.term, difficulty, winner: peer });
        liar.tell(Message::Vote { peer, transaction, seed, approve: true, cause });
    }
}

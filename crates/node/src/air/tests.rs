//! What becomes of a message between two peers, fault by fault.

use althing_faults::Latency;
use althing_types::{Moment, PeerId};

use super::*;

const NOW: Moment = Moment::START;

fn room() -> Channel {
    Channel::topic("room")
}

fn air() -> Air {
    Air::new(Duration::ZERO..=Duration::ZERO)
}

fn seats(air: &Air, peers: usize) -> Vec<Seat> {
    (0..peers).map(|number| air.seat(number, PeerId::new(number as u128).into())).collect()
}

fn at(millis: u64) -> Moment {
    Moment::from_start(Duration::from_millis(millis))
}

/// Has a peer say something on the bus, and returns why another does not hear it.
fn say(seats: &mut [Seat], from: usize, to: usize, what: &str) -> Option<Lost> {
    seats[from].send(&room(), what.as_bytes(), None);
    let payload = Bytes::copy_from_slice(what.as_bytes());
    let lost = seats[to].take_in(NOW, &room(), payload);
    lost.map(|(name, why)| {
        assert_eq!(name, PeerId::new(from as u128).into());
        why
    })
}

/// Returns what a peer has received until a moment.
fn heard(seat: &mut Seat, now: Moment) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| seat.take(now)).map(|(_, payload)| payload.to_vec()).collect()
}

fn worse(conditions: Conditions) -> Trouble {
    Trouble::Conditions { from: Some(0), to: None, conditions }
}

#[test]
fn a_partition_keeps_its_groups_apart_until_it_is_over() {
    let air = air();
    let mut seats = seats(&air, 4);
    air.set(1, Trouble::Partition(vec![vec![0, 1], vec![2]]), 7);
    for (from, to, why) in [
        (0, 1, None),
        (0, 2, Some(Lost::Partition)),
        (2, 0, Some(Lost::Partition)),
        // Who is in no group is apart from all of them.
        (3, 0, Some(Lost::Partition)),
        (2, 2, None),
    ] {
        let what = format!("from {from} to {to}");
        assert_eq!(say(&mut seats, from, to, &what), why, "{what}");
    }
    assert!(air.clear(1) && !air.clear(1));
    assert_eq!(say(&mut seats, 0, 2, "again"), None);
    assert_eq!(heard(&mut seats[2], NOW), [b"from 2 to 2".to_vec(), b"again".to_vec()]);
}

#[test]
fn a_cut_has_one_direction() {
    let air = air();
    let mut seats = seats(&air, 3);
    air.set(1, Trouble::Cut { from: 0, to: 1 }, 7);
    assert_eq!(say(&mut seats, 0, 1, "a"), Some(Lost::Cut));
    assert_eq!(say(&mut seats, 1, 0, "b"), None);
    assert_eq!(say(&mut seats, 0, 2, "c"), None);
}

#[test]
fn a_share_of_what_one_peer_sends_is_lost_by_a_seed() {
    let lost = |seed| {
        let air = air();
        let mut seats = seats(&air, 3);
        air.set(1, worse(Conditions { loss_percent: 30, ..Conditions::perfect() }), seed);
        let told: Vec<_> =
            (0..1000).map(|number| say(&mut seats, 0, 1, &number.to_string())).collect();
        assert!((0..100).all(|number| say(&mut seats, 1, 2, &format!("b{number}")).is_none()));
        // What a peer sends to itself is not on its way.
        assert!((0..100).all(|number| say(&mut seats, 0, 0, &format!("c{number}")).is_none()));
        told
    };
    let first = lost(1);
    let count = first.iter().filter(|why| **why == Some(Lost::ByChance)).count();
    assert!((250..350).contains(&count), "{count}");
    assert_eq!(first, lost(1));
    assert_ne!(first, lost(2));
}

#[test]
fn messages_come_twice_damaged_and_later() {
    let air = air();
    let mut seats = seats(&air, 2);
    air.set(1, worse(Conditions { duplication_percent: 100, ..Conditions::perfect() }), 7);
    say(&mut seats, 0, 1, "hello");
    assert_eq!(heard(&mut seats[1], NOW), [b"hello", b"hello"]);
    air.clear(1);
    air.set(2, worse(Conditions { corruption_percent: 100, ..Conditions::perfect() }), 7);
    say(&mut seats, 0, 1, "hello");
    let [damaged] = &heard(&mut seats[1], NOW)[..] else { panic!("it comes once") };
    assert_eq!(damaged.len(), 5);
    assert_ne!(damaged, b"hello");
    air.clear(2);
    let latency = Latency::Fixed(Duration::from_millis(200));
    air.set(3, worse(Conditions { latency, ..Conditions::perfect() }), 7);
    say(&mut seats, 0, 1, "hello");
    assert_eq!(seats[1].next(), Some(at(200)));
    assert!(heard(&mut seats[1], at(199)).is_empty());
    // On a bus nothing overtakes what was sent before it.
    air.clear(3);
    say(&mut seats, 0, 1, "bye");
    assert_eq!(heard(&mut seats[1], at(200)), [b"hello".to_vec(), b"bye".to_vec()]);
}

#[test]
fn several_troubles_add_up_and_copies_stay_few() {
    let air = air();
    let mut seats = seats(&air, 2);
    for number in 0..8 {
        let latency = Latency::Fixed(Duration::from_millis(10));
        let twice = Conditions { duplication_percent: 100, latency, ..Conditions::perfect() };
        air.set(number, worse(twice), number);
    }
    say(&mut seats, 0, 1, "hello");
    assert!(heard(&mut seats[1], at(79)).is_empty());
    assert_eq!(heard(&mut seats[1], at(80)).len(), COPIES_MAX);
}

#[test]
fn what_other_processes_send_arrives_and_what_is_for_some_reaches_only_them() {
    let air = air();
    let mut seats = seats(&air, 3);
    air.set(1, Trouble::Partition(vec![vec![0], vec![1, 2]]), 7);
    assert_eq!(seats[1].take_in(NOW, &room(), "a stranger".into()), None);
    assert_eq!(heard(&mut seats[1], NOW), [b"a stranger"]);
    air.clear(1);
    seats[0].send(&room(), b"psst", Some(vec![2]));
    for seat in &mut seats {
        assert_eq!(seat.take_in(NOW, &room(), "psst".into()), None);
    }
    let heard: Vec<usize> = seats.iter_mut().map(|seat| heard(seat, NOW).len()).collect();
    assert_eq!(heard, [1, 0, 1]);
}

#[test]
fn who_repeats_the_words_of_another_is_heard_where_that_one_is_not() {
    let air = air();
    let mut seats = seats(&air, 3);
    air.set(1, Trouble::Cut { from: 0, to: 2 }, 7);
    assert_eq!(say(&mut seats, 0, 2, "signed"), Some(Lost::Cut));
    seats[1].send(&room(), b"signed", None);
    assert_eq!(seats[2].take_in(NOW, &room(), "signed".into()), None);
    assert_eq!(heard(&mut seats[2], NOW), [b"signed"]);
}

#[test]
fn between_addresses_the_sender_is_known_by_its_own() {
    let air = air();
    let address = |port| Address::new("127.0.0.1", port).expect("a host");
    let mut seats: Vec<Seat> =
        (0..2_u16).map(|it| air.seat(it.into(), address(9000 + it).into())).collect();
    air.set(1, Trouble::Cut { from: 0, to: 1 }, 7);
    let from = |port| Channel::from(address(port));
    let lost = seats[1].take_in(NOW, &from(9000), "tip".into());
    assert_eq!(lost, Some((address(9000).into(), Lost::Cut)));
    assert_eq!(seats[0].take_in(NOW, &from(9001), "tip".into()), None);
    assert_eq!(seats[1].take_in(NOW, &from(9999), "tip".into()), None);
    // Datagrams overtake each other.
    air.clear(1);
    let latency = Latency::Fixed(Duration::from_millis(50));
    air.set(2, worse(Conditions { latency, ..Conditions::perfect() }), 7);
    heard(&mut seats[1], NOW);
    seats[1].take_in(NOW, &from(9000), "slow".into());
    air.clear(2);
    seats[1].take_in(NOW, &from(9000), "fast".into());
    assert_eq!(heard(&mut seats[1], at(50)), [b"fast", b"slow"]);
}

#[test]
fn messages_take_their_time_and_too_many_do_not_wait() {
    let air = Air::new(Duration::from_millis(100)..=Duration::from_millis(300));
    let mut seats = seats(&air, 2);
    assert_eq!(seats[1].mean_latency(), Duration::from_millis(200));
    let messages: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    for message in &messages {
        say(&mut seats, 0, 1, message);
    }
    assert!(heard(&mut seats[1], at(99)).is_empty());
    let heard_in_order = heard(&mut seats[1], at(300));
    assert!(heard_in_order.iter().eq(messages.iter().map(String::as_bytes)));
    for number in 0..5000 {
        say(&mut seats, 0, 1, &format!("flood {number}"));
    }
    // Whoever goes by the next arrival takes them before others come.
    assert_eq!(seats[1].next(), Some(NOW));
    assert_eq!(heard(&mut seats[1], NOW).len(), 5000 - 4096);
    assert!(seats[1].next().is_some_and(|next| next >= at(100)));
}

#[test]
fn only_who_is_followed_tells_and_only_so_much_in_a_second() {
    let quiet = air();
    assert!(!seats(&quiet, 1)[0].may_tell());
    let followed = air().followed();
    let seats = seats(&followed, 2);
    let told = (0..3000).filter(|number| seats[number % 2].may_tell()).count();
    assert_eq!(told, 1000);
    assert_eq!(seats[0].take_untold(at(999)), None);
    assert_eq!(seats[0].take_untold(at(1000)), Some(2000));
    assert_eq!(seats[1].take_untold(at(2000)), None);
    assert!(seats[1].may_tell());
}

#[test]
fn a_peer_that_starts_again_does_not_stand_still() {
    let air = air();
    let first = air.seat(0, PeerId::new(0).into());
    air.freeze(0, true);
    assert!(*first.frozen().borrow());
    let second = air.seat(0, PeerId::new(0).into());
    assert!(!*second.frozen().borrow());
    air.freeze(9, true);
}

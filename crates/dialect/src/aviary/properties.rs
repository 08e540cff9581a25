//! Messages of `aviary` under any profile: they survive the wire, and no bytes do harm.

use althing_engine::nakamoto::{Claim, Message};
use althing_ledger::{AviaryBlock, Block, Entry};
use althing_types::{Channel, Height, UnixTime};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Aviary, Config};
use crate::arbitrary::{chain_message, hash};
use crate::profile::{
    AviaryRules, EmptyStats, GossipName, NullReply, NumberForm, ReplyName, StatsHeight,
};
use crate::testing::{address, datagram, read};
use crate::{ChainDialect, Codec};

fn text() -> impl Strategy<Value = String> {
    ".{0,20}"
}

fn any_block(timed: bool) -> impl Strategy<Value = Block> {
    let messages = vec(text(), 0..11);
    (any::<u64>(), text(), messages, any::<u64>(), text(), hash()).prop_map(
        move |(height, miner, messages, time, nonce, hash)| {
            Block::Aviary(AviaryBlock {
                height: Height::new(height),
                miner: miner.into(),
                messages: messages.iter().map(|message| Entry::text(message)).collect(),
                time: timed.then_some(UnixTime::from_seconds(time)),
                nonce: nonce.into(),
                hash,
            })
        },
    )
}

fn message(timed: bool) -> impl Strategy<Value = Message> {
    prop_oneof![
        7 => chain_message(&any_block(timed).boxed()),
        1 => (1..=u64::MAX, hash()).prop_map(|(length, hash)| Message::Tip(Claim { length, hash })),
        1 => Just(Message::Tip(Claim::NONE)),
        1 => any::<u64>().prop_map(|height| Message::BlockRequest { height: Height::new(height) }),
        1 => text().prop_map(|word| Message::Entry(Entry::text(&word))),
    ]
}

fn programs() -> impl Strategy<Value = AviaryRules> {
    use ReplyName::{FloodReply, FloodUnderscoreReply, GossipDashReply, GossipReply};
    let names = prop::sample::select(vec![GossipName::Gossip, GossipName::Flood]);
    let replies = [GossipReply, GossipDashReply, FloodReply, FloodUnderscoreReply].to_vec();
    let numbers = prop::sample::select(vec![NumberForm::Int, NumberForm::Text]);
    let heights = prop::sample::select(vec![StatsHeight::Count, StatsHeight::Tip]);
    let empty =
        [EmptyStats::Silent, EmptyStats::Null, EmptyStats::Zero, EmptyStats::MinusOne].to_vec();
    let nulls = [NullReply::Nulls, NullReply::TextNone, NullReply::Short, NullReply::Array];
    let shapes = (prop::sample::select(empty), prop::sample::select(nulls.to_vec()));
    let all = (names, prop::sample::select(replies), numbers, heights, shapes, any::<bool>());
    all.prop_map(|(names, reply, numbers, stats_height, (empty, null_reply), timestamp)| {
        let usual = AviaryRules::default();
        AviaryRules { names, reply, numbers, stats_height, empty, null_reply, timestamp, ..usual }
    })
}

/// Returns programs, and a message of theirs.
fn said() -> impl Strategy<Value = (Aviary, Message)> {
    programs().prop_flat_map(|programs| {
        let timed = programs.timestamp;
        let aviary = Aviary::new(Config { programs, ..Config::default() });
        (Just(aviary), message(timed))
    })
}

/// Decodes bytes, whatever becomes of it.
fn hear(aviary: &Aviary, bytes: &[u8]) {
    let from = Channel::Address(address("192.0.2.1", 8999));
    let _ = aviary.decode(&from, bytes);
}

proptest! {
    #[test]
    fn every_message_survives_the_wire_under_any_profile((aviary, message) in said()) {
        let bytes = datagram(&aviary, &message).expect("the network has it");
        prop_assert_eq!(read(&aviary, &bytes), Ok(message));
    }

    #[test]
    fn every_message_is_understood_by_peers_of_other_profiles_with_such_blocks(
        (aviary, message) in said(),
        programs in programs(),
    ) {
        let AviaryRules { timestamp, stats_height, .. } = aviary.config.programs.clone();
        let programs = AviaryRules { timestamp, stats_height, ..programs };
        let other = Aviary::new(Config { programs, ..Config::default() });
        let bytes = datagram(&aviary, &message).expect("the network has it");
        prop_assert_eq!(read(&other, &bytes), Ok(message));
    }

    #[test]
    fn every_block_survives_as_one_line(
        (aviary, block) in programs().prop_flat_map(|programs| {
            let timed = programs.timestamp;
            let aviary = Aviary::new(Config { programs, ..Config::default() });
            (Just(aviary), any_block(timed))
        })
    ) {
        let bytes = aviary.encode_block(&block);
        prop_assert!(!bytes.contains(&b'\n'));
        prop_assert_eq!(aviary.decode_block(&bytes), Ok(block));
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(
        payload in vec(any::<u8>(), 0..200),
        programs in programs(),
    ) {
        let aviary = Aviary::new(Config { programs, ..Config::default() });
        hear(&aviary, &payload);
        let _ = aviary.decode_block(&payload);
    }

    #[test]
    fn a_damaged_message_is_another_one_or_an_error(
        (aviary, message) in said(),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let mut bytes = datagram(&aviary, &message).expect("the network has it");
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        hear(&aviary, &bytes);
    }
}

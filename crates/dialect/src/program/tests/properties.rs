//! Any message under any profile.

use althing_engine::rounds::{Cause, Place, Ruling, Signature, StartsDigest};
use althing_text::python_value::{Value, loads};
use althing_types::{Difficulty, Seed, Term};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::profile::{Constant, Field, Payload, Role, SolutionForm, VoteKind, YesForm};
use crate::testing::encode;

fn any_id_kind() -> impl Strategy<Value = IdKind> {
    select(vec![
        IdKind::Int,
        IdKind::Uuid,
        IdKind::TimeNs,
        IdKind::IntText,
        IdKind::HexText,
        IdKind::FloatText,
    ])
}

/// Returns the fields of a kind of message: all roles that it may have, in any order and with any
/// names, and some values that are always the same.
fn any_fields(kind: MessageKind) -> impl Strategy<Value = Vec<Field>> {
    let roles: Vec<Role> = kind.roles().iter().copied().filter(|role| *role != Role::Key).collect();
    let constants = vec![
        Constant::Null,
        Constant::Bool(true),
        Constant::Number(-1),
        Constant::Text("\"é/".into()),
    ];
    let count = constants.len();
    // The name of a field says its place, so that no two have the same.
    (Just(roles).prop_shuffle(), subsequence(constants, 0..=count), "[A-Za-zé \"]{0,6}").prop_map(
        |(roles, constants, word)| {
            let fields =
                roles.into_iter().map(|role| Field::Of(role, format!("{word}{}", role.name())));
            let constants = constants.into_iter().enumerate();
            let constants =
                constants.map(|(index, value)| Field::Constant(format!("{word}{index}"), value));
            fields.chain(constants).collect()
        },
    )
}

prop_compose! {
    fn any_profile()(
        (payload, id, form, member) in (
            select(vec![Payload::Json, Payload::SlashText]),
            any_id_kind(),
            any_id_kind(),
            any::<bool>(),
        ),
        (int, yes) in (any::<bool>(), any::<bool>()),
        (vote, challenge, solution) in (
            any_fields(MessageKind::Vote),
            any_fields(MessageKind::Challenge),
            any_fields(MessageKind::Solution),
        ),
        (result, ballot, init) in (
            any_fields(MessageKind::Result),
            any_fields(MessageKind::Ballot),
            any_fields(MessageKind::Init),
        ),
    ) -> Profile {
        let mut profile = Profile::default();
        profile.wire.payload = payload;
        profile.id.kind = id;
        profile.vote.form = form;
        profile.vote.kind = if member { VoteKind::Member } else { VoteKind::Draw };
        profile.puzzle.form = if int { SolutionForm::Int } else { SolutionForm::Text };
        profile.judge.yes = if yes { YesForm::Bool } else { YesForm::Int };
        profile.judge.result.late = profile::Code::Number(2);
        profile.topics.ballot = "ballot".into();
        let with = |fields: Vec<Field>| match payload {
            Payload::Json => fields,
            // Texts between slashes cannot have one, nor leave out a signature.
            Payload::SlashText => fields
                .into_iter()
                .filter(|field| field.role().is_some_and(|role| role != Role::Sign))
                .collect(),
        };
        profile.fields.init = with(init);
        profile.fields.vote = with(vote);
        profile.fields.challenge = with(challenge);
        profile.fields.solution = with(solution)
            .into_iter()
            .filter(|field| field.role() != Some(Role::Challenge))
            .collect();
        profile.fields.result = with(result);
        profile.fields.ballot = with(ballot);
        profile
    }
}

fn any_message() -> impl Strategy<Value = Message> {
    // A number that every kind of id can say: the bits of a float between 1 and 2.
    let number = || (0..1_u64 << 52).prop_map(|low| u128::from(0x3ff << 52 | low));
    let peer = move || number().prop_map(PeerId::new);
    let transaction = || any::<u64>().prop_map(Transaction::new);
    let seed = || any::<u64>().prop_map(Seed::from);
    let difficulty = (1..=160_u64).prop_map(|bits| Difficulty::from_bits(bits).expect("in range"));
    let ruling = select(vec![Ruling::Accepted, Ruling::Wrong, Ruling::Late]);
    prop_oneof![
        peer().prop_map(|peer| Message::Announcement {
            peer,
            key: None,
            members: None,
            start: None
        }),
        (peer(), number()).prop_map(|(peer, draw)| Message::Election { peer, draw, state: None }),
        (peer(), difficulty, transaction()).prop_map(|(peer, difficulty, transaction)| {
            let place = Some(Place { transaction, term: Term::FIRST });
            Message::Challenge { peer, difficulty, place }
        }),
        (peer(), transaction(), seed()).prop_map(|(peer, transaction, seed)| Message::Solution {
            peer,
            transaction,
            seed
        }),
        (peer(), transaction(), seed(), peer(), ruling).prop_map(
            |(peer, transaction, seed, winner, ruling)| Message::Verdict {
                peer,
                transaction,
                seed,
                winner,
                ruling,
            }
        ),
        (peer(), transaction(), seed(), any::<bool>(), peer()).prop_map(
            |(peer, transaction, seed, approve, winner)| {
                let starts = StartsDigest::default();
                let cause =
                    Cause { term: Term::FIRST, difficulty: Difficulty::MIN, winner, starts };
                Message::Vote { peer, transaction, seed, approve, cause: Some(cause) }
            }
        ),
    ]
}

proptest! {
    #[test]
    fn any_message_survives_any_profile(
        profile in any_profile(),
        message in any_message(),
        signature in option::of(vec(any::<u8>(), 1..20)),
    ) {
        let is_json = profile.wire.payload == Payload::Json;
        let dialect = Program::new(Config::new(profile));
        let signature = signature.filter(|_| is_json).map(|bytes| Signature(bytes.into()));
        let signed = Signed { message, signature };
        let [wire] = encode(&dialect, &signed).try_into().expect("it is one message");
        let received = decode(&dialect, wire.topic(), &wire.payload);
        prop_assert_eq!(received, Ok(Content::Message(signed)));
    }

    #[test]
    fn exactly_the_listed_fields_are_written_in_the_listed_order(
        profile in any_profile(),
        message in any_message(),
    ) {
        prop_assume!(profile.wire.payload == Payload::Json);
        let kind = encode::kind_of(&profile, &message).expect("each has its topic");
        let dialect = Program::new(Config::new(profile.clone()));
        let [wire] = encode(&dialect, &unsigned(message)).try_into().expect("it is one message");
        let text = String::from_utf8(wire.payload).expect("JSON is text");
        let Ok(Value::Object(fields)) = loads(&text) else { panic!("{text}") };
        let listed = profile.fields.of(kind).iter();
        let listed = listed.filter(|field| field.role() != Some(Role::Sign));
        let names: Vec<&str> = listed.map(Field::name).collect();
        prop_assert_eq!(fields.fields().count(), names.len());
        let key = |name: &&str| {
            let name = althing_text::python_json::dumps(name);
            let name = String::from_utf8(name).expect("JSON is text") + ": ";
            text.find(&name).ok_or_else(|| format!("{name} in {text}"))
        };
        let places: Result<Vec<usize>, String> = names.iter().map(key).collect();
        let places = places.map_err(TestCaseError::fail)?;
        prop_assert!(places.is_sorted(), "{text}");
    }
}

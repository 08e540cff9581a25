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
use crate::testing::{encode, rsa_secret};

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
        (coordinator, result, ballot, init) in (
            any_fields(MessageKind::Coordinator),
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
        profile.topics.coordinator = "coordinator".into();
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
        profile.fields.coordinator = with(coordinator);
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
        (peer(), number()).prop_map(|(peer, draw)| Message::Coordinator { peer, draw }),
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
        let signature = signature.filter(|_| is_json).map(|bytes| Signature::new(bytes.into()));
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

/// Returns a field of a message that says nothing to us.
fn any_extra() -> impl Strategy<Value = (String, serde_json::Value)> {
    let value = prop_oneof![
        any::<i64>().prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        ".{0,8}".prop_map(serde_json::Value::from),
        vec(any::<u8>(), 0..3).prop_map(serde_json::Value::from),
    ];
    ("[x-z]{1,3}", value)
}

/// Returns an object of JSON with these fields in their order, spaced and escaped otherwise than
/// Python does it.
fn in_another_form(fields: &[(String, serde_json::Value)]) -> String {
    let field = |(name, value): &(String, serde_json::Value)| {
        let value = value.to_string().replace('<', "\\u003c");
        format!("\t{}\n:{value}", serde_json::Value::from(name.as_str()))
    };
    let fields: Vec<String> = fields.iter().map(field).collect();
    format!("{{{}}}", fields.join(" ,"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A program signs what Python makes of its message, and checks the same of what it reads:
    /// whatever it wrote, we find its signature authentic, and no other value under it.
    #[test]
    fn whatever_a_program_signs_is_authentic_and_nothing_else(
        (id, row, seed) in (0_u64..1 << 31, any::<u64>(), "[ -~é<]{0,12}"),
        extras in vec(any_extra(), 0..3),
        places in vec(any::<prop::sample::Index>(), 3),
        altered in 0_usize..3,
    ) {
        let mut fields: Vec<(String, serde_json::Value)> = Vec::new();
        for (name, value) in extras {
            // A key that is there twice is one.
            if fields.iter().all(|(known, _)| *known != name) {
                fields.push((name, value));
            }
        }
        let ours = [
            ("NodeId", serde_json::Value::from(id)),
            ("TransactionNumber", row.into()),
            ("Seed", seed.into()),
        ];
        for ((name, value), place) in ours.into_iter().zip(places) {
            fields.insert(place.index(fields.len() + 1), (name.to_owned(), value));
        }
        let dumped = loads(&in_another_form(&fields)).expect("it is JSON");
        let dumped = dumped.dumps(althing_text::python_value::Keys::AsRead);
        let secret = rsa_secret();
        let signer = crate::rsa::rsa(&secret, move |_| Some(dumped.clone().into_bytes()));
        let signer = signer.expect("it is a secret");
        let key = signer.public_key().expect("it signs");
        let message = Message::Announcement {
            peer: PeerId::new(0),
            key: None,
            members: None,
            start: None,
        };
        let digits = serde_json::to_value(althing_text::hex::Hex(
            signer.signature(&message).expect("it signs").bytes,
        ));
        let sign = ("Sign".to_owned(), digits.expect("digits are a text"));

        let dialect = Program::built_in("ppd");
        let judge = dialect.authenticator(&secret).expect("it is a secret");
        let is_authentic = |fields: &[(String, serde_json::Value)]| {
            let body = in_another_form(&[fields, std::slice::from_ref(&sign)].concat());
            let signed = message_of(&dialect, "ppd/solution", body.as_bytes());
            let signature = signed.signature.as_ref().expect("there is one");
            judge.is_authentic(&signed.message, signature, &key)
        };
        prop_assert!(is_authentic(&fields), "{fields:?}");
        let name = ["NodeId", "TransactionNumber", "Seed"][altered];
        for (field, value) in &mut fields {
            if field == name {
                *value = match value.as_u64() {
                    Some(number) => (number ^ 1).into(),
                    None => format!("{}!", value.as_str().unwrap_or_default()).into(),
                };
            }
        }
        prop_assert!(!is_authentic(&fields), "{fields:?}");
    }
}

//! Values as bytes: a version, and what it says follows.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The first byte of each value. It changes with any change of the types that are kept, since
/// nothing else in the bytes tells one from another.
const VERSION: u8 = 1;

/// Why bytes are not a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undecodable {
    #[error("has no content")]
    Empty,
    #[error("is of version {found}, where only {VERSION} is known")]
    OtherVersion { found: u8 },
    #[error("does not decode")]
    Malformed,
    #[error("is followed by {count} stray bytes")]
    Trailing { count: usize },
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_extend(value, vec![VERSION])
        .expect("memory takes any number of bytes, and no kept type hides its length")
}

/// Returns an encoded value with its version in front.
pub(crate) fn versioned(content: &[u8]) -> Vec<u8> {
    [&[VERSION], content].concat()
}

/// Returns the content of [`versioned`] bytes.
pub(crate) fn unversioned(bytes: &[u8]) -> Result<&[u8], Undecodable> {
    match bytes.split_first() {
        None => Err(Undecodable::Empty),
        Some((&VERSION, content)) => Ok(content),
        Some((found, _)) => Err(Undecodable::OtherVersion { found: *found }),
    }
}

/// Decodes all of `bytes`.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Undecodable> {
    match postcard::take_from_bytes(unversioned(bytes)?) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(Undecodable::Trailing { count: rest.len() }),
        Err(_) => Err(Undecodable::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use althing_engine::State;
    use althing_engine::rounds::{
        self, Accepted, CertifiedRecord, OwnStart, Promised, PublicKey, Record, Sessions,
        Signature, SignedStart, Start, StartsDigest,
    };
    use althing_types::{Difficulty, PeerId, Seed, Term, Transaction};

    use super::*;

    fn record() -> Record {
        Record {
            transaction: Transaction::new(300),
            difficulty: Difficulty::from_bits(20).expect("20 is in range"),
            seed: Seed::new("abc").expect("three bytes are few"),
            winner: PeerId::new(5),
        }
    }

    fn hexadecimal(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// If this fails, files of earlier versions no longer read: raise the version, and keep
    /// reading the old one.
    #[test]
    fn the_bytes_of_each_kept_type_stay_the_same() {
        let signature = Signature::new(Arc::new([0xee, 0xff]));
        let row = CertifiedRecord {
            record: record(),
            term: Term::new(2),
            votes: vec![(PeerId::new(1), Some(signature)), (PeerId::new(5), None)],
            noes: 3,
            starts: StartsDigest(0),
        };
        let entry = (300_u64, row.clone());
        assert_eq!(
            hexadecimal(&encode(&entry)),
            "01ac02ac0214036162630502020101".to_owned() + "02eeff050003"
        );
        assert_eq!(decode(&encode(&entry)), Ok(entry));
        let later = (300_u64, CertifiedRecord { starts: StartsDigest(7), ..row });
        assert_eq!(
            hexadecimal(&encode(&later)),
            "01ac02ac0214036162630502020101".to_owned() + "02eeff05000307"
        );
        assert_eq!(decode(&encode(&later)), Ok(later));

        let key = Some(PublicKey(Arc::new([0xcc])));
        let state = rounds::State {
            members: Some(vec![(PeerId::new(1), key), (PeerId::new(5), None)]),
            promised: Some(Promised { term: Term::new(2), draw: 9, leader: PeerId::new(5) }),
            accepted: Some(Accepted { term: Term::new(2), record: record() }),
            start: OwnStart { number: 300, copied: true },
            starts: vec![SignedStart {
                peer: PeerId::new(1),
                key: None,
                start: Start { number: 2, nonce: 9 },
                signature: None,
            }],
            equivocations: Vec::new(),
            sessions: Sessions { starts: vec![0, 31], next: Transaction::new(3) },
            names: [(PeerId::new(1), "ann".parse().expect("it is a name"))].into(),
        };
        let cell = |name| versioned(&state.cell(name).expect("it is filled"));
        assert_eq!(hexadecimal(&cell("membership")), "0102010101cc0500");
        assert_eq!(hexadecimal(&cell("promised")), "01020905");
        assert_eq!(hexadecimal(&cell("accepted")), "0102ac02140361626305");
        assert_eq!(hexadecimal(&cell("start")), "01ac0201");
        assert_eq!(hexadecimal(&cell("starts")), "01010100020900");
        assert_eq!(hexadecimal(&cell("sessions")), "0102001f");
        assert_eq!(hexadecimal(&cell("next")), "0103");
        assert_eq!(hexadecimal(&cell("names")), "01010103616e6e");
    }

    #[test]
    fn what_is_not_exactly_one_value_is_refused() {
        let whole = encode(&record());
        assert_eq!(decode::<Record>(&[]), Err(Undecodable::Empty));
        for length in 1..whole.len() {
            assert_eq!(decode::<Record>(&whole[..length]), Err(Undecodable::Malformed));
        }
        let longer = [&whole[..], &[0, 0]].concat();
        assert_eq!(decode::<Record>(&longer), Err(Undecodable::Trailing { count: 2 }));
        let newer = [&[2], &whole[1..]].concat();
        assert_eq!(decode::<Record>(&newer), Err(Undecodable::OtherVersion { found: 2 }));
    }
}

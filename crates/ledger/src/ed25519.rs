//! Which signatures of entries are valid, one or many at a time.
//!
//! Every peer must come to the same verdict on a block, whether it checks its signatures one by one
//! or all together. The usual ways to do one and the other disagree about keys that are not of
//! prime order, which anyone can make. So rule B9 is the equation of RFC 8032 with the cofactor,
//! which eliminates the small-order part of a key: 8sB = 8R + 8kA. Encodings are strict, and points
//! of small order, for which anyone could sign, are refused.

use std::collections::BTreeMap;

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use curve25519_dalek::{EdwardsPoint, Scalar, constants};
use sha2::{Digest, Sha256, Sha512};

/// Returns whether all these signatures are valid, each with its author and the message under it,
/// in less time than one by one. None at all are.
pub(crate) fn are_valid<'a, M: AsRef<[u8]>>(
    signatures: impl IntoIterator<Item = (&'a [u8; 32], &'a [u8; 64], M)>,
) -> bool {
    let mut batch = Batch::default();
    let are_encoded = signatures
        .into_iter()
        .all(|(author, signature, message)| batch.add(author, signature, message).is_some());
    are_encoded && batch.holds()
}

/// What must hold for some signatures.
///
/// Those of one author share what is done with its key, which is most of the work: in the sum of
/// their equations, the key has the sum of their challenges. (This is how the batches of Zcash,
/// ZIP 215, do it.)
#[derive(Default)]
struct Batch {
    equations: Vec<Equation>,
    /// The keys, each once.
    authors: Vec<EdwardsPoint>,
    /// Which of them has these bytes.
    places: BTreeMap<[u8; 32], usize>,
}

/// What must hold for one signature.
struct Equation {
    /// Whose it is, among the authors.
    author: usize,
    commitment: EdwardsPoint,
    response: Scalar,
    challenge: Scalar,
    /// Over all that is signed, the author and the commitment.
    digest: [u8; 64],
}

impl Batch {
    /// Adds a signature of `author` under `message`; `None` if its parts are not in their one
    /// encoding, or of small order.
    fn add(
        &mut self,
        author: &[u8; 32],
        signature: &[u8; 64],
        message: impl AsRef<[u8]>,
    ) -> Option<()> {
        let (commitment, response) = signature.split_first_chunk::<32>()?;
        let hasher = Sha512::new().chain_update(commitment).chain_update(author);
        let digest = hasher.chain_update(message).finalize().into();
        let equation = Equation {
            author: self.place_of(author)?,
            commitment: point(commitment)?,
            response: Option::from(Scalar::from_canonical_bytes(response.try_into().ok()?))?,
            challenge: Scalar::from_bytes_mod_order_wide(&digest),
            digest,
        };
        self.equations.push(equation);
        Some(())
    }

    fn place_of(&mut self, author: &[u8; 32]) -> Option<usize> {
        if let Some(place) = self.places.get(author) {
            return Some(*place);
        }
        let place = self.authors.len();
        self.authors.push(point(author)?);
        self.places.insert(*author, place);
        Some(place)
    }

    /// Returns whether all of them are valid.
    fn holds(&self) -> bool {
        match self.equations.as_slice() {
            [] => true,
            [one] => self.one_holds(one),
            _ => self.sum_holds(),
        }
    }

    fn one_holds(&self, equation: &Equation) -> bool {
        let Equation { author, commitment, response, challenge, .. } = equation;
        let author = self.authors[*author];
        let found =
            EdwardsPoint::vartime_double_scalar_mul_basepoint(challenge, &-author, response);
        (found - commitment).mul_by_cofactor().is_identity()
    }

    /// Returns whether the sum of the equations holds, each with a weight that depends on all of
    /// them. So an invalid one is detected, unless an attacker tries about 2^128 combinations.
    fn sum_holds(&self) -> bool {
        let mut seed = Sha256::new();
        for equation in &self.equations {
            seed.update(equation.digest);
            seed.update(equation.response.as_bytes());
        }
        let seed = seed.finalize();
        let weight = |index: usize| {
            let digest = Sha256::new_with_prefix(seed).chain_update(index.to_be_bytes()).finalize();
            let (half, _) = digest.split_first_chunk().expect("32 bytes are more than 16");
            Scalar::from(u128::from_be_bytes(*half))
        };
        let weights: Vec<Scalar> = (0..self.equations.len()).map(weight).collect();
        let (mut of_base, mut of_authors) = (Scalar::ZERO, vec![Scalar::ZERO; self.authors.len()]);
        for (equation, weight) in self.equations.iter().zip(&weights) {
            of_base -= weight * equation.response;
            of_authors[equation.author] += weight * equation.challenge;
        }
        let commitments = self.equations.iter().map(|equation| equation.commitment);
        let scalars = [of_base].into_iter().chain(of_authors).chain(weights);
        let points = [constants::ED25519_BASEPOINT_POINT].into_iter();
        let points = points.chain(self.authors.iter().copied()).chain(commitments);
        EdwardsPoint::vartime_multiscalar_mul(scalars, points).mul_by_cofactor().is_identity()
    }
}

/// Returns whether these bytes are a key with which only its owner can sign.
pub(crate) fn is_key(bytes: &[u8; 32]) -> bool {
    point(bytes).is_some()
}

/// Returns the point with these bytes, if they are its one encoding and it is not of small order.
fn point(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    // The other points with two encodings, those with x = 0, are of small order.
    let point = CompressedEdwardsY(*bytes).decompress().filter(|_| is_reduced(bytes))?;
    (!point.is_small_order()).then_some(point)
}

/// Returns whether the y of a point, the first byte of which counts least, is below 2^255 - 19.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = bytes;
    *low < 0xed || high & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::{ED25519_BASEPOINT_TABLE, EIGHT_TORSION};
    use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const MESSAGE: &[u8] = b"message";

    /// A key and a signature under [`MESSAGE`].
    type Signed = ([u8; 32], [u8; 64]);

    fn signed(secret: u8) -> Signed {
        let key = SigningKey::from_bytes(&[secret; 32]);
        (key.verifying_key().to_bytes(), key.sign(MESSAGE).to_bytes())
    }

    /// Returns a signature whose key and commitment have a part of small order.
    fn signed_with_torsion(secret: u64, of_key: usize, of_commitment: usize) -> Signed {
        let (a, r) = (Scalar::from(secret), Scalar::from(secret + 1));
        let author = (ED25519_BASEPOINT_TABLE * &a + EIGHT_TORSION[of_key]).compress().to_bytes();
        let commitment = ED25519_BASEPOINT_TABLE * &r + EIGHT_TORSION[of_commitment];
        let commitment = commitment.compress().to_bytes();
        let digest = Sha512::digest([&commitment[..], &author, MESSAGE].concat()).into();
        let response = r + Scalar::from_bytes_mod_order_wide(&digest) * a;
        let signature = [commitment, response.to_bytes()].concat();
        (author, signature.try_into().expect("64 bytes"))
    }

    fn all_valid(all: &[Signed]) -> bool {
        are_valid(all.iter().map(|(author, signature)| (author, signature, MESSAGE)))
    }

    fn is_valid(signed: &Signed) -> bool {
        all_valid(&[*signed])
    }

    #[test]
    fn parts_of_small_order_have_no_say_alone_or_among_others() {
        let mut strict = 0;
        for of_key in 0..8 {
            for of_commitment in 0..8 {
                let signed = signed_with_torsion(7, of_key, of_commitment);
                let other = signed_with_torsion(8, of_commitment, of_key);
                assert!(
                    is_valid(&signed) && all_valid(&[signed; 2]) && all_valid(&[signed, other])
                );
                let key = VerifyingKey::from_bytes(&signed.0).expect("a key");
                let signature = Signature::from_bytes(&signed.1);
                strict += usize::from(key.verify_strict(MESSAGE, &signature).is_ok());
            }
        }
        assert!(strict < 64, "the usual way refuses some of them");
    }

    #[test]
    fn what_is_of_small_order_or_encoded_otherwise_is_refused() {
        let (author, signature) = signed(1);
        let order: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
            0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let mut longer = signature;
        let mut carry = 0_u16;
        for (byte, more) in longer[32..].iter_mut().zip(order) {
            carry += u16::from(*byte) + u16::from(more);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        assert!(is_valid(&(author, signature)));
        assert!(!is_valid(&(author, longer)), "s + L is another encoding of s");
        for point in EIGHT_TORSION {
            let small = point.compress().to_bytes();
            let [mut of_it, mut with_it] = [signature; 2];
            of_it[..32].copy_from_slice(&small);
            with_it[32..].fill(0);
            assert!(!is_valid(&(author, of_it)));
            assert!(!is_valid(&(small, with_it)), "anybody could sign for this key");
        }
        // y = 2^255 - 19 + 3 is 3 as well.
        let mut unreduced = [0xff; 32];
        (unreduced[0], unreduced[31]) = (0xf0, 0x7f);
        let mut reduced = [0; 32];
        reduced[0] = 3;
        assert_eq!((point(&reduced).is_some(), point(&unreduced)), (true, None));
    }

    proptest! {
        #[test]
        fn many_are_valid_together_if_each_is_alone(
            secrets in vec(0..8_u8, 1..20),
            changes in vec((any::<prop::sample::Index>(), 0..512_usize), 0..3),
        ) {
            let mut all: Vec<Signed> = secrets.iter().map(|secret| signed(*secret)).collect();
            for (which, bit) in changes {
                let which = which.index(all.len());
                all[which].1[bit / 8] ^= 1 << (bit % 8);
            }
            prop_assert_eq!(all_valid(&all), all.iter().all(is_valid));
        }

        #[test]
        fn what_the_usual_way_accepts_is_valid(secret: u8) {
            let (author, signature) = signed(secret);
            let key = VerifyingKey::from_bytes(&author).expect("a key");
            prop_assert!(key.verify_strict(MESSAGE, &Signature::from_bytes(&signature)).is_ok());
            prop_assert!(is_valid(&(author, signature)));
        }
    }
}

//! Which signatures of entries are valid, one or many at a time.
//!
//! Every peer must come to the same verdict on a block, whether it checks its signatures one by one
//! or all together. The usual ways to do one and the other disagree about keys that are not of
//! prime order, which anyone can make. So rule B9 is the equation of RFC 8032 with the cofactor,
//! which eliminates the small-order part of a key: 8sB = 8R + 8kA. Encodings are strict, and points
//! of small order, for which anyone could sign, are refused.

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use curve25519_dalek::{EdwardsPoint, Scalar, constants};
use sha2::{Digest, Sha256, Sha512};

/// A signature whose parts are well-formed; it may still be invalid.
pub(crate) struct Equation {
    author: EdwardsPoint,
    commitment: EdwardsPoint,
    response: Scalar,
    challenge: Scalar,
    /// Over all that is signed, the author and the commitment.
    digest: [u8; 64],
}

impl Equation {
    /// Returns what must hold for a signature of `author` under `message`, or `None` if its parts
    /// are not in their one encoding, or of small order.
    pub(crate) fn new(author: &[u8; 32], signature: &[u8; 64], message: &[u8]) -> Option<Self> {
        let (commitment, response) = signature.split_first_chunk::<32>()?;
        let hasher = Sha512::new().chain_update(commitment).chain_update(author);
        let digest = hasher.chain_update(message).finalize().into();
        Some(Self {
            author: point(author)?,
            commitment: point(commitment)?,
            response: Option::from(Scalar::from_canonical_bytes(response.try_into().ok()?))?,
            challenge: Scalar::from_bytes_mod_order_wide(&digest),
            digest,
        })
    }

    /// Returns whether the signature is valid.
    pub(crate) fn holds(&self) -> bool {
        let Self { author, commitment, response, challenge, .. } = self;
        let found =
            EdwardsPoint::vartime_double_scalar_mul_basepoint(challenge, &-author, response);
        (found - commitment).mul_by_cofactor().is_identity()
    }

    /// Returns whether all these signatures are valid.
    ///
    /// It checks their sum, each with a weight that depends on all of them. So an invalid one is
    /// detected, unless an attacker tries about 2^128 combinations.
    pub(crate) fn all_hold(equations: &[Self]) -> bool {
        let mut seed = Sha256::new();
        for equation in equations {
            seed.update(equation.digest);
            seed.update(equation.response.as_bytes());
        }
        let seed = seed.finalize();
        let weight = |index: usize| {
            let digest = Sha256::new_with_prefix(seed).chain_update(index.to_be_bytes()).finalize();
            let (half, _) = digest.split_first_chunk().expect("32 bytes are more than 16");
            Scalar::from(u128::from_be_bytes(*half))
        };
        let weights: Vec<Scalar> = (0..equations.len()).map(weight).collect();
        let weighted = || equations.iter().zip(&weights);
        let base: Scalar = weighted().map(|(equation, weight)| weight * equation.response).sum();
        let scalars = std::iter::once(-base)
            .chain(weights.iter().copied())
            .chain(weighted().map(|(equation, weight)| weight * equation.challenge));
        let points = std::iter::once(constants::ED25519_BASEPOINT_POINT)
            .chain(equations.iter().map(|equation| equation.commitment))
            .chain(equations.iter().map(|equation| equation.author));
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

    fn equation((author, signature): &Signed) -> Option<Equation> {
        Equation::new(author, signature, MESSAGE)
    }

    fn is_valid(signed: &Signed) -> bool {
        equation(signed).is_some_and(|equation| equation.holds())
    }

    #[test]
    fn parts_of_small_order_have_no_say_alone_or_among_others() {
        let mut strict = 0;
        for of_key in 0..8 {
            for of_commitment in 0..8 {
                let signed = signed_with_torsion(7, of_key, of_commitment);
                let all: Vec<Equation> =
                    [signed, signed].iter().map(|one| equation(one).expect("encoded")).collect();
                assert!(
                    all[0].holds() && Equation::all_hold(&all) && Equation::all_hold(&all[..1])
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
            secrets in vec(any::<u8>(), 1..20),
            changes in vec((any::<prop::sample::Index>(), 0..512_usize), 0..3),
        ) {
            let mut all: Vec<Signed> = secrets.iter().map(|secret| signed(*secret)).collect();
            for (which, bit) in changes {
                let which = which.index(all.len());
                all[which].1[bit / 8] ^= 1 << (bit % 8);
            }
            let each = all.iter().all(is_valid);
            let equations: Option<Vec<Equation>> = all.iter().map(equation).collect();
            prop_assert_eq!(equations.is_some_and(|all| Equation::all_hold(&all)), each);
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
